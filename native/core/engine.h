/**
 * One device node: joins its parts (node, owners, list, courtesy, access) to the driver that jobs see. Knows no
 * carrier.
 * Everything runs on one thread. Between two calls it holds nothing of a partition, only pidfds of owners, and the
 * kernel's descriptor where a person asked for that. Long reads and writes are jobs: each of their steps takes a
 * short lease, when courtesy.h allows it.
 * An answer may be `Later`: a process has a partition for too short a time yet to tell an owner from another
 * program's short access, or somebody else goes first.
 */
#pragma once
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "access.h"
#include "courtesy.h"
#include "driver.h"
#include "halt.h"
#include "node.h"
#include "owners.h"
#include "partition.h"
#include "partition_access.h"
#include "partition_list.h"
#include "progress.h"
#include "status_budget.h"

namespace tilescope {

constexpr int protocolVersion = 8;

struct Description {
    std::string device;
    Family family = Family::unknown;
    Generation generation = Generation::unknown;
    /** Absent when nobody tells. */
    std::optional<ArrayShape> array;
    std::vector<std::string> findings;
    std::vector<PartitionState> partitions;
    /** As Engine::freeColumns(). */
    std::vector<ColumnRange> free;
};

class Engine final : public PartitionDriver {
  public:
    Engine(Kernel& kernel, std::string device);

    [[nodiscard]] const Machine& machine() const { return node_.machine(); }
    [[nodiscard]] const std::string& device() const { return node_.device(); }
    std::chrono::steady_clock::time_point clock() override { return kernel_.clock(); }
    int64_t now() override { return kernel_.now(); }
    std::chrono::steady_clock::duration processorTime() override { return kernel_.processorTime(); }
    StatusBudget& statusBudget() override { return statusBudget_; }
    [[nodiscard]] Kernel& kernel() { return kernel_; }
    /** See hurried(). Any thread. */
    void hurry(bool on) { hurry_.store(on, std::memory_order_relaxed); }
    [[nodiscard]] bool hurried() const override { return hurry_.load(std::memory_order_relaxed); }

    /**
     * Opens the node, sysfs, device tree and ENQUIRE only. Throws `no-device`, `other-device`, `permission`, `no-quiet`,
     * `driver`.
     * @param begun see PartitionList::listByLinks()
     */
    OrLater<Description> describe(std::optional<PartitionList::Time> begun = std::nullopt);
    OrLater<std::vector<PartitionState>> partitions(std::optional<PartitionList::Time> begun = std::nullopt) {
        return list_.partitions(begun);
    }
    /** One of partitions(). Throws `no-partition`. */
    OrLater<PartitionState> state(ColumnRange columns, Asking asking = Asking::person) {
        return list_.stateOf(node_.open(), columns, asking);
    }
    /** As PartitionList::poll(). */
    OrLater<std::optional<std::vector<PartitionState>>> poll() { return list_.poll(); }
    /** As PartitionList::freeColumns(). */
    [[nodiscard]] const std::vector<ColumnRange>& freeColumns() const { return list_.freeColumns(); }
    /**
     * Forgets which processes have what: the next call searches for them. To be called after a holder was
     * started or ended.
     */
    void forgetOccupants() { owners_.forgetAll(); }
    OrLater<std::vector<MemoryState>> open(const PartitionKey& key, bool allowUnknown, Visit& visit) override;
    OrLater<MemoryWay> openMemory(const PartitionKey& key, MemoryType type, Purpose purpose, Visit& visit,
                                  const std::optional<ColumnRange>& needed) override;
    OrLater<StatusWay> openStatus(const PartitionKey& key, Visit& visit, ColumnRange needed) override;
    [[nodiscard]] std::optional<MemoryGeometry> divisible(const PartitionKey& key, MemoryType type) const override;
    [[nodiscard]] TileKind kindAt(const PartitionKey& key, Tile tile) const override;
    void wasLong(const PartitionKey& key, const Visit& visit) override;
    /** As Access has them. */
    OrLater<bool> setClocks(ColumnRange columns, bool on, Visit& visit) {
        return access_.setClocks(columns, on, visit);
    }
    DoneOrLater takeKernelDescriptor(ColumnRange columns) { return access_.takeKernelDescriptor(columns); }
    std::vector<RefusedStart> takeRefusedStarts() { return access_.takeRefusedStarts(); }
    /** Cores that are halted. */
    [[nodiscard]] Halts& halts() { return halts_; }
    /** What is known of driver and array. */
    [[nodiscard]] const Node& node() const { return node_; }
    /** The ways to bytes. */
    [[nodiscard]] Access& access() { return access_; }

  private:
    void nodeChanged(Node::Change change);
    /** What is known of the driver, as lines. */
    void addFacts(std::vector<std::string>& findings) const;

    Kernel& kernel_;
    /** When describe() last read what sysfs and the device tree say, and what was found. */
    std::optional<PartitionList::Time> refreshed_;
    std::vector<std::string> refreshFindings_;
    std::atomic<bool> hurry_{false};
    Node node_;
    Courtesy courtesy_;
    StatusBudget statusBudget_;
    Owners owners_;
    PartitionList list_;
    Access access_;
    Halts halts_;
};

} // namespace tilescope
