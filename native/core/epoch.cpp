#include "epoch.h"

namespace tilescope {

std::string Epochs::observe(ColumnRange columns, const Hands& hands) {
    const auto [place, fresh] = lives_.try_emplace({columns.startCol, columns.numCols}, Life{hands, 0, false});
    Life& life = place->second;
    if (!fresh && life.hands != hands) {
        life = {hands, life.changes + 1, false};
    }
    const std::string changes = "." + std::to_string(life.changes);
    if (hands.inUse && hands.pid != 0) {
        return bootId_ + "/" + std::to_string(hands.pid) + "@" + std::to_string(hands.startTicks) + changes;
    }
    return bootId_ + (hands.inUse ? "/hidden/" : "/free/") + observer_ + changes;
}

bool Epochs::knows(ColumnRange columns, const Hands& hands) const {
    const auto place = lives_.find({columns.startCol, columns.numCols});
    return place != lives_.end() && place->second.hands == hands;
}

void Epochs::sawClocks(ColumnRange columns, bool gated) {
    const auto place = lives_.find({columns.startCol, columns.numCols});
    if (place == lives_.end()) return;
    Life& life = place->second;
    if (life.clocked && gated) life.changes++;
    life.clocked = !gated;
}

void Epochs::endAll() {
    for (auto& [columns, life] : lives_) life = {life.hands, life.changes + 1, false};
}

} // namespace tilescope
