/**
 * The ways to a partition's bytes, each held for one short access: a lease on a free partition, or a look through a
 * duplicate of its owner's descriptor. Members are declared in the order in which they must be taken; destruction runs
 * the other way: unmap, close the DMA-bufs, close the partition last.
 * Everything belongs to the thread that made it.
 */
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "geometry.h"
#include "guard.h"
#include "kernel.h"
#include "owner.h"
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

/** Device words of one memory type by buffer offset (a multiple of 4). A run stays in one tile. */
class WordPort {
  public:
    WordPort() = default;
    WordPort(const WordPort&) = delete;
    WordPort& operator=(const WordPort&) = delete;
    virtual ~WordPort() = default;
    virtual guard::Copied load(uint64_t offset, std::span<uint32_t> to) = 0;
    virtual guard::Copied store(uint64_t offset, std::span<const uint32_t> from) = 0;
};

/** A way to a partition's bytes that is open now. */
class PartitionAccess {
  public:
    PartitionAccess() = default;
    PartitionAccess(const PartitionAccess&) = delete;
    PartitionAccess& operator=(const PartitionAccess&) = delete;
    virtual ~PartitionAccess() = default;
    virtual RegisterView& registers() = 0;
    /** Words of a memory of this partition; with `forWriting`, throws `locked` or `large-pages` if that cannot be. */
    virtual WordPort& port(const MemoryGeometry& geometry, bool forWriting) = 0;
};

/** A partition that we requested with the keep flag: DMA-bufs mapped whole. */
class Lease final : public PartitionAccess {
  public:
    /** Takes it; null when another process was faster (EBUSY). Throws CoreError. */
    static std::unique_ptr<Lease> take(Kernel& kernel, int device, const PartitionEntry& entry, int64_t pageSize);
    ~Lease() override;

    RegisterView& registers() override { return registers_; }
    WordPort& port(const MemoryGeometry& geometry, bool forWriting) override;
    /** The memory types, as the driver described them. */
    [[nodiscard]] std::vector<MemoryGeometry> memories() const;
    /** The driver refuses DMA-bufs on this kernel's page size: only the register view is left. */
    [[nodiscard]] bool largePages() const { return largePages_; }

  private:
    struct Buffer {
        MemoryGeometry geometry;
        UniqueFd fd;
        std::unique_ptr<WordPort> port;
    };
    Lease(Kernel& kernel, UniqueFd partition, const PartitionEntry& entry);
    void describe(const PartitionEntry& entry, int64_t pageSize);

    Kernel& kernel_;
    UniqueFd partition_;
    std::vector<Buffer> buffers_;
    RegisterView registers_;
    std::unique_ptr<WordPort> registerPort_;
    bool largePages_ = false;
};

/** Another process's partition, seen through a duplicate of its descriptor: register view, read-only, no requests. */
class BorrowedPartition final : public PartitionAccess {
  public:
    /**
     * Duplicates and verifies. Throws `owner-hidden` (nobody found, or gone meanwhile), `no-pidfd`, `permission`.
     * @param holders where to try, in order
     */
    static std::unique_ptr<BorrowedPartition> borrow(Kernel& kernel, const PartitionEntry& entry,
                                                     std::span<const Holder> holders);
    ~BorrowedPartition() override;

    RegisterView& registers() override { return registers_; }
    WordPort& port(const MemoryGeometry& geometry, bool forWriting) override;

  private:
    BorrowedPartition(Kernel& kernel, UniqueFd partition, const PartitionEntry& entry);

    UniqueFd partition_;
    RegisterView registers_;
    std::unique_ptr<WordPort> registerPort_;
};

/** The memory type that a description of the driver names; empty for one that this family does not have. */
std::optional<MemoryGeometry> geometryOf(const uapi::Mem& mem, const PartitionEntry& entry);

} // namespace tilescope
