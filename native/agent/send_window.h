/**
 * How many bytes of long answers may be on their way to the client: what a slow link has not brought yet cannot be
 * overtaken by what a person waits for. Goes by how long marked frames take to be reported as received: it grows while
 * they are soon there and shrinks when they wait on the way. Pure: told the time, it neither waits nor sends. Used by one
 * thread at a time.
 */
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace tilescope {

/** What marks told of the time that bytes take on the way. */
struct WayTimes {
    using Seconds = std::chrono::duration<double>;
    unsigned marks = 0;
    double bytes = 0;
    /** Bytes of a full way, on which they waited for those before them, and what these took: its own time, not the sender's. */
    double fullBytes = 0;
    Seconds took{0};
};

class SendWindow {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;
    /** What the window never goes below, and begins with, and its end. */
    static constexpr size_t least = size_t{16} << 10U;
    static constexpr size_t atFirst = size_t{64} << 10U;
    static constexpr size_t most = size_t{4} << 20U;
    /** How long bytes may wait on the way, beside the time that the way takes a single one. */
    static constexpr std::chrono::milliseconds queueTime{100};
    /** What takes fewer bytes than that tells nothing of the way's time for one. */
    static constexpr size_t leastMeasured = 2048;
    /** How long the time of the empty way counts as known; then the way is left to run empty once. */
    static constexpr std::chrono::seconds knownFor{10};

    /** Bytes that the next step may send; 0: none before something is received. */
    [[nodiscard]] size_t room(Time now);
    /**
     * So many bytes went out. Returns the number to mark the last of their frames with, if it has to be marked.
     * @param marked it is marked anyway
     */
    std::optional<uint64_t> sent(size_t bytes, Time now, bool marked = false);
    /** The client has received the frame of that mark. Numbers that were never given, or are past, say nothing. */
    void received(uint64_t mark, Time now);
    /** What marks told of the way since this was last asked for. */
    WayTimes takeWayTimes() { return std::exchange(times_, {}); }
    /** The window as it is now, bytes. */
    [[nodiscard]] size_t size() const { return size_; }

  private:
    struct Mark {
        uint64_t number = 0;
        /** Bytes sent up to its end. */
        uint64_t until = 0;
        Time at;
        /** What was on the way then, itself included. */
        uint64_t onTheWay = 0;
        /** Another mark was on the way then: bytes follow each other, and come as fast as the way brings them. */
        bool follows = false;
    };
    void measure(const Mark& mark, Duration took);
    void adapt(const Mark& mark, Duration took, Time now);
    /** Bytes of a step: fewer are not worth its lease, and there are marks all along the way. */
    [[nodiscard]] size_t enough() const { return size_ / 4; }

    size_t size_ = atFirst;
    uint64_t sent_ = 0;
    uint64_t received_ = 0;
    uint64_t lastMark_ = 0;
    /** Bytes sent up to the last mark. */
    uint64_t marked_ = 0;
    std::deque<Mark> marks_;
    /** Marks up to this one say nothing of the size as it is now. */
    uint64_t adaptedAt_ = 0;
    /** The shortest time of a mark, and when it was taken: the way when it is empty. */
    std::optional<Duration> empty_;
    Time emptyAt_;
    /** What that mark was the last of, bytes. */
    uint64_t emptyBytes_ = 0;
    WayTimes times_;
};

} // namespace tilescope
