#include "engine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "error.h"
#include "kernel_log.h"

namespace tilescope {
namespace {

using Clock = std::chrono::steady_clock;

/** Until a start has its partition, and until a process that lost its descriptors has ended: nobody is waited for longer. */
constexpr std::chrono::seconds longestStart{2};
constexpr std::chrono::milliseconds longestEnd{100};

std::string columnsText(ColumnRange columns) {
    return "columns " + std::to_string(columns.startCol) + " to " +
           std::to_string(columns.startCol + columns.numCols - 1);
}

std::vector<Fact> columnFacts(ColumnRange columns) {
    return {{"startCol", int64_t{columns.startCol}}, {"numCols", int64_t{columns.numCols}}};
}

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

/** The holders of a partition, holder processes told from others. */
struct Hold {
    Hands hands;
    std::optional<HolderInfo> info;
    /** Applications first, each group oldest first. */
    std::vector<Holder> holders;
    size_t applications = 0;
};

/** A holder process stands in the name of the owner that it was taken from. */
Hold judgeHolders(Kernel& kernel, ColumnRange columns, const std::vector<Holder>& holders) {
    Hold found{{true, 0, 0}, std::nullopt, {}, 0};
    std::vector<Holder> keepers;
    for (const Holder& one : holders) {
        std::optional<HoldFacts> facts;
        if (one.command == holdCommand) facts = holdOf(kernel, one, columns);
        if (!facts) {
            found.holders.push_back(one);
            continue;
        }
        if (!found.info) found.info = HolderInfo{one, *facts};
        keepers.push_back(one);
    }
    found.applications = found.holders.size();
    found.holders.insert(found.holders.end(), keepers.begin(), keepers.end());
    if (found.applications != 0) {
        found.hands = {true, found.holders.front().pid, found.holders.front().startTicks};
    } else if (found.info) {
        found.hands = {true, found.info->facts.ownerPid, found.info->facts.ownerTicks};
    }
    return found;
}

/** Whether the owner that a holder was taken from has ended, even where nobody may look at its descriptors. */
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

/**
 * Whether nobody but a holder process has the partition any more. Where it was not taken from a process, or the kernel takes
 * partitions itself, the kernel may have it as well, which nobody can see.
 * @param complete every process of the machine was looked at, and none has it
 */
bool isGone(Kernel& kernel, const HolderInfo& hold, bool complete) {
    if (hold.facts.ownerPid == 0 || kernelTakesPartitions(kernel)) return false;
    return complete || hasEnded(kernel, hold);
}

/**
 * Whether zocl's request has a context, as that of XRT 2.18 (2024.2) and later, which has another request at the earlier
 * one's number; the kernel looks at the number only. Without a version the later one: at an earlier zocl it does nothing.
 */
bool zoclHasContext(Kernel& kernel) {
    const std::string version = kernel.readText("/sys/module/zocl/version").value_or("");
    unsigned major = 0;
    unsigned minor = 0;
    if (sscanf(version.c_str(), "%3u.%3u", &major, &minor) != 2) return true;
    return major > 2 || (major == 2 && minor >= 18);
}

/** The number that was given to a process or thread last: a look at all of them is worth while only when it moved. */
std::optional<int64_t> lastPidOf(Kernel& kernel) {
    const std::string text = kernel.readText("/proc/loadavg").value_or("");
    const size_t begin = text.find_last_of(' ') + 1; // 0 where there is none: that is no whole number then
    int64_t pid = 0;
    const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), pid);
    if (error != std::errc() || *end != '\n') return std::nullopt;
    return pid;
}

bool overlap(ColumnRange a, ColumnRange b) {
    return a.startCol < b.startCol + b.numCols && b.startCol < a.startCol + a.numCols;
}

bool inside(ColumnRange inner, ColumnRange outer) {
    return inner.startCol >= outer.startCol && inner.startCol + inner.numCols <= outer.startCol + outer.numCols;
}

/** The part of `rows` that a partition of rows `start` to `end` has. */
RowRange clipped(RowRange rows, uint32_t start, uint32_t end) {
    const uint32_t first = std::max(rows.start, start);
    const uint32_t last = std::min(rows.start + rows.count, end);
    return first < last ? RowRange{first, last - first} : RowRange{};
}

std::pair<uint32_t, uint32_t> placeOf(ColumnRange columns) {
    return {columns.startCol, columns.numCols};
}

std::vector<Fact> ownerFacts(const PartitionState& state) {
    std::vector<Fact> facts = columnFacts(state.entry.columns);
    if (state.owner) {
        facts.emplace_back("pid", state.owner->pid);
        facts.emplace_back("command", state.owner->command);
    }
    return facts;
}

void checkOpenTiles(const std::vector<uint32_t>& tiles, const MemoryGeometry& geometry) {
    for (const uint32_t tile : tiles) {
        if (tile >= geometry.tileCount()) throw CoreError("out-of-range", "open tile " + std::to_string(tile));
    }
}

/** The columns of at most the next 256 KiB of a read, which a lease hardly gets through; empty for ranges of nowhere. */
std::optional<ColumnRange> columnsOfNext(const MemoryGeometry& geometry, std::span<const ByteRange> ranges, size_t at,
                                         uint64_t done, uint64_t most = 262144) {
    const uint64_t total = geometry.totalBytes();
    uint32_t first = array::maxColumns;
    uint32_t last = 0;
    uint64_t bytes = 0;
    for (; at < ranges.size() && bytes < most; at++, done = 0) {
        const ByteRange& range = ranges[at];
        if (range.offset > total || range.length > total - range.offset) return std::nullopt;
        if (done >= range.length) continue;
        const uint64_t length = std::min(range.length - done, most - bytes);
        const uint64_t from = range.offset + done;
        first = std::min(first, geometry.tile(geometry.tileIndex(from)).col);
        last = std::max(last, geometry.tile(geometry.tileIndex(from + length - 1)).col);
        bytes += length;
    }
    if (bytes == 0) return std::nullopt;
    return ColumnRange{first, last - first + 1};
}

/**
 * The columns from a partition's first to the last that has one of these words: a partition that begins where the array
 * does is one whose clocks every driver notes rightly. Empty for words of nowhere.
 */
std::optional<ColumnRange> columnsUpTo(const MemoryGeometry& geometry, std::span<const Word> words) {
    uint32_t last = geometry.startCol;
    for (const Word& word : words) {
        if (word.offset >= geometry.totalBytes()) return std::nullopt;
        last = std::max(last, geometry.tile(geometry.tileIndex(word.offset)).col);
    }
    return ColumnRange{geometry.startCol, last - geometry.startCol + 1};
}

/** The one of this type. Throws `no-memory-types`. */
MemoryGeometry memoryOf(const PartitionEntry& entry, const std::vector<MemoryGeometry>& memories, MemoryType type) {
    for (const MemoryGeometry& one : memories) {
        // Without the shim row there is no clock register to start from, and no safe way to a tile.
        if (one.type == type && entry.startRow == 0) return one;
    }
    throw CoreError("no-memory-types",
                    columnsText(entry.columns) + " have no memory of type " + std::string(memoryName(type)), 0,
                    columnFacts(entry.columns));
}

bool contains(const std::vector<uint32_t>& tiles, uint32_t index) {
    return std::find(tiles.begin(), tiles.end(), index) != tiles.end();
}

} // namespace

ColumnRange checkedColumns(ColumnRange columns) {
    const bool sane =
        columns.startCol < array::maxColumns && columns.numCols >= 1 && columns.numCols <= array::maxColumns;
    if (sane) return columns;
    throw CoreError("out-of-range",
                    std::to_string(columns.numCols) + " columns from column " + std::to_string(columns.startCol));
}

std::string_view ownerKindName(OwnerKind kind) {
    constexpr std::array<std::string_view, 3> names{"process", "kernel", "hidden"};
    return names.at(static_cast<size_t>(kind));
}

Engine::Engine(Kernel& kernel, std::string device)
    : kernel_(kernel), device_(std::move(device)), machine_(kernel.machine()),
      epochs_(machine_.bootId, std::to_string(machine_.pid) + "@" +
                                   std::to_string(startTicksOf(kernel, machine_.pid).value_or(0)) + "#" +
                                   std::to_string(kernel.now())) {}

NodeFd Engine::openNode() {
    int error = 0;
    std::string other;
    NodeFd node = NodeFd::open(kernel_, device_, error, other);
    if (error == 0) {
        know(node, nullptr);
        return node;
    }
    const std::string detail = "open " + device_ + ": " + errnoName(error);
    std::vector<Fact> facts{{"path", device_}};
    const bool gone = error == ENOENT || error == ENXIO || error == ENODEV;
    if (gone || !other.empty()) {
        epochs_.endAll();
        node_.reset();
        remembered_.clear();
        enquired_.reset();
        if (!gone) {
            facts.emplace_back("found", other);
            throw CoreError("other-device", device_ + " is no node of the driver, but: " + other, 0, facts);
        }
        throw CoreError("no-device", detail, error, facts);
    }
    if (error == EACCES || error == EPERM) {
        facts.emplace_back("missing", std::string("node-mode"));
        if (const auto mode = kernel_.modeOf(device_)) {
            std::string bits = "0000";
            for (size_t i = 0; i < bits.size(); i++) {
                bits[i] = static_cast<char>('0' + (mode->bits >> (3 * (bits.size() - 1 - i)) & 7U));
            }
            facts.emplace_back("mode", bits);
            facts.emplace_back("nodeUid", mode->uid);
            facts.emplace_back("nodeGid", mode->gid);
        }
        throw CoreError("permission", detail, error, facts);
    }
    throw CoreError("driver", detail, error, facts);
}

void Engine::know(const NodeFd& node, std::vector<std::string>* findings) {
    const auto identity = kernel_.identity(node.get());
    const bool same = node_.has_value() && identity == node_;
    if (same && findings == nullptr) return;
    std::vector<std::string> unused;
    DriverFacts facts = findDriver(kernel_, device_, findings != nullptr ? *findings : unused);
    if (same) {
        facts.requestLength = facts_.requestLength;
        facts.descriptorList = facts_.descriptorList;
        facts.positioned = facts_.positioned;
        facts.releaseGates = facts_.releaseGates;
        facts.memoriesAsked = facts_.memoriesAsked;
        const bool learnt = !facts.generationNamed && facts_.generation != Generation::unknown;
        if (learnt) {
            facts.generation = facts_.generation;
            facts.family = facts_.family;
        }
        if (!facts.shape) facts.shape = facts_.shape;
    } else {
        // Another driver was loaded: nothing of before counts.
        if (node_.has_value()) epochs_.endAll();
        resembles_ = Generation::unknown;
        refusals_.clear();
        remembered_.clear();
        watches_.clear();
        enquired_.reset();
        surveyed_.reset();
        idle_.clear();
        courtesy_.forget();
        since_.clear();
        picked_.clear();
        clocks_.clear();
        mapped_.clear();
    }
    facts_ = std::move(facts);
    node_ = identity;
}

OrLater<std::vector<PartitionEntry>> Engine::enquire(const NodeFd& node, std::vector<std::string>* findings) {
    std::array<uapi::RangeArgs, 128> listed{};
    uint32_t present = 0;
    if (const auto found = survey(); !found) return found.later();
    auto kept = keepOpen(); // an owner that is killed now must not be the one that closes last
    if (!kept) return kept.later();
    if (openedSince(surveyed_->at)) {
        kept->clear();
        if (const auto waited = waitFor(unsettled_, longestStart); !waited) return waited.later();
    }
    unsettled_.reset();
    const int result = kernel_.enquire(node, listed, present);
    if (result < 0) {
        throw CoreError("driver", "AIE_ENQUIRE_PART 0xC0104101: " + errnoName(-result), -result);
    }
    kept->clear();
    std::vector<PartitionEntry> entries;
    const size_t count = std::min<size_t>(present, listed.size());
    for (const uapi::RangeArgs& one : std::span(listed).first(count)) {
        const bool inUse = (one.status & uapi::statusInUse) != 0;
        // Of free ranges this family tells wrong sizes and no ids: they are computed.
        if (facts_.dynamic && !inUse) continue;
        const uapi::Range& range = one.range;
        const bool sane = range.size.col >= 1 && range.size.col <= array::maxColumns &&
                          range.start.col <= array::maxColumns && range.start.row <= array::maxRows &&
                          range.size.row >= 1 && range.size.row <= array::maxRows;
        if (!sane) {
            if (findings != nullptr) {
                findings->push_back("enquire: partition " + std::to_string(one.partitionId) +
                                    " has columns or rows that no array has; left out");
            }
            continue;
        }
        const uint32_t id = facts_.dynamic ? range.start.col | range.size.col << 8U : one.partitionId;
        entries.push_back({id, {range.start.col, range.size.col}, range.start.row, range.size.row, inUse});
    }
    listed_ = entries;
    enquired_ = kernel_.clock();
    return entries;
}

DoneOrLater Engine::waitFor(std::optional<std::chrono::steady_clock::time_point>& since,
                            std::chrono::steady_clock::duration longest) {
    constexpr std::chrono::milliseconds between{1};
    const auto now = kernel_.clock();
    if (!since) since = now;
    if (now - *since >= longest) return Done{};
    return Later{now + between};
}

bool Engine::openedSince(std::chrono::steady_clock::time_point time) {
    const auto opened = kernel_.openedByOthers();
    return opened && *opened > time;
}

DoneOrLater Engine::survey() {
    const bool came = surveyed_ && openedSince(surveyed_->at);
    const auto last = lastPidOf(kernel_);
    const auto begin = kernel_.clock();
    bool complete = !surveyed_;
    Survey seen;
    if (surveyed_ && !came && last && last == surveyed_->lastPid) {
        // Nobody is new, and nobody else has opened the node.
        seen = surveyOpeners(kernel_, device_, surveyed_->openers);
        seen.others.merge(surveyed_->others);
    } else {
        // Who was there without the node, and did not open it since, has no partition now, either.
        seen = surveyHolders(kernel_, device_, machine_.pid, surveyed_ ? surveyed_->others : std::set<int64_t>());
        const bool explained = std::any_of(seen.openers.begin(), seen.openers.end(), [&](const auto& one) {
            return !surveyed_ || !surveyed_->openers.contains(one.first);
        });
        if (came && !explained) {
            seen = surveyHolders(kernel_, device_, machine_.pid, {});
            complete = true;
        }
    }
    // Whoever was seen to open it and has a partition now explains the opening.
    const bool met = std::any_of(seen.openers.begin(), seen.openers.end(), [&](const auto& one) {
        return !one.second && (!surveyed_ || !surveyed_->openers.contains(one.first));
    });
    for (auto& [columns, search] : seen.found) {
        const Remembered* known = remembered(columns);
        if (known != nullptr && !known->search.holders.empty() && isStill(*known)) continue;
        forget(columns);
        mapped_.erase(placeOf(columns));
        remember(columns, std::move(search));
        if (complete) continue;
        // It is pinned now, so it may be killed while those are searched who were there before: a holder process.
        HolderSearch whole = findHolders(kernel_, columns, machine_.pid);
        whole.holders = judgeHolders(kernel_, columns, whole.holders).holders;
        Remembered& one = *remembered(columns);
        const bool same = !whole.holders.empty() && whole.holders.front().pid == one.search.holders.front().pid &&
                          whole.holders.front().fd == one.search.holders.front().fd;
        if (same) one.search = std::move(whole);
    }
    std::erase_if(idle_, [&](int64_t pid) { return !seen.openers.contains(pid); });
    const bool starting = std::any_of(seen.openers.begin(), seen.openers.end(),
                                      [&](const auto& one) { return one.second && !idle_.contains(one.first); });
    surveyed_ = Surveyed{begin, last, std::move(seen.others), std::move(seen.openers)};
    // Whoever opened it and is not seen with a partition is ending: at the next look it has ended.
    if (!starting && (!came || met)) return Done{};
    if (const auto waited = waitFor(unsettled_, longestStart); !waited) return waited.later();
    for (const auto& [pid, hasNone] : surveyed_->openers) {
        if (hasNone) idle_.insert(pid);
    }
    return Done{};
}

OrLater<std::vector<UniqueFd>> Engine::keepOpen() {
    std::vector<UniqueFd> kept;
    bool ending = false;
    for (Remembered& one : remembered_) {
        if (!one.process.valid()) continue;
        const Holder& first = one.search.holders.front();
        if (first.fd < 0) continue; // it has none, and lets go with its memory
        const int copy = kernel_.duplicateFrom(one.process.get(), first.fd);
        if (copy >= 0) {
            kept.emplace_back(kernel_, copy);
            continue;
        }
        // A process that is ending has no descriptors any more, and its last closes run before it is dead.
        int error = 0;
        ending = ending || ((copy == -EBADF || copy == -ESRCH) && kernel_.isAlive(one.process.get()) &&
                            kernel_.list("/proc/" + std::to_string(first.pid) + "/fd", error).empty());
    }
    if (!ending) {
        ending_.reset();
        return kept;
    }
    kept.clear();
    if (const auto waited = waitFor(ending_, longestEnd); !waited) return waited.later();
    ending_.reset();
    return kept;
}

bool Engine::isListFresh() {
    constexpr std::chrono::milliseconds lookInterval{500};
    return enquired_ && kernel_.clock() - *enquired_ < lookInterval;
}

OrLater<Engine::Presumed> Engine::presume(const NodeFd& node, ColumnRange columns, Asking asking) {
    std::vector<PartitionEntry> entries = listed_;
    auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& one) { return one.columns == columns; });
    const bool told = enquired_ && (entry != entries.end() || (facts_.dynamic && freeEntry(columns).numRows != 0));
    Remembered* known = remembered(columns);
    bool seen = told && known != nullptr && !known->search.holders.empty() && isStill(*known);
    const bool unasked = asking == Asking::nobody || node.get() < 0;
    if (told && !seen && unasked && isListFresh()) {
        const auto opened = kernel_.openedByOthers();
        if (opened && known != nullptr && known->search.holders.empty() && *opened > known->at) {
            forget(columns);
            known = nullptr;
        }
        const bool came = opened && *opened > *enquired_;
        seen = (known != nullptr || came) && !holders(columns).holders.empty();
        // Whom we saw with it has gone; where we saw nobody, the driver alone knows.
        const bool left = !seen && entry != entries.end() && entry->inUse && !epochs_.knows(columns, {true, 0, 0});
        if (left && facts_.dynamic) {
            entries.erase(entry);
        } else if (left) {
            entry->inUse = false;
        }
        if (!seen) return Presumed{std::move(entries), nullptr};
        known = remembered(columns);
    }
    if (seen) {
        if (entry == entries.end()) entry = entries.insert(entry, freeEntry(columns));
        entry->inUse = true;
        pin(*known);
        return Presumed{std::move(entries), known};
    }
    if (node.get() < 0) return Later{kernel_.clock()}; // the next look asks
    return enquire(node).then([](auto&& listed) { return Presumed{std::move(listed), nullptr}; });
}

bool Engine::isStill(const Remembered& known) {
    const Holder& first = known.search.holders.front();
    if (first.fd < 0) {
        // It may have asked anew since, and have a descriptor beside its mapping again.
        int error = 0;
        return startTicksOf(kernel_, first.pid) == first.startTicks && hasMapped(kernel_, first.pid, known.columns) &&
               holdersIn(kernel_, first.pid, known.columns, error).empty();
    }
    const auto link = kernel_.readLink("/proc/" + std::to_string(first.pid) + "/fd/" + std::to_string(first.fd));
    if (!link || partitionOfLink(*link) != known.columns) return false;
    // Alive now, it had this number when the link was read.
    if (known.process.valid()) return kernel_.isAlive(known.process.get());
    return startTicksOf(kernel_, first.pid) == first.startTicks;
}

HolderSearch Engine::holders(ColumnRange columns) {
    const auto known =
        std::find_if(remembered_.begin(), remembered_.end(), [&](const auto& one) { return one.columns == columns; });
    if (known != remembered_.end() && known->search.holders.empty()) {
        constexpr std::chrono::milliseconds lookInterval{500};
        if (kernel_.clock() - known->at < lookInterval) return known->search;
        remembered_.erase(known);
    } else if (known != remembered_.end()) {
        if (isStill(*known)) {
            pin(*known);
            return known->search;
        }
        remembered_.erase(known);
        mapped_.erase(placeOf(columns)); // it may have closed its descriptor only
    }
    return remember(columns, findHolders(kernel_, columns, machine_.pid));
}

Engine::Remembered* Engine::remembered(ColumnRange columns) {
    const auto known =
        std::find_if(remembered_.begin(), remembered_.end(), [&](const auto& one) { return one.columns == columns; });
    return known == remembered_.end() ? nullptr : &*known;
}

HolderSearch Engine::remember(ColumnRange columns, HolderSearch search) {
    // Holder processes stand behind applications, however old they are, so that the link that is watched is the owner's.
    Hold judged = judgeHolders(kernel_, columns, search.holders);
    search.holders = std::move(judged.holders);
    if (judged.applications == 0) {
        const auto mappers = mappersOf(columns);
        search.holders.insert(search.holders.begin(), mappers.begin(), mappers.end());
    }
    Remembered found{columns, search, kernel_.clock(), {}, false, std::nullopt, {}};
    if (!search.holders.empty()) pin(found);
    remembered_.push_back(std::move(found));
    return search;
}

std::vector<Holder> Engine::mappersOf(ColumnRange columns) {
    // Every process's map of memory is read, and while that lasts it cannot change it: not at every look.
    constexpr std::chrono::seconds searchInterval{5};
    const auto [place, fresh] = mapped_.try_emplace(placeOf(columns));
    Mapped& known = place->second;
    const bool had = !known.found.empty();
    std::erase_if(known.found, [&](const Holder& one) {
        return startTicksOf(kernel_, one.pid) != one.startTicks || !hasMapped(kernel_, one.pid, columns);
    });
    const auto now = kernel_.clock();
    if (!known.found.empty() || (!fresh && !had && now - known.at < searchInterval)) return known.found;
    known.found = findMappers(kernel_, columns, machine_.pid);
    known.at = now;
    return known.found;
}

void Engine::pin(Remembered& known) {
    if (known.process.valid() || known.refused) return;
    try {
        known.process = openHolder(kernel_, known.search.holders.front());
    } catch (const CoreError&) {
        known.refused = true; // a kernel without pidfds: the holder is told by its start time
    }
}

void Engine::letGo(ColumnRange columns) {
    for (Remembered& one : remembered_) {
        if (one.columns != columns) continue;
        one.process.reset();
        one.state.reset();
    }
}

void Engine::noticeHolds() {
    // Ten looks, five seconds, are far more than a holder process needs to take its name.
    constexpr int looks = 10;
    const std::string name = std::string(holdCommand) + "\n";
    const auto isHold = [&](int64_t pid) { return kernel_.readText("/proc/" + std::to_string(pid) + "/comm") == name; };
    const auto last = lastPidOf(kernel_);
    const bool settled =
        std::all_of(processes_.begin(), processes_.end(), [](const auto& one) { return one.second == 0; });
    std::vector<int64_t> pids;
    if (last && last == lastPid_ && settled) {
        // Nothing was started since: at most one of those that are known has ended.
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

PartitionState Engine::look(const PartitionEntry& entry, HolderSearch search) {
    PartitionState state;
    state.entry = entry;
    Hands hands;
    if (entry.inUse) {
        Hold found = judgeHolders(kernel_, entry.columns, search.holders);
        hands = found.hands;
        state.hold = found.info;
        state.holders = std::move(found.holders);
        if (found.applications != 0) {
            const Holder& first = state.holders.front();
            const int64_t sinceBoot =
                static_cast<int64_t>(first.startTicks) * 1000 / std::max<int64_t>(machine_.ticksPerSecond, 1);
            state.owner = Owner{OwnerKind::process, first.pid, first.command, machine_.bootedAt + sinceBoot};
        } else if (found.info && isGone(kernel_, *found.info, search.hidden == 0)) {
            state.ownerGone = true;
        } else {
            // Beside a holder the owner may be one of those that nobody could look at.
            state.owner = Owner{search.hidden == 0 ? OwnerKind::kernel : OwnerKind::hidden, 0, "", 0};
        }
    }
    state.epoch = epochs_.observe(entry.columns, hands);
    auto& [life, since] = since_[placeOf(entry.columns)];
    if (life != state.epoch) {
        life = state.epoch;
        since = kernel_.clock();
    }
    state.picked = facts_.dynamic && !entry.inUse && isPicked(entry.columns);
    const auto clocks = clocks_.find(placeOf(entry.columns));
    if (clocks != clocks_.end()) {
        state.clocksOn = !entry.inUse && clocks->second == state.epoch;
        if (!state.clocksOn) clocks_.erase(clocks);
    }
    return state;
}

bool Engine::isPicked(ColumnRange columns) const {
    return opening_ == columns || std::find(picked_.begin(), picked_.end(), columns) != picked_.end();
}

PartitionEntry Engine::freeEntry(ColumnRange columns) const {
    const uint32_t rows = facts_.shape ? facts_.shape->numRows() : 0;
    return {columns.startCol | columns.numCols << 8U, columns, 0, rows, false};
}

DoneOrLater Engine::checkFree(const NodeFd& node, const std::vector<PartitionEntry>& entries, ColumnRange columns,
                              Asking asking) {
    for (const PartitionEntry& one : entries) {
        if (!overlap(one.columns, columns) || one.columns == columns) continue;
        // Waits until it is clear that it is nobody's short access, which may end meanwhile.
        std::optional<PartitionState> taken;
        try {
            auto found = find(node, one.columns, asking);
            if (!found) return found.later();
            taken = std::move(*found);
        } catch (const CoreError& failure) {
            if (failure.code() != "no-partition") throw;
        }
        if (!taken || !taken->entry.inUse) continue;
        throw CoreError("columns-taken", columnsText(one.columns) + " are in use", 0, ownerFacts(*taken));
    }
    bool exists = facts_.apertures.empty() && columns.startCol + columns.numCols <= array::maxColumns;
    for (const ColumnRange& one : facts_.apertures) exists = exists || inside(columns, one);
    if (!exists) throw CoreError("no-partition", "the array has no " + columnsText(columns), 0, columnFacts(columns));
    return Done{};
}

OrLater<PartitionState> Engine::find(const NodeFd& node, ColumnRange columns, Asking asking,
                                     const std::vector<PartitionEntry>* listed) {
    constexpr std::chrono::milliseconds shortHold{50};
    constexpr int searchesForNobody = 3;
    constexpr std::chrono::milliseconds longestWait{8};
    constexpr std::chrono::microseconds between{100};
    constexpr int fewestLooks = 50; // so that one long preemption is not taken for a long hold
    // A process is looked at by its link, each time. Where nobody is seen, only the driver tells: it is asked less often.
    constexpr int looksPerEnquiry = 50;
    const std::pair place = placeOf(columns);
    const auto end = kernel_.clock() + longestWait;
    bool looked = false; // every call gets one look further, however long its search took
    const auto hands = [&](const HolderSearch& search) { return judgeHolders(kernel_, columns, search.holders).hands; };
    const auto seen = [&](const PartitionEntry& entry, HolderSearch search) {
        watches_.erase(place);
        const Hands now = hands(search);
        PartitionState state = look(entry, std::move(search));
        for (Remembered& one : remembered_) {
            if (one.columns != columns) continue;
            one.state = state;
            one.hands = now;
        }
        return state;
    };
    Presumed told;
    for (int unasked = 0;; unasked++) {
        const auto watched = watches_.find(place);
        const bool unseen = looked && watched != watches_.end() && watched->second.seen.holders.empty();
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
        if (entry == entries.end()) {
            watches_.erase(place);
            letGo(columns);
            if (isPicked(columns)) {
                if (const auto free = checkFree(node, entries, columns, asking); !free) return free.later();
                return look(freeEntry(columns), {});
            }
            throw CoreError("no-partition", "no partition has " + columnsText(columns), 0, columnFacts(columns));
        }
        if (!entry->inUse) {
            watches_.erase(place);
            letGo(columns);
            return look(*entry, {});
        }
        courtesy_.used(columns, kernel_.clock());
        const auto [fresh, first] = watches_.try_emplace(place);
        Watch& watch = fresh->second;
        HolderSearch now = told.holder != nullptr ? told.holder->search : holders(columns);
        if (!looked && epochs_.knows(columns, hands(now))) return seen(*entry, std::move(now));
        // Other hands than a moment ago have to stay, too.
        if (first || hands(now) != hands(watch.seen)) watch = {{}, {}, 0, 0};
        watch.seen = std::move(now); // the same hands, but a holder process may have come
        const bool nobody = watch.seen.holders.empty();
        if (watch.time >= shortHold && watch.looks >= fewestLooks) {
            if (!nobody) return seen(*entry, std::move(watch.seen));
            // Searched again, more than once, as one search may fall between two owners.
            forget(columns);
            auto found = holders(columns);
            if (!found.holders.empty()) {
                watch = {std::move(found), {}, 0, 0};
            } else if (++watch.searches == searchesForNobody) {
                return seen(*entry, std::move(found));
            }
        }
        const auto time = kernel_.clock();
        if (looked && time >= end) return Later{time};
        kernel_.pause(between);
        looked = true;
        watch.time += std::max<std::chrono::steady_clock::duration>(kernel_.clock() - time, between);
        watch.looks++;
        if (hurried()) return Later{kernel_.clock()};
    }
}

void Engine::forget(ColumnRange columns) {
    std::erase_if(remembered_, [&](const Remembered& one) { return one.columns == columns; });
}

std::vector<std::string> Engine::deviceNames() {
    int error = 0;
    auto names = kernel_.list("/sys/class/aie", error);
    std::sort(names.begin(), names.end());
    return names;
}

bool Engine::isQuiet() {
    if (!facts_.dynamic || names_.empty() || !watches_.empty() || !node_) return false;
    if (kernel_.identityAt(device_) != node_ || deviceNames() != names_) return false;
    for (const PartitionEntry& entry : listed_) {
        if (!entry.inUse) continue;
        const auto known = std::find_if(remembered_.begin(), remembered_.end(),
                                        [&](const Remembered& one) { return one.columns == entry.columns; });
        // Whom nobody found an enquiry does not find either.
        const bool found = known != remembered_.end() && !known->search.holders.empty();
        if (found && !isStill(*known)) return false;
    }
    return true;
}

OrLater<std::vector<PartitionState>> Engine::list(const NodeFd& node, std::vector<std::string>* findings) {
    names_.clear();
    auto names = facts_.dynamic ? deviceNames() : std::vector<std::string>();
    const auto entries = enquire(node, findings);
    if (!entries) return entries.later();
    auto all = listOf(node, *entries);
    if (!all) return all;
    names_ = std::move(names);
    return all;
}

OrLater<std::vector<PartitionState>> Engine::listOf(const NodeFd& node, const std::vector<PartitionEntry>& entries) {
    const bool used = std::any_of(entries.begin(), entries.end(), [](const PartitionEntry& one) { return one.inUse; });
    // Who was waited for and let go unseen is waited for no more.
    std::erase_if(watches_, [&](const auto& one) {
        return std::none_of(entries.begin(), entries.end(), [&](const PartitionEntry& entry) {
            return entry.inUse && placeOf(entry.columns) == one.first;
        });
    });
    if (!used) {
        holds_.clear();
        processes_.clear();
        lastPid_.reset();
    } else if (watches_.empty()) { // a wait in steps does not look at every step
        noticeHolds();
    }
    for (const Remembered& one : remembered_) {
        const bool gone = std::none_of(entries.begin(), entries.end(), [&](const PartitionEntry& entry) {
            return entry.inUse && entry.columns == one.columns;
        });
        if (gone) letGo(one.columns);
    }
    // A look at the list searches again for whom nobody was found; a wait in steps goes on with what it found.
    std::erase_if(remembered_, [&](const Remembered& one) {
        return one.search.holders.empty() && !watches_.contains(placeOf(one.columns));
    });
    std::vector<PartitionState> all;
    for (const PartitionEntry& entry : entries) {
        if (!entry.inUse) {
            all.push_back(look(entry, {}));
            continue;
        }
        try {
            auto found = find(node, entry.columns, Asking::person, &entries);
            if (!found) return found.later();
            all.push_back(std::move(*found));
        } catch (const CoreError& failure) {
            // A dynamic one is gone when its owner lets go.
            if (!facts_.dynamic || failure.code() != "no-partition") throw;
        }
    }
    free_.clear();
    if (!facts_.dynamic) return all;

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
        if (freeEntry(pick).numRows == 0) continue; // nobody tells its rows any more
        const bool listed =
            std::any_of(all.begin(), all.end(), [&](const PartitionState& one) { return one.entry.columns == pick; });
        if (!listed) all.push_back(look(freeEntry(pick), {}));
    }
    std::stable_sort(all.begin(), all.end(), [](const PartitionState& a, const PartitionState& b) {
        return placeOf(a.entry.columns) < placeOf(b.entry.columns);
    });
    std::vector<ColumnRange> arrays = facts_.apertures;
    if (arrays.empty() && facts_.shape && facts_.shape->numCols != 0) arrays.push_back({0, facts_.shape->numCols});
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
    return all;
}

OrLater<std::vector<PartitionState>> Engine::partitions() {
    const NodeFd node = openNode();
    return list(node);
}

OrLater<PartitionState> Engine::state(ColumnRange columns, Asking asking) {
    const NodeFd node = openNode();
    return find(node, columns, asking);
}

OrLater<std::optional<std::vector<PartitionState>>> Engine::poll() {
    std::vector<PartitionState> all;
    std::string now;
    try {
        // Whoever reads the driver's list in the moment in which an owner is killed can leave the driver locked for ever.
        constexpr std::chrono::milliseconds whileWaiting{250};
        const std::vector<PartitionEntry> before = listed_;
        // Hands that are waited for are looked at by their links meanwhile.
        const bool waiting = !watches_.empty() && node_ && enquired_ && kernel_.clock() - *enquired_ < whileWaiting &&
                             kernel_.identityAt(device_) == node_;
        auto found = waiting || isQuiet() ? listOf(NodeFd(), before) : partitions();
        if (!found) return found.later();
        all = std::move(*found);
        now = fingerprint(all, free_);
    } catch (const CoreError& failure) {
        if (failure.code() != "no-device" && failure.code() != "other-device") throw;
        free_.clear();
    }
    if (now == lastList_) return std::optional<std::vector<PartitionState>>();
    lastList_ = std::move(now);
    return std::optional(std::move(all));
}

OrLater<Description> Engine::describe() {
    Description description;
    description.device = device_;
    const NodeFd node = openNode();
    know(node, &description.findings);
    auto& findings = description.findings;
    auto listed = list(node, &findings);
    if (!listed) return listed.later();
    description.partitions = std::move(*listed);
    for (const PartitionState& one : description.partitions) {
        const PartitionEntry& entry = one.entry;
        findings.push_back((entry.inUse || !facts_.dynamic ? "enquire: partition " : "picked: partition ") +
                           std::to_string(entry.id) + " " + columnsText(entry.columns) + ", rows " +
                           std::to_string(entry.startRow) + " to " +
                           std::to_string(entry.startRow + entry.numRows - 1) + (entry.inUse ? ", in use" : ", free"));
    }
    // Where nobody tells the rows, those of the first generation follow from a partition's.
    if (!facts_.shape && facts_.generation == Generation::aie) {
        ArrayShape shape{0, {0, 1}, {}, {}};
        for (const PartitionState& one : description.partitions) {
            if (one.entry.startRow != 0 || one.entry.numRows < 2) continue;
            shape.core = {1, std::max(shape.core.count, one.entry.numRows - 1)};
        }
        if (shape.core.count != 0) description.array = shape;
    } else {
        description.array = facts_.shape;
    }
    description.family = facts_.family;
    description.generation = facts_.generation;
    description.free = free_;
    if (!seesMachine(kernel_)) {
        findings.emplace_back("processes: this is a PID namespace (a container); owners outside of it cannot be seen");
    }
    findings.push_back("page size: " + std::to_string(machine_.pageSize) + " bytes");
    if (facts_.requestLength) {
        findings.push_back(*facts_.requestLength == RequestLength::bytes40 ? "request: 40 bytes" : "request: 24 bytes");
    }
    const auto yesNo = [&](const char* what, const std::optional<bool>& value) {
        findings.push_back(std::string(what) + (!value ? "not tried yet" : *value ? "yes" : "no"));
    };
    yesNo("descriptor list: ", facts_.dynamic ? facts_.descriptorList : std::optional<bool>(false));
    yesNo("pread and pwrite: ", facts_.positioned);
    yesNo("clocks end when they are given back (AIE_RELEASE_TILES): ", facts_.releaseGates);
    findings.push_back("DMA-bufs asked for (AIE_GET_MEM): " + std::to_string(facts_.memoriesAsked));
    lastList_ = fingerprint(description.partitions, free_);
    return description;
}

Layout Engine::layout(const PartitionEntry& entry) const {
    Layout layout;
    layout.knownRegisters = facts_.generation != Generation::unknown;
    layout.trusted = facts_.family != Family::unknown;
    layout.map = mapOf(layout.knownRegisters ? facts_.generation : resembles_);
    const uint32_t end = entry.startRow + entry.numRows;
    ArrayShape rows;
    if (facts_.shape) {
        rows = *facts_.shape;
    } else if (facts_.generation == Generation::aie) {
        rows = {0, {0, 1}, {}, {1, array::maxRows}};
    } else {
        layout.map = nullptr;
    }
    layout.shape = {0, clipped(rows.shim, entry.startRow, end), clipped(rows.memory, entry.startRow, end),
                    clipped(rows.core, entry.startRow, end)};
    return layout;
}

MemoryGeometry Engine::geometry(const Opened& opened, MemoryType type) const {
    // What the driver described counts, where it was asked; beside an owner it may not be.
    const bool described = opened.lease != nullptr && !opened.lease->largePages() && !opened.lease->positioned();
    if (described) return memoryOf(opened.state.entry, opened.lease->memories(), type);
    const Layout& known = opened.access->layout();
    return memoryOf(opened.state.entry, memoriesOf(*known.map, known.shape, opened.state.entry.columns), type);
}

MemoryGeometry Engine::geometry(const PartitionEntry& entry, MemoryType type) const {
    const Layout known = layout(entry);
    if (known.map == nullptr) throw CoreError("unknown-driver", "nobody tells what array this is");
    return memoryOf(entry, memoriesOf(*known.map, known.shape, entry.columns), type);
}

void Engine::learn(const Lease& lease, const PartitionEntry& entry) {
    const auto found = judge(lease.descriptions(), entry);
    if (!found) throw CoreError("unknown-driver", "AIE_GET_MEM describes no array that this version knows");
    if (!facts_.shape) {
        facts_.shape = found->shape;
        for (const ColumnRange& one : facts_.apertures) {
            facts_.shape->numCols = std::max(facts_.shape->numCols, one.startCol + one.numCols);
        }
    }
    if (facts_.generation != Generation::unknown) return;
    if (facts_.generationNamed) {
        resembles_ = found->generation;
    } else {
        facts_.generation = found->generation;
        facts_.family = facts_.apparent;
    }
}

OrLater<std::unique_ptr<Lease>> Engine::request(const NodeFd& node, const PartitionEntry& entry, bool last) {
    std::vector<RequestLength> lengths;
    if (facts_.requestLength) {
        lengths = {*facts_.requestLength};
    } else if (facts_.dynamic) {
        lengths = {RequestLength::bytes40, RequestLength::bytes24};
    } else {
        lengths = {RequestLength::bytes24};
    }
    for (const RequestLength length : lengths) {
        auto taken = Lease::take(kernel_, node, entry, layout(entry), facts_, length, machine_.pageSize);
        if (taken.lease) {
            facts_.requestLength = length;
            return std::move(taken.lease);
        }
        if (taken.error == EBUSY) return std::unique_ptr<Lease>();
        // EINVAL: a busy range (on drivers with apertures), or another length than this driver's.
        const auto entries = enquire(node);
        if (!entries) return entries.later();
        const bool busy = std::any_of(entries->begin(), entries->end(), [&](const PartitionEntry& one) {
            return one.inUse && overlap(one.columns, entry.columns);
        });
        if (busy) return std::unique_ptr<Lease>();
    }
    // It was busy, and is not any more. Where no request worked yet, that is one of two reasons.
    if (facts_.dynamic && (facts_.requestLength || !last)) return std::unique_ptr<Lease>();
    throw CoreError("driver", "AIE_REQUEST_PART: EINVAL", EINVAL, columnFacts(entry.columns));
}

OrLater<PartitionFd> Engine::descriptor(const NodeFd& node, const PartitionState& state, Visit& visit) {
    constexpr std::chrono::seconds settled{2};
    const ColumnRange& columns = state.entry.columns;
    // A process may have closed its descriptor and kept a mapping: that one has none to give.
    const bool found =
        std::any_of(state.holders.begin(), state.holders.end(), [](const Holder& one) { return one.fd >= 0; });
    if (found) return borrowDescriptor(kernel_, columns, state.holders);
    if (kernelDescriptor_ && kernelDescriptor_->first == columns) {
        const int copy = kernel_.duplicate(kernelDescriptor_->second.get());
        if (copy >= 0) return PartitionFd(UniqueFd(kernel_, copy));
    }
    if (facts_.dynamic && facts_.descriptorList != false && visit.asking != Asking::nobody) {
        const auto since = since_.find(placeOf(columns));
        const auto ready = (since == since_.end() ? kernel_.clock() : since->second.second) + settled;
        if (kernel_.clock() < ready) return waitUntil(ready);
        if (auto listed = listedDescriptor(kernel_, node, columns, facts_)) return std::move(*listed);
    }
    if (state.owner && state.owner->kind == OwnerKind::kernel) {
        throw CoreError("kernel-held", "in use, and no process holds it: the kernel does", 0, columnFacts(columns));
    }
    try {
        return borrowDescriptor(kernel_, columns, state.holders);
    } catch (const CoreError& failure) {
        if (failure.code() != "owner-hidden" || !state.holders.empty() || seesMachine(kernel_)) throw;
        throw CoreError("owner-hidden", failure.detail() + "; this is a PID namespace", 0,
                        {{"missing", std::string("pid-namespace")}});
    }
}

Refusals& Engine::refusals(const PartitionAccess& access, const std::string& epoch) {
    auto& [life, refusals] = refusals_[access.columns().startCol];
    if (life != epoch) refusals = {};
    life = epoch;
    return refusals;
}

void Engine::enableClocks(Lease& lease, const PartitionState& state) {
    if (!state.clocksOn) return;
    std::vector<Tile> gated;
    const ColumnRange columns = lease.columns();
    for (uint32_t col = columns.startCol; col < columns.startCol + columns.numCols; col++) {
        for (uint32_t row = 1; row < state.entry.numRows; row++) {
            if (lease.clocks({col, row}) == Reason::gated) gated.push_back({col, row});
        }
    }
    lease.clock(gated);
}

Later Engine::waitUntil(std::chrono::steady_clock::time_point until) {
    constexpr std::chrono::milliseconds lookAgain{50};
    return {std::min(until, kernel_.clock() + lookAgain)};
}

OrLater<bool> Engine::giveWay(const PartitionState& state, Visit& visit) {
    const ColumnRange& columns = state.entry.columns;
    courtesy_.opened(kernel_.openedByOthers());
    const auto answer = courtesy_.judge(columns, state.epoch, visit, kernel_.clock());
    switch (answer.verdict) {
    case Courtesy::Verdict::take:
        return true;
    case Courtesy::Verdict::wait:
        return waitUntil(answer.until);
    case Courtesy::Verdict::unasked:
        throw CoreError("not-asked", columnsText(columns) + " are free, and nobody asked for them", 0,
                        columnFacts(columns));
    case Courtesy::Verdict::gated:
        return false;
    case Courtesy::Verdict::over:
        break;
    }
    throw CoreError("gave-way", "somebody opened " + device_, 0, columnFacts(columns));
}

std::chrono::steady_clock::duration Engine::stepTime(const Opened& opened, const Visit& visit) {
    if (opened.lease == nullptr) return borrowTime;
    return visit.asking == Asking::fast ? sliceTime : leaseTime;
}

void Engine::noticeRefusedStarts(ColumnRange columns) {
    for (const std::string& line : kernel_.newLogLines()) {
        const auto wanted = refusedPartition(line);
        if (!wanted) continue;
        const bool ours = facts_.dynamic ? overlap({*wanted & 0xFFU, *wanted >> 8U & 0xFFU}, columns)
                                         : std::any_of(listed_.begin(), listed_.end(), [&](const auto& one) {
                                               return one.id == *wanted && one.columns == columns;
                                           });
        if (!ours) continue;
        const auto opener = findOpener(kernel_, device_, machine_.pid);
        refusedStarts_.push_back({columns, opener ? opener->pid : 0, opener ? opener->command : ""});
        return;
    }
}

Engine::LeaseEnd::~LeaseEnd() {
    if (engine_ == nullptr) return;
    engine_->courtesy_.held(columns_, from_, engine_->kernel_.clock());
    engine_->noticeRefusedStarts(columns_);
}

std::optional<Engine::Opened> Engine::again(ColumnRange columns) {
    const auto known =
        std::find_if(remembered_.begin(), remembered_.end(), [&](const auto& one) { return one.columns == columns; });
    const bool usable = known != remembered_.end() && known->process.valid() && known->state && node_ &&
                        known->search.holders.front().fd >= 0;
    if (!usable || watches_.contains(placeOf(columns)) || !epochs_.knows(columns, known->hands)) return std::nullopt;
    const Layout layout = Engine::layout(known->state->entry);
    if (layout.map == nullptr) return std::nullopt;
    const int copy = kernel_.duplicateFrom(known->process.get(), known->search.holders.front().fd);
    if (copy == -EPERM || copy == -EACCES || copy == -ENOSYS) {
        known->refused = true; // no need to ask again
        known->process.reset();
    }
    if (copy < 0) return std::nullopt;
    PartitionFd partition(UniqueFd(kernel_, copy));
    if (!isPartition(kernel_, copy, columns)) return std::nullopt;
    courtesy_.used(columns, kernel_.clock());
    PartitionState state = *known->state;
    state.epoch = epochs_.observe(columns, known->hands);
    const bool positioned = isPositioned(kernel_, partition, layout, facts_);
    if (!positioned) guard::ensure();
    auto access = std::make_unique<BorrowedPartition>(kernel_, std::move(partition), state.entry, layout, positioned,
                                                      BorrowedPartition::Beside{});
    access->remember(refusals(*access, state.epoch));
    return Opened{std::nullopt, std::move(state), std::move(access), nullptr};
}

std::optional<MemoryGeometry> Engine::divisible(ColumnRange columns, MemoryType type) const {
    if (!facts_.dynamic || facts_.positioned != true) return std::nullopt;
    const Layout known = layout(freeEntry(columns));
    if (known.map == nullptr) return std::nullopt;
    for (const MemoryGeometry& one : memoriesOf(*known.map, known.shape, columns)) {
        if (one.type == type) return one;
    }
    return std::nullopt;
}

OrLater<Engine::Opened> Engine::enter(ColumnRange columns, Purpose purpose, Visit& visit,
                                      const std::optional<ColumnRange>& needed) {
    if (purpose == Purpose::read) {
        if (auto opened = again(columns)) return std::move(*opened);
    }
    // What asks the driver nothing needs no node.
    const bool unasked = purpose == Purpose::read && visit.asking == Asking::nobody && isListFresh();
    const NodeFd node = unasked ? NodeFd() : openNode();
    guard::ensure();
    // That nobody was found a moment ago is no reason to write: whoever came since would be written to.
    const auto forgetNobody = [&] {
        std::erase_if(remembered_,
                      [&](const Remembered& one) { return one.columns == columns && one.search.holders.empty(); });
    };
    const bool writes = purpose != Purpose::read;
    if (writes && !watches_.contains(placeOf(columns))) forgetNobody();
    // Someone may take or leave the partition between the look and the request: look once more, then say so.
    for (int attempt = 0;; attempt++) {
        auto found = find(node, columns, visit.asking);
        if (!found) return found.later();
        PartitionState state = std::move(*found);
        if (!state.entry.inUse) {
            const auto free = giveWay(state, visit);
            if (!free) return free.later();
            if (!*free) return Opened{std::nullopt, std::move(state), nullptr, nullptr};
            kernel_.newLogLines(); // what was said before is not about this lease
            // The driver's lock is taken, as by an enquiry: who has another partition must not be the last to close it.
            auto kept = keepOpen();
            if (!kept) return kept.later();
            LeaseEnd end(*this, columns); // whatever fails after the request, we had the partition
            const auto begun = kernel_.clock();
            const bool part = needed && facts_.dynamic && inside(*needed, columns);
            auto requested = request(node, part ? freeEntry(*needed) : state.entry, attempt >= 2);
            if (!requested) return requested.later();
            std::unique_ptr<Lease> lease = std::move(*requested);
            kept->clear();
            if (!visit.begun) visit.begun = begun;
            if (lease && lease->layout().map == nullptr) {
                // The first one tells what the array is; a second one knows how to reach it.
                learn(*lease, state.entry);
                lease.reset();
                if (state.entry.numRows == 0) state.entry = freeEntry(columns);
                requested = request(node, state.entry, attempt >= 2);
                if (!requested) return requested.later();
                lease = std::move(*requested);
            }
            if (lease) {
                const Layout& layout = lease->layout();
                // The clock registers are in the shim row; where it is all there is, nothing can be gated.
                const bool tells = layout.knownRegisters && (layout.trusted || lease->positioned());
                bool gated = false;
                if (state.entry.startRow == 0 && state.entry.numRows > 1 && tells) {
                    const auto clocked = clockedColumn(*layout.map, lease->registers(), lease->columns());
                    gated = !clocked.has_value();
                    epochs_.sawClocks(columns, lease->columns(), clocked);
                }
                const PartitionState now = look(state.entry, {});
                lease->remember(refusals(*lease, now.epoch));
                courtesy_.clocks(columns, now.epoch, lease->columns(), gated && !now.clocksOn);
                enableClocks(*lease, now);
                Lease* plain = lease.get();
                return Opened{std::move(end), now, std::move(lease), plain};
            }
            end.dismiss();
        } else if (purpose == Purpose::write && !state.ownerGone) {
            throw CoreError("locked", "another process owns " + columnsText(columns), 0, ownerFacts(state));
        } else {
            try {
                const Layout known = layout(state.entry);
                if (known.map == nullptr) {
                    throw CoreError("unknown-driver",
                                    "nobody tells what array this is, and its owner may not be asked");
                }
                auto given = descriptor(node, state, visit);
                if (!given) return given.later();
                PartitionFd partition = std::move(*given);
                if (writes && facts_.dynamic) {
                    // The list names columns, not owners: it must still be the one that was looked at.
                    forgetNobody();
                    const Hands now = judgeHolders(kernel_, columns, holders(columns).holders).hands;
                    if (!epochs_.knows(columns, now)) {
                        throw CoreError("busy", columnsText(columns) + " changed hands meanwhile", EBUSY,
                                        columnFacts(columns));
                    }
                }
                const bool positioned = isPositioned(kernel_, partition, known, facts_);
                BorrowedPartition::Beside beside{writes, state.holders, state.ownerGone, {}};
                if (writes && !positioned) {
                    const auto entries = enquire(node);
                    if (!entries) return entries.later();
                    for (const PartitionEntry& one : *entries) {
                        if (one.inUse && one.columns != columns) beside.others.push_back({one, layout(one)});
                    }
                }
                auto borrowed = std::make_unique<BorrowedPartition>(kernel_, std::move(partition), state.entry, known,
                                                                    positioned, std::move(beside));
                borrowed->remember(refusals(*borrowed, state.epoch));
                return Opened{std::nullopt, std::move(state), std::move(borrowed), nullptr};
            } catch (const CoreError& failure) {
                // Whoever was found is gone; where nobody was, another look finds nobody either.
                const bool gone = failure.code() == "owner-hidden" && !state.holders.empty();
                if ((!gone && failure.code() != "busy") || attempt >= 2) throw;
                forget(columns);
            }
        }
        if (attempt >= 2) {
            // The look before the request found nobody: who has it by now?
            const auto by = find(node, columns, visit.asking);
            if (!by) return by.later();
            throw CoreError("busy", "AIE_REQUEST_PART: busy", EBUSY, ownerFacts(*by));
        }
    }
}

OrLater<std::vector<MemoryState>> Engine::open(ColumnRange columns, bool allowUnknown, Visit& visit) {
    opening_.reset();
    // What memory there is does not hang on the clocks.
    if (visit.asking == Asking::look) visit.asking = Asking::person;
    try {
        auto memories = openMemories(columns, allowUnknown, visit);
        if (memories && opening_) picked_.push_back(columns);
        opening_.reset();
        return memories;
    } catch (...) {
        opening_.reset();
        throw;
    }
}

OrLater<std::vector<MemoryState>> Engine::openMemories(ColumnRange columns, bool allowUnknown, Visit& visit) {
    {
        const NodeFd node = openNode();
        if (!allowUnknown && facts_.family == Family::unknown) {
            throw CoreError("unknown-driver", "this is no driver and generation that this version knows");
        }
        if (facts_.dynamic && !isPicked(columns)) {
            const auto entries = enquire(node);
            if (!entries) return entries.later();
            const bool listed = std::any_of(entries->begin(), entries->end(),
                                            [&](const PartitionEntry& one) { return one.columns == columns; });
            if (const auto free = checkFree(node, *entries, columns, visit.asking); !free) return free.later();
            if (!listed) opening_ = columns;
        }
        const auto found = find(node, columns, visit.asking);
        if (!found) return found.later();
        const PartitionEntry& entry = found->entry;
        const Layout known = layout(entry);
        // Without the shim row there is no clock register to start from, and no safe way to a tile.
        const bool tiles =
            entry.startRow == 0 && (known.map == nullptr || !memoriesOf(*known.map, known.shape, columns).empty());
        if (!tiles) {
            throw CoreError("no-memory-types", columnsText(columns) + " have no tile memory", 0, columnFacts(columns));
        }
        // What is free is not taken to hear what is known.
        if (!entry.inUse && known.map != nullptr && known.trusted && known.knownRegisters) {
            std::vector<MemoryState> memories;
            for (const MemoryGeometry& one : memoriesOf(*known.map, known.shape, columns)) {
                memories.push_back({one, true});
            }
            return memories;
        }
    }
    const bool oneIsEnough = divisible(columns, MemoryType::data).has_value();
    const auto entered = enter(columns, Purpose::read, visit,
                               oneIsEnough ? std::optional(ColumnRange{columns.startCol, 1}) : std::nullopt);
    if (!entered) return entered.later();
    const Opened& opened = *entered;
    const Layout& known = opened.access->layout();
    const bool reachable = opened.access->positioned() || (known.trusted && known.knownRegisters);
    if (!reachable) {
        throw CoreError("unknown-driver",
                        "this driver has no pread: there is no way to its memory that it checks itself");
    }
    std::vector<MemoryState> memories;
    if (opened.lease != nullptr && !opened.lease->largePages() && !opened.lease->positioned()) {
        for (const MemoryGeometry& one : opened.lease->memories()) memories.push_back({one, known.trusted});
        if (memories.empty()) {
            throw CoreError("unknown-driver", "AIE_GET_MEM describes no memory that this version knows");
        }
        return memories;
    }
    // Nothing describes the memories here: the family's geometry is taken, once a shim register answers at its place.
    uint32_t word = 0;
    if (opened.access->registers().read({columns.startCol, 0}, known.map->columnClock, {&word, 1}) != Reason::none) {
        throw CoreError("unknown-driver", "no register answers at the shim's clock control");
    }
    for (const MemoryGeometry& one : memoriesOf(*known.map, known.shape, columns)) {
        memories.push_back({one, known.trusted});
    }
    return memories;
}

OrLater<bool> Engine::setClocks(ColumnRange columns, bool on, Visit& visit) {
    if (!on) {
        clocks_.erase(placeOf(columns));
        return false;
    }
    const auto entered = enter(columns, Purpose::write, visit);
    if (!entered) return entered.later();
    const Opened& opened = *entered;
    if (opened.lease == nullptr) {
        throw CoreError("locked", columnsText(columns) + " are in use", 0, ownerFacts(opened.state));
    }
    const Layout& known = opened.access->layout();
    if (!known.trusted || !known.knownRegisters) {
        throw CoreError("unknown-driver", "the clocks of an unknown driver are left alone");
    }
    PartitionState wanted = opened.state;
    wanted.clocksOn = true;
    enableClocks(*opened.lease, wanted);
    for (uint32_t col = columns.startCol; col < columns.startCol + columns.numCols; col++) {
        for (uint32_t row = 1; row < wanted.entry.numRows; row++) {
            if (opened.access->clocks({col, row}) != Reason::none) return false;
        }
    }
    clocks_[placeOf(columns)] = opened.state.epoch;
    courtesy_.clocks(columns, opened.state.epoch, columns, false);
    return true;
}

DoneOrLater Engine::takeKernelDescriptor(ColumnRange columns) {
    const auto found = Engine::state(columns);
    if (!found) return found.later();
    const PartitionState& state = *found;
    if (kernelDescriptor_ && kernelDescriptor_->first == columns) return Done{};
    if (!state.owner || state.owner->kind != OwnerKind::kernel) {
        throw CoreError("no-partition", columnsText(columns) + " are not held by the kernel", 0, columnFacts(columns));
    }
    if (askedZocl_) {
        throw CoreError("kernel-held", "zocl was asked once already; it never counts what it gave as given back", 0,
                        columnFacts(columns));
    }
    const std::string folder = "/dev/dri";
    int error = 0;
    auto names = kernel_.list(folder, error);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        if (!name.starts_with("renderD")) continue;
        const int fd = kernel_.openRenderNode(folder + "/" + name);
        if (fd < 0) continue;
        const UniqueFd render(kernel_, fd);
        if (kernel_.renderDriver(render.get()) != "zocl") continue;
        askedZocl_ = true;
        std::vector<uint32_t> ids{state.entry.id};
        if (state.entry.id != 1) ids.push_back(1);
        int failure = EINVAL;
        const bool withContext = zoclHasContext(kernel_);
        for (const uint32_t id : ids) {
            const int given = kernel_.zoclDescriptor(render.get(), id, withContext);
            if (given < 0) {
                failure = -given;
                continue;
            }
            UniqueFd partition(kernel_, given);
            if (!isPartition(kernel_, given, columns)) {
                throw CoreError("kernel-held", "zocl gave a descriptor of another partition", 0, columnFacts(columns));
            }
            kernelDescriptor_.emplace(columns, PartitionFd(std::move(partition)));
            return Done{};
        }
        throw CoreError("kernel-held", "DRM_IOCTL_ZOCL_AIE_FD: " + errnoName(failure), failure, columnFacts(columns));
    }
    throw CoreError("kernel-held", "no DRM node of zocl can be opened", 0, columnFacts(columns));
}

DoneOrLater Engine::inspect(
    ColumnRange columns, Visit& visit,
    const std::function<void(const PartitionState&, PartitionAccess*, std::chrono::steady_clock::duration)>& act,
    const std::optional<ColumnRange>& needed) {
    const auto opened = enter(columns, Purpose::read, visit, needed);
    if (!opened) return opened.later();
    act(opened->state, opened->access.get(), stepTime(*opened, visit));
    return Done{};
}

DoneOrLater Engine::borrow(ColumnRange columns, Visit& visit,
                           const std::function<void(const PartitionState&, int partition)>& act) {
    visit.besideOnly = true;
    try {
        const auto opened = enter(columns, Purpose::read, visit);
        if (!opened) return opened.later();
        act(opened->state, opened->access->partition().get());
        return Done{};
    } catch (const CoreError& failure) {
        if (failure.code() != "not-asked") throw;
        throw CoreError("hold-failed", columnsText(columns) + " are free: there is nothing to hold", 0,
                        columnFacts(columns));
    }
}

ArrayShape Engine::shape() const {
    if (facts_.shape) return *facts_.shape;
    return facts_.generation == Generation::aie ? ArrayShape{0, {0, 1}, {}, {1, array::maxRows - 1}} : ArrayShape{};
}

const ArrayMap& Engine::map() const {
    const ArrayMap* map = mapOf(facts_.generation);
    if (map == nullptr) throw CoreError("unknown-driver", "the registers of this generation are not known");
    return *map;
}

void ReadJob::skip(ReadSink& sink, uint64_t length, Reason reason) {
    const ByteRange& range = request_.ranges[range_];
    sink.unreadable({range.offset + done_, length, reason});
    done_ += length;
}

void ReadJob::rest(ReadSink& sink, Reason reason) {
    for (; range_ < request_.ranges.size(); range_++, done_ = 0) {
        const uint64_t left = request_.ranges[range_].length - done_;
        if (left != 0) skip(sink, left, reason);
    }
}

bool ReadJob::advance(Engine& engine, ReadSink& sink, PartitionAccess& access, const MemoryGeometry& geometry,
                      Clock::duration atMost) {
    constexpr uint64_t pieceBytes = 16384;
    const auto end = Clock::now() + atMost;
    WordPort& port = access.reading(geometry);
    bool moved = false;                             // every step gets a piece further, however urgent the rest is
    std::array<uint32_t, pieceBytes / 4 + 1> words; // filled before it is read
    for (; range_ < request_.ranges.size(); range_++, done_ = 0) {
        const ByteRange& range = request_.ranges[range_];
        while (done_ < range.length) {
            if (moved && (Clock::now() >= end || engine.hurried())) return false;
            const uint64_t from = range.offset + done_;
            const uint32_t tileIndex = geometry.tileIndex(from);
            if (!inside({geometry.tile(tileIndex).col, 1}, access.columns())) return false; // the next lease has it
            moved = true;
            const ByteRange inTile = pieceAt(geometry, range, from, geometry.bytesPerTile);
            const bool open = contains(request_.openTiles, tileIndex);
            const Tile tile = geometry.tile(tileIndex);
            const Reason state = access.mayRead(tile, geometry.type, open);
            // Refused rightly, if it was: when it runs again it is asked for again.
            if (state == Reason::gated) engine.refusals(access, epoch_).taken(tile);
            if (state != Reason::none) {
                skip(sink, inTile.length, state);
                continue;
            }
            const ByteRange wanted = pieceAt(geometry, range, from, pieceBytes);
            const std::span<uint8_t> room = sink.room(range_, done_, from, wanted.length);
            if (room.empty()) return false;
            const uint64_t length = std::min<uint64_t>(room.size(), wanted.length);
            // Whole words straight into the caller's memory; a ragged end or start goes through `words`.
            const uint64_t first = from / 4 * 4;
            const size_t count = (from + length + 3 - first) / 4;
            const bool direct = from % 4 == 0 && length % 4 == 0 && reinterpret_cast<uintptr_t>(room.data()) % 4 == 0;
            uint32_t* target = direct ? reinterpret_cast<uint32_t*>(room.data()) : words.data();
            const Moved copied = port.load(first, {target, count});
            const uint64_t good = std::min(length, first + copied.words * 4 - std::min(from, first + copied.words * 4));
            if (!direct) memcpy(room.data(), reinterpret_cast<uint8_t*>(words.data()) + (from - first), good);
            if (good != 0) sink.filled(good);
            done_ += good;
            if (copied.words == count) continue;
            const uint64_t at = from + good;
            // When its tile was gated meanwhile, the next look says so instead.
            const Reason now = access.mayRead(tile, geometry.type, open);
            if (now != Reason::none) continue;
            if (copied.reason == Reason::gated || copied.reason == Reason::driverGated) {
                skip(sink, inTile.end() - at, copied.reason); // the driver refuses the whole tile
                continue;
            }
            // The rest of the page faults too.
            constexpr uint64_t pageBytes = 4096;
            skip(sink, std::min(inTile.end(), (at / pageBytes + 1) * pageBytes) - at, copied.reason);
        }
    }
    return true;
}

Progress ReadJob::step(Engine& engine, ReadSink& sink) {
    const bool started = !epoch_.empty();
    try {
        const Progress made = slice(engine, sink);
        const bool further = made.what() == Progress::What::again || (started && made.isDone());
        if (further) engine.wasLong(request_.columns, visit_);
        return made;
    } catch (const CoreError& failure) {
        // Whatever was lost in the middle: what was read stays, the rest is said to be missing.
        if (!started) throw;
        gaveWay_ = failure.code() == "gave-way";
        rest(sink, Reason::notRead);
        return Progress::done();
    }
}

void ReadJob::begin(const MemoryGeometry& geometry, const std::string& epoch) {
    if (!epoch_.empty()) return;
    if (request_.ranges.empty() || request_.ranges.size() > mostRanges) {
        throw CoreError("out-of-range", std::to_string(request_.ranges.size()) + " ranges");
    }
    const uint64_t total = geometry.totalBytes();
    for (const ByteRange& range : request_.ranges) {
        if (range.offset > total || range.length > total - range.offset) {
            throw CoreError("out-of-range", "offset " + std::to_string(range.offset) + " length " +
                                                std::to_string(range.length) + " of " + std::to_string(total));
        }
    }
    checkOpenTiles(request_.openTiles, geometry);
    epoch_ = epoch;
}

Progress ReadJob::slice(Engine& engine, ReadSink& sink) {
    const auto whole = engine.divisible(request_.columns, request_.memory);
    const auto needed = whole ? columnsOfNext(*whole, request_.ranges, range_, done_) : std::nullopt;
    constexpr uint64_t everything = ~uint64_t{0};
    visit_.part = whole ? columnsOfNext(*whole, request_.ranges, 0, 0, everything) : std::nullopt;
    const auto entered = engine.enter(request_.columns, Engine::Purpose::read, visit_, needed);
    if (!entered) return entered.later();
    const Engine::Opened& opened = *entered;
    if (opened.access == nullptr) {
        begin(engine.geometry(opened.state.entry, request_.memory), opened.state.epoch);
        rest(sink, Reason::gated);
        at_ = engine.now();
        return Progress::done();
    }
    if (!epoch_.empty() && opened.state.epoch != epoch_) {
        rest(sink, Reason::notRead);
        return Progress::done();
    }
    const MemoryGeometry geometry = engine.geometry(opened, request_.memory);
    begin(geometry, opened.state.epoch);
    const bool finished = advance(engine, sink, *opened.access, geometry, Engine::stepTime(opened, visit_));
    at_ = engine.now();
    return finished ? Progress::done() : Progress::again();
}

Progress WriteJob::step(Engine& engine, std::vector<WordOutcome>& outcomes) {
    try {
        return advance(engine, outcomes);
    } catch (const CoreError&) {
        // Taken by someone, or no way any more, in the middle: what was written is reported, the rest is refused.
        if (next_ == 0) throw;
        for (; next_ < request_.words.size(); next_++) {
            outcomes.push_back({request_.words[next_].offset, Outcome::refused, Reason::notRead, 0});
        }
        at_ = engine.now();
        return Progress::done();
    }
}

Progress WriteJob::advance(Engine& engine, std::vector<WordOutcome>& outcomes) {
    const auto purpose = request_.besideOwner ? Engine::Purpose::writeBeside : Engine::Purpose::write;
    const auto whole = engine.divisible(request_.columns, request_.memory);
    const auto needed = whole ? columnsUpTo(*whole, std::span(request_.words).subspan(next_)) : std::nullopt;
    const auto entered = engine.enter(request_.columns, purpose, visit_, needed);
    if (!entered) return entered.later();
    const Engine::Opened& opened = *entered;
    if (opened.state.epoch != request_.epoch) {
        throw CoreError("epoch", "the contents started a new life", 0,
                        {{"have", opened.state.epoch}, {"epoch", request_.epoch}});
    }
    const MemoryGeometry geometry = engine.geometry(opened, request_.memory);
    const std::span<const Word> words(request_.words);
    if (next_ == 0) {
        checkOpenTiles(request_.openTiles, geometry);
        uint64_t least = 0;
        for (const Word& word : words) {
            if (word.offset % 4 != 0 || word.offset < least || word.offset + 4ULL > geometry.totalBytes()) {
                throw CoreError("out-of-range", "word at offset " + std::to_string(word.offset));
            }
            least = word.offset + 4ULL;
        }
        epoch_ = opened.state.epoch;
    }
    WordPort* port = nullptr; // opened when a tile may be written at all
    // An owner's buffer is compared in the tiles of one slice, so these must be few.
    const bool compared = opened.lease == nullptr && !opened.access->positioned();
    const size_t mostTiles = compared ? size_t{16} : size_t{geometry.tileCount()};
    std::vector<uint32_t> tiles;
    for (const Word& word : words.subspan(next_)) {
        const uint32_t tile = geometry.tileIndex(word.offset);
        if (!tiles.empty() && tiles.back() == tile) continue;
        if (tiles.size() == mostTiles) break;
        tiles.push_back(tile);
    }
    // Each word through the descriptor is three system calls, and no look at the clock comes between them.
    const size_t mostPerPass = opened.access->positioned() ? 256 : 1024;
    const bool lines = request_.memory == MemoryType::program;
    const uint32_t unit = lines ? array::programLine : 4;
    const auto end = Clock::now() + sliceTime;
    const size_t begin = next_;
    while (next_ < words.size() && Clock::now() < end && (next_ == begin || !engine.hurried())) {
        const uint32_t tileIndex = geometry.tileIndex(words[next_].offset);
        if (tileIndex > tiles.back()) break;
        size_t last = next_ + 1;
        while (last < words.size() && geometry.tileIndex(words[last].offset) == tileIndex &&
               (last - next_ < mostPerPass || words[last].offset / unit == words[last - 1].offset / unit)) {
            last++;
        }
        const auto pass = words.subspan(next_, last - next_);
        const Reason state =
            opened.access->mayWrite(geometry.tile(tileIndex), geometry.type, contains(request_.openTiles, tileIndex));
        std::vector<WordOutcome> results(pass.size());
        if (state == Reason::none) {
            if (port == nullptr) port = &opened.access->writing(geometry, tiles);
            writePass(*port, lines, request_.force, pass, results);
            const bool refused = std::any_of(results.begin(), results.end(),
                                             [](const WordOutcome& one) { return one.reason == Reason::driverGated; });
            // Perhaps rightly: the tile may have been gated since the look.
            if (refused && opened.access->clocks(geometry.tile(tileIndex)) == Reason::gated) {
                engine.refusals(*opened.access, epoch_).taken(geometry.tile(tileIndex));
                for (WordOutcome& one : results) {
                    if (one.reason == Reason::driverGated) one.reason = Reason::gated;
                }
            }
        } else {
            for (size_t i = 0; i < pass.size(); i++) results[i] = {pass[i].offset, Outcome::refused, state, 0};
        }
        outcomes.insert(outcomes.end(), results.begin(), results.end());
        next_ = last;
    }
    at_ = engine.now();
    return next_ >= words.size() ? Progress::done() : Progress::again();
}

} // namespace tilescope
