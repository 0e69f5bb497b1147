#include "partition_access.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <map>
#include <stdexcept>

#include "collector.h"
#include "read_job.h"
#include "status_job.h"
#include "write_job.h"

using namespace tilescope;
using namespace std::chrono_literals;

namespace {

/** Some tiles, and what stands in the way to them. */
struct Context {
    MemoryGeometry geometry{MemoryType::data, 0, 2, 2, 2, 0x8000, 0};
    std::vector<uint32_t> words = std::vector<uint32_t>(geometry.totalBytes() / 4);
    int epoch = 1;
    std::map<uint32_t, Reason> closed;
    /** Words that firmware does not move. */
    std::map<uint64_t, Reason> faults;
    bool locked = false;
    bool suspended = false;
    /** The context's own words about a tile; empty: it has none. */
    std::string says;
};

/**
 * A driver that shares nothing with the AIE drivers': contexts, all of which begin at column 0, whose memory firmware moves
 * when it is told to by messages. No descriptors, no mappings, no registers.
 */
class Mailbox final : public PartitionDriver {
  public:
    using Time = std::chrono::steady_clock::time_point;
    std::map<std::string, Context> contexts{{"ctx_a", {}}, {"ctx_b", {}}};
    std::chrono::milliseconds messageTakes{1};
    Time at{1h};
    /** Whoever asks before this has to come again. */
    Time ready{};
    bool urgent = false;
    StatusBudget budget;
    int messages = 0;
    int openWays = 0;
    int longOnes = 0;
    std::vector<Purpose> purposes;

    Time clock() override { return at; }
    int64_t now() override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
    }
    std::chrono::steady_clock::duration processorTime() override { return at.time_since_epoch(); }
    StatusBudget& statusBudget() override { return budget; }
    [[nodiscard]] bool hurried() const override { return urgent; }

    OrLater<std::vector<MemoryState>> open(const PartitionKey& key, bool /*allowUnknown*/, Visit& /*visit*/) override {
        const Context& one = context(key);
        return std::vector<MemoryState>{{one.geometry, !one.locked}};
    }
    OrLater<MemoryWay> openMemory(const PartitionKey& key, MemoryType type, Purpose purpose, Visit& /*visit*/,
                                  const std::optional<ColumnRange>& needed) override {
        CHECK_FALSE(needed);
        if (at < ready) return Later{ready};
        Context& one = context(key);
        if (type != one.geometry.type) throw CoreError("no-memory-types", key.text);
        purposes.push_back(purpose);
        MemoryWay way;
        way.epoch = epoch(key);
        way.geometry = one.geometry;
        way.stepTime = 2ms;
        if (one.suspended) {
            way.closed = Reason::gated;
            return OrLater<MemoryWay>(std::move(way));
        }
        way.closing = std::make_unique<Closed>(*this);
        way.access = std::make_unique<Access>(*this, one);
        return OrLater<MemoryWay>(std::move(way));
    }
    OrLater<StatusWay> openStatus(const PartitionKey& key, Visit& /*visit*/, ColumnRange /*needed*/) override {
        if (at < ready) return Later{ready};
        const Context& one = context(key);
        StatusWay way;
        way.epoch = epoch(key);
        way.area = {{0, one.geometry.numCols}, {0, one.geometry.startRow + one.geometry.numRows}};
        way.stepTime = 4ms;
        way.closed = Reason::noWay;
        if (one.says.empty()) return OrLater<StatusWay>(std::move(way));
        way.closed = Reason::none;
        way.access = std::make_unique<Words>(*this, one.says);
        return OrLater<StatusWay>(std::move(way));
    }
    [[nodiscard]] std::optional<MemoryGeometry> divisible(const PartitionKey& /*key*/,
                                                          MemoryType /*type*/) const override {
        return std::nullopt;
    }
    [[nodiscard]] TileKind kindAt(const PartitionKey& /*key*/, Tile tile) const override {
        return tile.row == 0 ? TileKind::shim : tile.row == 1 ? TileKind::memory : TileKind::core;
    }
    void wasLong(const PartitionKey& /*key*/, const Visit& /*visit*/) override { longOnes++; }

    [[nodiscard]] std::string epoch(const PartitionKey& key) {
        return key.text + "/" + std::to_string(context(key).epoch);
    }

  private:
    /** One message to firmware, and its answer. */
    Moved send(Context& context, uint64_t offset, size_t count,
               const std::function<void(uint32_t& word, size_t at)>& move) {
        messages++;
        at += messageTakes;
        for (size_t i = 0; i < count; i++) {
            const uint64_t index = offset / 4 + i;
            if (const auto fault = context.faults.find(index); fault != context.faults.end()) return {i, fault->second};
            move(context.words.at(index), i);
        }
        return {count, Reason::none};
    }
    struct Port final : WordPort {
        Port(Mailbox& mailbox, Context& context) : box(mailbox), of(context) {}
        Moved load(uint64_t offset, std::span<uint32_t> to) override {
            return box.send(of, offset, to.size(), [&](uint32_t& word, size_t at) { to[at] = word; });
        }
        Moved store(uint64_t offset, std::span<const uint32_t> from) override {
            return box.send(of, offset, from.size(), [&](uint32_t& word, size_t at) { word = from[at]; });
        }
        Mailbox& box;
        Context& of;
    };
    struct Access final : PartitionAccess {
        Access(Mailbox& mailbox, Context& context) : of(context), port(mailbox, context) { port.box.openWays++; }
        [[nodiscard]] Abilities abilities() const override { return {!of.locked, false, false}; }
        [[nodiscard]] bool reaches(uint32_t column) const override { return column < of.geometry.numCols; }
        Reason clocks(Tile tile) override { return mayRead(tile, of.geometry.type, false); }
        Reason mayRead(Tile tile, MemoryType /*type*/, bool /*open*/) override {
            const uint32_t index = tile.col * of.geometry.numRows + tile.row - of.geometry.startRow;
            const auto gate = of.closed.find(index);
            return gate == of.closed.end() ? Reason::none : gate->second;
        }
        Reason mayWrite(Tile tile, MemoryType type, bool open) override { return mayRead(tile, type, open); }
        void wasGated(Tile /*tile*/) override {}
        WordPort& reading(const MemoryGeometry& /*geometry*/) override { return port; }
        WordPort& writing(const MemoryGeometry& /*geometry*/, std::span<const uint32_t> /*tiles*/) override {
            if (of.locked) throw CoreError("locked", "another process owns the context");
            return port;
        }
        Context& of;
        Port port;
    };
    struct Closed final : Closing {
        explicit Closed(Mailbox& mailbox) : box(mailbox) {}
        ~Closed() override { box.openWays--; }
        Mailbox& box;
    };
    /** Status as this driver has it: a text for each tile, some of which firmware loses. */
    struct Words final : StatusAccess {
        Words(Mailbox& mailbox, std::string text) : box(mailbox), says(std::move(text)) {}
        TileStatus status(Tile tile, bool detail) override {
            box.at += 3ms;
            return {tile, box.kindAt({}, tile), Reason::none, true, {{detail ? "detail" : "state", says}}, {}};
        }
        void close(std::span<TileStatus> answered) override {
            for (TileStatus& one : answered) {
                if (one.tile.row == 1) one = {one.tile, one.kind, Reason::notRead, true, {}, {}};
            }
        }
        Mailbox& box;
        std::string says;
    };
    Context& context(const PartitionKey& key) {
        const auto found = contexts.find(key.text);
        if (found == contexts.end()) throw CoreError("no-partition", key.text);
        return found->second;
    }
};

const PartitionKey keyA{"ctx_a"};
const PartitionKey keyB{"ctx_b"};

/** Takes steps until the last; nothing stays open between two. Answers how many there were. */
int finishAll(Mailbox& driver, const std::function<Progress()>& step) {
    for (int steps = 1; steps < 10'000; steps++) {
        const Progress made = step();
        REQUIRE(driver.openWays == 0);
        if (made.isDone()) return steps;
        if (made.what() == Progress::What::later) driver.at = std::max(driver.at, made.at());
    }
    throw std::logic_error("it never ended");
}

Collector readAll(Mailbox& driver, const PartitionKey& key, const std::vector<ByteRange>& ranges) {
    Collector collector(ranges);
    ReadJob job({key, MemoryType::data, ranges, {}});
    finishAll(driver, [&] { return job.step(driver, collector); });
    return collector;
}

std::vector<WordOutcome> writeAll(Mailbox& driver, WriteRequest request) {
    std::vector<WordOutcome> outcomes;
    WriteJob job(std::move(request));
    finishAll(driver, [&] { return job.step(driver, outcomes); });
    return outcomes;
}

} // namespace

TEST_CASE(
    "[shape-4] a driver without descriptors is read by the same job: its gates and gaps have their reasons, its steps "
    "their time, and two contexts that begin at one column are two") {
    Mailbox driver;
    Context& a = driver.contexts["ctx_a"];
    for (size_t i = 0; i < a.words.size(); i++) a.words[i] = static_cast<uint32_t>(i * 2654435761U);
    a.closed[1] = Reason::gated;
    a.faults[0x10000 / 4 + 0x1100 / 4] = Reason::busError;
    driver.ready = driver.at + 20ms;
    const std::vector<ByteRange> ranges{{0, 0x20000}, {3, 6}};
    Collector collector(ranges);
    ReadJob job({keyA, MemoryType::data, ranges, {}});
    CHECK(job.step(driver, collector).what() == Progress::What::later);
    CHECK(driver.messages == 0);
    const int steps = finishAll(driver, [&] { return job.step(driver, collector); });
    CHECK(steps > 2);
    CHECK(driver.longOnes > 1);
    CHECK(job.epoch() == "ctx_a/1");
    CHECK(job.at() == driver.now());
    // What faults costs the rest of its page, as everywhere.
    CHECK(collector.spans == std::vector<Span>{{0x8000, 0x8000, Reason::gated}, {0x11100, 0xF00, Reason::busError}});
    const auto expected = [&](uint64_t offset) {
        return static_cast<uint8_t>(a.words[offset / 4] >> (offset % 4 * 8));
    };
    size_t wrong = 0;
    for (uint64_t i = 0; i < 0x20000; i++) {
        const bool gap = (i >= 0x8000 && i < 0x10000) || (i >= 0x11100 && i < 0x12000);
        wrong += collector.bytes[0][i] != (gap ? 0xEE : expected(i)) ? 1 : 0;
    }
    for (uint64_t i = 0; i < 6; i++) wrong += collector.bytes[1][i] != expected(3 + i) ? 1 : 0;
    CHECK(wrong == 0);
    CHECK(readAll(driver, keyB, {{0, 16}}).bytes[0] == std::vector<uint8_t>(16, 0));
    CHECK(codeOf([&] { readAll(driver, {"ctx_c"}, {{0, 16}}); }) == "no-partition");
    CHECK(codeOf([&] { readAll(driver, keyA, {{0x20000, 1}}); }) == "out-of-range");
}

TEST_CASE(
    "[shape-4] a driver without descriptors is written by the same job: compared, stored and read back, word by word") {
    Mailbox driver;
    Context& a = driver.contexts["ctx_a"];
    a.words[1] = 0x11223344;
    a.words[2] = 7;
    a.closed[1] = Reason::gated;
    a.faults[0x10000 / 4] = Reason::busError;
    const std::vector<Word> words{
        {4, 0x3300, 0xFF00, 0xAA00}, {8, 6, ~0U, 8}, {0x8000, 0, ~0U, 1}, {0x10000, 0, ~0U, 1}, {0x18000, 0, ~0U, 9}};
    const WriteRequest request{keyA, MemoryType::data, "ctx_a/1", false, {}, words};
    CHECK(writeAll(driver, request) == std::vector<WordOutcome>{{4, Outcome::verified, Reason::none, 0x1122AA44},
                                                                {8, Outcome::conflict, Reason::none, 7},
                                                                {0x8000, Outcome::refused, Reason::gated, 0},
                                                                {0x10000, Outcome::unreadable, Reason::busError, 0},
                                                                {0x18000, Outcome::verified, Reason::none, 9}});
    CHECK(a.words[2] == 7);
    CHECK(driver.contexts["ctx_b"].words[1] == 0);
    CHECK(driver.purposes == std::vector<Purpose>(driver.purposes.size(), Purpose::write));
    WriteRequest forced{keyA, MemoryType::data, "ctx_a/1", true, {}, {{8, 6, ~0U, 8}}, true};
    CHECK(writeAll(driver, forced)[0] == WordOutcome{8, Outcome::verified, Reason::none, 8});
    CHECK(driver.purposes.back() == Purpose::writeBeside);
    CHECK(codeOf([&] { writeAll(driver, {keyA, MemoryType::data, "ctx_a/0", false, {}, words}); }) == "epoch");
    CHECK(codeOf([&] {
              writeAll(driver, {keyA, MemoryType::program, "ctx_a/1", false, {}, words});
          }) == "no-memory-types");
    Visit visit{Asking::person};
    CHECK(driver.open(keyA, false, visit)->front().writable);
    a.locked = true;
    CHECK_FALSE(driver.open(keyA, false, visit)->front().writable);
    CHECK(codeOf([&] { writeAll(driver, request); }) == "locked");
    a.suspended = true;
    for (const WordOutcome& one : writeAll(driver, request)) {
        CHECK(one == WordOutcome{one.offset, Outcome::refused, Reason::gated, 0});
    }
    CHECK(readAll(driver, keyA, {{4, 4}}).spans == std::vector<Span>{{4, 4, Reason::gated}});
}

TEST_CASE(
    "[shape-4] where each word takes a message a pass is short, and what a context's end left unwritten is refused") {
    Mailbox driver;
    driver.messageTakes = 0ms;
    std::vector<Word> words;
    for (uint32_t i = 0; i < 1000; i++) words.push_back({i * 4, 0, ~0U, i});
    std::vector<WordOutcome> outcomes;
    WriteJob job({keyA, MemoryType::data, "ctx_a/1", false, {}, words});
    driver.urgent = true; // one pass for each step
    CHECK(job.step(driver, outcomes).what() == Progress::What::more);
    CHECK(outcomes.size() == 256);
    driver.contexts["ctx_a"].epoch++;
    CHECK(job.step(driver, outcomes).isDone());
    REQUIRE(outcomes.size() == 1000);
    CHECK(outcomes[255] == WordOutcome{255 * 4, Outcome::verified, Reason::none, 255});
    CHECK(outcomes[256] == WordOutcome{256 * 4, Outcome::refused, Reason::notRead, 0});
}

TEST_CASE("[shape-4] a look at every byte again and again finds what changed, and ends where the context began anew") {
    Mailbox driver;
    Context& a = driver.contexts["ctx_a"];
    const std::vector<ByteRange> all{{0, 0x20000}};
    std::vector<uint8_t> seen = readAll(driver, keyA, all).bytes[0];
    for (uint32_t round = 1; round <= 5; round++) {
        const size_t place = round * 5000;
        a.words[place] = 0x01000000U * round;
        const auto now = readAll(driver, keyA, all);
        CHECK(now.spans.empty());
        std::vector<size_t> changed;
        for (size_t i = 0; i < seen.size(); i++) {
            if (now.bytes[0][i] != seen[i]) changed.push_back(i);
        }
        CHECK(changed == std::vector<size_t>{place * 4 + 3});
        seen = now.bytes[0];
    }
    Collector collector(all);
    ReadJob job({keyA, MemoryType::data, all, {}});
    driver.urgent = true;
    REQUIRE(job.step(driver, collector).what() == Progress::What::more);
    a.epoch++;
    CHECK(job.step(driver, collector).isDone());
    CHECK(collector.spans == std::vector<Span>{{Walk::pieceBytes, 0x20000 - Walk::pieceBytes, Reason::notRead}});
    CHECK(job.epoch() == "ctx_a/1");
}

TEST_CASE("[shape-4] a driver that tells nothing of tiles has a reason for each; one that does is shown as it says") {
    Mailbox driver;
    const auto lookAll = [&](StatusRequest request) {
        std::vector<TileStatus> seen;
        StatusJob job(std::move(request));
        finishAll(driver, [&] { return job.step(driver, seen); });
        return seen;
    };
    const std::vector<Tile> tiles{{0, 0}, {0, 1}, {0, 2}, {1, 3}};
    const auto none = lookAll({keyA, tiles, false});
    REQUIRE(none.size() == 4);
    for (size_t i = 0; i < none.size(); i++) {
        CHECK(none[i].tile == tiles[i]);
        CHECK(none[i].kind == driver.kindAt(keyA, tiles[i]));
        CHECK(none[i].reason == Reason::noWay);
        CHECK(none[i].files.empty());
        CHECK(none[i].registers.empty());
    }
    CHECK(codeOf([&] { lookAll({keyA, {{2, 2}}, false}); }) == "out-of-range");
    CHECK(codeOf([&] { lookAll({keyA, {}, false}); }) == "out-of-range");
    driver.contexts["ctx_b"].says = "running";
    driver.longOnes = 0;
    const auto told = lookAll({keyB, tiles, true});
    REQUIRE(told.size() == 4);
    CHECK(told[0].files == std::vector<std::pair<std::string, std::string>>{{"detail", "running"}});
    CHECK(told[1].reason == Reason::notRead); // corrected when the way was closed
    CHECK(told[3].reason == Reason::none);
    CHECK(driver.longOnes == 2); // two steps of two tiles
    StatusJob job({keyB, tiles, false});
    std::vector<TileStatus> seen;
    REQUIRE(job.step(driver, seen).what() == Progress::What::more);
    driver.contexts["ctx_b"].epoch++;
    CHECK(job.step(driver, seen).isDone());
    REQUIRE(seen.size() == 4);
    CHECK(seen[0].reason == Reason::none);
    CHECK(seen[3].reason == Reason::notRead);
    CHECK(job.epoch() == "ctx_b/1");
}
