/**
 * Where bytes live: generations, memory types, tiles and buffer offsets. Pure: no device, no kernel. Columns and rows
 * are absolute, row 0 is the shim row; sizes and offsets are bytes.
 */
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tilescope {

/** Names a partition. Only its driver reads the text; everybody else compares it. */
struct PartitionKey {
    std::string text;
    bool operator==(const PartitionKey&) const = default;
};

/** A run of whole columns. */
struct ColumnRange {
    uint32_t startCol = 0;
    uint32_t numCols = 0;
    [[nodiscard]] bool has(uint32_t column) const { return column >= startCol && column - startCol < numCols; }
    bool operator==(const ColumnRange&) const = default;
};

enum class MemoryType : uint8_t { data, program, memoryTile, ucProgram, ucPrivateData, ucSharedData };

/** The wire's word for a memory type: `data`, `program`, `memory-tile`, `uc-program`, ... */
std::string_view memoryName(MemoryType type);
/** The memory type of a wire word. */
std::optional<MemoryType> memoryFromName(std::string_view name);

/** Generations of the array; `unknown`: named by the driver in a way that this version does not know, or not at all. */
enum class Generation : uint8_t { unknown, aie, aieml, aie2ps };

/** The wire's word: `aie`, `aieml`, `aie2ps`, `unknown`. */
std::string_view generationName(Generation generation);
/** The driver's word; `unknown` for any other text. */
Generation generationFromName(std::string_view name);

/** A run of rows. */
struct RowRange {
    uint32_t start = 0;
    uint32_t count = 0;
    [[nodiscard]] bool has(uint32_t row) const { return row >= start && row - start < count; }
    bool operator==(const RowRange&) const = default;
};

/** What stands where in the array. `numCols` is 0 when nobody tells. */
struct ArrayShape {
    uint32_t numCols = 0;
    RowRange shim;
    RowRange memory;
    RowRange core;
    [[nodiscard]] uint32_t numRows() const { return shim.count + memory.count + core.count; }
    bool operator==(const ArrayShape&) const = default;
};

/** Addresses and registers of one generation (driver-facts section 3). */
struct ArrayMap {
    Generation generation = Generation::unknown;
    uint32_t columnShift = 0;
    uint32_t rowShift = 0;
    uint32_t dataBytes = 0;
    uint32_t programBase = 0;
    uint32_t programBytes = 0;
    /** 0: no memory tiles. */
    uint32_t memoryTileBytes = 0;
    bool hasMicrocontrollers = false;
    /** Shim register that tells whether a column is clocked: it is while any bit of the mask is set. */
    uint32_t columnClock = 0;
    uint32_t columnClockMask = 0;
    /** 0, or the register of shim and core tiles whose `nextTileClock` bit clocks the tile above. */
    uint32_t tileClock = 0;
    uint32_t nextTileClock = 0;
    /** Core register whose bit 0 is set while the core is enabled. */
    uint32_t coreControl = 0;
};

/** The map of a generation; null for `unknown`. */
const ArrayMap* mapOf(Generation generation);

/** A tile's absolute position. */
struct Tile {
    uint32_t col = 0;
    uint32_t row = 0;
    bool operator==(const Tile&) const = default;
};

/** Layout of one memory type of one partition: tiles column by column (LKML 2020 series, patch 4). */
struct MemoryGeometry {
    MemoryType type = MemoryType::data;
    uint32_t startCol = 0;
    uint32_t numCols = 0;
    uint32_t startRow = 0;
    uint32_t numRows = 0;
    uint32_t bytesPerTile = 0;
    uint32_t tileBase = 0;

    [[nodiscard]] uint64_t totalBytes() const { return uint64_t{numCols} * numRows * bytesPerTile; }
    [[nodiscard]] uint32_t tileCount() const { return numCols * numRows; }
    /** Index of a buffer offset's tile, in buffer order. The offset must lie in the memory. */
    [[nodiscard]] uint32_t tileIndex(uint64_t bufferOffset) const {
        return static_cast<uint32_t>(bufferOffset / bytesPerTile);
    }
    [[nodiscard]] Tile tile(uint32_t index) const { return {startCol + index / numRows, startRow + index % numRows}; }
    bool operator==(const MemoryGeometry&) const = default;
};

/** A run of buffer offsets. */
struct ByteRange {
    uint64_t offset = 0;
    uint64_t length = 0;
    [[nodiscard]] uint64_t end() const { return offset + length; }
    bool operator==(const ByteRange&) const = default;
};

namespace array {
constexpr uint32_t coreEnabled = 1U << 0;
constexpr uint32_t programLine = 16;
/** More columns or rows than any device has: what a hostile answer is measured with. */
constexpr uint32_t maxColumns = 128;
constexpr uint32_t maxRows = 32;
} // namespace array

/** The memories of whole columns of an array: data, program, memory-tile, then the microcontrollers'. */
std::vector<MemoryGeometry> memoriesOf(const ArrayMap& map, const ArrayShape& shape, ColumnRange columns);

/** The part of `range` from `from` on that lies in one tile and has at most `most` bytes. */
ByteRange pieceAt(const MemoryGeometry& geometry, const ByteRange& range, uint64_t from, uint64_t most);

/** Throws `out-of-range` for tiles that a memory does not have. */
void checkOpenTiles(const std::vector<uint32_t>& tiles, const MemoryGeometry& geometry);

} // namespace tilescope
