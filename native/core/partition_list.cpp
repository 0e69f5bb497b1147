#include "partition_list.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "error.h"

namespace tilescope {
namespace {

/** Everything of a list that a watcher can see, to compare two lists. */
std::string fingerprint(const std::vector<PartitionState>& partitions) {
    std::string text;
    for (const PartitionState& one : partitions) {
        text += std::to_string(one.entry.id) + "," + std::to_string(one.entry.columns.startCol) + "," +
                std::to_string(one.entry.columns.numCols) + "," + std::to_string(one.entry.startRow) + "," +
                std::to_string(one.entry.numRows) + (one.entry.inUse ? ",used," : ",free,") + one.epoch;
        if (one.owner) text += "," + std::string(ownerKindName(one.owner->kind));
        if (one.hold) {
            text += ",held " + std::to_string(one.hold->process.pid) + " " + std::to_string(one.hold->facts.until);
        }
        text += std::string(one.ownerGone ? ",gone" : "") + (one.picked ? ",picked" : "") +
                (one.clocksOn ? ",clocks" : "") + ";";
    }
    return text;
}

std::string fingerprint(const std::vector<PartitionState>& partitions, const std::vector<ColumnRange>& free) {
    std::string text = fingerprint(partitions);
    for (const ColumnRange& one : free) {
        text += "free " + std::to_string(one.startCol) + "," + std::to_string(one.numCols) + ";";
    }
    return text;
}

} // namespace

PartitionList::PartitionList(Node& node, Owners& owners, Courtesy& courtesy, const std::atomic<bool>& hurry)
    : node_(node), owners_(owners), courtesy_(courtesy), kernel_(node.kernel()), hurry_(hurry),
      epochs_(node.machine().bootId, std::to_string(node.machine().pid) + "@" +
                                         std::to_string(startTicksOf(kernel_, node.machine().pid).value_or(0)) + "#" +
                                         std::to_string(kernel_.now())) {}

void PartitionList::nodeChanged(Node::Change change) {
    if (change != Node::Change::came) epochs_.endAll();
    enquired_.reset();
    if (change == Node::Change::gone) return;
    watches_.clear();
    since_.clear();
    picked_.clear();
    clocks_.clear();
}

OrLater<std::vector<PartitionEntry>> PartitionList::enquire(const NodeFd& node) {
    std::array<uapi::RangeArgs, 128> listed{};
    uint32_t present = 0;
    auto kept = owners_.beforeEnquiry();
    if (!kept) return kept.later();
    const int result = kernel_.enquire(node, listed, present);
    if (result < 0) {
        throw CoreError("driver", "AIE_ENQUIRE_PART 0xC0104101: " + errnoName(-result), -result);
    }
    kept->clear();
    std::vector<PartitionEntry> entries;
    findings_.clear();
    const size_t count = std::min<size_t>(present, listed.size());
    for (const uapi::RangeArgs& one : std::span(listed).first(count)) {
        const bool inUse = (one.status & uapi::statusInUse) != 0;
        // Of free ranges this family tells wrong sizes and no ids: they are computed.
        if (node_.facts().dynamic && !inUse) continue;
        const uapi::Range& range = one.range;
        const bool sane = range.size.col >= 1 && range.size.col <= array::maxColumns &&
                          range.start.col <= array::maxColumns && range.start.row <= array::maxRows &&
                          range.size.row >= 1 && range.size.row <= array::maxRows;
        if (!sane) {
            findings_.push_back("enquire: partition " + std::to_string(one.partitionId) +
                                " has columns or rows that no array has; left out");
            continue;
        }
        const uint32_t id = node_.facts().dynamic ? range.start.col | range.size.col << 8U : one.partitionId;
        entries.push_back({id, {range.start.col, range.size.col}, range.start.row, range.size.row, inUse});
    }
    listed_ = entries;
    enquired_ = kernel_.clock();
    return entries;
}

bool PartitionList::isFresh() {
    constexpr std::chrono::milliseconds lookInterval{500};
    return enquired_ && kernel_.clock() - *enquired_ < lookInterval;
}

std::optional<PartitionList::Time> PartitionList::since(ColumnRange columns) const {
    const auto known = since_.find(placeOf(columns));
    return known == since_.end() ? std::nullopt : std::optional(known->second.second);
}

OrLater<PartitionList::Presumed> PartitionList::presume(const NodeFd& node, ColumnRange columns, Asking asking) {
    const auto entry =
        std::find_if(listed_.begin(), listed_.end(), [&](const auto& one) { return one.columns == columns; });
    const bool told =
        enquired_ && (entry != listed_.end() || (node_.facts().dynamic && node_.freeEntry(columns).numRows != 0));
    const Remembered* known = owners_.remembered(columns);
    const bool seen = told && known != nullptr && !known->search.occupants.empty() && owners_.isStill(*known);
    const bool unasked = asking == Asking::nobody || node.get() < 0;
    if (seen || (told && unasked && isFresh())) return presumeByLinks(columns, seen);
    if (node.get() < 0) return Later{kernel_.clock() + std::chrono::milliseconds(1)}; // the next look asks
    return enquire(node).then([](auto&& listed) { return Presumed{std::move(listed), nullptr}; });
}

PartitionList::Presumed PartitionList::presumeByLinks(ColumnRange columns, bool seen) {
    std::vector<PartitionEntry> entries = listed_;
    auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& one) { return one.columns == columns; });
    if (!seen) {
        const Remembered* known = owners_.remembered(columns);
        if (known != nullptr && known->search.occupants.empty() && node_.openedSince(known->at)) {
            owners_.forget(columns);
            known = nullptr;
        }
        seen = (known != nullptr || node_.openedSince(*enquired_)) && !owners_.occupants(columns).occupants.empty();
        // The process that we saw with it is gone. Where we saw none, only the driver knows.
        const bool left = !seen && entry != entries.end() && entry->inUse && !epochs_.knows(columns, {true, 0, 0});
        if (left && node_.facts().dynamic) {
            entries.erase(entry);
        } else if (left) {
            entry->inUse = false;
        }
        if (!seen) return {std::move(entries), nullptr};
    }
    if (entry == entries.end()) entry = entries.insert(entry, node_.freeEntry(columns));
    entry->inUse = true;
    Remembered* known = owners_.remembered(columns);
    owners_.pin(*known);
    return {std::move(entries), known};
}

PartitionState PartitionList::judge(const PartitionEntry& entry, OccupantSearch search) {
    PartitionState state;
    state.entry = entry;
    Hands hands;
    if (entry.inUse) {
        JudgedOccupants found = judgeOccupants(kernel_, entry.columns, search.occupants);
        hands = found.hands;
        state.hold = found.hold;
        state.occupants = std::move(found.occupants);
        if (found.applications != 0) {
            const Occupant& first = state.occupants.front();
            const int64_t sinceBoot =
                static_cast<int64_t>(first.startTicks) * 1000 / std::max<int64_t>(node_.machine().ticksPerSecond, 1);
            state.owner = Owner{OwnerKind::process, first.pid, first.command, node_.machine().bootedAt + sinceBoot};
        } else if (found.hold && isOwnerGone(kernel_, *found.hold, search.hidden == 0)) {
            state.ownerGone = true;
        } else {
            // Beside a holder the owner may be a process that the search could not see.
            state.owner = Owner{search.hidden == 0 ? OwnerKind::kernel : OwnerKind::hidden, 0, "", 0};
        }
    }
    state.epoch = epochs_.observe(entry.columns, hands);
    auto& [epoch, since] = since_[placeOf(entry.columns)];
    if (epoch != state.epoch) {
        epoch = state.epoch;
        since = kernel_.clock();
    }
    state.picked = node_.facts().dynamic && !entry.inUse && isPicked(entry.columns);
    const auto clocks = clocks_.find(placeOf(entry.columns));
    if (clocks != clocks_.end()) {
        state.clocksOn = !entry.inUse && clocks->second == state.epoch;
        if (!state.clocksOn) clocks_.erase(clocks);
    }
    return state;
}

bool PartitionList::isPicked(ColumnRange columns) const {
    return opening_ == columns || std::find(picked_.begin(), picked_.end(), columns) != picked_.end();
}

void PartitionList::pickOpening() {
    if (opening_) picked_.push_back(*opening_);
    opening_.reset();
}

void PartitionList::setClocks(ColumnRange columns, std::optional<std::string> epoch) {
    if (epoch) {
        clocks_[placeOf(columns)] = std::move(*epoch);
    } else {
        clocks_.erase(placeOf(columns));
    }
}

DoneOrLater PartitionList::checkFree(const NodeFd& node, const std::vector<PartitionEntry>& entries,
                                     ColumnRange columns, Asking asking) {
    for (const PartitionEntry& one : entries) {
        if (!overlap(one.columns, columns) || one.columns == columns) continue;
        // Waits until it is clear that this is no short access, which may end meanwhile.
        std::optional<PartitionState> taken;
        try {
            auto found = stateOf(node, one.columns, asking);
            if (!found) return found.later();
            taken = std::move(*found);
        } catch (const CoreError& failure) {
            if (failure.code() != "no-partition") throw;
        }
        if (!taken || !taken->entry.inUse) continue;
        throw CoreError("columns-taken", columnsText(one.columns) + " are in use", 0, ownerFacts(*taken));
    }
    bool exists = node_.facts().apertures.empty() && columns.startCol + columns.numCols <= array::maxColumns;
    for (const ColumnRange& one : node_.facts().apertures) exists = exists || inside(columns, one);
    if (!exists) throw CoreError("no-partition", "the array has no " + columnsText(columns), 0, columnFacts(columns));
    return Done{};
}

PartitionState PartitionList::seen(const PartitionEntry& entry, OccupantSearch search) {
    const ColumnRange columns = entry.columns;
    watches_.erase(placeOf(columns));
    const Hands now = judgeOccupants(kernel_, columns, search.occupants).hands;
    PartitionState state = judge(entry, std::move(search));
    if (Remembered* known = owners_.remembered(columns)) {
        known->state = state;
        known->hands = now;
    }
    return state;
}

OrLater<PartitionState> PartitionList::unlisted(const NodeFd& node, const std::vector<PartitionEntry>& entries,
                                                ColumnRange columns, Asking asking) {
    watches_.erase(placeOf(columns));
    owners_.letGo(columns);
    if (!isPicked(columns)) {
        throw CoreError("no-partition", "no partition has " + columnsText(columns), 0, columnFacts(columns));
    }
    if (const auto free = checkFree(node, entries, columns, asking); !free) return free.later();
    return judge(node_.freeEntry(columns), {});
}

OrLater<PartitionState> PartitionList::stateOf(const NodeFd& node, ColumnRange columns, Asking asking,
                                               const std::vector<PartitionEntry>* listed) {
    constexpr std::chrono::milliseconds shortHold{50};
    constexpr int searchesForNobody = 3;
    constexpr std::chrono::milliseconds longestWait{8};
    constexpr std::chrono::microseconds between{100};
    constexpr int fewestLooks = 50; // so that one long preemption is not taken for a long hold
    // Each check of a process reads its link. Where none is seen only the driver tells, and it is asked less often.
    constexpr int looksPerEnquiry = 50;
    const std::pair place = placeOf(columns);
    const auto end = kernel_.clock() + longestWait;
    bool looked = false; // every call makes one check at least, however long its search took
    const auto handsOf = [&](const OccupantSearch& search) {
        return judgeOccupants(kernel_, columns, search.occupants).hands;
    };
    Presumed told;
    for (int unasked = 0;; unasked++) {
        const auto watched = watches_.find(place);
        const bool unseen = looked && watched != watches_.end() && watched->second.seen.occupants.empty();
        if (listed != nullptr) {
            told = {*std::exchange(listed, nullptr), nullptr};
        } else if (!unseen || unasked % looksPerEnquiry == 0) {
            auto presumed = presume(node, columns, asking);
            if (!presumed) return presumed.later();
            told = std::move(*presumed);
        }
        const auto& entries = told.entries;
        const auto entry =
            std::find_if(entries.begin(), entries.end(), [&](const auto& one) { return one.columns == columns; });
        if (entry == entries.end()) return unlisted(node, entries, columns, asking);
        if (!entry->inUse) {
            watches_.erase(place);
            owners_.letGo(columns);
            return judge(*entry, {});
        }
        courtesy_.used(columns, kernel_.clock());
        const auto [fresh, first] = watches_.try_emplace(place);
        Watch& watch = fresh->second;
        OccupantSearch now = told.occupant != nullptr ? told.occupant->search : owners_.occupants(columns);
        const bool same = !first && now.occupants == watch.seen.occupants;
        const Hands whose = same ? watch.hands : handsOf(now);
        if (!looked && epochs_.knows(columns, whose)) return seen(*entry, std::move(now));
        // Hands that changed a moment ago have to stay, too.
        if (first || whose != watch.hands) watch = {{}, whose, {}, 0, 0};
        watch.seen = std::move(now); // the same hands, but a holder process may have come
        const bool nobody = watch.seen.occupants.empty();
        if (watch.time >= shortHold && watch.checks >= fewestLooks) {
            if (!nobody) return seen(*entry, std::move(watch.seen));
            // Searches more than once, as one search may fall between two owners.
            owners_.forget(columns);
            auto found = owners_.occupants(columns);
            if (!found.occupants.empty()) {
                const Hands others = handsOf(found);
                watch = {std::move(found), others, {}, 0, 0};
            } else if (++watch.searches == searchesForNobody) {
                return seen(*entry, std::move(found));
            }
        }
        const auto time = kernel_.clock();
        if (looked && time >= end) return Later{time};
        kernel_.pause(between);
        looked = true;
        watch.time += std::max<std::chrono::steady_clock::duration>(kernel_.clock() - time, between);
        watch.checks++;
        if (hurry_.load(std::memory_order_relaxed)) return Later{kernel_.clock()};
    }
}

std::vector<std::string> PartitionList::deviceNames() {
    int error = 0;
    auto names = kernel_.list("/sys/class/aie", error);
    std::sort(names.begin(), names.end());
    return names;
}

bool PartitionList::isQuiet() {
    if (!node_.facts().dynamic || names_.empty() || !watches_.empty()) return false;
    if (!node_.isSame() || deviceNames() != names_) return false;
    for (const PartitionEntry& entry : listed_) {
        if (!entry.inUse) continue;
        const Remembered* known = owners_.remembered(entry.columns);
        // An enquiry does not find a process that the search did not find.
        const bool found = known != nullptr && !known->search.occupants.empty();
        if (found && !owners_.isStill(*known)) return false;
    }
    return true;
}

bool PartitionList::isWaiting() {
    // Reading the driver's list in the moment in which an owner is killed can leave the driver locked for ever.
    constexpr std::chrono::milliseconds whileWaiting{250};
    return !watches_.empty() && enquired_ && kernel_.clock() - *enquired_ < whileWaiting && node_.isSame();
}

std::optional<OrLater<std::vector<PartitionState>>> PartitionList::listByLinks(std::optional<Time> begun) {
    if (!begun || !enquired_ || *enquired_ < *begun || !isWaiting()) return std::nullopt;
    const std::vector<PartitionEntry> before = listed_;
    return listOf(NodeFd(), before);
}

OrLater<std::vector<PartitionState>> PartitionList::list(const NodeFd& node) {
    names_.clear();
    auto names = node_.facts().dynamic ? deviceNames() : std::vector<std::string>();
    const auto entries = enquire(node);
    if (!entries) return entries.later();
    names_ = std::move(names);
    return listOf(node, *entries);
}

OrLater<std::vector<PartitionState>> PartitionList::partitions(std::optional<Time> begun) {
    if (const auto settled = owners_.settle(); !settled) return settled.later();
    if (auto next = listByLinks(begun)) return std::move(*next);
    return list(node_.open());
}

OrLater<std::vector<PartitionState>> PartitionList::listOf(const NodeFd& node,
                                                           const std::vector<PartitionEntry>& entries) {
    tidy(entries);
    std::vector<PartitionState> all;
    for (const PartitionEntry& entry : entries) {
        if (!entry.inUse) {
            all.push_back(judge(entry, {}));
            continue;
        }
        try {
            auto found = stateOf(node, entry.columns, Asking::person, &entries);
            if (!found) return found.later();
            all.push_back(std::move(*found));
        } catch (const CoreError& failure) {
            // A dynamic one is gone when its owner lets go.
            if (!node_.facts().dynamic || failure.code() != "no-partition") throw;
        }
    }
    free_.clear();
    if (node_.facts().dynamic) addPicks(all);
    return all;
}

void PartitionList::tidy(const std::vector<PartitionEntry>& entries) {
    const bool used = std::any_of(entries.begin(), entries.end(), [](const PartitionEntry& one) { return one.inUse; });
    // Ends the wait for processes that let go unseen.
    std::erase_if(watches_, [&](const auto& one) {
        return std::none_of(entries.begin(), entries.end(), [&](const PartitionEntry& entry) {
            return entry.inUse && placeOf(entry.columns) == one.first;
        });
    });
    if (!used) {
        owners_.noHolds();
    } else if (watches_.empty()) { // a wait in steps does not search at every step
        owners_.noticeHolds();
    }
    for (const ColumnRange& columns : owners_.known()) {
        const bool gone = std::none_of(entries.begin(), entries.end(), [&](const PartitionEntry& entry) {
            return entry.inUse && entry.columns == columns;
        });
        if (gone) owners_.letGo(columns);
        // A check of the list searches anew where no process was found; a wait in steps goes on with what it found.
        if (!isWaitedFor(columns)) owners_.forgetNobody(columns);
    }
}

void PartitionList::addPicks(std::vector<PartitionState>& all) {
    std::vector<ColumnRange> taken;
    for (const PartitionState& one : all) {
        if (one.entry.inUse) taken.push_back(one.entry.columns);
    }
    std::erase_if(picked_, [&](const ColumnRange& pick) {
        const bool lost =
            std::any_of(taken.begin(), taken.end(), [&](const ColumnRange& one) { return overlap(one, pick); });
        const bool same = std::find(taken.begin(), taken.end(), pick) != taken.end();
        if (lost && !same) epochs_.end(pick);
        return lost;
    });
    for (const ColumnRange& pick : picked_) {
        if (node_.freeEntry(pick).numRows == 0) continue; // nobody tells its rows any more
        const bool listed =
            std::any_of(all.begin(), all.end(), [&](const PartitionState& one) { return one.entry.columns == pick; });
        if (!listed) all.push_back(judge(node_.freeEntry(pick), {}));
    }
    std::stable_sort(all.begin(), all.end(), [](const PartitionState& a, const PartitionState& b) {
        return placeOf(a.entry.columns) < placeOf(b.entry.columns);
    });
    learnFree(taken);
}

void PartitionList::learnFree(const std::vector<ColumnRange>& taken) {
    std::vector<ColumnRange> arrays = node_.facts().apertures;
    if (arrays.empty() && node_.facts().shape && node_.facts().shape->numCols != 0)
        arrays.push_back({0, node_.facts().shape->numCols});
    for (const ColumnRange& whole : arrays) {
        for (uint32_t col = whole.startCol; col < whole.startCol + whole.numCols; col++) {
            const bool free = std::none_of(taken.begin(), taken.end(), [&](const ColumnRange& one) {
                return overlap(one, {col, 1});
            });
            if (!free) continue;
            const bool joined =
                !free_.empty() && col != whole.startCol && free_.back().startCol + free_.back().numCols == col;
            if (joined) {
                free_.back().numCols++;
            } else {
                free_.push_back({col, 1});
            }
        }
    }
}

OrLater<std::optional<std::vector<PartitionState>>> PartitionList::poll() {
    std::vector<PartitionState> all;
    std::string now;
    try {
        const std::vector<PartitionEntry> before = listed_;
        auto found = isWaiting() || isQuiet() ? listOf(NodeFd(), before) : partitions();
        if (!found) return found.later();
        all = std::move(*found);
        now = fingerprint(all, free_);
    } catch (const CoreError& failure) {
        if (failure.code() != "no-device" && failure.code() != "other-device") throw;
        free_.clear();
    }
    if (now == told_) return std::optional<std::vector<PartitionState>>();
    told_ = std::move(now);
    return std::optional(std::move(all));
}

void PartitionList::told(const std::vector<PartitionState>& all) {
    told_ = fingerprint(all, free_);
}

} // namespace tilescope
