/**
 * How much of a processor looks may take that nobody asked for: their share stays small however often they are wanted and
 * however slow the board is. Pure: told the time and what a look took, it neither waits nor looks.
 */
#pragma once
#include <chrono>

namespace tilescope {

class LookBudget {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;
    /** Of the time, one part in so many. */
    static constexpr int oneIn = 50;
    /** What may be saved up in a pause: a few looks at a fast board. */
    static constexpr std::chrono::milliseconds atOnce{20};
    /** After a look the next one is not kept waiting longer; one that takes more than a fiftieth of this has a larger share. */
    static constexpr std::chrono::seconds longestWait{5};

    /** When the next look may begin; a moment that is past: now. */
    [[nodiscard]] Time next() const { return next_; }
    /** A look, or a part of one, took so much of a processor until now. */
    void took(Duration time, Time now);

  private:
    Time next_;
};

} // namespace tilescope
