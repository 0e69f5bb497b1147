/**
 * Opens the present way to a partition's bytes for one short access: a lease if the partition is free and may be taken now,
 * a duplicate of a process's descriptor if it is in use; and the clocks that a lease may switch on. Remembers what the
 * driver refuses wrongly, and whose start failed because of a lease. Knows nothing of jobs, slices of work or carriers.
 */
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "courtesy.h"
#include "lease.h"
#include "node.h"
#include "owners.h"
#include "partition.h"
#include "partition_access.h"
#include "partition_list.h"
#include "progress.h"

namespace tilescope {

/** How long one step of a write or of *Read Fast* works under its lease, beside taking it and giving it back. */
constexpr std::chrono::milliseconds sliceTime{16};
/** How long one step reads through a duplicate of an owner's descriptor: an owner that ends meanwhile still has it open. */
constexpr std::chrono::milliseconds borrowTime{1};

/** An application's request for a partition was refused while a lease of ours had it. */
struct RefusedStart {
    ColumnRange columns;
    /** The process that it may have been: one that has the node open; empty if none was found. */
    int64_t pid = 0;
    std::string command;
};

class Access;

/** Notes, as it ends, for how long a lease had a partition, and whose start was refused meanwhile. */
class LeaseEnd final : public Closing {
  public:
    LeaseEnd(Access& access, ColumnRange columns);
    ~LeaseEnd() override;
    /** We never had it. */
    void dismiss() { access_ = nullptr; }

  private:
    Access* access_;
    ColumnRange columns_;
    std::chrono::steady_clock::time_point from_;
};

/** What Access::openWay() opened; ends with this object. */
struct Opened {
    /** The first member, so the last one to go. */
    std::unique_ptr<LeaseEnd> end;
    PartitionState state;
    /**
     * Null, for `Asking::look` only: at the last check all tiles of these free columns were gated, and no person
     * asked since.
     */
    std::unique_ptr<AieAccess> access;
    /** The same object, where it is a lease of ours. */
    Lease* lease = nullptr;
    /** How long one step may work under it. */
    [[nodiscard]] std::chrono::steady_clock::duration stepTime(Asking asking) const;
};

class Access {
  public:
    Access(Node& node, Owners& owners, PartitionList& list, Courtesy& courtesy)
        : node_(node), owners_(owners), list_(list), courtesy_(courtesy), kernel_(node.kernel()) {}

    /**
     * Opens the way. Throws `no-partition`, `columns-taken`, `not-asked`, `gave-way`, `locked`, `busy`, and what
     * borrowing throws.
     * @param needed of a partition that is made by the request, a lease has these columns only
     */
    OrLater<Opened> openWay(ColumnRange columns, Purpose purpose, Visit& visit,
                            const std::optional<ColumnRange>& needed = std::nullopt);
    /**
     * The same way to a partition in use, for its descriptor alone; it stays the engine's. Throws `hold-failed` for a
     * free partition.
     */
    DoneOrLater borrow(ColumnRange columns, Visit& visit,
                       const std::function<void(const PartitionState&, int partition)>& act);
    /**
     * A partition's memory types. Picks free columns where partitions are dynamic. Free columns of a known array are not
     * taken for it: they follow from generation and rows.
     */
    OrLater<std::vector<MemoryState>> open(ColumnRange columns, bool allowUnknown, Visit& visit);
    /**
     * Whether gated tiles of a free partition are clocked during each lease from now on. False after `on`: the driver
     * ignored it. Throws `locked` for a partition in use.
     */
    OrLater<bool> setClocks(ColumnRange columns, bool on, Visit& visit);
    /**
     * Gets a descriptor of a partition that the kernel's own client (zocl) holds, and keeps it as long as this object
     * lives. The request goes out at most once in that time: zocl never counts the descriptor as given back. Throws
     * `kernel-held` when it gives none.
     */
    DoneOrLater takeKernelDescriptor(ColumnRange columns);

    /** Where a partition is made by a request, and its layout known: the layout of one memory. */
    [[nodiscard]] std::optional<MemoryGeometry> divisible(ColumnRange columns, MemoryType type) const;
    /** The layout of one memory. Throws `no-memory-types`. */
    [[nodiscard]] MemoryGeometry geometry(const Opened& opened, MemoryType type) const;
    /** The same without asking the driver. Throws `no-memory-types`, `unknown-driver`. */
    [[nodiscard]] MemoryGeometry geometry(const PartitionEntry& entry, MemoryType type) const;
    /** What the driver refuses wrongly of partitions that begin at a column, in this epoch. */
    Refusals& refusals(const AieAccess& access, const std::string& epoch);

    /** A request needs, or needed, more than one lease of free columns: it is a long one. */
    void wasLong(ColumnRange columns, const Visit& visit) {
        if (visit.begun) courtesy_.wasLong(columns);
    }
    /** Starts that were refused because of us since this was last asked; only where the kernel's log may be read. */
    std::vector<RefusedStart> takeRefusedStarts() { return std::exchange(refusedStarts_, {}); }
    /** Another driver: forgets everything. */
    void reset() { refusals_.clear(); }

  private:
    friend class LeaseEnd;
    /** What openWay() opened in one attempt. Empty: the partition changed hands meanwhile, so it tries once more. */
    using Attempt = OrLater<std::optional<Opened>>;
    /**
     * For reading beside an owner that is known already, in few calls. A duplicate of its descriptor, taken
     * through its pidfd and verified, proves that this owner still has this partition. Empty: it has not, or
     * none is known; openWay() then searches.
     */
    std::optional<Opened> openKnown(ColumnRange columns);
    /** A lease of free columns, if it may be taken now. */
    Attempt lease(const NodeFd& node, PartitionState state, Visit& visit, const std::optional<ColumnRange>& needed,
                  bool last);
    /** What the clock registers say under a new lease, and clocks on where a person enabled that. */
    PartitionState begin(Lease& lease, const PartitionEntry& entry, const Visit& visit);
    /** A duplicate of the descriptor of a process that has it. */
    Attempt beside(const NodeFd& node, PartitionState state, Purpose purpose, Visit& visit, bool last);
    /**
     * The driver's list names columns, not owners: checks that the owner is still the one that was seen. Throws
     * `busy`.
     */
    void checkHands(ColumnRange columns);
    /** Before a lease of free columns: true when it may be taken now, false where their tiles stay gated. Throws `not-asked`, `gave-way`. */
    OrLater<bool> giveWay(const PartitionState& state, Visit& visit);
    /** Later: at `until`, or in 50 ms if that is sooner. */
    Later waitUntil(std::chrono::steady_clock::time_point until);
    /** A lease; null if an application was faster, or if that is possible and this is not the last try. */
    OrLater<std::unique_ptr<Lease>> request(const NodeFd& node, const PartitionEntry& entry, bool last);
    /**
     * A duplicate of a descriptor of a partition in use: of a process that was found; else, for somebody who asks, from
     * the driver's list, once the hands have been the same for 2 s. That request oopses shipped kernels when it meets a
     * last close.
     */
    OrLater<PartitionFd> descriptor(const NodeFd& node, const PartitionState& state, const Visit& visit);
    /** Clocks the gated tiles of a lease, where a person enabled that. */
    static void enableClocks(Lease& lease, const PartitionState& state);
    /** What open() does once; what it opens counts as picked meanwhile. */
    OrLater<std::vector<MemoryState>> openMemories(ColumnRange columns, bool allowUnknown, Visit& visit);
    /** The memories as the driver describes them, or as the layout says once a register answers at its place. */
    std::vector<MemoryState> memories(const Opened& opened) const;
    /** Asks zocl at a render node for a partition's descriptor. */
    void askZocl(int render, const PartitionEntry& entry);
    /** What the kernel's log says since the lease of these columns began. */
    void noticeRefusedStarts(ColumnRange columns);

    Node& node_;
    Owners& owners_;
    PartitionList& list_;
    Courtesy& courtesy_;
    Kernel& kernel_;
    /** By first column, which is what the driver's notes go wrong by: the epoch in which it refused tiles, and these. */
    std::map<uint32_t, std::pair<std::string, Refusals>> refusals_;
    std::vector<RefusedStart> refusedStarts_;
    bool askedZocl_ = false;
    std::optional<std::pair<ColumnRange, PartitionFd>> kernelDescriptor_;
};

} // namespace tilescope
