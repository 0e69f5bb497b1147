#include "status_access.h"

#include <algorithm>

#include "error.h"
#include "status.h"
#include "sysfs_status.h"

namespace tilescope {
namespace {

/** Registers under what was opened, or attributes, with or without it. */
class AieStatus final : public StatusAccess {
  public:
    /** @param opened keeps the partition open meanwhile; empty where nothing does */
    AieStatus(StatusParts parts, Asking asking, PartitionState seen, std::optional<Opened> opened)
        : parts_(parts), asking_(asking), seen_(std::move(seen)), opened_(std::move(opened)),
          generation_(parts.node.facts().generation) {
        // Words tell more than texts, and no lock of the driver that an owner's end needs is waited for. What would have
        // to be mapped beside an owner is left alone where there are texts.
        words_ = opened_ && generation_ != Generation::unknown &&
                 (opened_->access->positioned() || !hasTileAttributes(parts.node.kernel(), seen_.entry.columns));
    }

    TileStatus status(Tile tile, bool detail) override {
        const TileKind kind = kindOf(parts_.node.shape(), generation_, tile);
        if (!words_) return attributes(tile, kind, detail);
        return readTileRegisters(parts_.node.map(), generation_, opened_->access->registers(), tile, kind,
                                 runsWith(detail));
    }

    void close(std::span<TileStatus> answered) override {
        opened_.reset();
        const auto missing = [](const TileStatus& one) { return one.fromSysfs && one.reason == Reason::noWay; };
        if (std::none_of(answered.begin(), answered.end(), missing) || isStill()) return;
        // The folders went with the owner: their absence says nothing of the tiles.
        for (TileStatus& one : answered) {
            if (missing(one)) one.reason = Reason::notRead;
        }
    }

  private:
    TileStatus attributes(Tile tile, TileKind kind, bool detail) {
        const ColumnRange columns = seen_.entry.columns;
        // To make its text the driver reads the tile's registers, gated or not. The shim row has no clock of its own.
        if (tile.row != 0 && !notesClocksRight(parts_.node.facts(), columns)) {
            return {tile, kind, Reason::clocksUnknown, true, {}, {}};
        }
        auto found = readTileAttributes(parts_.node.kernel(), columns, tile, kind, detail);
        // A shim tile without DMA has attributes only among the details.
        const bool none = kind == TileKind::shimPlain && !detail;
        TileStatus status{tile, kind, none ? Reason::none : Reason::noWay, true, {}, {}};
        if (found) {
            status.reason = found->gated ? Reason::gated : Reason::none;
            if (!found->gated) status.files = std::move(found->files);
        }
        return status;
    }

    /** Whether the partition is in the same hands, in the same epoch, as when it was opened. */
    bool isStill() {
        try {
            const auto now = parts_.list.stateOf(parts_.node.open(), seen_.entry.columns, asking_);
            // Later: it is in other hands than a moment ago.
            return now && now->entry.inUse == seen_.entry.inUse && now->epoch == seen_.epoch;
        } catch (const CoreError&) {
            return false; // the partition is gone, or that cannot be told
        }
    }

    StatusParts parts_;
    Asking asking_;
    PartitionState seen_;
    std::optional<Opened> opened_;
    Generation generation_;
    bool words_ = false;
};

/** What every way to a partition says of it. */
StatusWay wayTo(const PartitionState& state) {
    StatusWay way;
    way.epoch = state.epoch;
    way.area = {state.entry.columns, {state.entry.startRow, state.entry.numRows}};
    return way;
}

/** A way that leads nowhere. */
StatusWay closedWay(const PartitionState& state, Reason reason) {
    StatusWay way = wayTo(state);
    way.closed = reason;
    return way;
}

/** The attributes alone, where a failure leaves them. Throws the failure where it does not. */
OrLater<StatusWay> attributesAfter(const CoreError& failure, StatusParts parts, ColumnRange columns,
                                   const Visit& visit) {
    const std::string& code = failure.code();
    if (code == "out-of-range" || code == "not-asked" || code == "gave-way") throw CoreError(failure);
    // No way to this owner's descriptor: any user may look at the attributes. Nothing keeps it open meanwhile, and an owner
    // that is killed while one is read takes the driver with it: what nobody asked for lets it be, unless it is the
    // kernel's, or another user's whom we cannot reach.
    const bool stays = code == "kernel-held" || code == "permission" || code == "no-pidfd";
    if (visit.asking == Asking::nobody && !stays) throw CoreError(failure);
    const auto state = parts.list.stateOf(parts.node.open(), columns, visit.asking);
    if (!state) return state.later();
    if (!state->entry.inUse || !hasTileAttributes(parts.node.kernel(), columns)) throw CoreError(failure);
    StatusWay way = wayTo(*state);
    way.stepTime = sliceTime;
    way.access = std::make_unique<AieStatus>(parts, visit.asking, *state, std::nullopt);
    return OrLater<StatusWay>(std::move(way));
}

} // namespace

OrLater<StatusWay> openStatusWay(StatusParts parts, ColumnRange columns, Visit& visit, ColumnRange needed) {
    try {
        if (parts.node.facts().generation == Generation::unknown) {
            const auto state = parts.list.stateOf(parts.node.open(), columns, visit.asking);
            if (!state) return state.later();
            if (!state->entry.inUse) return closedWay(*state, Reason::noWay); // no list of registers
        }
        auto opened = parts.access.openWay(columns, Purpose::read, visit, needed);
        if (!opened) return opened.later();
        if (opened->access == nullptr) return closedWay(opened->state, Reason::gated);
        StatusWay way = wayTo(opened->state);
        way.stepTime = opened->stepTime(visit.asking);
        PartitionState seen = opened->state;
        way.access = std::make_unique<AieStatus>(parts, visit.asking, std::move(seen), std::move(*opened));
        return OrLater<StatusWay>(std::move(way));
    } catch (const CoreError& failure) {
        return attributesAfter(failure, parts, columns, visit);
    }
}

} // namespace tilescope
