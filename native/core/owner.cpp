#include "owner.h"

#include <algorithm>
#include <cerrno>
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

template <typename Number> std::optional<Number> wholeNumber(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
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
    // The command stands in parentheses and may contain any byte: fields are counted from the last one.
    const size_t close = stat.rfind(')');
    if (close == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(close + 1);
    constexpr int fieldsAfterCommand = 20;
    for (int field = 0; field < fieldsAfterCommand; field++) {
        const size_t begin = stat.find_first_not_of(' ');
        if (begin == std::string_view::npos) return std::nullopt;
        stat.remove_prefix(begin);
        const size_t length = std::min(stat.find_first_of(" \n"), stat.size());
        if (field == fieldsAfterCommand - 1) return wholeNumber<uint64_t>(stat.substr(0, length));
        stat.remove_prefix(length);
    }
    return std::nullopt;
}

std::optional<uint64_t> startTicksOf(Kernel& kernel, int64_t pid) {
    const auto stat = kernel.readText("/proc/" + std::to_string(pid) + "/stat");
    return stat ? startTicksOfStat(*stat) : std::nullopt;
}

std::vector<Holder> holdersIn(Kernel& kernel, int64_t pid, ColumnRange columns, int& error) {
    std::vector<Holder> found;
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
        std::string command = kernel.readText(process + "/comm").value_or("");
        while (!command.empty() && command.back() == '\n') command.pop_back();
        found.push_back({pid, *start, std::move(command), *fd});
    }
    if (listed != 0 && readable == 0) error = EACCES;
    return found;
}

HolderSearch findHolders(Kernel& kernel, ColumnRange columns, int64_t self) {
    HolderSearch search;
    int error = 0;
    bool first = false;
    for (const std::string& name : kernel.list("/proc", error)) {
        const auto pid = wholeNumber<int64_t>(name);
        if (!pid || *pid == self) continue;
        if (*pid == 1) first = true;
        int denied = 0;
        auto found = holdersIn(kernel, *pid, columns, denied);
        if (denied == EACCES || denied == EPERM) search.hidden++;
        search.holders.insert(search.holders.end(), found.begin(), found.end());
    }
    // Where /proc shows a person's own processes only, the first one is not among them.
    if (!first && self != 1) search.hidden++;
    std::stable_sort(search.holders.begin(), search.holders.end(), [](const Holder& a, const Holder& b) {
        return a.startTicks != b.startTicks ? a.startTicks < b.startTicks : a.pid < b.pid;
    });
    return search;
}

UniqueFd openHolder(Kernel& kernel, const Holder& holder) {
    const int process = kernel.openProcess(holder.pid);
    if (process == -ENOSYS) {
        throw CoreError("no-pidfd", "pidfd_open: ENOSYS", ENOSYS, {{"pid", holder.pid}, {"command", holder.command}});
    }
    if (process < 0) return {};
    UniqueFd owned(kernel, process);
    // The pidfd pins the process, so its start time now tells whether the pid was reused since the look through /proc.
    if (startTicksOf(kernel, holder.pid) != holder.startTicks) return {};
    return owned;
}

int duplicateOf(Kernel& kernel, const UniqueFd& process, const Holder& holder, int fd) {
    const int copy = kernel.duplicateFrom(process.get(), fd);
    if (copy == -ENOSYS) {
        throw CoreError("no-pidfd", "pidfd_getfd: ENOSYS", ENOSYS, {{"pid", holder.pid}, {"command", holder.command}});
    }
    return copy;
}

} // namespace tilescope
