/**
 * Which driver answers, and what array stands behind it: from sysfs, hardware_info and the device tree, nothing mapped,
 * nothing requested. Every text in there is hostile until it was parsed whole.
 */
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "geometry.h"
#include "kernel.h"

namespace tilescope {

/** Driver families (docs/attach.md). */
enum class Family : uint8_t { unknown, linux2020, xlnxStatic, xlnxAperture };

/** The wire's word. */
std::string_view familyName(Family family);

/** What is known of a driver. The optional ones are learnt when they are first needed; none of the probes acts. */
struct DriverFacts {
    /** `unknown` also when the generation is one that this version does not know. */
    Family family = Family::unknown;
    /** What it looks like apart from the generation. */
    Family apparent = Family::unknown;
    /** Partitions are made by requests (there are apertures), whatever the family's name. */
    bool dynamic = false;
    Generation generation = Generation::unknown;
    /** Someone named the generation, though perhaps one that is not known here. */
    bool generationNamed = false;
    /** Rows, and columns (0: not told). */
    std::optional<ArrayShape> shape;
    /** Columns of each aperture. */
    std::vector<ColumnRange> apertures;

    /** The length of a partition request that worked. */
    std::optional<RequestLength> requestLength;
    /** The device answers the descriptor list. */
    std::optional<bool> descriptorList;
    /** A partition's descriptor has pread and pwrite. */
    std::optional<bool> positioned;
    /** Clocks that were asked for end when they are given back. */
    std::optional<bool> releaseGates;
    /** How often DMA-bufs were asked for: newer drivers leave one of each memory in the kernel each time. */
    uint32_t memoriesAsked = 0;
};

/**
 * Whether what the driver notes of clocks, by which it lets attributes be read, belongs to the right tiles. With AIE and
 * AIE-ML it does not where a partition does not start at column 0: gated tiles are taken for clocked ones, too.
 */
bool notesClocksRight(const DriverFacts& facts, ColumnRange columns);

/** What hardware_info says. Empty unless every known line is there once and the rows follow each other without a gap. */
struct HardwareInfo {
    std::string generation;
    ArrayShape shape;
};
std::optional<HardwareInfo> parseHardwareInfo(std::string_view text);

/** The columns in a name such as `aieaperture_0_50`. */
std::optional<ColumnRange> columnsOfName(std::string_view name, std::string_view prefix);

/** Looks; each thing seen is a line of `findings`. `device`: the node's path. */
DriverFacts probeDriver(Kernel& kernel, const std::string& device, std::vector<std::string>& findings);

} // namespace tilescope
