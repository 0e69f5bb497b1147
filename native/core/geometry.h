/**
 * Where bytes live: memory types, tiles and buffer offsets of the first AI Engine generation. Pure: no device, no
 * kernel. Columns and rows are absolute, row 0 is the shim row; sizes and offsets are bytes.
 */
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tilescope {

/** A run of whole columns: the key of a partition. */
struct ColumnRange {
    uint32_t startCol = 0;
    uint32_t numCols = 0;
    bool operator==(const ColumnRange&) const = default;
};

enum class MemoryType : uint8_t { data, program };

/** The wire's word for a memory type. */
std::string_view memoryName(MemoryType type);
/** The memory type of a wire word; empty for one that this driver family does not have. */
std::optional<MemoryType> memoryFromName(std::string_view name);

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

/** Addresses of the first generation (driver-facts section 3). */
namespace array {
constexpr uint32_t columnShift = 23;
constexpr uint32_t rowShift = 18;
constexpr uint32_t dataBytes = 0x8000;
constexpr uint32_t programBase = 0x20000;
constexpr uint32_t programBytes = 0x4000;
constexpr uint32_t programLine = 16;
/** Shim: bit 0 the column's clock, bit 1 the tile above; core tile: bit 1 the tile above. */
constexpr uint32_t clockControl = 0x36040;
constexpr uint32_t clockColumn = 1U << 0;
constexpr uint32_t clockNextTile = 1U << 1;
/** Bit 0: the core is enabled. */
constexpr uint32_t coreControl = 0x32000;
constexpr uint32_t coreEnabled = 1U << 0;
/** More columns or rows than any device has: what a hostile answer is measured with. */
constexpr uint32_t maxColumns = 128;
constexpr uint32_t maxRows = 32;
} // namespace array

/** The memories of a partition whose rows start at `startRow` (shim included) and number `numRows`. */
std::vector<MemoryGeometry> memoriesOf(ColumnRange columns, uint32_t startRow, uint32_t numRows);

/** The part of `range` from `from` on that lies in one tile and has at most `most` bytes. */
ByteRange pieceAt(const MemoryGeometry& geometry, const ByteRange& range, uint64_t from, uint64_t most);

} // namespace tilescope
