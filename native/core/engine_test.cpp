#include "engine.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

#include "in_steps.h"
#include "partition_key.h"

using namespace tilescope;

namespace {

uint32_t wordAt(const std::vector<uint8_t>& bytes, size_t at) {
    return uint32_t{bytes[at]} | uint32_t{bytes[at + 1]} << 8U | uint32_t{bytes[at + 2]} << 16U |
           uint32_t{bytes[at + 3]} << 24U;
}

} // namespace

TEST_CASE("describing looks at sysfs and ENQUIRE only, and holds nothing afterwards") {
    Board board;
    const Description found = board.describe();
    CHECK(found.family == Family::linux2020);
    CHECK(found.generation == Generation::aie);
    CHECK(found.partitions.size() == 3);
    CHECK(board.kernel.events == std::vector<std::string>{"open device", "close device"});
}

TEST_CASE("[attach-2] a driver that nobody knows needs consent, and is only read, by pread") {
    Board board;
    board.kernel.sysfs = {"aiepart_6_4"}; // no device of that name
    CHECK(board.describe().family == Family::unknown);
    CHECK(codeOf([&] { board.open({6, 4}, false); }) == "unknown-driver");
    // Without pread there is no way that the kernel checks.
    CHECK(codeOf([&] { board.open({6, 4}, true); }) == "unknown-driver");
    CHECK(std::count(board.kernel.events.begin(), board.kernel.events.end(), "map") == 0);
    Board other;
    other.kernel.sysfs = {"aiepart_6_4"};
    other.kernel.folders["/sys/firmware/devicetree/base"] = {"ai-engine@0"};
    other.kernel.texts["/sys/firmware/devicetree/base/ai-engine@0/compatible"] = "xlnx,ai-engine-v1.0";
    other.kernel.positionedWorks = true;
    other.kernel.poke({6, 1}, 8, 0x77);
    const auto memories = other.open({6, 4}, true);
    REQUIRE(memories.size() == 2);
    CHECK_FALSE(memories[0].writable);
    CHECK(wordAt(other.read({partitionKey({6, 4}), MemoryType::data, {{8, 4}}, {}}).bytes[0], 0) == 0x77);
    const WriteRequest request{partitionKey({6, 4}), MemoryType::data, other.epoch(), true, {}, {{0, 0, ~0U, 1}}};
    CHECK(codeOf([&] { other.write(request); }) == "unknown-driver");
    CHECK(std::count(other.kernel.events.begin(), other.kernel.events.end(), "map") == 0);
}

TEST_CASE("[truth-12] what is no node of the driver gets no request, and ends every epoch that was known") {
    Board board;
    const std::string before = board.epoch();
    board.poll();
    board.kernel.otherDevice = "watchdog";
    const int calls = board.kernel.calls;
    try {
        board.describe();
        FAIL("it was described");
    } catch (const CoreError& error) {
        CHECK(error.code() == "other-device");
        CHECK(error.facts() == std::vector<Fact>{{"path", "/dev/aie0"}, {"found", "watchdog"}});
    }
    CHECK(board.kernel.calls == calls + 1);
    const auto list = board.poll();
    REQUIRE(list.has_value());
    CHECK(list->empty());
    board.kernel.otherDevice.clear();
    CHECK(board.epoch() != before);
}

TEST_CASE("a missing node, a refused node and a strange one are told apart") {
    Board board;
    board.kernel.deviceError = ENOENT;
    CHECK(codeOf([&] { board.partitions(); }) == "no-device");
    board.kernel.deviceError = EACCES;
    CHECK(codeOf([&] { board.partitions(); }) == "permission");
    board.kernel.deviceError = EIO;
    CHECK(codeOf([&] { board.partitions(); }) == "driver");
}

TEST_CASE("counts and sizes from the kernel are not believed") {
    Board board;
    board.kernel.hostileCount = 4'000'000'000U;
    CHECK(board.partitions().size() == 3);
    board.kernel.partitions[1].columns.numCols = 1'000'000;
    CHECK(board.describe().partitions.size() == 2);
}

TEST_CASE("unknown columns, and shim tiles only, have errors of their own") {
    Board board;
    CHECK(codeOf([&] { board.open({7, 4}, false); }) == "no-partition");
    CHECK(codeOf([&] { board.open({30, 3}, false); }) == "no-memory-types");
    CHECK(codeOf([&] { board.read({partitionKey({30, 3}), MemoryType::data, {{0, 4}}, {}}); }) == "no-memory-types");
    CHECK(std::count(board.kernel.events.begin(), board.kernel.events.end(), "map") == 0);
}

TEST_CASE("[main-8] [attach-6] an open partition's memories are the same free and beside its owner") {
    Board board;
    CHECK(board.open({6, 4}, false)[0].writable);
    board.kernel.own(0, 500, {});
    const auto memories = board.open({6, 4}, false);
    REQUIRE(memories.size() == 2);
    CHECK(memories[0].writable); // after unlocking
    CHECK(memories[1].geometry.tileBase == 0x20000);
}

TEST_CASE("[main-8] [main-9] random reads agree with a naive model, free and beside an owner") {
    constexpr uint32_t seed = 424242;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    Board board;
    std::vector<uint32_t> gatedFrom(10, 9); // by column: the first gated row
    for (uint32_t col = 6; col < 10; col++) {
        for (uint32_t row = 1; row < 9; row++) {
            for (uint32_t i = 0; i < 400; i++) {
                board.kernel.poke({col, row}, random() % 0x2000 * 4, static_cast<uint32_t>(random()));
                board.kernel.poke({col, row}, 0x20000 + random() % 0x1000 * 4, static_cast<uint32_t>(random()));
            }
            if (random() % 6 == 0) board.kernel.poke({col, row}, aieMap().coreControl, array::coreEnabled);
        }
    }
    board.kernel.gate({7, 5}, 9);
    gatedFrom[7] = 5;
    board.kernel.gate({9, 1}, 9);
    gatedFrom[9] = 1;
    const uint64_t caughtBefore = guard::caught();
    for (int round = 0; round < 300; round++) {
        if (round == 150) board.kernel.own(0, 500, {});
        const auto type = random() % 2 == 0 ? MemoryType::data : MemoryType::program;
        const MemoryGeometry geometry = aieMemories({6, 4}, 9)[static_cast<size_t>(type)];
        ReadRequest request{partitionKey({6, 4}), type, {}, {}};
        for (uint32_t i = 0; i < 1 + random() % 6; i++) {
            const uint64_t offset = random() % geometry.totalBytes();
            const uint64_t length = std::min<uint64_t>(random() % 70000, geometry.totalBytes() - offset);
            request.ranges.push_back({offset, length});
        }
        if (random() % 3 == 0) request.openTiles.push_back(static_cast<uint32_t>(random() % 32));
        Collector collector(request.ranges);
        collector.mostRoom = random() % 3 == 0 ? 1 + random() % 5000 : ~uint64_t{0};
        collector.perStep = random() % 3 == 0 ? 1 + random() % 50000 : ~uint64_t{0};
        ReadJob job(request);
        while (!job.step(board.engine, collector).isDone()) collector.given = 0;

        std::vector<Span> expected;
        for (size_t r = 0; r < request.ranges.size(); r++) {
            const ByteRange& range = request.ranges[r];
            for (uint64_t i = 0; i < range.length;) {
                const uint64_t at = range.offset + i;
                const uint32_t index = geometry.tileIndex(at);
                const Tile tile = geometry.tile(index);
                const uint64_t inTile = pieceAt(geometry, range, at, ~uint64_t{0} - at).length;
                const bool gated = tile.row >= gatedFrom[tile.col];
                const bool opened = std::count(request.openTiles.begin(), request.openTiles.end(), index) != 0;
                const bool running = !gated && type == MemoryType::program && !opened &&
                                     board.kernel.peek(tile, aieMap().coreControl) == array::coreEnabled;
                if (gated || running) {
                    const Reason reason = gated ? Reason::gated : Reason::coreRunning;
                    if (!expected.empty() && expected.back().reason == reason &&
                        expected.back().offset + expected.back().length == at) {
                        expected.back().length += inTile;
                    } else {
                        expected.push_back({at, inTile, reason});
                    }
                } else {
                    uint64_t wrong = 0;
                    for (uint64_t k = 0; k < inTile; k++) {
                        const auto place = static_cast<uint32_t>((at + k) % geometry.bytesPerTile);
                        const uint32_t word = board.kernel.peek(tile, geometry.tileBase + place / 4 * 4);
                        wrong += collector.bytes[r][i + k] != static_cast<uint8_t>(word >> (place % 4 * 8)) ? 1 : 0;
                        if (k == 16) k = std::max<uint64_t>(k, inTile < 32 ? k : inTile - 16); // both ends suffice
                    }
                    REQUIRE(wrong == 0);
                }
                i += inTile;
            }
        }
        CAPTURE(round);
        REQUIRE(collector.spans == expected);
        REQUIRE(board.kernel.held() == 0);
    }
    CHECK(guard::caught() == caughtBefore); // no gated tile was touched
}

TEST_CASE("[main-9] a tile that faults although its clock looks on becomes bus-error spans, the rest is read") {
    Board board;
    board.kernel.poke({6, 2}, 0x10, 5);
    board.kernel.vanish({6, 1});
    board.kernel.poke({6, 0}, aieMap().columnClock, 3);
    // Its own clock register faults too: tiles above it cannot be judged, tile
    // (7,1) can.
    const auto got = board.read({partitionKey({6, 4}), MemoryType::data, {{0, 0x8000 * 9}}, {}});
    REQUIRE(got.spans.size() == 1);
    CHECK(got.spans[0] == Span{0, 0x8000 * 8, Reason::busError});
}

TEST_CASE("ranges and open tiles outside of the memory are refused before anything is read") {
    Board board;
    const auto code = [&](std::vector<ByteRange> ranges, std::vector<uint32_t> open) {
        return codeOf([&] {
            board.read({partitionKey({6, 4}), MemoryType::data, std::move(ranges), std::move(open)});
        });
    };
    CHECK(code({{1048576, 1}}, {}) == "out-of-range");
    CHECK(code({{0, 1048577}}, {}) == "out-of-range");
    CHECK(code({{~uint64_t{0}, 2}}, {}) == "out-of-range");
    CHECK(code({}, {}) == "out-of-range");
    CHECK(code(std::vector<ByteRange>(mostRanges + 1, {0, 4}), {}) == "out-of-range");
    CHECK(code({{0, 4}}, {32}) == "out-of-range");
    CHECK(code({{1048576, 0}}, {31}).empty());
}

TEST_CASE("[main-8] a long read lets go between its steps, and reports what an owner's arrival left unread") {
    Board board;
    const std::vector<ByteRange> ranges{{0, 1048576}};
    Collector collector(ranges);
    collector.perStep = 65536;
    ReadJob job({partitionKey({6, 4}), MemoryType::data, ranges, {}});
    CHECK(job.step(board.engine, collector).what() == Progress::What::more);
    CHECK(board.kernel.held() == 0);
    const std::string epoch = job.epoch();
    board.kernel.own(0, 500, {});
    collector.given = 0;
    CHECK(job.step(board.engine, collector).isDone());
    REQUIRE(collector.spans.size() == 1);
    CHECK(collector.spans[0].reason == Reason::notRead);
    CHECK(collector.spans[0].offset >= 16384);
    CHECK(collector.spans[0].offset + collector.spans[0].length == 1048576);
    CHECK(job.epoch() == epoch);
}

TEST_CASE("[main-8] whatever fails after the first slice of a read, its bytes stay and the rest is not read") {
    const std::vector<std::pair<const char*, std::function<void(Board&)>>> failures{
        {"no-device", [](Board& board) { board.kernel.deviceError = ENODEV; }},
        {"permission", [](Board& board) { board.kernel.deviceError = EACCES; }},
        {"driver", [](Board& board) { board.kernel.memoriesError = EIO; }}};
    for (const auto& [name, fail] : failures) {
        CAPTURE(name);
        Board board;
        const std::vector<ByteRange> ranges{{0, 1048576}};
        Collector collector(ranges);
        collector.perStep = 65536;
        ReadJob job({partitionKey({6, 4}), MemoryType::data, ranges, {}});
        REQUIRE(job.step(board.engine, collector).what() == Progress::What::more);
        const uint64_t given = collector.given;
        fail(board);
        collector.given = 0;
        CHECK(job.step(board.engine, collector).isDone());
        CHECK(collector.spans == std::vector<Span>{{given, 1048576 - given, Reason::notRead}});
        CHECK_FALSE(job.epoch().empty());
    }
}

TEST_CASE("[main-8] a partition taken between the look and the request is read beside its new owner") {
    Board board;
    board.kernel.poke({6, 1}, 0, 0x5A);
    board.kernel.beforeRequest = [&] {
        if (board.kernel.partitions[0].owner == 0) board.kernel.own(0, 500, {});
    };
    CHECK(wordAt(board.read({partitionKey({6, 4}), MemoryType::data, {{0, 4}}, {}}).bytes[0], 0) == 0x5A);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[main-16] a partition that is taken before each of our requests is busy, and who took it last is named") {
    Board board;
    int64_t pid = 497;
    board.kernel.beforeRequest = [&] { board.kernel.own(0, ++pid, {}); };
    board.kernel.beforeEnquire = [&] {
        if (board.kernel.requests.size() < 3) board.kernel.leave(0);
    };
    try {
        board.read({partitionKey({6, 4}), MemoryType::data, {{0, 4}}, {}});
        FAIL("read");
    } catch (const CoreError& error) {
        CHECK(error.code() == "busy");
        CHECK(error.errnum() == EBUSY);
        const auto has = [&](const Fact& fact) {
            return std::count(error.facts().begin(), error.facts().end(), fact) == 1;
        };
        CHECK(has({"pid", int64_t{500}}));
        CHECK(has({"command", std::string("app")}));
    }
    CHECK(board.kernel.requests.size() == 3);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[main-8] a write whose epoch is not the current one is refused whole") {
    Board board;
    const std::string before = board.epoch();
    board.kernel.own(0, 500, {});
    board.partitions();
    board.kernel.leave(0);
    const WriteRequest request{partitionKey({6, 4}), MemoryType::data, before, false, {}, {{0, 0, ~0U, 1}}};
    CHECK(codeOf([&] { board.write(request); }) == "epoch");
    CHECK(board.kernel.peek({6, 1}, 0) == 0);
}

TEST_CASE("[attach-7] [truth-21] whoever let go a moment ago may start again first: a lease waits for 200 ms") {
    Board board;
    board.kernel.own(0, 500, {});
    board.partitions();
    board.kernel.leave(0);
    const auto begin = board.kernel.clock();
    board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}});
    CHECK(board.kernel.clock() - begin >= std::chrono::milliseconds(200));
    CHECK(board.kernel.clock() - begin <= std::chrono::milliseconds(300));
    const auto again = board.kernel.clock();
    board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}});
    CHECK(board.kernel.clock() == again); // nobody was here since
}

TEST_CASE("[truth-21] what nobody asked for takes no free partition, and says so; beside an owner it is read") {
    Board board;
    const ReadRequest request{partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}, Asking::nobody};
    CHECK(codeOf([&] { board.read(request); }) == "not-asked");
    Visit visit{Asking::nobody};
    CHECK(codeOf([&] { std::ignore = board.engine.access().openWay({6, 4}, Purpose::read, visit); }) == "not-asked");
    board.open({6, 4}, false); // a known array: its layout is no reason to take it
    CHECK(board.kernel.requests.empty());
    board.kernel.poke({6, 1}, 0, 0x11223344);
    board.kernel.own(0, 500, {});
    board.kernel.opened = board.kernel.clock() + std::chrono::milliseconds(1);
    CHECK(wordAt(board.read(request).bytes[0], 0) == 0x11223344);
    CHECK(board.kernel.requests.empty());
}

TEST_CASE("[truth-21] once all was gated, what is looked at is gated without a lease; a person's question takes one") {
    Board board;
    const auto spans = [&](Asking asking) {
        return board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}, {4096, 8}}, {}, asking}).spans;
    };
    // A busy machine may need more than one lease for a request.
    const auto leases = [&] { return board.kernel.requests.size(); };
    CHECK(spans(Asking::look).empty());
    for (uint32_t col = 6; col < 10; col++) board.kernel.gate({col, 1}, 9);
    const std::vector<Span> gated{{0, 64, Reason::gated}, {4096, 8, Reason::gated}};
    CHECK(spans(Asking::look) == gated);
    size_t before = leases();
    CHECK(spans(Asking::look) == gated);
    CHECK(codeOf([&] {
              board.read({partitionKey({6, 4}), MemoryType::data, {{1U << 30U, 8}}, {}});
          }) == "out-of-range");
    CHECK(leases() == before);
    CHECK(spans(Asking::person) == gated);
    CHECK(leases() > before);
    for (uint32_t col = 6; col < 10; col++) board.kernel.ungate(col);
    CHECK(spans(Asking::person).empty());
    before = leases();
    CHECK(spans(Asking::look).empty());
    CHECK(leases() > before);
}

TEST_CASE("[truth-21] a long read has a free partition for a tenth of the time at most; Read Fast does not wait") {
    for (const bool fast : {false, true}) {
        CAPTURE(fast);
        Board board;
        constexpr std::chrono::milliseconds taking{13};
        board.kernel.requestTakes = taking;
        const std::vector<ByteRange> ranges{{0, 65536}};
        Collector sink(ranges);
        sink.perStep = 8192;
        sink.mostRoom = 8192;
        ReadJob job({partitionKey({6, 4}), MemoryType::data, ranges, {}, fast ? Asking::fast : Asking::person});
        const auto begin = board.kernel.clock();
        finish(board.kernel, [&] {
            sink.given = 0;
            const Progress made = job.step(board.engine, sink);
            CHECK(board.kernel.held() == 0);
            return made;
        });
        CHECK(sink.spans.empty());
        const auto leases = board.kernel.requests.size();
        REQUIRE(leases >= 8);
        const auto whole = board.kernel.clock() - begin;
        CHECK((whole >= taking * static_cast<int>(leases - 1) * 10) == !fast);
    }
}

TEST_CASE("[truth-21] an opening of the node ends a long read, which says so, and keeps us away for 2 s") {
    Board board;
    const std::vector<ByteRange> ranges{{0, 16384}};
    Collector sink(ranges);
    sink.perStep = 4096;
    sink.mostRoom = 4096;
    ReadJob job({partitionKey({6, 4}), MemoryType::data, ranges, {}, Asking::fast});
    CHECK(job.step(board.engine, sink).what() == Progress::What::more);
    board.kernel.pause(std::chrono::milliseconds(5));
    board.kernel.opened = board.kernel.clock();
    const auto since = board.kernel.clock();
    sink.given = 0;
    // Whoever opened it is looked for before the driver is asked.
    finish(board.kernel, [&] { return job.step(board.engine, sink); });
    CHECK(job.gaveWay());
    CHECK(sink.spans == std::vector<Span>{{4096, 12288, Reason::notRead}});
    CHECK(board.kernel.requests.size() == 1);
    board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}, Asking::person});
    CHECK(board.kernel.clock() - since >= std::chrono::seconds(2));
    CHECK(board.kernel.clock() - since < std::chrono::milliseconds(2100));
    CHECK(board.kernel.requests.size() == 2);
}

TEST_CASE("[truth-21] while it waits the driver is asked twenty times a second at most") {
    Board board;
    board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}});
    board.kernel.opened = board.kernel.clock();
    int enquiries = 0;
    board.kernel.beforeEnquire = [&] { enquiries++; };
    board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}});
    CHECK(enquiries <= 42);
    CHECK(enquiries >= 2);
}

TEST_CASE("[truth-21] a start that was refused because of a lease is told, by name where somebody is seen") {
    for (const bool seen : {true, false}) {
        CAPTURE(seen);
        Board board;
        board.kernel.logLines = {"3,1,2,-;aie aiepart_6_4: request partition 1 failed, partition in use."}; // before
        board.kernel.beforeRequest = [&] {
            if (seen) board.kernel.processes[77] = {1000, "my_app", {{4, "/dev/aie0"}}, false};
            board.kernel.logLines = {"3,2,2,-;usb 1-1: new device",
                                     "3,3,2,-;aie aiepart_20_2: request partition 2 failed, partition in use.",
                                     "3,4,2,-;aie aiepart_6_4: request partition 1 failed, partition in use."};
        };
        board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}});
        const auto refused = board.engine.takeRefusedStarts();
        REQUIRE(refused.size() == 1);
        CHECK(refused[0].columns == ColumnRange{6, 4});
        CHECK(refused[0].pid == (seen ? 77 : 0));
        CHECK(refused[0].command == (seen ? "my_app" : ""));
        CHECK(board.engine.takeRefusedStarts().empty());
    }
}

TEST_CASE("[truth-4] while hands are waited for, a description neither opens the node nor reads again what it says") {
    Board board;
    board.kernel.own(0, 500, {1000, "app", {}, false});
    board.kernel.pauseTakes = std::chrono::milliseconds(1);
    const auto begin = board.kernel.clock();
    const Description found = answerOf(board.kernel, [&] { return board.engine.describe(begin); });
    CHECK(board.kernel.clock() - begin >= std::chrono::milliseconds(50));
    CHECK(board.count("open device") == 1);
    // Those that are asked each time say the same.
    Board other;
    other.kernel.own(0, 500, {1000, "app", {}, false});
    other.kernel.pauseTakes = std::chrono::milliseconds(1);
    const Description asked = other.describe();
    CHECK(other.count("open device") > 1);
    CHECK(found.findings == asked.findings);
    REQUIRE(found.partitions.size() == asked.partitions.size());
    CHECK(found.partitions.front().owner->pid == 500);
}

TEST_CASE("[truth-4] during each enquiry the descriptors of the owners that are known are kept open") {
    Board board;
    board.kernel.own(0, 500, {});
    board.partitions();
    size_t held = 0;
    board.kernel.beforeEnquire = [&] { held = board.kernel.held(); };
    board.partitions();
    CHECK(held == 2); // the node, and a duplicate of the owner's
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[truth-4] whoever came since the last enquiry is found before the next one, and kept open during it") {
    Board board;
    board.partitions();
    board.kernel.own(0, 500, {});
    board.kernel.processes.at(500).links[3] = "/dev/aie0";
    size_t held = 0;
    board.kernel.beforeEnquire = [&] { held = board.kernel.held(); };
    SUBCASE("a process that is new") {}
    SUBCASE("one that was there before, and is seen to open the node") {
        board.kernel.leave(0);
        board.kernel.processes[500] = {};
        board.partitions();
        board.kernel.own(0, 500, {});
        board.kernel.opened = board.kernel.clock() + std::chrono::milliseconds(1);
    }
    SUBCASE("one that had the node open for long") {
        board.kernel.leave(0);
        board.kernel.processes[500].links[3] = "/dev/aie0";
        board.kernel.lastPid = 500;
        board.partitions();
        board.partitions();
        board.kernel.own(0, 500, board.kernel.processes.at(500));
    }
    board.partitions();
    CHECK(held == 2); // the node, and a duplicate of the owner's
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[truth-4] an enquiry waits for whoever is starting, for 2 s at most, and for whoever is ending") {
    Board board;
    board.partitions();
    int enquiries = 0;
    board.kernel.beforeEnquire = [&] { enquiries++; };
    const auto begin = board.kernel.clock();
    board.kernel.processes[500].links[3] = "/dev/aie0";
    CHECK_FALSE(board.engine.partitions());
    CHECK(enquiries == 0);
    // Meanwhile the node stays closed: others would take us for somebody who starts.
    board.kernel.opened = board.kernel.clock();
    board.kernel.pause(std::chrono::milliseconds(1));
    const auto opened = board.count("open device");
    CHECK_FALSE(board.engine.partitions());
    CHECK_FALSE(board.engine.poll());
    CHECK(board.count("open device") == opened);
    SUBCASE("it has its partition soon") {
        board.kernel.own(0, 500, board.kernel.processes.at(500));
        board.partitions();
        CHECK(board.kernel.clock() - begin < std::chrono::milliseconds(100));
        // Its descriptors are gone, and it lives: its last close is to come.
        board.kernel.processes.at(500).links.clear();
        enquiries = 0;
        CHECK_FALSE(board.engine.partitions());
        CHECK(enquiries == 0);
        board.kernel.leave(0);
        board.partitions();
        CHECK(enquiries == 1);
    }
    SUBCASE("it has none, for long") {
        board.partitions();
        CHECK(board.kernel.clock() - begin >= std::chrono::seconds(2));
        const auto known = board.kernel.clock();
        board.partitions();
        CHECK(board.kernel.clock() == known);
        CHECK(enquiries == 2);
    }
    SUBCASE("the node is opened over and over by somebody who is not seen with it") {
        board.partitions();
        board.kernel.listTakes = std::chrono::microseconds(1);
        board.kernel.beforeLink = [&](const std::string&) { board.kernel.opened = board.kernel.clock(); };
        enquiries = 0;
        const auto before = board.kernel.clock();
        // It is said after 20 s, to everybody who waits.
        CHECK(codeOf([&] { board.partitions(); }) == "no-quiet");
        CHECK(board.kernel.clock() - before >= std::chrono::seconds(20));
        CHECK(board.kernel.clock() - before <= std::chrono::milliseconds(20100));
        board.kernel.pause(std::chrono::seconds(1));
        CHECK(codeOf([&] { board.partitions(); }) == "no-quiet");
        board.kernel.pause(std::chrono::seconds(2));
        CHECK_FALSE(board.engine.partitions());
        CHECK(enquiries == 0);
        board.kernel.beforeLink = nullptr;
        board.partitions();
        CHECK(enquiries == 1);
    }
}

TEST_CASE("[truth-4] the driver is not asked about hands that are seen, and for what nobody asked for not at all") {
    Board board;
    board.partitions();
    int enquiries = 0;
    board.kernel.beforeEnquire = [&] { enquiries++; };
    const ReadRequest unasked{partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}, Asking::nobody};
    // Owners come, stay or not, and go, each seen to open the node.
    for (int64_t pid = 500; pid < 520; pid++) {
        board.kernel.own(0, pid, {});
        board.kernel.pause(std::chrono::milliseconds(1));
        board.kernel.opened = board.kernel.clock();
        board.kernel.pause(std::chrono::milliseconds(1));
        if (pid % 2 == 0) {
            CHECK(codeOf([&] { board.read(unasked); }) == "");
        }
        board.kernel.leave(0);
        CHECK(codeOf([&] { board.read(unasked); }) == "not-asked");
    }
    CHECK(enquiries == 0);
    // Twice a second at most.
    board.kernel.pause(std::chrono::milliseconds(500));
    CHECK(codeOf([&] { board.read(unasked); }) == "not-asked");
    CHECK(codeOf([&] { board.read(unasked); }) == "not-asked");
    CHECK(enquiries == 1);
    // New hands are there for 50 ms and 50 looks before they count, and the driver is asked once.
    board.kernel.own(0, 600, {});
    board.read({partitionKey({6, 4}), MemoryType::data, {{0, 64}}, {}, Asking::person});
    CHECK(enquiries == 2);
}

TEST_CASE("[main-8] beside another owner every write is refused with locked") {
    Board board;
    board.kernel.own(0, 500, {});
    const WriteRequest request{partitionKey({6, 4}), MemoryType::data, board.epoch(), true, {}, {{0, 0, ~0U, 1}}};
    CHECK(codeOf([&] { board.write(request); }) == "locked");
}

TEST_CASE("[main-8] [main-9] a write over good, gated and running tiles reports each word") {
    Board board;
    board.kernel.gate({6, 8}, 9);
    board.kernel.poke({6, 2}, aieMap().coreControl, array::coreEnabled);
    board.kernel.poke({6, 1}, 0x20008, 9);
    const WriteRequest request{
        partitionKey({6, 4}),
        MemoryType::program,
        board.epoch(),
        false,
        {},
        {{0x8, 9, ~0U, 1}, {0xC, 1, ~0U, 2}, {0x4000, 0, ~0U, 3}, {0x4000 * 2, 0, ~0U, 4}, {0x4000 * 7, 0, ~0U, 5}}};
    const auto outcomes = board.write(request);
    REQUIRE(outcomes.size() == 5);
    CHECK(outcomes[0] == WordOutcome{0x8, Outcome::conflict, Reason::none, 9});
    CHECK(outcomes[1] == WordOutcome{0xC, Outcome::conflict, Reason::none, 0});
    CHECK(outcomes[2] == WordOutcome{0x4000, Outcome::refused, Reason::coreRunning, 0});
    CHECK(outcomes[3] == WordOutcome{0x8000, Outcome::verified, Reason::none, 4});
    CHECK(outcomes[4] == WordOutcome{0x4000 * 7, Outcome::refused, Reason::gated, 0});
    CHECK(board.kernel.peek({6, 3}, 0x20000) == 4);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("words that are unaligned, out of order or outside are refused before anything is written") {
    Board board;
    const std::string epoch = board.epoch();
    for (const std::vector<Word>& words : {std::vector<Word>{{2, 0, 1, 1}},
                                           {{4, 0, 1, 1}, {0, 0, 1, 1}},
                                           {{0, 0, 1, 1}, {0, 0, 1, 1}},
                                           {{0, 0, 1, 1}, {1048576, 0, 1, 1}},
                                           {{0xFFFFFFFC, 0, 1, 1}}}) {
        CHECK(codeOf([&] {
                  board.write({partitionKey({6, 4}), MemoryType::data, epoch, true, {}, words});
              }) == "out-of-range");
    }
    CHECK(board.kernel.peek({6, 1}, 0) == 0);
}

TEST_CASE("[main-8] the partition list is reported when it changed, and only then") {
    Board board;
    board.describe();
    CHECK_FALSE(board.poll());
    board.kernel.own(0, 500, {});
    const auto changed = board.poll();
    REQUIRE(changed);
    CHECK(changed->front().owner->command == "app");
    CHECK(changed->front().owner->startedAt == 1'000'000 + 10'000);
    CHECK_FALSE(board.poll());
    board.kernel.leave(0);
    CHECK(board.poll());
}

TEST_CASE("[main-8] a change of the list is reported even where an answer named it, which nobody may have waited for") {
    Board board;
    board.describe();
    board.kernel.own(0, 500, {});
    board.partitions();
    const auto changed = board.poll();
    REQUIRE(changed);
    CHECK(changed->front().entry.inUse);
    CHECK_FALSE(board.poll());
}

TEST_CASE(
    "[main-8] [attach-6] an owner that nobody can see is hidden, unless everything was looked at: then it is the kernel") {
    Board board;
    board.kernel.partitions[0].owner = 12345;
    board.kernel.processes[700] = {1, "secret", {}, true};
    auto owner = board.partitions().front().owner;
    REQUIRE(owner);
    CHECK(*owner == Owner{OwnerKind::hidden, 0, "", 0});
    CHECK(codeOf([&] { board.read({partitionKey({6, 4}), MemoryType::data, {{0, 4}}, {}}); }) == "owner-hidden");
    CHECK(codeOf([&] { board.open({6, 4}, false); }) == "owner-hidden");
    board.kernel.processes.erase(700);
    owner = board.partitions().front().owner;
    REQUIRE(owner);
    CHECK(owner->kind == OwnerKind::kernel);
    CHECK(codeOf([&] { board.read({partitionKey({6, 4}), MemoryType::data, {{0, 4}}, {}}); }) == "kernel-held");
}

TEST_CASE("[attach-6] searches that fall between two owners are not taken for the kernel's hold") {
    Board board;
    board.kernel.partitions[0].owner = 500;
    board.kernel.duringPause = [&] {
        if (board.kernel.searches == 3) board.kernel.own(0, 500, {});
    };
    const auto owner = answerOf(board.kernel, [&] { return board.engine.state({6, 4}); }).owner;
    REQUIRE(owner);
    CHECK(owner->kind == OwnerKind::process);
    CHECK(owner->pid == 500);
}

namespace {

/** The answer in the end, of steps each of which looks for 8 ms of the pretend clock at most. */
template <typename Act> auto inSteps(FakeKernel& kernel, Act act) {
    return answerOf(kernel, [&] {
        const auto before = kernel.clock();
        auto answer = act();
        REQUIRE(kernel.clock() - before <= std::chrono::milliseconds(9));
        return answer;
    });
}

/** Another program that holds a partition for a while, again and again, with a short gap after each. */
void flicker(Board& board, const std::string& command, int looksHeld, int looksFree) {
    auto at = std::make_shared<int>(0);
    board.kernel.pauseTakes = std::chrono::milliseconds(1);
    board.kernel.own(0, 500, {1000, command, {}, false});
    board.kernel.duringPause = [&board, command, looksHeld, looksFree, at] {
        const int phase = ++*at % (looksHeld + looksFree);
        if (phase == looksHeld) board.kernel.leave(0);
        if (phase == 0) board.kernel.own(0, 500, {1000, command, {}, false});
    };
}

} // namespace

TEST_CASE("[main-8] whoever lets go within 50 ms changes neither epoch nor list, whatever its name") {
    for (const std::string command : {"tilescope-agent", "node", "app"}) {
        CAPTURE(command);
        Board board;
        board.kernel.poke({6, 1}, 0, 0x5A);
        board.describe();
        const std::string epoch = board.epoch();
        flicker(board, command, 20, 1);
        for (int round = 0; round < 20; round++) {
            CHECK_FALSE(inSteps(board.kernel, [&] { return board.engine.poll(); }));
            const auto list = inSteps(board.kernel, [&] { return board.engine.partitions(); });
            CHECK_FALSE(list.front().entry.inUse);
            CHECK(list.front().epoch == epoch);
            board.kernel.pause({});
        }
        const std::vector<ByteRange> ranges{{0, 4}};
        Collector collector(ranges);
        ReadJob job({partitionKey({6, 4}), MemoryType::data, ranges, {}});
        finish(board.kernel, [&] {
            const auto before = board.kernel.clock();
            const Progress made = job.step(board.engine, collector);
            CHECK(board.kernel.clock() - before <= std::chrono::milliseconds(9));
            return made;
        });
        CHECK(wordAt(collector.bytes[0], 0) == 0x5A);
        CHECK(job.epoch() == epoch);
    }
}

TEST_CASE("[main-8] whoever stays is the owner after 50 ms, even under the agent's name, and no step waits for it") {
    Board board;
    board.describe();
    board.kernel.pauseTakes = std::chrono::milliseconds(1);
    board.kernel.own(0, 500, {1000, "tilescope-agent", {}, false});
    const auto before = board.kernel.clock();
    CHECK_FALSE(board.engine.poll());
    const auto list = inSteps(board.kernel, [&] { return board.engine.partitions(); });
    CHECK(list.front().owner->command == "tilescope-agent");
    CHECK(board.kernel.clock() - before >= std::chrono::milliseconds(50));
    CHECK(board.kernel.clock() - before <= std::chrono::milliseconds(60));
    const auto settled = board.kernel.clock();
    board.partitions(); // known by now: no wait at all
    CHECK(board.kernel.clock() == settled);
}

TEST_CASE(
    "[attach-9] who holds a partition unseen is known in the end, though looking at all processes takes longer than a step") {
    Board board;
    board.describe();
    board.kernel.pauseTakes = std::chrono::microseconds(100);
    board.kernel.listTakes = std::chrono::milliseconds(20);
    board.kernel.partitions[0].owner = 12345;
    for (int step = 0; step < 200; step++) {
        const auto list = board.engine.partitions();
        if (!list) continue;
        CHECK(list->front().owner->kind == OwnerKind::kernel);
        return;
    }
    FAIL("still waiting after 200 steps");
}

TEST_CASE("[main-8] something urgent ends the wait at its next look") {
    Board board;
    board.describe();
    board.kernel.pauseTakes = std::chrono::milliseconds(1);
    board.kernel.own(0, 500, {});
    board.engine.hurry(true);
    const auto before = board.kernel.clock();
    CHECK_FALSE(board.engine.partitions());
    CHECK(board.kernel.clock() - before == std::chrono::milliseconds(1));
}

TEST_CASE("[main-8] tiles that are all gated where some were clocked: someone was there unseen, a new epoch") {
    Board board;
    const auto read = [&] { return board.read({partitionKey({6, 4}), MemoryType::data, {{0, 4}}, {}}); };
    read();
    const std::string before = board.epoch();
    board.kernel.gate({7, 1}, 9);
    read();
    CHECK(board.epoch() == before); // one column alone is no trace of a release
    for (const uint32_t col : {6U, 8U, 9U}) board.kernel.gate({col, 1}, 9);
    CHECK(board.epoch() == before); // enquiry alone cannot see it
    const WriteRequest request{partitionKey({6, 4}), MemoryType::data, before, true, {}, {{0, 0, ~0U, 1}}};
    CHECK(codeOf([&] { board.write(request); }) == "epoch");
    const std::string after = board.epoch();
    CHECK(after != before);
    read();
    CHECK(board.epoch() == after);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[main-8] whatever fails after the first written words, the report stays and the rest is refused") {
    // More than one pass in one tile, and one word in another column, whose registers are mapped later.
    constexpr uint32_t firstWords = 1500;
    std::vector<Word> words;
    for (uint32_t i = 0; i < firstWords; i++) words.push_back({i * 4, 0, ~0U, 7});
    words.push_back({0x8000 * 31, 0, ~0U, 7});
    const std::vector<std::pair<const char*, std::function<void(Board&)>>> failures{
        {"no-device", [](Board& board) { board.kernel.deviceError = ENODEV; }},
        {"permission", [](Board& board) { board.kernel.deviceError = EACCES; }},
        {"no-partition", [](Board& board) { board.kernel.partitions.erase(board.kernel.partitions.begin()); }},
        {"driver", [](Board& board) { board.kernel.memoriesError = EIO; }},
        {"locked", [](Board& board) { board.kernel.own(0, 500, {}); }}};
    for (const auto& [name, fail] : failures) {
        CAPTURE(name);
        Board board;
        WriteJob job({partitionKey({6, 4}), MemoryType::data, board.epoch(), false, {}, words});
        std::vector<WordOutcome> outcomes;
        board.engine.hurry(true); // one pass for each step
        REQUIRE(job.step(board.engine, outcomes).what() == Progress::What::more);
        const size_t written = outcomes.size();
        REQUIRE(written > 0);
        board.engine.hurry(false);
        fail(board);
        CHECK(job.step(board.engine, outcomes).isDone());
        REQUIRE(outcomes.size() == words.size());
        for (size_t i = 0; i < words.size(); i++) {
            const WordOutcome expected = i < written
                                             ? WordOutcome{words[i].offset, Outcome::verified, Reason::none, 7}
                                             : WordOutcome{words[i].offset, Outcome::refused, Reason::notRead, 0};
            if (outcomes[i] != expected) FAIL("word " << i);
        }
        CHECK_FALSE(job.epoch().empty());
        CHECK(board.kernel.held() == 0);
    }
    // In the middle of a step, too.
    Board board;
    board.kernel.registersError = [](uint32_t column) { return column == 3 ? ENOMEM : 0; };
    const auto outcomes = board.write({partitionKey({6, 4}), MemoryType::data, board.epoch(), false, {}, words});
    REQUIRE(outcomes.size() == words.size());
    CHECK(outcomes[firstWords - 1].outcome == Outcome::verified);
    CHECK(outcomes[firstWords] == WordOutcome{0x8000 * 31, Outcome::refused, Reason::notRead, 0});
}

TEST_CASE("[main-8] a write by system calls looks at the clock after 256 words, one through a mapping after 1024") {
    std::vector<Word> words;
    for (uint32_t i = 0; i < 1500; i++) words.push_back({i * 4, 0, ~0U, 7});
    for (const bool positioned : {true, false}) {
        Board board;
        board.kernel.positionedWorks = positioned;
        WriteJob job({partitionKey({6, 4}), MemoryType::data, board.epoch(), false, {}, words});
        std::vector<WordOutcome> outcomes;
        board.engine.hurry(true); // one pass for each step
        REQUIRE(job.step(board.engine, outcomes).what() == Progress::What::more);
        CHECK(outcomes.size() == (positioned ? 256 : 1024));
    }
}

TEST_CASE("[main-8] a node that goes away is reported once, as an empty list, and what comes back has another epoch") {
    Board board;
    board.describe();
    const std::string before = board.epoch();
    board.kernel.deviceError = EACCES;
    CHECK(codeOf([&] { board.poll(); }) == "permission");
    board.kernel.deviceError = ENOENT;
    const auto gone = board.poll();
    REQUIRE(gone);
    CHECK(gone->empty());
    CHECK_FALSE(board.poll());
    board.kernel.deviceError = 0;
    const auto back = board.poll();
    REQUIRE(back);
    CHECK(back->size() == 3);
    CHECK(back->front().epoch != before);
}
