/**
 * What one tile is doing: what stands at its place, and its registers of a fixed list. Only gathers; what words mean is
 * the client's business. No memory words, and no register whose read acts.
 */
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "geometry.h"
#include "registers.h"
#include "status_registers.h"

namespace tilescope {

/** One tile as it was seen. */
struct TileStatus {
    Tile tile;
    TileKind kind = TileKind::core;
    /** Why nothing was read; none if something was. */
    Reason reason = Reason::none;
    bool fromSysfs = false;
    /** Attribute names and texts; from sysfs only. */
    std::vector<std::pair<std::string, std::string>> files;
    /** Offsets in the tile's address space and words, ascending. A register that faulted is left out. */
    std::vector<std::pair<uint32_t, uint32_t>> registers;
};

/** The wire's word for a kind. */
std::string_view kindName(TileKind kind);

/** What stands at a place, by the array's rows; where those are unknown, row 0 is the shim and the rest are cores. */
TileKind kindOf(const ArrayShape& shape, Generation generation, Tile tile);

/** Which runs of a list are read. */
using RunFilter = std::function<bool(const RegisterRun&)>;
/** All runs, or those that are no details. */
RunFilter runsWith(bool detail);

/** The registers of one tile of a known generation, or why they cannot be read. Clocks are looked at first. */
TileStatus readTileRegisters(const ArrayMap& map, Generation generation, RegisterSource& registers, Tile tile,
                             TileKind kind, const RunFilter& wanted);

} // namespace tilescope
