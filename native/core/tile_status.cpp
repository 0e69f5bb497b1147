#include "tile_status.h"

namespace tilescope {

std::string_view kindName(TileKind kind) {
    if (kind == TileKind::memory) return "memory";
    return kind == TileKind::core ? "core" : "shim";
}

} // namespace tilescope
