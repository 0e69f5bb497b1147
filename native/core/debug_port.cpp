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

} // namespace

HaltWay haltWay(const DriverFacts& facts) {
    if (facts.family == Family::unknown || facts.generation == Generation::unknown) return HaltWay::none;
    if (!facts.positioned.has_value()) return HaltWay::none;
    if (*facts.positioned) return HaltWay::positioned;
    return facts.generation == Generation::aie2ps ? HaltWay::none : HaltWay::request;
}

void DebugPort::check(Tile tile) const {
    if (ground_.columns.has(tile.col) && ground_.rows.has(tile.row)) return;
    throw CoreError("internal", "no core of the partition");
}

bool DebugPort::runs(Tile tile) {
    const auto place = ReadableRegister::of(ground_.map.generation, CoreRegister::coreStatus);
    const auto status = place.has_value() ? ground_.registers.readRegister(tile, place->offset()) : std::nullopt;
    if (!status.has_value()) return true;
    return (*status & enabled) != 0 && (*status & (inReset | debugHalted)) == 0;
}

Reason DebugPort::read(Tile tile, ReadableRegister which, uint32_t& value) {
    check(tile);
    if (which.needsHalt() && runs(tile)) return Reason::coreRunning;
    return ground_.registers.read(tile, which.offset(), {&value, 1});
}

Reason DebugPort::store(Tile tile, const DebugWrite& what) {
    const auto& [kernel, partition, map, columns, rows, registers, file, wide] = ground_;
    const std::array word{what.value()};
    if (file != nullptr) return file->store(tile, what.where().offset(), word).reason;
    const uint64_t place = (uint64_t{tile.col - columns.startCol} << map.columnShift) +
                           (uint64_t{tile.row} << map.rowShift) + what.where().offset();
    const int result = writeRegister(kernel, partition, place, what.value(), wide);
    if (result >= 0) return Reason::none;
    return result == -EINVAL ? Reason::driverGated : Reason::busError;
}

Reason DebugPort::write(Tile tile, const DebugWrite& what) {
    check(tile);
    const Reason stored = store(tile, what);
    if (stored != Reason::none) return stored;
    uint32_t found = 0;
    const Reason seen = ground_.registers.read(tile, what.where().offset(), {&found, 1});
    if (seen != Reason::none) return seen;
    return what.isIn(found) ? Reason::none : Reason::noWay;
}

} // namespace tilescope
