/** A driver for tests beside which processes open the node without a pause. Knows nothing of what is read. */
#pragma once
#include <optional>
#include <vector>

#include "error.h"
#include "partition_access.h"

namespace tilescope {

/** A driver that goes on with no look: the second way to memory is refused, and each slice reads one tile. */
class RestlessDriver final : public PartitionDriver {
  public:
    explicit RestlessDriver(PartitionDriver& driver) : driver_(driver) {}
    std::chrono::steady_clock::time_point clock() override { return driver_.clock(); }
    int64_t now() override { return driver_.now(); }
    std::chrono::steady_clock::duration processorTime() override { return driver_.processorTime(); }
    StatusBudget& statusBudget() override { return driver_.statusBudget(); }
    [[nodiscard]] bool hurried() const override { return true; }
    OrLater<std::vector<MemoryState>> open(const PartitionKey& key, bool allowUnknown, Visit& visit) override {
        return driver_.open(key, allowUnknown, visit);
    }
    OrLater<MemoryWay> openMemory(const PartitionKey& key, MemoryType type, Purpose purpose, Visit& visit,
                                  const std::optional<ColumnRange>& needed) override {
        if (asked_++ == 1) throw CoreError("no-quiet", "not now");
        return driver_.openMemory(key, type, purpose, visit, needed);
    }
    OrLater<StatusWay> openStatus(const PartitionKey& key, Visit& visit, ColumnRange needed) override {
        return driver_.openStatus(key, visit, needed);
    }
    [[nodiscard]] std::optional<MemoryGeometry> divisible(const PartitionKey& key, MemoryType type) const override {
        return driver_.divisible(key, type);
    }
    [[nodiscard]] TileKind kindAt(const PartitionKey& key, Tile tile) const override {
        return driver_.kindAt(key, tile);
    }
    void wasLong(const PartitionKey& key, const Visit& visit) override { driver_.wasLong(key, visit); }
    /** A look is over. */
    void over() { asked_ = 0; }

  private:
    PartitionDriver& driver_;
    size_t asked_ = 0;
};

} // namespace tilescope
