/** What a read of one tile's status found. Only a record: how it was read is the driver's business. Pure. */
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "geometry.h"
#include "reason.h"
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

} // namespace tilescope
