#include "geometry.h"

#include <algorithm>
#include <array>

#include "error.h"

namespace tilescope {
namespace {

constexpr std::array<std::string_view, 6> memoryNames{"data",       "program",         "memory-tile",
                                                      "uc-program", "uc-private-data", "uc-shared-data"};
constexpr std::array<std::string_view, 4> generationNames{"unknown", "aie", "aieml", "aie2ps"};

constexpr std::array<ArrayMap, 3> maps{{
    {Generation::aie, 23, 18, 0x8000, 0x20000, 0x4000, 0, false, 0x36040, 1U << 0, 0x36040, 1U << 1, 0x32000},
    {Generation::aieml, 25, 20, 0x10000, 0x20000, 0x4000, 0x80000, false, 0xFFF20, 3, 0, 0, 0x32000},
    {Generation::aie2ps, 25, 20, 0x10000, 0x20000, 0x4000, 0x80000, true, 0x7FF20, 3, 0, 0, 0x38000},
}};

} // namespace

std::string_view memoryName(MemoryType type) {
    return memoryNames.at(static_cast<size_t>(type));
}

std::optional<MemoryType> memoryFromName(std::string_view name) {
    const auto place = std::find(memoryNames.begin(), memoryNames.end(), name);
    if (place == memoryNames.end()) return std::nullopt;
    return static_cast<MemoryType>(place - memoryNames.begin());
}

std::string_view generationName(Generation generation) {
    return generationNames.at(static_cast<size_t>(generation));
}

Generation generationFromName(std::string_view name) {
    const auto place = std::find(generationNames.begin(), generationNames.end(), name);
    return place == generationNames.end() ? Generation::unknown
                                          : static_cast<Generation>(place - generationNames.begin());
}

const ArrayMap* mapOf(Generation generation) {
    const auto place =
        std::find_if(maps.begin(), maps.end(), [&](const ArrayMap& map) { return map.generation == generation; });
    return place == maps.end() ? nullptr : &*place;
}

std::vector<MemoryGeometry> memoriesOf(const ArrayMap& map, const ArrayShape& shape, ColumnRange columns) {
    std::vector<MemoryGeometry> all;
    const auto add = [&](MemoryType type, const RowRange& rows, uint32_t bytesPerTile, uint32_t tileBase) {
        if (rows.count == 0 || columns.numCols == 0 || bytesPerTile == 0) return;
        all.push_back({type, columns.startCol, columns.numCols, rows.start, rows.count, bytesPerTile, tileBase});
    };
    add(MemoryType::data, shape.core, map.dataBytes, 0);
    add(MemoryType::program, shape.core, map.programBytes, map.programBase);
    add(MemoryType::memoryTile, shape.memory, map.memoryTileBytes, 0);
    if (map.hasMicrocontrollers) {
        add(MemoryType::ucProgram, shape.shim, 0x8000, 0x80000);
        add(MemoryType::ucPrivateData, shape.shim, 0x4000, 0x88000);
        add(MemoryType::ucSharedData, shape.shim, 0x8000, 0xD0000);
    }
    return all;
}

ByteRange pieceAt(const MemoryGeometry& geometry, const ByteRange& range, uint64_t from, uint64_t most) {
    const uint64_t tileEnd = (from / geometry.bytesPerTile + 1) * geometry.bytesPerTile;
    const uint64_t end = std::min({range.end(), tileEnd, from + most});
    return {from, end - from};
}

void checkOpenTiles(const std::vector<uint32_t>& tiles, const MemoryGeometry& geometry) {
    for (const uint32_t tile : tiles) {
        if (tile >= geometry.tileCount()) throw CoreError("out-of-range", "open tile " + std::to_string(tile));
    }
}

} // namespace tilescope
