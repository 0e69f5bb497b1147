#include "status_job.h"

#include <algorithm>
#include <span>

#include "error.h"
#include "sysfs_status.h"

namespace tilescope {
namespace {

using Clock = std::chrono::steady_clock;

/** The columns between which some tiles stand; none for no tiles. */
ColumnRange columnsOf(std::span<const Tile> tiles) {
    const auto [first, last] =
        std::minmax_element(tiles.begin(), tiles.end(), [](const Tile& a, const Tile& b) { return a.col < b.col; });
    return tiles.empty() ? ColumnRange{} : ColumnRange{first->col, last->col - first->col + 1};
}

} // namespace

bool StatusJob::begin(const PartitionState& state) {
    if (!epoch_.empty()) return state.epoch == epoch_;
    if (request_.tiles.empty() || request_.tiles.size() > mostTiles) {
        throw CoreError("out-of-range", std::to_string(request_.tiles.size()) + " tiles");
    }
    const PartitionEntry& entry = state.entry;
    for (const Tile& tile : request_.tiles) {
        const bool inside = tile.col >= entry.columns.startCol &&
                            tile.col - entry.columns.startCol < entry.columns.numCols && tile.row >= entry.startRow &&
                            tile.row - entry.startRow < entry.numRows;
        if (!inside) {
            throw CoreError("out-of-range", "no tile (" + std::to_string(tile.col) + "," + std::to_string(tile.row) +
                                                ") in the partition");
        }
    }
    epoch_ = state.epoch;
    return true;
}

void StatusJob::rest(Engine& engine, std::vector<TileStatus>& out, Reason reason) {
    for (; next_ < request_.tiles.size(); next_++) {
        const Tile tile = request_.tiles[next_];
        // The shim row has no clock of its own.
        const Reason why = tile.row == 0 && reason == Reason::gated ? Reason::notRead : reason;
        out.push_back(
            {tile, kindOf(engine.node().shape(), engine.node().facts().generation, tile), why, false, {}, {}});
    }
}

bool StatusJob::isStill(Engine& engine, const PartitionState& before) {
    try {
        const auto now = engine.state(request_.columns, visit_.asking);
        // Later: it is in other hands than a moment ago.
        return now && now->entry.inUse == before.entry.inUse && now->epoch == before.epoch;
    } catch (const CoreError&) {
        return false; // the partition is gone, or nobody can say
    }
}

void StatusJob::look(Engine& engine, PartitionAccess& access, Clock::duration atMost, std::vector<TileStatus>& out) {
    const Generation generation = engine.node().facts().generation;
    // Words tell more than texts, and no lock of the driver that an owner's end needs is waited for. What would have to
    // be mapped beside an owner is left alone where there are texts.
    const bool words = generation != Generation::unknown &&
                       (access.positioned() || !hasTileAttributes(engine.kernel(), request_.columns));
    if (!words) {
        lookAtAttributes(engine, atMost, out);
        return;
    }
    const auto end = engine.kernel().clock() + atMost;
    const size_t first = next_;
    while (next_ < request_.tiles.size() && (next_ == first || (engine.kernel().clock() < end && !engine.hurried()))) {
        const Tile tile = request_.tiles[next_++];
        out.push_back(readTileRegisters(engine.node().map(), generation, access.registers(), tile,
                                        kindOf(engine.node().shape(), generation, tile), runsWith(request_.detail)));
    }
}

void StatusJob::lookAtAttributes(Engine& engine, Clock::duration atMost, std::vector<TileStatus>& out) {
    const auto end = engine.kernel().clock() + atMost;
    const size_t first = next_;
    const bool right = notesClocksRight(engine.node().facts(), request_.columns);
    while (next_ < request_.tiles.size() && (next_ == first || (engine.kernel().clock() < end && !engine.hurried()))) {
        const Tile tile = request_.tiles[next_++];
        const TileKind kind = kindOf(engine.node().shape(), engine.node().facts().generation, tile);
        // To make its text the driver reads the tile's registers, gated or not. The shim row has no clock of its own.
        if (tile.row != 0 && !right) {
            out.push_back({tile, kind, Reason::clocksUnknown, true, {}, {}});
            continue;
        }
        auto found = readTileAttributes(engine.kernel(), request_.columns, tile, kind, request_.detail);
        // A shim tile without DMA has attributes only among the details.
        const bool none = kind == TileKind::shimPlain && !request_.detail;
        TileStatus status{tile, kind, none ? Reason::none : Reason::noWay, true, {}, {}};
        if (found) {
            status.reason = found->gated ? Reason::gated : Reason::none;
            if (!found->gated) status.files = std::move(found->files);
        }
        out.push_back(std::move(status));
    }
}

Progress StatusJob::step(Engine& engine, std::vector<TileStatus>& out) {
    const bool started = !epoch_.empty();
    const size_t begun = out.size();
    const bool sane = !request_.tiles.empty() && request_.tiles.size() <= mostTiles &&
                      std::all_of(request_.tiles.begin(), request_.tiles.end(),
                                  [](const Tile& one) { return one.col < array::maxColumns; });
    if (!sane)
        throw CoreError("out-of-range", std::to_string(request_.tiles.size()) + " tiles, or columns of no array");
    visit_.part = columnsOf(request_.tiles);
    std::optional<PartitionState> seen;
    bool same = true;
    try {
        if (engine.node().facts().generation == Generation::unknown) {
            const auto state = engine.state(request_.columns, visit_.asking);
            if (!state) return state.later();
            if (!state->entry.inUse) {
                begin(*state);
                rest(engine, out, Reason::noWay); // no list of registers
                return Progress::done();
            }
        }
        bool gated = false;
        {
            const auto needed = columnsOf(std::span(request_.tiles).subspan(next_));
            const auto opened = engine.access().enter(request_.columns, Purpose::read, visit_, needed);
            if (!opened) return opened.later();
            gated = opened->access == nullptr;
            same = begin(opened->state) || gated;
            if (gated) {
                rest(engine, out, Reason::gated);
            } else {
                seen = opened->state;
                if (same) look(engine, *opened->access, opened->stepTime(request_.asking), out);
            }
        } // the lease ends here: whether it belonged to a long request is noted of the last one
        if (!gated && (started || next_ < request_.tiles.size())) engine.access().wasLong(request_.columns, visit_);
    } catch (const CoreError& failure) {
        if (failure.code() == "out-of-range") throw;
        const bool over = failure.code() == "not-asked" || failure.code() == "gave-way";
        if (over && !started) throw;
        if (over) {
            rest(engine, out, Reason::notRead);
        } else {
            // No way to this owner's descriptor: any user may look at the attributes. Nothing keeps it open meanwhile, and an
            // owner that is killed while one is read takes the driver with it: what nobody asked for lets it be, unless it
            // is the kernel's, or another user's whom we cannot reach.
            const std::string& code = failure.code();
            const bool stays = code == "kernel-held" || code == "permission" || code == "no-pidfd";
            if (request_.asking == Asking::nobody && !stays) throw;
            const auto state = engine.state(request_.columns, visit_.asking);
            if (!state) return state.later();
            if (!state->entry.inUse || !hasTileAttributes(engine.kernel(), request_.columns)) throw;
            seen = *state;
            same = begin(*state);
            if (same) lookAtAttributes(engine, sliceTime, out);
        }
    }
    if (!same) rest(engine, out, Reason::notRead);
    const std::span<TileStatus> looked = std::span(out).subspan(begun);
    const auto missing = [](const TileStatus& one) { return one.fromSysfs && one.reason == Reason::noWay; };
    if (seen && std::any_of(looked.begin(), looked.end(), missing) && !isStill(engine, *seen)) {
        // The folders went with the owner that was looked at: that says nothing of the tiles.
        for (TileStatus& one : looked) {
            if (missing(one)) one.reason = Reason::notRead;
        }
    }
    at_ = engine.now();
    return next_ >= request_.tiles.size() ? Progress::done() : Progress::again();
}

} // namespace tilescope
