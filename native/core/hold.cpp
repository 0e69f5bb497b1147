#include "hold.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "partition_key.h"

namespace tilescope {
namespace {

/** The facts beside the key. */
constexpr size_t numberCount = 4;

/** A whole decimal number without sign or padding, at most what a header carries (53 bits). */
std::optional<uint64_t> plainNumber(const std::string& text) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
    const bool plain = text.size() == 1 || text.front() != '0';
    if (!whole || !plain || value > (uint64_t{1} << 53U)) return std::nullopt;
    return value;
}

/** The arguments of a process, without its name; empty when they cannot be read. */
std::vector<std::string> argumentsOf(Kernel& kernel, int64_t pid) {
    const std::string line = kernel.readText("/proc/" + std::to_string(pid) + "/cmdline").value_or("");
    std::vector<std::string> words;
    for (size_t at = 0; at < line.size();) {
        const size_t end = std::min(line.find('\0', at), line.size());
        words.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    if (!words.empty()) words.erase(words.begin());
    return words;
}

} // namespace

std::vector<std::string> holdArguments(const HoldFacts& facts) {
    return {"hold",
            facts.partition.text,
            std::to_string(facts.since),
            std::to_string(facts.until),
            std::to_string(facts.ownerPid),
            std::to_string(facts.ownerTicks)};
}

std::optional<HoldFacts> parseHold(std::span<const std::string> arguments) {
    const bool named = arguments.size() == 2 + numberCount;
    // A holder that was started before keys were there goes on for hours.
    const bool byColumns = arguments.size() == 3 + numberCount;
    if ((!named && !byColumns) || arguments.front() != "hold") return std::nullopt;
    const PartitionKey key{named ? arguments[1] : arguments[1] + "_" + arguments[2]};
    if (!columnsOfKey(key)) return std::nullopt;
    std::array<uint64_t, numberCount> numbers{};
    for (size_t i = 0; i < numberCount; i++) {
        const auto number = plainNumber(arguments[arguments.size() - numberCount + i]);
        if (!number) return std::nullopt;
        numbers[i] = *number;
    }
    const auto& [since, until, pid, ticks] = numbers;
    return HoldFacts{key, static_cast<int64_t>(since), static_cast<int64_t>(until), static_cast<int64_t>(pid), ticks};
}

std::optional<HoldFacts> holdOf(Kernel& kernel, const Occupant& occupant, ColumnRange columns) {
    if (occupant.command != holdCommand || occupant.fd != holdDescriptor) return std::nullopt;
    const auto facts = parseHold(argumentsOf(kernel, occupant.pid));
    if (!facts || facts->partition != partitionKey(columns)) return std::nullopt;
    return facts;
}

std::vector<HolderInfo> holdsOf(Kernel& kernel, ColumnRange columns) {
    std::vector<HolderInfo> found;
    int error = 0;
    for (const std::string& name : kernel.list("/proc", error)) {
        const auto pid = plainNumber(name);
        if (!pid || *pid == 0) continue;
        // The name first, so that links of other processes are not read (docs/native.md says what that may disturb).
        if (kernel.readText("/proc/" + name + "/comm").value_or("") != std::string(holdCommand) + "\n") continue;
        int denied = 0;
        for (const Occupant& occupant : occupantsIn(kernel, static_cast<int64_t>(*pid), columns, denied)) {
            if (const auto facts = holdOf(kernel, occupant, columns)) found.push_back({occupant, *facts});
        }
    }
    std::sort(found.begin(), found.end(), [](const HolderInfo& a, const HolderInfo& b) {
        const Occupant& left = a.process;
        const Occupant& right = b.process;
        return left.startTicks != right.startTicks ? left.startTicks < right.startTicks : left.pid < right.pid;
    });
    return found;
}

} // namespace tilescope
