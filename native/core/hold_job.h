/**
 * Starting and ending a hold, in short steps: nothing waits for a process longer than a step. Knows what a hold is for;
 * how its process is made is hold_process's business.
 */
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine.h"
#include "hold.h"
#include "hold_process.h"

namespace tilescope {

constexpr int64_t mostHoldHours = 8;

struct HoldRequest {
    ColumnRange columns;
    bool on = true;
    /** 1 to mostHoldHours. */
    int64_t hours = mostHoldHours;
    /** The executable whose `hold` mode is the holder; empty: none is known, holding fails. */
    std::string program;
};

/**
 * With `on`, takes a duplicate of the descriptor that keeps the partition (verified like any that is read through), gives
 * it to a new holder, and is finished when that holder is seen with it; one that is there already is taken as it is.
 * Without, ends every holder of the partition and is finished when they are gone.
 */
class HoldJob {
  public:
    HoldJob(HoldRequest request, HoldProcess& process) : request_(std::move(request)), process_(process) {}
    HoldJob(const HoldJob&) = delete;
    HoldJob& operator=(const HoldJob&) = delete;
    /** Ends the holder that it started, if it was cancelled before that one was seen. */
    ~HoldJob() { abandon(); }
    /** A few milliseconds at most, but for the start of a process. Throws CoreError. */
    Progress step(Engine& engine);

  private:
    Progress stepOn(Engine& engine);
    Progress stepOff(Engine& engine);
    DoneOrLater start(Engine& engine);
    /** SIGTERM to a holder that was started here and not confirmed. */
    void abandon();
    /** Sends SIGTERM, once it has checked that the pidfd is of this holder. Keeps the pidfd in `ending_`. */
    void terminate(Engine& engine, const HolderInfo& holder);
    bool allEnded();
    /** When to check for it next. Throws `hold-failed` after 5 s. */
    Later wait(Engine& engine, const std::string& what, int64_t pid);

    HoldRequest request_;
    HoldProcess& process_;
    Visit visit_{Asking::person};
    /** The holder that was started here. */
    int64_t started_ = 0;
    /** Its pidfd until it is confirmed. */
    UniqueFd unconfirmed_;
    /** Holders that were told to end. */
    std::vector<std::pair<int64_t, UniqueFd>> ending_;
    std::optional<std::chrono::steady_clock::time_point> since_;
};

} // namespace tilescope
