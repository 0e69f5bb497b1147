#include "status_job.h"

#include <doctest/doctest.h>
#include <random>
#include <set>
#include <tuple>

#include "error.h"
#include "in_steps.h"
#include "partition_key.h"
#include "status.h"

using namespace tilescope;

namespace {

/** An array whose registers all hold a number of their own, and which remembers what was read. */
class Registers final : public RegisterSource {
  public:
    Reason read(Tile tile, uint32_t offset, std::span<uint32_t> words) override {
        for (size_t i = 0; i < words.size(); i++) {
            const auto place = offset + static_cast<uint32_t>(i) * 4;
            if (faults.contains(place) || faultsAll) return Reason::busError;
            if (!tile.row) shimReads++;
            touched.insert({tile.col, tile.row, place});
            words[i] = clocks.contains(place) ? 3 : wordAt(tile, place);
        }
        return Reason::none;
    }
    static uint32_t wordAt(Tile tile, uint32_t offset) { return (tile.col << 28U) ^ (tile.row << 24U) ^ offset; }

    /** Clock registers: on. */
    std::set<uint32_t> clocks{0x36040, 0xFFF20, 0x7FF20};
    std::set<uint32_t> faults;
    bool faultsAll = false;
    std::set<std::array<uint32_t, 3>> touched;
    int shimReads = 0;
};

struct Spot {
    Generation generation;
    TileKind kind;
    Tile tile;
};

const std::vector<Spot>& places() {
    static const std::vector<Spot> all{
        {Generation::aie, TileKind::shim, {6, 0}},        {Generation::aie, TileKind::shimPlain, {8, 0}},
        {Generation::aie, TileKind::core, {6, 3}},        {Generation::aieml, TileKind::shim, {6, 0}},
        {Generation::aieml, TileKind::shimPlain, {9, 0}}, {Generation::aieml, TileKind::memory, {6, 1}},
        {Generation::aieml, TileKind::core, {6, 3}},      {Generation::aie2ps, TileKind::shim, {8, 0}},
        {Generation::aie2ps, TileKind::memory, {6, 1}},   {Generation::aie2ps, TileKind::core, {6, 2}},
    };
    return all;
}

} // namespace

TEST_CASE("[attach-10] nothing but the list and the clocks is read, and no register whose read acts") {
    for (const Spot& place : places()) {
        for (const bool detail : {false, true}) {
            CAPTURE(generationName(place.generation));
            CAPTURE(kindName(place.kind));
            CAPTURE(detail);
            Registers registers;
            const TileStatus seen = readTileRegisters(*mapOf(place.generation), place.generation, registers, place.tile,
                                                      place.kind, runsWith(detail));
            CHECK(seen.reason == Reason::none);
            std::set<uint32_t> listed;
            for (const RegisterRun& run : statusRegisters(place.generation, place.kind)) {
                if (run.detail && !detail) continue;
                for (uint32_t i = 0; i < run.count * run.words; i++) {
                    listed.insert(run.first + i / run.words * run.stride + i % run.words * 4);
                }
            }
            REQUIRE(seen.registers.size() == listed.size());
            uint32_t before = 0;
            for (const auto& [offset, value] : seen.registers) {
                CHECK(listed.contains(offset));
                CHECK((offset == seen.registers.front().first || offset > before));
                CHECK(value == Registers::wordAt(place.tile, offset));
                before = offset;
            }
            for (const auto& [col, row, offset] : registers.touched) {
                CAPTURE(offset);
                const bool own = col == place.tile.col && row == place.tile.row && listed.contains(offset);
                CHECK((own || registers.clocks.contains(offset)));
                const bool lockRequest =
                    place.generation == Generation::aie
                        ? (offset >= 0x1E000 && offset < 0x1E800) || (row == 0 && offset >= 0x14000 && offset < 0x14800)
                        : (offset >= 0x40000 && offset < 0x50000) || (offset >= 0xD0000 && offset < 0xE0000);
                CHECK_FALSE(lockRequest);
            }
        }
    }
}

TEST_CASE("[attach-10] a register that faults is left out; where none answers, that is said") {
    Registers registers;
    registers.faults = {0x32004};
    const ArrayMap& map = *mapOf(Generation::aie);
    auto seen = readTileRegisters(map, Generation::aie, registers, {6, 3}, TileKind::core, runsWith(false));
    CHECK(seen.reason == Reason::none);
    for (const auto& [offset, value] : seen.registers) CHECK(offset != 0x32004);
    CHECK_FALSE(seen.registers.empty());
    registers.faultsAll = true;
    seen = readTileRegisters(map, Generation::aie, registers, {6, 3}, TileKind::core, runsWith(false));
    CHECK(seen.reason == Reason::busError);
    CHECK(seen.registers.empty());
}

TEST_CASE("[attach-10] a gated tile is not touched") {
    Registers registers;
    registers.clocks.clear();
    for (const Spot& place : places()) {
        if (place.tile.row == 0) continue;
        registers.touched.clear();
        // The clock registers hold what wordAt() says; bits 0 and 1 of all of them are 0.
        const auto seen = readTileRegisters(*mapOf(place.generation), place.generation, registers, place.tile,
                                            place.kind, runsWith(true));
        CHECK(seen.reason == Reason::gated);
        CHECK(seen.registers.empty());
        for (const auto& one : registers.touched) CHECK(one[1] != place.tile.row);
    }
}

TEST_CASE(
    "[attach-10] what stands where comes from the array's rows; shim tiles without DMA are every first and second of four") {
    const ArrayShape shape{38, {0, 1}, {1, 2}, {3, 8}};
    CHECK(kindOf(shape, Generation::aieml, {6, 0}) == TileKind::shim);
    CHECK(kindOf(shape, Generation::aieml, {8, 0}) == TileKind::shimPlain);
    CHECK(kindOf(shape, Generation::aieml, {9, 0}) == TileKind::shimPlain);
    CHECK(kindOf(shape, Generation::aie2ps, {9, 0}) == TileKind::shim);
    CHECK(kindOf(shape, Generation::aieml, {8, 2}) == TileKind::memory);
    CHECK(kindOf(shape, Generation::aieml, {8, 3}) == TileKind::core);
    CHECK(kindOf({}, Generation::aie, {8, 1}) == TileKind::core);
    CHECK(kindOf({}, Generation::unknown, {6, 0}) == TileKind::shim);
    CHECK(kindName(TileKind::shimPlain) == "shim");
}

TEST_CASE(
    "[attach-10] a status goes over every tile in the order asked, in pieces when something urgent waits, and lets go") {
    FakeKernel kernel;
    kernel.pauseTakes = std::chrono::milliseconds(1);
    Engine engine(kernel, "/dev/aie0");
    REQUIRE(engine.describe());
    kernel.own(0, 500, {4321, "app", {}, false});
    StatusRequest request{partitionKey({6, 4}), {}, true};
    for (uint32_t row = 0; row < 9; row++) {
        for (uint32_t col = 9; col >= 6; col--) request.tiles.push_back({col, row});
    }
    kernel.poke({7, 3}, 0x30280, 0x1CA);
    StatusJob job(request);
    std::vector<TileStatus> seen;
    engine.hurry(true);
    int steps = 0;
    finish(kernel, [&] {
        steps++;
        const Progress made = job.step(engine, seen);
        CHECK(kernel.held() == 0);
        return made;
    });
    CHECK(steps >= 36);
    REQUIRE(seen.size() == request.tiles.size());
    for (size_t i = 0; i < seen.size(); i++) CHECK(seen[i].tile == request.tiles[i]);
    const auto& words = seen[3 * 4 + 2].registers;
    CHECK(std::find(words.begin(), words.end(), std::pair<uint32_t, uint32_t>{0x30280, 0x1CA}) != words.end());
    CHECK_FALSE(job.epoch().empty());
}

TEST_CASE(
    "[attach-10] tiles that are not of the partition, none and too many are refused before anything is looked at") {
    FakeKernel kernel;
    Engine engine(kernel, "/dev/aie0");
    for (const auto& tiles : std::vector<std::vector<Tile>>{
             {}, {{5, 1}}, {{10, 1}}, {{6, 9}}, {{6, 1}, {0xFFFFFFFF, 0}}, std::vector<Tile>(4097, Tile{6, 1})}) {
        StatusJob job({partitionKey({6, 4}), tiles, false});
        std::vector<TileStatus> seen;
        std::string code;
        try {
            std::ignore = job.step(engine, seen);
        } catch (const CoreError& error) {
            code = error.code();
        }
        CHECK(code == "out-of-range");
        CHECK(seen.empty());
    }
    CHECK(kernel.held() == 0);
}

TEST_CASE("[attach-10] attributes that vanish with their owner leave the tiles not read; otherwise there is no way") {
    for (const bool leaves : {true, false}) {
        CAPTURE(leaves);
        FakeKernel kernel;
        Engine engine(kernel, "/dev/aie0");
        kernel.add({4, {0, 4}, 9, 0, false, false});
        kernel.own(3, 500, {4321, "app", {}, false});
        kernel.folders["/sys/class/aie/aiepart_0_4"] = {"0_1"};
        kernel.beforeText = [&](const std::string& path) {
            const bool attribute = path.starts_with("/sys/class/aie/aiepart_0_4/");
            if (attribute && leaves && kernel.partitions[3].owner != 0) kernel.leave(3);
        };
        StatusJob job({partitionKey({0, 4}), {{0, 1}}, false});
        std::vector<TileStatus> seen;
        CHECK(job.step(engine, seen).isDone());
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].reason == (leaves ? Reason::notRead : Reason::noWay));
    }
}

TEST_CASE("[truth-2] without a way to the clock registers no tile's attribute is read that the driver's notes may let "
          "touch a gated tile") {
    struct Case {
        Generation generation;
        uint32_t startCol;
        bool read;
    };
    for (const Case& one : {Case{Generation::aie, 2, false},
                            {Generation::aieml, 2, false},
                            {Generation::aie, 0, true},
                            {Generation::aieml, 0, true},
                            {Generation::aie2ps, 2, true}}) {
        CAPTURE(generationName(one.generation));
        CAPTURE(one.startCol);
        FakeKernel kernel(one.generation);
        kernel.listWorks = false;
        const ColumnRange columns{one.startCol, 2};
        kernel.add({1, columns, kernel.shape.numRows(), 0, false, true}); // held by no process that can be found
        const std::string name = "aiepart_" + std::to_string(one.startCol) + "_2";
        const uint32_t core = kernel.shape.core.start;
        const Tile shim{one.startCol + 1, 0};
        const Tile tile{one.startCol + 1, core};
        const std::string folder = "/sys/class/aie/" + name + "/";
        const std::string inShim = std::to_string(shim.col) + "_0";
        const std::string inTile = std::to_string(tile.col) + "_" + std::to_string(core);
        kernel.sysfs.push_back(name);
        kernel.folders["/sys/class/aie/" + name] = {inShim, inTile};
        kernel.texts[folder + inShim + "/event"] = "pl: 1\n";
        kernel.texts[folder + inTile + "/core"] = "status: enable\n";
        std::vector<std::string> asked;
        kernel.beforeText = [&](const std::string& path) {
            if (path.starts_with(folder)) asked.push_back(path.substr(folder.size()));
        };
        Engine engine(kernel, "/dev/aie0");
        StatusJob job({partitionKey(columns), {shim, tile}, true});
        std::vector<TileStatus> seen;
        kernel.pauseTakes = std::chrono::milliseconds(1);
        finish(kernel, [&] { return job.step(engine, seen); }); // who came just now is waited for
        REQUIRE(seen.size() == 2);
        CHECK(seen[0].reason == Reason::none); // the shim row has no clock of its own
        CHECK(seen[1].reason == (one.read ? Reason::none : Reason::clocksUnknown));
        CHECK(seen[1].fromSysfs);
        CHECK(seen[1].files.size() == (one.read ? 1 : 0));
        const auto ofTile = [&](const std::string& path) { return path.starts_with(inTile + "/"); };
        CHECK(std::any_of(asked.begin(), asked.end(), ofTile) == one.read);
        CHECK(kernel.held() == 0);
    }
}

namespace {

/** A partition in use, each look at whose tile takes 10 ms of the processor. */
struct SlowBoard {
    FakeKernel kernel;
    Engine engine{kernel, "/dev/aie0"};

    SlowBoard() {
        kernel.add({4, {0, 4}, 9, 0, false, false});
        kernel.own(3, 500, {4321, "app", {}, false});
        kernel.folders["/sys/class/aie/aiepart_0_4"] = {"0_1"};
        kernel.beforeText = [this](const std::string& path) {
            if (path.starts_with("/sys/class/aie/aiepart_0_4/")) kernel.pause(std::chrono::milliseconds(10));
        };
    }

    struct Look {
        std::chrono::steady_clock::duration waited;
        std::chrono::milliseconds again;
    };
    /** Looks at a tile to the end. */
    Look look(Asking asking, bool goesOn = false) {
        StatusJob job({partitionKey({0, 4}), {{0, 1}}, true, asking, goesOn});
        std::vector<TileStatus> seen;
        const auto asked = kernel.clock();
        std::chrono::steady_clock::duration waited{};
        const Progress first = job.step(engine, seen);
        if (first.what() == Progress::What::later) {
            CHECK(seen.empty());
            kernel.passUntil(first.at());
            waited = first.at() - asked;
        }
        if (!first.isDone()) finish(kernel, [&] { return job.step(engine, seen); });
        CHECK(seen.size() == 1);
        return {waited, job.wait()};
    }
};

} // namespace

TEST_CASE(
    "[shape-6] looks that nobody asked for are spaced by what they take of the processor, and tell the next ones") {
    SlowBoard board;
    // What the engine asks when it is new is part of no measure; what was saved up is spent.
    for (int i = 0; i < 5; i++) std::ignore = board.look(Asking::nobody);
    const auto begun = board.kernel.clock();
    auto told = board.look(Asking::nobody).again;
    for (int i = 0; i < 5; i++) {
        const auto looked = board.look(Asking::nobody);
        CHECK(looked.waited == told);
        CHECK(looked.waited >= std::chrono::milliseconds(500));
        told = looked.again;
    }
    CHECK(board.kernel.clock() - begun >= std::chrono::milliseconds(2500));
}

TEST_CASE(
    "[shape-6] a person's looks come at once and cost the others nothing; what belongs to a look does not wait, and counts") {
    SlowBoard board;
    for (int i = 0; i < 5; i++) std::ignore = board.look(Asking::nobody);
    const auto told = board.look(Asking::nobody).again;
    const auto begun = board.kernel.clock();
    for (const Asking asking : {Asking::person, Asking::look, Asking::fast}) {
        CHECK(board.look(asking).waited == std::chrono::seconds(0));
    }
    const auto passed = std::chrono::ceil<std::chrono::milliseconds>(board.kernel.clock() - begun);
    const auto goesOn = board.look(Asking::nobody, true);
    CHECK(goesOn.waited == std::chrono::seconds(0));
    // Its own 10 ms passed, too, and are paid for fiftyfold.
    CHECK(goesOn.again >= told - passed + std::chrono::milliseconds(480));
}

TEST_CASE(
    "[shape-6] a look that was held up costs no more than any; one at no tile, or no such, fails without a wait") {
    SlowBoard board;
    for (int i = 0; i < 5; i++) std::ignore = board.look(Asking::nobody);
    board.kernel.beforeText = [&board](const std::string&) { board.kernel.heldUp(std::chrono::milliseconds(900)); };
    const auto held = board.look(Asking::nobody);
    CHECK(held.again == std::chrono::milliseconds(0));
    board.engine.statusBudget().took(std::chrono::seconds(1), board.kernel.clock());
    StatusJob none({partitionKey({0, 4}), {}, false, Asking::nobody});
    std::vector<TileStatus> seen;
    CHECK_THROWS_AS(std::ignore = none.step(board.engine, seen), CoreError);
}
