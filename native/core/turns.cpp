#include "turns.h"

#include <algorithm>
#include <utility>

namespace tilescope {
namespace {

constexpr std::chrono::milliseconds lookInterval{500};
/** A check that is due this soon is made right after a step: it then costs no waking up of its own. */
constexpr std::chrono::milliseconds lookEarly{120};
/** Least time until the next check, while it is not clear yet whether a process took a partition for long. */
constexpr std::chrono::milliseconds lookAgain{2};
/** Free time between two leases of one request, in which other programs can see and take the partition. */
constexpr std::chrono::microseconds leaseGap{250};

} // namespace

Turn Turns::next(Time now, Waiting waiting) {
    const bool idle = !waiting.urgent && !waiting.bulk;
    const bool early = std::exchange(awake_, false) && idle;
    const Time due = early ? nextCheck_ - lookEarly : nextCheck_;
    if (waiting.checks && now >= due) return {Turn::What::check, std::nullopt};
    const bool urgent = waiting.urgent && now >= *waiting.urgent;
    // While an urgent task waits for somebody else, others may have the device.
    const bool others = waiting.bulk && (!urgent || urgentStuck_);
    const std::optional<Time> bulk = others ? std::optional(std::max(*waiting.bulk, letGo_ + leaseGap)) : std::nullopt;
    if (bulk && now >= *bulk) return {Turn::What::bulk, std::nullopt};
    if (urgent && !(bulk && now >= *waiting.bulk)) return {Turn::What::urgent, std::nullopt};
    Turn turn;
    for (const auto& time :
         {bulk, urgent ? std::nullopt : waiting.urgent, waiting.checks ? std::optional(nextCheck_) : std::nullopt}) {
        if (time && (!turn.until || *time < *turn.until)) turn.until = time;
    }
    return turn;
}

void Turns::watched(Time now) {
    nextCheck_ = now + lookInterval;
}

void Turns::checked(Time now, std::optional<Time> next) {
    nextCheck_ = next ? std::max(*next, now + lookAgain) : now + lookInterval;
}

void Turns::stepped(Time letGo, bool urgent, bool stuck) {
    letGo_ = letGo;
    awake_ = true;
    urgentStuck_ = urgent && stuck;
}

} // namespace tilescope
