#include "owner_buffer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "error.h"
#include "lease.h"

namespace tilescope {
namespace {

/** Words compared of each tile that is about to be written, however many there are; all of them, while there is time. */
constexpr uint32_t wordsPerTile = 64;
/** Words compared of each further tile in a round that has to tell candidates apart. */
constexpr uint32_t wordsPerRound = 256;
constexpr std::chrono::milliseconds longestComparison{8};

struct Candidate {
    UniqueFd fd;
    FileIdentity identity;
    std::unique_ptr<WordPort> port;
    bool refuted = false;
    size_t compared = 0;
};

CoreError noMatch(const std::string& detail, std::span<const Holder> holders) {
    std::vector<Fact> facts;
    if (!holders.empty()) facts = {{"pid", holders.front().pid}, {"command", holders.front().command}};
    return {"no-match", detail, 0, std::move(facts)};
}

/** How many memories of the partitions that this process holds have this many bytes: as many buffers must be seen. */
size_t buffersOfSize(PartitionAccess& access, const std::vector<ColumnRange>& partitions, uint64_t bytes) {
    size_t count = 0;
    for (const ColumnRange& columns : partitions) {
        for (const MemoryGeometry& one : memoriesOf(*access.layout().map, access.layout().shape, columns)) {
            if (one.totalBytes() == bytes) count++;
        }
    }
    return count;
}

/** The candidates among one process's descriptors, each judged by the duplicate itself. */
void collect(Kernel& kernel, const Holder& holder, uint64_t bytes, std::vector<Candidate>& candidates,
             std::vector<ColumnRange>& partitions, int& denied) {
    const UniqueFd process = openHolder(kernel, holder);
    if (!process.valid()) return;
    const std::string folder = "/proc/" + std::to_string(holder.pid);
    int error = 0;
    for (const std::string& name : kernel.list(folder + "/fd", error)) {
        const auto link = kernel.readLink(folder + "/fd/" + name);
        if (!link) continue;
        const auto columns = partitionOfLink(*link);
        if (columns && std::find(partitions.begin(), partitions.end(), *columns) == partitions.end()) {
            partitions.push_back(*columns);
        }
        if (!isBufferLink(*link)) continue;
        // Buffers of other drivers and sizes are not even duplicated.
        const auto looked = bufferInfoOf(kernel.readText(folder + "/fdinfo/" + name).value_or(""));
        if (!looked || !looked->ofDriver || looked->size != bytes) continue;
        int number = 0;
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (bad != std::errc() || end != name.data() + name.size()) continue;
        const int copy = duplicateOf(kernel, process, holder, number);
        if (copy == -EPERM || copy == -EACCES) denied = -copy;
        if (copy < 0) continue;
        UniqueFd owned(kernel, copy);
        const std::string self = "/proc/self/";
        const auto ownLink = kernel.readLink(self + "fd/" + std::to_string(copy));
        const auto ownInfo = bufferInfoOf(kernel.readText(self + "fdinfo/" + std::to_string(copy)).value_or(""));
        const auto identity = kernel.identity(copy);
        const bool same = ownLink && isBufferLink(*ownLink) && kernel.isAnonymous(copy) && ownInfo &&
                          ownInfo->ofDriver && ownInfo->size == bytes && identity;
        if (!same) continue;
        const bool known = std::any_of(candidates.begin(), candidates.end(),
                                       [&](const Candidate& one) { return one.identity == *identity; });
        if (!known) candidates.push_back({std::move(owned), *identity, nullptr, false, 0});
    }
}

/**
 * Compares a run of words in the register view and in each candidate. The application may be changing them: a word counts
 * only while the register view holds still around the look at the candidates.
 */
void compare(PartitionAccess& access, const MemoryGeometry& geometry, std::vector<Candidate>& candidates,
             uint64_t offset) {
    constexpr int attempts = 3;
    WordPort& view = access.reading(geometry);
    for (Candidate& one : candidates) {
        if (one.refuted) continue;
        bool different = true;
        for (int attempt = 0; attempt < attempts && different; attempt++) {
            uint32_t before = 0;
            uint32_t there = 0;
            uint32_t after = 0;
            const bool read = view.load(offset, {&before, 1}).words == 1 &&
                              one.port->load(offset, {&there, 1}).words == 1 &&
                              view.load(offset, {&after, 1}).words == 1;
            if (!read) return;
            if (before == there || after == there) {
                one.compared++;
                different = false;
            } else if (before != after) {
                return; // moving: says nothing
            }
        }
        if (different) one.refuted = true;
    }
}

size_t leftOf(const std::vector<Candidate>& candidates) {
    return static_cast<size_t>(
        std::count_if(candidates.begin(), candidates.end(), [](const Candidate& one) { return !one.refuted; }));
}

} // namespace

bool isBufferLink(std::string_view link) {
    return link.starts_with("/dmabuf:");
}

std::optional<BufferInfo> bufferInfoOf(std::string_view fdinfo) {
    std::optional<uint64_t> size;
    std::optional<std::string_view> exporter;
    while (!fdinfo.empty()) {
        const size_t end = std::min(fdinfo.find('\n'), fdinfo.size());
        const std::string_view line = fdinfo.substr(0, end);
        fdinfo.remove_prefix(std::min(end + 1, fdinfo.size()));
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, colon);
        std::string_view value = line.substr(colon + 1);
        while (value.starts_with('\t') || value.starts_with(' ')) value.remove_prefix(1);
        if (key == "size") {
            uint64_t number = 0;
            const auto [last, error] = std::from_chars(value.data(), value.data() + value.size(), number);
            if (error == std::errc() && last == value.data() + value.size()) size = number;
        } else if (key == "exp_name") {
            exporter = value;
        }
    }
    if (!size || !exporter) return std::nullopt;
    // The exporter is named after the module: xilinx_aie, xilinx-ai-engine and the like.
    const bool ofDriver =
        exporter->find("aie") != std::string_view::npos || exporter->find("ai-engine") != std::string_view::npos;
    return BufferInfo{*size, ofDriver};
}

UniqueFd matchingBuffer(Kernel& kernel, PartitionAccess& access, std::span<const Holder> holders,
                        const MemoryGeometry& geometry, std::span<const uint32_t> tiles) {
    const uint64_t bytes = geometry.totalBytes();
    std::vector<Candidate> candidates;
    std::vector<ColumnRange> partitions;
    std::vector<int64_t> seen;
    int denied = 0;
    for (const Holder& holder : holders) {
        if (std::find(seen.begin(), seen.end(), holder.pid) != seen.end()) continue;
        seen.push_back(holder.pid);
        collect(kernel, holder, bytes, candidates, partitions, denied);
    }
    if (candidates.empty() && denied != 0) {
        throw CoreError("permission", "pidfd_getfd: " + errnoName(denied), denied,
                        {{"pid", holders.front().pid},
                         {"command", holders.front().command},
                         {"missing", std::string("CAP_SYS_PTRACE")}});
    }
    if (candidates.empty()) throw noMatch("the owner has no such buffer open any more", holders);
    // An owner of two partitions of one size may have closed the buffer that is looked for, and kept the other.
    if (candidates.size() < buffersOfSize(access, partitions, bytes)) {
        throw noMatch("the owner closed some of its buffers of " + std::to_string(bytes) + " bytes", holders);
    }
    for (Candidate& one : candidates) {
        int error = 0;
        void* address = kernel.mapWhole(one.fd.get(), bytes, false, error);
        if (address == nullptr) {
            one.refuted = true;
        } else {
            one.port = bufferPort(Mapping(kernel, address, bytes));
        }
    }
    const auto mayCompare = [&](uint32_t tile) {
        return access.mayWrite(geometry.tile(tile), geometry.type, false) == Reason::none;
    };
    const auto compareTile = [&](uint32_t tile, uint32_t words, uint32_t shift) {
        if (!mayCompare(tile)) return;
        const uint32_t inTile = geometry.bytesPerTile / 4;
        const uint32_t step = std::max(inTile / words, 1U);
        for (uint32_t word = shift % step; word < inTile && leftOf(candidates) != 0; word += step) {
            compare(access, geometry, candidates, uint64_t{tile} * geometry.bytesPerTile + uint64_t{word} * 4);
        }
    };
    for (const uint32_t tile : tiles) compareTile(tile, wordsPerTile, 0);
    const auto end = kernel.clock() + longestComparison;
    for (const uint32_t tile : tiles) {
        if (kernel.clock() < end) compareTile(tile, geometry.bytesPerTile / 4, 0);
    }
    const uint32_t rounds = geometry.bytesPerTile / 4 / wordsPerRound;
    const auto undecided = [&] {
        const bool unseen = std::any_of(candidates.begin(), candidates.end(),
                                        [](const Candidate& one) { return !one.refuted && one.compared == 0; });
        return unseen || leftOf(candidates) > 1;
    };
    for (uint32_t round = 0; round < rounds && undecided(); round++) {
        for (uint32_t tile = 0; tile < geometry.tileCount() && undecided(); tile++) {
            if (kernel.clock() >= end) break;
            compareTile(tile, wordsPerRound, round);
        }
    }
    for (Candidate& one : candidates) {
        if (one.compared == 0) one.refuted = true;
        one.port.reset();
    }
    const size_t left = leftOf(candidates);
    if (left == 0) throw noMatch("none of the owner's buffers holds the words of the register view", holders);
    if (left > 1) throw noMatch(std::to_string(left) + " of the owner's buffers cannot be told apart", holders);
    const auto match =
        std::find_if(candidates.begin(), candidates.end(), [](const Candidate& one) { return !one.refuted; });
    return std::move(match->fd);
}

} // namespace tilescope
