/**
 * The AIE drivers' ways to a partition's bytes, each held for one short access: a lease on a free partition, or a look through
 * another owner's descriptor. Members are declared in the order in which they must be taken; destruction runs the other
 * way: unmap, close the DMA-bufs, give back clocks, close the partition last.
 * Everything belongs to the thread that made it.
 */
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "driver.h"
#include "geometry.h"
#include "guard.h"
#include "kernel.h"
#include "owner.h"
#include "partition_access.h"
#include "registers.h"

namespace tilescope {

/** One partition as ENQUIRE lists it, checked. Rows include the shim row. */
struct PartitionEntry {
    uint32_t id = 0;
    ColumnRange columns;
    uint32_t startRow = 0;
    uint32_t numRows = 0;
    bool inUse = false;
};

/** A DMA-buf mapped whole, by buffer offset. */
std::unique_ptr<WordPort> bufferPort(Mapping mapping);

/** What an access must know of the array. */
struct Layout {
    /** Addresses. Null: not known yet, nothing can be reached. */
    const ArrayMap* map = nullptr;
    /** Rows of the array; numCols does not count here. */
    ArrayShape shape;
    /** False: a generation that this version does not know, whose memories look like those of `map`; no register is used. */
    bool knownRegisters = true;
    /** False: an unknown driver: read by `pread` only, never mapped, never written. */
    bool trusted = true;
};

/** Another partition in use, and what an access to it must know. */
struct Neighbour {
    PartitionEntry entry;
    Layout layout;
};

/** What both ways of the AIE drivers have in common: a partition's descriptor, and registers that say what may be touched. */
class AieAccess : public PartitionAccess {
  public:
    AieAccess(Kernel& kernel, PartitionFd partition, const PartitionEntry& entry, const Layout& layout,
              bool positioned);
    ~AieAccess() override;

    /** Registers by the safest way that there is: `pread`, else the register view. Throws `unknown-driver` without any. */
    RegisterSource& registers();
    [[nodiscard]] const Layout& layout() const { return layout_; }
    /** Valid as long as this object. */
    [[nodiscard]] const PartitionFd& partition() const { return partition_; }
    /** Whether words are read and written through the partition's descriptor: normally nothing is mapped. */
    [[nodiscard]] bool positioned() const { return positioned_; }
    [[nodiscard]] Abilities abilities() const override;
    [[nodiscard]] bool reaches(uint32_t column) const override { return entry_.columns.has(column); }
    /** See registers.h. */
    Reason clocks(Tile tile) override;
    /**
     * By the registers. Where none is known, data may be asked of the driver, which refuses what it takes for gated.
     */
    Reason mayRead(Tile tile, MemoryType type, bool open) override;
    /** Never without registers. */
    Reason mayWrite(Tile tile, MemoryType type, bool open) override;
    void wasGated(Tile tile) override;
    /** Which of a partition's columns this way reaches. */
    [[nodiscard]] ColumnRange columns() const { return entry_.columns; }
    /** Where tiles that the driver refuses wrongly are remembered; it outlives this object. */
    void remember(Refusals& refusals);

    WordPort& reading(const MemoryGeometry& geometry) override;

  protected:
    /** Whether a tile is clocked, where registers are known. */
    virtual Reason readClock(Tile tile);
    /**
     * Words in the register view that the driver writes one by one (AIE_REG). `wide` outlives the port and learns which
     * of the two request numbers this driver has. Needs the register view.
     */
    std::unique_ptr<WordPort> wordByWord(const MemoryGeometry& geometry, bool& wide);

    Kernel& kernel_;
    PartitionFd partition_;
    PartitionEntry entry_;
    Layout layout_;
    bool positioned_;
    std::unique_ptr<RegisterFile> file_;
    std::unique_ptr<RegisterView> view_;

  private:
    Refusals* refusals_ = nullptr;
    std::unique_ptr<WordPort> readPort_;
    MemoryGeometry readGeometry_;
};

/** A partition that we requested with the keep flag. */
class Lease final : public AieAccess {
  public:
    /** What became of a request: the lease, or why there is none. */
    struct Taken {
        std::unique_ptr<Lease> lease;
        /** EBUSY, or EINVAL, which means busy or a wrong number; 0 with a lease. */
        int error = 0;
    };
    /**
     * Requests it. Asks what its memories are if they are reached through DMA-bufs, or are not known otherwise.
     * Throws CoreError for any errno but EBUSY and EINVAL.
     * @param facts what is learnt of the driver is put here, as long as the lease lives
     */
    static Taken take(Kernel& kernel, const NodeFd& node, const PartitionEntry& entry, const Layout& layout,
                      DriverFacts& facts, RequestLength length, int64_t pageSize);
    ~Lease() override;

    WordPort& reading(const MemoryGeometry& geometry) override;
    WordPort& writing(const MemoryGeometry& geometry, std::span<const uint32_t> tiles) override;
    /** The memory types, as the driver described them: those that this version knows. Empty while it was not asked. */
    [[nodiscard]] const std::vector<MemoryGeometry>& memories() const { return memories_; }
    /** What the driver said, their descriptors left out. */
    [[nodiscard]] std::span<const uapi::Mem> descriptions() const { return descriptions_; }
    /** The driver refuses DMA-bufs on this kernel's page size. */
    [[nodiscard]] bool largePages() const { return largePages_; }
    /**
     * Has gated tiles clocked until this lease ends (AIE_REQUEST_TILES). Tiles of the partition, absolute. Answers the
     * errno, 0 when the driver took it; whether they run now, the clock registers say.
     */
    int clock(std::span<const Tile> tiles);

  private:
    struct Buffer {
        MemoryGeometry geometry;
        UniqueFd fd;
        std::unique_ptr<WordPort> port;
        bool writable = false;
    };
    Lease(Kernel& kernel, PartitionFd partition, const PartitionEntry& entry, const Layout& layout, bool positioned,
          DriverFacts& facts, int64_t pageSize);
    /** AIE_GET_MEM: the first call in a lease asks, later ones have its answer. */
    void describe();
    WordPort& mapped(const MemoryGeometry& geometry, bool writable);
    /** The tiles of the lease that run now, by the registers. */
    std::vector<Tile> tilesThatRun();
    /** Tiles as the driver's requests name them. */
    [[nodiscard]] std::vector<uapi::Location> placesOf(std::span<const Tile> tiles) const;
    /** Ends what clock() began, and looks at what came of it: tiles that ran before go on running. */
    void giveBackClocks();
    /** Stores words that the driver refused in the DMA-buf; empty when it gives none. */
    std::optional<Moved> storeRefused(const MemoryGeometry& geometry, uint64_t offset, std::span<const uint32_t> from);
    /** In a leased partition only we change clocks: a tile that runs is checked once. */
    Reason readClock(Tile tile) override;

    DriverFacts& facts_;
    int64_t pageSize_;
    bool asked_ = false;
    bool wideRegisters_;
    /** By column: the row up to which its tiles are known to run. */
    std::map<uint32_t, uint32_t> running_;
    /** What clock() was asked for, and what ran before. */
    std::vector<Tile> clocked_;
    std::vector<Tile> ranBefore_;
    std::vector<uapi::Mem> descriptions_;
    std::vector<MemoryGeometry> memories_;
    std::vector<Buffer> buffers_;
    std::unique_ptr<WordPort> writePort_;
    bool largePages_ = false;
};

/** Another owner's partition, through a descriptor that is not ours: no requests, no mapping where `pread` is there. */
class BorrowedPartition final : public AieAccess {
  public:
    /** What an owner's process has to do with writing beside it. */
    struct Beside {
        /** A person unlocked it, or only a holder is left. */
        bool allowed = false;
        /** The owner's processes; their DMA-bufs are looked at where nothing else writes. */
        std::vector<Occupant> occupants;
        /** Only a holder process is left. */
        bool ownerGone = false;
        /** Every other partition in use: those of the same owner explain buffers of the same size. */
        std::vector<Neighbour> others;
    };
    BorrowedPartition(Kernel& kernel, PartitionFd partition, const PartitionEntry& entry, const Layout& layout,
                      bool positioned, Beside beside);
    ~BorrowedPartition() override;

    [[nodiscard]] Abilities abilities() const override;
    WordPort& writing(const MemoryGeometry& geometry, std::span<const uint32_t> tiles) override;

  private:
    Beside beside_;
    /** The release that has no pwrite has the shorter request. */
    bool wideRegisters_ = false;
    UniqueFd buffer_;
    std::unique_ptr<WordPort> writePort_;
};

/**
 * A duplicate of a partition's descriptor from one of the processes that have it, verified. Throws `no-descriptor` (mapped
 * only), `owner-hidden` (none found, or gone meanwhile), `no-pidfd`, `permission`.
 * @param holders where to try, in order
 */
PartitionFd borrowDescriptor(Kernel& kernel, ColumnRange columns, std::span<const Occupant> occupants);

/**
 * A duplicate from the driver's descriptor list, verified; all others of the list are closed at once. Empty: the driver
 * has no such list (remembered in `facts`), or the partition is not in it.
 */
std::optional<PartitionFd> listedDescriptor(Kernel& kernel, const NodeFd& node, ColumnRange columns,
                                            DriverFacts& facts);

/** Whether a descriptor of ours is one of this partition, by the name that the kernel gives it. */
bool isPartition(Kernel& kernel, int fd, ColumnRange columns);

/**
 * Whether pread works on a partition's descriptor, tried at a shim register once and remembered. Throws `driver`, and
 * remembers nothing, when it fails otherwise than a kernel without it fails (EINVAL).
 */
bool isPositioned(Kernel& kernel, const PartitionFd& partition, const Layout& layout, DriverFacts& facts);

/**
 * The memory that a description of the driver names, for a known generation: recognised by offset, size and rows. Empty
 * for one that this generation does not have, or that lies elsewhere.
 */
std::optional<MemoryGeometry> geometryOf(const uapi::Mem& mem, const PartitionEntry& entry, const Layout& layout);

/** What the driver's descriptions say about an array that is not known otherwise. */
struct Described {
    Generation generation = Generation::unknown;
    /** Rows only. */
    ArrayShape shape;
};
/** Empty when the descriptions fit no array. */
std::optional<Described> judge(std::span<const uapi::Mem> memories, const PartitionEntry& entry);

} // namespace tilescope
