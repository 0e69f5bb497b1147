#include "debug_port.h"

#include <doctest/doctest.h>
#include <type_traits>
#include <vector>

#include "error.h"
#include "fake_kernel.h"

using namespace tilescope;

namespace {

// Made by the lists only: of no number, and not changed afterwards by one.
static_assert(!std::is_default_constructible_v<ReadableRegister> && !std::is_default_constructible_v<DebugWrite>);
static_assert(!std::is_constructible_v<ReadableRegister, uint32_t> &&
              !std::is_constructible_v<ReadableRegister, Generation, uint32_t, ReadableWhen>);
static_assert(!std::is_constructible_v<DebugWrite, uint32_t, uint32_t> &&
              !std::is_constructible_v<DebugWrite, ReadableRegister, uint32_t, uint32_t>);
static_assert(!std::is_aggregate_v<ReadableRegister> && !std::is_aggregate_v<DebugWrite>);
static_assert(!std::is_invocable_v<decltype(&DebugPort::write), DebugPort, Tile, uint32_t>);

// Halt, and the count of a step: what bit 1 does is not known.
static_assert(debug::writable[0].name == CoreRegister::debugControl0 && debug::writable[0].bits == 0x3D);

constexpr std::array generations{Generation::aie, Generation::aieml, Generation::aie2ps};

/** A partition of all columns, requested, and a port on it. */
struct Bench {
    FakeKernel kernel;
    const ArrayMap& map;
    ColumnRange columns{0, 6};
    bool wide = true;
    std::optional<PartitionFd> partition;
    std::optional<RegisterView> view;
    std::optional<RegisterFile> file;
    std::optional<DebugPort> port;
    Tile tile;

    explicit Bench(Generation generation, HaltWay way = HaltWay::positioned)
        : kernel(generation), map(*mapOf(generation)), tile{2, kernel.shape.core.start} {
        kernel.positionedWorks = way == HaltWay::positioned;
        kernel.wideRegisters = true;
        const int fd = kernel.requestKept({}, columns.numCols << 8U, RequestLength::bytes40);
        REQUIRE(fd >= 0);
        partition.emplace(UniqueFd(kernel, fd));
        view.emplace(kernel, *partition, map, columns, kernel.shape.numRows());
        file.emplace(kernel, *partition, map.columnShift, map.rowShift, columns);
        RegisterSource& reads = way == HaltWay::positioned ? static_cast<RegisterSource&>(*file) : *view;
        port.emplace(DebugPort::Ground{kernel, *partition, map, columns, kernel.shape.core, reads,
                                       [this, &reads](Tile at) { return clockState(map, reads, at); },
                                       way == HaltWay::positioned ? &*file : nullptr, wide});
    }
    [[nodiscard]] uint32_t offset(CoreRegister name, uint32_t number = 0) const {
        return ReadableRegister::of(map.generation, name, number).value().offset();
    }
    /** Everything behind the memories of the tile. */
    std::vector<uint32_t> words() {
        std::vector<uint32_t> all;
        for (uint32_t at = 0x30000; at < 0x40000; at += 4) all.push_back(kernel.peek(tile, at));
        return all;
    }
};

/** Registers that stay 0, whatever is written. */
class Deaf final : public RegisterSource {
  public:
    Reason read(Tile, uint32_t, std::span<uint32_t> words) override {
        for (uint32_t& word : words) word = 0;
        return Reason::none;
    }
};

/** All that can be written, of a generation. */
std::vector<DebugWrite> writes(Generation generation) {
    std::vector<DebugWrite> all{*DebugWrite::halt(generation), *DebugWrite::resume(generation),
                                *DebugWrite::haltAt(generation, {}, {}), *DebugWrite::haltAt(generation, 3, 1)};
    for (uint32_t count = 1; count <= 15; count++) all.push_back(*DebugWrite::step(generation, count));
    for (uint32_t number = 0; number < 4; number++) {
        all.push_back(*DebugWrite::watch(generation, number, 0x3FFF));
        all.push_back(*DebugWrite::unwatch(generation, number));
    }
    return all;
}

} // namespace

TEST_CASE("debug registers stand where each generation has them, and where it has none is none") {
    struct Known {
        CoreRegister name;
        uint32_t number;
        std::array<uint32_t, 3> places; // 0: none
    };
    constexpr std::array table{
        Known{CoreRegister::coreControl, 0, {0x32000, 0x32000, 0x38000}},
        Known{CoreRegister::debugControl0, 0, {0x32010, 0x32010, 0x38010}},
        Known{CoreRegister::debugControl1, 0, {0x32014, 0x32014, 0x38014}},
        Known{CoreRegister::debugControl2, 0, {0x32018, 0x32018, 0x38018}},
        Known{CoreRegister::debugStatus, 0, {0x3201C, 0x3201C, 0x3801C}},
        Known{CoreRegister::pcEvent, 0, {0x32020, 0x32020, 0x38020}},
        Known{CoreRegister::pcEvent, 3, {0x3202C, 0x3202C, 0x3802C}},
        Known{CoreRegister::pcEvent, 4, {0, 0, 0}},
        Known{CoreRegister::errorHaltEvent, 0, {0x32034, 0x32034, 0x38034}},
        Known{CoreRegister::pc, 0, {0x30280, 0x31100, 0x32D00}},
        Known{CoreRegister::lr, 0, {0x302B0, 0x31130, 0x32D30}},
        Known{CoreRegister::r, 15, {0x300F0, 0x30CF0, 0x328F0}},
        Known{CoreRegister::r, 31, {0, 0x30DF0, 0x329F0}},
        Known{CoreRegister::p, 7, {0x30170, 0x31070, 0x32C70}},
        Known{CoreRegister::m, 0, {0x302C0, 0x30E00, 0x32A00}},
        Known{CoreRegister::lc, 0, {0x30520, 0x31160, 0x32D60}},
        Known{CoreRegister::cr, 0, {0, 0x31170, 0x32DC0}},
        Known{CoreRegister::sr, 0, {0, 0x31180, 0x32DD0}},
    };
    for (const Known& known : table) {
        for (size_t i = 0; i < generations.size(); i++) {
            const auto found = ReadableRegister::of(generations[i], known.name, known.number);
            CHECK((found ? found->offset() : 0) == known.places[i]);
        }
    }
}

TEST_CASE("debug: what can be written is halt, resume, step, PC events, and the two events that halt") {
    for (const Generation generation : generations) {
        CHECK(DebugWrite::halt(generation)->value() == 1);
        CHECK(DebugWrite::resume(generation)->value() == 0);
        CHECK(DebugWrite::step(generation, 3)->value() == 0xD);
        CHECK(DebugWrite::watch(generation, 2, 0x1F0)->value() == 0x800001F0);
        CHECK(DebugWrite::unwatch(generation, 2)->value() == 0);
        CHECK(DebugWrite::haltAt(generation, 0, 3)->value() == 0x13100000);
        CHECK(DebugWrite::haltAt(generation, {}, 1)->value() == 0x11000000);
        CHECK(DebugWrite::haltAt(generation, {}, {})->value() == 0);
        CHECK_FALSE(DebugWrite::step(generation, 0).has_value());
        CHECK_FALSE(DebugWrite::step(generation, 16).has_value());
        CHECK_FALSE(DebugWrite::watch(generation, 4, 0).has_value());
        CHECK_FALSE(DebugWrite::watch(generation, 0, 0x4000).has_value());
        CHECK_FALSE(DebugWrite::haltAt(generation, 4, {}).has_value());
    }
    for (uint32_t number = 0; number < 4; number++) {
        CHECK_FALSE(DebugWrite::watch(Generation::unknown, number, 0).has_value());
    }
}

TEST_CASE("debug: by either way one word changes, the one that is named, and it is read back") {
    for (const Generation generation : generations) {
        for (const HaltWay way : {HaltWay::positioned, HaltWay::request}) {
            Bench bench(generation, way);
            for (const DebugWrite& what : writes(generation)) {
                const uint32_t place = what.where().offset();
                bench.kernel.poke(bench.tile, place, ~what.value());
                auto expected = bench.words();
                expected[(place - 0x30000) / 4] = what.value();
                CHECK(bench.port->write(bench.tile, what) == Reason::none);
                CHECK(bench.words() == expected);
            }
        }
    }
}

TEST_CASE("debug: the request of AIE_REG that a driver knows is found, and remembered") {
    Bench bench(Generation::aieml, HaltWay::request);
    bench.kernel.wideRegisters = false;
    CHECK(bench.port->write(bench.tile, *DebugWrite::halt(Generation::aieml)) == Reason::none);
    CHECK_FALSE(bench.wide);
}

TEST_CASE("debug: a register that does not take what was written is no success; a count that was used up is one") {
    Bench bench(Generation::aieml);
    const DebugWrite step = *DebugWrite::step(Generation::aieml, 5);
    CHECK(step.isIn(step.value()));
    CHECK(step.isIn(1));
    CHECK_FALSE(step.isIn(0));
    const DebugWrite watch = *DebugWrite::watch(Generation::aieml, 0, 0x20);
    CHECK_FALSE(watch.isIn(0));
    CHECK_FALSE(watch.isIn(0x80000021));
    Deaf deaf;
    DebugPort port(DebugPort::Ground{bench.kernel, *bench.partition, bench.map, bench.columns, bench.kernel.shape.core,
                                     deaf, [](Tile) { return Reason::none; }, &*bench.file, bench.wide});
    CHECK(port.write(bench.tile, watch) == Reason::noWay);
    CHECK(port.write(bench.tile, *DebugWrite::resume(Generation::aieml)) == Reason::none);
    bench.kernel.poke(bench.tile, watch.where().offset(), 0);
    bench.kernel.noted = [](Tile) { return false; };
    CHECK(bench.port->write(bench.tile, watch) == Reason::gated);
    CHECK(bench.kernel.peek(bench.tile, watch.where().offset()) == 0);
}

TEST_CASE(
    "debug: general registers are asked of a core only that does not run, and none of its own while it is in reset") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        const uint32_t status = bench.offset(CoreRegister::coreStatus);
        const auto general = *ReadableRegister::of(generation, CoreRegister::r, 5);
        const auto control = *ReadableRegister::of(generation, CoreRegister::debugControl0);
        bench.kernel.poke(bench.tile, general.offset(), 77);
        bench.kernel.poke(bench.tile, control.offset(), 1);
        const std::array own{CoreRegister::pc, CoreRegister::fc, CoreRegister::sp, CoreRegister::lr};
        for (const CoreRegister name : own) bench.kernel.poke(bench.tile, bench.offset(name), 0x3D0);
        uint32_t value = 0;
        bench.kernel.poke(bench.tile, status, 1);
        CHECK(bench.port->read(bench.tile, general, value) == Reason::coreRunning);
        CHECK(value == 0);
        for (const CoreRegister name : own) {
            value = 0;
            CHECK(bench.port->read(bench.tile, *ReadableRegister::of(generation, name), value) == Reason::none);
            CHECK(value == 0x3D0);
        }
        // Disabled, halted by a debugger, halted by an error.
        for (const uint32_t still : {0U, 0x10001U, 0x80001U}) {
            bench.kernel.poke(bench.tile, status, still);
            value = 0;
            CHECK(bench.port->read(bench.tile, general, value) == Reason::none);
            CHECK(value == 77);
        }
        for (const uint32_t reset : {2U, 3U, 0x10003U, 0x80002U}) {
            bench.kernel.poke(bench.tile, status, reset);
            value = 0;
            CHECK(bench.port->read(bench.tile, general, value) == Reason::noWay);
            for (const CoreRegister name : own) {
                CHECK(bench.port->read(bench.tile, *ReadableRegister::of(generation, name), value) == Reason::noWay);
            }
            CHECK(value == 0);
            CHECK(bench.port->read(bench.tile, control, value) == Reason::none);
            CHECK(value == 1);
        }
    }
}

TEST_CASE("debug: a register of another generation is neither read nor written") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        const auto before = bench.words();
        for (const Generation other : generations) {
            if (other == generation) continue;
            uint32_t value = 0;
            CHECK_THROWS_AS(bench.port->write(bench.tile, *DebugWrite::halt(other)), CoreError);
            CHECK_THROWS_AS(
                bench.port->read(bench.tile, *ReadableRegister::of(other, CoreRegister::debugStatus), value),
                CoreError);
        }
        CHECK(bench.words() == before);
    }
}

TEST_CASE("debug: a tile that is not known to be clocked is not touched, by either way, for nothing") {
    for (const Generation generation : generations) {
        for (const HaltWay way : {HaltWay::positioned, HaltWay::request}) {
            Bench bench(generation, way);
            // The driver takes the tile for clocked: it would do what it is asked for.
            bench.kernel.noted = [](Tile) { return true; };
            bench.kernel.gate(bench.tile, bench.kernel.shape.numRows());
            uint32_t value = 0;
            for (const CoreRegister name : {CoreRegister::debugStatus, CoreRegister::pc, CoreRegister::r}) {
                CHECK(bench.port->read(bench.tile, *ReadableRegister::of(generation, name), value) == Reason::gated);
            }
            CHECK(bench.port->write(bench.tile, *DebugWrite::halt(generation)) == Reason::gated);
            CHECK(value == 0);
        }
        Bench bench(generation);
        const auto before = bench.words();
        DebugPort port(DebugPort::Ground{bench.kernel, *bench.partition, bench.map, bench.columns,
                                         bench.kernel.shape.core, *bench.file,
                                         [](Tile) { return Reason::clocksUnknown; }, &*bench.file, bench.wide});
        CHECK(port.write(bench.tile, *DebugWrite::halt(generation)) == Reason::clocksUnknown);
        CHECK(bench.words() == before);
        // Its owner stops the clock between a write and the look at it.
        uint32_t asked = 0;
        DebugPort late(DebugPort::Ground{
            bench.kernel, *bench.partition, bench.map, bench.columns, bench.kernel.shape.core, *bench.file,
            [&asked](Tile) { return asked++ == 0 ? Reason::none : Reason::gated; }, &*bench.file, bench.wide});
        CHECK(late.write(bench.tile, *DebugWrite::halt(generation)) == Reason::gated);
        CHECK(asked == 2);
    }
}

TEST_CASE("debug: no tile but a core of the partition has these registers") {
    Bench bench(Generation::aieml);
    uint32_t value = 0;
    const auto counter = *ReadableRegister::of(Generation::aieml, CoreRegister::pc);
    const DebugWrite halt = *DebugWrite::halt(Generation::aieml);
    for (const Tile tile : {Tile{2, 0}, Tile{2, 1}, Tile{6, 3}, Tile{2, 7}}) {
        CHECK_THROWS_AS(bench.port->read(tile, counter, value), CoreError);
        CHECK_THROWS_AS(bench.port->write(tile, halt), CoreError);
    }
}

TEST_CASE("debug: halting exists where a known driver writes registers, and is said not to exist elsewhere") {
    DriverFacts facts;
    CHECK(haltWay(facts) == HaltWay::none);
    facts.family = Family::linux2020;
    facts.generation = Generation::aie;
    CHECK(haltWay(facts) == HaltWay::none); // not asked yet
    facts.positioned = false;
    CHECK(haltWay(facts) == HaltWay::request);
    facts.positioned = true;
    CHECK(haltWay(facts) == HaltWay::positioned);
    facts.generation = Generation::aie2ps;
    CHECK(haltWay(facts) == HaltWay::positioned);
    facts.positioned = false;
    CHECK(haltWay(facts) == HaltWay::none);
    facts.generation = Generation::unknown;
    CHECK(haltWay(facts) == HaltWay::none);
    facts.generation = Generation::aie;
    facts.family = Family::unknown;
    CHECK(haltWay(facts) == HaltWay::none);
}
