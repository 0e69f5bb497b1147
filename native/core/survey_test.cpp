#include "survey.h"

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
constexpr uint32_t tileBytes = 32768;
constexpr uint32_t rows = 8;

struct Surveyed {
    FakeKernel kernel;
    Engine engine{kernel, "/dev/aie0"};
    size_t updates = 0;
    /** Of the last update, by tile: changed words, and why there are none. */
    std::map<uint32_t, uint32_t> changed;
    std::map<uint32_t, uint32_t> reasons;

    Surveyed() { kernel.own(0, 500, {}); }

    /** Time passes, and the job is taken again when it said; updates are taken over and acknowledged. */
    void run(SurveyJob& job, milliseconds time, bool acknowledge = true) {
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

    void take(const SurveyJob& job) {
        updates++;
        changed.clear();
        reasons.clear();
        int64_t last = -1;
        for (const auto& block : job.pack(24)) {
            CHECK(block.size() <= 24);
            REQUIRE(block.size() % 8 == 0);
            for (size_t at = 0; at < block.size(); at += 8) {
                uint32_t record[2];
                memcpy(record, &block.at(at), 8);
                REQUIRE(record[0] > last);
                last = record[0];
                changed[record[0]] = record[1] & 0xFFFFFFU;
                reasons[record[0]] = record[1] >> 24U;
            }
        }
    }
    void poke(uint32_t tile, uint32_t offset, uint32_t value) {
        kernel.poke({columns.startCol + tile / rows, 1 + tile % rows}, offset, value);
    }
};

SurveyRequest request(uint32_t words = 64, milliseconds period = milliseconds(1000), uint64_t budget = 0) {
    return {{partitionKey(columns), MemoryType::data, period, budget}, words};
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

TEST_CASE("[live-3] a survey tells in which tiles words changed; a buffer as long as the distance at each look") {
    Surveyed board;
    SurveyJob job(request());
    board.run(job, milliseconds(1));
    CHECK(board.updates == 1); // what the first look found cannot be compared
    CHECK(board.changed.empty());
    CHECK_FALSE(job.epoch().empty());
    CHECK(job.at() == 42);
    for (uint32_t look = 1; look < 140; look++) { // more looks than words between two: the turn begins anew
        for (uint32_t at = 0; at < 512; at += 4) board.poke(9, 1000 + at, look * 1000 + at);
        for (uint32_t at = 0; at < 2048; at += 4) board.poke(31, at, look);
        board.run(job, milliseconds(1000));
        REQUIRE(board.updates == look + 1);
        REQUIRE(board.changed == std::map<uint32_t, uint32_t>{{9, 1}, {31, 4}});
    }
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("[live-3] a single word that changes is found when its turn comes, and where nothing does, nothing is told") {
    Surveyed board;
    SurveyJob job(request());
    board.run(job, milliseconds(1));
    int found = 0;
    for (uint32_t look = 1; look <= 128; look++) {
        board.poke(3, 4 * 77, look);
        board.run(job, milliseconds(1000));
        REQUIRE(board.changed.size() <= 1);
        if (board.changed.contains(3)) found++;
    }
    CHECK(found == 1);
}

TEST_CASE("[live-3] a survey reads two words for each that it compares, and no more in a second than it may") {
    for (const uint64_t most : {1000, 4096, 100000}) {
        Surveyed board;
        SurveyJob job(request(64, milliseconds(1000), most));
        board.run(job, milliseconds(20000));
        constexpr uint64_t look = 32 * 64 * 2;
        CHECK(job.words() % look == 0);
        CHECK(job.words() <= most * 20 + look);
        CHECK(job.words() >= std::min<uint64_t>(most * 20, 20 * look) - look);
    }
}

TEST_CASE("[live-3] what cannot be read is told once, and is compared only from its second look on when it is back") {
    Surveyed board;
    board.kernel.gate({7, 2}, 9);
    SurveyJob job(request());
    board.run(job, milliseconds(1));
    const uint32_t gated = static_cast<uint32_t>(Reason::gated);
    CHECK(board.reasons[rows + 1] == gated);
    CHECK(board.reasons[rows + 2] == gated); // clocks end with the tile below
    CHECK_FALSE(board.reasons.contains(rows));
    board.run(job, milliseconds(1000));
    CHECK(board.changed.empty());

    Surveyed other;
    other.kernel.gate({7, 1}, 9);
    SurveyJob second(request());
    other.run(second, milliseconds(1));
    CHECK(other.reasons.size() == rows);
    other.kernel.ungate(7);
    other.poke(rows + 1, 0, 5); // it differs from what was read last: nothing
    other.run(second, milliseconds(1000));
    CHECK(other.reasons.size() == rows);
    CHECK(other.reasons[rows + 1] == 0);
    CHECK(other.changed[rows + 1] == 0);
    for (uint32_t at = 0; at < 512; at += 4) other.poke(rows + 1, at, 6);
    other.run(second, milliseconds(1000));
    CHECK(other.changed == std::map<uint32_t, uint32_t>{{rows + 1, 1}});
}

TEST_CASE("[live-3] no look is made while an update is under way") {
    Surveyed board;
    SurveyJob job(request());
    board.run(job, milliseconds(1), false);
    const int calls = board.kernel.calls;
    board.run(job, milliseconds(5000), false);
    CHECK(board.kernel.calls == calls);
    board.poke(0, 4, 1);
    job.seen();
    board.run(job, milliseconds(1));
    CHECK(board.changed == std::map<uint32_t, uint32_t>{{0, 1}});
}

TEST_CASE("[live-3][truth-21] a survey never takes a free partition, and ends with the epoch that it began in") {
    Surveyed board;
    SurveyJob job(request());
    board.run(job, milliseconds(1));
    board.kernel.leave(0);
    board.kernel.events.clear();
    CHECK(codeOf([&] { board.run(job, milliseconds(5000)); }) == "not-asked");
    SurveyJob free(request());
    CHECK(codeOf([&] { board.run(free, milliseconds(5000)); }) == "not-asked");
    CHECK(std::count(board.kernel.events.begin(), board.kernel.events.end(), "request") == 0);

    Surveyed other;
    SurveyJob second(request());
    other.run(second, milliseconds(1));
    other.kernel.leave(0);
    other.kernel.own(0, 501, {2000, "app", {}, false});
    CHECK(codeOf([&] { other.run(second, milliseconds(5000)); }) == "epoch");
}

TEST_CASE(
    "[live-3][live-12] a look that broke off is gone on with by the next one: the last tiles have their turn, too") {
    Surveyed board;
    RestlessDriver driver(board.engine);
    SurveyJob job(request(64, milliseconds(20)));
    constexpr uint32_t tiles = 32;
    std::map<uint32_t, uint32_t> told;
    uint32_t value = 0;
    const auto follow = [&](milliseconds time) {
        const auto end = board.kernel.clock() + time;
        while (board.kernel.clock() < end) {
            const auto rounds = job.rounds();
            static_cast<void>(job.step(driver));
            if (job.rounds() != rounds) driver.over();
            if (job.tells()) {
                board.take(job);
                for (const auto& [tile, changed] : board.changed) told[tile] += changed;
                job.seen();
            }
            board.kernel.pause(milliseconds(5));
        }
    };
    follow(milliseconds(2000));
    CHECK(told.empty());
    CHECK(job.rounds() >= tiles);
    // A buffer as long as the distance in each tile.
    value++;
    for (uint32_t tile = 0; tile < tiles; tile++)
        for (uint32_t at = 0; at < 512; at += 4) board.poke(tile, 1024 + at, value);
    const auto changed = board.kernel.clock();
    follow(milliseconds(2000));
    REQUIRE(job.coveredSince());
    CHECK(*job.coveredSince() >= changed);
    CHECK(*job.coveredSince() < job.roundBegan());
    for (uint32_t tile = 0; tile < tiles; tile++) CHECK(told[tile] == 1);
    // Where no look gets to one more tile, it ends.
    driver.over();
    board.kernel.leave(0);
    CHECK(codeOf([&] { follow(milliseconds(2000)); }) == "not-asked");
}

TEST_CASE("[live-3] a survey of what no memory has is refused") {
    CHECK(codeOf([&] { SurveyJob job(request(0)); }) == "out-of-range");
    CHECK(codeOf([&] { SurveyJob job(request(mostSurveyWords + 1)); }) == "out-of-range");
    CHECK(codeOf([&] { SurveyJob job(request(64, milliseconds(1))); }) == "out-of-range");
    Surveyed board;
    SurveyJob most(request(mostSurveyWords));
    board.run(most, milliseconds(1));
    CHECK(board.updates == 1);
}

TEST_CASE(
    "[live-3] whatever changes, each look counts the words that were read in the look before and are others now") {
    const char* wanted = getenv("SEED");
    const auto seed = wanted != nullptr ? static_cast<uint32_t>(strtoul(wanted, nullptr, 10)) : std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const uint32_t each = std::vector<uint32_t>{1, 7, 64, 100, 1024}[random() % 5];
    const uint32_t distance = tileBytes / 4 / each;
    Surveyed board;
    SurveyJob job(request(each, milliseconds(20)));
    board.run(job, milliseconds(1));
    std::map<uint32_t, uint32_t> memory; // word by its number in all tiles, those that are not 0
    for (uint32_t look = 1; look < 60; look++) {
        const auto before = memory;
        const uint32_t changes = random() % 3000;
        const uint32_t place = random() % tileBytes / 4;
        for (uint32_t i = 0; i < changes; i++) {
            const uint32_t tile = random() % 4;
            const uint32_t word = (place + i) % (tileBytes / 4);
            memory[tile * tileBytes / 4 + word] = random() % 3;
            board.poke(tile, word * 4, memory[tile * tileBytes / 4 + word]);
        }
        board.changed.clear();
        board.run(job, milliseconds(20));
        std::map<uint32_t, uint32_t> expected;
        for (const auto& [at, value] : memory) {
            const uint32_t tile = at / (tileBytes / 4);
            const uint32_t word = at % (tileBytes / 4);
            const bool counts = word / distance < each && word % distance == look % distance;
            const auto old = before.find(at);
            if (counts && value != (old == before.end() ? 0 : old->second)) expected[tile]++;
        }
        REQUIRE(board.changed == expected);
    }
}
