/**
 * Who has which partition. A process is searched for once; after that one link tells whether it still has the partition.
 * Tells holder processes from applications. Before the driver is asked for its list, finds everybody and keeps duplicates
 * of their descriptors: an owner that is killed at that moment would leave the driver's lock taken for ever. Between two
 * calls it keeps pidfds of owners and nothing else of theirs. Knows nothing of lists, epochs or leases.
 */
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "epoch.h"
#include "hold.h"
#include "node.h"
#include "owner.h"
#include "partition.h"
#include "progress.h"

namespace tilescope {

/** The processes that have a partition, holders told from applications. */
struct JudgedOccupants {
    /** Under a holder: those of the owner that it took the partition from. */
    Hands hands;
    std::optional<HolderInfo> hold;
    /** Applications first, each group oldest first. */
    std::vector<Occupant> occupants;
    size_t applications = 0;
};
JudgedOccupants judgeOccupants(Kernel& kernel, ColumnRange columns, const std::vector<Occupant>& occupants);

/**
 * Whether only a holder still has the partition. False where the holder did not take it from a process, and where
 * the kernel takes partitions itself: then the kernel may have it too, which cannot be seen.
 * @param complete the search saw every process of the machine
 */
bool isOwnerGone(Kernel& kernel, const HolderInfo& hold, bool complete);

/** Which processes have a partition, and whether the search saw all there are. */
struct Remembered {
    ColumnRange columns;
    OccupantSearch search;
    /** When the search was made. One that found none counts for the time between two checks of the list. */
    std::chrono::steady_clock::time_point at;
    /** A pidfd of the first holder. It keeps the process number from being reused, and keeps nothing open. */
    UniqueFd process;
    /** There is none, or nothing can be duplicated through it. */
    bool refused = false;
    /** The partition and its owner as known when its epoch was last named. */
    std::optional<PartitionState> state;
    Hands hands;
};

class Owners {
  public:
    explicit Owners(Node& node) : node_(node), kernel_(node.kernel()) {}

    /**
     * The processes that have a partition in use: the remembered ones if they still have it, else those of a new
     * search, which may take tens of milliseconds. A search that found none is remembered for 500 ms.
     */
    OccupantSearch occupants(ColumnRange columns);
    /** What is remembered of these columns; null for nothing. Valid until anything is asked or forgotten. */
    Remembered* remembered(ColumnRange columns);
    /** Whether the first holder that was found still has the partition open. */
    bool isStill(const Remembered& known);
    /** Opens the pidfd of the first holder. */
    void pin(Remembered& known);

    /**
     * The survey that beforeEnquiry() begins with, without the node: a process that has the node open for long
     * is taken for an application that starts, and others give way to it. Later, and throws, as that.
     */
    DoneOrLater settle();
    /**
     * Everybody who came to have a partition is found, and duplicates of the descriptors of all who are known are made,
     * where they can be had: hold them while the driver is asked. Later while somebody is starting or ending, 2 s at most
     * for each process, and while somebody else opens the node. Throws `no-quiet` where that goes on for 20 s.
     */
    OrLater<std::vector<UniqueFd>> beforeEnquiry();
    /**
     * The duplicates alone, for other requests that take the driver's lock. Later while one of the owners is ending: it
     * lets go before it is dead.
     */
    OrLater<std::vector<UniqueFd>> keepOpen();

    /** The partition is free. The next search begins with the process that had it, but nothing of it is kept open. */
    void letGo(ColumnRange columns);
    /** The next call about these columns searches anew. */
    void forget(ColumnRange columns);
    /** The same where no process was found. */
    void forgetNobody(ColumnRange columns);
    /** The next call searches anew, whatever columns it is about. */
    void forgetAll() { remembered_.clear(); }
    /** Another driver: forgets everything. */
    void reset();
    /** The partitions of which anything is remembered. */
    [[nodiscard]] std::vector<ColumnRange> known() const;
    /** Forgets what is remembered where a holder process came or went. */
    void noticeHolds();
    /** No partition is in use: no holder is searched for. */
    void noHolds();

  private:
    using Time = std::chrono::steady_clock::time_point;
    /** The processes that have a partition's file mapped without a descriptor of it, and when all were checked. */
    struct Mapped {
        Time at;
        std::vector<Occupant> found;
    };
    /** What the last survey of all processes saw, as `Survey` has it. */
    struct Surveyed {
        Time at;
        std::optional<int64_t> lastPid;
        std::set<int64_t> others;
        std::map<int64_t, bool> openers;
        std::set<int64_t> ending;
    };
    /** A process that is waited for: since when, and when it was last there. */
    struct Wait {
        Time since;
        Time seen;
    };
    /** By the process's number. */
    using Waits = std::map<int64_t, Wait>;
    /** As beforeEnquiry(), without an end. */
    OrLater<std::vector<UniqueFd>> keepEverybody();
    /** Finds everybody who came to have a partition since the last look of this kind. Later as beforeEnquiry(). */
    DoneOrLater survey();
    /** Remembers the processes that a survey saw with a partition; searches on where it left processes out. */
    void meet(ColumnRange columns, OccupantSearch search, bool complete);
    /**
     * Whether to wait for one of these processes. Each is waited for until 2 s after it was first there; it
     * counts as new once it was away for 2 s. So a process that comes and goes all the time (another Tilescope
     * opens the node at each of its checks) is waited for once.
     * @param present who is there now; true: it has to be waited for
     */
    bool mustWait(Waits& waits, const std::map<int64_t, bool>& present);
    Later inAMoment();
    /** Later, in a moment that grows. Throws `no-quiet` after 20 s without an enquiry. */
    Later laterOrNever();
    /** Remembers what a search found, holder processes behind applications, and answers with it. */
    OccupantSearch remember(ColumnRange columns, OccupantSearch search);
    /**
     * The processes that have it mapped, for where no application has a descriptor. Checks all processes every 5
     * s at most.
     */
    std::vector<Occupant> mappersOf(ColumnRange columns);

    Node& node_;
    Kernel& kernel_;
    std::vector<Remembered> remembered_;
    std::map<Place, Mapped> mapped_;
    std::optional<Surveyed> surveyed_;
    /** Who has the node open and no partition yet; who is ending; which owners lost their descriptors and live. */
    Waits starting_;
    Waits ending_;
    Waits closing_;
    /** Threads of the kernel, which need no look, and since when they are collected. */
    std::set<int64_t> kernelThreads_;
    Time kernelThreadsAt_;
    /** Since when no enquiry could be made. */
    std::optional<Time> unsettled_;
    /** Holder processes by number. */
    std::vector<int64_t> holds_;
    /** Processes by number, and at how many further looks each is asked for its name: a holder takes it after its start. */
    std::map<int64_t, int> processes_;
    /** The last process number that was given at the last look; empty if not known. */
    std::optional<int64_t> lastPid_;
};

} // namespace tilescope
