#include "serve.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

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

  private:
    int fd_;
};

} // namespace

Ending serve(const Carrier& carrier, Platform platform, const std::function<void(Session*, Ending)>& leaving) {
    // A larger pipe saves a switch of processes per frame. This does nothing where it is no pipe, or the limit is lower.
    fcntl(carrier.out, F_SETPIPE_SZ, 1 << 20);
    Session* begun = nullptr; // set before the thread that writes answers is there
    const auto write = [&](std::span<const FrameWriter::Part> parts) {
        if (writeAll(carrier.out, parts)) return;
        leaving(begun, Ending::left);
        throw std::runtime_error("nobody reads any more");
    };
    const Event ended;
    std::array<pollfd, 3> inputs{{{carrier.in, POLLIN, 0}, {carrier.signals, POLLIN, 0}, {ended.fd(), POLLIN, 0}}};
    const std::array<FrameWriter::Part, 1> marker{
        FrameWriter::Part(reinterpret_cast<const uint8_t*>(startMarker), sizeof startMarker - 1)};
    write(marker);
    FrameWriter writer(write);
    Session session(writer, std::move(platform), [&] { ended.raise(); });
    begun = &session;
    const auto leave = [&](Ending ending) {
        leaving(&session, ending);
        return ending;
    };
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
        if (session.ended()) return leave(Ending::left);
        if (ready > 0 && inputs[1].revents != 0) return leave(Ending::left);
        if (ready > 0 && inputs[0].revents != 0) {
            const ssize_t got = read(carrier.in, bytes.data(), bytes.size());
            if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return leave(Ending::left);
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
        const auto silence = Clock::now() - heard;
        if (silence >= session.exitAfter()) return leave(Ending::silent);
        const bool wasSilent = std::exchange(silent, silence >= session.heartbeat());
        if (silent && !wasSilent) session.setSilent(true);
        if (silent && wasSilent) session.endHalts(std::chrono::milliseconds(100));
    }
}

} // namespace tilescope
