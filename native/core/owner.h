/**
 * Finds the processes that have a partition, by the names of file descriptors in /proc. It only reads names; it opens
 * nothing in another process.
 */
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "geometry.h"
#include "kernel.h"

namespace tilescope {

/** A process that has a partition's file open or mapped: an application, or a holder. */
struct Occupant {
    int64_t pid = 0;
    /** Clock ticks after boot at which it started: with the pid, its identity. */
    uint64_t startTicks = 0;
    std::string command;
    /** -1: it has the file mapped, but closed its descriptor. */
    int fd = -1;
    bool operator==(const Occupant&) const = default;
};

/** The partition that a link such as `anon_inode:aiepart_6_4` (or with brackets) names. */
std::optional<ColumnRange> partitionOfLink(std::string_view link);

/** The start time (field 22) in a /proc/PID/stat line; the command in it may hold spaces and parentheses. */
std::optional<uint64_t> startTicksOfStat(std::string_view stat);

/** Start time of a live process. */
std::optional<uint64_t> startTicksOf(Kernel& kernel, int64_t pid);

/** The result of a search through /proc. */
struct OccupantSearch {
    /** Oldest process first, each with every matching fd. */
    std::vector<Occupant> occupants;
    /**
     * Number of processes whose descriptors we may not list. 0 also means that process 1 was among the others, and that
     * it is the machine's, not a container's.
     */
    int hidden = 0;
};

/** Whether /proc shows the machine's processes, not only those of a PID namespace (a container). */
bool seesMachine(Kernel& kernel);

/** Whether that process is in our PID namespace: its numbers of processes are ours. */
bool sharesNamespace(Kernel& kernel, int64_t pid);

/** Whether a process has this partition's file mapped. */
bool hasMapped(Kernel& kernel, int64_t pid, ColumnRange columns);

/**
 * Processes other than `self` that have this partition's file mapped, oldest first. A mapping keeps the partition after
 * its descriptor is closed. Reads the memory map of every process, so call it only where no descriptor was found.
 */
std::vector<Occupant> processesMapping(Kernel& kernel, ColumnRange columns, int64_t self);

/** Whether a part of the kernel is loaded that takes partitions itself (XRT's zocl; amdxdna), or may be. */
bool kernelTakesPartitions(Kernel& kernel);

/** Every process other than `self` that has this partition's file open. */
OccupantSearch occupantsOf(Kernel& kernel, ColumnRange columns, int64_t self);

/** What processes have open. */
struct Survey {
    /** Every partition that one of them is seen with. */
    std::vector<std::pair<ColumnRange, OccupantSearch>> found;
    /** Who has the device node open: it can ask for a partition at any time. True: it has none yet. */
    std::map<int64_t, bool> openers;
    /**
     * Processes that are ending: their descriptors are gone, or went during the survey, and their last closes
     * may still run.
     */
    std::set<int64_t> ending;
    /** All others that there are. */
    std::set<int64_t> others;
    /** Those of `others` that are threads of the kernel, which never have descriptors. */
    std::set<int64_t> kernelThreads;
};
/**
 * Surveys every process other than `self` and those of `known`. With no process in `known` the searches are
 * complete.
 */
Survey surveyOccupants(Kernel& kernel, const std::string& node, int64_t self, const std::set<int64_t>& known);
/** Surveys these processes only. */
Survey surveyProcesses(Kernel& kernel, const std::string& node, const std::set<int64_t>& pids);

/**
 * Whether a process is ending and its last closes may still run. `stat`: its `/proc/PID/stat`. A zombie has closed all,
 * unless threads of it are left.
 */
bool isEnding(std::string_view stat);
/** Whether it is a thread of the kernel. */
bool isKernelThread(std::string_view stat);

/**
 * The process once for each descriptor of this partition that it has. `error`: EACCES or EPERM when its descriptors
 * may not be listed.
 */
std::vector<Occupant> occupantsIn(Kernel& kernel, int64_t pid, ColumnRange columns, int& error);

/** A process other than `self` that has this device node open; empty if there is none that we can see. */
std::optional<Occupant> openerOf(Kernel& kernel, const std::string& node, int64_t self);

/** A pidfd of such a process, verified to be still the same one; invalid if it is gone. Throws `no-pidfd`. */
UniqueFd openOccupant(Kernel& kernel, const Occupant& occupant);

/** A duplicate of that process's descriptor `fd`, or -errno. Throws `no-pidfd`. */
int duplicateOf(Kernel& kernel, const UniqueFd& process, const Occupant& occupant, int fd);

} // namespace tilescope
