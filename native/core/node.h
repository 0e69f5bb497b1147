/**
 * The device node: opens it, tells whether it is still the same one, and keeps what is known of its driver, which is learnt
 * once for each node. Knows nothing of partitions in use, owners or leases.
 */
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "driver.h"
#include "kernel.h"
#include "lease.h"

namespace tilescope {

class Node {
  public:
    enum class Change : uint8_t {
        /** There is no node of the driver any more. */
        gone,
        /** The first one, or the first after it was gone. */
        came,
        /** Another driver was loaded: all that was learnt is void. */
        replaced,
    };
    /** @param changed told before open() goes on, or throws */
    Node(Kernel& kernel, std::string device, std::function<void(Change)> changed);

    /** Opens it for one short use. Throws `no-device`, `other-device`, `permission`, `driver`. */
    NodeFd open();
    /** Reads sysfs and the device tree again; each thing seen is a line of `findings`. */
    void refresh(const NodeFd& node, std::vector<std::string>& findings);
    /** Whether its path leads to the node that was opened last. */
    [[nodiscard]] bool isSame();
    /** Whether there was one at the last opening. */
    [[nodiscard]] bool isThere() const { return identity_.has_value(); }
    /** Whether another process was seen to open it since then. */
    [[nodiscard]] bool openedSince(std::chrono::steady_clock::time_point time);

    [[nodiscard]] Kernel& kernel() { return kernel_; }
    [[nodiscard]] const std::string& device() const { return device_; }
    [[nodiscard]] const Machine& machine() const { return machine_; }
    /** What is known of the driver; a request puts here what it learnt. */
    [[nodiscard]] DriverFacts& facts() { return facts_; }
    [[nodiscard]] const DriverFacts& facts() const { return facts_; }

    /** What an access to a partition must know of the array. */
    [[nodiscard]] Layout layout(const PartitionEntry& entry) const;
    /** Learns generation and rows from the driver's descriptions if they are not known. Throws `unknown-driver`. */
    void learn(const Lease& lease, const PartitionEntry& entry);
    /** Rows of the array; all empty if not known. */
    [[nodiscard]] ArrayShape shape() const;
    /** Throws `unknown-driver` for a generation without one. */
    [[nodiscard]] const ArrayMap& map() const;
    /** The entry of columns that are free on a driver with dynamic partitions; no rows where nobody tells them. */
    [[nodiscard]] PartitionEntry freeEntry(ColumnRange columns) const;

  private:
    /** The driver's facts: looked for once, and again when the node is another one or findings are wanted. */
    void know(const NodeFd& node, std::vector<std::string>* findings);

    Kernel& kernel_;
    std::string device_;
    std::function<void(Change)> changed_;
    Machine machine_;
    DriverFacts facts_;
    /** Generation whose memories the unnamed or unknown one's look like. */
    Generation resembles_ = Generation::unknown;
    std::optional<FileIdentity> identity_;
};

} // namespace tilescope
