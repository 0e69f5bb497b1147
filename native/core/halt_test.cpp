#include "halt.h"

#include <cerrno>
#include <doctest/doctest.h>
#include <functional>
#include <random>

#include "in_steps.h"

using namespace tilescope;

namespace {

constexpr ColumnRange columns{1, 2};
constexpr std::array generations{Generation::aie, Generation::aieml, Generation::aie2ps};

/** An application in columns 1 and 2 of a dynamic array, and who halts its cores. */
struct Bench {
    Board board;
    Generation generation;
    size_t owner;
    std::string epoch;

    explicit Bench(Generation of) : board(of), generation(of), owner(board.take(columns, 500)) {
        epoch = board.state(columns).epoch;
    }
    FakeKernel& kernel() { return board.kernel; }
    Halts& halts() { return board.engine.halts(); }
    [[nodiscard]] Tile core(uint32_t col = 1, uint32_t up = 0) const {
        return {col, board.kernel.shape.core.start + up};
    }
    void allow() {
        Visit visit{Asking::person, true};
        answerOf(kernel(), [&] { return halts().allow(columns, epoch, visit); });
    }
    HaltAnswer act(HaltAct act, Tile tile, std::vector<uint32_t> counters = {}) {
        Visit visit{Asking::person, true};
        const HaltRequest request{columns, tile, act, 1, std::move(counters)};
        return answerOf(kernel(), [&] { return halts().act(request, visit); });
    }
    size_t end() {
        Visit visit{Asking::person, true};
        return answerOf(kernel(), [&] { return halts().end(columns, visit); });
    }
    [[nodiscard]] uint32_t offset(CoreRegister name, uint32_t number = 0) const {
        return ReadableRegister::of(generation, name, number)->offset();
    }
    uint32_t value(Tile tile, CoreRegister name, uint32_t number = 0) {
        return kernel().peek(tile, offset(name, number));
    }
    void set(Tile tile, CoreRegister name, uint32_t to) { kernel().poke(tile, offset(name), to); }
    /** The owner stops the clocks of all cores for a moment. */
    void gate(bool on) {
        for (const uint32_t col : {1U, 2U}) {
            if (on) {
                kernel().gate(core(col), kernel().shape.numRows());
            } else {
                kernel().ungate(col);
            }
        }
    }
    /** What stands in the registers that halting writes, of all cores. */
    uint32_t left() {
        uint32_t all = 0;
        for (uint32_t col = 1; col <= 2; col++) {
            for (uint32_t up = 0; up < 4; up++) {
                all |= value(core(col, up), CoreRegister::debugControl0);
                all |= value(core(col, up), CoreRegister::debugControl1);
                for (uint32_t i = 0; i < 4; i++) all |= value(core(col, up), CoreRegister::pcEvent, i);
            }
        }
        return all;
    }
    /** Halted, and two breakpoints, in two cores. */
    void use() {
        allow();
        CHECK(act(HaltAct::halt, core()).reason == Reason::none);
        CHECK(act(HaltAct::breakpoints, core(2, 3), {0x100, 0x210}).reason == Reason::none);
        CHECK(left() != 0);
    }
};

/** The code of what is thrown; empty: nothing. */
template <typename Act> std::string codeFrom(Act act) {
    try {
        act();
    } catch (const CoreError& error) {
        return error.code();
    }
    return "";
}

} // namespace

TEST_CASE("[debug-7] without consent no core is touched, and consent is for one epoch of a partition in use") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        for (const HaltAct act : {HaltAct::halt, HaltAct::resume, HaltAct::step, HaltAct::breakpoints}) {
            CHECK(codeFrom([&] { bench.act(act, bench.core()); }) == "no-halting");
        }
        bench.epoch = "another";
        CHECK(codeFrom([&] { bench.allow(); }) == "epoch");
        CHECK(codeFrom([&] { bench.act(HaltAct::halt, bench.core()); }) == "no-halting");
        CHECK(bench.left() == 0);
    }
}

TEST_CASE("[debug-7] a core is halted, stepped and let go, and what its registers say is answered") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        bench.allow();
        const Tile core = bench.core(2, 1);
        bench.set(core, CoreRegister::coreStatus, 1);
        bench.set(core, CoreRegister::pc, 0x1F0);
        CHECK(bench.act(HaltAct::step, core).reason == Reason::coreRunning);
        CHECK(bench.left() == 0);
        const HaltAnswer halted = bench.act(HaltAct::halt, core);
        CHECK(halted.reason == Reason::none);
        CHECK(halted.status == 1);
        CHECK(halted.counter == 0x1F0);
        CHECK(bench.value(core, CoreRegister::debugControl0) == 1);
        bench.set(core, CoreRegister::debugStatus, 1);
        CHECK(bench.act(HaltAct::step, core).debugStatus == 1);
        CHECK(bench.value(core, CoreRegister::debugControl0) == 5);
        CHECK(bench.act(HaltAct::resume, core).reason == Reason::none);
        CHECK(bench.value(core, CoreRegister::debugControl0) == 0);
        CHECK(bench.act(HaltAct::breakpoints, core, {0x100, 0x210}).reason == Reason::none);
        CHECK(bench.value(core, CoreRegister::pcEvent, 0) == 0x80000100);
        CHECK(bench.value(core, CoreRegister::pcEvent, 1) == 0x80000210);
        CHECK(bench.value(core, CoreRegister::debugControl1) == 0x11100000);
        CHECK(bench.act(HaltAct::breakpoints, core, {0x210}).reason == Reason::none);
        CHECK(bench.value(core, CoreRegister::pcEvent, 1) == 0);
        CHECK(bench.value(core, CoreRegister::debugControl1) == 0x100000);
        CHECK(codeFrom([&] { bench.act(HaltAct::breakpoints, core, {1, 2, 3}); }) == "out-of-range");
        CHECK(codeFrom([&] { bench.act(HaltAct::breakpoints, core, {0x4000}); }) == "out-of-range");
        for (const Tile tile : {Tile{1, 0}, Tile{3, core.row}, Tile{0, core.row}}) {
            CHECK(codeFrom([&] { bench.act(HaltAct::halt, tile); }) == "out-of-range");
        }
        CHECK(bench.end() == 0);
        CHECK(bench.left() == 0);
        CHECK(bench.kernel().held() == 0);
        CHECK(codeFrom([&] { bench.act(HaltAct::halt, core); }) == "no-halting");
    }
}

TEST_CASE("registers are read of a core that stands only, once a person allowed it, and nothing is written for them") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        const Tile core = bench.core(2, 1);
        const auto registers = [&](Tile tile) {
            Visit visit{Asking::person, true};
            return answerOf(bench.kernel(), [&] { return bench.halts().registers(columns, tile, visit); });
        };
        CHECK(codeFrom([&] { registers(core); }) == "no-halting");
        bench.allow();
        CHECK(codeFrom([&] { registers({2, 0}); }) == "out-of-range");
        bench.kernel().beforeStore = [] { FAIL("a register was written"); };
        bench.set(core, CoreRegister::coreStatus, 1);
        CHECK(registers(core).reason == Reason::coreRunning);
        CHECK(registers(core).values.empty());
        bench.set(core, CoreRegister::coreStatus, 2);
        CHECK(registers(core).reason == Reason::noWay);
        bench.set(core, CoreRegister::coreStatus, 0x10001);
        for (uint32_t i = 0; i < 8; i++) {
            bench.kernel().poke(core, bench.offset(CoreRegister::r, i), 0x1000 + i);
            bench.kernel().poke(core, bench.offset(CoreRegister::p, i), 0x38000 + i);
        }
        const CoreRegisters found = registers(core);
        CHECK(found.reason == Reason::none);
        uint32_t general = 0;
        for (const CoreRegisters::One& one : found.values) {
            CHECK(std::string(registerName(one.name)) != "");
            if (one.name == CoreRegister::r) general++;
            if (one.name == CoreRegister::r && one.number < 8) CHECK(one.value == 0x1000 + one.number);
            if (one.name == CoreRegister::p) CHECK(one.value == 0x38000 + one.number);
        }
        CHECK(general == (generation == Generation::aie ? 16 : 32));
        size_t all = 0;
        for (const debug::NamedRun& run : debug::readable(generation)) {
            all += run.when == ReadableWhen::always ? 0 : run.count;
        }
        CHECK(found.values.size() == all);
        bench.gate(true);
        CHECK(registers(core).reason == Reason::gated);
        bench.gate(false);
    }
}

TEST_CASE("of a core that goes on while its registers are read, or that has one which cannot be read, none is told") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        const Tile core = bench.core(2, 1);
        bench.allow();
        int loads = 0;
        // Registers of a core that stands; before one of the loads something happens.
        const auto registers = [&](int at, const std::function<void()>& happen) {
            bench.set(core, CoreRegister::coreStatus, 0x10001);
            loads = 0;
            bench.kernel().beforeLoad = [&, at] {
                if (++loads == at) happen();
            };
            Visit visit{Asking::person, true};
            const CoreRegisters found =
                answerOf(bench.kernel(), [&] { return bench.halts().registers(columns, core, visit); });
            bench.kernel().beforeLoad = nullptr;
            bench.kernel().positionedError = 0;
            return found;
        };
        const auto wordsOf = [](const CoreRegisters& found) {
            std::vector<uint32_t> words;
            for (const CoreRegisters::One& one : found.values) words.push_back(one.value);
            return words;
        };
        const std::vector<uint32_t> stood = wordsOf(registers(0, [] {}));
        CHECK(stood.size() > 30);
        const int all = loads;
        const auto goesOn = [&] {
            bench.set(core, CoreRegister::coreStatus, 1);
            for (const CoreRegister moved : {CoreRegister::r, CoreRegister::sp, CoreRegister::lc}) {
                bench.set(core, moved, stood.front() + static_cast<uint32_t>(loads));
            }
        };
        const auto fails = [&] { bench.kernel().positionedError = EFAULT; };
        int told = 0;
        for (int at = 1; at <= all; at++) {
            CAPTURE(at);
            for (const CoreRegister moved : {CoreRegister::r, CoreRegister::sp, CoreRegister::lc}) {
                bench.set(core, moved, stood.front());
            }
            const CoreRegisters found = registers(at, goesOn);
            if (found.reason == Reason::none) {
                told++;
                CHECK(wordsOf(found) == stood);
            } else {
                CHECK(found.reason == Reason::coreRunning);
                CHECK(found.values.empty());
            }
        }
        // Only behind the last look at what the core does.
        CHECK((told > 0 && told < 8));
        // The first loads find the way to the partition.
        for (int at = all; at > all - 90; at -= 7) {
            const CoreRegisters missing = registers(at, fails);
            CHECK(missing.reason == Reason::busError);
            CHECK(missing.values.empty());
            CHECK(loads == at);
        }
    }
}

TEST_CASE("[debug-7] debug registers that somebody else uses are left alone, and what was found is said") {
    for (const CoreRegister used : {CoreRegister::debugControl0, CoreRegister::debugControl1,
                                    CoreRegister::debugControl2, CoreRegister::debugStatus, CoreRegister::pcEvent}) {
        Bench bench(Generation::aieml);
        bench.allow();
        bench.set(bench.core(), used, 0x80000004);
        const auto before = bench.left();
        try {
            bench.act(HaltAct::halt, bench.core());
            FAIL("it was halted");
        } catch (const CoreError& error) {
            CHECK(error.code() == "debug-in-use");
            CHECK(std::count(error.facts().begin(), error.facts().end(), Fact{"value", int64_t{0x80000004}}) == 1);
        }
        CHECK(bench.left() == before);
        CHECK(bench.end() == 0);
        CHECK(bench.left() == before);
    }
}

TEST_CASE("[debug-7] a breakpoint that was hit is let go, a word that somebody wrote since is theirs") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        bench.use();
        // Its halt stands in Debug_Status alone; the word that lets it go is written all the same.
        bench.set(bench.core(2, 3), CoreRegister::debugStatus, 0x21);
        bench.set(bench.core(), CoreRegister::debugControl0, 0x3);
        bench.kernel().events.clear();
        bench.halts().endAll(std::chrono::seconds(1));
        CHECK(bench.value(bench.core(), CoreRegister::debugControl0) == 3);
        CHECK(bench.left() == 3);
    }
}

TEST_CASE("[debug-7] after a write that failed, the word that stayed in the register is taken back as ours") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        bench.use();
        bench.gate(true);
        CHECK(bench.act(HaltAct::resume, bench.core()).reason == Reason::gated);
        CHECK(bench.act(HaltAct::resume, bench.core()).reason == Reason::gated);
        CHECK(bench.act(HaltAct::breakpoints, bench.core(2, 3), {0x300}).reason == Reason::gated);
        CHECK(bench.end() == 2);
        bench.gate(false);
        bench.halts().endAll(std::chrono::seconds(1));
        CHECK(bench.left() == 0);
        CHECK_FALSE(bench.halts().any());
    }
}

TEST_CASE("[debug-7] a breakpoint that is met while the events are taken back is let go all the same") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        bench.allow();
        const Tile core = bench.core(2, 3);
        CHECK(bench.act(HaltAct::breakpoints, core, {0x100}).reason == Reason::none);
        int stores = 0;
        bench.kernel().beforeStore = [&] {
            // The event is zero, what halts at it is not.
            if (++stores == 2) bench.set(core, CoreRegister::debugStatus, 0x21);
        };
        CHECK(bench.end() == 0);
        CHECK(stores == 3); // the last one lets it go
        CHECK(bench.left() == 0);
    }
}

TEST_CASE("[debug-7] a change of hands takes everything back, the new owner's registers and those of a kept array") {
    for (const Generation generation : generations) {
        // Another owner, in registers that were not reset.
        Bench bench(generation);
        bench.use();
        bench.halts().tend();
        CHECK(bench.left() != 0);
        bench.kernel().processes.erase(500);
        bench.kernel().own(bench.owner, 501, {2000, "next", {}});
        bench.board.poll();
        for (int looks = 0; looks < 20 && bench.left() != 0; looks++) {
            bench.halts().tend();
            bench.kernel().passUntil(bench.kernel().clock() + std::chrono::milliseconds(500));
        }
        CHECK(bench.left() == 0);
        CHECK(codeFrom([&] { bench.act(HaltAct::halt, bench.core()); }) == "no-halting");
        // Nobody: the partition is gone, and the owner kept what was in it.
        Bench other(generation);
        other.use();
        other.kernel().processes.erase(500);
        other.kernel().partitions.pop_back();
        for (int looks = 0; looks < 20 && other.left() != 0; looks++) {
            other.halts().tend();
            other.kernel().passUntil(other.kernel().clock() + std::chrono::milliseconds(500));
        }
        CHECK(other.left() == 0);
        CHECK(other.kernel().held() == 0);
        CHECK_FALSE(other.board.listed(columns));
    }
}

TEST_CASE("[debug-7] the end of the owner ends the consent, also where a holder keeps the partition and its epoch") {
    for (const Generation generation : generations) {
        Bench bench(generation);
        bench.use();
        FakeKernel::Process holder{2000, holdCommand, {{holdDescriptor, FakeKernel::linkOf(columns)}}, false};
        holder.arguments = {holdCommand};
        const uint64_t ticks = bench.kernel().processes.at(500).startTicks;
        const HoldFacts facts{partitionKey(columns), 1000, 9000, 500, ticks};
        for (const std::string& one : holdArguments(facts)) holder.arguments.push_back(one);
        bench.kernel().processes[600] = holder;
        bench.kernel().processes.erase(500);
        bench.board.engine.forgetOccupants();
        const PartitionState held = bench.board.state(columns);
        CHECK(held.ownerGone);
        CHECK(held.epoch == bench.epoch);
        CHECK(codeFrom([&] { bench.allow(); }) == "no-halting");
        CHECK(codeFrom([&] { bench.act(HaltAct::halt, bench.core(1, 1)); }) == "no-halting");
        for (int looks = 0; looks < 20 && bench.left() != 0; looks++) {
            bench.halts().tend();
            bench.kernel().passUntil(bench.kernel().clock() + std::chrono::milliseconds(500));
        }
        CHECK(bench.left() == 0);
        CHECK_FALSE(bench.halts().any());
    }
}

TEST_CASE("[debug-7] 200 random lives leave nothing in any debug register") {
    std::mt19937 random(7); // NOLINT: the same each time
    for (int life = 0; life < 200; life++) {
        Bench bench(generations[random() % generations.size()]);
        bench.allow();
        for (uint32_t steps = random() % 12; steps > 0; steps--) {
            const auto act = static_cast<HaltAct>(random() % 4);
            std::vector<uint32_t> counters;
            for (uint32_t i = random() % 3; act == HaltAct::breakpoints && i > 0; i--)
                counters.push_back(random() % 0x4000);
            const Tile tile = bench.core(1 + random() % 2, random() % 4);
            const bool halted = bench.value(tile, CoreRegister::debugControl0) != 0 || random() % 8 == 0;
            bench.set(tile, CoreRegister::debugStatus, 0);
            static_cast<void>(codeFrom([&] { bench.act(act, tile, counters); }));
            bench.set(tile, CoreRegister::debugStatus, halted ? 1 : 0);
        }
        switch (random() % 3) {
        case 0:
            CHECK(bench.end() == 0);
            break;
        case 1:
            bench.halts().endAll(std::chrono::seconds(1));
            break;
        default:
            bench.kernel().processes.erase(500);
            bench.kernel().partitions.pop_back();
            for (int looks = 0; looks < 20 && bench.left() != 0; looks++) {
                bench.halts().tend();
                bench.kernel().passUntil(bench.kernel().clock() + std::chrono::milliseconds(500));
            }
        }
        CHECK(bench.left() == 0);
        CHECK(bench.kernel().held() == 0);
    }
}

TEST_CASE("[debug-8] halting is said not to exist on a driver that writes no register") {
    Bench bench(Generation::aie2ps);
    bench.kernel().positionedWorks = false;
    CHECK(codeFrom([&] { bench.allow(); }) == "no-halting");
    Bench other(Generation::aieml);
    other.kernel().positionedWorks = false;
    other.kernel().wideRegisters = true;
    other.use();
    CHECK(other.end() == 0);
    CHECK(other.left() == 0);
    Bench free(Generation::aieml);
    free.kernel().processes.erase(500);
    free.kernel().partitions.pop_back();
    const auto code = codeFrom([&] { free.allow(); });
    CHECK((code == "no-halting" || code == "no-partition"));
}
