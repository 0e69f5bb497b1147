#include "registers.h"

#include <algorithm>
#include <cerrno>

#include "error.h"
#include "guard.h"

namespace tilescope {
namespace {

Reason readOne(RegisterSource& registers, Tile tile, uint32_t offset, uint32_t& value) {
    return registers.read(tile, offset, {&value, 1});
}

} // namespace

std::optional<uint32_t> RegisterSource::readRegister(Tile tile, uint32_t offset) {
    uint32_t value = 0;
    if (read(tile, offset, {&value, 1}) != Reason::none) return std::nullopt;
    return value;
}

Reason clockState(const ArrayMap& map, RegisterSource& registers, Tile tile, uint32_t known) {
    for (uint32_t row = known; row < tile.row; row++) {
        uint32_t value = 0;
        const Reason read = readOne(registers, {tile.col, row}, row == 0 ? map.columnClock : map.tileClock, value);
        if (read != Reason::none) return read;
        if (row == 0 && (value & map.columnClockMask) == 0) return Reason::gated;
        if (map.tileClock == 0) return Reason::none;
        if ((value & map.nextTileClock) == 0) return Reason::gated;
    }
    return Reason::none;
}

Reason coreState(const ArrayMap& map, RegisterSource& registers, Tile tile) {
    uint32_t control = 0;
    const Reason read = readOne(registers, tile, map.coreControl, control);
    if (read != Reason::none) return read;
    return (control & array::coreEnabled) != 0 ? Reason::coreRunning : Reason::none;
}

Reason tileState(const ArrayMap& map, RegisterSource& registers, Tile tile, MemoryType type, bool open) {
    const Reason clock = clockState(map, registers, tile);
    if (clock != Reason::none) return clock;
    return type == MemoryType::program && !open ? coreState(map, registers, tile) : Reason::none;
}

std::optional<uint32_t> clockedColumn(const ArrayMap& map, RegisterSource& registers, ColumnRange columns,
                                      std::optional<uint32_t> first) {
    const bool among = first && *first >= columns.startCol && *first - columns.startCol < columns.numCols;
    if (among && clockState(map, registers, {*first, 1}) != Reason::gated) return first;
    for (uint32_t col = columns.startCol; col < columns.startCol + columns.numCols; col++) {
        if (clockState(map, registers, {col, 1}) != Reason::gated) return col;
    }
    return std::nullopt;
}

bool Refusals::mayTry(Tile tile, Moment now) const {
    return !tiles_.contains({tile.col, tile.row}) || now - last_ >= pause;
}

bool Refusals::mayTryAny(Moment now) const {
    return tiles_.empty() || now - last_ >= pause;
}

void Refusals::refused(Tile tile, Moment now) {
    tiles_.insert({tile.col, tile.row});
    last_ = now;
}

void Refusals::taken(Tile tile) {
    if (tiles_.contains({tile.col, tile.row})) tiles_.clear();
}

int writeRegister(Kernel& kernel, const PartitionFd& partition, uint64_t place, uint32_t value, bool& wide) {
    const int result = kernel.writeRegister(partition, place, value, wide);
    if (result != -EINVAL) return result;
    const int other = kernel.writeRegister(partition, place, value, !wide);
    if (other >= 0) wide = !wide;
    return other;
}

const volatile uint32_t* RegisterView::words(Tile tile, uint32_t offset) {
    const uint32_t column = tile.col - columns_.startCol;
    if (column >= columns_.numCols || tile.row >= numRows_) {
        throw CoreError("internal", "register outside the partition");
    }
    Mapping& mapping = mapped_[column];
    if (!mapping.valid()) {
        const size_t bytes = size_t{numRows_} << map_.rowShift;
        int error = 0;
        void* address = kernel_.mapRegisters(partition_, uint64_t{column} << map_.columnShift, bytes, error);
        if (address == nullptr) {
            throw CoreError("driver", "mmap of the register view: " + errnoName(error), error);
        }
        mapping = Mapping(kernel_, address, bytes);
    }
    return mapping.word((uint64_t{tile.row} << map_.rowShift) + offset);
}

Reason RegisterView::read(Tile tile, uint32_t offset, std::span<uint32_t> words) {
    const auto* from = RegisterView::words(tile, offset);
    return guard::load(words.data(), from, words.size()).words == words.size() ? Reason::none : Reason::busError;
}

uint64_t RegisterFile::place(Tile tile, uint32_t offset) const {
    const uint32_t column = tile.col - columns_.startCol;
    if (column >= columns_.numCols) throw CoreError("internal", "register outside the partition");
    return (uint64_t{column} << columnShift_) + (uint64_t{tile.row} << rowShift_) + offset;
}

bool RegisterFile::mayStore(Tile tile) const {
    return refusals_ == nullptr || refusals_->empty() || refusals_->mayTry(tile, kernel_.clock());
}

bool RegisterFile::mayLoad(Tile tile) const {
    if (view_ == nullptr || tile.row == 0) return mayStore(tile);
    return refusals_ == nullptr || refusals_->mayTryAny(kernel_.clock());
}

Moved RegisterFile::moved(Tile tile, int64_t result, size_t wanted) {
    if (result == -EINVAL) {
        if (refusals_ == nullptr) return {0, Reason::gated};
        // The driver refuses the shim row never for its clock: such an error is not about a tile.
        if (tile.row != 0) refusals_->refused(tile, kernel_.clock());
        return {0, Reason::driverGated};
    }
    if (result < 0) return {0, Reason::busError};
    if (refusals_ != nullptr && !refusals_->empty()) refusals_->taken(tile);
    const size_t words = std::min(static_cast<size_t>(result) / 4, wanted);
    return {words, words == wanted ? Reason::none : Reason::busError};
}

Moved RegisterFile::load(Tile tile, uint32_t offset, std::span<uint32_t> words) {
    Moved got{0, Reason::driverGated};
    if (mayLoad(tile)) got = moved(tile, kernel_.readAt(partition_, place(tile, offset), words), words.size());
    if (got.reason != Reason::driverGated || view_ == nullptr) return got;
    const guard::Copied copied = guard::load(words.data(), view_->words(tile, offset), words.size());
    return {copied.words, copied.words == words.size() ? Reason::none : Reason::busError};
}

Moved RegisterFile::store(Tile tile, uint32_t offset, std::span<const uint32_t> words) {
    if (!mayStore(tile)) return {0, Reason::driverGated};
    return moved(tile, kernel_.writeAt(partition_, place(tile, offset), words), words.size());
}

Reason RegisterFile::read(Tile tile, uint32_t offset, std::span<uint32_t> words) {
    return load(tile, offset, words).reason;
}

} // namespace tilescope
