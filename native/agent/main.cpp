/**
 * tilescope-agent: the native core behind stdin and stdout. No socket, no file, no option but --version. As
 * `tilescope-agent hold ...` it is the process that keeps a partition (holder.h), which only a core starts.
 * Exit codes: 0 the client left (bye, end of input, a signal), 2 wrong usage, 3 the client broke the frame format,
 * 4 nothing was heard for exitMs.
 */
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "holder.h"
#include "session.h"
#include "version.h"

namespace {

using namespace tilescope;
using Clock = std::chrono::steady_clock;

[[noreturn]] void leave(Session& session, int code) {
    session.freeze(); // not in the middle of a lease: its descriptors would be closed in the wrong order
    _exit(code);
}

/** Writes everything to stdout, blocking. Ends the process when nobody reads any more. */
void writeOut(std::span<const uint8_t> head, std::span<const uint8_t> payload) {
    std::array<iovec, 2> parts{
        {{const_cast<uint8_t*>(head.data()), head.size()}, {const_cast<uint8_t*>(payload.data()), payload.size()}}};
    size_t first = 0;
    while (first < parts.size()) {
        if (parts[first].iov_len == 0) {
            first++;
            continue;
        }
        ssize_t done = writev(STDOUT_FILENO, &parts[first], static_cast<int>(parts.size() - first));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0 && errno == EAGAIN) {
            pollfd out{STDOUT_FILENO, POLLOUT, 0};
            poll(&out, 1, -1);
            continue;
        }
        if (done < 0) _exit(0); // called with nothing held
        for (size_t i = first; i < parts.size() && done > 0; i++) {
            const size_t part = std::min(static_cast<size_t>(done), parts[i].iov_len);
            parts[i].iov_base = static_cast<uint8_t*>(parts[i].iov_base) + part;
            parts[i].iov_len -= part;
            done -= static_cast<ssize_t>(part);
        }
    }
}

/** Signals that end a session arrive as input, so that a lease is finished first. */
int signalInput() {
    sigset_t set;
    sigemptyset(&set);
    for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, one);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/** Milliseconds for poll() until a moment, rounded up; a day at most. */
int waitUntil(Clock::time_point moment) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(moment - Clock::now());
    return static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(24 * 3600 * 1000)).count());
}

int run() {
    signal(SIGPIPE, SIG_IGN);
    // A larger pipe spares a change of process per frame; where stdout is no pipe, or the limit is lower, all is as it was.
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20);
    const int ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::array<pollfd, 3> inputs{{{STDIN_FILENO, POLLIN, 0}, {signalInput(), POLLIN, 0}, {ended, POLLIN, 0}}};
    const auto* marker = reinterpret_cast<const uint8_t*>(startMarker);
    writeOut({marker, sizeof startMarker - 1}, {});
    FrameWriter writer(writeOut);
    Session session(writer, [ended] { eventfd_write(ended, 1); });
    FrameDecoder decoder;
    std::vector<uint8_t> bytes(size_t{1} << 17U);
    Clock::time_point heard = Clock::now();
    bool silent = false;
    for (;;) {
        const auto next = heard + (silent ? session.exitAfter() : std::min(session.heartbeat(), session.exitAfter()));
        constexpr std::chrono::seconds lookForHang{1};
        const auto wake = std::min(next, Clock::now() + lookForHang);
        const int ready = poll(inputs.data(), inputs.size(), waitUntil(wake));
        session.sayStuck();
        if (session.ended()) leave(session, 0);
        if (ready > 0 && inputs[1].revents != 0) leave(session, 0);
        if (ready > 0 && inputs[0].revents != 0) {
            const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
            if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) leave(session, 0);
            if (got > 0) {
                try {
                    decoder.push(std::span(bytes).first(static_cast<size_t>(got)));
                    while (auto frame = decoder.next()) {
                        heard = Clock::now();
                        if (silent) session.setSilent(false);
                        silent = false;
                        session.receive(*frame);
                    }
                } catch (const FrameError& error) {
                    writer.sendSoon(errorHeader(0, CoreError("protocol", error.what())));
                    leave(session, 3);
                }
            }
        }
        const auto silence = Clock::now() - heard;
        if (silence >= session.exitAfter()) leave(session, 4);
        if (silence >= session.heartbeat() && !silent) session.setSilent(true);
        silent = silence >= session.heartbeat();
    }
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
