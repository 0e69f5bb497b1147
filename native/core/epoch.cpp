#include "epoch.h"

namespace tilescope {

std::string Epochs::observe(ColumnRange columns, const Hands& hands) {
    const auto [place, fresh] = lives_.try_emplace({columns.startCol, columns.numCols}, Life{hands, 0});
    Life& life = place->second;
    if (!fresh && life.hands != hands) {
        life.hands = hands;
        life.changes++;
    }
    const std::string changes = "." + std::to_string(life.changes);
    if (hands.inUse && hands.pid != 0) {
        return bootId_ + "/" + std::to_string(hands.pid) + "@" + std::to_string(hands.startTicks) + changes;
    }
    return bootId_ + (hands.inUse ? "/hidden/" : "/free/") + observer_ + changes;
}

} // namespace tilescope
