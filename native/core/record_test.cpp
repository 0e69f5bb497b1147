#include "record.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <random>

#include "collector.h"
#include "engine.h"
#include "fake_kernel.h"
#include "partition_key.h"
#include "restless_driver.h"

using namespace tilescope;
using std::chrono::milliseconds;

namespace {

constexpr ColumnRange columns{6, 4};
constexpr uint64_t tileBytes = 32768;

/** One change of a recording. */
struct Change {
    uint32_t at = 0;
    uint32_t after = 0;
    uint32_t index = 0;
    uint32_t old = 0;
    uint32_t now = 0;
    bool operator==(const Change&) const = default;
};

struct Recorded {
    FakeKernel kernel;
    Engine engine{kernel, "/dev/aie0"};
    Recorded() { kernel.own(0, 500, {}); }

    /** Time passes, and the job is taken again when it said. */
    void run(RecordJob& job, milliseconds time) {
        const auto end = kernel.clock() + time;
        for (;;) {
            const Progress made = job.step(engine);
            if (made.isDone()) break;
            if (made.what() != Progress::What::later) continue;
            if (made.at() > end) break;
            kernel.pause(std::max(std::chrono::duration_cast<std::chrono::microseconds>(made.at() - kernel.clock()),
                                  std::chrono::microseconds(1000)));
        }
        if (kernel.clock() < end)
            kernel.pause(std::chrono::duration_cast<std::chrono::microseconds>(end - kernel.clock()));
    }

    /** All changes that the ring has, of words that could be read. */
    std::vector<Change> changes(RecordJob& job, size_t words) {
        const RingPart part = job.part(0, ~size_t{0}, kernel.clock());
        std::vector<Change> found;
        for (size_t at = part.hasBase ? words * baseWords : 0; at < part.words.size();) {
            const uint32_t count = part.words[at + 2];
            for (uint32_t i = 0; i < count; i++) {
                const size_t one = at + momentHeadWords + i * changeWords;
                found.push_back({part.words[at], part.words[at + 1], part.words[one] & 0xFFFFU, part.words[one + 1],
                                 part.words[one + 2]});
            }
            at += momentHeadWords + count * changeWords;
        }
        return found;
    }
};

RecordRequest request(std::vector<ByteRange> ranges, milliseconds period = milliseconds(100), uint64_t budget = 0) {
    return {{{partitionKey(columns), MemoryType::data, period, budget}, std::move(ranges)}, leastRingBytes};
}

} // namespace

TEST_CASE("[live-6] a recording keeps what changed, when and from what, and waits for nobody") {
    Recorded board;
    board.kernel.poke({6, 1}, 8, 0x1234);
    RecordJob job(request({{0, 64}, {tileBytes, 32}}));
    board.run(job, milliseconds(1));
    CHECK(job.state().made == 1);
    CHECK(job.state().beganAt == 42);
    CHECK_FALSE(job.state().epoch.empty());
    board.kernel.poke({6, 1}, 8, 5);
    board.run(job, milliseconds(100));
    board.kernel.poke({6, 2}, 4, 6);
    board.run(job, milliseconds(5000)); // nobody asks meanwhile
    const auto found = board.changes(job, 24);
    REQUIRE(found.size() == 2);
    CHECK(found[0].index == 2);
    CHECK(found[0].old == 0x1234);
    CHECK(found[0].now == 5);
    CHECK(found[1].index == 17);
    CHECK(found[1].now == 6);
    for (const Change& one : found) {
        CHECK(one.after < one.at);
        CHECK(one.at - one.after <= 110);
    }
    CHECK(job.state().made > 40);
    CHECK(job.state().lostMoments == 0);
    CHECK(board.kernel.held() == 0);
}

TEST_CASE("a recording against a list: every change that lasts longer than a period is in it, within its time") {
    for (uint32_t seed = 1; seed <= 6; seed++) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Recorded board;
        RecordJob job(request({{0, 64}, {tileBytes, 64}}, milliseconds(20)));
        board.run(job, milliseconds(1));
        const auto began = board.kernel.clock();
        std::map<uint32_t, uint32_t> values;
        std::vector<Change> list;
        for (int i = 0; i < 60; i++) {
            const uint32_t index = random() % 32;
            const auto value = static_cast<uint32_t>(random());
            board.kernel.poke(index < 16 ? Tile{6, 1} : Tile{6, 2}, index % 16 * 4, value);
            const auto at = std::chrono::duration_cast<milliseconds>(board.kernel.clock() - began).count();
            list.push_back({static_cast<uint32_t>(at), 0, index, std::exchange(values[index], value), value});
            board.run(job, milliseconds(50 + random() % 50));
        }
        const auto found = board.changes(job, 32);
        REQUIRE(found.size() == list.size());
        for (size_t i = 0; i < list.size(); i++) {
            CHECK(found[i].index == list[i].index);
            CHECK(found[i].old == list[i].old);
            CHECK(found[i].now == list[i].now);
            CHECK(found[i].after <= list[i].at + 1);
            CHECK(found[i].at + 1 >= list[i].at);
        }
    }
}

TEST_CASE("a recording ends with the epoch and keeps what it has; a free partition is never taken for it") {
    Recorded board;
    RecordJob job(request({{0, 64}}));
    board.run(job, milliseconds(1));
    board.kernel.poke({6, 1}, 0, 1);
    board.run(job, milliseconds(150));
    board.kernel.leave(0);
    board.kernel.events.clear();
    board.run(job, milliseconds(5000));
    CHECK(job.isOver());
    REQUIRE(job.state().ended);
    CHECK(job.state().ended->code() == "not-asked");
    CHECK(std::count(board.kernel.events.begin(), board.kernel.events.end(), "request") == 0);
    CHECK(board.changes(job, 16).size() == 1);
    RecordJob free(request({{0, 64}}));
    board.run(free, milliseconds(100));
    CHECK(free.state().ended->code() == "not-asked");
    CHECK(free.state().epoch.empty());

    Recorded other;
    RecordJob second(request({{0, 64}}));
    other.run(second, milliseconds(1));
    other.kernel.leave(0);
    other.kernel.own(0, 501, {2000, "app", {}, false});
    other.run(second, milliseconds(5000));
    CHECK(second.state().ended->code() == "epoch");
}

TEST_CASE(
    "[live-6][live-12] where looks break off, a change came after its word was last read, not after the look before") {
    Recorded board;
    RestlessDriver driver(board.engine);
    std::vector<ByteRange> ranges;
    for (uint64_t tile = 0; tile < 8; tile++) ranges.push_back({tile * tileBytes, 4});
    RecordJob job(request(ranges, milliseconds(20)));
    const auto follow = [&] {
        const auto end = board.kernel.clock() + milliseconds(800);
        while (board.kernel.clock() < end) {
            const auto looks = job.state().made;
            static_cast<void>(job.step(driver));
            if (job.state().made != looks) driver.over();
            board.kernel.pause(milliseconds(5));
        }
    };
    const auto begin = board.kernel.clock();
    follow();
    const auto poked = board.kernel.clock() - begin;
    for (uint32_t row = 1; row <= 8; row++) board.kernel.poke({6, row}, 0, 7);
    follow();
    size_t found = 0;
    for (const Change& change : board.changes(job, ranges.size())) {
        if (change.now != 7) continue;
        found++;
        CHECK(milliseconds(change.after) <= poked);
        CHECK(milliseconds(change.at) >= poked - milliseconds(5));
    }
    CHECK(found == ranges.size());
}

TEST_CASE("[live-6] a recording reads no more words in a second than it may, and its pace can change") {
    Recorded board;
    RecordJob job(request({{0, 4096}}, milliseconds(20), 20000));
    board.run(job, milliseconds(10000));
    const uint64_t words = job.state().words;
    CHECK(words <= 200000 + 1024);
    CHECK(words > 150000);
    job.change(request({{0, 4096}}, milliseconds(20), 2000));
    board.run(job, milliseconds(10000));
    CHECK(job.state().words - words <= 20000 + 1024);
    CHECK(codeOf([&] { job.change(request({{0, 64}})); }) == "protocol");
}

TEST_CASE("a recording that nobody asks for ends after an hour, one that is asked for goes on") {
    Recorded board;
    RecordJob job(request({{0, 4}}, milliseconds(60000)));
    for (int i = 0; i < 3; i++) {
        board.run(job, std::chrono::minutes(50));
        board.changes(job, 1);
    }
    CHECK_FALSE(job.isOver());
    board.run(job, std::chrono::minutes(70));
    CHECK(job.isOver());
    CHECK(job.state().ended->code() == "cancelled");
}

TEST_CASE("more than a ring can tell apart is not recorded") {
    CHECK(codeOf([] { RecordJob job(request({{0, mostRecordBytes + 4}})); }) == "out-of-range");
    RecordRequest small = request({{0, 64}});
    small.ringBytes = leastRingBytes - 1;
    CHECK(codeOf([&] { RecordJob job(small); }) == "out-of-range");
    small.ringBytes = mostRingBytes + 1;
    CHECK(codeOf([&] { RecordJob job(small); }) == "out-of-range");
}
