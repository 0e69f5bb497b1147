#include "owners.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "error.h"

namespace tilescope {
namespace {

/**
 * Until a start has its partition, and until a process that lost its descriptors has ended: none is waited for longer.
 * Each process has this time for itself: with one time for all, a board where applications come and go would use it up.
 */
constexpr std::chrono::seconds longestWait{2};
/** An enquiry that had to wait for that long is not made; for a while everybody who waits for one is told so. */
constexpr std::chrono::seconds longestInAll{20};
constexpr std::chrono::seconds whileTold{2};
/** From one survey to the next, while a process is waited for. */
constexpr std::chrono::milliseconds shortestPause{1};
constexpr std::chrono::milliseconds longestPause{20};
/** Half of all processes or more are threads of the kernel. Their numbers are not given to others within this time. */
constexpr std::chrono::seconds whileKnown{5};

/** Whether the owner that a holder was taken from has ended, also where its descriptors may not be listed. */
bool hasEnded(Kernel& kernel, const HolderInfo& hold) {
    const HoldFacts& facts = hold.facts;
    // In a container the same number is another process.
    if (!sharesNamespace(kernel, hold.process.pid)) return false;
    const auto ticks = startTicksOf(kernel, facts.ownerPid);
    if (ticks) return *ticks != facts.ownerTicks;
    // /proc may not show other users' processes; whether there is one of this number, a pidfd tells.
    const int process = kernel.openProcess(facts.ownerPid);
    if (process >= 0) kernel.close(process);
    return process == -ESRCH;
}

/** The number that was given to a process or thread last: only when it moved, a search can find a new process. */
std::optional<int64_t> lastPidOf(Kernel& kernel) {
    const std::string text = kernel.readText("/proc/loadavg").value_or("");
    const size_t begin = text.find_last_of(' ') + 1; // 0 where there is none: that is no whole number then
    int64_t pid = 0;
    const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), pid);
    if (error != std::errc() || *end != '\n') return std::nullopt;
    return pid;
}

} // namespace

JudgedOccupants judgeOccupants(Kernel& kernel, ColumnRange columns, const std::vector<Occupant>& occupants) {
    JudgedOccupants found{{true, 0, 0}, std::nullopt, {}, 0};
    std::vector<Occupant> keepers;
    for (const Occupant& one : occupants) {
        std::optional<HoldFacts> facts;
        if (one.command == holdCommand) facts = holdOf(kernel, one, columns);
        if (!facts) {
            found.occupants.push_back(one);
            continue;
        }
        if (!found.hold) found.hold = HolderInfo{one, *facts};
        keepers.push_back(one);
    }
    found.applications = found.occupants.size();
    found.occupants.insert(found.occupants.end(), keepers.begin(), keepers.end());
    if (found.applications != 0) {
        found.hands = {true, found.occupants.front().pid, found.occupants.front().startTicks};
    } else if (found.hold) {
        found.hands = {true, found.hold->facts.ownerPid, found.hold->facts.ownerTicks};
    }
    return found;
}

bool isOwnerGone(Kernel& kernel, const HolderInfo& hold, bool complete) {
    if (hold.facts.ownerPid == 0 || kernelTakesPartitions(kernel)) return false;
    return complete || hasEnded(kernel, hold);
}

OccupantSearch Owners::occupants(ColumnRange columns) {
    const auto known =
        std::find_if(remembered_.begin(), remembered_.end(), [&](const auto& one) { return one.columns == columns; });
    if (known != remembered_.end() && known->search.occupants.empty()) {
        constexpr std::chrono::milliseconds lookInterval{500};
        if (kernel_.clock() - known->at < lookInterval) return known->search;
        remembered_.erase(known);
    } else if (known != remembered_.end()) {
        if (isStill(*known)) {
            pin(*known);
            return known->search;
        }
        remembered_.erase(known);
        mapped_.erase(placeOf(columns)); // it may have closed its descriptor and kept its mapping
    }
    return remember(columns, occupantsOf(kernel_, columns, node_.machine().pid));
}

Remembered* Owners::remembered(ColumnRange columns) {
    const auto known =
        std::find_if(remembered_.begin(), remembered_.end(), [&](const auto& one) { return one.columns == columns; });
    return known == remembered_.end() ? nullptr : &*known;
}

bool Owners::isStill(const Remembered& known) {
    const Occupant& first = known.search.occupants.front();
    if (first.fd < 0) {
        // It may have asked anew since, and have a descriptor beside its mapping again.
        int error = 0;
        return startTicksOf(kernel_, first.pid) == first.startTicks && hasMapped(kernel_, first.pid, known.columns) &&
               occupantsIn(kernel_, first.pid, known.columns, error).empty();
    }
    const auto link = kernel_.readLink("/proc/" + std::to_string(first.pid) + "/fd/" + std::to_string(first.fd));
    if (!link || partitionOfLink(*link) != known.columns) return false;
    // It is alive now, so the number was its own when the link was read.
    if (known.process.valid()) return kernel_.isAlive(known.process.get());
    return startTicksOf(kernel_, first.pid) == first.startTicks;
}

void Owners::pin(Remembered& known) {
    if (known.process.valid() || known.refused) return;
    try {
        known.process = openOccupant(kernel_, known.search.occupants.front());
    } catch (const CoreError&) {
        known.refused = true; // a kernel without pidfds: the holder is told by its start time
    }
}

DoneOrLater Owners::settle() {
    // The node is watched from its first opening on, and this check comes after that.
    if (!surveyed_ || survey()) return Done{};
    return laterOrNever();
}

OrLater<std::vector<UniqueFd>> Owners::beforeEnquiry() {
    auto kept = keepEverybody();
    if (!kept) return laterOrNever();
    unsettled_.reset();
    return kept;
}

Later Owners::laterOrNever() {
    const auto now = kernel_.clock();
    if (!unsettled_ || now - *unsettled_ >= longestInAll + whileTold) unsettled_ = now;
    const auto waited = now - *unsettled_;
    if (waited >= longestInAll) {
        throw CoreError("no-quiet", "processes open " + node_.device() + " and end without a pause: not enquired");
    }
    // Each survey goes through /proc. They get rarer, so that others have the processor.
    return {now + std::clamp<std::chrono::steady_clock::duration>(waited / 10, shortestPause, longestPause)};
}

OrLater<std::vector<UniqueFd>> Owners::keepEverybody() {
    if (const auto found = survey(); !found) return found.later();
    auto kept = keepOpen(); // an owner that is killed now must not be the one that closes last
    if (!kept) return kept;
    // A process that opened it during the survey may not have been seen with it.
    if (node_.openedSince(surveyed_->at)) return inAMoment();
    return kept;
}

OrLater<std::vector<UniqueFd>> Owners::keepOpen() {
    std::vector<UniqueFd> kept;
    std::map<int64_t, bool> closing;
    for (Remembered& one : remembered_) {
        if (!one.process.valid()) continue;
        const Occupant& first = one.search.occupants.front();
        if (first.fd < 0) continue; // it has a mapping only, and lets go of it with its memory
        const int copy = kernel_.duplicateFrom(one.process.get(), first.fd);
        if (copy >= 0) {
            kept.emplace_back(kernel_, copy);
            continue;
        }
        // A process that is ending has no descriptors any more, and its last closes run before it is dead.
        int error = 0;
        if ((copy == -EBADF || copy == -ESRCH) && kernel_.isAlive(one.process.get()) &&
            kernel_.list("/proc/" + std::to_string(first.pid) + "/fd", error).empty())
            closing[first.pid] = true;
    }
    if (mustWait(closing_, closing)) return inAMoment();
    return kept;
}

DoneOrLater Owners::survey() {
    // Any process may have opened the node: all are surveyed.
    const bool complete = !surveyed_ || node_.openedSince(surveyed_->at);
    const auto last = lastPidOf(kernel_);
    const auto begin = kernel_.clock();
    Survey seen;
    if (!complete && last && last == surveyed_->lastPid) {
        // Nobody is new.
        std::set<int64_t> watched = surveyed_->ending;
        for (const auto& [pid, hasNone] : surveyed_->openers) watched.insert(pid);
        seen = surveyProcesses(kernel_, node_.device(), watched);
        seen.others.merge(surveyed_->others);
    } else {
        // A process that had not opened the node then, nor since, has no partition now.
        if (begin - kernelThreadsAt_ >= whileKnown) kernelThreads_.clear();
        if (kernelThreads_.empty()) kernelThreadsAt_ = begin;
        const auto& known = complete ? kernelThreads_ : surveyed_->others;
        seen = surveyOccupants(kernel_, node_.device(), node_.machine().pid, known);
        kernelThreads_.merge(seen.kernelThreads);
    }
    for (auto& [columns, search] : seen.found) meet(columns, std::move(search), complete);
    const bool starts = mustWait(starting_, seen.openers);
    std::map<int64_t, bool> ending;
    for (const int64_t pid : seen.ending) ending[pid] = true;
    const bool ends = mustWait(ending_, ending);
    surveyed_ = Surveyed{begin, last, std::move(seen.others), std::move(seen.openers), std::move(seen.ending)};
    if (starts || ends) return inAMoment();
    return Done{};
}

void Owners::meet(ColumnRange columns, OccupantSearch search, bool complete) {
    const Remembered* known = remembered(columns);
    if (known != nullptr && !known->search.occupants.empty() && isStill(*known)) return;
    forget(columns);
    mapped_.erase(placeOf(columns));
    remember(columns, std::move(search));
    if (complete) return;
    // Its pidfd is open now, so it may be killed while the search goes on for those that were there before: a holder.
    OccupantSearch whole = occupantsOf(kernel_, columns, node_.machine().pid);
    whole.occupants = judgeOccupants(kernel_, columns, whole.occupants).occupants;
    Remembered& one = *remembered(columns);
    const bool same = !whole.occupants.empty() && whole.occupants.front().pid == one.search.occupants.front().pid &&
                      whole.occupants.front().fd == one.search.occupants.front().fd;
    if (same) one.search = std::move(whole);
}

bool Owners::mustWait(Waits& waits, const std::map<int64_t, bool>& present) {
    const auto now = kernel_.clock();
    // A process that was away for that long counts as new: it was missing at the survey before, too.
    std::erase_if(waits, [&](const auto& one) {
        return surveyed_ && one.second.seen < surveyed_->at && now - one.second.seen >= longestWait;
    });
    bool wait = false;
    for (const auto& [pid, waited] : present) {
        const auto known = waited ? waits.try_emplace(pid, Wait{now, now}).first : waits.find(pid);
        if (known == waits.end()) continue;
        known->second.seen = now;
        wait = wait || (waited && now - known->second.since < longestWait);
    }
    return wait;
}

Later Owners::inAMoment() {
    return Later{kernel_.clock() + shortestPause};
}

OccupantSearch Owners::remember(ColumnRange columns, OccupantSearch search) {
    // Holders stand behind applications, however old they are, so that the watched link is the owner's.
    JudgedOccupants judged = judgeOccupants(kernel_, columns, search.occupants);
    search.occupants = std::move(judged.occupants);
    if (judged.applications == 0) {
        const auto mappers = mappersOf(columns);
        search.occupants.insert(search.occupants.begin(), mappers.begin(), mappers.end());
    }
    Remembered found{columns, search, kernel_.clock(), {}, false, std::nullopt, {}};
    if (!search.occupants.empty()) pin(found);
    remembered_.push_back(std::move(found));
    return search;
}

std::vector<Occupant> Owners::mappersOf(ColumnRange columns) {
    // Reads every process's memory map, which that process cannot change meanwhile. So not at every check.
    constexpr std::chrono::seconds searchInterval{5};
    const auto [place, fresh] = mapped_.try_emplace(placeOf(columns));
    Mapped& known = place->second;
    const bool had = !known.found.empty();
    std::erase_if(known.found, [&](const Occupant& one) {
        return startTicksOf(kernel_, one.pid) != one.startTicks || !hasMapped(kernel_, one.pid, columns);
    });
    const auto now = kernel_.clock();
    if (!known.found.empty() || (!fresh && !had && now - known.at < searchInterval)) return known.found;
    known.found = processesMapping(kernel_, columns, node_.machine().pid);
    known.at = now;
    return known.found;
}

void Owners::letGo(ColumnRange columns) {
    for (Remembered& one : remembered_) {
        if (one.columns != columns) continue;
        one.process.reset();
        one.state.reset();
    }
}

void Owners::forget(ColumnRange columns) {
    std::erase_if(remembered_, [&](const Remembered& one) { return one.columns == columns; });
}

void Owners::forgetNobody(ColumnRange columns) {
    std::erase_if(remembered_,
                  [&](const Remembered& one) { return one.columns == columns && one.search.occupants.empty(); });
}

void Owners::reset() {
    remembered_.clear();
    surveyed_.reset();
    starting_.clear();
    ending_.clear();
    closing_.clear();
    unsettled_.reset();
    mapped_.clear();
}

std::vector<ColumnRange> Owners::known() const {
    std::vector<ColumnRange> all;
    for (const Remembered& one : remembered_) all.push_back(one.columns);
    return all;
}

void Owners::noticeHolds() {
    // Ten checks, five seconds: far more than a holder needs to take its name.
    constexpr int looks = 10;
    const std::string name = std::string(holdCommand) + "\n";
    const auto isHold = [&](int64_t pid) { return kernel_.readText("/proc/" + std::to_string(pid) + "/comm") == name; };
    const auto last = lastPidOf(kernel_);
    const bool settled =
        std::all_of(processes_.begin(), processes_.end(), [](const auto& one) { return one.second == 0; });
    std::vector<int64_t> pids;
    if (last && last == lastPid_ && settled) {
        // No process was started since: at most, one that is known has ended.
        std::copy_if(holds_.begin(), holds_.end(), std::back_inserter(pids), isHold);
    } else {
        std::map<int64_t, int> seen;
        int error = 0;
        for (const std::string& one : kernel_.list("/proc", error)) {
            const bool digits = !one.empty() && one.size() < 10 &&
                                std::all_of(one.begin(), one.end(), [](char c) { return c >= '0' && c <= '9'; });
            if (!digits) continue;
            const int64_t pid = std::stoll(one);
            const auto known = processes_.find(pid);
            const int left = known == processes_.end() ? looks : known->second;
            seen[pid] = std::max(left - 1, 0);
            const bool asked = left > 0 || std::find(holds_.begin(), holds_.end(), pid) != holds_.end();
            if (asked && isHold(pid)) pids.push_back(pid);
        }
        processes_ = std::move(seen);
        lastPid_ = last;
    }
    std::sort(pids.begin(), pids.end());
    if (pids == holds_) return;
    holds_ = std::move(pids);
    remembered_.clear();
}

void Owners::noHolds() {
    holds_.clear();
    processes_.clear();
    lastPid_.reset();
}

} // namespace tilescope
