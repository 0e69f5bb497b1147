#include "partition_key.h"

#include <charconv>

namespace tilescope {

std::string partitionKey(ColumnRange columns) {
    return std::to_string(columns.startCol) + "_" + std::to_string(columns.numCols);
}

std::optional<ColumnRange> columnsOfKey(std::string_view key) {
    ColumnRange columns;
    const char* const last = key.data() + key.size();
    const auto [middle, error] = std::from_chars(key.data(), last, columns.startCol);
    if (error != std::errc() || middle == last || *middle != '_') return std::nullopt;
    const auto [end, second] = std::from_chars(middle + 1, last, columns.numCols);
    if (second != std::errc() || end != last) return std::nullopt;
    const bool sane = columns.startCol < array::maxColumns && columns.numCols >= 1 &&
                      columns.numCols <= array::maxColumns - columns.startCol;
    // One partition has one key: no padding.
    if (!sane || key != partitionKey(columns)) return std::nullopt;
    return columns;
}

} // namespace tilescope
