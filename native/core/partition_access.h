/**
 * What a job needs of a driver, and all that it knows of one: a partition, named by its key, is opened for one short
 * access. Jobs that read, write or read status use these types alone, so they run with any driver behind them. No
 * descriptors, processes or requests, and no array's addresses.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "courtesy.h"
#include "geometry.h"
#include "progress.h"
#include "reason.h"
#include "status_budget.h"
#include "tile_status.h"

namespace tilescope {

/** Device words of one memory type by buffer offset (a multiple of 4). A run stays in one tile. */
class WordPort {
  public:
    WordPort() = default;
    WordPort(const WordPort&) = delete;
    WordPort& operator=(const WordPort&) = delete;
    virtual ~WordPort() = default;
    virtual Moved load(uint64_t offset, std::span<uint32_t> to) = 0;
    virtual Moved store(uint64_t offset, std::span<const uint32_t> from) = 0;
};

/** What a way to a partition's bytes can do. */
struct Abilities {
    /** Words can be stored, once nothing else is against it. */
    bool writable = false;
    /** Many words are moved at once. False: each one stored takes calls, so that passes are kept short. */
    bool bulk = false;
    /** Before a store the tiles that it is about are compared with each other, so that these must be few. */
    bool compares = false;
};

/** A way to a partition's bytes that is open now. */
class PartitionAccess {
  public:
    PartitionAccess() = default;
    PartitionAccess(const PartitionAccess&) = delete;
    PartitionAccess& operator=(const PartitionAccess&) = delete;
    virtual ~PartitionAccess() = default;

    [[nodiscard]] virtual Abilities abilities() const = 0;
    /** Whether this way leads to a column of the partition; another one, opened later, leads to the others. */
    [[nodiscard]] virtual bool reaches(uint32_t column) const = 0;
    /** Whether a tile is clocked; `noWay` where nobody tells. */
    virtual Reason clocks(Tile tile) = 0;
    /**
     * Why a tile's memory may not be read now; none if it may.
     * @param open a person opened this tile's program memory although its core is enabled
     */
    virtual Reason mayRead(Tile tile, MemoryType type, bool open) = 0;
    /** The same for a store. */
    virtual Reason mayWrite(Tile tile, MemoryType type, bool open) = 0;
    /** A tile was seen gated: where the driver refused it, it was right, and is asked again once it runs. */
    virtual void wasGated(Tile tile) = 0;
    /** Words of a memory of this partition; the port is valid until another one is asked for. */
    virtual WordPort& reading(const MemoryGeometry& geometry) = 0;
    /**
     * The same for writing. Throws `locked`, `no-match`, `unknown-driver` if that cannot be.
     * @param tiles indexes of the tiles that are about to be written, ascending
     */
    virtual WordPort& writing(const MemoryGeometry& geometry, std::span<const uint32_t> tiles) = 0;
};

/** A way to what tiles are doing that is open now. */
class StatusAccess {
  public:
    StatusAccess() = default;
    StatusAccess(const StatusAccess&) = delete;
    StatusAccess& operator=(const StatusAccess&) = delete;
    virtual ~StatusAccess() = default;

    /** One tile of the partition; `detail`: descriptors, events and errors too. */
    virtual TileStatus status(Tile tile, bool detail) = 0;
    /** The last call, which closes this way: corrects what it answered, if that turns out to say nothing of the tiles. */
    virtual void close(std::span<TileStatus> answered) = 0;
};

/** Something that has to be done when a way was closed; its destructor does it. */
class Closing {
  public:
    Closing() = default;
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;
    virtual ~Closing() = default;
};

/** What a driver opened for one access. Ends with this object. */
template <typename Access> struct Way {
    /** The first member, so the last one to go. */
    std::unique_ptr<Closing> closing;
    /** Of the partition's contents; another text is another epoch. */
    std::string epoch;
    /** Null: nothing of the partition can be touched now, for the reason in `closed`. */
    std::unique_ptr<Access> access;
    Reason closed = Reason::none;
    /** How long one step may work under it. */
    std::chrono::steady_clock::duration stepTime{};
};

/** A way to one memory. */
struct MemoryWay : Way<PartitionAccess> {
    MemoryGeometry geometry;
};

/** Where a partition's tiles stand. */
struct TileArea {
    ColumnRange columns;
    RowRange rows;
    [[nodiscard]] bool has(Tile tile) const { return columns.has(tile.col) && rows.has(tile.row); }
};

/** A way to the status of tiles. */
struct StatusWay : Way<StatusAccess> {
    TileArea area;
};

/** A partition's memory of one type, and whether it can be written, if its owner allows. */
struct MemoryState {
    MemoryGeometry geometry;
    bool writable = false;
};

/** What a partition is opened for. `writeBeside`: a person unlocked the partition of another owner. */
enum class Purpose : uint8_t { read, write, writeBeside };

/** A driver, as jobs see it. Everything belongs to the thread that made it. */
class PartitionDriver {
  public:
    PartitionDriver() = default;
    PartitionDriver(const PartitionDriver&) = delete;
    PartitionDriver& operator=(const PartitionDriver&) = delete;
    virtual ~PartitionDriver() = default;

    /** The clock that steps are measured by. */
    virtual std::chrono::steady_clock::time_point clock() = 0;
    /** ms since 1970 on the board's clock. */
    virtual int64_t now() = 0;
    /** What the calling thread has had of a processor so far, in its own code and in the kernel's; only differences count. */
    virtual std::chrono::steady_clock::duration processorTime() = 0;
    /** The share of the processor for reads of status that no person asked for; one for all clients. */
    virtual StatusBudget& statusBudget() = 0;
    /** Something urgent waits: a running step ends at its next piece (16 KiB, one tile). */
    [[nodiscard]] virtual bool hurried() const = 0;

    /** A partition's memory types. Throws CoreError, as the others below, where there is no such partition. */
    virtual OrLater<std::vector<MemoryState>> open(const PartitionKey& key, bool allowUnknown, Visit& visit) = 0;
    /**
     * Opens the way to one memory.
     * @param needed where divisible() answers, only these columns have to be reached
     */
    virtual OrLater<MemoryWay> openMemory(const PartitionKey& key, MemoryType type, Purpose purpose, Visit& visit,
                                          const std::optional<ColumnRange>& needed) = 0;
    /** Opens the way to what tiles are doing. `needed` are the columns of those that are asked for. */
    virtual OrLater<StatusWay> openStatus(const PartitionKey& key, Visit& visit, ColumnRange needed) = 0;
    /** The layout of one memory, where a part of its columns can be opened alone; empty: all are opened at once. */
    [[nodiscard]] virtual std::optional<MemoryGeometry> divisible(const PartitionKey& key, MemoryType type) const = 0;
    /** What stands at a place. */
    [[nodiscard]] virtual TileKind kindAt(const PartitionKey& key, Tile tile) const = 0;
    /** A request needs, or needed, to open its partition more than once: it is a long one. */
    virtual void wasLong(const PartitionKey& key, const Visit& visit) = 0;
};

} // namespace tilescope
