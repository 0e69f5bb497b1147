#include "status.h"

#include <algorithm>
#include <chrono>

#include "error.h"

namespace tilescope {
namespace {

using Clock = std::chrono::steady_clock;

/** The columns between which some tiles stand; none for no tiles. */
ColumnRange columnsOf(std::span<const Tile> tiles) {
    const auto [first, last] =
        std::minmax_element(tiles.begin(), tiles.end(), [](const Tile& a, const Tile& b) { return a.col < b.col; });
    return tiles.empty() ? ColumnRange{} : ColumnRange{first->col, last->col - first->col + 1};
}

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

std::string_view kindName(TileKind kind) {
    if (kind == TileKind::memory) return "memory";
    return kind == TileKind::core ? "core" : "shim";
}

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

bool StatusJob::begin(const PartitionState& state) {
    if (!epoch_.empty()) return state.epoch == epoch_;
    if (request_.tiles.empty() || request_.tiles.size() > mostTiles) {
        throw CoreError("out-of-range", std::to_string(request_.tiles.size()) + " tiles");
    }
    const PartitionEntry& entry = state.entry;
    for (const Tile& tile : request_.tiles) {
        const bool inside = tile.col >= entry.columns.startCol &&
                            tile.col - entry.columns.startCol < entry.columns.numCols && tile.row >= entry.startRow &&
                            tile.row - entry.startRow < entry.numRows;
        if (!inside) {
            throw CoreError("out-of-range", "no tile (" + std::to_string(tile.col) + "," + std::to_string(tile.row) +
                                                ") in the partition");
        }
    }
    epoch_ = state.epoch;
    return true;
}

void StatusJob::rest(Engine& engine, std::vector<TileStatus>& out, Reason reason) {
    for (; next_ < request_.tiles.size(); next_++) {
        const Tile tile = request_.tiles[next_];
        out.push_back({tile, kindOf(engine.shape(), engine.generation(), tile), reason, false, {}, {}});
    }
}

void StatusJob::addWords(Engine& engine, std::span<TileStatus> tiles) {
    const auto wanted = [&](const RegisterRun& run) { return run.besideAttributes; };
    if (engine.generation() == Generation::unknown) return;
    const bool any = std::any_of(tiles.begin(), tiles.end(), [&](const TileStatus& one) {
        const auto runs = statusRegisters(engine.generation(), one.kind);
        return one.reason == Reason::none && std::any_of(runs.begin(), runs.end(), wanted);
    });
    if (!any) return;
    try {
        engine.inspect(request_.columns, [&](const PartitionState& now, PartitionAccess& access) {
            if (now.epoch != epoch_) return;
            for (TileStatus& one : tiles) {
                if (one.reason != Reason::none) continue;
                auto seen = readTileRegisters(engine.map(), engine.generation(), access.registers(), one.tile, one.kind,
                                              wanted);
                one.registers = std::move(seen.registers);
            }
        });
    } catch (const CoreError&) {
        // No way to registers beside this owner: what the attributes tell is what there is.
    } catch (const NotYet&) {
        // Likewise at this moment.
    }
}

bool StatusJob::isStill(Engine& engine, const PartitionState& before) {
    try {
        const PartitionState now = engine.state(request_.columns);
        return now.entry.inUse == before.entry.inUse && now.epoch == before.epoch;
    } catch (const CoreError&) {
        return false; // the partition is gone, or nobody can say
    } catch (const NotYet&) {
        return false; // in other hands than a moment ago
    }
}

bool StatusJob::step(Engine& engine, std::vector<TileStatus>& out) {
    const auto end = Clock::now() + sliceTime;
    const size_t first = next_;
    const auto mayGoOn = [&] {
        return next_ < request_.tiles.size() && (next_ == first || (Clock::now() < end && !engine.hurried()));
    };
    const ArrayShape shape = engine.shape();
    const Generation generation = engine.generation();
    const PartitionState state = engine.state(request_.columns);
    if (!begin(state)) {
        rest(engine, out, Reason::notRead);
        return true;
    }
    // Attributes need no descriptor of the partition, so an owner is not disturbed by us at all.
    if (state.entry.inUse && hasTileAttributes(engine.kernel(), request_.columns)) {
        const size_t begun = out.size();
        while (mayGoOn()) {
            const Tile tile = request_.tiles[next_++];
            const TileKind kind = kindOf(shape, generation, tile);
            auto found = readTileAttributes(engine.kernel(), request_.columns, tile, kind, request_.detail);
            // A shim tile without DMA has attributes only among the details.
            const bool none = kind == TileKind::shimPlain && !request_.detail;
            TileStatus status{tile, kind, none ? Reason::none : Reason::noWay, true, {}, {}};
            if (found) {
                status.reason = found->gated ? Reason::gated : Reason::none;
                if (!found->gated) status.files = std::move(found->files);
            }
            out.push_back(std::move(status));
        }
        const std::span<TileStatus> looked = std::span(out).subspan(begun);
        const auto missing = [](const TileStatus& one) { return one.reason == Reason::noWay; };
        if (std::any_of(looked.begin(), looked.end(), missing) && !isStill(engine, state)) {
            // The folders went with the owner that was looked at: that says nothing of the tiles.
            for (TileStatus& one : looked) {
                if (missing(one)) one.reason = Reason::notRead;
            }
        }
        if (request_.detail) addWords(engine, looked);
    } else if (generation == Generation::unknown) {
        rest(engine, out, Reason::noWay); // no list of registers
    } else {
        bool same = true;
        engine.inspect(
            request_.columns,
            [&](const PartitionState& now, PartitionAccess& access) {
                same = now.epoch == epoch_;
                while (same && mayGoOn()) {
                    const Tile tile = request_.tiles[next_++];
                    out.push_back(readTileRegisters(engine.map(), generation, access.registers(), tile,
                                                    kindOf(shape, generation, tile), runsWith(request_.detail)));
                }
            },
            columnsOf(std::span(request_.tiles).subspan(next_)));
        if (!same) rest(engine, out, Reason::notRead);
    }
    at_ = engine.now();
    return next_ >= request_.tiles.size();
}

} // namespace tilescope
