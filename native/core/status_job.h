/**
 * A look at the status of tiles under way, in slices: registers where they can be read, the driver's attributes where there
 * is no way to these, or only a mapping beside an owner.
 */
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "engine.h"
#include "status.h"

namespace tilescope {

/** Tiles of one status request. */
constexpr size_t mostTiles = 4096;

struct StatusRequest {
    ColumnRange columns;
    /** Absolute, of the partition, shim row included. */
    std::vector<Tile> tiles;
    /** Descriptors, events and errors too. */
    bool detail = false;
    Asking asking = Asking::look;
};

/** A look at the status of tiles, under way. */
class StatusJob {
  public:
    explicit StatusJob(StatusRequest request) : request_(std::move(request)), visit_{request_.asking} {}
    /** Looks at tiles for at most one slice and appends them. Throws CoreError. */
    Progress step(Engine& engine, std::vector<TileStatus>& out);
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** Board clock of the last look, ms. */
    [[nodiscard]] int64_t at() const { return at_; }

  private:
    /** False when the partition began another life: what is left was not read. */
    bool begin(const PartitionState& state);
    /** Tiles under one access, as long as it may take. */
    void look(Engine& engine, PartitionAccess& access, std::chrono::steady_clock::duration atMost,
              std::vector<TileStatus>& out);
    /** Tiles by attributes alone, for as long as a slice takes. */
    void lookAtAttributes(Engine& engine, std::chrono::steady_clock::duration atMost, std::vector<TileStatus>& out);
    /** Whether the partition is in the same hands, in the same life, as at the look before. */
    bool isStill(Engine& engine, const PartitionState& before);
    /** The tiles that are left, with a reason. */
    void rest(Engine& engine, std::vector<TileStatus>& out, Reason reason);

    StatusRequest request_;
    Visit visit_;
    std::string epoch_;
    size_t next_ = 0;
    int64_t at_ = 0;
};

} // namespace tilescope
