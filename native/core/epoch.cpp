#include "epoch.h"

#include <algorithm>

namespace tilescope {

void Epochs::begin(Record& record) {
    constexpr size_t mostOwners = 64; // edits of an owner of a hundred restarts ago are no more
    if (!record.hands.inUse || record.hands.pid == 0) return;
    const auto known = std::find_if(record.owners.begin(), record.owners.end(),
                                    [&](const auto& one) { return one.first == record.hands; });
    if (known != record.owners.end()) {
        const uint32_t comebacks = known->second + 1;
        record.owners.erase(known);
        record.owners.emplace_back(record.hands, comebacks);
        return;
    }
    if (record.owners.size() == mostOwners) record.owners.erase(record.owners.begin());
    record.owners.emplace_back(record.hands, 0);
}

std::string Epochs::observe(ColumnRange columns, const Hands& hands) {
    const auto [place, fresh] = records_.try_emplace({columns.startCol, columns.numCols});
    Record& record = place->second;
    if (fresh || record.hands != hands) {
        record.hands = hands;
        record.clocked.clear();
        if (!fresh) record.changes++;
        begin(record);
    }
    if (hands.inUse && hands.pid != 0) {
        return bootId_ + "/" + std::to_string(hands.pid) + "@" + std::to_string(hands.startTicks) + "." +
               std::to_string(record.owners.back().second);
    }
    return bootId_ + (hands.inUse ? "/hidden/" : "/free/") + observer_ + "." + std::to_string(record.changes);
}

bool Epochs::knows(ColumnRange columns, const Hands& hands) const {
    const auto place = records_.find({columns.startCol, columns.numCols});
    return place != records_.end() && place->second.hands == hands;
}

void Epochs::sawClocks(ColumnRange columns, ColumnRange checked, std::optional<uint32_t> clocked) {
    const auto place = records_.find({columns.startCol, columns.numCols});
    if (place == records_.end()) return;
    Record& record = place->second;
    if (clocked) {
        record.clocked.insert(*clocked);
        return;
    }
    const bool ran = std::any_of(record.clocked.begin(), record.clocked.end(), [&](uint32_t col) {
        return col >= checked.startCol && col - checked.startCol < checked.numCols;
    });
    if (!ran) return;
    record.changes++;
    record.clocked.clear();
}

void Epochs::end(ColumnRange columns) {
    const auto place = records_.find({columns.startCol, columns.numCols});
    if (place == records_.end()) return;
    Record& record = place->second;
    record.changes++;
    record.clocked.clear();
    begin(record);
}

void Epochs::endAll() {
    for (const auto& [columns, record] : records_) end({columns.first, columns.second});
}

} // namespace tilescope
