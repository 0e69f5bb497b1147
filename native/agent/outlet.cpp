#include "outlet.h"

#include <stdexcept>
#include <utility>

namespace tilescope {

Outlet::Outlet(Put put, std::function<void()> gone)
    : put_(std::move(put)), gone_(std::move(gone)), thread_([this] { run(); }) {}

Outlet::~Outlet() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Outlet::write(std::span<const uint8_t> head, std::span<const uint8_t> payload) {
    {
        std::unique_lock lock(mutex_);
        const size_t bytes = head.size() + payload.size();
        changed_.wait(lock, [&] { return isGone_ || waiting_.empty() || waiting_.size() + bytes <= most; });
        if (isGone_) throw std::runtime_error("nobody reads any more");
        waiting_.insert(waiting_.end(), head.begin(), head.end());
        waiting_.insert(waiting_.end(), payload.begin(), payload.end());
    }
    changed_.notify_all();
}

void Outlet::drain(std::chrono::milliseconds atMost) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, atMost, [&] { return isGone_ || (waiting_.empty() && !putting_); });
}

void Outlet::run() {
    std::vector<uint8_t> going;
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        std::swap(going, waiting_);
        putting_ = true;
        lock.unlock();
        changed_.notify_all();
        const bool taken = put_(going);
        going.clear();
        lock.lock();
        putting_ = false;
        isGone_ = !taken;
        changed_.notify_all();
        if (isGone_) break;
    }
    lock.unlock();
    gone_();
}

} // namespace tilescope
