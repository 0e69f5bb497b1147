/**
 * The keys of the AIE drivers' partitions: what everything outside the core names a partition by, without reading it.
 * Another driver makes others. Lower-case letters, digits and `_`, 64 characters at most (docs/wire.md).
 */
#pragma once
#include <optional>

#include "geometry.h"

namespace tilescope {

/** The key of the partition of these columns: the same in every connection, and at every boot. */
PartitionKey partitionKey(ColumnRange columns);
/** The columns that a key of ours names; empty for any other one. */
std::optional<ColumnRange> columnsOfKey(const PartitionKey& key);
/** The same. Throws CoreError `no-partition` where nothing can have that key. */
ColumnRange columnsNamedBy(const PartitionKey& key);

} // namespace tilescope
