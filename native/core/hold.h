/**
 * Holds: a process `tilescope-hold` that keeps a partition's file open after its owner is gone, so that the driver
 * neither resets nor gives away the memory. What such a process says of itself, and how it is found.
 */
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "geometry.h"
#include "kernel.h"
#include "owner.h"

namespace tilescope {

/** A holder's name, as /proc/PID/comm shows it once it holds. */
constexpr const char* holdCommand = "tilescope-hold";
/** The number of the one descriptor that a holder has beside the null device. */
constexpr int holdDescriptor = 3;

/** What a holder's arguments say. Times in ms since 1970 on the board's clock. */
struct HoldFacts {
    /** The key of the partition. */
    PartitionKey partition;
    int64_t since = 0;
    int64_t until = 0;
    /** The owner that it was taken from; 0 and 0 where no process was one. */
    int64_t ownerPid = 0;
    uint64_t ownerTicks = 0;
    bool operator==(const HoldFacts&) const = default;
};

/** The arguments of a holder after the program's name: `hold`, the key, then the other facts as decimal numbers. */
std::vector<std::string> holdArguments(const HoldFacts& facts);
/** The facts in such arguments, and in those of 0.1, which named the columns; empty for anything else. */
std::optional<HoldFacts> parseHold(std::span<const std::string> arguments);

/** A holder that was seen, with its partition. */
struct HolderInfo {
    Occupant process;
    HoldFacts facts;
};

/** Whether a process that has a partition's file open is a holder of it: by its name, its arguments and its descriptor. */
std::optional<HoldFacts> holdOf(Kernel& kernel, const Occupant& occupant, ColumnRange columns);

/** Every holder of a partition that we may see, oldest first. Reads names in /proc; opens nothing in a process. */
std::vector<HolderInfo> holdsOf(Kernel& kernel, ColumnRange columns);

} // namespace tilescope
