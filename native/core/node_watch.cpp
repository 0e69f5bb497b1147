#include "node_watch.h"

#include <array>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>

namespace tilescope {

void Openings::opened(Time now) {
    if (pending_++ == 0) before_ = last_;
    last_ = now;
}

void Openings::closedReadOnly() {
    if (pending_ == 0) return;
    if (--pending_ == 0) last_ = before_;
}

std::optional<Openings::Time> Openings::last(Time now) {
    if (pending_ != 0 && now - *last_ > shortLook) pending_ = 0;
    return last_;
}

NodeWatch::~NodeWatch() {
    if (inotify_ >= 0) close(inotify_);
}

void NodeWatch::opening(const std::string& path, Time now) {
    if (inotify_ < 0) inotify_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify_ < 0) return;
    drain(now, 0);
    ours_ = IN_OPEN;
    if (watch_ < 0) watch_ = inotify_add_watch(inotify_, path.c_str(), IN_OPEN | IN_CLOSE_NOWRITE);
}

void NodeWatch::closing(Time now) {
    if (inotify_ >= 0) drain(now, 0);
    ours_ = IN_CLOSE_NOWRITE;
}

void NodeWatch::done(Time now) {
    if (inotify_ >= 0) drain(now, ours_);
}

void NodeWatch::drain(Time now, uint32_t ours) {
    alignas(inotify_event) std::array<char, 4096> buffer; // filled before it is read
    const bool isOurs = ours != 0;
    for (;;) {
        const ssize_t got = read(inotify_, buffer.data(), buffer.size());
        if (got <= 0) return;
        for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= got;) {
            inotify_event event{};
            memcpy(&event, buffer.data() + at, sizeof event);
            at += static_cast<ssize_t>(sizeof event + event.len);
            if (event.wd == watch_ && (event.mask & IN_IGNORED) != 0) watch_ = -1; // the node went
            if ((event.mask & ours) != 0) {
                ours = 0;
                continue;
            }
            // Beside an event of ours an opening may be one whose closing is the same event to inotify as ours.
            if (!isOurs && (event.mask & IN_OPEN) != 0) openings_.opened(now);
            if ((event.mask & IN_CLOSE_NOWRITE) != 0) openings_.closedReadOnly();
        }
    }
}

std::optional<NodeWatch::Time> NodeWatch::last(Time now) {
    if (inotify_ >= 0) drain(now, 0);
    return openings_.last(now);
}

} // namespace tilescope
