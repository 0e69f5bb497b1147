/**
 * The registers that a read of a tile's status touches, per generation and kind of tile; it touches nothing else of
 * the tile. Offsets are bytes in the tile's address space, from aie-rt's register headers and the linux-xlnx
 * drivers. A register whose read acts (lock requests) cannot be in a list: the assertions at the end say so.
 */
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "geometry.h"

namespace tilescope {

/** What stands at a place of the array. A shim tile without DMA and locks is `shimPlain`; on the wire both are `shim`. */
enum class TileKind : uint8_t { shim, shimPlain, memory, core };

/** `count` groups of `words` adjacent words, whose starts are `stride` bytes apart. */
struct RegisterRun {
    uint32_t first = 0;
    uint32_t count = 1;
    uint32_t stride = 4;
    uint32_t words = 1;
    /** Read only when details (descriptors, events) are asked for. */
    bool detail = false;

    [[nodiscard]] constexpr uint32_t end() const { return first + (count - 1) * stride + words * 4; }
};

namespace status {

constexpr bool detail = true;

constexpr std::array aieCore{
    RegisterRun{0x14200, 1, 4, 4, detail},     // events of the memory module
    RegisterRun{0x1D000, 16, 0x20, 7, detail}, // descriptors
    RegisterRun{0x1DF00},                      // DMA S2MM, both channels
    RegisterRun{0x1DF10},                      // DMA MM2S, both channels
    RegisterRun{0x1EF00},                      // 16 locks of 2 bits
    RegisterRun{0x30280},                      // PC
    RegisterRun{0x302A0},                      // SP
    RegisterRun{0x302B0},                      // LR
    RegisterRun{0x32004, 1, 4, 2},             // status; Enable_Events, which says that the core is done
    RegisterRun{0x34200, 1, 4, 4, detail},     // events of the core module
};

constexpr std::array aieShim{
    RegisterRun{0x14F00},                      // 16 locks of 2 bits
    RegisterRun{0x1D000, 16, 0x14, 5, detail}, // descriptors
    RegisterRun{0x1D160},                      // DMA S2MM, both channels
    RegisterRun{0x1D164},                      // DMA MM2S, both channels
    RegisterRun{0x34200, 1, 4, 4, detail},     // events
};

constexpr std::array aiemlCore{
    RegisterRun{0x14200, 1, 4, 4, detail},     // events of the memory module
    RegisterRun{0x1D000, 16, 0x20, 6, detail}, // descriptors
    RegisterRun{0x1DF00, 2, 4, 1},             // DMA S2MM per channel: what it is stalled on
    RegisterRun{0x1DF10, 2, 4, 1},             // DMA MM2S per channel
    RegisterRun{0x1F000, 16, 0x10},            // locks
    RegisterRun{0x1F120, 1, 4, 1},             // locks that overflowed
    RegisterRun{0x1F128, 1, 4, 1},             // locks that underflowed
    RegisterRun{0x31100},                      // PC
    RegisterRun{0x31120},                      // SP
    RegisterRun{0x31130},                      // LR
    RegisterRun{0x32004},                      // status, which repeats the control bits
    RegisterRun{0x34200, 1, 4, 4, detail},     // events of the core module
};

constexpr std::array aiemlMemory{
    RegisterRun{0x94200, 1, 4, 6, detail},     // events; the driver reads memory instead
    RegisterRun{0xA0000, 48, 0x20, 8, detail}, // descriptors
    RegisterRun{0xA0660, 6, 4, 1},             // DMA S2MM per channel
    RegisterRun{0xA0680, 6, 4, 1},             // DMA MM2S per channel
    RegisterRun{0xC0000, 64, 0x10},            // locks
    RegisterRun{0xC0420, 2, 4, 1},             // locks that overflowed
    RegisterRun{0xC0428, 2, 4, 1},             // locks that underflowed
};

constexpr std::array aiemlShim{
    RegisterRun{0x14000, 16, 0x10},            // locks
    RegisterRun{0x14120, 1, 4, 1},             // locks that overflowed
    RegisterRun{0x14128, 1, 4, 1},             // locks that underflowed
    RegisterRun{0x1D000, 16, 0x20, 8, detail}, // descriptors
    RegisterRun{0x1D220, 2, 4, 1},             // DMA S2MM per channel
    RegisterRun{0x1D228, 2, 4, 1},             // DMA MM2S per channel
    RegisterRun{0x34200, 1, 4, 4, detail},     // events
};

constexpr std::array aie2psCore{
    RegisterRun{0x14200, 1, 4, 4, detail},     // events of the memory module
    RegisterRun{0x1D000, 16, 0x20, 6, detail}, // descriptors
    RegisterRun{0x1DF00, 2, 4, 1},             // DMA S2MM per channel: what it is stalled on
    RegisterRun{0x1DF10, 2, 4, 1},             // DMA MM2S per channel
    RegisterRun{0x1F000, 16, 0x10},            // locks
    RegisterRun{0x1F120, 1, 4, 1},             // locks that overflowed
    RegisterRun{0x1F128, 1, 4, 1},             // locks that underflowed
    RegisterRun{0x32D00},                      // PC
    RegisterRun{0x32D20},                      // SP
    RegisterRun{0x32D30},                      // LR
    RegisterRun{0x34200, 1, 4, 4, detail},     // events of the core module
    RegisterRun{0x38004},                      // status, which repeats the control bits
};

constexpr std::array aie2psShim{
    RegisterRun{0x00000, 16, 0x10},            // locks
    RegisterRun{0x00120, 1, 4, 1},             // locks that overflowed
    RegisterRun{0x00128, 1, 4, 1},             // locks that underflowed
    RegisterRun{0x09000, 16, 0x30, 8, detail}, // descriptors; the driver reads them 0x20 apart
    RegisterRun{0x09320, 2, 4, 1},             // DMA S2MM per channel
    RegisterRun{0x09328, 2, 4, 1},             // DMA MM2S per channel
    RegisterRun{0x34200, 1, 4, 8, detail},     // events
};

constexpr std::array plainShim{
    RegisterRun{0x34200, 1, 4, 4, detail}, // events
};

} // namespace status

/** The list of a generation and a kind of tile, ascending; empty for a kind that the generation does not have. */
constexpr std::span<const RegisterRun> statusRegisters(Generation generation, TileKind kind) {
    if (generation == Generation::unknown) return {};
    if (kind == TileKind::shimPlain) return status::plainShim;
    const bool first = generation == Generation::aie;
    const bool last = generation == Generation::aie2ps;
    if (kind == TileKind::shim) {
        if (first) return status::aieShim;
        return last ? std::span<const RegisterRun>(status::aie2psShim) : status::aiemlShim;
    }
    if (kind == TileKind::memory) return first ? std::span<const RegisterRun>() : status::aiemlMemory;
    if (first) return status::aieCore;
    return last ? std::span<const RegisterRun>(status::aie2psCore) : status::aiemlCore;
}

/** Where the lists must not reach: registers whose read acquires or releases a lock. From, and first byte after. */
constexpr std::array<std::array<uint32_t, 2>, 2> actingRegisters(Generation generation, TileKind kind) {
    const bool first = generation == Generation::aie;
    const bool shim = kind == TileKind::shim || kind == TileKind::shimPlain;
    if (first)
        return {{{0x1E000, 0x1E800}, shim ? std::array<uint32_t, 2>{0x14000, 0x14800} : std::array<uint32_t, 2>{}}};
    return {{{0x40000, 0x50000}, {0xD0000, 0xE0000}}};
}

/** Whether a list is ascending, in words, inside the tile, and away from registers whose read acts. */
constexpr bool harmless(Generation generation, TileKind kind) {
    uint32_t before = 0;
    const uint32_t tileEnd = generation == Generation::aie ? 1U << 18U : 1U << 20U;
    for (const RegisterRun& run : statusRegisters(generation, kind)) {
        if (run.count == 0 || run.words == 0 || (run.count > 1 && run.words * 4 > run.stride)) return false;
        if (run.first % 4 != 0 || run.stride % 4 != 0 || run.first < before || run.end() > tileEnd) return false;
        before = run.end();
        for (uint32_t i = 0; i < run.count; i++) {
            const uint32_t from = run.first + i * run.stride;
            for (const auto& [low, high] : actingRegisters(generation, kind)) {
                if (from < high && from + run.words * 4 > low) return false;
            }
        }
    }
    return true;
}

constexpr bool allHarmless() {
    for (const Generation generation : {Generation::aie, Generation::aieml, Generation::aie2ps}) {
        for (const TileKind kind : {TileKind::shim, TileKind::shimPlain, TileKind::memory, TileKind::core}) {
            if (!harmless(generation, kind)) return false;
        }
    }
    return true;
}
static_assert(allHarmless(), "a status list reaches a register whose read acts, or is not in order");

} // namespace tilescope
