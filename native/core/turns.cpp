#include "turns.h"

#include <utility>

namespace tilescope {
namespace {

constexpr std::chrono::milliseconds lookInterval{500};
/** A look that is due this soon is taken at once after a step: it then costs no waking up of its own. */
constexpr std::chrono::milliseconds lookEarly{120};
/** Until the next look, while it is not clear yet whether someone took a partition for long. */
constexpr std::chrono::milliseconds lookAgain{2};
/** Free time between two leases of one request, in which other programs can see and take the partition. */
constexpr std::chrono::microseconds leaseGap{250};

} // namespace

Turn Turns::next(Time now, Waiting waiting) {
    const bool idle = !waiting.urgent && !waiting.bulk;
    const bool early = std::exchange(awake_, false) && idle;
    const Time due = early ? nextLook_ - lookEarly : nextLook_;
    if (waiting.looks && now >= due) return {Turn::What::look, std::nullopt};
    // An urgent task that waits for somebody else keeps nobody from the device meanwhile.
    const bool bulk = waiting.bulk && (!waiting.urgent || urgentHeld_);
    if (bulk && now < letGo_ + leaseGap) return {Turn::What::wait, letGo_ + leaseGap};
    if (!idle) return {bulk ? Turn::What::bulk : Turn::What::urgent, std::nullopt};
    return {Turn::What::wait, waiting.looks ? std::optional(nextLook_) : std::nullopt};
}

void Turns::watched(Time now) {
    nextLook_ = now + lookInterval;
}

void Turns::looked(Time now, bool again) {
    nextLook_ = now + (again ? std::chrono::steady_clock::duration(lookAgain) : lookInterval);
}

void Turns::stepped(Time letGo, bool urgent, bool held) {
    letGo_ = letGo;
    awake_ = true;
    urgentHeld_ = urgent && held;
}

} // namespace tilescope
