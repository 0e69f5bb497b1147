#include "turns.h"

#include <algorithm>
#include <utility>

namespace tilescope {
namespace {

constexpr std::chrono::milliseconds lookInterval{500};
/** A look that is due this soon is taken at once after a step: it then costs no waking up of its own. */
constexpr std::chrono::milliseconds lookEarly{120};
/** Least time until the next look, while it is not clear yet whether someone took a partition for long. */
constexpr std::chrono::milliseconds lookAgain{2};
/** Free time between two leases of one request, in which other programs can see and take the partition. */
constexpr std::chrono::microseconds leaseGap{250};

} // namespace

Turn Turns::next(Time now, Waiting waiting) {
    const bool idle = !waiting.urgent && !waiting.bulk;
    const bool early = std::exchange(awake_, false) && idle;
    const Time due = early ? nextLook_ - lookEarly : nextLook_;
    if (waiting.looks && now >= due) return {Turn::What::look, std::nullopt};
    const bool urgent = waiting.urgent && now >= *waiting.urgent;
    // An urgent task that waits for somebody else keeps nobody from the device meanwhile.
    const bool others = waiting.bulk && (!urgent || urgentHeld_);
    const std::optional<Time> bulk = others ? std::optional(std::max(*waiting.bulk, letGo_ + leaseGap)) : std::nullopt;
    if (bulk && now >= *bulk) return {Turn::What::bulk, std::nullopt};
    if (urgent && !(bulk && now >= *waiting.bulk)) return {Turn::What::urgent, std::nullopt};
    Turn turn;
    for (const auto& time :
         {bulk, urgent ? std::nullopt : waiting.urgent, waiting.looks ? std::optional(nextLook_) : std::nullopt}) {
        if (time && (!turn.until || *time < *turn.until)) turn.until = time;
    }
    return turn;
}

void Turns::watched(Time now) {
    nextLook_ = now + lookInterval;
}

void Turns::looked(Time now, std::optional<Time> again) {
    nextLook_ = again ? std::max(*again, now + lookAgain) : now + lookInterval;
}

void Turns::stepped(Time letGo, bool urgent, bool held) {
    letGo_ = letGo;
    awake_ = true;
    urgentHeld_ = urgent && held;
}

} // namespace tilescope
