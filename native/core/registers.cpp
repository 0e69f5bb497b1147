#include "registers.h"

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

Reason clockState(const ArrayMap& map, RegisterSource& registers, Tile tile) {
    if (tile.row == 0) return Reason::none;
    uint32_t value = 0;
    const Reason shim = readOne(registers, {tile.col, 0}, map.columnClock, value);
    if (shim != Reason::none) return shim;
    if ((value & map.columnClockMask) == 0) return Reason::gated;
    if (map.tileClock == 0) return Reason::none;
    for (uint32_t row = 0; row < tile.row; row++) {
        if (row != 0) {
            const Reason below = readOne(registers, {tile.col, row}, map.tileClock, value);
            if (below != Reason::none) return below;
        }
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

bool allGated(const ArrayMap& map, RegisterSource& registers, ColumnRange columns) {
    for (uint32_t col = 0; col < columns.numCols; col++) {
        if (clockState(map, registers, {columns.startCol + col, 1}) != Reason::gated) return false;
    }
    return true;
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

Reason RegisterFile::read(Tile tile, uint32_t offset, std::span<uint32_t> words) {
    const int64_t got = kernel_.readAt(partition_, place(tile, offset), words);
    if (got == static_cast<int64_t>(words.size_bytes())) return Reason::none;
    return got == -EINVAL ? Reason::gated : Reason::busError;
}

} // namespace tilescope
