#include "engine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "error.h"

namespace tilescope {
namespace {

using Clock = std::chrono::steady_clock;

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
                std::to_string(one.entry.numRows) + (one.entry.inUse ? ",used," : ",free,") + one.epoch + ";";
    }
    return text;
}

/** The hands of a partition in use; nobody found: hidden ones. */
Hands handsOf(const std::vector<Holder>& holders) {
    if (holders.empty()) return {true, 0, 0};
    return {true, holders.front().pid, holders.front().startTicks};
}

void checkOpenTiles(const std::vector<uint32_t>& tiles, const MemoryGeometry& geometry) {
    for (const uint32_t tile : tiles) {
        if (tile >= geometry.tileCount()) throw CoreError("out-of-range", "open tile " + std::to_string(tile));
    }
}

bool contains(const std::vector<uint32_t>& tiles, uint32_t index) {
    return std::find(tiles.begin(), tiles.end(), index) != tiles.end();
}

} // namespace

Engine::Engine(Kernel& kernel, std::string device)
    : kernel_(kernel), device_(std::move(device)), machine_(kernel.machine()),
      epochs_(machine_.bootId, std::to_string(machine_.pid) + "@" +
                                   std::to_string(startTicksOf(kernel, machine_.pid).value_or(0)) + "#" +
                                   std::to_string(kernel.now())) {}

UniqueFd Engine::openNode() {
    const int fd = kernel_.openDevice(device_);
    if (fd >= 0) return {kernel_, fd};
    const std::string detail = "open " + device_ + ": " + errnoName(-fd);
    const std::vector<Fact> facts{{"path", device_}};
    if (fd == -ENOENT || fd == -ENXIO || fd == -ENODEV) {
        epochs_.endAll();
        throw CoreError("no-device", detail, -fd, facts);
    }
    if (fd == -EACCES || fd == -EPERM) throw CoreError("permission", detail, -fd, facts);
    throw CoreError("driver", detail, -fd, facts);
}

std::vector<PartitionEntry> Engine::enquire(int device, std::vector<std::string>* findings) {
    std::array<uapi::RangeArgs, 128> listed{};
    uint32_t present = 0;
    const int result = kernel_.enquire(device, listed, present);
    if (result < 0) {
        throw CoreError("driver", "AIE_ENQUIRE_PART 0xC0104101: " + errnoName(-result), -result);
    }
    std::vector<PartitionEntry> entries;
    const size_t count = std::min<size_t>(present, listed.size());
    for (const uapi::RangeArgs& one : std::span(listed).first(count)) {
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
        entries.push_back({one.partitionId,
                           {range.start.col, range.size.col},
                           range.start.row,
                           range.size.row,
                           (one.status & uapi::statusInUse) != 0});
    }
    return entries;
}

std::vector<Holder> Engine::holders(ColumnRange columns) {
    const auto known =
        std::find_if(remembered_.begin(), remembered_.end(), [&](const auto& one) { return one.first == columns; });
    if (known != remembered_.end()) {
        const Holder& first = known->second.front();
        const auto link = kernel_.readLink("/proc/" + std::to_string(first.pid) + "/fd/" + std::to_string(first.fd));
        const bool still =
            link && partitionOfLink(*link) == columns && startTicksOf(kernel_, first.pid) == first.startTicks;
        if (still) return known->second;
        remembered_.erase(known);
    }
    HolderSearch search = findHolders(kernel_, columns, machine_.pid);
    if (!search.holders.empty()) remembered_.emplace_back(columns, search.holders);
    return std::move(search.holders);
}

PartitionState Engine::look(const PartitionEntry& entry, std::vector<Holder> holders) {
    PartitionState state{entry, {}, std::nullopt, std::move(holders)};
    if (entry.inUse) {
        state.owner = Owner{};
        if (!state.holders.empty()) {
            const Holder& first = state.holders.front();
            const int64_t sinceBoot =
                static_cast<int64_t>(first.startTicks) * 1000 / std::max<int64_t>(machine_.ticksPerSecond, 1);
            state.owner = Owner{first.pid, first.command, machine_.bootedAt + sinceBoot};
        }
    }
    state.epoch = epochs_.observe(entry.columns, entry.inUse ? handsOf(state.holders) : Hands{});
    return state;
}

PartitionState Engine::find(int device, ColumnRange columns) {
    constexpr std::chrono::milliseconds shortHold{50};
    constexpr int fewestLooks = 50; // so that one long preemption is not taken for a long hold
    constexpr std::chrono::milliseconds longestWait{8};
    constexpr std::chrono::microseconds between{100};
    const std::pair place{columns.startCol, columns.numCols};
    const auto end = kernel_.clock() + longestWait;
    std::optional<std::vector<Holder>> seen;
    for (;;) {
        const auto entries = enquire(device);
        const auto entry =
            std::find_if(entries.begin(), entries.end(), [&](const auto& one) { return one.columns == columns; });
        if (entry == entries.end()) {
            watches_.erase(place);
            throw CoreError("no-partition", "no partition has " + columnsText(columns), 0, columnFacts(columns));
        }
        if (!entry->inUse) {
            watches_.erase(place);
            return look(*entry, {});
        }
        if (!seen) {
            seen = holders(columns);
            if (epochs_.knows(columns, handsOf(*seen))) {
                watches_.erase(place);
                return look(*entry, std::move(*seen));
            }
        }
        Watch& watch = watches_[place];
        if (watch.time >= shortHold && watch.looks >= fewestLooks) {
            auto found = holders(columns);
            if (handsOf(found) == handsOf(*seen)) {
                watches_.erase(place);
                return look(*entry, std::move(found));
            }
            // Other hands than a moment ago: these have to stay, too.
            watch = {};
            seen = std::move(found);
        }
        const auto now = kernel_.clock();
        if (now >= end) throw NotYet{};
        kernel_.pause(between);
        watch.time += std::max<std::chrono::steady_clock::duration>(kernel_.clock() - now, between);
        watch.looks++;
        if (hurried()) throw NotYet{};
    }
}

std::vector<PartitionState> Engine::partitions() {
    const UniqueFd node = openNode();
    std::vector<PartitionState> all;
    for (const PartitionEntry& entry : enquire(node.get())) {
        all.push_back(entry.inUse ? find(node.get(), entry.columns) : look(entry, {}));
    }
    lastList_ = fingerprint(all);
    return all;
}

std::optional<std::vector<PartitionState>> Engine::poll() {
    const std::string before = lastList_;
    std::vector<PartitionState> all;
    try {
        all = partitions();
    } catch (const CoreError& failure) {
        if (failure.code() != "no-device") throw;
        lastList_.clear();
    }
    if (lastList_ == before) return std::nullopt;
    return all;
}

std::string Engine::familyFindings(std::vector<std::string>& findings) {
    int error = 0;
    bool odd = false;
    const std::string node = device_.substr(device_.rfind('/') + 1);
    const std::string folder = "/sys/class/aie";
    auto names = kernel_.list(folder, error);
    std::sort(names.begin(), names.end());
    if (error != 0) {
        findings.push_back("sysfs: no class aie (" + errnoName(error) + ")");
        odd = true;
    }
    bool hasNode = false;
    for (const std::string& name : names) {
        findings.push_back("sysfs: " + folder + "/" + name);
        if (name == node) hasNode = true;
        if (name.starts_with("aieaperture_")) {
            odd = true;
            auto info = kernel_.readText(folder + "/" + name + "/hardware_info").value_or("");
            std::replace(info.begin(), info.end(), '\n', ' ');
            if (!info.empty()) findings.push_back("sysfs: hardware_info " + info.substr(0, 200));
        }
    }
    if (error == 0 && !hasNode) {
        findings.push_back("sysfs: class aie has no device " + node);
        odd = true;
    }
    return odd ? "unknown" : "linux-2020";
}

Description Engine::describe() {
    Description description;
    description.device = device_;
    description.family = familyFindings(description.findings);
    description.generation = description.family == "unknown" ? "unknown" : "aie";

    // The device tree names the generation where there is one; the 2020 driver knows the first only.
    int error = 0;
    const std::string tree = "/sys/firmware/devicetree/base";
    std::vector<std::string> folders{tree};
    for (const std::string& name : kernel_.list(tree, error)) {
        if (name.starts_with("axi") || name.starts_with("amba")) folders.push_back(tree + "/" + name);
    }
    bool named = false;
    for (const std::string& folder : folders) {
        for (const std::string& name : kernel_.list(folder, error)) {
            if (!name.starts_with("ai-engine")) continue;
            auto compatible = kernel_.readText(folder + "/" + name + "/compatible").value_or("");
            std::replace(compatible.begin(), compatible.end(), '\0', ' ');
            description.findings.push_back("device tree: " + name + " compatible " + compatible);
            named = true;
            if (compatible.find("xlnx,ai-engine-v1.0") == std::string::npos) {
                description.family = "unknown";
                description.generation = "unknown";
            }
        }
    }
    if (!named) description.findings.emplace_back("device tree: no ai-engine node");

    const UniqueFd node = openNode();
    for (const PartitionEntry& listed : enquire(node.get(), &description.findings)) {
        description.partitions.push_back(listed.inUse ? find(node.get(), listed.columns) : look(listed, {}));
        const PartitionEntry& entry = description.partitions.back().entry;
        description.findings.push_back("enquire: partition " + std::to_string(entry.id) + " " +
                                       columnsText(entry.columns) + ", rows " + std::to_string(entry.startRow) +
                                       " to " + std::to_string(entry.startRow + entry.numRows - 1) +
                                       (entry.inUse ? ", in use" : ", free"));
    }
    lastList_ = fingerprint(description.partitions);
    return description;
}

MemoryGeometry Engine::geometry(const PartitionEntry& entry, MemoryType type) const {
    // Without the shim row there is no clock register to start from, and no safe way to a tile.
    if (entry.startRow == 0) {
        for (const MemoryGeometry& one : memoriesOf(entry.columns, entry.startRow, entry.numRows)) {
            if (one.type == type) return one;
        }
    }
    throw CoreError("no-memory-types", columnsText(entry.columns) + " have no tile memory", 0,
                    columnFacts(entry.columns));
}

Engine::Opened Engine::enter(ColumnRange columns, bool forWriting) {
    const UniqueFd node = openNode();
    guard::ensure();
    // Someone may take or leave the partition between the look and the request: look once more, then say so.
    for (int attempt = 0;; attempt++) {
        PartitionState state = find(node.get(), columns);
        if (!state.entry.inUse) {
            auto lease = Lease::take(kernel_, node.get(), state.entry, machine_.pageSize);
            if (lease) {
                // The clock registers are in the shim row; where it is all there is, nothing can be gated.
                if (state.entry.startRow == 0 && state.entry.numRows > 1) {
                    epochs_.sawClocks(columns, allGated(lease->registers(), columns));
                }
                state.epoch = epochs_.observe(columns, Hands{});
                Lease* plain = lease.get();
                return {std::move(state), std::move(lease), plain};
            }
        } else if (forWriting) {
            throw CoreError("locked", "another process owns " + columnsText(columns), 0,
                            {{"pid", state.owner->pid}, {"command", state.owner->command}});
        } else {
            try {
                auto borrowed = BorrowedPartition::borrow(kernel_, state.entry, state.holders);
                return {std::move(state), std::move(borrowed), nullptr};
            } catch (const CoreError& failure) {
                if (failure.code() != "owner-hidden" || attempt >= 2) throw;
                remembered_.clear();
            }
        }
        if (attempt >= 2) {
            std::vector<Fact> facts = columnFacts(columns);
            if (state.owner) {
                facts.emplace_back("pid", state.owner->pid);
                facts.emplace_back("command", state.owner->command);
            }
            throw CoreError("busy", "AIE_REQUEST_PART 0x80184102: EBUSY", EBUSY, facts);
        }
    }
}

std::vector<MemoryState> Engine::open(ColumnRange columns, bool allowUnknown) {
    std::vector<std::string> findings;
    if (!allowUnknown && familyFindings(findings) == "unknown") {
        throw CoreError("unknown-driver", "sysfs does not look like a driver that this version knows");
    }
    {
        const UniqueFd node = openNode();
        geometry(find(node.get(), columns).entry, MemoryType::data);
    }
    const Opened opened = enter(columns, false);
    const PartitionEntry& entry = opened.state.entry;
    std::vector<MemoryState> memories;
    if (opened.lease != nullptr && !opened.lease->largePages()) {
        for (const MemoryGeometry& one : opened.lease->memories()) memories.push_back({one, true});
        if (memories.empty()) {
            throw CoreError("unknown-driver", "AIE_GET_MEM describes no memory that this version knows");
        }
        return memories;
    }
    // Nothing describes the memories here: the family's geometry is taken, once a shim register answers at its place.
    if (!opened.access->registers().readRegister({columns.startCol, 0}, array::clockControl)) {
        throw CoreError("unknown-driver", "the register view does not answer at the shim's clock control");
    }
    for (const MemoryGeometry& one : memoriesOf(columns, entry.startRow, entry.numRows)) {
        memories.push_back({one, false});
    }
    return memories;
}

void ReadJob::skip(ReadSink& sink, uint64_t length, Reason reason) {
    const ByteRange& range = request_.ranges[range_];
    sink.unreadable({range.offset + done_, length, reason});
    done_ += length;
}

void ReadJob::rest(ReadSink& sink) {
    for (; range_ < request_.ranges.size(); range_++, done_ = 0) {
        const uint64_t left = request_.ranges[range_].length - done_;
        if (left != 0) skip(sink, left, Reason::notRead);
    }
}

bool ReadJob::advance(Engine& engine, ReadSink& sink, PartitionAccess& access, const MemoryGeometry& geometry) {
    constexpr uint64_t pieceBytes = 16384;
    const auto end = Clock::now() + sliceTime;
    WordPort& port = access.port(geometry, false);
    bool moved = false;                             // every step gets a piece further, however urgent the rest is
    std::array<uint32_t, pieceBytes / 4 + 1> words; // filled before it is read
    for (; range_ < request_.ranges.size(); range_++, done_ = 0) {
        const ByteRange& range = request_.ranges[range_];
        while (done_ < range.length) {
            if (Clock::now() >= end || (moved && engine.hurried())) return false;
            moved = true;
            const uint64_t from = range.offset + done_;
            const uint32_t tileIndex = geometry.tileIndex(from);
            const ByteRange inTile = pieceAt(geometry, range, from, geometry.bytesPerTile);
            const bool open = contains(request_.openTiles, tileIndex);
            const Tile tile = geometry.tile(tileIndex);
            const Reason state = tileState(access.registers(), tile, geometry.type, open);
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
            const guard::Copied copied = port.load(first, {target, count});
            if (copied.code == 1) throw CoreError("internal", "alignment fault in a tile memory");
            const uint64_t good = std::min(length, first + copied.words * 4 - std::min(from, first + copied.words * 4));
            if (!direct) memcpy(room.data(), reinterpret_cast<uint8_t*>(words.data()) + (from - first), good);
            if (good != 0) sink.filled(good);
            done_ += good;
            if (copied.words == count) continue;
            // The rest of the page faults too; when its tile was gated meanwhile, the next look says so instead.
            constexpr uint64_t pageBytes = 4096;
            const uint64_t at = from + good;
            if (tileState(access.registers(), tile, geometry.type, open) != Reason::none) continue;
            skip(sink, std::min(range.end(), (at / pageBytes + 1) * pageBytes) - at, Reason::busError);
        }
    }
    return true;
}

bool ReadJob::step(Engine& engine, ReadSink& sink) {
    const Engine::Opened opened = [&] {
        try {
            return engine.enter(request_.columns, false);
        } catch (const CoreError& failure) {
            // The way was lost in the middle: what was read stays, the rest is said to be missing.
            const bool started = !epoch_.empty() && (failure.code() == "owner-hidden" || failure.code() == "busy");
            if (!started) throw;
            return Engine::Opened{};
        }
    }();
    if (!opened.access || (!epoch_.empty() && opened.state.epoch != epoch_)) {
        rest(sink);
        return true;
    }
    const MemoryGeometry geometry = engine.geometry(opened.state.entry, request_.memory);
    if (epoch_.empty()) {
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
        epoch_ = opened.state.epoch;
    }
    const bool finished = advance(engine, sink, *opened.access, geometry);
    at_ = engine.now();
    return finished;
}

bool WriteJob::step(Engine& engine, std::vector<WordOutcome>& outcomes) {
    try {
        return advance(engine, outcomes);
    } catch (const CoreError&) {
        // Taken by someone, or no way any more, in the middle: what was written is reported, the rest is refused.
        if (next_ == 0) throw;
        for (; next_ < request_.words.size(); next_++) {
            outcomes.push_back({request_.words[next_].offset, Outcome::refused, Reason::notRead, 0});
        }
        at_ = engine.now();
        return true;
    }
}

bool WriteJob::advance(Engine& engine, std::vector<WordOutcome>& outcomes) {
    constexpr size_t mostPerPass = 1024;
    const Engine::Opened opened = engine.enter(request_.columns, true);
    if (opened.state.epoch != request_.epoch) {
        throw CoreError("epoch", "the contents started a new life", 0,
                        {{"have", opened.state.epoch}, {"epoch", request_.epoch}});
    }
    const MemoryGeometry geometry = engine.geometry(opened.state.entry, request_.memory);
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
    WordPort& port = opened.access->port(geometry, true);
    const bool lines = request_.memory == MemoryType::program;
    const uint32_t unit = lines ? array::programLine : 4;
    const auto end = Clock::now() + sliceTime;
    const size_t begin = next_;
    while (next_ < words.size() && Clock::now() < end && (next_ == begin || !engine.hurried())) {
        const uint32_t tileIndex = geometry.tileIndex(words[next_].offset);
        size_t last = next_ + 1;
        while (last < words.size() && geometry.tileIndex(words[last].offset) == tileIndex &&
               (last - next_ < mostPerPass || words[last].offset / unit == words[last - 1].offset / unit)) {
            last++;
        }
        const auto pass = words.subspan(next_, last - next_);
        const Reason state = tileState(opened.access->registers(), geometry.tile(tileIndex), geometry.type,
                                       contains(request_.openTiles, tileIndex));
        std::vector<WordOutcome> results(pass.size());
        if (state == Reason::none) {
            writePass(port, lines, request_.force, pass, results);
        } else {
            for (size_t i = 0; i < pass.size(); i++) results[i] = {pass[i].offset, Outcome::refused, state, 0};
        }
        outcomes.insert(outcomes.end(), results.begin(), results.end());
        next_ = last;
    }
    at_ = engine.now();
    return next_ >= words.size();
}

} // namespace tilescope
