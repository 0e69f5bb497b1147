#include "geometry.h"

#include <algorithm>

namespace tilescope {

std::string_view memoryName(MemoryType type) {
    return type == MemoryType::data ? "data" : "program";
}

std::optional<MemoryType> memoryFromName(std::string_view name) {
    if (name == "data") return MemoryType::data;
    if (name == "program") return MemoryType::program;
    return std::nullopt;
}

std::vector<MemoryGeometry> memoriesOf(ColumnRange columns, uint32_t startRow, uint32_t numRows) {
    const uint32_t first = std::max(startRow, 1U);
    const uint32_t end = startRow + numRows;
    if (first >= end || columns.numCols == 0) return {};
    return {
        {MemoryType::data, columns.startCol, columns.numCols, first, end - first, array::dataBytes, 0},
        {MemoryType::program, columns.startCol, columns.numCols, first, end - first, array::programBytes,
         array::programBase},
    };
}

ByteRange pieceAt(const MemoryGeometry& geometry, const ByteRange& range, uint64_t from, uint64_t most) {
    const uint64_t tileEnd = (from / geometry.bytesPerTile + 1) * geometry.bytesPerTile;
    const uint64_t end = std::min({range.end(), tileEnd, from + most});
    return {from, end - from};
}

} // namespace tilescope
