#include "owner.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>

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

template <typename Number> std::optional<Number> wholeNumber(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/** The number of a process's PID namespace, as its link has it. */
std::optional<std::string> namespaceLink(Kernel& kernel, const std::string& process) {
    return kernel.readLink("/proc/" + process + "/ns/pid");
}

/** The path at the end of a line of /proc/PID/maps: addresses, permissions, offset, device, inode, path. */
std::string_view pathOfMap(std::string_view line) {
    constexpr int fieldsBefore = 5;
    for (int field = 0; field < fieldsBefore; field++) {
        line.remove_prefix(std::min(line.find(' '), line.size()));
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    }
    return line;
}

std::string commandOf(Kernel& kernel, int64_t pid) {
    std::string command = kernel.readText("/proc/" + std::to_string(pid) + "/comm").value_or("");
    while (!command.empty() && command.back() == '\n') command.pop_back();
    return command;
}

void sortByAge(std::vector<Occupant>& occupants) {
    std::stable_sort(occupants.begin(), occupants.end(), [](const Occupant& a, const Occupant& b) {
        return a.startTicks != b.startTicks ? a.startTicks < b.startTicks : a.pid < b.pid;
    });
}

/** Field number `number` of a process's stat, as proc(5) counts them, 3 (its state) or later. */
std::optional<std::string_view> statField(std::string_view stat, int number) {
    // The command stands in parentheses and may contain any byte: fields are counted from the last one.
    const size_t close = stat.rfind(')');
    if (close == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(close + 1);
    constexpr int first = 3;
    for (int field = first;; field++) {
        const size_t begin = stat.find_first_not_of(' ');
        if (begin == std::string_view::npos) return std::nullopt;
        stat.remove_prefix(begin);
        const size_t length = std::min(stat.find_first_of(" \n"), stat.size());
        if (field == number) return stat.substr(0, length);
        stat.remove_prefix(length);
    }
}

uint64_t flagsOf(std::string_view stat) {
    const auto flags = statField(stat, 9);
    return flags ? wholeNumber<uint64_t>(*flags).value_or(0) : 0;
}

/** Adds what a process has open; false when its descriptors may not be listed. */
bool surveyProcess(Kernel& kernel, const std::string& node, int64_t pid, Survey& survey) {
    const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
    int denied = 0;
    size_t readable = 0;
    bool opener = false;
    bool has = false;
    const auto descriptors = kernel.list(folder, denied);
    for (const std::string& one : descriptors) {
        const auto fd = wholeNumber<int>(one);
        const auto link = fd ? kernel.readLink(folder + "/" + one) : std::nullopt;
        if (!link) continue;
        readable++;
        opener = opener || *link == node;
        const auto columns = partitionOfLink(*link);
        const auto start = columns ? startTicksOf(kernel, pid) : std::nullopt;
        if (!start) continue;
        has = true;
        auto place = std::find_if(survey.found.begin(), survey.found.end(),
                                  [&](const auto& seen) { return seen.first == *columns; });
        if (place == survey.found.end()) place = survey.found.insert(place, {*columns, {}});
        place->second.occupants.push_back({pid, *start, commandOf(kernel, pid), *fd});
    }
    // A process that ends loses all its descriptors at once, maybe during this search.
    const bool lost = descriptors.empty() || readable != descriptors.size();
    std::string stat;
    if (!has && lost) stat = kernel.readText("/proc/" + std::to_string(pid) + "/stat").value_or("");
    if (isEnding(stat)) {
        survey.ending.insert(pid);
    } else if (opener) {
        survey.openers[pid] = !has;
    } else {
        survey.others.insert(pid);
        if (isKernelThread(stat)) survey.kernelThreads.insert(pid);
    }
    return denied != EACCES && denied != EPERM && (descriptors.empty() || readable != 0);
}

} // namespace

std::optional<ColumnRange> partitionOfLink(std::string_view link) {
    constexpr std::string_view prefix = "anon_inode:";
    constexpr std::string_view name = "aiepart_";
    if (!link.starts_with(prefix)) return std::nullopt;
    link.remove_prefix(prefix.size());
    if (link.starts_with('[')) {
        if (!link.ends_with(']')) return std::nullopt;
        link.remove_prefix(1);
        link.remove_suffix(1);
    }
    if (!link.starts_with(name)) return std::nullopt;
    link.remove_prefix(name.size());
    const auto start = takeNumber(link);
    if (!start || !link.starts_with('_')) return std::nullopt;
    link.remove_prefix(1);
    const auto count = takeNumber(link);
    if (!count || !link.empty()) return std::nullopt;
    return ColumnRange{*start, *count};
}

std::optional<uint64_t> startTicksOfStat(std::string_view stat) {
    const auto field = statField(stat, 22);
    return field ? wholeNumber<uint64_t>(*field) : std::nullopt;
}

bool isEnding(std::string_view stat) {
    constexpr uint64_t exiting = 0x4; // PF_EXITING
    if ((flagsOf(stat) & exiting) == 0) return false;
    const auto state = statField(stat, 3);
    const auto threads = statField(stat, 20);
    const bool closed = *state == "Z" || *state == "X";
    return !closed || (threads && wholeNumber<int64_t>(*threads).value_or(0) > 1);
}

bool isKernelThread(std::string_view stat) {
    constexpr uint64_t kernelThread = 0x200000; // PF_KTHREAD
    return (flagsOf(stat) & kernelThread) != 0;
}

std::optional<uint64_t> startTicksOf(Kernel& kernel, int64_t pid) {
    const auto stat = kernel.readText("/proc/" + std::to_string(pid) + "/stat");
    return stat ? startTicksOfStat(*stat) : std::nullopt;
}

std::vector<Occupant> occupantsIn(Kernel& kernel, int64_t pid, ColumnRange columns, int& error) {
    std::vector<Occupant> found;
    const std::string process = "/proc/" + std::to_string(pid);
    size_t listed = 0;
    size_t readable = 0;
    for (const std::string& name : kernel.list(process + "/fd", error)) {
        const auto fd = wholeNumber<int>(name);
        if (!fd) continue;
        listed++;
        const auto link = kernel.readLink(process + "/fd/" + name);
        if (!link) continue;
        readable++;
        if (partitionOfLink(*link) != columns) continue;
        const auto start = startTicksOf(kernel, pid);
        if (!start) continue;
        found.push_back({pid, *start, commandOf(kernel, pid), *fd});
    }
    if (listed != 0 && readable == 0) error = EACCES;
    return found;
}

OccupantSearch occupantsOf(Kernel& kernel, ColumnRange columns, int64_t self) {
    OccupantSearch search;
    int error = 0;
    bool first = false;
    for (const std::string& name : kernel.list("/proc", error)) {
        const auto pid = wholeNumber<int64_t>(name);
        if (!pid || *pid == self) continue;
        if (*pid == 1) first = true;
        int denied = 0;
        auto found = occupantsIn(kernel, *pid, columns, denied);
        if (denied == EACCES || denied == EPERM) search.hidden++;
        search.occupants.insert(search.occupants.end(), found.begin(), found.end());
    }
    // Where /proc shows a person's own processes only, the first one is not among them; a container has a first one, too.
    if ((!first && self != 1) || !seesMachine(kernel)) search.hidden++;
    sortByAge(search.occupants);
    return search;
}

Survey surveyOccupants(Kernel& kernel, const std::string& node, int64_t self, const std::set<int64_t>& known) {
    Survey survey;
    int hidden = 0;
    int error = 0;
    bool first = self == 1;
    for (const std::string& name : kernel.list("/proc", error)) {
        const auto pid = wholeNumber<int64_t>(name);
        if (!pid || *pid == self) continue;
        first = first || *pid == 1;
        if (known.contains(*pid)) {
            survey.others.insert(*pid);
        } else if (!surveyProcess(kernel, node, *pid, survey)) {
            hidden++;
        }
    }
    if (!first || !seesMachine(kernel)) hidden++;
    for (auto& [columns, search] : survey.found) {
        search.hidden = hidden;
        sortByAge(search.occupants);
    }
    return survey;
}

Survey surveyProcesses(Kernel& kernel, const std::string& node, const std::set<int64_t>& pids) {
    Survey survey;
    for (const int64_t pid : pids) surveyProcess(kernel, node, pid, survey);
    return survey;
}

std::optional<Occupant> openerOf(Kernel& kernel, const std::string& node, int64_t self) {
    int error = 0;
    for (const std::string& name : kernel.list("/proc", error)) {
        const auto pid = wholeNumber<int64_t>(name);
        if (!pid || *pid == self) continue;
        const std::string process = "/proc/" + name;
        for (const std::string& one : kernel.list(process + "/fd", error)) {
            const auto fd = wholeNumber<int>(one);
            if (!fd || kernel.readLink(process + "/fd/" + one) != node) continue;
            return Occupant{*pid, startTicksOf(kernel, *pid).value_or(0), commandOf(kernel, *pid), *fd};
        }
    }
    return std::nullopt;
}

NodeUse useOf(Kernel& kernel, const std::string& node, int64_t self) {
    if (!seesMachine(kernel)) return NodeUse::work;
    NodeUse use = NodeUse::none;
    int error = 0;
    for (const std::string& name : kernel.list("/proc", error)) {
        const auto pid = wholeNumber<int64_t>(name);
        if (!pid || *pid == self) continue;
        const std::string process = "/proc/" + name;
        const auto descriptors = kernel.list(process + "/fd", error);
        if (error == EACCES || error == EPERM) return NodeUse::work;
        for (const std::string& one : descriptors) {
            const auto isNode = [&] { return kernel.readLink(process + "/fd/" + one) == node; };
            if (!isNode()) continue;
            // "flags:" and the flags of open(2), octal: the last digit tells reading from writing.
            const std::string info = kernel.readText(process + "/fdinfo/" + one).value_or("");
            unsigned flags = O_RDWR;
            const size_t at = info.find("flags:");
            if (at != std::string::npos) {
                sscanf(info.c_str() + at, "flags: %o", &flags);
            } else if (!isNode()) {
                continue; // closed meanwhile
            }
            if ((flags & O_ACCMODE) != O_RDONLY) return NodeUse::work;
            use = NodeUse::look;
        }
    }
    return use;
}

bool seesMachine(Kernel& kernel) {
    // The first PID namespace has a fixed number (PROC_PID_INIT_INO).
    constexpr std::string_view initial = "pid:[4026531836]";
    if (const auto link = namespaceLink(kernel, "self")) return *link == initial;
    // A kernel without PID namespaces has only one.
    int error = 0;
    const auto names = kernel.list("/proc/self/ns", error);
    return error == 0 && std::find(names.begin(), names.end(), "pid") == names.end();
}

bool sharesNamespace(Kernel& kernel, int64_t pid) {
    return namespaceLink(kernel, std::to_string(pid)) == namespaceLink(kernel, "self");
}

bool hasMapped(Kernel& kernel, int64_t pid, ColumnRange columns) {
    const auto lines =
        kernel.linesWith("/proc/" + std::to_string(pid) + "/maps", "aiepart_" + std::to_string(columns.startCol));
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return partitionOfLink(pathOfMap(line)) == columns; });
}

std::vector<Occupant> processesMapping(Kernel& kernel, ColumnRange columns, int64_t self) {
    std::vector<Occupant> found;
    int error = 0;
    for (const std::string& name : kernel.list("/proc", error)) {
        const auto pid = wholeNumber<int64_t>(name);
        if (!pid || *pid == self || !hasMapped(kernel, *pid, columns)) continue;
        const auto start = startTicksOf(kernel, *pid);
        if (start) found.push_back({*pid, *start, commandOf(kernel, *pid), -1});
    }
    sortByAge(found);
    return found;
}

bool kernelTakesPartitions(Kernel& kernel) {
    int error = 0;
    const auto loaded = kernel.list("/sys/module", error);
    return error != 0 || std::any_of(loaded.begin(), loaded.end(),
                                     [](const std::string& name) { return name == "zocl" || name == "amdxdna"; });
}

UniqueFd openOccupant(Kernel& kernel, const Occupant& occupant) {
    const int process = kernel.openProcess(occupant.pid);
    if (process == -ENOSYS) {
        throw CoreError("no-pidfd", "pidfd_open: ENOSYS", ENOSYS,
                        {{"pid", occupant.pid}, {"command", occupant.command}});
    }
    if (process < 0) return {};
    UniqueFd owned(kernel, process);
    // The pidfd pins the process, so its start time now tells whether the pid was reused since the search.
    if (startTicksOf(kernel, occupant.pid) != occupant.startTicks) return {};
    return owned;
}

int duplicateOf(Kernel& kernel, const UniqueFd& process, const Occupant& occupant, int fd) {
    const int copy = kernel.duplicateFrom(process.get(), fd);
    if (copy == -ENOSYS) {
        throw CoreError("no-pidfd", "pidfd_getfd: ENOSYS", ENOSYS,
                        {{"pid", occupant.pid}, {"command", occupant.command}});
    }
    return copy;
}

} // namespace tilescope
