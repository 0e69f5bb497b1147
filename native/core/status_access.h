/**
 * The AIE drivers' ways to what tiles are doing: registers where they can be read, the driver's attributes where there is no
 * way to these, or only a mapping beside an owner.
 */
#pragma once
#include "access.h"
#include "node.h"
#include "partition_access.h"
#include "partition_list.h"

namespace tilescope {

/** The parts of an engine that these ways go by. */
struct StatusParts {
    Node& node;
    PartitionList& list;
    Access& access;
};

/** Opens the way to the tiles of a partition. Throws CoreError. */
OrLater<StatusWay> openStatusWay(StatusParts parts, ColumnRange columns, Visit& visit, ColumnRange needed);

} // namespace tilescope
