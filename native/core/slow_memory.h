/** For tests: a partition of one memory, whose bytes are plain ones. */
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "error.h"
#include "partition_access.h"

namespace tilescope {

/** One memory behind a driver whose every look at the clock takes some time, so that a read comes in many steps. */
class SlowMemory final : public PartitionDriver {
  public:
    using Time = std::chrono::steady_clock::time_point;
    MemoryGeometry geometry{MemoryType::data, 3, 2, 1, 2, 0x8000, 0};
    std::vector<uint8_t> bytes = std::vector<uint8_t>(geometry.totalBytes());
    std::map<uint32_t, Reason> closed;
    /** Pages of 4 KiB that fault. */
    std::map<uint64_t, Reason> faults;
    std::chrono::microseconds checkTakes{1};
    std::string epoch = "epoch 1";
    Time at{std::chrono::hours(1)};
    int openWays = 0;
    int opened = 0;
    StatusBudget budget;

    Time clock() override { return at += checkTakes; }
    int64_t now() override { return 42; }
    std::chrono::steady_clock::duration processorTime() override { return {}; }
    StatusBudget& statusBudget() override { return budget; }
    [[nodiscard]] bool hurried() const override { return false; }
    OrLater<std::vector<MemoryState>> open(const PartitionKey& /*key*/, bool /*allowUnknown*/,
                                           Visit& /*visit*/) override {
        return std::vector<MemoryState>{{geometry, true}};
    }
    OrLater<MemoryWay> openMemory(const PartitionKey& /*key*/, MemoryType /*type*/, Purpose /*purpose*/,
                                  Visit& /*visit*/, const std::optional<ColumnRange>& /*needed*/) override {
        opened++;
        MemoryWay way;
        way.epoch = epoch;
        way.geometry = geometry;
        way.stepTime = std::chrono::microseconds(100);
        way.closing = std::make_unique<Closed>(*this);
        way.access = std::make_unique<Access>(*this);
        return OrLater<MemoryWay>(std::move(way));
    }
    OrLater<StatusWay> openStatus(const PartitionKey& /*key*/, Visit& /*visit*/, ColumnRange /*needed*/) override {
        throw CoreError("out-of-range", "no status");
    }
    [[nodiscard]] std::optional<MemoryGeometry> divisible(const PartitionKey& /*key*/,
                                                          MemoryType /*type*/) const override {
        return std::nullopt;
    }
    [[nodiscard]] TileKind kindAt(const PartitionKey& /*key*/, Tile /*tile*/) const override { return TileKind::core; }
    void wasLong(const PartitionKey& /*key*/, const Visit& /*visit*/) override {}

    [[nodiscard]] bool hasValue(uint64_t offset) const {
        return !closed.contains(geometry.tileIndex(offset)) && !faults.contains(offset / 4096);
    }

  private:
    struct Closed final : Closing {
        explicit Closed(SlowMemory& memory) : memory_(memory) { memory_.openWays++; }
        ~Closed() override { memory_.openWays--; }
        SlowMemory& memory_;
    };
    struct Access final : PartitionAccess, private WordPort {
        explicit Access(SlowMemory& memory) : memory_(memory) {}
        [[nodiscard]] Abilities abilities() const override { return {}; }
        [[nodiscard]] bool reaches(uint32_t /*column*/) const override { return true; }
        Reason clocks(Tile /*tile*/) override { return Reason::none; }
        Reason mayRead(Tile tile, MemoryType /*type*/, bool /*open*/) override {
            const MemoryGeometry& all = memory_.geometry;
            const auto found = memory_.closed.find((tile.col - all.startCol) * all.numRows + tile.row - all.startRow);
            return found == memory_.closed.end() ? Reason::none : found->second;
        }
        Reason mayWrite(Tile /*tile*/, MemoryType /*type*/, bool /*open*/) override { return Reason::noWay; }
        void wasGated(Tile /*tile*/) override {}
        WordPort& reading(const MemoryGeometry& /*geometry*/) override { return *this; }
        WordPort& writing(const MemoryGeometry& /*geometry*/, std::span<const uint32_t> /*tiles*/) override {
            return *this;
        }
        Moved load(uint64_t offset, std::span<uint32_t> to) override {
            for (size_t i = 0; i < to.size(); i++) {
                const auto fault = memory_.faults.find((offset + i * 4) / 4096);
                if (fault != memory_.faults.end()) return {i, fault->second};
                to[i] = 0;
                for (size_t b = 0; b < 4; b++) to[i] |= uint32_t{memory_.bytes[offset + i * 4 + b]} << (8 * b);
            }
            return {to.size(), Reason::none};
        }
        Moved store(uint64_t /*offset*/, std::span<const uint32_t> /*from*/) override { return {0, Reason::noWay}; }
        SlowMemory& memory_;
    };
};

} // namespace tilescope
