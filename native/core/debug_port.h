/**
 * Debug registers of a partition's cores, read and written: the only way from `DebugWrite` to the driver. Whether a driver
 * has a way at all is known before anything is written.
 */
#pragma once
#include <cstdint>

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
        /** Writes; null: AIE_REG does. */
        RegisterFile* file;
        /** Which AIE_REG the driver is believed to know. */
        bool& wide;
    };
    explicit DebugPort(const Ground& ground) : ground_(ground) {}

    /**
     * Reads one register of a core whose tile is clocked. `coreRunning`: it is asked of cores only that do not run, and this one
     * does, or its status could not be read.
     */
    Reason read(Tile tile, ReadableRegister which, uint32_t& value);
    /** Writes one, reads it back, and says what came of it; `noWay`: it does not hold what was written. */
    Reason write(Tile tile, const DebugWrite& what);

  private:
    void check(Tile tile) const;
    [[nodiscard]] bool runs(Tile tile);
    [[nodiscard]] Reason store(Tile tile, const DebugWrite& what);

    Ground ground_;
};

} // namespace tilescope
