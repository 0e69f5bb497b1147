#include "scan.h"

#include <cstring>
#include <doctest/doctest.h>
#include <functional>
#include <map>
#include <random>

#include "engine.h"
#include "error.h"
#include "fake_kernel.h"
#include "partition_key.h"
#include "restless_driver.h"

using namespace tilescope;
using std::chrono::milliseconds;

namespace {

constexpr ColumnRange columns{6, 4};
constexpr uint64_t tileBytes = 32768;

struct Watched {
    FakeKernel kernel;
    Engine engine{kernel, "/dev/aie0"};
    /** The memory as a client has it, by buffer offset, and where there are no bytes. */
    std::map<uint64_t, uint32_t> words;
    std::map<uint64_t, uint32_t> reasons;
    size_t updates = 0;
    /** Of the last update. */
    std::vector<ByteRange> spans;
    size_t payload = 0;

    Watched() { kernel.own(0, 500, {}); }

    /** Time passes, and the job is taken again when it said; updates are taken over and acknowledged. */
    void run(ScanJob& job, milliseconds time, bool acknowledge = true) {
        const auto end = kernel.clock() + time;
        for (;;) {
            const Progress made = job.step(engine);
            if (job.tells()) {
                take(job);
                if (acknowledge) job.seen();
            }
            if (made.what() != Progress::What::later) continue;
            if (made.at() > end) break;
            kernel.pause(std::max(std::chrono::duration_cast<std::chrono::microseconds>(made.at() - kernel.clock()),
                                  std::chrono::microseconds(1000)));
        }
        if (kernel.clock() < end)
            kernel.pause(std::chrono::duration_cast<std::chrono::microseconds>(end - kernel.clock()));
    }

    void take(const ScanJob& job) {
        updates++;
        spans.clear();
        payload = 0;
        uint64_t end = 0;
        for (const auto& block : job.pack(1000)) {
            CHECK(block.size() <= 1000);
            payload += block.size();
            for (size_t at = 0; at < block.size();) {
                const uint32_t offset = word(block, at);
                const uint32_t second = word(block, at + 4);
                const uint32_t length = second & 0xFFFFFFU;
                at += changeHeadBytes;
                REQUIRE(length != 0);
                REQUIRE(length % 4 == 0);
                REQUIRE(offset >= end);
                end = offset + length;
                spans.push_back({offset, length});
                for (uint32_t i = 0; i < length; i += 4) {
                    reasons[offset + i] = second >> 24U;
                    words[offset + i] = second >> 24U == 0 ? word(block, at + i) : 0;
                }
                if (second >> 24U == 0) at += length;
            }
        }
    }
    static uint32_t word(const std::vector<uint8_t>& bytes, size_t at) {
        uint32_t value = 0;
        memcpy(&value, &bytes.at(at + 3) - 3, 4);
        return value;
    }
};

ScanRequest request(std::vector<ByteRange> ranges, milliseconds period = milliseconds(100), uint64_t budget = 0) {
    return {{partitionKey(columns), MemoryType::data, period, budget}, std::move(ranges)};
}

std::string codeOf(const std::function<void()>& act) {
    try {
        act();
    } catch (const CoreError& error) {
        return error.code();
    }
    return "";
}

} // namespace

TEST_CASE("[live-1] a watch tells everything once, then what changed; that nothing did, once a second") {
    Watched board;
    board.kernel.poke({6, 1}, 8, 0x1234);
    ScanJob job(request({{0, 64}, {tileBytes, 32}}));
    board.run(job, milliseconds(1));
    CHECK(board.spans == std::vector<ByteRange>{{0, 64}, {tileBytes, 32}});
    CHECK(board.words[8] == 0x1234);
    CHECK(job.at() == 42);
    CHECK_FALSE(job.epoch().empty());
    board.kernel.poke({6, 1}, 12, 5);
    board.kernel.poke({6, 2}, 16, 6);
    board.kernel.poke({6, 1}, 64, 7); // not watched
    board.run(job, milliseconds(100));
    CHECK(board.updates == 2);
    CHECK(board.spans == std::vector<ByteRange>{{12, 4}, {tileBytes + 16, 4}});
    CHECK(board.payload == 2 * (changeHeadBytes + 4));
    board.run(job, milliseconds(900));
    CHECK(board.updates == 2);
    board.run(job, milliseconds(300));
    CHECK(board.updates == 3);
    CHECK(board.spans.empty());
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[live-1] no look is made while an update is under way: what changes meanwhile comes as it is then") {
    Watched board;
    ScanJob job(request({{0, 64}}));
    board.run(job, milliseconds(1), false);
    const int calls = board.kernel.calls;
    board.kernel.poke({6, 1}, 0, 1);
    board.run(job, milliseconds(5000), false);
    CHECK(board.kernel.calls == calls);
    board.kernel.poke({6, 1}, 0, 2);
    job.seen();
    board.run(job, milliseconds(1));
    CHECK(board.updates == 2);
    CHECK(board.words[0] == 2);
}

TEST_CASE("[live-1] a watch that moves keeps what lies in both: only the rest is told, at once") {
    Watched board;
    ScanJob job(request({{0, 64}, {128, 64}}, milliseconds(1000)));
    board.run(job, milliseconds(1));
    board.kernel.poke({6, 1}, 132, 9);
    board.run(job, shortestPeriod);
    job.change(request({{32, 128}, {4096, 16}}, milliseconds(1000)));
    board.run(job, milliseconds(1));
    CHECK(board.updates == 2);
    CHECK(board.spans ==
          std::vector<ByteRange>{{64, 72}, {4096, 16}}); // 132 changed; 128 is a gap too short to leave out
    CHECK(board.words[132] == 9);
    // What was left out is told anew when it comes back.
    board.run(job, shortestPeriod);
    job.change(request({{0, 64}}, milliseconds(1000)));
    board.run(job, milliseconds(1));
    CHECK(board.spans == std::vector<ByteRange>{{0, 32}});
}

TEST_CASE("[live-1] gates are told like bytes, and a look that did not get there tells nothing") {
    Watched board;
    board.kernel.gate({6, 8}, 9);
    ScanJob job(request({{7 * tileBytes, 16}}));
    board.run(job, milliseconds(1));
    CHECK(board.reasons[7 * tileBytes] == static_cast<uint32_t>(Reason::gated));
    CHECK(board.payload == changeHeadBytes);
    board.run(job, milliseconds(200));
    CHECK(board.updates == 1);
}

TEST_CASE("[live-12] a look that broke off is gone on with by the next one: what lies behind is told, too, and again") {
    Watched board;
    RestlessDriver driver(board.engine);
    std::vector<ByteRange> ranges;
    for (uint64_t tile = 0; tile < 8; tile++) ranges.push_back({tile * tileBytes + 16, 32});
    ScanJob job(request(ranges, milliseconds(20)));
    for (uint32_t value = 1; value <= 3; value++) {
        const auto poked = board.kernel.clock();
        bool isCovered = false;
        for (uint32_t row = 1; row <= 8; row++) board.kernel.poke({6, row}, 16, value);
        const auto end = board.kernel.clock() + milliseconds(400);
        while (board.kernel.clock() < end) {
            board.kernel.pause(milliseconds(5));
            const auto rounds = job.rounds();
            static_cast<void>(job.step(driver));
            if (job.rounds() != rounds) driver.over();
            if (job.tells()) {
                board.take(job);
                job.seen();
            }
            // No word is older than the job says.
            if (job.rounds() == rounds) continue;
            if (!job.coveredSince() || *job.coveredSince() < poked) continue;
            CHECK(*job.coveredSince() <= job.roundBegan());
            isCovered = true;
            for (const ByteRange& range : ranges) CHECK(board.words[range.offset] == value);
        }
        CHECK(isCovered);
        for (const ByteRange& range : ranges) CHECK(board.words[range.offset] == value);
    }
}

TEST_CASE("[live-1] a free partition is never taken, and a watch ends with the epoch that it began in") {
    Watched board;
    ScanJob job(request({{0, 64}}));
    board.run(job, milliseconds(1));
    board.kernel.leave(0);
    board.kernel.events.clear();
    CHECK(codeOf([&] { board.run(job, milliseconds(5000)); }) == "not-asked");
    CHECK(std::count(board.kernel.events.begin(), board.kernel.events.end(), "request") == 0);
    ScanJob free(request({{0, 64}}));
    CHECK(codeOf([&] { board.run(free, milliseconds(5000)); }) == "not-asked");

    Watched other;
    ScanJob second(request({{0, 64}}));
    other.run(second, milliseconds(1));
    other.kernel.leave(0);
    other.kernel.own(0, 501, {2000, "app", {}, false});
    CHECK(codeOf([&] { other.run(second, milliseconds(5000)); }) == "epoch");
}

TEST_CASE("[live-1] the budget of words and the time that a look takes make looks fewer, never the screen wrong") {
    const ScanRequest asked = request({{0, 64}}, milliseconds(100), 1000);
    WatchPace pace;
    const WatchPace::Time begin{std::chrono::seconds(10)};
    CHECK(pace.due() < begin);
    pace.checked(begin, begin + milliseconds(1), 16, asked);
    CHECK(pace.due() == begin + milliseconds(100));
    pace.checked(begin, begin + milliseconds(1), 500, asked); // half a second's words
    CHECK(pace.due() == begin + milliseconds(500));
    pace.moved(); // what came into sight may not cost more either
    CHECK(pace.due() == begin + milliseconds(500));
    pace.checked(begin, begin + milliseconds(1), 16, asked);
    pace.moved();
    CHECK(pace.due() == begin + shortestPeriod);
    pace.checked(begin, begin + milliseconds(400), 16, asked); // a slow device rests as long as it worked
    CHECK(pace.due() == begin + milliseconds(800));
    ScanRequest unlimited = asked;
    unlimited.wordsPerSecond = 0;
    pace.checked(begin, begin + milliseconds(1), 1'000'000, unlimited);
    CHECK(pace.due() == begin + milliseconds(100));
}

TEST_CASE("[live-2] a watch counts the words that it reads, and reads no more in a second than it may") {
    for (const uint64_t most : {2000, 20000, 200000}) {
        Watched board;
        ScanJob job(request({{0, 4096}}, milliseconds(20), most));
        board.run(job, milliseconds(10000));
        CHECK(job.words() % 1024 == 0);
        CHECK(job.words() <= most * 10 + 1024);
        CHECK(job.words() >= std::min(most * 10, uint64_t{10000 / 20 * 1024}) - 2 * 1024);
    }
}

TEST_CASE("[live-1] what cannot be watched is refused before anything is looked at") {
    for (const std::vector<ByteRange>& ranges : std::vector<std::vector<ByteRange>>{{},
                                                                                    {{0, 0}},
                                                                                    {{2, 4}},
                                                                                    {{0, 6}},
                                                                                    {{16, 4}, {0, 4}},
                                                                                    {{0, 8}, {4, 8}},
                                                                                    {{0, mostScanBytes + 4}},
                                                                                    {{~uint64_t{3}, 4}},
                                                                                    {{0, ~uint64_t{3}}}}) {
        CHECK(codeOf([&] { ScanJob job(request(ranges)); }) == "out-of-range");
    }
    CHECK(codeOf([&] { ScanJob job(request({{0, 4}}, milliseconds(1))); }) == "out-of-range");
    CHECK(codeOf([&] { ScanJob job(request({{0, 4}}, milliseconds(100'000))); }) == "out-of-range");
    Watched board;
    ScanJob outside(request({{4 * 8 * tileBytes - 4, 8}}));
    CHECK(codeOf([&] { board.run(outside, milliseconds(1)); }) == "out-of-range");
}

TEST_CASE("[live-1] whatever changes and wherever the watch moves, the client has what the memory holds") {
    const char* wanted = getenv("SEED");
    const auto seed = wanted != nullptr ? static_cast<uint32_t>(strtoul(wanted, nullptr, 10)) : std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    Watched board;
    const auto ranges = [&] {
        std::vector<ByteRange> all;
        for (uint64_t at = random() % 64 * 4; at < 3 * tileBytes && all.size() < 5;) {
            const uint64_t length = (1 + random() % 300) * 4;
            all.push_back({at, length});
            at += length + random() % 3 * 4 + (random() % 4 == 0 ? tileBytes : 0);
        }
        return all;
    };
    auto watched = ranges();
    ScanJob job(request(watched, milliseconds(20)));
    for (int round = 0; round < 200; round++) {
        if (random() % 4 == 0) {
            watched = ranges();
            job.change(request(watched, milliseconds(20)));
        }
        const uint32_t changes = random() % 40;
        for (uint32_t i = 0; i < changes; i++) {
            const uint64_t at =
                random() % 8 == 0 ? random() % (3 * tileBytes / 4) * 4 : watched[0].offset + random() % 64 * 4;
            board.kernel.poke({6, 1 + static_cast<uint32_t>(at / tileBytes)}, static_cast<uint32_t>(at % tileBytes),
                              random() % 3);
        }
        board.run(job, milliseconds(20));
        for (const ByteRange& range : watched) {
            for (uint64_t at = range.offset; at < range.end(); at += 4) {
                const Tile tile{6, 1 + static_cast<uint32_t>(at / tileBytes)};
                REQUIRE(board.words.contains(at));
                REQUIRE(board.words[at] == board.kernel.peek(tile, static_cast<uint32_t>(at % tileBytes)));
            }
        }
    }
    CHECK(board.kernel.held() == 0);
}
