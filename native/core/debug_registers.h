/**
 * The registers of a core that a debug session may touch: one list of those that are read, one of those that are written
 * where a person allowed to halt. Both types are made from these lists alone, and what is written is made by what it does: no
 * other address, and no other bit, can be expressed. Offsets are bytes in the tile's address space, from aie-rt's register
 * headers; of the last generation from its manual and XRT. No release of the NPU is in here: its sources disagree.
 */
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "geometry.h"
#include "status_registers.h"

namespace tilescope {

/** What is read of a core for debugging. Those with a number: `pcEvent`, `r`, `p`, `m`. */
enum class CoreRegister : uint8_t {
    coreControl,
    coreStatus,
    debugControl0,
    debugControl1,
    debugControl2,
    debugStatus,
    pcEvent,
    errorHaltEvent,
    pc,
    fc,
    sp,
    lr,
    r,
    p,
    m,
    ls,
    le,
    lc,
    cr,
    sr
};

/** The name of a register that a program computes with, in small letters; empty for one of the debugger's. */
constexpr const char* registerName(CoreRegister name) {
    switch (name) {
    case CoreRegister::pc:
        return "pc";
    case CoreRegister::fc:
        return "fc";
    case CoreRegister::sp:
        return "sp";
    case CoreRegister::lr:
        return "lr";
    case CoreRegister::r:
        return "r";
    case CoreRegister::p:
        return "p";
    case CoreRegister::m:
        return "m";
    case CoreRegister::ls:
        return "ls";
    case CoreRegister::le:
        return "le";
    case CoreRegister::lc:
        return "lc";
    case CoreRegister::cr:
        return "cr";
    case CoreRegister::sr:
        return "sr";
    default:
        return "";
    }
}

/** What a core must be doing for one of its registers to be read. */
enum class ReadableWhen : uint8_t {
    always,
    /** The core's own registers are not there to be read while it is in reset. */
    outOfReset,
    /** Likewise; and nobody knows whether they can be read while the core runs: asked of a core only that does not. */
    atRest
};

namespace debug {

/** `count` registers of one name, each one word, whose places are `stride` bytes apart. */
struct NamedRun {
    CoreRegister name{};
    uint32_t first = 0;
    uint32_t count = 1;
    uint32_t stride = 4;
    ReadableWhen when = ReadableWhen::always;
};

constexpr ReadableWhen outOfReset = ReadableWhen::outOfReset;
constexpr ReadableWhen atRest = ReadableWhen::atRest;

constexpr std::array aieReadable{
    NamedRun{CoreRegister::r, 0x30000, 16, 0x10, atRest},  NamedRun{CoreRegister::p, 0x30100, 8, 0x10, atRest},
    NamedRun{CoreRegister::pc, 0x30280, 1, 4, outOfReset}, NamedRun{CoreRegister::fc, 0x30290, 1, 4, outOfReset},
    NamedRun{CoreRegister::sp, 0x302A0, 1, 4, outOfReset}, NamedRun{CoreRegister::lr, 0x302B0, 1, 4, outOfReset},
    NamedRun{CoreRegister::m, 0x302C0, 8, 0x10, atRest},   NamedRun{CoreRegister::ls, 0x30500, 1, 4, atRest},
    NamedRun{CoreRegister::le, 0x30510, 1, 4, atRest},     NamedRun{CoreRegister::lc, 0x30520, 1, 4, atRest},
    NamedRun{CoreRegister::coreControl, 0x32000},          NamedRun{CoreRegister::coreStatus, 0x32004},
    NamedRun{CoreRegister::debugControl0, 0x32010},        NamedRun{CoreRegister::debugControl1, 0x32014},
    NamedRun{CoreRegister::debugControl2, 0x32018},        NamedRun{CoreRegister::debugStatus, 0x3201C},
    NamedRun{CoreRegister::pcEvent, 0x32020, 4},           NamedRun{CoreRegister::errorHaltEvent, 0x32034},
};

constexpr std::array aiemlReadable{
    NamedRun{CoreRegister::r, 0x30C00, 32, 0x10, atRest},  NamedRun{CoreRegister::m, 0x30E00, 8, 0x10, atRest},
    NamedRun{CoreRegister::p, 0x31000, 8, 0x10, atRest},   NamedRun{CoreRegister::pc, 0x31100, 1, 4, outOfReset},
    NamedRun{CoreRegister::fc, 0x31110, 1, 4, outOfReset}, NamedRun{CoreRegister::sp, 0x31120, 1, 4, outOfReset},
    NamedRun{CoreRegister::lr, 0x31130, 1, 4, outOfReset}, NamedRun{CoreRegister::ls, 0x31140, 1, 4, atRest},
    NamedRun{CoreRegister::le, 0x31150, 1, 4, atRest},     NamedRun{CoreRegister::lc, 0x31160, 1, 4, atRest},
    NamedRun{CoreRegister::cr, 0x31170, 1, 4, atRest},     NamedRun{CoreRegister::sr, 0x31180, 1, 4, atRest},
    NamedRun{CoreRegister::coreControl, 0x32000},          NamedRun{CoreRegister::coreStatus, 0x32004},
    NamedRun{CoreRegister::debugControl0, 0x32010},        NamedRun{CoreRegister::debugControl1, 0x32014},
    NamedRun{CoreRegister::debugControl2, 0x32018},        NamedRun{CoreRegister::debugStatus, 0x3201C},
    NamedRun{CoreRegister::pcEvent, 0x32020, 4},           NamedRun{CoreRegister::errorHaltEvent, 0x32034},
};

constexpr std::array aie2psReadable{
    NamedRun{CoreRegister::r, 0x32800, 32, 0x10, atRest},  NamedRun{CoreRegister::m, 0x32A00, 8, 0x10, atRest},
    NamedRun{CoreRegister::p, 0x32C00, 8, 0x10, atRest},   NamedRun{CoreRegister::pc, 0x32D00, 1, 4, outOfReset},
    NamedRun{CoreRegister::fc, 0x32D10, 1, 4, outOfReset}, NamedRun{CoreRegister::sp, 0x32D20, 1, 4, outOfReset},
    NamedRun{CoreRegister::lr, 0x32D30, 1, 4, outOfReset}, NamedRun{CoreRegister::ls, 0x32D40, 1, 4, atRest},
    NamedRun{CoreRegister::le, 0x32D50, 1, 4, atRest},     NamedRun{CoreRegister::lc, 0x32D60, 1, 4, atRest},
    NamedRun{CoreRegister::cr, 0x32DC0, 1, 4, atRest},     NamedRun{CoreRegister::sr, 0x32DD0, 1, 4, atRest},
    NamedRun{CoreRegister::coreControl, 0x38000},          NamedRun{CoreRegister::coreStatus, 0x38004},
    NamedRun{CoreRegister::debugControl0, 0x38010},        NamedRun{CoreRegister::debugControl1, 0x38014},
    NamedRun{CoreRegister::debugControl2, 0x38018},        NamedRun{CoreRegister::debugStatus, 0x3801C},
    NamedRun{CoreRegister::pcEvent, 0x38020, 4},           NamedRun{CoreRegister::errorHaltEvent, 0x38034},
};

/** What halting writes, of every generation; where it stands is told by the list of what is read. */
struct WrittenBits {
    CoreRegister name{};
    uint32_t count = 1;
    /** Bits that may be set. Debug_Control1: events that halt, not those that resume or step. */
    uint32_t bits = 0;
    /** Those that the hardware may count down by itself. */
    uint32_t passing = 0;
};

constexpr std::array writable{
    WrittenBits{CoreRegister::debugControl0, 1, 0x0000003D, 0x0000003C}, // halt, and how many instructions to step
    WrittenBits{CoreRegister::debugControl1, 1, 0x7F7F0000},             // two events that halt
    WrittenBits{CoreRegister::pcEvent, 4, 0x80003FFF},                   // valid, and the program counter
};

/** Core events 16 to 19 of every generation: the program counter is that of PC_Event0 to 3. */
constexpr uint32_t firstPcEvent = 16;
/** Debug_Control1 names two events that halt. */
constexpr uint32_t breakpoints = 2;
constexpr uint32_t programCounterBits = 0x3FFF;

/** The registers of a generation that may be read, ascending; none where the generation is not known. */
constexpr std::span<const NamedRun> readable(Generation generation) {
    switch (generation) {
    case Generation::aie:
        return aieReadable;
    case Generation::aieml:
        return aiemlReadable;
    case Generation::aie2ps:
        return aie2psReadable;
    case Generation::unknown:
        break;
    }
    return {};
}

} // namespace debug

/** A register of a core that may be read. */
class ReadableRegister {
  public:
    /** @param number which one of those of this name; empty where the generation has no such register */
    static constexpr std::optional<ReadableRegister> of(Generation generation, CoreRegister name, uint32_t number = 0) {
        for (const debug::NamedRun& run : debug::readable(generation)) {
            if (run.name == name && number < run.count) {
                return ReadableRegister(generation, run.first + number * run.stride, run.when);
            }
        }
        return {};
    }
    /** The only one in whose tiles it stands at this offset. */
    [[nodiscard]] constexpr Generation generation() const { return generation_; }
    [[nodiscard]] constexpr uint32_t offset() const { return offset_; }
    [[nodiscard]] constexpr ReadableWhen when() const { return when_; }

  private:
    constexpr ReadableRegister(Generation generation, uint32_t offset, ReadableWhen when)
        : generation_(generation), offset_(offset), when_(when) {}
    Generation generation_;
    uint32_t offset_;
    ReadableWhen when_;
};

/** One word for one register: what halting a core, letting it go on, or a breakpoint is. Empty where there is none. */
class DebugWrite {
  public:
    using Maybe = std::optional<DebugWrite>;

    static constexpr Maybe halt(Generation generation) { return of(generation, CoreRegister::debugControl0, 0, 1); }
    static constexpr Maybe resume(Generation generation) { return of(generation, CoreRegister::debugControl0, 0, 0); }
    /**
     * Steps 1 to 15 instructions. The bit that halts stays set: whatever the count does (nobody has seen it), a core does
     * not run away.
     */
    static constexpr Maybe step(Generation generation, uint32_t count) {
        if (count == 0 || count > 15) return {};
        return of(generation, CoreRegister::debugControl0, 0, 1 | count << 2U);
    }
    /** PC_Event `number` (0 to 3) happens at a byte of the program memory. */
    static constexpr Maybe watch(Generation generation, uint32_t number, uint32_t counter) {
        if (counter > debug::programCounterBits) return {};
        return of(generation, CoreRegister::pcEvent, number, 1U << 31U | counter);
    }
    static constexpr Maybe unwatch(Generation generation, uint32_t number) {
        return of(generation, CoreRegister::pcEvent, number, 0);
    }
    /** The core halts at these PC events (0 to 3 each), and at no other one. */
    static constexpr Maybe haltAt(Generation generation, std::optional<uint32_t> one, std::optional<uint32_t> other) {
        uint32_t value = 0;
        uint32_t shift = 16;
        for (const std::optional<uint32_t>& number : {one, other}) {
            if (number.value_or(0) > 3) return {};
            if (number.has_value()) value |= (debug::firstPcEvent + *number) << shift;
            shift += 8;
        }
        return of(generation, CoreRegister::debugControl1, 0, value);
    }

    /** Where it is written, and read back, and of which generation. */
    [[nodiscard]] constexpr ReadableRegister where() const { return where_; }
    [[nodiscard]] constexpr uint32_t value() const { return value_; }
    /** The same register as it was before: nothing halts, steps or is watched. */
    [[nodiscard]] constexpr DebugWrite undone() const { return {where_, 0, passing_}; }
    /** Whether a register that holds this has taken what was written. */
    [[nodiscard]] constexpr bool isIn(uint32_t found) const { return ((found ^ value_) & ~passing_) == 0; }

  private:
    constexpr DebugWrite(ReadableRegister where, uint32_t value, uint32_t passing)
        : where_(where), value_(value), passing_(passing) {}
    /** Empty for what is not in the list of what may be written. */
    static constexpr Maybe of(Generation generation, CoreRegister name, uint32_t number, uint32_t value) {
        const auto where = ReadableRegister::of(generation, name, number);
        for (const debug::WrittenBits& one : debug::writable) {
            if (one.name == name && number < one.count && (value & ~one.bits) == 0 && where.has_value()) {
                return DebugWrite(*where, value, one.passing);
            }
        }
        return {};
    }
    ReadableRegister where_;
    uint32_t value_;
    uint32_t passing_;
};

namespace debug {

/** Whether a list is ascending, without overlap, inside the tile, away from memories and from registers whose read acts. */
constexpr bool sound(Generation generation) {
    constexpr uint32_t coreModule = 0x30000;
    constexpr uint32_t coreModuleEnd = 0x40000;
    uint32_t before = coreModule;
    for (const NamedRun& run : readable(generation)) {
        if (run.count == 0 || run.first % 4 != 0 || run.stride % 4 != 0 || run.stride == 0) return false;
        const uint32_t end = run.first + (run.count - 1) * run.stride + 4;
        if (run.first < before || end > coreModuleEnd) return false;
        for (const auto& [low, high] : actingRegisters(generation, TileKind::core)) {
            if (run.first < high && end > low) return false;
        }
        before = end;
    }
    return true;
}

/** Whether what may be written is there, is no register that enables or resets a core, and says nothing of itself. */
constexpr bool writesOnlyDebug(Generation generation) {
    for (const WrittenBits& one : writable) {
        if (one.name == CoreRegister::coreControl || one.name == CoreRegister::debugStatus) return false;
        for (uint32_t i = 0; i < one.count; i++) {
            const auto place = ReadableRegister::of(generation, one.name, i);
            if (!place.has_value() || place->when() != ReadableWhen::always) return false;
        }
    }
    return true;
}

/** Whether a status list and this one say the same of PC, SP, LR and the core's status. */
constexpr bool agrees(Generation generation) {
    for (const CoreRegister name : {CoreRegister::pc, CoreRegister::sp, CoreRegister::lr, CoreRegister::coreStatus}) {
        const auto place = ReadableRegister::of(generation, name);
        bool isRead = false;
        for (const RegisterRun& run : statusRegisters(generation, TileKind::core)) {
            isRead = isRead || (place.has_value() && run.first == place->offset());
        }
        if (!isRead) return false;
    }
    return true;
}

static_assert(sound(Generation::aie) && sound(Generation::aieml) && sound(Generation::aie2ps));
static_assert(writesOnlyDebug(Generation::aie) && writesOnlyDebug(Generation::aieml) &&
              writesOnlyDebug(Generation::aie2ps));
static_assert(agrees(Generation::aie) && agrees(Generation::aieml) && agrees(Generation::aie2ps));
static_assert(!ReadableRegister::of(Generation::unknown, CoreRegister::pc).has_value());
static_assert(!DebugWrite::halt(Generation::unknown).has_value());
static_assert(ReadableRegister::of(Generation::aie2ps, CoreRegister::coreStatus)->when() == ReadableWhen::always);

} // namespace debug

} // namespace tilescope
