#include "epoch.h"

#include <algorithm>

namespace tilescope {

void Epochs::begin(Life& life) {
    constexpr size_t mostOwners = 64; // a hundred restarts later nobody asks for an earlier process
    if (!life.hands.inUse || life.hands.pid == 0) return;
    const auto known =
        std::find_if(life.owners.begin(), life.owners.end(), [&](const auto& one) { return one.first == life.hands; });
    if (known != life.owners.end()) {
        const uint32_t lives = known->second + 1;
        life.owners.erase(known);
        life.owners.emplace_back(life.hands, lives);
        return;
    }
    if (life.owners.size() == mostOwners) life.owners.erase(life.owners.begin());
    life.owners.emplace_back(life.hands, 0);
}

std::string Epochs::observe(ColumnRange columns, const Hands& hands) {
    const auto [place, fresh] = lives_.try_emplace({columns.startCol, columns.numCols});
    Life& life = place->second;
    if (fresh || life.hands != hands) {
        life.hands = hands;
        life.clocked.clear();
        if (!fresh) life.changes++;
        begin(life);
    }
    if (hands.inUse && hands.pid != 0) {
        return bootId_ + "/" + std::to_string(hands.pid) + "@" + std::to_string(hands.startTicks) + "." +
               std::to_string(life.owners.back().second);
    }
    return bootId_ + (hands.inUse ? "/hidden/" : "/free/") + observer_ + "." + std::to_string(life.changes);
}

bool Epochs::knows(ColumnRange columns, const Hands& hands) const {
    const auto place = lives_.find({columns.startCol, columns.numCols});
    return place != lives_.end() && place->second.hands == hands;
}

void Epochs::sawClocks(ColumnRange columns, ColumnRange looked, std::optional<uint32_t> clocked) {
    const auto place = lives_.find({columns.startCol, columns.numCols});
    if (place == lives_.end()) return;
    Life& life = place->second;
    if (clocked) {
        life.clocked.insert(*clocked);
        return;
    }
    const bool ran = std::any_of(life.clocked.begin(), life.clocked.end(), [&](uint32_t col) {
        return col >= looked.startCol && col - looked.startCol < looked.numCols;
    });
    if (!ran) return;
    life.changes++;
    life.clocked.clear();
}

void Epochs::end(ColumnRange columns) {
    const auto place = lives_.find({columns.startCol, columns.numCols});
    if (place == lives_.end()) return;
    Life& life = place->second;
    life.changes++;
    life.clocked.clear();
    begin(life);
}

void Epochs::endAll() {
    for (const auto& [columns, life] : lives_) end({columns.first, columns.second});
}

} // namespace tilescope
