/**
 * What tiles are doing: registers of a fixed list; the driver's attributes where there is no way to these, or only a
 * mapping beside an owner. Only gathers; what texts and words mean is the client's business. No memory words, and no
 * register whose read acts.
 */
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine.h"
#include "status_registers.h"
#include "sysfs_status.h"

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

/** What stands at a place, by the array's rows; where those are unknown, row 0 is the shim and the rest are cores. */
TileKind kindOf(const ArrayShape& shape, Generation generation, Tile tile);

/** Which runs of a list are read. */
using RunFilter = std::function<bool(const RegisterRun&)>;
/** All runs, or those that are no details. */
RunFilter runsWith(bool detail);

/** The registers of one tile of a known generation, or why they cannot be read. Clocks are looked at first. */
TileStatus readTileRegisters(const ArrayMap& map, Generation generation, RegisterSource& registers, Tile tile,
                             TileKind kind, const RunFilter& wanted);

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
