/**
 * What linux-xlnx drivers tell of a tile in sysfs: text that any user may read, made under the driver's own lock and
 * clock checks. Nothing of the partition is held for it. What the text means is the client's business.
 */
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel.h"
#include "status_registers.h"

namespace tilescope {

/** Attributes of one tile: names and texts. Texts hold printable ASCII, tabs and newlines, at most 16 KiB each. */
struct TileAttributes {
    std::vector<std::pair<std::string, std::string>> files;
    /** The driver says that the tile's clock is off. */
    bool gated = false;
};

/** Most bytes of all attributes of a tile together: they travel in one frame's header. */
constexpr size_t mostAttributeBytes = 49152;

/** Whether this driver shows tiles of the partition: at least one tile's folder is there. */
bool hasTileAttributes(Kernel& kernel, ColumnRange columns);

/**
 * The attributes of a tile that can be read now, those of `detail` (bd, event, error) only if asked for; what does not
 * fit is left out. Empty when there is none.
 */
std::optional<TileAttributes> readTileAttributes(Kernel& kernel, ColumnRange columns, Tile tile, TileKind kind,
                                                 bool detail);

} // namespace tilescope
