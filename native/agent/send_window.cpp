#include "send_window.h"

#include <algorithm>

namespace tilescope {

size_t SendWindow::room(Time now) {
    const uint64_t onTheWay = sent_ - received_;
    if (empty_ && now - emptyAt_ >= knownFor) {
        if (!marks_.empty()) return 0;
        empty_.reset();
    }
    // Few bytes go first on an empty way: they measure its time.
    if (!empty_ && marks_.empty()) return least;
    const uint64_t free = size_ - std::min<uint64_t>(size_, onTheWay);
    return free < enough() ? 0 : enough(); // no more than that: the next step goes out while this one is on its way
}

std::optional<uint64_t> SendWindow::sent(size_t bytes, Time now, bool marked) {
    sent_ += bytes;
    const uint64_t onTheWay = sent_ - received_;
    const bool full = onTheWay + enough() > size_;
    if (!marked && empty_ && sent_ - marked_ < enough() && !full) return std::nullopt;
    marked_ = sent_;
    marks_.push_back({++lastMark_, sent_, now, onTheWay, !marks_.empty()});
    return lastMark_;
}

void SendWindow::received(uint64_t mark, Time now) {
    if (mark > lastMark_) return;
    while (!marks_.empty() && marks_.front().number <= mark) {
        const Mark first = marks_.front();
        marks_.pop_front();
        received_ = first.until;
        if (first.number != mark) continue;
        const Duration took = std::max<Duration>(now - first.at, std::chrono::microseconds(1));
        measure(first, took);
        adapt(first, took, now);
    }
}

void SendWindow::measure(const Mark& mark, Duration took) {
    if (!empty_ || mark.onTheWay < leastMeasured) return;
    // No way takes the same time twice.
    const WayTimes::Seconds usual = *empty_ + std::chrono::milliseconds(1) + *empty_ / 8;
    const WayTimes::Seconds waited = WayTimes::Seconds(took) - usual;
    times_.marks++;
    times_.bytes += static_cast<double>(mark.onTheWay);
    if (waited < queueTime / 5) return;
    if (mark.follows) {
        times_.fullBytes += static_cast<double>(mark.onTheWay);
        times_.took += took;
        return;
    }
    // One burst: what it takes beyond the time of the empty way, in which some of its bytes are.
    times_.fullBytes += static_cast<double>(mark.onTheWay - std::min(emptyBytes_, mark.onTheWay / 2));
    times_.took += waited;
}

void SendWindow::adapt(const Mark& mark, Duration took, Time now) {
    if (!empty_ || took <= *empty_) {
        empty_ = took;
        emptyAt_ = now;
        emptyBytes_ = mark.onTheWay;
    }
    if (mark.number <= adaptedAt_) return;
    const double fitting = std::chrono::duration<double>(*empty_ + queueTime) / std::chrono::duration<double>(took);
    // A window that was not used says nothing of a larger one.
    if (fitting > 1 && mark.onTheWay < size_ / 2) return;
    const double wanted = static_cast<double>(size_) * std::clamp(fitting, 0.5, 2.0);
    size_ = static_cast<size_t>(std::clamp(wanted, static_cast<double>(least), static_cast<double>(most)));
    adaptedAt_ = lastMark_;
}

} // namespace tilescope
