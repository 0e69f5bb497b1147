/**
 * What one tile is doing: what stands at its place, and its registers of a fixed list. Only gathers; what words mean is
 * the client's business. No memory words, and no register whose read acts.
 */
#pragma once
#include <functional>
#include <span>

#include "geometry.h"
#include "registers.h"
#include "status_registers.h"
#include "tile_status.h"

namespace tilescope {

/** What stands at a place, by the array's rows; where those are unknown, row 0 is the shim and the rest are cores. */
TileKind kindOf(const ArrayShape& shape, Generation generation, Tile tile);

/** Which runs of a list are read. */
using RunFilter = std::function<bool(const RegisterRun&)>;
/** All runs, or those that are no details. */
RunFilter runsWith(bool detail);

/** The registers of one tile of a known generation, or why they cannot be read. Reads the clocks first. */
TileStatus readTileRegisters(const ArrayMap& map, Generation generation, RegisterSource& registers, Tile tile,
                             TileKind kind, const RunFilter& wanted);

} // namespace tilescope
