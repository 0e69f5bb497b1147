/**
 * The read-only register view of a partition, and what it says about a tile: may it be touched? Registers whose read
 * acts (lock requests) are not reachable from here: only clock and core control are ever read.
 */
#pragma once
#include <cstdint>
#include <map>
#include <optional>

#include "geometry.h"
#include "kernel.h"

namespace tilescope {

/** Why a span could not be accessed; the wire's numbers. */
enum class Reason : uint8_t { none = 0, gated = 1, coreRunning = 2, busError = 3, noWay = 4, notRead = 5 };

/** Reads one register of a tile. */
class RegisterSource {
  public:
    virtual ~RegisterSource() = default;
    /** Empty: the read faulted. `offset` is a multiple of 4 in the tile's own address space. */
    virtual std::optional<uint32_t> readRegister(Tile tile, uint32_t offset) = 0;
};

/**
 * Whether a tile's memory may be touched now: none, gated, coreRunning, or busError when the registers themselves
 * fault. Clocks are followed from the shim upwards, and no tile's register is read before the tile below said that its
 * clock is on. `open`: a person opened this tile's program memory although its core is enabled.
 */
Reason tileState(RegisterSource& registers, Tile tile, MemoryType type, bool open);

/** Whether no tile of a partition is clocked, by the shim row alone. A register that faults counts as clocked. */
bool allGated(RegisterSource& registers, ColumnRange columns);

/** The columns of a partition's register view, each mapped when first needed and unmapped with this object. */
class RegisterView final : public RegisterSource {
  public:
    RegisterView(Kernel& kernel, int partition, ColumnRange columns, uint32_t numRows)
        : kernel_(kernel), partition_(partition), columns_(columns), numRows_(numRows) {}

    std::optional<uint32_t> readRegister(Tile tile, uint32_t offset) override;
    /** Device words of a tile from `offset` on; the run must stay in the tile. Throws `driver` if it cannot be mapped. */
    const volatile uint32_t* words(Tile tile, uint32_t offset);

  private:
    Kernel& kernel_;
    int partition_;
    ColumnRange columns_;
    uint32_t numRows_;
    std::map<uint32_t, Mapping> mapped_;
};

} // namespace tilescope
