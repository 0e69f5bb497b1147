/**
 * Debug registers of a partition's cores, read and written: the only way from `DebugWrite` to the driver. Whether a driver
 * has a way at all is known before anything is written.
 */
#pragma once
#include <cstdint>
#include <functional>
#include <utility>

#include "debug_registers.h"
#include "driver.h"
#include "kernel.h"
#include "reason.h"
#include "registers.h"

namespace tilescope {

/** How a driver writes a register; `none`: halting does not exist on it. */
enum class HaltWay : uint8_t { none, request, positioned };

/**
 * The way of a driver: pwrite where the partition's descriptor has it, else AIE_REG, with the register view to read back.
 * None on a driver or a generation that is not known, while nobody has asked whether there is pwrite, and on AIE2PS without
 * it, where a view beside an owner that resets can hang the machine.
 */
HaltWay haltWay(const DriverFacts& facts);

class DebugPort {
  public:
    /** What a port stands on; all of it outlives the port. */
    struct Ground {
        Kernel& kernel;
        const PartitionFd& partition;
        const ArrayMap& map;
        /** Cores of the partition: nothing else has these registers. */
        ColumnRange columns;
        RowRange rows;
        RegisterSource& registers;
        /** Whether a tile is clocked: as AieAccess::clocks(). */
        std::function<Reason(Tile)> clocks;
        /** Writes; null: AIE_REG does. */
        RegisterFile* file;
        /** Which AIE_REG the driver is believed to know. */
        bool& wide;
    };
    explicit DebugPort(Ground ground) : ground_(std::move(ground)) {}

    /**
     * Reads one register of a core. The tile's clock is asked for before each access, and none is touched that is not known
     * to be clocked. `noWay`: the core is in reset, where it has none of its own registers. `coreRunning`: it is asked of
     * cores only that do not run, and this one does.
     */
    Reason read(Tile tile, ReadableRegister which, uint32_t& value);
    /** Writes one, reads it back, and says what came of it, clocks as read(); `noWay`: it does not hold what was written. */
    Reason write(Tile tile, const DebugWrite& what);

  private:
    /** Throws `internal` for a tile that is no core of the partition, and for a register of another generation. */
    void check(Tile tile, ReadableRegister which) const;
    /** One register of a tile, if that is clocked. */
    [[nodiscard]] Reason load(Tile tile, ReadableRegister which, uint32_t& value);
    /** Why a core cannot be asked for a register now. */
    [[nodiscard]] Reason mayRead(Tile tile, ReadableWhen when);
    [[nodiscard]] Reason store(Tile tile, const DebugWrite& what);

    Ground ground_;
};

} // namespace tilescope
