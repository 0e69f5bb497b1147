#include "courtesy.h"

#include <algorithm>
#include <array>

#include "node_watch.h"

namespace tilescope {
namespace {

/** Wait after another process opened the device node: it is about to ask for a partition. */
constexpr std::chrono::seconds afterOpening{2};
/** Wait after another process let the partition go: it may be starting anew. */
constexpr std::chrono::milliseconds afterUse{200};
/** The longest wait of what a person asked for, whatever others do. */
constexpr std::chrono::seconds longestWait{5};
/** Of the time of a long request, the part in which we do not have the partition is this many times the other part. */
constexpr int awayTimes = 9;

} // namespace

std::optional<Asking> askingFromName(std::string_view name) {
    constexpr std::array<std::string_view, 4> names{"nobody", "look", "person", "fast"};
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Asking>(found - names.begin());
}

const Courtesy::Place* Courtesy::placeAt(ColumnRange columns) const {
    const auto found = places_.find({columns.startCol, columns.numCols});
    return found == places_.end() ? nullptr : &found->second;
}

void Courtesy::used(ColumnRange columns, Time now) {
    Place& one = place(columns);
    one.usedAt = now;
    one.isLong = false;
}

void Courtesy::leased(ColumnRange columns, Time from, Time to) {
    Place& one = place(columns);
    one.from = from;
    one.to = to;
    one.isLong = false;
}

void Courtesy::wasLong(ColumnRange columns) {
    place(columns).isLong = true;
}

void Courtesy::clocks(ColumnRange columns, const std::string& epoch, ColumnRange part, bool allGated) {
    Place& one = place(columns);
    if (one.gatedIn != epoch) one.gatedColumns.clear();
    one.gatedIn = epoch;
    for (uint32_t col = part.startCol; col < part.startCol + part.numCols; col++) {
        if (allGated) {
            one.gatedColumns.insert(col);
        } else {
            one.gatedColumns.erase(col);
        }
    }
}

Courtesy::Answer Courtesy::judge(ColumnRange columns, const std::string& epoch, Visit& visit, Time now) const {
    if (visit.asking == Asking::nobody || visit.besideOnly) return {Verdict::unasked, now};
    const Place* one = placeAt(columns);
    if (one != nullptr && visit.asking == Asking::look && one->gatedIn == epoch) {
        const ColumnRange part = visit.part.value_or(columns);
        bool gated = true;
        for (uint32_t col = part.startCol; col < part.startCol + part.numCols; col++) {
            gated = gated && one->gatedColumns.contains(col);
        }
        if (gated) return {Verdict::gated, now};
    }
    if (visit.begun && opened_ && *opened_ > *visit.begun && !visit.writes) {
        // Until it is known that this was no look of another Tilescope, nothing is taken, and nothing given up.
        const Time known = *opened_ + shortLook;
        return {now < known ? Verdict::wait : Verdict::over, std::max(now, known)};
    }
    if (!visit.since) visit.since = now;
    Time until = now;
    if (opened_) until = std::max(until, *opened_ + afterOpening);
    if (one != nullptr && one->usedAt) until = std::max(until, *one->usedAt + afterUse);
    until = std::min(until, std::max(now, *visit.since + longestWait));
    const bool hurries = visit.asking == Asking::fast || visit.writes;
    if (one != nullptr && one->isLong && !hurries) until = std::max(until, one->to + awayTimes * (one->to - one->from));
    return {until > now ? Verdict::wait : Verdict::take, until};
}

} // namespace tilescope
