/**
 * tilescope-agent: the native core behind stdin and stdout. No port, no file, no option but --version. As
 * `tilescope-agent hold ...` it is the process that keeps a partition (holder.h), which only a core starts.
 * Exit codes: 0 the client left (bye, end of input, a signal), 2 wrong usage, 3 the client broke the frame format,
 * 4 nothing was heard for exitMs. With recordings it goes on without a client, for the next agent (docs/live.md).
 */
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../core/linux_kernel.h"
#include "holder.h"
#include "serve.h"
#include "version.h"

namespace {

using namespace tilescope;

/** Signals that end a session arrive as input, so that a lease is finished first. */
int signalInput() {
    sigset_t set;
    sigemptyset(&set);
    for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, one);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/** The process belongs to no session of a client any more. */
void letGoOfSession() {
    setsid(); // fails only where this is the leader of a session of its own already
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) return;
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, standard);
    close(nowhere);
}

int run() {
    signal(SIGPIPE, SIG_IGN);
    LinuxKernel kernel;
    LinuxHoldProcess holdProcess;
    const Carrier carrier{STDIN_FILENO, STDOUT_FILENO, signalInput(), letGoOfSession};
    return static_cast<int>(
        serve(carrier, {kernel, holdProcess, "/proc/self/exe"}, [](Session* session, Ending ending) {
            // Not in the middle of a lease: its descriptors would be closed in the wrong order.
            if (session != nullptr) session->freeze();
            _exit(static_cast<int>(ending));
        }));
}

} // namespace

int main(int count, char** arguments) {
    if (count == 2 && strcmp(arguments[1], "--version") == 0) {
        printf("tilescope-agent %s protocol %d\n", tilescope::coreVersion, tilescope::protocolVersion);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "hold") == 0) {
        return tilescope::runHolder({arguments + 1, static_cast<size_t>(count - 1)});
    }
    if (count != 1) {
        fputs("usage: tilescope-agent [--version]\n", stderr);
        return 2;
    }
    return run();
}
