#include "registers.h"

#include <doctest/doctest.h>
#include <map>
#include <stdexcept>

using namespace tilescope;

namespace {

/** Registers that must not be read unless the tile below said that the clock is
 * on. */
class Column final : public RegisterSource {
  public:
    uint32_t shim = 3;
    /** For each core tile from row 1: its clock control and core control. */
    std::map<uint32_t, uint32_t> clock;
    std::map<uint32_t, uint32_t> core;
    int reads = 0;

    std::optional<uint32_t> readRegister(Tile tile, uint32_t offset) override {
        reads++;
        if (tile.row > 0) {
            const uint32_t below = tile.row == 1 ? shim : clock[tile.row - 1];
            if ((below & array::clockNextTile) == 0 || (shim & array::clockColumn) == 0) {
                throw std::logic_error("a register of a gated tile was read");
            }
        }
        if (offset == aieMap().columnClock) return tile.row == 0 ? shim : clock[tile.row];
        if (offset == aieMap().coreControl) return core[tile.row];
        throw std::logic_error("a register that is none of our business");
    }
};

} // namespace

TEST_CASE("[main-9] clocks are followed from the shim upwards, and nothing above a gate is read") {
    Column column;
    for (uint32_t row = 1; row <= 8; row++) column.clock[row] = array::clockNextTile;
    CHECK(tileState(column, {6, 8}, MemoryType::data, false) == Reason::none);
    column.clock[4] = 0;
    CHECK(tileState(column, {6, 4}, MemoryType::data, false) == Reason::none);
    for (uint32_t row = 5; row <= 8; row++) {
        CHECK(tileState(column, {6, row}, MemoryType::data, false) == Reason::gated);
        CHECK(tileState(column, {6, row}, MemoryType::program, true) == Reason::gated);
    }
    column.shim = array::clockColumn;
    CHECK(tileState(column, {6, 1}, MemoryType::data, false) == Reason::gated);
    column.shim = array::clockNextTile;
    CHECK(tileState(column, {6, 1}, MemoryType::data, false) == Reason::gated);
}

TEST_CASE("[main-9] program memory of an enabled core is closed unless a person opened that tile") {
    Column column;
    column.core[1] = array::coreEnabled;
    CHECK(tileState(column, {6, 1}, MemoryType::program, false) == Reason::coreRunning);
    CHECK(tileState(column, {6, 1}, MemoryType::program, true) == Reason::none);
    CHECK(tileState(column, {6, 1}, MemoryType::data, false) == Reason::none);
    column.core[1] = 2;
    CHECK(tileState(column, {6, 1}, MemoryType::program, false) == Reason::none);
}
