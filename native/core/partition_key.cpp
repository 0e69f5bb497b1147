#include "partition_key.h"

#include <charconv>

#include "error.h"

namespace tilescope {

PartitionKey partitionKey(ColumnRange columns) {
    return {std::to_string(columns.startCol) + "_" + std::to_string(columns.numCols)};
}

std::optional<ColumnRange> columnsOfKey(const PartitionKey& key) {
    const std::string& text = key.text;
    ColumnRange columns;
    const char* const last = text.data() + text.size();
    const auto [middle, error] = std::from_chars(text.data(), last, columns.startCol);
    if (error != std::errc() || middle == last || *middle != '_') return std::nullopt;
    const auto [end, second] = std::from_chars(middle + 1, last, columns.numCols);
    if (second != std::errc() || end != last) return std::nullopt;
    const bool sane = columns.startCol < array::maxColumns && columns.numCols >= 1 &&
                      columns.numCols <= array::maxColumns - columns.startCol;
    // One partition has one key: no padding.
    if (!sane || key != partitionKey(columns)) return std::nullopt;
    return columns;
}

ColumnRange columnsNamedBy(const PartitionKey& key) {
    if (const auto columns = columnsOfKey(key)) return *columns;
    throw CoreError("no-partition", "no partition is called " + key.text.substr(0, 64));
}

} // namespace tilescope
