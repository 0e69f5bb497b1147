#include "driver.h"

#include <algorithm>
#include <charconv>

#include "error.h"

namespace tilescope {
namespace {

/** Takes a decimal number of at most 4 digits off the front. */
std::optional<uint32_t> takeNumber(std::string_view& text) {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto digits = static_cast<size_t>(end - text.data());
    if (error != std::errc() || digits > 4) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/** `start row: 1, num_rows: 2`. */
std::optional<RowRange> rowsOf(std::string_view text) {
    if (!take(text, "start row: ")) return std::nullopt;
    const auto start = takeNumber(text);
    if (!start || !take(text, ", num_rows: ")) return std::nullopt;
    const auto count = takeNumber(text);
    if (!count || !text.empty() || *start > array::maxRows || *count > array::maxRows) return std::nullopt;
    return RowRange{*start, *count};
}

/** Shim at the bottom, then memory tiles (perhaps none), then cores, no row left out. */
bool plausible(const ArrayShape& shape) {
    return shape.shim.start == 0 && shape.shim.count >= 1 && shape.core.count >= 1 &&
           (shape.memory.count == 0 || shape.memory.start == shape.shim.count) &&
           shape.core.start == shape.shim.count + shape.memory.count && shape.numRows() <= array::maxRows &&
           shape.numCols <= array::maxColumns;
}

/** Text for a line of findings: printable, short. */
std::string printable(std::string text) {
    constexpr size_t most = 200;
    text.resize(std::min(text.size(), most));
    for (char& one : text) {
        if (one < ' ' || one > '~') one = ' ';
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

/** What the device tree says of the array. */
struct TreeFacts {
    bool present = false;
    bool firstCompatible = false;
    bool knownCompatible = false;
    std::optional<uint32_t> aieGen;
    std::optional<ArrayShape> shape;
};

/** A property of one byte, or of a big-endian word. */
std::optional<uint32_t> numberOf(const std::string& property) {
    if (property.size() == 1) return static_cast<uint8_t>(property[0]);
    if (property.size() != 4) return std::nullopt;
    uint32_t value = 0;
    for (const char one : property) value = value << 8U | static_cast<uint8_t>(one);
    return value;
}

std::optional<RowRange> rowsOfProperty(const std::optional<std::string>& property) {
    if (!property || property->size() != 2) return std::nullopt;
    return RowRange{static_cast<uint8_t>((*property)[0]), static_cast<uint8_t>((*property)[1])};
}

TreeFacts probeTree(Kernel& kernel, std::vector<std::string>& findings) {
    TreeFacts facts;
    int error = 0;
    const std::string tree = "/sys/firmware/devicetree/base";
    std::vector<std::string> folders{tree};
    for (const std::string& name : kernel.list(tree, error)) folders.push_back(tree + "/" + name);
    for (const std::string& folder : folders) {
        for (const std::string& name : kernel.list(folder, error)) {
            if (facts.present) break;
            // Names differ between trees (ai-engine, ai_engine, aie): `compatible` says what a node is.
            const std::string node = folder + "/" + name;
            const std::string compatible = kernel.readText(node + "/compatible").value_or("");
            if (compatible.find(",ai-engine-v") == std::string::npos) continue;
            facts.present = true;
            findings.push_back("device tree: " + printable(name) + " compatible " + printable(compatible));
            facts.firstCompatible = compatible.find("xlnx,ai-engine-v1.0") != std::string::npos;
            facts.knownCompatible =
                facts.firstCompatible || compatible.find("xlnx,ai-engine-v2.0") != std::string::npos;
            facts.aieGen = numberOf(kernel.readText(node + "/xlnx,aie-gen").value_or(""));
            const auto shim = rowsOfProperty(kernel.readText(node + "/xlnx,shim-rows"));
            const auto memory = rowsOfProperty(kernel.readText(node + "/xlnx,mem-rows"));
            const auto core = rowsOfProperty(kernel.readText(node + "/xlnx,core-rows"));
            if (facts.aieGen) findings.push_back("device tree: aie-gen " + std::to_string(*facts.aieGen));
            if (shim && core) {
                const ArrayShape shape{0, *shim, memory.value_or(RowRange{}), *core};
                if (plausible(shape)) {
                    facts.shape = shape;
                } else {
                    findings.emplace_back("device tree: rows that no array has; not believed");
                }
            }
        }
    }
    if (!facts.present) findings.emplace_back("device tree: no ai-engine node");
    return facts;
}

std::string generationOfTree(const TreeFacts& tree) {
    if (tree.aieGen == 1U) return "aie";
    if (tree.aieGen == 2U) return "aieml";
    if (tree.aieGen == 5U) return "aie2ps";
    if (tree.aieGen) return "aie-gen " + std::to_string(*tree.aieGen);
    return tree.firstCompatible ? "aie" : "";
}

/** Whether a partition's folder in sysfs has attributes of the driver. */
bool hasAttributes(Kernel& kernel, const std::string& folder) {
    int error = 0;
    const auto names = kernel.list(folder, error);
    return std::any_of(names.begin(), names.end(), [](const std::string& name) {
        return name == "core" || name == "dma" || name == "lock" || name == "status" || name == "error_stat";
    });
}

std::string rowsText(const RowRange& rows) {
    return rows.count == 0 ? "none" : std::to_string(rows.start) + " to " + std::to_string(rows.start + rows.count - 1);
}

} // namespace

std::string_view familyName(Family family) {
    switch (family) {
    case Family::linux2020:
        return "linux-2020";
    case Family::xlnxStatic:
        return "linux-xlnx-static";
    case Family::xlnxAperture:
        return "linux-xlnx-aperture";
    case Family::unknown:
        break;
    }
    return "unknown";
}

std::optional<ColumnRange> columnsOfName(std::string_view name, std::string_view prefix) {
    if (!take(name, prefix)) return std::nullopt;
    const auto start = takeNumber(name);
    if (!start || !take(name, "_")) return std::nullopt;
    const auto count = takeNumber(name);
    if (!count || !name.empty()) return std::nullopt;
    if (*start >= array::maxColumns || *count == 0 || *count > array::maxColumns - *start) return std::nullopt;
    return ColumnRange{*start, *count};
}

std::optional<HardwareInfo> parseHardwareInfo(std::string_view text) {
    HardwareInfo info;
    std::optional<uint32_t> rows;
    unsigned seen = 0;
    const auto once = [&](unsigned bit) {
        const bool fresh = (seen & bit) == 0;
        seen |= bit;
        return fresh;
    };
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        while (line.ends_with(' ')) line.remove_suffix(1);
        while (line.starts_with(' ')) line.remove_prefix(1);
        if (take(line, "generation: ")) {
            const bool word = !line.empty() && line.size() <= 16 && std::all_of(line.begin(), line.end(), [](char one) {
                return (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9');
            });
            if (!word || !once(1)) return std::nullopt;
            info.generation = line;
        } else if (take(line, "total_cols: ")) {
            const auto value = takeNumber(line);
            if (!value || !line.empty() || *value == 0 || *value > array::maxColumns || !once(2)) return std::nullopt;
            info.shape.numCols = *value;
        } else if (take(line, "total_rows: ")) {
            rows = takeNumber(line);
            if (!rows || !line.empty() || !once(4)) return std::nullopt;
        } else if (take(line, "shim_tile: ")) {
            const auto range = rowsOf(line);
            if (!range || !once(8)) return std::nullopt;
            info.shape.shim = *range;
        } else if (take(line, "memory_tile: ")) {
            const auto range = rowsOf(line);
            if (!range || !once(16)) return std::nullopt;
            info.shape.memory = *range;
        } else if (take(line, "aie_tile: ")) {
            const auto range = rowsOf(line);
            if (!range || !once(32)) return std::nullopt;
            info.shape.core = *range;
        }
    }
    constexpr unsigned needed = 1 | 2 | 4 | 8 | 32;
    if ((seen & needed) != needed || !plausible(info.shape) || info.shape.numRows() != rows) return std::nullopt;
    if (info.shape.memory.count == 0) info.shape.memory = {};
    return info;
}

bool notesClocksRight(const DriverFacts& facts, ColumnRange columns) {
    // A name that is not known stands for a later generation.
    const bool later =
        facts.generation == Generation::unknown ? facts.generationNamed : facts.generation == Generation::aie2ps;
    return later || columns.startCol == 0;
}

DriverFacts probeDriver(Kernel& kernel, const std::string& device, std::vector<std::string>& findings) {
    DriverFacts facts;
    int error = 0;
    const std::string node = device.substr(device.rfind('/') + 1);
    const std::string folder = "/sys/class/aie";
    auto names = kernel.list(folder, error);
    std::sort(names.begin(), names.end());
    if (error != 0) findings.push_back("sysfs: no class aie (" + errnoName(error) + ")");
    bool hasNode = false;
    bool partitions = false;
    bool attributes = false;
    std::string generation;
    for (const std::string& name : names) {
        findings.push_back("sysfs: " + folder + "/" + printable(name));
        if (name == node) hasNode = true;
        if (name.starts_with("aiepart_")) {
            partitions = true;
            attributes = attributes || hasAttributes(kernel, folder + "/" + name);
        }
        if (!name.starts_with("aieaperture_")) continue;
        facts.dynamic = true;
        const auto columns = columnsOfName(name, "aieaperture_");
        if (columns) facts.apertures.push_back(*columns);
        const auto text = kernel.readText(folder + "/" + name + "/hardware_info");
        if (!text) continue;
        findings.push_back("sysfs: hardware_info " + printable(*text));
        const auto info = parseHardwareInfo(*text);
        if (!info) {
            findings.emplace_back("sysfs: hardware_info cannot be understood; not believed");
        } else if (generation.empty()) {
            generation = info->generation;
            facts.shape = info->shape;
        } else if (generation != info->generation) {
            findings.emplace_back("sysfs: apertures of different generations; not believed");
            generation = "several";
        }
    }
    if (error == 0 && !hasNode) findings.push_back("sysfs: class aie has no device " + node);

    const TreeFacts tree = probeTree(kernel, findings);
    const std::string treeGeneration = generationOfTree(tree);
    if (generation.empty()) {
        generation = treeGeneration;
    } else if (!treeGeneration.empty() && treeGeneration != generation) {
        findings.push_back("device tree says " + treeGeneration + ", hardware_info " + generation +
                           ": the driver's word counts");
    }
    if (!facts.shape) facts.shape = tree.shape;
    if (facts.shape && facts.shape->numCols == 0) {
        for (const ColumnRange& one : facts.apertures) {
            facts.shape->numCols = std::max(facts.shape->numCols, one.startCol + one.numCols);
        }
    }

    if (hasNode && facts.dynamic) {
        facts.family = Family::xlnxAperture;
    } else if (hasNode && partitions) {
        facts.family = attributes ? Family::xlnxStatic : Family::linux2020;
        // Both drivers know the first generation only, unless something names another.
        if (generation.empty() && !tree.present) generation = "aie";
    }
    facts.generationNamed = !generation.empty();
    facts.generation = generationFromName(generation);
    if (tree.present && !tree.knownCompatible) facts.family = Family::unknown;
    facts.apparent = facts.family;
    if (facts.generation == Generation::unknown) {
        facts.family = Family::unknown;
        findings.push_back(generation.empty() ? std::string("generation: nobody names it")
                                              : "generation: " + printable(generation) + " is not known");
    }
    if (facts.shape) {
        findings.push_back("array: " + std::to_string(facts.shape->numCols) + " columns; rows of shim tiles " +
                           rowsText(facts.shape->shim) + ", memory tiles " + rowsText(facts.shape->memory) +
                           ", core tiles " + rowsText(facts.shape->core));
    }
    return facts;
}

} // namespace tilescope
