#include "lease.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <functional>

#include "error.h"
#include "owner_buffer.h"

namespace tilescope {
namespace {

/** What a guarded copy did, in the words of a port. */
Moved movedBy(const guard::Copied& copied, size_t wanted) {
    if (copied.code == 1) throw CoreError("internal", "alignment fault in a tile memory");
    return {copied.words, copied.words == wanted ? Reason::none : Reason::busError};
}

/** A DMA-buf, mapped whole. */
class BufferPort final : public WordPort {
  public:
    explicit BufferPort(Mapping mapping) : mapping_(std::move(mapping)) {}
    Moved load(uint64_t offset, std::span<uint32_t> to) override {
        return movedBy(guard::load(to.data(), mapping_.word(offset), to.size()), to.size());
    }
    Moved store(uint64_t offset, std::span<const uint32_t> from) override {
        return movedBy(guard::store(mapping_.word(offset), from.data(), from.size()), from.size());
    }

  private:
    Mapping mapping_;
};

/** The words of a memory in the register view: read there; written, if at all, by requests to the driver. */
class RegisterPort final : public WordPort {
  public:
    using Store = std::function<int(Tile tile, uint32_t offset, uint32_t value)>;
    /** @param store writes one word of a tile and answers 0 or -errno; empty: read-only */
    RegisterPort(RegisterView& view, const MemoryGeometry& geometry, Store store)
        : view_(view), geometry_(geometry), store_(std::move(store)) {}
    Moved load(uint64_t offset, std::span<uint32_t> to) override {
        return movedBy(guard::load(to.data(), view_.words(tile(offset), inTile(offset)), to.size()), to.size());
    }
    Moved store(uint64_t offset, std::span<const uint32_t> from) override {
        if (!store_) throw CoreError("internal", "the register view is read-only");
        for (size_t i = 0; i < from.size(); i++) {
            const uint64_t at = offset + i * 4;
            const int result = store_(tile(at), inTile(at), from[i]);
            if (result < 0) return {i, result == -EINVAL ? Reason::driverGated : Reason::busError};
        }
        return {from.size(), Reason::none};
    }

  private:
    [[nodiscard]] Tile tile(uint64_t offset) const { return geometry_.tile(geometry_.tileIndex(offset)); }
    [[nodiscard]] uint32_t inTile(uint64_t offset) const {
        return geometry_.tileBase + static_cast<uint32_t>(offset % geometry_.bytesPerTile);
    }
    RegisterView& view_;
    MemoryGeometry geometry_;
    Store store_;
};

/** Lets stores through one mapping arrive before what is loaded through another one of the same words. */
void drainStores() {
#if defined(__aarch64__)
    __asm__ volatile("dsb sy" ::: "memory");
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/**
 * The words of a memory by pread and pwrite. What the driver takes for gated is stored in another way, if there is one:
 * the tile's clock was looked at before.
 */
class FilePort final : public WordPort {
  public:
    /** Stores words that the driver refused; empty when that cannot be. */
    using Instead = std::function<std::optional<Moved>(uint64_t offset, std::span<const uint32_t> from)>;
    FilePort(RegisterFile& file, const MemoryGeometry& geometry, Instead instead)
        : file_(file), geometry_(geometry), instead_(std::move(instead)) {}
    Moved load(uint64_t offset, std::span<uint32_t> to) override {
        return file_.load(tile(offset), inTile(offset), to);
    }
    Moved store(uint64_t offset, std::span<const uint32_t> from) override {
        const Moved stored = file_.store(tile(offset), inTile(offset), from);
        if (stored.reason != Reason::driverGated || !instead_) return stored;
        const auto moved = instead_(offset, from);
        drainStores();
        return moved.value_or(stored);
    }

  private:
    [[nodiscard]] Tile tile(uint64_t offset) const { return geometry_.tile(geometry_.tileIndex(offset)); }
    [[nodiscard]] uint32_t inTile(uint64_t offset) const {
        return geometry_.tileBase + static_cast<uint32_t>(offset % geometry_.bytesPerTile);
    }
    RegisterFile& file_;
    MemoryGeometry geometry_;
    Instead instead_;
};

/**
 * An owner's DMA-buf beside the register view of the right partition: read there, written here. Nothing but the view says
 * what the partition holds, so that a buffer of another one never looks like a success: until a first store was seen in the
 * view, stores go one unit at a time and are taken back when the view does not show them.
 */
class BesidePort final : public WordPort {
  public:
    /** @param view outlives this object */
    BesidePort(WordPort& view, std::unique_ptr<WordPort> buffer) : view_(view), buffer_(std::move(buffer)) {}
    Moved load(uint64_t offset, std::span<uint32_t> to) override { return view_.load(offset, to); }
    Moved store(uint64_t offset, std::span<const uint32_t> from) override {
        const Moved stored = proven_ ? buffer_->store(offset, from) : prove(offset, from);
        drainStores();
        return stored;
    }

  private:
    using Words = std::vector<uint32_t>;
    /** The first store: seen in the view, or taken back. Throws `no-match`. */
    Moved prove(uint64_t offset, std::span<const uint32_t> from) {
        const Words wanted(from.begin(), from.end());
        Words seen(wanted.size());
        Words held(wanted.size());
        Moved moved = view_.load(offset, seen);
        if (moved.words != seen.size()) return moved;
        if (seen == wanted) return moved; // nothing to store, and nothing to be seen
        moved = buffer_->load(offset, held);
        if (moved.words != held.size()) return moved;
        // The application may be changing these words.
        for (int look = 1; held != seen && look < looks; look++) {
            moved = view_.load(offset, seen);
            if (moved.words != seen.size()) return moved;
            moved = buffer_->load(offset, held);
            if (moved.words != held.size()) return moved;
        }
        if (held != seen) throw CoreError("no-match", "the owner's buffer holds other words than the register view");
        moved = buffer_->store(offset, wanted);
        if (moved.words != wanted.size()) return moved;
        for (int look = 0; look < looks && !proven_; look++) {
            drainStores();
            proven_ = view_.load(offset, seen).words == seen.size() && seen == wanted;
        }
        if (proven_) return moved;
        // Where the application changed them at once, the buffer changed with the view: that is nobody else's.
        const bool kept = buffer_->load(offset, seen).words == seen.size() && seen == wanted;
        if (kept) buffer_->store(offset, held);
        throw CoreError("no-match", "a word written to the owner's buffer does not appear in the register view");
    }
    static constexpr int looks = 3;
    WordPort& view_;
    std::unique_ptr<WordPort> buffer_;
    bool proven_ = false;
};

CoreError driverError(const std::string& call, int errnum) {
    return {"driver", call + ": " + errnoName(errnum), errnum};
}

const char* requestName(RequestLength length) {
    return length == RequestLength::bytes40 ? "AIE_REQUEST_PART 0x80284102" : "AIE_REQUEST_PART 0x80184102";
}

} // namespace

std::unique_ptr<WordPort> bufferPort(Mapping mapping) {
    return std::make_unique<BufferPort>(std::move(mapping));
}

std::optional<MemoryGeometry> geometryOf(const uapi::Mem& mem, const PartitionEntry& entry, const Layout& layout) {
    if (layout.map == nullptr) return std::nullopt;
    for (const MemoryGeometry& known : memoriesOf(*layout.map, layout.shape, entry.columns)) {
        const uapi::Range& range = mem.range;
        if (mem.offset == known.tileBase && mem.size == known.bytesPerTile && range.start.col == known.startCol &&
            range.size.col == known.numCols && range.start.row == known.startRow && range.size.row == known.numRows) {
            return known;
        }
    }
    return std::nullopt;
}

std::optional<Described> judge(std::span<const uapi::Mem> memories, const PartitionEntry& entry) {
    constexpr size_t uncounted = 0;
    Described found;
    found.shape.shim = {0, 1};
    bool microcontrollers = false;
    size_t dataBytes = uncounted;
    for (const uapi::Mem& mem : memories) {
        const uapi::Range& range = mem.range;
        const bool sane = range.start.col == entry.columns.startCol && range.size.col == entry.columns.numCols &&
                          range.start.row <= array::maxRows && range.size.row >= 1 && range.size.row <= array::maxRows;
        if (!sane) return std::nullopt;
        const RowRange rows{range.start.row, range.size.row};
        if (rows.start == 0) {
            microcontrollers = true;
        } else if (mem.offset == 0 && mem.size == mapOf(Generation::aieml)->memoryTileBytes) {
            found.shape.memory = rows;
        } else if (mem.offset == 0) {
            found.shape.core = rows;
            dataBytes = mem.size;
        }
    }
    if (dataBytes == mapOf(Generation::aie)->dataBytes && found.shape.memory.count == 0 && !microcontrollers) {
        found.generation = Generation::aie;
    } else if (dataBytes == mapOf(Generation::aieml)->dataBytes) {
        found.generation = microcontrollers ? Generation::aie2ps : Generation::aieml;
    } else {
        return std::nullopt;
    }
    const bool gapless = found.shape.core.start == 1 + found.shape.memory.count &&
                         (found.shape.memory.count == 0 || found.shape.memory.start == 1);
    if (!gapless) return std::nullopt;
    return found;
}

bool isPartition(Kernel& kernel, int fd, ColumnRange columns) {
    const auto link = kernel.nameOf(fd);
    return link && partitionOfLink(*link) == columns && kernel.isAnonymous(fd);
}

bool isPositioned(Kernel& kernel, const PartitionFd& partition, const Layout& layout, DriverFacts& facts) {
    if (facts.positioned) return *facts.positioned;
    if (layout.map == nullptr) return false;
    std::array<uint32_t, 1> word{};
    const int64_t got = kernel.readAt(partition, layout.map->columnClock, word);
    // Without this call the kernel says EINVAL. Anything else is trouble of this moment: what is done without the call,
    // such as mapping beside an owner, must not follow from it.
    if (got != 4 && got != -EINVAL) {
        throw CoreError("driver",
                        "pread at a shim register: " + (got < 0 ? errnoName(static_cast<int>(-got)) : "short"),
                        got < 0 ? static_cast<int>(-got) : 0);
    }
    facts.positioned = got == 4;
    return *facts.positioned;
}

AieAccess::AieAccess(Kernel& kernel, PartitionFd partition, const PartitionEntry& entry, const Layout& layout,
                     bool positioned)
    : kernel_(kernel), partition_(std::move(partition)), entry_(entry), layout_(layout), positioned_(positioned) {
    if (layout_.map == nullptr) return;
    if (positioned_) {
        file_ = std::make_unique<RegisterFile>(kernel_, partition_, layout_.map->columnShift, layout_.map->rowShift,
                                               entry_.columns);
    }
    if (layout_.trusted && layout_.knownRegisters) {
        view_ = std::make_unique<RegisterView>(kernel_, partition_, *layout_.map, entry_.columns, entry_.numRows);
    }
}

void AieAccess::remember(Refusals& refusals) {
    refusals_ = &refusals;
    // Without registers the driver's word is all there is, and may change at any time.
    if (file_ && layout_.knownRegisters) file_->remember(refusals);
}

AieAccess::~AieAccess() = default;

Abilities AieAccess::abilities() const {
    return {layout_.trusted, !positioned_, false};
}

void AieAccess::wasGated(Tile tile) {
    if (refusals_ != nullptr) refusals_->taken(tile);
}

RegisterSource& AieAccess::registers() {
    if (file_) return *file_;
    if (view_) return *view_;
    throw CoreError("unknown-driver", "this driver offers no way to registers that the kernel checks");
}

Reason AieAccess::readClock(Tile tile) {
    return clockState(*layout_.map, registers(), tile);
}

Reason AieAccess::clocks(Tile tile) {
    if (layout_.map == nullptr || !layout_.knownRegisters) return Reason::noWay;
    return readClock(tile);
}

Reason AieAccess::mayRead(Tile tile, MemoryType type, bool open) {
    if (layout_.map == nullptr) return Reason::noWay;
    // Whether a core of an unknown generation runs cannot be asked.
    if (!layout_.knownRegisters) return type == MemoryType::program ? Reason::noWay : Reason::none;
    return mayWrite(tile, type, open);
}

Reason AieAccess::mayWrite(Tile tile, MemoryType type, bool open) {
    const Reason clock = clocks(tile);
    if (clock != Reason::none) return clock;
    return type == MemoryType::program && !open ? coreState(*layout_.map, registers(), tile) : Reason::none;
}

WordPort& AieAccess::reading(const MemoryGeometry& geometry) {
    if (readPort_ && readGeometry_ == geometry) return *readPort_;
    readGeometry_ = geometry;
    if (file_) {
        readPort_ = std::make_unique<FilePort>(*file_, geometry, FilePort::Instead());
    } else if (view_) {
        readPort_ = std::make_unique<RegisterPort>(*view_, geometry, RegisterPort::Store());
    } else {
        throw CoreError("unknown-driver", "this driver offers no way to memory that the kernel checks");
    }
    return *readPort_;
}

std::unique_ptr<WordPort> AieAccess::wordByWord(const MemoryGeometry& geometry, bool& wide) {
    return std::make_unique<RegisterPort>(*view_, geometry, [this, &wide](Tile tile, uint32_t offset, uint32_t value) {
        const uint64_t place = (uint64_t{tile.col - entry_.columns.startCol} << layout_.map->columnShift) +
                               (uint64_t{tile.row} << layout_.map->rowShift) + offset;
        return writeRegister(kernel_, partition_, place, value, wide);
    });
}

Lease::Lease(Kernel& kernel, PartitionFd partition, const PartitionEntry& entry, const Layout& layout, bool positioned,
             DriverFacts& facts, int64_t pageSize)
    : AieAccess(kernel, std::move(partition), entry, layout, positioned), facts_(facts), pageSize_(pageSize),
      wideRegisters_(facts.family != Family::linux2020) {
    if (file_ && view_) file_->insteadOfRefused(*view_);
}

Lease::~Lease() {
    writePort_.reset();
    buffers_.clear();
    giveBackClocks();
}

std::vector<Tile> Lease::tilesThatRun() {
    std::vector<Tile> run;
    const ColumnRange& columns = entry_.columns;
    for (uint32_t col = columns.startCol; col < columns.startCol + columns.numCols; col++) {
        for (uint32_t row = 1; row < entry_.numRows; row++) {
            if (clockState(*layout_.map, registers(), {col, row}) == Reason::none) run.push_back({col, row});
        }
    }
    return run;
}

std::vector<uapi::Location> Lease::placesOf(std::span<const Tile> tiles) const {
    std::vector<uapi::Location> places;
    for (const Tile& tile : tiles) places.push_back({tile.col - entry_.columns.startCol, tile.row});
    return places;
}

void Lease::giveBackClocks() {
    if (clocked_.empty()) return;
    kernel_.requestTiles(partition_, placesOf(clocked_), false);
    std::vector<Tile> run;
    try {
        run = tilesThatRun();
    } catch (const CoreError&) {
        return; // no way to the registers any more: nothing can be said, nothing be mended
    }
    const auto runs = [&](const Tile& tile) { return std::find(run.begin(), run.end(), tile) != run.end(); };
    facts_.releaseGates = std::none_of(clocked_.begin(), clocked_.end(), runs);
    std::erase_if(ranBefore_, runs);
    // A driver with wrong notes gates others than it was told to.
    if (!ranBefore_.empty()) kernel_.requestTiles(partition_, placesOf(ranBefore_), true);
}

Lease::Taken Lease::take(Kernel& kernel, const NodeFd& node, const PartitionEntry& entry, const Layout& layout,
                         DriverFacts& facts, RequestLength length, int64_t pageSize) {
    const int fd = kernel.requestKept(node, entry.id, length);
    if (fd == -EBUSY || fd == -EINVAL) return {nullptr, -fd};
    if (fd == -EACCES || fd == -EPERM) {
        throw CoreError("permission", std::string(requestName(length)) + ": " + errnoName(-fd), -fd);
    }
    if (fd < 0) throw driverError(requestName(length), -fd);
    PartitionFd partition(UniqueFd(kernel, fd));
    if (!isPartition(kernel, fd, entry.columns)) {
        // Another driver's idea of this number: nothing more is asked of it.
        throw CoreError("driver", std::string(requestName(length)) + ": the descriptor is none of these columns");
    }
    const bool positioned = isPositioned(kernel, partition, layout, facts);
    std::unique_ptr<Lease> lease(new Lease(kernel, std::move(partition), entry, layout, positioned, facts, pageSize));
    if (!positioned) lease->describe();
    return {std::move(lease), 0};
}

Reason Lease::readClock(Tile tile) {
    uint32_t& known = running_[tile.col];
    const Reason state = clockState(*layout_.map, registers(), tile, std::min(known, tile.row));
    if (state != Reason::none) return state;
    // Where a clock is a whole column's, every row of it.
    known = std::max(known, layout_.map->tileClock == 0 && tile.row != 0 ? array::maxRows : tile.row);
    return Reason::none;
}

void Lease::describe() {
    constexpr int mostMemories = 16;
    constexpr int64_t pageThatFails = 65536;
    if (asked_) return;
    asked_ = true;
    // Shim tiles alone: the driver answers EINVAL, or describes what is not there.
    if (layout_.map != nullptr && memoriesOf(*layout_.map, layout_.shape, entry_.columns).empty()) return;
    if (pageSize_ >= pageThatFails && layout_.map != nullptr) {
        largePages_ = true; // refused in any case, and on the way the drivers give back descriptors that are in use
        return;
    }
    const int count = kernel_.memoryCount(partition_);
    if (count < 0) throw driverError("AIE_GET_MEM 0xC0104109", -count);
    if (count == 0 || count > mostMemories) {
        throw CoreError("driver", "AIE_GET_MEM names " + std::to_string(count) + " memory types");
    }
    std::array<uapi::Mem, mostMemories> described{};
    for (uapi::Mem& mem : described) mem.fd = -1;
    const std::span<uapi::Mem> wanted(described.data(), static_cast<size_t>(count));
    facts_.memoriesAsked++;
    const int result = kernel_.memories(partition_, wanted);
    if (result == -EINVAL && pageSize_ >= pageThatFails) {
        largePages_ = true;
        return;
    }
    if (result < 0) throw driverError("AIE_GET_MEM 0xC0104109", -result);
    std::vector<UniqueFd> fds; // all of them owned before anything is judged
    for (const uapi::Mem& mem : wanted) fds.emplace_back(kernel_, mem.fd);
    for (size_t i = 0; i < wanted.size(); i++) {
        if (!fds[i].valid()) throw CoreError("driver", "AIE_GET_MEM gave no descriptor");
        descriptions_.push_back(wanted[i]);
        descriptions_.back().fd = -1;
        const auto geometry = geometryOf(wanted[i], entry_, layout_);
        if (!geometry) continue;
        memories_.push_back(*geometry);
        if (layout_.trusted) buffers_.push_back({*geometry, std::move(fds[i]), nullptr, false});
    }
}

WordPort& Lease::mapped(const MemoryGeometry& geometry, bool writable) {
    for (Buffer& buffer : buffers_) {
        if (buffer.geometry != geometry) continue;
        if (!buffer.port || (writable && !buffer.writable)) {
            const size_t bytes = geometry.totalBytes();
            int error = 0;
            void* address = kernel_.mapWhole(buffer.fd.get(), bytes, writable, error);
            if (address == nullptr) throw driverError("mmap of the DMA-buf", error);
            buffer.port = bufferPort(Mapping(kernel_, address, bytes));
            buffer.writable = writable;
        }
        return *buffer.port;
    }
    throw CoreError("driver", "AIE_GET_MEM describes no such memory");
}

std::optional<Moved> Lease::storeRefused(const MemoryGeometry& geometry, uint64_t offset,
                                         std::span<const uint32_t> from) {
    describe();
    if (largePages_) return std::nullopt;
    // The buffer has the lease's columns, the memory perhaps more.
    MemoryGeometry part = geometry;
    part.startCol = entry_.columns.startCol;
    part.numCols = entry_.columns.numCols;
    const uint64_t before = uint64_t{part.startCol - geometry.startCol} * part.numRows * part.bytesPerTile;
    return mapped(part, true).store(offset - before, from);
}

WordPort& Lease::reading(const MemoryGeometry& geometry) {
    if (positioned_ || largePages_ || !layout_.trusted) return AieAccess::reading(geometry);
    return mapped(geometry, false);
}

WordPort& Lease::writing(const MemoryGeometry& geometry, std::span<const uint32_t> /*tiles*/) {
    if (!layout_.trusted || !view_) throw CoreError("unknown-driver", "an unknown driver is only read");
    if (!file_ && !largePages_) return mapped(geometry, true);
    if (file_) {
        writePort_ = std::make_unique<FilePort>(*file_, geometry,
                                                [this, geometry](uint64_t offset, std::span<const uint32_t> from) {
                                                    return storeRefused(geometry, offset, from);
                                                });
    } else {
        writePort_ = wordByWord(geometry, wideRegisters_);
    }
    return *writePort_;
}

int Lease::clock(std::span<const Tile> tiles) {
    if (tiles.empty()) return 0; // an empty list would mean all tiles
    if (clocked_.empty()) ranBefore_ = tilesThatRun();
    const int result = kernel_.requestTiles(partition_, placesOf(tiles), true);
    if (result < 0) return -result;
    clocked_.insert(clocked_.end(), tiles.begin(), tiles.end());
    return 0;
}

BorrowedPartition::BorrowedPartition(Kernel& kernel, PartitionFd partition, const PartitionEntry& entry,
                                     const Layout& layout, bool positioned, Beside beside)
    : AieAccess(kernel, std::move(partition), entry, layout, positioned), beside_(std::move(beside)) {}

BorrowedPartition::~BorrowedPartition() {
    writePort_.reset();
}

Abilities BorrowedPartition::abilities() const {
    Abilities can = AieAccess::abilities();
    can.compares = !positioned_;
    return can;
}

WordPort& BorrowedPartition::writing(const MemoryGeometry& geometry, std::span<const uint32_t> tiles) {
    if (!beside_.allowed) throw CoreError("locked", "another process owns the partition");
    if (!layout_.trusted || !view_) throw CoreError("unknown-driver", "an unknown driver is only read");
    if (file_) {
        writePort_ = std::make_unique<FilePort>(*file_, geometry, FilePort::Instead());
        return *writePort_;
    }
    if (beside_.ownerGone) {
        // Its buffers went with it, and what AIE_GET_MEM would give now outlives the holder's descriptor.
        writePort_ = wordByWord(geometry, wideRegisters_);
        return *writePort_;
    }
    writePort_.reset(); // unmapped before its descriptor is replaced
    buffer_ = matchingBuffer(kernel_, *this, entry_.columns, beside_.occupants, beside_.others, geometry, tiles);
    const size_t bytes = geometry.totalBytes();
    int error = 0;
    void* address = kernel_.mapWhole(buffer_.get(), bytes, true, error);
    if (address == nullptr) throw driverError("mmap of the owner's DMA-buf", error);
    writePort_ = std::make_unique<BesidePort>(reading(geometry), bufferPort(Mapping(kernel_, address, bytes)));
    return *writePort_;
}

PartitionFd borrowDescriptor(Kernel& kernel, ColumnRange columns, std::span<const Occupant> occupants) {
    int denied = 0;
    for (const Occupant& occupant : occupants) {
        if (occupant.fd < 0) continue;
        const UniqueFd process = openOccupant(kernel, occupant);
        if (!process.valid()) continue;
        const int copy = duplicateOf(kernel, process, occupant, occupant.fd);
        if (copy == -EPERM || copy == -EACCES) denied = -copy;
        if (copy < 0) continue;
        UniqueFd partition(kernel, copy);
        // The descriptor number may have been reused between the look and the duplicate: judge the duplicate itself.
        if (!isPartition(kernel, copy, columns)) continue;
        return PartitionFd(std::move(partition));
    }
    if (denied != 0) {
        throw CoreError("permission", "pidfd_getfd: " + errnoName(denied), denied,
                        {{"pid", occupants.front().pid},
                         {"command", occupants.front().command},
                         {"missing", std::string("CAP_SYS_PTRACE")}});
    }
    const bool mapped = std::any_of(occupants.begin(), occupants.end(), [](const Occupant& one) { return one.fd < 0; });
    if (mapped) {
        throw CoreError("no-descriptor", "in use by a mapping; its descriptor was closed", 0,
                        {{"pid", occupants.front().pid}, {"command", occupants.front().command}});
    }
    throw CoreError("owner-hidden", "in use, and no process that holds it can be reached");
}

std::optional<PartitionFd> listedDescriptor(Kernel& kernel, const NodeFd& node, ColumnRange columns,
                                            DriverFacts& facts) {
    if (facts.descriptorList == false) return std::nullopt;
    // Far more than partitions can be: into too small a list the driver leaks one descriptor before it fails.
    constexpr size_t room = 256;
    std::vector<uapi::PartitionDescriptor> listed(room);
    for (uapi::PartitionDescriptor& one : listed) one.fd = -1;
    const int result = kernel.descriptorList(node, listed);
    std::vector<UniqueFd> fds; // all of them owned before anything is judged
    for (const uapi::PartitionDescriptor& one : listed) {
        if (one.fd >= 0) fds.emplace_back(kernel, one.fd);
    }
    if (result < 0) {
        if (result == -EINVAL || result == -ENOTTY) facts.descriptorList = false;
        return std::nullopt;
    }
    facts.descriptorList = true;
    for (UniqueFd& one : fds) {
        if (isPartition(kernel, one.get(), columns)) return PartitionFd(std::move(one));
    }
    return std::nullopt;
}

} // namespace tilescope
