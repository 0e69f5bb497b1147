#include "status_job.h"

#include <algorithm>
#include <span>

#include "error.h"

namespace tilescope {
namespace {

/** The columns between which some tiles stand; none for no tiles. */
ColumnRange columnsOf(std::span<const Tile> tiles) {
    const auto [first, last] =
        std::minmax_element(tiles.begin(), tiles.end(), [](const Tile& a, const Tile& b) { return a.col < b.col; });
    return tiles.empty() ? ColumnRange{} : ColumnRange{first->col, last->col - first->col + 1};
}

/** What a step takes of the processor, if it counts. */
class Spending {
  public:
    Spending(PartitionDriver& driver, bool counts)
        : driver_(driver), counts_(counts), before_(driver.processorTime()) {}
    Spending(const Spending&) = delete;
    Spending& operator=(const Spending&) = delete;
    ~Spending() {
        if (counts_) driver_.statusBudget().took(driver_.processorTime() - before_, driver_.clock());
    }

  private:
    PartitionDriver& driver_;
    bool counts_;
    std::chrono::steady_clock::duration before_;
};

} // namespace

bool StatusJob::begin(const StatusWay& way) {
    if (!epoch_.empty()) return way.epoch == epoch_;
    for (const Tile& tile : request_.tiles) {
        if (way.area.has(tile)) continue;
        throw CoreError("out-of-range",
                        "no tile (" + std::to_string(tile.col) + "," + std::to_string(tile.row) + ") in the partition");
    }
    epoch_ = way.epoch;
    return true;
}

void StatusJob::rest(PartitionDriver& driver, std::vector<TileStatus>& out, Reason reason) {
    for (; next_ < request_.tiles.size(); next_++) {
        const Tile tile = request_.tiles[next_];
        const TileKind kind = driver.kindAt(request_.partition, tile);
        // A shim tile has no clock of its own.
        const bool shim = kind == TileKind::shim || kind == TileKind::shimPlain;
        const Reason why = shim && reason == Reason::gated ? Reason::notRead : reason;
        out.push_back({tile, kind, why, false, {}, {}});
    }
}

void StatusJob::readTiles(PartitionDriver& driver, const StatusWay& way, std::vector<TileStatus>& out) {
    const bool same = begin(way);
    if (way.access == nullptr) return rest(driver, out, way.closed);
    if (!same) return rest(driver, out, Reason::notRead);
    const size_t begun = out.size();
    const auto end = driver.clock() + way.stepTime;
    const size_t first = next_;
    while (next_ < request_.tiles.size() && (next_ == first || (driver.clock() < end && !driver.hurried()))) {
        out.push_back(way.access->status(request_.tiles[next_], request_.detail));
        next_++;
    }
    way.access->close(std::span(out).subspan(begun));
}

Progress StatusJob::step(PartitionDriver& driver, std::vector<TileStatus>& out) {
    const bool sane = !request_.tiles.empty() && request_.tiles.size() <= mostTiles &&
                      std::all_of(request_.tiles.begin(), request_.tiles.end(),
                                  [](const Tile& one) { return one.col < array::maxColumns; });
    if (!sane)
        throw CoreError("out-of-range", std::to_string(request_.tiles.size()) + " tiles, or columns of no array");
    const bool unasked = request_.asking == Asking::nobody;
    mayGo_ = mayGo_ || !unasked || request_.goesOn || driver.clock() >= driver.statusBudget().next();
    if (!mayGo_) return Later{driver.statusBudget().next()};
    Progress made = Progress::more();
    {
        const Spending spending(driver, unasked);
        made = slice(driver, out);
    }
    const auto left = driver.statusBudget().next() - driver.clock();
    wait_ = std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(0));
    return made;
}

Progress StatusJob::slice(PartitionDriver& driver, std::vector<TileStatus>& out) {
    const bool started = !epoch_.empty();
    visit_.part = columnsOf(request_.tiles);
    try {
        bool touched = false;
        {
            const auto needed = columnsOf(std::span(request_.tiles).subspan(next_));
            const auto way = driver.openStatus(request_.partition, visit_, needed);
            if (!way) return way.later();
            touched = way->access != nullptr;
            readTiles(driver, *way, out);
        } // whether what ends here belonged to a long request is noted of the last one
        if (touched && (started || next_ < request_.tiles.size())) driver.wasLong(request_.partition, visit_);
    } catch (const CoreError& failure) {
        const bool over = failure.code() == "not-asked" || failure.code() == "gave-way";
        if (!over || !started) throw;
        rest(driver, out, Reason::notRead);
    }
    at_ = driver.now();
    return next_ >= request_.tiles.size() ? Progress::done() : Progress::more();
}

} // namespace tilescope
