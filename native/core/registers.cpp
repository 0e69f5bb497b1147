#include "registers.h"

#include "error.h"
#include "guard.h"

namespace tilescope {

Reason tileState(RegisterSource& registers, Tile tile, MemoryType type, bool open) {
    const auto shim = registers.readRegister({tile.col, 0}, array::clockControl);
    if (!shim) return Reason::busError;
    if ((*shim & array::clockColumn) == 0 || (*shim & array::clockNextTile) == 0) return Reason::gated;
    for (uint32_t row = 1; row < tile.row; row++) {
        const auto below = registers.readRegister({tile.col, row}, array::clockControl);
        if (!below) return Reason::busError;
        if ((*below & array::clockNextTile) == 0) return Reason::gated;
    }
    if (type == MemoryType::program && !open) {
        const auto control = registers.readRegister(tile, array::coreControl);
        if (!control) return Reason::busError;
        if ((*control & array::coreEnabled) != 0) return Reason::coreRunning;
    }
    return Reason::none;
}

bool allGated(RegisterSource& registers, ColumnRange columns) {
    for (uint32_t col = 0; col < columns.numCols; col++) {
        const auto shim = registers.readRegister({columns.startCol + col, 0}, array::clockControl);
        if (!shim || ((*shim & array::clockColumn) != 0 && (*shim & array::clockNextTile) != 0)) return false;
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
        const size_t bytes = size_t{numRows_} << array::rowShift;
        int error = 0;
        void* address = kernel_.mapRegisters(partition_, uint64_t{column} << array::columnShift, bytes, error);
        if (address == nullptr) {
            throw CoreError("driver", "mmap of the register view: " + errnoName(error), error);
        }
        mapping = Mapping(kernel_, address, bytes);
    }
    return mapping.word((uint64_t{tile.row} << array::rowShift) + offset);
}

std::optional<uint32_t> RegisterView::readRegister(Tile tile, uint32_t offset) {
    uint32_t value = 0;
    if (guard::load(&value, words(tile, offset), 1).words != 1) return std::nullopt;
    return value;
}

} // namespace tilescope
