/**
 * What leaves an agent by a thread of its own, so that the worker reads on while the link takes what was read before. Knows
 * bytes; must not know frames.
 */
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace tilescope {

class Outlet {
  public:
    /** Writes every byte, blocking. False when the reader is gone. */
    using Put = std::function<bool(std::span<const uint8_t> bytes)>;
    /** Bytes that may wait: a few frames, since what waits here cannot be overtaken. */
    static constexpr size_t most = size_t{256} << 10U;

    /** @param gone called once on the outlet's thread, when a `put` says that the reader is gone */
    Outlet(Put put, std::function<void()> gone);
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    /** Waits for a `put` that is under way; what still waits is dropped. */
    ~Outlet();
    /** Takes a copy of both parts, once there is room. Throws std::runtime_error when the reader is gone. Any thread. */
    void write(std::span<const uint8_t> head, std::span<const uint8_t> payload);
    /** Waits until nothing is left to write, so long at most. */
    void drain(std::chrono::milliseconds atMost);

  private:
    void run();

    Put put_;
    std::function<void()> gone_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<uint8_t> waiting_;
    /** A `put` is under way. */
    bool putting_ = false;
    bool isGone_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace tilescope
