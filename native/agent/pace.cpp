#include "pace.h"

#include <limits>

namespace tilescope {

void Pace::begin() {
    const std::lock_guard lock(mutex_);
    window_.emplace();
}

size_t Pace::room() {
    const std::lock_guard lock(mutex_);
    return window_ ? window_->room(std::chrono::steady_clock::now()) : std::numeric_limits<size_t>::max();
}

std::optional<uint64_t> Pace::sent(size_t bytes, SendWindow::Time at, bool marked) {
    const std::lock_guard lock(mutex_);
    return window_ ? window_->sent(bytes, at, marked) : std::nullopt;
}

WayTimes Pace::takeWayTimes() {
    const std::lock_guard lock(mutex_);
    return window_ ? window_->takeWayTimes() : WayTimes{};
}

void Pace::received(uint64_t mark) {
    const std::lock_guard lock(mutex_);
    if (window_) window_->received(mark, std::chrono::steady_clock::now());
}

} // namespace tilescope
