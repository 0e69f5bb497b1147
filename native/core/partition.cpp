#include "partition.h"

#include <array>

namespace tilescope {

std::string_view ownerKindName(OwnerKind kind) {
    constexpr std::array<std::string_view, 3> names{"process", "kernel", "hidden"};
    return names.at(static_cast<size_t>(kind));
}

ColumnRange checkedColumns(ColumnRange columns) {
    const bool sane = columns.startCol < array::maxColumns && columns.numCols >= 1 &&
                      columns.numCols <= array::maxColumns - columns.startCol;
    if (sane) return columns;
    throw CoreError("out-of-range",
                    std::to_string(columns.numCols) + " columns from column " + std::to_string(columns.startCol));
}

std::string columnsText(ColumnRange columns) {
    return "columns " + std::to_string(columns.startCol) + " to " +
           std::to_string(columns.startCol + columns.numCols - 1);
}

std::vector<Fact> columnFacts(ColumnRange columns) {
    return {{"startCol", int64_t{columns.startCol}}, {"numCols", int64_t{columns.numCols}}};
}

std::vector<Fact> ownerFacts(const PartitionState& state) {
    std::vector<Fact> facts = columnFacts(state.entry.columns);
    if (state.owner) {
        facts.emplace_back("pid", state.owner->pid);
        facts.emplace_back("command", state.owner->command);
    }
    return facts;
}

Place placeOf(ColumnRange columns) {
    return {columns.startCol, columns.numCols};
}

bool overlap(ColumnRange a, ColumnRange b) {
    return a.startCol < b.startCol + b.numCols && b.startCol < a.startCol + a.numCols;
}

bool inside(ColumnRange inner, ColumnRange outer) {
    return inner.startCol >= outer.startCol && inner.startCol + inner.numCols <= outer.startCol + outer.numCols;
}

} // namespace tilescope
