/**
 * How much of a processor those reads of status may take that no person asked for. Their share stays small however
 * often they are wanted and however slow the board is. Pure: told the time and what a read took; neither waits nor
 * reads.
 */
#pragma once
#include <chrono>

namespace tilescope {

class StatusBudget {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;
    /** Of the time, one part in so many. */
    static constexpr int oneIn = 50;
    /** What may be saved up in a pause: a few reads on a fast board. */
    static constexpr std::chrono::milliseconds atOnce{20};
    /** The longest wait after a read. A read that takes more than a fiftieth of this has a larger share. */
    static constexpr std::chrono::seconds longestWait{5};

    /** When the next read may begin; a moment that is past means now. */
    [[nodiscard]] Time next() const { return next_; }
    /** A read, or a part of one, took so much of a processor until now. */
    void took(Duration time, Time now);

  private:
    Time next_;
};

} // namespace tilescope
