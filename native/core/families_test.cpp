#include <algorithm>
#include <doctest/doctest.h>
#include <random>

#include "in_steps.h"
#include "partition_key.h"
#include "status_job.h"

using namespace tilescope;

namespace {

/** Writes a word of data memory beside the owner; the code of the failure, or empty when it was verified. */
std::string writeBeside(Board& board, ColumnRange columns, uint32_t offset, uint32_t value, bool unlocked = true) {
    return codeOf([&] {
        const WriteRequest request{partitionKey(columns),     MemoryType::data, board.state(columns).epoch, true, {},
                                   {{offset, 0, ~0U, value}}, unlocked};
        const auto outcomes = board.write(request);
        REQUIRE(outcomes.size() == 1);
        REQUIRE(outcomes[0].outcome == Outcome::verified);
    });
}

} // namespace

TEST_CASE("[attach-3] free columns are the array's minus those in use, whatever ENQUIRE says of free ranges") {
    Board board(Generation::aieml);
    CHECK(board.describe().free == std::vector<ColumnRange>{{0, 6}});
    board.take({2, 1}, 500);
    CHECK(board.describe().free == std::vector<ColumnRange>{{0, 2}, {3, 3}});
    CHECK(board.partitions().size() == 1);
    board.take({5, 1}, 501);
    board.partitions();
    CHECK(board.engine.freeColumns() == std::vector<ColumnRange>{{0, 2}, {3, 2}});
    Board fixed;
    CHECK(fixed.describe().free.empty());
}

TEST_CASE("[attach-3] picked columns are listed until somebody takes any of them") {
    Board board(Generation::aieml);
    CHECK(board.open({1, 2}, false).size() == 3);
    CHECK(board.kernel.held() == 0);
    CHECK(board.kernel.partitions.empty()); // given back
    const PartitionState picked = board.state({1, 2});
    CHECK(picked.picked);
    CHECK(picked.entry.id == (1U | 2U << 8U));
    CHECK(picked.entry.numRows == 7);
    CHECK(board.engine.freeColumns() == std::vector<ColumnRange>{{0, 6}});
    const size_t other = board.take({2, 2}, 500);
    CHECK_FALSE(board.listed({1, 2}));
    CHECK(codeOf([&] { board.word({1, 2}, MemoryType::data, 0); }) == "no-partition");
    // Picked again after the other is gone, it is another epoch: what happened to it is not known.
    board.kernel.leave(other);
    board.kernel.partitions.clear();
    board.open({1, 2}, false);
    CHECK(board.state({1, 2}).epoch != picked.epoch);
}

TEST_CASE("[attach-3] columns of somebody else's partition are taken, and who has them is said") {
    Board board(Generation::aieml);
    board.describe();
    board.take({2, 2}, 500, {1000, "graph.elf", {}, false});
    try {
        board.open({0, 3}, false);
        FAIL("opened");
    } catch (const CoreError& error) {
        CHECK(error.code() == "columns-taken");
        const auto& facts = error.facts();
        CHECK(std::find(facts.begin(), facts.end(), Fact{"pid", int64_t{500}}) != facts.end());
        CHECK(std::find(facts.begin(), facts.end(), Fact{"command", std::string("graph.elf")}) != facts.end());
    }
    CHECK(codeOf([&] { board.open({5, 2}, false); }) == "no-partition"); // beyond the array
    CHECK(board.kernel.requests.empty());
}

TEST_CASE("[attach-2] a request has 40 bytes, or 24 where that is refused, and what worked is remembered") {
    Board board(Generation::aieml);
    board.kernel.lengths = {24};
    board.open({0, 2}, false);
    board.word({0, 2}, MemoryType::data, 0);
    CHECK(board.kernel.requests == std::vector<uint32_t>{40, 24});
    board.word({0, 2}, MemoryType::data, 0);
    CHECK(board.kernel.requests == std::vector<uint32_t>{40, 24, 24});
    const auto findings = board.describe().findings;
    CHECK(std::find(findings.begin(), findings.end(), "request: 24 bytes") != findings.end());
    Board newer(Generation::aieml);
    newer.open({0, 2}, false);
    newer.word({0, 2}, MemoryType::data, 0);
    CHECK(newer.kernel.requests == std::vector<uint32_t>{40});
    Board fixed; // static partitions: never another length
    fixed.word({6, 4}, MemoryType::data, 0);
    CHECK(fixed.kernel.requests == std::vector<uint32_t>{24});
}

TEST_CASE("[attach-2] EINVAL of a busy range is not taken for a wrong length") {
    Board board(Generation::aieml);
    board.describe();
    board.kernel.beforeRequest = [&] {
        if (board.kernel.partitions.empty()) board.take({0, 2}, 500);
    };
    board.kernel.poke({0, 3}, 8, 0x5A);
    CHECK(board.open({0, 2}, false).size() == 3);
    CHECK(board.word({0, 2}, MemoryType::data, 8) == 0x5A); // beside its new owner
    CHECK(board.kernel.requests == std::vector<uint32_t>{40});
}

TEST_CASE("[attach-6] one descriptor of one process is duplicated, nothing is mapped, nothing of others is touched") {
    Board board(Generation::aieml);
    board.take({0, 2}, 500);
    board.take({3, 2}, 501);
    board.kernel.poke({3, 1}, 0x70000, 0xBEEF);
    CHECK(board.open({3, 2}, false).size() == 3);
    CHECK(board.word({3, 2}, MemoryType::memoryTile, 0x70000) == 0xBEEF);
    CHECK(board.kernel.lists == 0);
    CHECK(board.count("map") == 0);
    CHECK(board.kernel.held() == 0);
    CHECK(board.kernel.requests.empty());
}

TEST_CASE("[truth-4] a process that was found is never gone around by the descriptor list") {
    Board board(Generation::aieml);
    board.take({3, 2}, 501);
    board.kernel.duplicateError = EPERM;
    CHECK(codeOf([&] { board.open({3, 2}, false); }) == "permission");
    CHECK(codeOf([&] { board.word({3, 2}, MemoryType::memoryTile, 0x70000); }) == "permission");
    CHECK(board.kernel.lists == 0);
    CHECK(board.kernel.pinned() == 0);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[truth-4] where nobody is found the list is asked for somebody, once the hands were the same for 2 s") {
    Board board(Generation::aieml);
    board.kernel.partitions.push_back({3U | 2U << 8U, {3, 2}, 7, 0, false, true});
    board.kernel.poke({3, 1}, 0x70000, 0xBEEF);
    const auto begin = board.kernel.clock();
    board.poll();
    const ReadRequest unasked{partitionKey({3, 2}), MemoryType::memoryTile, {{0x70000, 4}}, {}, Asking::nobody};
    CHECK(codeOf([&] { board.read(unasked); }) == "kernel-held");
    CHECK(board.kernel.lists == 0);
    CHECK(board.word({3, 2}, MemoryType::memoryTile, 0x70000) == 0xBEEF);
    CHECK(board.kernel.lists == 1);
    CHECK(board.kernel.clock() - begin >= std::chrono::seconds(2));
    CHECK(board.kernel.held() == 0);
}

TEST_CASE(
    "[truth-4] where partitions are dynamic the list is enquired only when a name, the node or an owner changed") {
    Board board(Generation::aieml);
    board.kernel.lastPid = 900;
    board.take({3, 2}, 501);
    int enquiries = 0;
    board.kernel.beforeEnquire = [&] { enquiries++; };
    const auto looks = [&] {
        enquiries = 0;
        for (int i = 0; i < 10; i++) {
            const auto list = board.engine.poll();
            if (!list) board.kernel.passUntil(list.later().at);
        }
        return std::exchange(enquiries, 0);
    };
    CHECK(looks() > 0);
    CHECK(looks() == 0);
    const size_t other = board.take({0, 2}, 502);
    CHECK(looks() > 0);
    CHECK(board.state({0, 2}).owner->pid == 502);
    CHECK(looks() == 0);
    board.kernel.leave(other);
    board.kernel.partitions.pop_back();
    CHECK(looks() > 0);
    CHECK(looks() == 0);
    // Other hands under the same name.
    board.kernel.processes.at(501).links = {{3, "/dev/null"}};
    board.kernel.partitions.back().owner = 503;
    board.kernel.processes[503] = {2000, "other", {{7, FakeKernel::linkOf({3, 2})}}};
    CHECK(looks() > 0);
    CHECK(board.state({3, 2}).owner->pid == 503);
    board.kernel.nodeInode++;
    CHECK(looks() > 0);
    board.kernel.deviceError = ENOENT;
    board.poll();
    board.kernel.deviceError = 0;
    CHECK(looks() > 0);
}

TEST_CASE("[attach-6] the owner's descriptor is duplicated, and the list is not asked for") {
    Board board(Generation::aieml);
    board.kernel.listWorks = false;
    board.take({0, 2}, 500);
    board.kernel.poke({1, 6}, 0xFFFC, 7);
    const uint64_t last = uint64_t{8} * 0x10000 - 4;
    for (int i = 0; i < 3; i++) CHECK(board.word({0, 2}, MemoryType::data, last) == 7);
    CHECK(board.kernel.lists == 0);
    CHECK(board.count("open duplicate") >= 3);
    CHECK(board.count("map") == 0);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-16] a refresh beside an owner that was found takes six calls, an idle look at the list eleven") {
    for (const bool list : {true, false}) {
        CAPTURE(list);
        Board board(Generation::aieml);
        board.kernel.listWorks = list;
        board.kernel.lastPid = 900;
        board.take({0, 2}, 500);
        board.take({3, 2}, 501);
        for (int64_t pid = 600; pid < 700; pid++) board.kernel.processes[pid] = {};
        CHECK(board.open({3, 2}, false).size() == 3);
        for (int i = 0; i < 12; i++) board.partitions(); // names of all processes are known
        const auto callsOf = [&](const std::function<void()>& act) {
            const int before = board.kernel.calls;
            act();
            return board.kernel.calls - before;
        };
        // A duplicate, what it is (two), the column's clock, the words, and closed.
        CHECK(callsOf([&] { board.read({partitionKey({3, 2}), MemoryType::data, {{0x100, 4096}}, {}}); }) <= 6);
        // The node's identity, the devices' names, the last number; of each owner, twice, a link and whether it lives.
        CHECK(callsOf([&] { board.poll(); }) <= 11);
        CHECK(board.kernel.held() == 0);
    }
}

TEST_CASE("[attach-16] an owner that went, or came back, is noticed by the next refresh, and nothing of it is kept") {
    Board board(Generation::aieml);
    board.take({3, 2}, 501);
    board.kernel.poke({3, 1}, 0x70000, 1);
    board.open({3, 2}, false);
    const ReadRequest request{partitionKey({3, 2}), MemoryType::memoryTile, {{0x70000, 4}}, {}};
    const auto epochOf = [&] {
        Collector collector(request.ranges);
        ReadJob job(request);
        finish(board.kernel, [&] { return job.step(board.engine, collector); });
        return job.epoch();
    };
    const std::string first = epochOf();
    CHECK(epochOf() == first);
    CHECK(board.kernel.pinned() == 1);

    // The process lives on, its partition is another's now.
    board.kernel.processes.at(501).links.clear();
    board.kernel.partitions.back().owner = 502;
    board.kernel.processes[502] = {2000, "other", {{7, FakeKernel::linkOf({3, 2})}}};
    const std::string second = epochOf();
    CHECK(second != first);
    CHECK(board.kernel.pinned() == 1);

    // Another process of the same number, with the same descriptor.
    board.kernel.processes.at(502).startTicks = 3000;
    const std::string third = epochOf();
    CHECK(third != second);

    // Another file at the number of the descriptor.
    board.kernel.processes.at(502).links = {{7, "/tmp/other"}, {8, FakeKernel::linkOf({3, 2})}};
    CHECK(epochOf() == third);
    CHECK(board.kernel.held() == 0);

    // Nobody is there any more.
    for (const bool look : {true, false}) {
        CAPTURE(look);
        const size_t next = board.take({0, 2}, 600);
        board.open({0, 2}, false);
        const size_t pinned = board.kernel.pinned();
        board.kernel.leave(next);
        board.kernel.partitions.pop_back();
        if (look) {
            board.poll();
        } else {
            codeOf([&] { board.read({partitionKey({0, 2}), MemoryType::data, {{0, 4}}, {}}); });
        }
        CHECK(board.kernel.pinned() == pinned - 1);
    }
}

TEST_CASE("[attach-16] a holder process is found though it takes its name a while after its start") {
    Board board(Generation::aieml);
    board.kernel.lastPid = 500;
    board.take({3, 2}, 500);
    for (int i = 0; i < 12; i++) board.partitions();
    CHECK_FALSE(board.state({3, 2}).hold);
    board.kernel.processes[501] = {2000,  "exe", {{holdDescriptor, FakeKernel::linkOf({3, 2})}},
                                   false, {},    {"exe", "hold", "3", "2", "5", "9", "500", "1000"}};
    board.kernel.lastPid = 501;
    CHECK_FALSE(board.state({3, 2}).hold);
    board.kernel.processes.at(501).command = holdCommand;
    CHECK(board.state({3, 2}).hold);
    for (int i = 0; i < 12; i++) board.partitions();
    board.kernel.processes.erase(501); // nothing was started when it ended
    CHECK_FALSE(board.state({3, 2}).hold);
}

TEST_CASE("[attach-6] unlocked, a word is written beside the owner by pwrite; locked, none is") {
    for (const bool list : {true, false}) {
        CAPTURE(list);
        Board board(Generation::aie2ps);
        board.kernel.listWorks = list;
        board.take({0, 2}, 500);
        CHECK(board.open({0, 2}, false).size() == 6);
        CHECK(writeBeside(board, {0, 2}, 0x10000 + 8, 77, false) == "locked");
        CHECK(board.kernel.peek({0, 4}, 8) == 0);
        CHECK(writeBeside(board, {0, 2}, 0x10000 + 8, 77).empty());
        CHECK(board.kernel.peek({0, 4}, 8) == 77);
        CHECK(board.count("map") == 0);
        CHECK(board.kernel.held() == 0);
    }
}

TEST_CASE(
    "[truth-1] a column of the later generations is clocked by one bit: written, looked at, enabled, the same epoch") {
    for (const Generation generation : {Generation::aieml, Generation::aie2ps}) {
        for (const uint32_t on : {1U, 2U, 3U}) {
            CAPTURE(generationName(generation));
            CAPTURE(on);
            Board board(generation);
            const ColumnRange columns{1, 2};
            const auto clock = [&](uint32_t value) {
                for (const uint32_t col : {1U, 2U}) board.kernel.poke({col, 0}, board.kernel.map->columnClock, value);
            };
            clock(on);
            board.open(columns, false);
            const std::string epoch = board.state(columns).epoch;
            const WriteRequest request{
                partitionKey(columns), MemoryType::data, epoch, true, {}, {{8, 0, ~0U, 77}}, false};
            const auto outcomes = board.write(request);
            REQUIRE(outcomes.size() == 1);
            CHECK(outcomes[0].outcome == Outcome::verified);
            CHECK(board.clocks(columns, true));
            CHECK(board.count("clock 12") == 0); // no tile was gated, so none is asked for
            std::vector<TileStatus> seen;
            StatusJob status({partitionKey(columns), {{1, 3}}, false});
            while (!status.step(board.engine, seen).isDone()) {
            }
            CHECK(seen[0].reason == Reason::none);
            board.word(columns, MemoryType::data, 8);
            CHECK(board.state(columns).epoch == epoch);
            clock(0); // all gated: whoever let go of it reset it
            board.word(columns, MemoryType::data, 8);
            CHECK(board.state(columns).epoch != epoch);
        }
    }
}

TEST_CASE("[attach-6] a tile that is gated between the look and the pwrite is refused, not broken") {
    Board board(Generation::aieml);
    board.take({0, 2}, 500);
    board.describe();
    board.kernel.beforeStore = [&] {
        if (board.kernel.peek({0, 0}, 0xFFF20) != 0) board.kernel.gate({0, 1}, 7);
    };
    const WriteRequest request{
        partitionKey({0, 2}), MemoryType::data, board.state({0, 2}).epoch, true, {}, {{0, 0, ~0U, 1}}, true};
    const auto outcomes = board.write(request);
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0] == WordOutcome{0, Outcome::refused, Reason::gated, 0});
}

TEST_CASE("[attach-5] [attach-6] random reads of every generation agree with a naive model, free and beside an owner") {
    constexpr uint32_t seed = 77001;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (const Generation generation : {Generation::aie, Generation::aieml, Generation::aie2ps}) {
        CAPTURE(generationName(generation));
        Board board(generation);
        const ColumnRange columns{1, 3};
        const auto memories = memoriesOf(*board.kernel.map, board.kernel.shape, columns);
        for (const MemoryGeometry& memory : memories) {
            for (int i = 0; i < 600; i++) {
                const uint32_t tile = random() % memory.tileCount();
                const uint32_t place = memory.tileBase + random() % (memory.bytesPerTile / 4) * 4;
                board.kernel.poke(memory.tile(tile), place, static_cast<uint32_t>(random()));
            }
        }
        for (uint32_t row = board.kernel.shape.core.start; row < board.kernel.shape.numRows(); row += 2) {
            board.kernel.poke({1, row}, board.kernel.map->coreControl, 1);
        }
        board.kernel.gate({2, 1}, board.kernel.shape.numRows());
        board.open(columns, false);
        const uint64_t caughtBefore = guard::caught();
        for (int round = 0; round < 80; round++) {
            if (round == 40) board.take(columns, 500);
            const MemoryGeometry& memory = memories[random() % memories.size()];
            const uint64_t offset = random() % memory.totalBytes();
            const uint64_t length = std::min<uint64_t>(1 + random() % 40000, memory.totalBytes() - offset);
            const auto got = board.read({partitionKey(columns), memory.type, {{offset, length}}, {}});
            std::vector<Span> expected;
            for (uint64_t at = offset; at < offset + length;) {
                const ByteRange piece = pieceAt(memory, {offset, length}, at, ~uint64_t{0} - at);
                const Tile tile = memory.tile(memory.tileIndex(at));
                const bool gated = tile.col == 2 && tile.row != 0;
                const bool running = memory.type == MemoryType::program && !gated &&
                                     board.kernel.peek(tile, board.kernel.map->coreControl) == 1;
                if (gated || running) {
                    expected.push_back({at, piece.length, gated ? Reason::gated : Reason::coreRunning});
                    if (expected.size() > 1) {
                        Span& before = expected[expected.size() - 2];
                        if (before.reason == expected.back().reason && before.offset + before.length == at) {
                            before.length += piece.length;
                            expected.pop_back();
                        }
                    }
                } else {
                    for (uint64_t i = 0; i < piece.length; i += 1 + i / 64) {
                        const auto place = static_cast<uint32_t>((at + i) % memory.bytesPerTile);
                        const uint32_t word = board.kernel.peek(tile, memory.tileBase + place / 4 * 4);
                        REQUIRE(got.bytes[0][at - offset + i] == static_cast<uint8_t>(word >> (place % 4 * 8)));
                    }
                }
                at += piece.length;
            }
            CAPTURE(round);
            REQUIRE(got.spans == expected);
            REQUIRE(board.kernel.held() == 0);
        }
        CHECK(guard::caught() == caughtBefore);
        CHECK(board.count("map") == 0); // pread serves free partitions, too
    }
}

TEST_CASE(
    "[attach-2] [truth-3] where memory is reached by pread and pwrite no DMA-buf is asked for, and nothing mapped") {
    Board board(Generation::aieml);
    board.kernel.poke({1, 4}, 0x40, 7);
    CHECK(board.open({0, 2}, false).size() == 3);
    for (int i = 0; i < 3; i++) CHECK(board.word({0, 2}, MemoryType::data, 5 * 0x10000 + 0x40) == 7);
    const WriteRequest request{partitionKey({0, 2}),
                               MemoryType::data,
                               board.state({0, 2}).epoch,
                               false,
                               {},
                               {{5 * 0x10000 + 0x40, 7, ~0U, 8}}};
    CHECK(board.write(request)[0].outcome == Outcome::verified);
    CHECK(board.kernel.peek({1, 4}, 0x40) == 8);
    CHECK(board.count("map") == 0);
    CHECK(board.open({3, 2}, false).size() == 3); // other columns are another partition
    board.kernel.nodeInode++;                     // and so is everything of a driver that was loaded anew
    CHECK(board.open({0, 2}, false).size() == 3);
    CHECK(board.kernel.descriptions == 0);
    CHECK(board.kernel.held() == 0);

    Board first; // the 2020 driver: a DMA-buf is all there is, once in each lease
    for (int i = 0; i < 3; i++) first.word({6, 4}, MemoryType::data, 0);
    CHECK(first.kernel.descriptions == 3);
}

namespace {

/** An array whose driver notes the clocks of some columns wrongly: 2 runs and is noted gated, 3 is gated and noted running. */
void noteWrongly(FakeKernel& kernel) {
    kernel.gate({3, 1}, kernel.shape.numRows());
    kernel.noted = [](Tile tile) { return tile.col == 2 ? std::optional(false) : std::optional(true); };
}

} // namespace

TEST_CASE(
    "[truth-2] beside an owner the clock registers decide what is touched, and a wrong refusal has its own reason") {
    for (const Generation generation : {Generation::aieml, Generation::aie2ps, Generation::aie}) {
        CAPTURE(generationName(generation));
        Board board(generation);
        const ColumnRange columns{2, 3};
        const uint32_t rows = board.kernel.shape.core.count;
        const uint64_t column = uint64_t{rows} * board.kernel.map->dataBytes;
        const uint32_t bottom = board.kernel.shape.core.start;
        board.take(columns, 500);
        noteWrongly(board.kernel);
        board.kernel.poke({4, bottom}, 8, 77);
        board.open(columns, false);
        const ReadRequest request{
            partitionKey(columns), MemoryType::data, {{8, 4}, {column + 8, 4}, {2 * column + 8, 4}}, {}};
        for (int i = 0; i < 3; i++) {
            const auto got = board.read(request);
            CHECK(got.spans == std::vector<Span>{{8, 4, Reason::driverGated}, {column + 8, 4, Reason::gated}});
            CHECK(got.bytes[2][0] == 77);
        }
        CHECK(board.kernel.refused == 1); // not repeated
        // A look at the tile, and a store, say the same.
        std::vector<TileStatus> seen;
        StatusJob status({partitionKey(columns), {{2, bottom}, {3, bottom}, {4, bottom}, {2, 0}}, false});
        while (!status.step(board.engine, seen).isDone()) {
        }
        CHECK(seen[0].reason == Reason::driverGated);
        CHECK(seen[1].reason == Reason::gated);
        CHECK(seen[2].reason == Reason::none);
        CHECK(seen[3].reason == Reason::none);
        const std::vector<Word> words{{8, 0, ~0U, 1},
                                      {static_cast<uint32_t>(column) + 8, 0, ~0U, 1},
                                      {static_cast<uint32_t>(2 * column) + 8, 77, ~0U, 78}};
        const auto outcomes =
            board.write({partitionKey(columns), MemoryType::data, board.state(columns).epoch, true, {}, words, true});
        CHECK(outcomes[0] == WordOutcome{words[0].offset, Outcome::refused, Reason::driverGated, 0});
        CHECK(outcomes[1] == WordOutcome{words[1].offset, Outcome::refused, Reason::gated, 0});
        CHECK(outcomes[2] == WordOutcome{words[2].offset, Outcome::verified, Reason::none, 78});
        CHECK(board.kernel.peek({4, bottom}, 8) == 78);
        CHECK(board.kernel.refused == 1);
        CHECK(board.count("map") == 0);
        CHECK(board.kernel.descriptions == 0);
        // The driver's notes are right again (its owner asked for the tiles): noticed by itself.
        board.kernel.noted = nullptr;
        board.kernel.pause(std::chrono::seconds(10));
        CHECK(board.read(request).spans == std::vector<Span>{{column + 8, 4, Reason::gated}});
        CHECK(board.kernel.refused == 1); // a gated tile is not asked for
        CHECK(board.kernel.held() == 0);
    }
}

TEST_CASE(
    "[truth-2] a tile that is gated between the look and the read is gated, and read at once when it runs again") {
    Board board(Generation::aieml);
    const ColumnRange columns{0, 2};
    board.take(columns, 500);
    board.open(columns, false);
    board.kernel.poke({0, 3}, 8, 7);
    bool first = true;
    board.kernel.noted = [&](Tile) -> std::optional<bool> {
        if (!std::exchange(first, false)) return std::nullopt;
        board.kernel.gate({0, 1}, 7);
        return false;
    };
    CHECK(board.read({partitionKey(columns), MemoryType::data, {{8, 4}}, {}}).spans ==
          std::vector<Span>{{8, 4, Reason::gated}});
    board.kernel.ungate(0);
    CHECK(board.word(columns, MemoryType::data, 8) == 7);
}

TEST_CASE(
    "[truth-2] [truth-3] in a partition of ours refused words are read in the register view, written in its DMA-buf") {
    for (const Generation generation : {Generation::aieml, Generation::aie}) {
        CAPTURE(generationName(generation));
        Board board(generation);
        const ColumnRange columns{1, 4};
        const uint32_t rows = board.kernel.shape.core.count;
        const auto column = static_cast<uint32_t>(rows * board.kernel.map->dataBytes);
        const uint32_t top = board.kernel.shape.numRows() - 1;
        const uint32_t last = column - board.kernel.map->dataBytes + 8;
        noteWrongly(board.kernel);
        for (const uint32_t col : {1U, 2U, 4U}) board.kernel.poke({col, top}, 8, 70 + col);
        board.open(columns, false);
        const auto read = [&] {
            const auto got =
                board.read({partitionKey(columns),
                            MemoryType::data,
                            {{last, 4}, {column + last, 4}, {2 * column + last, 4}, {3 * column + last, 4}},
                            {}});
            CHECK(got.spans == std::vector<Span>{{2 * column + last, 4, Reason::gated}});
            CHECK(got.bytes[0][0] == board.kernel.peek({1, top}, 8));
            CHECK(got.bytes[1][0] == board.kernel.peek({2, top}, 8));
            CHECK(got.bytes[3][0] == board.kernel.peek({4, top}, 8));
        };
        for (int i = 0; i < 3; i++) read();
        CHECK(board.kernel.refused == 1);
        CHECK(board.kernel.descriptions == 0); // the register view needs no DMA-buf
        const auto findings = [&] { return board.describe().findings; };
        const auto said = [&](int times) {
            const auto all = findings();
            return std::find(all.begin(), all.end(), "DMA-bufs asked for (AIE_GET_MEM): " + std::to_string(times)) !=
                   all.end();
        };
        CHECK(said(0));
        const std::vector<Word> words{{last, 71, ~0U, 81},
                                      {column + last, 72, ~0U, 82},
                                      {column + last + 4, 0, ~0U, 83},
                                      {2 * column + last, 0, ~0U, 84}};
        const auto outcomes =
            board.write({partitionKey(columns), MemoryType::data, board.state(columns).epoch, false, {}, words, false});
        for (size_t i = 0; i < 3; i++) {
            CAPTURE(i);
            CHECK(outcomes[i] == WordOutcome{words[i].offset, Outcome::verified, Reason::none, words[i].value});
        }
        CHECK(outcomes[3].reason == Reason::gated);
        CHECK(board.kernel.peek({1, top}, 8) == 81);
        CHECK(board.kernel.peek({2, top}, 8) == 82);
        CHECK(board.kernel.peek({2, top}, 12) == 83);
        CHECK(board.kernel.descriptions == 1); // once, for two refused words
        CHECK(said(1));
        read();
        CHECK(board.kernel.descriptions == 1);
        CHECK(board.kernel.held() == 0);
    }
}

TEST_CASE("[truth-6] of columns that are made a partition by the request, a lease has those only that it needs") {
    Board board(Generation::aieml);
    const ColumnRange columns{0, 6};
    const uint32_t column = 4 * 0x10000;
    std::vector<ColumnRange> leases;
    board.open(columns, false);
    board.word(columns, MemoryType::data, 0); // the first lease finds out how this driver is read
    board.kernel.onRequest = [&](ColumnRange one) { leases.push_back(one); };
    for (uint32_t col = 0; col < 6; col++) board.kernel.poke({col, 3}, 8, col + 1);
    CHECK(board.word(columns, MemoryType::data, 4 * column + 8) == 5);
    CHECK(leases == std::vector<ColumnRange>{{4, 1}});
    leases.clear();
    // All of it: some columns at a time, every byte in its place.
    const auto whole = board.read({partitionKey(columns), MemoryType::data, {{0, 6 * column}}, {}});
    CHECK(whole.spans.empty());
    for (uint32_t col = 0; col < 6; col++) CHECK(whole.bytes[0][col * column + 8] == col + 1);
    for (const ColumnRange& one : leases) CHECK(one.numCols <= 2);
    leases.clear();
    std::vector<TileStatus> seen;
    StatusJob status({partitionKey(columns), {{3, 3}, {5, 4}}, false});
    while (!status.step(board.engine, seen).isDone()) {
    }
    CHECK(leases == std::vector<ColumnRange>{{3, 3}});
    // One epoch, whichever columns are looked at, until one that ran is gated.
    board.word(columns, MemoryType::data, 5 * column + 8);
    const std::string epoch = board.state(columns).epoch;
    board.kernel.gate({5, 1}, 7);
    board.word(columns, MemoryType::data, 8);
    CHECK(board.state(columns).epoch == epoch);
    leases.clear();
    const std::vector<Word> words{{2 * column + 8, 3, ~0U, 30}};
    CHECK(board.write({partitionKey(columns), MemoryType::data, epoch, false, {}, words, false})[0].outcome ==
          Outcome::verified);
    CHECK(leases == std::vector<ColumnRange>{{0, 3}});
    board.word(columns, MemoryType::data, 5 * column);
    CHECK(board.state(columns).epoch != epoch);
}

TEST_CASE("[truth-2] [truth-6] clocks are given back as they were found, and whether they ended is looked at") {
    Board board(Generation::aieml);
    const ColumnRange columns{0, 2};
    const auto finding = [&] {
        for (const std::string& one : board.describe().findings) {
            if (one.starts_with("clocks end")) return one.substr(one.rfind(' ') + 1);
        }
        return std::string();
    };
    board.open(columns, false);
    board.kernel.gate({1, 1}, 7);
    CHECK(finding() == "yet");
    // A driver that gates the whole partition when it is told to gate one column.
    board.kernel.releasesAll = true;
    CHECK(board.clocks(columns, true));
    CHECK(board.kernel.peek({0, 0}, 0xFFF20) != 0);
    CHECK(board.kernel.peek({1, 0}, 0xFFF20) == 0);
    CHECK(finding() == "yes");
    // And one that never gates.
    board.kernel.releasesAll = false;
    board.kernel.releaseWorks = false;
    board.word(columns, MemoryType::data, 4 * 0x10000);
    CHECK(board.kernel.peek({1, 0}, 0xFFF20) != 0);
    CHECK(finding() == "no");
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-2] a generation that nobody names is learnt from the driver's descriptions, after consent") {
    Board board(Generation::aieml);
    board.kernel.named = "";
    CHECK(board.describe().family == Family::unknown);
    CHECK(codeOf([&] { board.open({0, 2}, false); }) == "unknown-driver");
    CHECK(board.kernel.requests.empty());
    board.kernel.poke({0, 3}, 4, 99);
    const auto memories = board.open({0, 2}, true);
    REQUIRE(memories.size() == 3);
    CHECK(memories[2].geometry.numRows == 2);
    CHECK(board.word({0, 2}, MemoryType::data, 4) == 99);
    const Description found = board.describe();
    CHECK(found.family == Family::xlnxAperture);
    CHECK(found.generation == Generation::aieml);
}

TEST_CASE("[attach-2] an unknown generation is read by pread where its memories look familiar, and never written") {
    Board board(Generation::aieml);
    board.kernel.named = "aie9";
    board.kernel.poke({0, 3}, 4, 99);
    const auto memories = board.open({0, 2}, true);
    REQUIRE(memories.size() == 3);
    CHECK_FALSE(memories[0].writable);
    CHECK(board.word({0, 2}, MemoryType::data, 4) == 99);
    // Whether its cores run cannot be asked, so their program memory stays closed.
    const auto program = board.read({partitionKey({0, 2}), MemoryType::program, {{0, 16}}, {}});
    CHECK(program.spans == std::vector<Span>{{0, 16, Reason::noWay}});
    const WriteRequest request{
        partitionKey({0, 2}), MemoryType::data, board.state({0, 2}).epoch, true, {}, {{0, 0, ~0U, 1}}, false};
    CHECK(board.write(request)[0].outcome == Outcome::refused);
    CHECK(board.count("map") == 0);
    CHECK(board.describe().family == Family::unknown);
}

TEST_CASE("[attach-4] gated tiles of a free partition run during each lease, and are given back before it ends") {
    for (const Generation generation : {Generation::aie, Generation::aieml}) {
        CAPTURE(generationName(generation));
        Board board(generation);
        board.kernel.poke({1, 3}, 8, 0x11);
        board.kernel.gate({1, 1}, board.kernel.shape.numRows());
        board.open({0, 2}, false);
        const uint64_t place = uint64_t{board.kernel.shape.core.count} * board.kernel.map->dataBytes +
                               uint64_t{3 - board.kernel.shape.core.start} * board.kernel.map->dataBytes + 8;
        CHECK(board.read({partitionKey({0, 2}), MemoryType::data, {{place, 4}}, {}}).spans.size() == 1);
        const std::string before = board.state({0, 2}).epoch;
        board.kernel.events.clear();
        CHECK(board.clocks({0, 2}, true));
        CHECK(board.state({0, 2}).clocksOn);
        CHECK(board.word({0, 2}, MemoryType::data, place) == 0x11);
        CHECK(board.state({0, 2}).epoch == before); // our own clocks are nobody's traces
        const std::string tiles = std::to_string(board.kernel.shape.numRows() - 1);
        CHECK(board.count("clock " + tiles) == 2); // exactly the gated ones
        CHECK(board.count("release " + tiles) == 2);
        const auto& events = board.kernel.events;
        const auto released = std::find(events.rbegin(), events.rend(), "release " + tiles);
        CHECK(std::find(events.rbegin(), events.rend(), "close partition") < released);
        CHECK_FALSE(board.clocks({0, 2}, false));
        CHECK_FALSE(board.state({0, 2}).clocksOn);
        CHECK(board.read({partitionKey({0, 2}), MemoryType::data, {{place, 4}}, {}}).spans.size() == 1);
    }
}

TEST_CASE("[attach-4] a driver that ignores the request is told of, and nothing is left behind") {
    Board board(Generation::aieml);
    board.kernel.tilesWork = false;
    board.kernel.gate({1, 1}, 7);
    board.open({0, 2}, false);
    CHECK_FALSE(board.clocks({0, 2}, true));
    CHECK_FALSE(board.state({0, 2}).clocksOn);
    CHECK(board.count("release 6") == 1);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-4] clocks end with an owner, and are never asked for on its partition") {
    Board board(Generation::aieml);
    board.kernel.gate({1, 1}, 7);
    board.open({0, 2}, false);
    CHECK(board.clocks({0, 2}, true));
    board.kernel.events.clear();
    const size_t taken = board.take({0, 2}, 500);
    CHECK(codeOf([&] { board.clocks({0, 2}, true); }) == "locked");
    board.read({partitionKey({0, 2}), MemoryType::data, {{0, 4}}, {}});
    CHECK(board.count("clock 6") == 0);
    board.kernel.leave(taken);
    board.kernel.partitions.clear();
    board.kernel.pause(std::chrono::milliseconds(80)); // whoever was refused meanwhile comes first
    board.open({0, 2}, false);
    CHECK_FALSE(board.state({0, 2}).clocksOn);
}

TEST_CASE("[attach-9] what zocl holds is reached only when asked for, once, and kept") {
    Board board(Generation::aie);
    board.kernel.listWorks = false;
    board.kernel.partitions.push_back({0U | 6U << 8U, {0, 6}, 5, 0, false, true});
    board.kernel.folders["/dev/dri"] = {"card0", "renderD128"};
    board.kernel.poke({2, 1}, 4, 0x33);
    CHECK(board.state({0, 6}).owner->kind == OwnerKind::kernel);
    CHECK(codeOf([&] { board.open({0, 6}, false); }) == "kernel-held");
    CHECK(board.kernel.zoclRequests == 0);
    board.takeKernelDescriptor({0, 6});
    CHECK(board.open({0, 6}, false).size() == 2);
    for (int i = 0; i < 3; i++) CHECK(board.word({0, 6}, MemoryType::data, 8 * 0x8000 + 4) == 0x33);
    CHECK(writeBeside(board, {0, 6}, 8 * 0x8000 + 4, 0x34).empty());
    board.takeKernelDescriptor({0, 6});
    CHECK(board.kernel.zoclRequests == 1);
    CHECK(board.kernel.held() == 1); // the descriptor, until the engine ends
}

TEST_CASE("[attach-9] zocl is asked once by an engine, in its release's form, and nobody else is asked") {
    Board board(Generation::aie);
    board.kernel.listWorks = false;
    board.kernel.partitions.push_back({2U | 2U << 8U, {2, 2}, 5, 0, false, true});
    board.kernel.folders["/dev/dri"] = {"renderD128"};
    const auto code = [&] { return codeOf([&] { board.takeKernelDescriptor({2, 2}); }); };
    board.kernel.renderName = "i915";
    CHECK(code() == "kernel-held");
    board.kernel.renderName = "zocl";
    board.kernel.zoclId = 9; // neither the listed id nor the whole array's
    CHECK(code() == "kernel-held");
    board.kernel.zoclId = 1;
    CHECK(code() == "kernel-held"); // asked once already
    CHECK(board.kernel.zoclRequests == 0);

    // Where no version is told, the earlier form is not tried: it may be another request.
    Board earlier(Generation::aie);
    earlier.kernel.listWorks = false;
    earlier.kernel.zoclContext = false;
    earlier.kernel.texts["/sys/module/zocl/version"] = "2.17.319\n";
    earlier.kernel.partitions.push_back({2U | 2U << 8U, {2, 2}, 5, 0, false, true});
    earlier.kernel.folders["/dev/dri"] = {"renderD128"};
    earlier.takeKernelDescriptor({2, 2});
    CHECK(earlier.kernel.zoclRequests == 1);
    CHECK(codeOf([&] { board.takeKernelDescriptor({0, 1}); }) == "no-partition");
}

TEST_CASE(
    "[attach-8] [truth-6] a holder is no owner, and the contents' epoch goes on when only it is left, for every core") {
    Board board;
    const HoldFacts facts{"6_4", 1000, 9000, 500, 1000};
    std::vector<std::string> arguments{holdCommand};
    for (const std::string& one : holdArguments(facts)) arguments.push_back(one);
    board.kernel.own(0, 500, {});
    board.kernel.poke({6, 1}, 0, 0x42);
    const std::string before = board.state({6, 4}).epoch;
    board.kernel.processes[600] = {2000, holdCommand, {{holdDescriptor, "anon_inode:aiepart_6_4"}}, false};
    board.kernel.processes[600].arguments = arguments;
    PartitionState held = board.state({6, 4});
    REQUIRE(held.owner);
    CHECK(held.owner->pid == 500);
    REQUIRE(held.hold);
    CHECK(held.hold->process.pid == 600);
    CHECK_FALSE(held.ownerGone);
    board.kernel.processes.erase(500);
    for (const bool other : {false, true}) {
        Engine fresh(board.kernel, "/dev/aie0");
        Engine& engine = other ? fresh : board.engine;
        held = answerOf(board.kernel, [&] { return engine.state({6, 4}); });
        CHECK_FALSE(held.owner);
        CHECK(held.ownerGone);
        CHECK(held.hold->facts.until == 9000);
        CHECK(held.epoch == before);
        CHECK(wordBy(board.kernel, engine, {6, 4}, MemoryType::data, 0) == 0x42);
        // The owner's buffers went with it: the driver writes word by word on the descriptor that is held.
        CHECK(writeBeside(board, {6, 4}, 0, 0x43, false).empty());
        CHECK(board.kernel.peek({6, 1}, 0) == 0x43);
        board.kernel.poke({6, 1}, 0, 0x42);
        CHECK(board.kernel.descriptions == 0);
    }
    board.kernel.processes.erase(600);
    board.kernel.partitions[0].owner = 0;
    const auto changed = board.poll();
    REQUIRE(changed);
    CHECK_FALSE(changed->front().hold);
    CHECK(changed->front().epoch != before);
}

TEST_CASE("[attach-2] another driver behind the node is looked at anew, and nothing of before counts") {
    Board board;
    const std::string before = board.state({6, 4}).epoch;
    board.describe();
    board.kernel.nodeInode++;
    board.kernel.sysfs = {"aie0"};
    CHECK(board.state({6, 4}).epoch != before);
    CHECK(board.engine.node().facts().family == Family::unknown);
}

TEST_CASE("[attach-6] a node that may not be opened says what its permissions are") {
    Board board;
    board.kernel.deviceError = EACCES;
    try {
        board.partitions();
        FAIL("opened");
    } catch (const CoreError& error) {
        CHECK(error.code() == "permission");
        const auto& facts = error.facts();
        CHECK(std::find(facts.begin(), facts.end(), Fact{"missing", std::string("node-mode")}) != facts.end());
        CHECK(std::find(facts.begin(), facts.end(), Fact{"mode", std::string("0600")}) != facts.end());
    }
}

namespace {

/** Partition 1 of the 2020 driver under process 500, whose buffers are its descriptors 8 (data) and 9 (program). */
struct Beside : Board {
    Beside() {
        kernel.own(0, 500, {});
        kernel.exportBuffer(500, 8, 0, 0, 1001);
        kernel.exportBuffer(500, 9, 0, 1, 1002);
        for (uint32_t col = 6; col < 10; col++) {
            for (uint32_t row = 1; row < 9; row++) kernel.poke({col, row}, 0x40, col << 8U | row);
        }
    }
    using Board::write;
    std::string write(uint32_t value = 5) { return writeBeside(*this, {6, 4}, 0x8000 * 2 + 12, value); }
};

} // namespace

TEST_CASE(
    "[attach-6] without pwrite the owner's own buffer is written, taken and closed inside the partition's descriptor") {
    Beside board;
    CHECK(board.write().empty());
    CHECK(board.kernel.peek({6, 3}, 12) == 5);
    CHECK(board.kernel.held() == 0);
    const auto& events = board.kernel.events;
    // The partition's duplicate comes first and goes last.
    const auto first = std::find(events.begin(), events.end(), "open duplicate");
    const auto last = std::find(events.rbegin(), events.rend(), "close duplicate");
    REQUIRE(first != events.end());
    CHECK(std::find(events.begin(), first, "map") == first);
    CHECK(std::find(events.rbegin(), last, "unmap") == last);
    CHECK(writeBeside(board, {6, 4}, 0, 1, false) == "locked");
}

TEST_CASE("[attach-6] decoys are not taken for the buffer: other links, exporters, sizes, and words") {
    Beside board;
    FakeKernel::Process& owner = board.kernel.processes[500];
    owner.links[20] = "/memfd:/dmabuf: (deleted)";
    owner.links[21] = "/tmp/dmabuf:";
    board.kernel.exportBuffer(500, 22, 0, 0, 2001, "udmabuf");
    board.kernel.exportBuffer(500, 23, 1, 0, 2002); // another partition's, smaller
    CHECK(board.write(6).empty());
    // One of the right size and exporter, with other words, that no partition of the owner explains.
    board.kernel.add({9, {40, 4}, 9, 0, false, false});
    board.kernel.exportBuffer(500, 5, 3, 0, 2003);
    CHECK(board.write(7) == "no-match");
    board.kernel.partitions[3].owner = 500;
    board.kernel.processes[500].links[17] = FakeKernel::linkOf({40, 4});
    CHECK(board.write(7).empty());
    CHECK(board.kernel.peek({6, 3}, 12) == 7);
    CHECK(board.kernel.peek({40, 3}, 12) == 0);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-6] two partitions of equal size in one process: told apart by words, or nothing is written") {
    Beside board;
    board.kernel.add({9, {40, 4}, 9, 0, false, false});
    board.kernel.partitions[3].owner = 500;
    board.kernel.processes[500].links[17] = FakeKernel::linkOf({40, 4});
    // The other's buffer alone is open: that there must be two is known from the partitions.
    board.kernel.processes[500].links.erase(8);
    board.kernel.exportBuffer(500, 18, 3, 0, 3001);
    CHECK(board.write() == "no-match");
    board.kernel.exportBuffer(500, 8, 0, 0, 1001);
    CHECK(board.write(8).empty());
    CHECK(board.kernel.peek({6, 3}, 12) == 8);
    CHECK(board.kernel.peek({40, 3}, 12) == 0);
    // The same words everywhere: they cannot be told apart.
    for (uint32_t col = 6; col < 10; col++) {
        for (uint32_t row = 1; row < 9; row++) board.kernel.poke({col, row}, 0x40, 0);
    }
    board.kernel.poke({6, 3}, 12, 0);
    CHECK(board.write(9) == "no-match");
    CHECK(board.kernel.peek({6, 3}, 12) == 0);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-6] one buffer open twice counts once; buffers closed after mmap are not found") {
    Beside board;
    for (uint32_t col = 6; col < 10; col++) {
        for (uint32_t row = 1; row < 9; row++) board.kernel.poke({col, row}, 0x40, 0);
    }
    board.kernel.exportBuffer(500, 30, 0, 0, 1001); // the same inode again
    CHECK(board.write(4).empty());
    for (const int fd : {8, 9, 30}) board.kernel.processes[500].links.erase(fd);
    CHECK(board.write(3) == "no-match");
    CHECK(board.kernel.peek({6, 3}, 12) == 4);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-6] gated tiles and program memory of running cores are not touched to find the buffer") {
    Beside board;
    board.kernel.gate({7, 2}, 9);
    board.kernel.add({9, {40, 4}, 9, 500, false, false});
    board.kernel.processes[500].links[17] = FakeKernel::linkOf({40, 4});
    board.kernel.exportBuffer(500, 5, 3, 0, 2003);
    // In the owner's other partition other tiles are gated than in this one: each buffer may be either's.
    board.kernel.gate({40, 2}, 9);
    board.kernel.gate({42, 1}, 9);
    const uint64_t before = guard::caught();
    CHECK(board.write(2).empty());
    CHECK(board.kernel.peek({6, 3}, 12) == 2);
    CHECK(guard::caught() == before);
    const WriteRequest gated{
        partitionKey({6, 4}), MemoryType::data, board.state({6, 4}).epoch, true, {}, {{0x8000 * 9, 0, ~0U, 1}}, true};
    CHECK(board.write(gated)[0].reason == Reason::gated);
    CHECK(guard::caught() == before);
}

TEST_CASE(
    "[attach-6] a search that takes longer than a step is not repeated at every step, and the wait comes to its end") {
    Board board;
    board.kernel.lastPid = 900;
    board.describe();
    board.kernel.partitions[0].inKernel = true;
    board.kernel.pauseTakes = std::chrono::milliseconds(1);
    board.kernel.listTakes = std::chrono::milliseconds(30);
    int steps = 0;
    std::optional<std::vector<PartitionState>> changed;
    while (!changed) {
        REQUIRE(steps++ < 100);
        auto list = board.engine.poll();
        if (list) changed = std::move(*list);
    }
    CHECK(changed->front().owner->kind == OwnerKind::kernel);
    CHECK(board.kernel.searches <= 7); // one of them for mappings, one before the first enquiry
}

TEST_CASE("[attach-6] one word that differs in a tile to be written is enough to refuse the only candidate") {
    Board board;
    board.kernel.own(0, 500, {});
    board.kernel.add({9, {40, 4}, 9, 0, false, false});
    board.kernel.exportBuffer(500, 18, 3, 0, 3001); // of a partition that its owner has let go
    board.kernel.poke({6, 3}, 0x7FF4, 1);
    CHECK(writeBeside(board, {6, 4}, 0x8000 * 2 + 12, 5) == "no-match");
    CHECK(board.kernel.peek({40, 3}, 12) == 0);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-9] zocl without a version gets the later form only") {
    Board board(Generation::aie);
    board.kernel.listWorks = false;
    board.kernel.zoclContext = false;
    board.kernel.partitions.push_back({2U | 2U << 8U, {2, 2}, 5, 0, false, true});
    board.kernel.folders["/dev/dri"] = {"renderD128"};
    CHECK(codeOf([&] { board.takeKernelDescriptor({2, 2}); }) == "kernel-held");
    CHECK(board.kernel.zoclRequests == 0);
}

TEST_CASE("[attach-6] nothing is loaded from buffers of another partition whose registers cannot be seen") {
    Beside board;
    board.kernel.add({9, {40, 4}, 9, 0, false, false}); // open in the owner, and not listed as in use
    board.kernel.processes[500].links[17] = FakeKernel::linkOf({40, 4});
    board.kernel.exportBuffer(500, 5, 3, 0, 2003);
    for (uint32_t col = 40; col < 44; col++) board.kernel.gate({col, 1}, 9);
    const uint64_t before = guard::caught();
    CHECK(board.write() == "no-match");
    board.kernel.partitions[3].owner = 500;
    CHECK(board.write() == "no-match"); // no tile may be touched in both
    CHECK(guard::caught() == before);
    CHECK(board.kernel.peek({6, 3}, 12) == 0);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-6] a store that the register view does not show is taken back, and nothing else is written") {
    Board board;
    board.kernel.own(0, 500, {});
    board.kernel.add({9, {40, 4}, 9, 0, false, false});
    // The only candidate, with the same words, of a partition that its owner has let go.
    board.kernel.exportBuffer(500, 18, 3, 0, 3001);
    const WriteRequest request{partitionKey({6, 4}),
                               MemoryType::data,
                               board.state({6, 4}).epoch,
                               true,
                               {},
                               {{0x8000 * 2 + 12, 0, ~0U, 5}, {0x8000 * 2 + 16, 0, ~0U, 6}},
                               true};
    CHECK(codeOf([&] { board.write(request); }) == "no-match");
    for (const uint32_t col : {6U, 40U}) {
        CHECK(board.kernel.peek({col, 3}, 12) == 0);
        CHECK(board.kernel.peek({col, 3}, 16) == 0);
    }
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[attach-6] beside an owner without pwrite a step compares and writes at most 16 tiles") {
    Beside board;
    std::vector<Word> words;
    for (uint32_t tile = 0; tile < 32; tile++) words.push_back({tile * 0x8000 + 4, 0, ~0U, tile + 1});
    WriteJob job({partitionKey({6, 4}), MemoryType::data, board.state({6, 4}).epoch, false, {}, words, true});
    std::vector<WordOutcome> outcomes;
    REQUIRE(job.step(board.engine, outcomes).what() == Progress::What::more);
    CHECK(outcomes.size() <= 16);
    while (!job.step(board.engine, outcomes).isDone()) {
    }
    REQUIRE(outcomes.size() == 32);
    for (uint32_t tile = 0; tile < 32; tile++) {
        CHECK(outcomes[tile] == WordOutcome{tile * 0x8000 + 4, Outcome::verified, Reason::none, tile + 1});
        CHECK(board.kernel.peek({6 + tile / 8, 1 + tile % 8}, 4) == tile + 1);
    }
}

TEST_CASE(
    "[attach-6] a write does not trust that nobody was found a moment ago: whoever came since is not written to") {
    Board board(Generation::aieml);
    board.kernel.partitions.push_back({0U | 2U << 8U, {0, 2}, 7, 0, false, true});
    CHECK(writeBeside(board, {0, 2}, 8, 1).empty());
    const std::string epoch = board.state({0, 2}).epoch;
    board.kernel.partitions[0].inKernel = false;
    board.kernel.own(0, 500, {});
    const WriteRequest request{partitionKey({0, 2}), MemoryType::data, epoch, true, {}, {{8, 0, ~0U, 2}}, true};
    CHECK(codeOf([&] { board.write(request); }) == "epoch");
    CHECK(board.kernel.peek({0, 3}, 8) == 1);
}

TEST_CASE("[attach-3] columns that could not be opened are not picked") {
    Board board(Generation::aieml);
    board.kernel.named = ""; // nobody but the driver's descriptions tells the layout
    board.kernel.memoriesError = EIO;
    CHECK(codeOf([&] { board.open({0, 2}, true); }) == "driver");
    CHECK(board.partitions().empty());
    CHECK(codeOf([&] { board.word({0, 2}, MemoryType::data, 0); }) == "no-partition");
    board.kernel.memoriesError = 0;
    CHECK(board.open({0, 2}, true).size() == 3);
    CHECK(board.listed({0, 2}));
}

namespace {

/** The process of a holder of columns 6 to 9 that were taken from process 500. */
FakeKernel::Process holderOf500() {
    FakeKernel::Process process{2000, holdCommand, {{holdDescriptor, "anon_inode:aiepart_6_4"}}, false};
    process.arguments = {holdCommand};
    for (const std::string& one : holdArguments({"6_4", 1000, 9000, 500, 1000})) process.arguments.push_back(one);
    return process;
}

} // namespace

TEST_CASE(
    "[attach-8] beside a holder an owner that may not be looked at is not taken for gone, and is not written to") {
    Board board;
    board.kernel.own(0, 500, {1000, "app", {}, true});
    board.kernel.processes[600] = holderOf500();
    board.kernel.processes[700] = {1, "secret", {}, true};
    const PartitionState held = board.state({6, 4});
    CHECK_FALSE(held.ownerGone);
    REQUIRE(held.owner);
    CHECK(held.owner->kind == OwnerKind::hidden);
    CHECK(held.hold);
    CHECK(writeBeside(board, {6, 4}, 0, 1, false) == "locked");
    // Its process has ended, so it is gone, whoever else may not be looked at.
    board.kernel.processes.erase(500);
    board.engine.forgetOccupants();
    CHECK(board.state({6, 4}).ownerGone);
    // Another one of its number is not it.
    board.kernel.processes[500] = {5000, "other", {}, true};
    CHECK(board.state({6, 4}).ownerGone);
}

TEST_CASE("[attach-8] while it is waited whether a holder stays its arguments are not read at every look") {
    Board board;
    board.kernel.own(0, 500, {1000, "app", {}, false});
    board.kernel.processes[600] = holderOf500();
    board.kernel.processes.erase(500);
    int links = 0;
    int arguments = 0;
    board.kernel.beforeLink = [&](const std::string& path) { links += path.starts_with("/proc/600/fd/") ? 1 : 0; };
    board.kernel.beforeText = [&](const std::string& path) { arguments += path == "/proc/600/cmdline" ? 1 : 0; };
    CHECK(board.state({6, 4}).ownerGone);
    CHECK(links >= 50);
    CHECK(arguments < 10);
}

TEST_CASE("[truth-10] beside a holder nobody is called gone who may be in the kernel") {
    Board board;
    board.kernel.own(0, 500, {1000, "app", {}, false});
    board.kernel.processes[600] = holderOf500();
    board.kernel.processes.erase(500);
    CHECK(board.state({6, 4}).ownerGone);
    const auto kindNow = [&] {
        board.engine.forgetOccupants();
        const PartitionState held = board.state({6, 4});
        CHECK(held.hold);
        CHECK_FALSE(held.ownerGone);
        CHECK(writeBeside(board, {6, 4}, 0, 1, false) == "locked");
        return held.owner ? held.owner->kind : OwnerKind::process;
    };
    for (const char* module : {"zocl", "amdxdna"}) {
        CAPTURE(module);
        board.kernel.folders["/sys/module"] = {"xilinx_aie", module};
        CHECK(kindNow() == OwnerKind::kernel);
    }
    // What is loaded cannot be seen.
    board.kernel.folders.erase("/sys/module");
    CHECK(kindNow() == OwnerKind::kernel);
    board.kernel.folders["/sys/module"] = {"xilinx_aie"};
    // It was not taken from a process.
    board.kernel.processes[600].arguments[5] = "0";
    board.kernel.processes[600].arguments[6] = "0";
    CHECK(kindNow() == OwnerKind::kernel);
}

TEST_CASE("[truth-10] the number of an owner counts only among the processes of its own namespace") {
    Board board;
    board.kernel.own(0, 500, {1000, "app", {}, true});
    board.kernel.processes[600] = holderOf500();
    board.kernel.processes[700] = {1, "secret", {}, true};
    board.kernel.processes.erase(500);
    CHECK(board.state({6, 4}).ownerGone);
    // The holder was started in a container: its process 500 is another number here.
    board.kernel.processes[600].space = "pid:[4026532101]";
    board.engine.forgetOccupants();
    CHECK_FALSE(board.state({6, 4}).ownerGone);
}

TEST_CASE(
    "[truth-10] in a container an owner that nobody sees is hidden, not the kernel, and the error says where to go") {
    Board board;
    board.kernel.partitions[0].inKernel = true;
    CHECK(board.state({6, 4}).owner->kind == OwnerKind::kernel);
    board.kernel.space = "pid:[4026532101]";
    board.engine.forgetOccupants();
    CHECK(board.state({6, 4}).owner->kind == OwnerKind::hidden);
    try {
        board.word({6, 4}, MemoryType::data, 0);
        FAIL("it was read");
    } catch (const CoreError& error) {
        CHECK(error.code() == "owner-hidden");
        CHECK(error.facts() == std::vector<Fact>{{"missing", std::string("pid-namespace")}});
    }
    const auto findings = board.describe().findings;
    CHECK(std::any_of(findings.begin(), findings.end(),
                      [](const std::string& one) { return one.find("PID namespace") != std::string::npos; }));
}

TEST_CASE("[truth-10] an owner that closed its descriptor is found by its mapping, and keeps its epoch") {
    Board board;
    board.kernel.own(0, 500, {1000, "app", {}, false});
    const PartitionState open = board.state({6, 4});
    CHECK(board.kernel.mapsRead == 0);
    board.kernel.processes[500].links = {{0, "/dev/null"}};
    board.kernel.processes[500].maps = {
        "ffff8a000000-ffff8a100000 r--s 00000000 00:0e 1027                           anon_inode:aiepart_6_4"};
    const PartitionState mapped = board.state({6, 4});
    REQUIRE(mapped.owner);
    CHECK(mapped.owner == open.owner);
    CHECK(mapped.epoch == open.epoch);
    CHECK(codeOf([&] { board.word({6, 4}, MemoryType::data, 0); }) == "no-descriptor");
    // A holder of ours does not hide it, and what is still there is looked at alone.
    board.kernel.processes[600] = holderOf500();
    board.kernel.processes[601] = {1, "other", {}, false};
    board.engine.forgetOccupants();
    CHECK_FALSE(board.state({6, 4}).ownerGone);
    const int read = board.kernel.mapsRead;
    board.state({6, 4});
    CHECK(board.kernel.mapsRead == read + 1);
    board.kernel.processes[500].maps.clear();
    CHECK(board.state({6, 4}).ownerGone);
}

TEST_CASE("[truth-10] an owner that was seen between closing its descriptor and its mapping, and asks anew, is read") {
    Board board;
    board.kernel.own(0, 500, {1000, "app", {}, false});
    board.kernel.poke({6, 1}, 0, 77);
    auto& owner = board.kernel.processes[500];
    const auto links = std::exchange(owner.links, {});
    owner.maps = {"ffff8a000000-ffff8a100000 r--s 00000000 00:0e 1027   anon_inode:aiepart_6_4"};
    CHECK(codeOf([&] { board.word({6, 4}, MemoryType::data, 0); }) == "no-descriptor");
    owner.links = links;
    CHECK(board.word({6, 4}, MemoryType::data, 0) == 77);
}

TEST_CASE("[truth-10] beside the kernel's hold the maps of all processes are read every 5 s at most") {
    Board board;
    board.kernel.partitions[0].inKernel = true;
    board.kernel.processes[601] = {1, "other", {}, false};
    const auto look = [&](std::chrono::milliseconds later) {
        board.kernel.pause(later);
        board.partitions();
        return std::exchange(board.kernel.mapsRead, 0);
    };
    CHECK(look(std::chrono::milliseconds(0)) == 1);
    for (int i = 0; i < 8; i++) CHECK(look(std::chrono::milliseconds(500)) == 0);
    CHECK(look(std::chrono::milliseconds(1100)) == 1);
}

TEST_CASE("[attach-8] a holder is noticed though somebody else's partition was let go while it was waited for") {
    Board board;
    board.kernel.own(0, 500, {});
    board.partitions();
    board.kernel.pauseTakes = std::chrono::milliseconds(1);
    board.kernel.own(1, 501, {});
    CHECK_FALSE(board.engine.poll());
    board.kernel.leave(1);
    board.kernel.processes[600] = holderOf500();
    CHECK(board.state({6, 4}).hold);
}

TEST_CASE("[truth-4] hands that come into sight at a look that asks the driver nothing are waited for, not a failure") {
    Board board(Generation::aieml);
    board.kernel.partitions.push_back({0x200, {0, 2}, board.kernel.shape.numRows(), 0, false, true});
    board.describe();
    CHECK_FALSE(board.poll());
    board.kernel.own(0, 500, {1000, "app", {}, false});
    std::optional<std::vector<PartitionState>> changed;
    for (int look = 0; look < 3 && !changed; look++) {
        auto list = board.engine.poll();
        if (list) changed = std::move(*list);
    }
    REQUIRE(changed);
    REQUIRE(changed->front().owner);
    CHECK(changed->front().owner->pid == 500);
}
