/**
 * Registers of a partition's tiles, and what they say about a tile: may it be touched? Registers whose read acts (lock
 * requests) must not be asked for: the core asks for clock and core control only, and for those of the status lists.
 */
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "geometry.h"
#include "kernel.h"

namespace tilescope {

/** Why a span could not be accessed; the wire's numbers. */
enum class Reason : uint8_t { none = 0, gated = 1, coreRunning = 2, busError = 3, noWay = 4, notRead = 5 };

/** Reads registers of tiles. */
class RegisterSource {
  public:
    RegisterSource() = default;
    RegisterSource(const RegisterSource&) = delete;
    RegisterSource& operator=(const RegisterSource&) = delete;
    virtual ~RegisterSource() = default;
    /**
     * Fills `words` from `offset` (a multiple of 4 in the tile's own address space) on; the run must stay in the tile.
     * `gated`: the kernel refused because the tile's clock is off. Other than `none`: nothing of `words` is of use.
     */
    virtual Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) = 0;
    /** One register; empty when it could not be read. */
    std::optional<uint32_t> readRegister(Tile tile, uint32_t offset);
};

/**
 * Whether a tile is clocked: none, gated, or why the registers themselves could not be read. On the first generation
 * clocks are followed from the shim upwards, and no tile's register is read before the tile below said that its clock is
 * on; on the later ones the shim's register tells for the whole column. Shim tiles are always clocked.
 */
Reason clockState(const ArrayMap& map, RegisterSource& registers, Tile tile);

/** Whether a core is enabled: none or coreRunning, or why that could not be read. The tile must be clocked. */
Reason coreState(const ArrayMap& map, RegisterSource& registers, Tile tile);

/**
 * Whether a tile's memory may be touched now: as clockState, or coreRunning for program memory of an enabled core.
 * `open`: a person opened this tile's program memory although its core is enabled.
 */
Reason tileState(const ArrayMap& map, RegisterSource& registers, Tile tile, MemoryType type, bool open);

/** Whether no tile of a partition is clocked, by the shim row alone. A register that faults counts as clocked. */
bool allGated(const ArrayMap& map, RegisterSource& registers, ColumnRange columns);

/** The columns of a partition's register view, each mapped when first needed and unmapped with this object. */
class RegisterView final : public RegisterSource {
  public:
    RegisterView(Kernel& kernel, const PartitionFd& partition, const ArrayMap& map, ColumnRange columns,
                 uint32_t numRows)
        : kernel_(kernel), partition_(partition), map_(map), columns_(columns), numRows_(numRows) {}

    Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) override;
    /** Device words of a tile from `offset` on; the run must stay in the tile. Throws `driver` if it cannot be mapped. */
    const volatile uint32_t* words(Tile tile, uint32_t offset);

  private:
    Kernel& kernel_;
    const PartitionFd& partition_;
    const ArrayMap& map_;
    ColumnRange columns_;
    uint32_t numRows_;
    std::map<uint32_t, Mapping> mapped_;
};

/**
 * Registers through `pread` on the partition's descriptor: the kernel checks bounds and clocks under its lock, nothing is
 * mapped, and an owner's own reset is not in its way.
 */
class RegisterFile final : public RegisterSource {
  public:
    RegisterFile(Kernel& kernel, const PartitionFd& partition, uint32_t columnShift, uint32_t rowShift,
                 ColumnRange columns)
        : kernel_(kernel), partition_(partition), columnShift_(columnShift), rowShift_(rowShift), columns_(columns) {}

    Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) override;
    /** Where a tile's byte lies in the descriptor's file. */
    [[nodiscard]] uint64_t place(Tile tile, uint32_t offset) const;

  private:
    Kernel& kernel_;
    const PartitionFd& partition_;
    uint32_t columnShift_;
    uint32_t rowShift_;
    ColumnRange columns_;
};

} // namespace tilescope
