/**
 * Whose turn it is on the worker's thread: urgent tasks first, others in turn, a check of the partition list twice a
 * second. Pure: told the time and what waits, it neither waits nor runs anything.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace tilescope {

/** What comes next. */
struct Turn {
    enum class What : uint8_t { wait, check, urgent, bulk };
    What what = What::wait;
    /** When a wait ends by itself; empty: when something new comes. */
    std::optional<std::chrono::steady_clock::time_point> until;
};

class Turns {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /** What there is to do: of each kind of task, when the first of them may go on; empty: there is none. */
    struct Waiting {
        std::optional<Time> urgent;
        std::optional<Time> bulk;
        /** The partition list is watched. */
        bool checks = false;
    };

    /** @param now a check of the list is due from now on */
    explicit Turns(Time now) : nextCheck_(now) {}
    Turn next(Time now, Waiting waiting);
    /** A client that was given the list now wants to hear of its changes. */
    void watched(Time now);
    /** @param next when the list must be checked next; a task that waits has its turn before that */
    void checked(Time now, std::optional<Time> next);
    /**
     * A step of a task ended.
     * @param letGo when a step last let go of the device
     * @param stuck it got no further: it waits for somebody else, and took nothing
     */
    void stepped(Time letGo, bool urgent, bool stuck);

  private:
    Time nextCheck_;
    Time letGo_;
    /** A step has just ended, so that a check now costs no waking up of its own. */
    bool awake_ = false;
    /** The last step was an urgent one that got no further. */
    bool urgentStuck_ = false;
};

} // namespace tilescope
