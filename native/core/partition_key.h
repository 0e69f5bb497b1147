/**
 * The keys of the AIE drivers' partitions: what everything outside the core names a partition by, without reading it.
 * Another driver makes others. Lower-case letters, digits and `_`, 64 characters at most (docs/wire.md).
 */
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "geometry.h"

namespace tilescope {

/** The key of the partition of these columns: the same in every connection, and at every boot. */
std::string partitionKey(ColumnRange columns);
/** The columns that a key of ours names; empty for any other text. */
std::optional<ColumnRange> columnsOfKey(std::string_view key);

} // namespace tilescope
