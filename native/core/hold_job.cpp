#include "hold_job.h"

#include <algorithm>
#include <cerrno>

#include "error.h"
#include "partition_key.h"

namespace tilescope {
namespace {

constexpr std::chrono::seconds longestWait{5};
constexpr std::chrono::microseconds betweenLooks{2000};

} // namespace

Progress HoldJob::step(Engine& engine) {
    if (request_.hours < 1 || request_.hours > mostHoldHours) {
        throw CoreError("out-of-range", "a hold of " + std::to_string(request_.hours) + " hours");
    }
    try {
        const Progress made = request_.on ? stepOn(engine) : stepOff(engine);
        if (made.isDone()) {
            unconfirmed_.reset();
            engine.forgetOccupants();
        }
        return made;
    } catch (const CoreError&) {
        abandon();
        throw;
    }
}

void HoldJob::abandon() {
    if (!unconfirmed_.valid()) return;
    process_.terminate(unconfirmed_.get());
    unconfirmed_.reset();
}

Later HoldJob::wait(Engine& engine, const std::string& what, int64_t pid) {
    const auto now = engine.kernel().clock();
    if (!since_) since_ = now;
    if (now - *since_ > longestWait) throw CoreError("hold-failed", what, 0, {{"pid", pid}});
    return {now + betweenLooks};
}

DoneOrLater HoldJob::start(Engine& engine) {
    if (request_.program.empty()) {
        throw CoreError("hold-failed", "no program is known that could hold the partition");
    }
    const auto state = engine.state(request_.columns);
    if (!state) return state.later();
    if (!state->entry.inUse) throw CoreError("hold-failed", "the partition is free: there is nothing to hold");
    const auto borrowed =
        engine.access().borrow(request_.columns, visit_, [&](const PartitionState& now, int partition) {
            HoldFacts facts{partitionKey(request_.columns), engine.now(), 0, 0, 0};
            facts.until = facts.since + request_.hours * 3600 * 1000;
            if (!now.occupants.empty()) {
                facts.ownerPid = now.occupants.front().pid;
                facts.ownerTicks = now.occupants.front().startTicks;
            }
            started_ = process_.start(request_.program, holdArguments(facts), partition);
        });
    if (!borrowed) return borrowed.later();
    if (started_ < 0) {
        const int error = static_cast<int>(-started_);
        started_ = 0;
        throw CoreError("hold-failed", request_.program + " hold: " + errnoName(error), error,
                        {{"path", request_.program}});
    }
    // Opens its pidfd at once: later the number may be another process's.
    const int pinned = engine.kernel().openProcess(started_);
    if (pinned >= 0) unconfirmed_ = UniqueFd(engine.kernel(), pinned);
    return Done{};
}

Progress HoldJob::stepOn(Engine& engine) {
    const auto holds = holdsOf(engine.kernel(), request_.columns);
    if (started_ == 0) {
        if (!holds.empty()) return Progress::done();
        const auto started = start(engine);
        return started ? Progress::more() : Progress(started.later());
    }
    const auto ours =
        std::find_if(holds.begin(), holds.end(), [&](const HolderInfo& one) { return one.process.pid == started_; });
    if (ours == holds.end()) {
        return wait(engine, "the holder " + std::to_string(started_) + " does not hold the partition", started_);
    }
    // Where two were started at once the older one stays; the later of both checks sees the other.
    if (ours != holds.begin()) terminate(engine, *ours);
    return Progress::done();
}

void HoldJob::terminate(Engine& engine, const HolderInfo& holder) {
    Kernel& kernel = engine.kernel();
    const Occupant& process = holder.process;
    const int fd = kernel.openProcess(process.pid);
    if (fd == -ESRCH) return;
    const std::vector<Fact> facts{{"pid", process.pid}, {"command", process.command}};
    if (fd < 0) throw CoreError("hold-failed", "pidfd_open: " + errnoName(-fd), -fd, facts);
    UniqueFd pinned(kernel, fd);
    // The pidfd pins the process: what is seen now is what the signal reaches.
    const auto still = holdsOf(kernel, request_.columns);
    const bool same = std::any_of(still.begin(), still.end(), [&](const HolderInfo& one) {
        return one.process.pid == process.pid && one.process.startTicks == process.startTicks;
    });
    if (!same) return;
    const int sent = process_.terminate(pinned.get());
    if (sent == -EPERM || sent == -EACCES) {
        throw CoreError("permission", "SIGTERM to the holder: " + errnoName(-sent), -sent, facts);
    }
    if (sent < 0 && sent != -ESRCH) throw CoreError("hold-failed", "SIGTERM: " + errnoName(-sent), -sent, facts);
    ending_.emplace_back(process.pid, std::move(pinned));
}

bool HoldJob::allEnded() {
    return std::all_of(ending_.begin(), ending_.end(),
                       [&](const auto& one) { return process_.ended(one.second.get()); });
}

Progress HoldJob::stepOff(Engine& engine) {
    if (!since_) {
        for (const HolderInfo& one : holdsOf(engine.kernel(), request_.columns)) terminate(engine, one);
    }
    // The process, not its descriptor: that leaves the table before the driver has reset what it held.
    if (allEnded()) return Progress::done();
    const auto left = std::find_if(ending_.begin(), ending_.end(),
                                   [&](const auto& one) { return !process_.ended(one.second.get()); });
    const int64_t pid = left == ending_.end() ? 0 : left->first;
    return wait(engine, "the holder " + std::to_string(pid) + " does not end", pid);
}

} // namespace tilescope
