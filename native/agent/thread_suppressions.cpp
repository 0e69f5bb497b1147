/** False reports of ThreadSanitizer. */

/** GCC 12 does not see the lock that a time-out was given to (pthread_mutex_clocklock), only its unlock. */
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions() {
    return "mutex:tilescope::FrameWriter::sendSoon\n";
}
