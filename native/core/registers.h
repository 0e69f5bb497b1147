/**
 * Registers of a partition's tiles, and what they say about a tile: may it be touched? Never read registers whose read has
 * an effect (lock requests): the core reads clock and core control, and the registers of the status lists.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "geometry.h"
#include "kernel.h"
#include "reason.h"

namespace tilescope {

/** Reads registers of tiles. */
class RegisterSource {
  public:
    RegisterSource() = default;
    RegisterSource(const RegisterSource&) = delete;
    RegisterSource& operator=(const RegisterSource&) = delete;
    virtual ~RegisterSource() = default;
    /**
     * Fills `words` from `offset` (a multiple of 4 in the tile's own address space) on; the run must stay in the tile.
     * Call clockState() first for a tile that is not in the shim row: it must run. `driverGated` then means that the driver
     * refuses it all the same. With any result other than `none`, `words` is not valid.
     */
    virtual Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) = 0;
    /** One register; empty when it could not be read. */
    std::optional<uint32_t> readRegister(Tile tile, uint32_t offset);
};

/**
 * Whether a tile is clocked: none, gated, or why the registers themselves could not be read. On the first generation
 * clocks are followed from the shim upwards, and no tile's register is read before the tile below said that its clock is
 * on; on the later ones the shim's register tells for the whole column. Shim tiles are always clocked.
 * @param known the tiles of this column up to this row are known to be clocked, and are not asked for again
 */
Reason clockState(const ArrayMap& map, RegisterSource& registers, Tile tile, uint32_t known = 0);

/** Whether a core is enabled: none or coreRunning, or why that could not be read. The tile must be clocked. */
Reason coreState(const ArrayMap& map, RegisterSource& registers, Tile tile);

/**
 * Whether a tile's memory may be touched now: as clockState, or coreRunning for program memory of an enabled core.
 * `open`: a person opened this tile's program memory although its core is enabled.
 */
Reason tileState(const ArrayMap& map, RegisterSource& registers, Tile tile, MemoryType type, bool open);

/**
 * One of some columns in which a tile is clocked, by the shim row alone; empty: all of them are gated. A register that
 * faults counts as clocked. Looks at `first` first, if it is one of them, then upwards: a lease maps each column that it
 * looks at.
 */
std::optional<uint32_t> clockedColumn(const ArrayMap& map, RegisterSource& registers, ColumnRange columns,
                                      std::optional<uint32_t> first = std::nullopt);

/**
 * Tiles of a partition that the driver refuses although their clock registers say that they run. Its notes of clocks are
 * wrong on many releases where a partition does not begin at column 0. Each refusal adds two lines to the kernel's log, so
 * it is not repeated. Every 10 s one of the tiles is tried; if the driver takes it, all of them may be tried.
 */
class Refusals {
  public:
    using Moment = std::chrono::steady_clock::time_point;
    [[nodiscard]] bool empty() const { return tiles_.empty(); }
    [[nodiscard]] bool mayTry(Tile tile, Moment now) const;
    /** The same where there is another way to the words: no tile has to be tried. */
    [[nodiscard]] bool mayTryAny(Moment now) const;
    void refused(Tile tile, Moment now);
    void taken(Tile tile);

  private:
    static constexpr std::chrono::seconds pause{10};
    std::set<std::pair<uint32_t, uint32_t>> tiles_;
    Moment last_;
};

/**
 * AIE_REG: writes one word at an offset in the partition. The request's number differs by release, and a wrong one has no
 * effect and answers EINVAL: the other is tried then, and `wide` learns which this driver knows. 0, or -errno.
 */
int writeRegister(Kernel& kernel, const PartitionFd& partition, uint64_t place, uint32_t value, bool& wide);

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
 * Words and registers through `pread` and `pwrite` on the partition's descriptor: nothing is mapped, and an owner's own
 * reset is not in its way. The kernel checks bounds, and what it takes for clocks: see Refusals.
 */
class RegisterFile final : public RegisterSource {
  public:
    RegisterFile(Kernel& kernel, const PartitionFd& partition, uint32_t columnShift, uint32_t rowShift,
                 ColumnRange columns)
        : kernel_(kernel), partition_(partition), columnShift_(columnShift), rowShift_(rowShift), columns_(columns) {}

    Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) override;
    /** Words of a tile from `offset` on, as read(). */
    Moved load(Tile tile, uint32_t offset, std::span<uint32_t> words);
    Moved store(Tile tile, uint32_t offset, std::span<const uint32_t> words);
    /** Where refusals are remembered; outlives this object. If null, `gated` is what the driver says. */
    void remember(Refusals& refusals) { refusals_ = &refusals; }
    /** Where words that the driver refuses are loaded: in a partition of ours only. It outlives this object. */
    void insteadOfRefused(RegisterView& view) { view_ = &view; }

  private:
    [[nodiscard]] uint64_t place(Tile tile, uint32_t offset) const;
    /** Whether the driver may be asked for a tile. */
    [[nodiscard]] bool mayStore(Tile tile) const;
    [[nodiscard]] bool mayLoad(Tile tile) const;
    /** What the driver's answer means. */
    Moved moved(Tile tile, int64_t result, size_t wanted);

    Kernel& kernel_;
    const PartitionFd& partition_;
    uint32_t columnShift_;
    uint32_t rowShift_;
    ColumnRange columns_;
    Refusals* refusals_ = nullptr;
    RegisterView* view_ = nullptr;
};

} // namespace tilescope
