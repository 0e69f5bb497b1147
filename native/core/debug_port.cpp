#include "debug_port.h"

#include <array>
#include <cerrno>

#include "error.h"

namespace tilescope {

namespace {

/** Bits of the core's status. */
constexpr uint32_t enabled = 1U << 0U;
constexpr uint32_t inReset = 1U << 1U;
constexpr uint32_t debugHalted = 1U << 16U;
constexpr uint32_t errorHalted = 1U << 19U;

} // namespace

HaltWay haltWay(const DriverFacts& facts) {
    if (facts.family == Family::unknown || facts.generation == Generation::unknown) return HaltWay::none;
    if (!facts.positioned.has_value()) return HaltWay::none;
    if (*facts.positioned) return HaltWay::positioned;
    return facts.generation == Generation::aie2ps ? HaltWay::none : HaltWay::request;
}

void DebugPort::check(Tile tile, ReadableRegister which) const {
    if (which.generation() != ground_.map.generation) throw CoreError("internal", "a register of another generation");
    if (ground_.columns.has(tile.col) && ground_.rows.has(tile.row)) return;
    throw CoreError("internal", "no core of the partition");
}

Reason DebugPort::load(Tile tile, ReadableRegister which, uint32_t& value) {
    const Reason clock = ground_.clocks(tile);
    return clock == Reason::none ? ground_.registers.read(tile, which.offset(), {&value, 1}) : clock;
}

Reason DebugPort::mayRead(Tile tile, ReadableWhen when) {
    if (when == ReadableWhen::always) return Reason::none;
    const auto place = ReadableRegister::of(ground_.map.generation, CoreRegister::coreStatus);
    if (!place.has_value()) return Reason::noWay;
    uint32_t status = 0;
    const Reason seen = load(tile, *place, status);
    if (seen != Reason::none) return seen;
    if ((status & inReset) != 0) return Reason::noWay;
    const bool runs = (status & enabled) != 0 && (status & (debugHalted | errorHalted)) == 0;
    return when == ReadableWhen::atRest && runs ? Reason::coreRunning : Reason::none;
}

Reason DebugPort::read(Tile tile, ReadableRegister which, uint32_t& value) {
    check(tile, which);
    const Reason refused = mayRead(tile, which.when());
    return refused == Reason::none ? load(tile, which, value) : refused;
}

Reason DebugPort::store(Tile tile, const DebugWrite& what) {
    const Reason clock = ground_.clocks(tile);
    if (clock != Reason::none) return clock;
    const auto& [kernel, partition, map, columns, rows, registers, clocks, file, wide] = ground_;
    const std::array word{what.value()};
    if (file != nullptr) return file->store(tile, what.where().offset(), word).reason;
    const uint64_t place = (uint64_t{tile.col - columns.startCol} << map.columnShift) +
                           (uint64_t{tile.row} << map.rowShift) + what.where().offset();
    const int result = writeRegister(kernel, partition, place, what.value(), wide);
    if (result >= 0) return Reason::none;
    return result == -EINVAL ? Reason::driverGated : Reason::busError;
}

Reason DebugPort::write(Tile tile, const DebugWrite& what) {
    check(tile, what.where());
    const Reason stored = store(tile, what);
    if (stored != Reason::none) return stored;
    uint32_t found = 0;
    const Reason seen = load(tile, what.where(), found);
    if (seen != Reason::none) return seen;
    return what.isIn(found) ? Reason::none : Reason::noWay;
}

} // namespace tilescope
