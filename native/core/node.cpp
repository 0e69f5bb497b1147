#include "node.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "error.h"

namespace tilescope {
namespace {

/** The part of `rows` that a partition of rows `start` to `end` has. */
RowRange clipped(RowRange rows, uint32_t start, uint32_t end) {
    const uint32_t first = std::max(rows.start, start);
    const uint32_t last = std::min(rows.start + rows.count, end);
    return first < last ? RowRange{first, last - first} : RowRange{};
}

/** For `permission`: what the node's mode is. */
std::vector<Fact> modeFacts(Kernel& kernel, const std::string& device) {
    std::vector<Fact> facts{{"missing", std::string("node-mode")}};
    const auto mode = kernel.modeOf(device);
    if (!mode) return facts;
    std::string bits = "0000";
    for (size_t i = 0; i < bits.size(); i++) {
        bits[i] = static_cast<char>('0' + (mode->bits >> (3 * (bits.size() - 1 - i)) & 7U));
    }
    facts.emplace_back("mode", bits);
    facts.emplace_back("nodeUid", mode->uid);
    facts.emplace_back("nodeGid", mode->gid);
    return facts;
}

} // namespace

Node::Node(Kernel& kernel, std::string device, std::function<void(Change)> changed)
    : kernel_(kernel), device_(std::move(device)), changed_(std::move(changed)), machine_(kernel.machine()) {}

NodeFd Node::open() {
    int error = 0;
    std::string other;
    NodeFd node = NodeFd::open(kernel_, device_, error, other);
    if (error == 0) {
        know(node, nullptr);
        return node;
    }
    const std::string detail = "open " + device_ + ": " + errnoName(error);
    std::vector<Fact> facts{{"path", device_}};
    const bool gone = error == ENOENT || error == ENXIO || error == ENODEV;
    if (gone || !other.empty()) {
        identity_.reset();
        changed_(Change::gone);
        if (!gone) {
            facts.emplace_back("found", other);
            throw CoreError("other-device", device_ + " is no node of the driver, but: " + other, 0, facts);
        }
        throw CoreError("no-device", detail, error, facts);
    }
    if (error == EACCES || error == EPERM) {
        for (Fact& one : modeFacts(kernel_, device_)) facts.push_back(std::move(one));
        throw CoreError("permission", detail, error, facts);
    }
    throw CoreError("driver", detail, error, facts);
}

void Node::refresh(const NodeFd& node, std::vector<std::string>& findings) {
    know(node, &findings);
}

bool Node::isSame() {
    return identity_ && kernel_.identityAt(device_) == identity_;
}

bool Node::openedSince(std::chrono::steady_clock::time_point time) {
    const auto opened = kernel_.openedByOthers();
    return opened && *opened > time;
}

void Node::know(const NodeFd& node, std::vector<std::string>* findings) {
    const auto identity = kernel_.identity(node.get());
    const bool same = identity_.has_value() && identity == identity_;
    if (same && findings == nullptr) return;
    std::vector<std::string> unused;
    DriverFacts facts = probeDriver(kernel_, device_, findings != nullptr ? *findings : unused);
    if (same) {
        facts.requestLength = facts_.requestLength;
        facts.descriptorList = facts_.descriptorList;
        facts.positioned = facts_.positioned;
        facts.releaseGates = facts_.releaseGates;
        facts.memoriesAsked = facts_.memoriesAsked;
        const bool learnt = !facts.generationNamed && facts_.generation != Generation::unknown;
        if (learnt) {
            facts.generation = facts_.generation;
            facts.family = facts_.family;
        }
        if (!facts.shape) facts.shape = facts_.shape;
    } else {
        resembles_ = Generation::unknown;
        changed_(identity_ ? Change::replaced : Change::came);
    }
    facts_ = std::move(facts);
    identity_ = identity;
}

Layout Node::layout(const PartitionEntry& entry) const {
    Layout layout;
    layout.knownRegisters = facts_.generation != Generation::unknown;
    layout.trusted = facts_.family != Family::unknown;
    layout.map = mapOf(layout.knownRegisters ? facts_.generation : resembles_);
    const uint32_t end = entry.startRow + entry.numRows;
    ArrayShape rows;
    if (facts_.shape) {
        rows = *facts_.shape;
    } else if (facts_.generation == Generation::aie) {
        rows = {0, {0, 1}, {}, {1, array::maxRows}};
    } else {
        layout.map = nullptr;
    }
    layout.shape = {0, clipped(rows.shim, entry.startRow, end), clipped(rows.memory, entry.startRow, end),
                    clipped(rows.core, entry.startRow, end)};
    return layout;
}

void Node::learn(const Lease& lease, const PartitionEntry& entry) {
    const auto found = judge(lease.descriptions(), entry);
    if (!found) throw CoreError("unknown-driver", "AIE_GET_MEM describes no array that this version knows");
    if (!facts_.shape) {
        facts_.shape = found->shape;
        for (const ColumnRange& one : facts_.apertures) {
            facts_.shape->numCols = std::max(facts_.shape->numCols, one.startCol + one.numCols);
        }
    }
    if (facts_.generation != Generation::unknown) return;
    if (facts_.generationNamed) {
        resembles_ = found->generation;
    } else {
        facts_.generation = found->generation;
        facts_.family = facts_.apparent;
    }
}

ArrayShape Node::shape() const {
    if (facts_.shape) return *facts_.shape;
    return facts_.generation == Generation::aie ? ArrayShape{0, {0, 1}, {}, {1, array::maxRows - 1}} : ArrayShape{};
}

const ArrayMap& Node::map() const {
    const ArrayMap* map = mapOf(facts_.generation);
    if (map == nullptr) throw CoreError("unknown-driver", "the registers of this generation are not known");
    return *map;
}

PartitionEntry Node::freeEntry(ColumnRange columns) const {
    const uint32_t rows = facts_.shape ? facts_.shape->numRows() : 0;
    return {columns.startCol | columns.numCols << 8U, columns, 0, rows, false};
}

} // namespace tilescope
