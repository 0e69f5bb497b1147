#include "status.h"

#include <algorithm>

namespace tilescope {
namespace {

/** The words of a list that do not fault; `last`: why one of the others was left out. */
std::vector<std::pair<uint32_t, uint32_t>> readRuns(std::span<const RegisterRun> runs, RegisterSource& registers,
                                                    Tile tile, const RunFilter& wanted, Reason& last) {
    std::vector<std::pair<uint32_t, uint32_t>> words;
    for (const RegisterRun& run : runs) {
        if (!wanted(run)) continue;
        for (uint32_t group = 0; group < run.count; group++) {
            for (uint32_t word = 0; word < run.words; word++) {
                const uint32_t offset = run.first + group * run.stride + word * 4;
                uint32_t value = 0;
                const Reason read = registers.read(tile, offset, {&value, 1});
                if (read == Reason::none) {
                    words.emplace_back(offset, value);
                } else {
                    last = read;
                    if (read == Reason::driverGated) return words; // it refuses the whole tile
                }
            }
        }
    }
    return words;
}

} // namespace

TileKind kindOf(const ArrayShape& shape, Generation generation, Tile tile) {
    const auto in = [&](const RowRange& rows) { return tile.row >= rows.start && tile.row - rows.start < rows.count; };
    if (tile.row == 0 || in(shape.shim)) {
        // linux-xlnx knows shim tiles of both kinds in the first two generations, in this pattern; in the third all
        // have a DMA.
        constexpr uint32_t pattern = 4;
        constexpr uint32_t plainOnes = 2;
        return generation != Generation::aie2ps && tile.col % pattern < plainOnes ? TileKind::shimPlain
                                                                                  : TileKind::shim;
    }
    return in(shape.memory) ? TileKind::memory : TileKind::core;
}

RunFilter runsWith(bool detail) {
    return [detail](const RegisterRun& run) { return detail || !run.detail; };
}

TileStatus readTileRegisters(const ArrayMap& map, Generation generation, RegisterSource& registers, Tile tile,
                             TileKind kind, const RunFilter& wanted) {
    TileStatus status{tile, kind, Reason::none, false, {}, {}};
    status.reason = clockState(map, registers, tile);
    if (status.reason != Reason::none) return status;
    const auto runs = statusRegisters(generation, kind);
    Reason missing = Reason::none;
    status.registers = readRuns(runs, registers, tile, wanted, missing);
    if (status.registers.empty() && std::any_of(runs.begin(), runs.end(), wanted)) {
        // Gated meanwhile, or no register answers.
        const bool refused = missing == Reason::driverGated;
        status.reason = clockState(map, registers, tile) == Reason::gated ? Reason::gated
                        : refused                                         ? Reason::driverGated
                                                                          : Reason::busError;
    }
    return status;
}

} // namespace tilescope
