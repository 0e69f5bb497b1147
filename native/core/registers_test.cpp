#include "registers.h"

#include <doctest/doctest.h>
#include <map>
#include <stdexcept>

#include "fake_kernel.h"

using namespace tilescope;

namespace {

/** Registers that must not be read unless the tile below said that the clock is
 * on. */
constexpr uint32_t column = 1;
constexpr uint32_t nextTile = 2;

class Column final : public RegisterSource {
  public:
    uint32_t shim = 3;
    /** For each core tile from row 1: its clock control and core control. */
    std::map<uint32_t, uint32_t> clock;
    std::map<uint32_t, uint32_t> core;
    int reads = 0;

    Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) override {
        words[0] = value(tile, offset);
        return Reason::none;
    }

  private:
    uint32_t value(Tile tile, uint32_t offset) {
        reads++;
        if (tile.row > 0) {
            const uint32_t below = tile.row == 1 ? shim : clock[tile.row - 1];
            if ((below & nextTile) == 0 || (shim & column) == 0) {
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
    Column registers;
    for (uint32_t row = 1; row <= 8; row++) registers.clock[row] = nextTile;
    CHECK(tileState(aieMap(), registers, {6, 8}, MemoryType::data, false) == Reason::none);
    registers.clock[4] = 0;
    CHECK(tileState(aieMap(), registers, {6, 4}, MemoryType::data, false) == Reason::none);
    for (uint32_t row = 5; row <= 8; row++) {
        CHECK(tileState(aieMap(), registers, {6, row}, MemoryType::data, false) == Reason::gated);
        CHECK(tileState(aieMap(), registers, {6, row}, MemoryType::program, true) == Reason::gated);
    }
    registers.shim = column;
    CHECK(tileState(aieMap(), registers, {6, 1}, MemoryType::data, false) == Reason::gated);
    registers.shim = nextTile;
    CHECK(tileState(aieMap(), registers, {6, 1}, MemoryType::data, false) == Reason::gated);
}

TEST_CASE("[main-9] program memory of an enabled core is closed unless a person opened that tile") {
    Column registers;
    registers.core[1] = array::coreEnabled;
    CHECK(tileState(aieMap(), registers, {6, 1}, MemoryType::program, false) == Reason::coreRunning);
    CHECK(tileState(aieMap(), registers, {6, 1}, MemoryType::program, true) == Reason::none);
    CHECK(tileState(aieMap(), registers, {6, 1}, MemoryType::data, false) == Reason::none);
    registers.core[1] = 2;
    CHECK(tileState(aieMap(), registers, {6, 1}, MemoryType::program, false) == Reason::none);
}

namespace {

/** The shim's column clock of a later generation; nothing else may be read but core control. */
class LaterColumn final : public RegisterSource {
  public:
    explicit LaterColumn(const ArrayMap& map) : map_(map) {}
    /** As firmware writes it. */
    uint32_t clock = 1;
    uint32_t core = 0;
    Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) override {
        if (tile.row == 0 && offset == map_.columnClock) {
            words[0] = clock;
        } else if (tile.row != 0 && offset == map_.coreControl && (clock & 3U) != 0) {
            words[0] = core;
        } else {
            throw std::logic_error("a register that must not be read");
        }
        return Reason::none;
    }

  private:
    const ArrayMap& map_;
};

} // namespace

TEST_CASE("[attach-5] [truth-1] later generations gate whole columns: one bit clocks them, whichever it is") {
    for (const Generation generation : {Generation::aieml, Generation::aie2ps}) {
        const ArrayMap& map = *mapOf(generation);
        LaterColumn registers(map);
        for (const uint32_t on : {1U, 2U, 3U}) {
            registers.clock = on;
            CHECK(tileState(map, registers, {6, 5}, MemoryType::program, false) == Reason::none);
            CHECK(clockedColumn(map, registers, {6, 2}) == 6);
        }
        registers.core = 1;
        CHECK(tileState(map, registers, {6, 5}, MemoryType::program, false) == Reason::coreRunning);
        CHECK(tileState(map, registers, {6, 5}, MemoryType::program, true) == Reason::none);
        CHECK(tileState(map, registers, {6, 1}, MemoryType::memoryTile, false) == Reason::none);
        // The bits beside the two mean nothing.
        for (const uint32_t off : {0U, ~3U}) {
            registers.clock = off;
            CHECK(tileState(map, registers, {6, 5}, MemoryType::data, false) == Reason::gated);
            CHECK(tileState(map, registers, {6, 1}, MemoryType::memoryTile, false) == Reason::gated);
            // The microcontrollers' memories are in the shim row, which is always clocked.
            CHECK(tileState(map, registers, {6, 0}, MemoryType::ucProgram, false) == Reason::none);
            CHECK_FALSE(clockedColumn(map, registers, {6, 2}));
        }
    }
}

TEST_CASE("[shape-6] clocks are looked for in the column that comes next, then upwards") {
    /** Some columns that are clocked; notes which were looked at. */
    class Columns final : public RegisterSource {
      public:
        explicit Columns(std::vector<uint32_t> clocked) : clocked_(std::move(clocked)) {}
        Reason read(Tile tile, uint32_t /*offset*/, std::span<uint32_t> words) override {
            looked.push_back(tile.col);
            words[0] = std::count(clocked_.begin(), clocked_.end(), tile.col) != 0 ? ~0U : 0;
            return Reason::none;
        }
        std::vector<uint32_t> looked;

      private:
        std::vector<uint32_t> clocked_;
    };
    const ArrayMap& map = *mapOf(Generation::aie);
    Columns all({4, 5, 6, 7});
    CHECK(clockedColumn(map, all, {4, 4}, 6) == 6);
    CHECK(all.looked == std::vector<uint32_t>{6});
    Columns one({5});
    CHECK(clockedColumn(map, one, {4, 4}, 6) == 5);
    Columns none({});
    CHECK_FALSE(clockedColumn(map, none, {4, 4}, 6));
    Columns outside({8});
    CHECK_FALSE(clockedColumn(map, outside, {4, 4}, 8));
}
