#include "engine.h"

#include <algorithm>

#include "error.h"
#include "partition_key.h"
#include "status.h"
#include "status_access.h"

namespace tilescope {

Engine::Engine(Kernel& kernel, std::string device)
    : kernel_(kernel), node_(kernel, std::move(device), [this](Node::Change change) { nodeChanged(change); }),
      owners_(node_), list_(node_, owners_, courtesy_, hurry_), access_(node_, owners_, list_, courtesy_),
      halts_(node_, list_, access_) {}

void Engine::nodeChanged(Node::Change change) {
    list_.nodeChanged(change);
    halts_.forget();
    if (change == Node::Change::gone) {
        owners_.forgetAll();
        return;
    }
    owners_.reset();
    access_.reset();
    courtesy_.forget();
}

OrLater<Description> Engine::describe(std::optional<PartitionList::Time> begun) {
    Description description;
    description.device = node_.device();
    const bool known = begun && refreshed_ && *refreshed_ >= *begun;
    auto listed = known ? list_.listByLinks(begun) : std::nullopt;
    if (!listed) {
        const NodeFd node = node_.open();
        refreshFindings_.clear();
        node_.refresh(node, refreshFindings_);
        refreshed_ = kernel_.clock();
        listed = list_.list(node);
    }
    if (!*listed) return listed->later();
    auto& findings = description.findings;
    findings = refreshFindings_;
    findings.insert(findings.end(), list_.findings().begin(), list_.findings().end());
    const DriverFacts& facts = node_.facts();
    description.partitions = std::move(**listed);
    for (const PartitionState& one : description.partitions) {
        const PartitionEntry& entry = one.entry;
        findings.push_back((entry.inUse || !facts.dynamic ? "enquire: partition " : "picked: partition ") +
                           std::to_string(entry.id) + " " + columnsText(entry.columns) + ", rows " +
                           std::to_string(entry.startRow) + " to " +
                           std::to_string(entry.startRow + entry.numRows - 1) + (entry.inUse ? ", in use" : ", free"));
    }
    // Where the rows are not told, those of the first generation follow from a partition.
    if (!facts.shape && facts.generation == Generation::aie) {
        ArrayShape shape{0, {0, 1}, {}, {}};
        for (const PartitionState& one : description.partitions) {
            if (one.entry.startRow != 0 || one.entry.numRows < 2) continue;
            shape.core = {1, std::max(shape.core.count, one.entry.numRows - 1)};
        }
        if (shape.core.count != 0) description.array = shape;
    } else {
        description.array = facts.shape;
    }
    description.family = facts.family;
    description.generation = facts.generation;
    description.free = list_.freeColumns();
    if (!seesMachine(kernel_)) {
        findings.emplace_back("processes: this is a PID namespace (a container); owners outside of it cannot be seen");
    }
    addFacts(findings);
    list_.told(description.partitions);
    return description;
}

void Engine::addFacts(std::vector<std::string>& findings) const {
    const DriverFacts& facts = node_.facts();
    findings.push_back("page size: " + std::to_string(node_.machine().pageSize) + " bytes");
    if (facts.requestLength) {
        findings.push_back(*facts.requestLength == RequestLength::bytes40 ? "request: 40 bytes" : "request: 24 bytes");
    }
    const auto yesNo = [&](const char* what, const std::optional<bool>& value) {
        findings.push_back(std::string(what) + (!value ? "not tried yet" : *value ? "yes" : "no"));
    };
    yesNo("descriptor list: ", facts.dynamic ? facts.descriptorList : std::optional<bool>(false));
    yesNo("pread and pwrite: ", facts.positioned);
    yesNo("clocks end when they are given back (AIE_RELEASE_TILES): ", facts.releaseGates);
    findings.push_back("DMA-bufs asked for (AIE_GET_MEM): " + std::to_string(facts.memoriesAsked));
}

OrLater<std::vector<MemoryState>> Engine::open(const PartitionKey& key, bool allowUnknown, Visit& visit) {
    return access_.open(columnsNamedBy(key), allowUnknown, visit);
}

OrLater<MemoryWay> Engine::openMemory(const PartitionKey& key, MemoryType type, Purpose purpose, Visit& visit,
                                      const std::optional<ColumnRange>& needed) {
    auto opened = access_.openWay(columnsNamedBy(key), purpose, visit, needed);
    if (!opened) return opened.later();
    const bool closed = opened->access == nullptr;
    MemoryWay way;
    way.epoch = opened->state.epoch;
    way.geometry = closed ? access_.geometry(opened->state.entry, type) : access_.geometry(*opened, type);
    way.stepTime = purpose == Purpose::read ? opened->stepTime(visit.asking) : sliceTime;
    way.closed = closed ? Reason::gated : Reason::none;
    way.closing = std::move(opened->end);
    way.access = std::move(opened->access);
    return OrLater<MemoryWay>(std::move(way));
}

OrLater<StatusWay> Engine::openStatus(const PartitionKey& key, Visit& visit, ColumnRange needed) {
    return openStatusWay({node_, list_, access_}, columnsNamedBy(key), visit, needed);
}

std::optional<MemoryGeometry> Engine::divisible(const PartitionKey& key, MemoryType type) const {
    return access_.divisible(columnsNamedBy(key), type);
}

TileKind Engine::kindAt(const PartitionKey& /*key*/, Tile tile) const {
    return kindOf(node_.shape(), node_.facts().generation, tile);
}

void Engine::wasLong(const PartitionKey& key, const Visit& visit) {
    access_.wasLong(columnsNamedBy(key), visit);
}

} // namespace tilescope
