/**
 * Which partitions there are, who has them, and their epochs; which columns are free, and which were picked. A new
 * owner counts once it stayed for 50 ms. Asks the driver for its list, in the safe order; takes no partition. Knows
 * nothing of leases, ways to bytes or tasks.
 */
#pragma once
#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "courtesy.h"
#include "epoch.h"
#include "node.h"
#include "owners.h"
#include "partition.h"
#include "progress.h"

namespace tilescope {

class PartitionList {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /** @param hurry something urgent waits: a wait for somebody's hands ends at its next look */
    PartitionList(Node& node, Owners& owners, Courtesy& courtesy, const std::atomic<bool>& hurry);

    /** All partitions: those in use, free ones where they are static, picked columns. */
    OrLater<std::vector<PartitionState>> list(const NodeFd& node);
    /**
     * The next step of a list that waits for hands, by their links alone. Empty where the driver is asked: it was not since
     * `begun`, when what the list is for began, or a quarter of a second ago.
     */
    std::optional<OrLater<std::vector<PartitionState>>> listByLinks(std::optional<Time> begun);
    /** listByLinks(), or a list with a node of its own, which is open for a moment only. */
    OrLater<std::vector<PartitionState>> partitions(std::optional<Time> begun = std::nullopt);
    /**
     * The list, if it or freeColumns() differs from what a client was told last (an answer of list() may have
     * come too late for its client). Empty when the node is gone; other failures are thrown.
     */
    OrLater<std::optional<std::vector<PartitionState>>> poll();
    /** This list is what a client knows from now on. */
    void told(const std::vector<PartitionState>& all);
    /**
     * A partition by its columns. A new process counts as its owner once every check of 50 ms saw it: one that
     * lets go sooner was another short access like ours. Checks for 8 ms at a time at most. Throws `no-
     * partition`, `columns-taken`.
     * @param listed the answer to an enquiry of this moment; without it presume() answers
     */
    OrLater<PartitionState> stateOf(const NodeFd& node, ColumnRange columns, Asking asking,
                                    const std::vector<PartitionEntry>* listed = nullptr);
    /** The entry with the processes that have it, and its epoch. Notes them for later. */
    PartitionState judge(const PartitionEntry& entry, OccupantSearch search);
    /**
     * Partitions in use, and free ones where they are static; checked. The driver's lock is taken for it. Later as
     * Owners::beforeEnquiry(). Throws `no-quiet`, `driver`.
     */
    OrLater<std::vector<PartitionEntry>> enquire(const NodeFd& node);
    /** What the last enquiry listed. */
    [[nodiscard]] const std::vector<PartitionEntry>& entries() const { return listed_; }
    /** What the last enquiry told that no array can have, a sentence each. */
    [[nodiscard]] const std::vector<std::string>& findings() const { return findings_; }
    /** Whether the last enquiry is new enough for what no person asked for. */
    [[nodiscard]] bool isFresh();
    /** Whether it is still waited for whether these hands stay. */
    [[nodiscard]] bool isWaitedFor(ColumnRange columns) const { return watches_.contains(placeOf(columns)); }
    /** When this core first saw the present epoch of these columns. */
    [[nodiscard]] std::optional<Time> since(ColumnRange columns) const;
    [[nodiscard]] Epochs& epochs() { return epochs_; }

    /**
     * Where partitions are dynamic: the maximal runs of columns that nobody else uses, as of the last list. Columns that
     * were picked count as free. Else empty.
     */
    [[nodiscard]] const std::vector<ColumnRange>& freeColumns() const { return free_; }
    /** Throws `columns-taken` when a partition in use overlaps these columns, `no-partition` when the array has no such. */
    DoneOrLater checkFree(const NodeFd& node, const std::vector<PartitionEntry>& entries, ColumnRange columns,
                          Asking asking);
    /** Whether these free columns were opened here, or are being opened. */
    [[nodiscard]] bool isPicked(ColumnRange columns) const;
    /** These columns count as picked while they are being opened. Empty: none is being opened. */
    void setOpening(std::optional<ColumnRange> columns) { opening_ = columns; }
    /** What was being opened could be: it is picked until somebody takes any of its columns. */
    void pickOpening();
    /** A person has the gated tiles clocked during each lease, until this epoch ends. Empty: not any longer. */
    void setClocks(ColumnRange columns, std::optional<std::string> epoch);

    /** The node went, or another one came. */
    void nodeChanged(Node::Change change);

  private:
    struct Watch {
        /** Who had it at the first check. */
        OccupantSearch seen;
        /** Whose they are: as long as the processes are the same, nothing more is read of them. */
        Hands hands;
        std::chrono::steady_clock::duration time{0};
        int checks = 0;
        /** Searches after that time that found no process, as the first one did. */
        int searches = 0;
    };
    /** See presume(). `occupant`: who was just seen with the columns that were asked about; null: no process was. */
    struct Presumed {
        std::vector<PartitionEntry> entries;
        const Remembered* occupant = nullptr;
    };
    /**
     * What an enquiry would list, as far as it concerns these columns. Columns that a process is seen with are
     * in use. Where none is seen, the driver is asked, but not while the last list is fresh and no person asked,
     * or without a node.
     */
    OrLater<Presumed> presume(const NodeFd& node, ColumnRange columns, Asking asking);
    /** The same by links alone. `seen`: that who was found with these columns still has them. */
    Presumed presumeByLinks(ColumnRange columns, bool seen);
    /** Notes a partition whose hands are known. */
    PartitionState seen(const PartitionEntry& entry, OccupantSearch search);
    /** What became of columns that no enquiry lists. */
    OrLater<PartitionState> unlisted(const NodeFd& node, const std::vector<PartitionEntry>& entries,
                                     ColumnRange columns, Asking asking);
    /** The same as list() from what an enquiry listed; the node is asked again only about hands that are not known. */
    OrLater<std::vector<PartitionState>> listOf(const NodeFd& node, const std::vector<PartitionEntry>& entries);
    /** Forgets, of owners and waits, what this enquiry shows to be over. */
    void tidy(const std::vector<PartitionEntry>& entries);
    /** Drops picks that somebody took, lists the others, and finds the free columns. */
    void addPicks(std::vector<PartitionState>& all);
    void learnFree(const std::vector<ColumnRange>& taken);
    /**
     * Where partitions are dynamic: whether anything can have changed since the last list, by names in sysfs, the node's
     * identity and the owners' links. Asks the driver nothing.
     */
    bool isQuiet();
    /** Whether hands are waited for, and the last enquiry is new enough for it: meanwhile their links tell. */
    bool isWaiting();
    /** Names of the driver's devices, as they are now. */
    std::vector<std::string> deviceNames();

    Node& node_;
    Owners& owners_;
    Courtesy& courtesy_;
    Kernel& kernel_;
    const std::atomic<bool>& hurry_;
    Epochs epochs_;
    /** For how long, and at how many checks, a new owner was there without a gap. */
    std::map<Place, Watch> watches_;
    /** The epoch of a partition in use, and when this core first saw it. */
    std::map<Place, std::pair<std::string, Time>> since_;
    /** The epoch in which a person enabled the clocks. */
    std::map<Place, std::string> clocks_;
    std::vector<ColumnRange> picked_;
    /** Columns that become a pick when they could be opened. */
    std::optional<ColumnRange> opening_;
    std::vector<ColumnRange> free_;
    /** What a client was told last. */
    std::string told_;
    /** What the last enquiry listed, and when. */
    std::vector<PartitionEntry> listed_;
    std::vector<std::string> findings_;
    std::optional<Time> enquired_;
    /** Names of the driver's devices right before the last list; empty: the list was not finished. */
    std::vector<std::string> names_;
};

} // namespace tilescope
