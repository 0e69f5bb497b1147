#include "serve.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "visitors.h"

namespace tilescope {
namespace {

using Clock = std::chrono::steady_clock;

/** Writes everything, blocking. False when the reader is gone. */
bool writeAll(int out, std::span<const FrameWriter::Part> parts) {
    std::vector<iovec> left;
    for (const FrameWriter::Part& part : parts) {
        if (!part.empty()) left.push_back({const_cast<uint8_t*>(part.data()), part.size()});
    }
    for (size_t first = 0; first < left.size();) {
        const ssize_t done =
            writev(out, &left[first], static_cast<int>(std::min<size_t>(left.size() - first, IOV_MAX)));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0 && errno == EAGAIN) {
            pollfd ready{out, POLLOUT, 0};
            poll(&ready, 1, -1);
            continue;
        }
        if (done < 0) return false;
        for (auto rest = static_cast<size_t>(done); rest > 0;) {
            iovec& part = left[first];
            const size_t gone = std::min(rest, part.iov_len);
            part.iov_base = static_cast<uint8_t*>(part.iov_base) + gone;
            part.iov_len -= gone;
            rest -= gone;
            if (part.iov_len == 0) first++;
        }
    }
    return true;
}

/** Milliseconds for poll() until a moment, rounded up; a day at most. */
int waitUntil(Clock::time_point moment) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(moment - Clock::now());
    return static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(24 * 3600 * 1000)).count());
}

/** An event that one thread raises and another waits for. */
class Event {
  public:
    Event() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { close(fd_); }
    void raise() const { eventfd_write(fd_, 1); }
    [[nodiscard]] int fd() const { return fd_; }
    void lower() const {
        eventfd_t raised = 0;
        eventfd_read(fd_, &raised);
    }

  private:
    int fd_;
};

/** Takes one signal; whether it says no more than that the terminal or the session is gone. */
bool isHangUp(int signals) {
    signalfd_siginfo one{};
    return read(signals, &one, sizeof one) == sizeof one && one.ssi_signo == SIGHUP;
}

} // namespace

Ending serve(const Carrier& carrier, Platform platform, const std::function<void(Session*, Ending)>& leaving) {
    // A larger pipe saves a switch of processes per frame. This does nothing where it is no pipe, or the limit is lower.
    fcntl(carrier.out, F_SETPIPE_SZ, 1 << 20);
    Session* begun = nullptr; // set before the thread that writes answers is there
    const Event ended;
    std::atomic<bool> isUnread{false}; // nobody reads any more
    const auto write = [&](std::span<const FrameWriter::Part> parts) {
        if (isUnread || writeAll(carrier.out, parts)) return;
        if (begun != nullptr && begun->hasRecordings()) {
            isUnread = true;
            ended.raise();
            return;
        }
        leaving(begun, Ending::left);
        throw std::runtime_error("nobody reads any more");
    };
    const std::array<FrameWriter::Part, 1> marker{
        FrameWriter::Part(reinterpret_cast<const uint8_t*>(startMarker), sizeof startMarker - 1)};
    write(marker);
    FrameWriter writer(write);
    Session session(writer, std::move(platform), [&] { ended.raise(); });
    begun = &session;
    Visitors visitors(session);
    const auto leave = [&](Ending ending) {
        leaving(&session, ending);
        return ending;
    };
    FrameDecoder decoder;
    std::vector<uint8_t> bytes(size_t{1} << 17U);
    Clock::time_point heard = Clock::now();
    bool silent = false;
    bool alone = false;
    for (;;) {
        visitors.open(session.recordings());
        const auto last = std::max(heard, visitors.heard());
        const auto next = last + (silent ? session.exitAfter() : std::min(session.heartbeat(), session.exitAfter()));
        constexpr std::chrono::seconds lookForHang{1};
        const auto wake = std::min(next, Clock::now() + lookForHang);
        std::vector<pollfd> inputs{
            {alone ? -1 : carrier.in, POLLIN, 0}, {carrier.signals, POLLIN, 0}, {ended.fd(), POLLIN, 0}};
        visitors.addTo(inputs);
        const int ready = poll(inputs.data(), inputs.size(), waitUntil(wake));
        session.sayStuck();
        ended.lower();
        bool isGone = isUnread || session.ended();
        if (ready > 0 && inputs[1].revents != 0) {
            if (!isHangUp(carrier.signals)) return leave(Ending::left);
            isGone = true;
        }
        visitors.takeIn();
        if (ready > 0 && inputs[0].revents != 0) {
            const ssize_t got = read(carrier.in, bytes.data(), bytes.size());
            if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) isGone = true;
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
                    writer.sendSoon(errorFrame(0, CoreError("protocol", error.what())));
                    return leave(Ending::broken);
                }
            }
        }
        if (isGone && !alone) {
            const bool ends = session.ended() && !session.leavesRecordings();
            if (ends || !session.hasRecordings()) return leave(Ending::left);
            alone = true;
            isUnread = true;
            carrier.letGo();
        }
        const auto now = Clock::now();
        // Who had the last one forgotten goes once it has its answer.
        constexpr std::chrono::seconds untilAnswered{1};
        const bool isOver = alone && !session.hasRecordings();
        if (isOver && (visitors.none() || now - visitors.heard() >= untilAnswered)) return leave(Ending::left);
        if (now - std::max(heard, visitors.heard()) >= session.exitAfter()) return leave(Ending::silent);
        const bool wasSilent = std::exchange(silent, alone || now - heard >= session.heartbeat());
        if (silent && !wasSilent) session.setSilent(true);
        if (silent && wasSilent) session.endHalts(std::chrono::milliseconds(100));
    }
}

} // namespace tilescope
