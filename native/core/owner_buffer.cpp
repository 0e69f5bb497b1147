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

CoreError noMatch(const std::string& detail, std::span<const Occupant> occupants) {
    std::vector<Fact> facts;
    if (!occupants.empty()) facts = {{"pid", occupants.front().pid}, {"command", occupants.front().command}};
    return {"no-match", detail, 0, std::move(facts)};
}

/** A partition that the owner has open: whose descriptor, and which number it has there. */
struct Held {
    ColumnRange columns;
    Occupant occupant;
    int fd = -1;
};

/** A memory that a candidate may be, and the way to its tiles' registers. */
struct Place {
    AieAccess* access = nullptr;
    MemoryGeometry geometry;
};

std::optional<int> descriptorNumber(const std::string& name) {
    int number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return number;
}

/** The memories of one partition with this many bytes. */
std::vector<MemoryGeometry> memoriesOfSize(const Layout& layout, ColumnRange columns, uint64_t bytes) {
    std::vector<MemoryGeometry> found;
    if (layout.map == nullptr) return found;
    for (const MemoryGeometry& one : memoriesOf(*layout.map, layout.shape, columns)) {
        if (one.totalBytes() == bytes) found.push_back(one);
    }
    return found;
}

/** Whether the tiles behind a run of buffer offsets may be touched, whichever of the places the buffer is. */
bool mayTouch(std::span<const Place> places, uint64_t offset, uint64_t bytes) {
    return std::all_of(places.begin(), places.end(), [&](const Place& place) {
        const MemoryGeometry& geometry = place.geometry;
        for (uint32_t tile = geometry.tileIndex(offset); tile <= geometry.tileIndex(offset + bytes - 1); tile++) {
            if (place.access->mayWrite(geometry.tile(tile), geometry.type, false) != Reason::none) return false;
        }
        return true;
    });
}

/** The candidates among one process's descriptors, each judged by the duplicate itself. */
void collect(Kernel& kernel, const Occupant& occupant, uint64_t bytes, std::vector<Candidate>& candidates,
             std::vector<Held>& partitions, int& denied) {
    const UniqueFd process = openOccupant(kernel, occupant);
    if (!process.valid()) return;
    const std::string folder = "/proc/" + std::to_string(occupant.pid);
    int error = 0;
    for (const std::string& name : kernel.list(folder + "/fd", error)) {
        const auto link = kernel.readLink(folder + "/fd/" + name);
        if (!link) continue;
        const auto number = descriptorNumber(name);
        if (!number) continue;
        const auto columns = partitionOfLink(*link);
        const bool fresh = columns && std::none_of(partitions.begin(), partitions.end(),
                                                   [&](const Held& one) { return one.columns == *columns; });
        if (fresh) partitions.push_back({*columns, occupant, *number});
        if (!isBufferLink(*link)) continue;
        // Buffers of other drivers and sizes are not even duplicated.
        const auto looked = bufferInfoOf(kernel.readText(folder + "/fdinfo/" + name).value_or(""));
        if (!looked || !looked->ofDriver || looked->size != bytes) continue;
        const int copy = duplicateOf(kernel, process, occupant, *number);
        if (copy == -EPERM || copy == -EACCES) denied = -copy;
        if (copy < 0) continue;
        UniqueFd owned(kernel, copy);
        const auto ownLink = kernel.nameOf(copy);
        const auto ownInfo = bufferInfoOf(kernel.readText("/proc/self/fdinfo/" + std::to_string(copy)).value_or(""));
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
void compare(AieAccess& access, const MemoryGeometry& geometry, std::vector<Candidate>& candidates, uint64_t offset) {
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

UniqueFd matchingBuffer(Kernel& kernel, AieAccess& access, ColumnRange columns, std::span<const Occupant> occupants,
                        std::span<const Neighbour> others, const MemoryGeometry& geometry,
                        std::span<const uint32_t> tiles) {
    const uint64_t bytes = geometry.totalBytes();
    std::vector<std::unique_ptr<AieAccess>> accesses; // taken before the buffers, closed after them
    std::vector<Candidate> candidates;
    std::vector<Held> partitions;
    std::vector<int64_t> seen;
    int denied = 0;
    for (const Occupant& occupant : occupants) {
        if (std::find(seen.begin(), seen.end(), occupant.pid) != seen.end()) continue;
        seen.push_back(occupant.pid);
        collect(kernel, occupant, bytes, candidates, partitions, denied);
    }
    if (candidates.empty() && denied != 0) {
        throw CoreError("permission", "pidfd_getfd: " + errnoName(denied), denied,
                        {{"pid", occupants.front().pid},
                         {"command", occupants.front().command},
                         {"missing", std::string("CAP_SYS_PTRACE")}});
    }
    if (candidates.empty()) throw noMatch("the owner has no such buffer open any more", occupants);
    std::vector<Place> places;
    for (const MemoryGeometry& one : memoriesOfSize(access.layout(), columns, bytes)) places.push_back({&access, one});
    std::vector<std::pair<Held, const Neighbour*>> alike; // other partitions that explain a candidate
    size_t explained = places.size();
    for (const Held& held : partitions) {
        if (held.columns == columns) continue;
        const auto other = std::find_if(others.begin(), others.end(),
                                        [&](const Neighbour& one) { return one.entry.columns == held.columns; });
        if (other == others.end()) throw noMatch("the owner has a partition open that is not listed", occupants);
        const size_t count = memoriesOfSize(other->layout, held.columns, bytes).size();
        if (count != 0) alike.emplace_back(held, &*other);
        explained += count;
    }
    // An owner of two partitions of one size may have closed the buffer that is looked for, and kept the other.
    if (candidates.size() < explained) {
        throw noMatch("the owner closed some of its buffers of " + std::to_string(bytes) + " bytes", occupants);
    }
    if (candidates.size() > explained) {
        throw noMatch("the owner has buffers of " + std::to_string(bytes) +
                          " bytes that none of its partitions explains",
                      occupants);
    }
    for (const auto& [held, other] : alike) {
        const UniqueFd process = openOccupant(kernel, held.occupant);
        const int copy = process.valid() ? duplicateOf(kernel, process, held.occupant, held.fd) : -ESRCH;
        UniqueFd partition(kernel, copy);
        // Without the shim row there is no clock register to start from.
        if (copy < 0 || !isPartition(kernel, copy, held.columns) || other->entry.startRow != 0) {
            throw noMatch("which tiles of the owner's other partitions are clocked cannot be seen", occupants);
        }
        accesses.push_back(std::make_unique<BorrowedPartition>(kernel, PartitionFd(std::move(partition)), other->entry,
                                                               other->layout, false, BorrowedPartition::Beside()));
        for (const MemoryGeometry& one : memoriesOfSize(other->layout, held.columns, bytes)) {
            places.push_back({accesses.back().get(), one});
        }
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
    const auto compareTile = [&](uint32_t tile, uint32_t words, uint32_t shift) {
        if (!mayTouch(places, uint64_t{tile} * geometry.bytesPerTile, geometry.bytesPerTile)) return;
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
    if (left == 0) throw noMatch("none of the owner's buffers holds the words of the register view", occupants);
    if (left > 1) throw noMatch(std::to_string(left) + " of the owner's buffers cannot be told apart", occupants);
    const auto match =
        std::find_if(candidates.begin(), candidates.end(), [](const Candidate& one) { return !one.refuted; });
    return std::move(match->fd);
}

} // namespace tilescope
