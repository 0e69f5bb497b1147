#include "find_job.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <random>

#include "collector.h"
#include "sample_expression.h"
#include "slow_memory.h"

using namespace tilescope;
using namespace std::chrono_literals;

namespace {

/** What a whole search told. */
struct Told {
    std::vector<uint32_t> hits;
    std::vector<Span> spans;
    size_t steps = 0;
};

Told run(SlowMemory& memory, FindJob& job) {
    Told told;
    for (bool isDone = false; !isDone;) {
        isDone = job.step(memory).isDone();
        CHECK(memory.openWays == 0);
        for (const uint32_t hit : job.takeHits()) told.hits.push_back(hit);
        for (const Span& span : job.takeSpans()) told.spans.push_back(span);
        REQUIRE(++told.steps < 100'000);
    }
    return told;
}

FindRequest request(std::vector<ByteRange> ranges, FindPattern pattern, uint32_t most = mostHits) {
    return {{{"ctx"}, MemoryType::data, std::move(ranges), {}, Asking::person}, std::move(pattern), most};
}

bool fits(const MaskedBytes& wanted, const uint8_t* bytes) {
    for (size_t i = 0; i < wanted.values.size(); i++) {
        if ((bytes[i] & wanted.masks[i]) != wanted.values[i]) return false;
    }
    return true;
}

bool fits(const CellPattern& wanted, const uint8_t* bytes) {
    for (const CellTest& test : wanted.tests) {
        size_t good = 0;
        for (const auto& set : test.sets) {
            uint64_t number = 0;
            for (uint32_t i = 0; i < wanted.numberBytes; i++) {
                number |= uint64_t{bytes[i]} << 8 * (wanted.bigEndian ? wanted.numberBytes - 1 - i : i);
            }
            bool isInSet = false;
            for (const Interval& one : set) isInSet = isInSet || (one.least <= number && number <= one.most);
            good += isInSet ? 1 : 0;
            bytes += wanted.numberBytes;
        }
        if (test.any ? good == 0 : good < test.sets.size()) return false;
    }
    return true;
}

/** One place after the other, and nothing clever. */
std::vector<uint32_t> naive(const SlowMemory& memory, const std::vector<ByteRange>& ranges,
                            const FixedPattern& pattern) {
    const size_t length = Matcher(pattern).length();
    const auto* cells = std::get_if<CellPattern>(&pattern);
    const auto isAsked = [&](uint64_t offset) {
        return std::any_of(ranges.begin(), ranges.end(),
                           [&](const ByteRange& one) { return offset >= one.offset && offset < one.end(); });
    };
    std::vector<uint32_t> hits;
    uint64_t least = 0;
    for (uint64_t at = 0; at + length <= memory.bytes.size(); at++) {
        const uint64_t inTile = at % memory.geometry.bytesPerTile;
        const bool mayBegin = !cells || (inTile % cells->align == 0 && inTile + length <= memory.geometry.bytesPerTile);
        if (at < least || !mayBegin) continue;
        if (!std::visit([&](const auto& wanted) { return fits(wanted, memory.bytes.data() + at); }, pattern)) continue;
        bool isThere = true;
        for (uint64_t i = at; i < at + length; i++) isThere = isThere && memory.hasValue(i) && isAsked(i);
        if (!isThere) continue;
        hits.push_back(static_cast<uint32_t>(at));
        least = at + length;
    }
    return hits;
}

} // namespace

TEST_CASE(
    "[hex-6] a search finds what a naive one does, across pieces, pages, tiles and steps, and never in a byte that was "
    "not read") {
    constexpr uint32_t seed = 20261129;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&](uint64_t limit) { return std::uniform_int_distribution<uint64_t>(0, limit - 1)(random); };
    size_t hits = 0;
    size_t steps = 0;
    for (int round = 0; round < 120; round++) {
        CAPTURE(round);
        SlowMemory memory;
        const uint64_t total = memory.bytes.size();
        const uint64_t letters = 1 + below(4);
        for (uint8_t& byte : memory.bytes) byte = static_cast<uint8_t>(below(letters));
        for (uint32_t tile = 0; tile < memory.geometry.tileCount(); tile++) {
            if (below(8) == 0) memory.closed[tile] = below(2) == 0 ? Reason::gated : Reason::coreRunning;
        }
        for (uint64_t page = 0; page < total / 4096; page++) {
            if (below(16) == 0) memory.faults[page] = Reason::busError;
        }
        memory.checkTakes = std::chrono::microseconds(1 + below(60));
        std::vector<ByteRange> ranges;
        for (uint64_t at = below(2) * below(9000); at < total;) {
            const uint64_t length = std::min(total - at, below(3) == 0 ? total : 1 + below(50000));
            ranges.push_back({at, length});
            at += length + below(3) * below(40);
        }
        FixedPattern pattern;
        if (below(2) == 0) {
            MaskedBytes wanted;
            const uint64_t length = 1 + below(below(3) == 0 ? 300 : 12);
            const uint64_t from = below(total - length);
            for (uint64_t i = 0; i < length; i++) {
                wanted.masks.push_back(static_cast<uint8_t>(below(3) == 0 ? below(4) : 0xFF));
                wanted.values.push_back(memory.bytes[from + i] & wanted.masks.back());
            }
            pattern = wanted;
        } else {
            CellPattern wanted{static_cast<uint32_t>(1 + below(8)), below(2) == 0, uint32_t{1} << below(5), {}};
            const uint64_t numbers = 1 + below(2);
            const uint64_t from = below(total - 64);
            const uint64_t cells = 1 + below(3);
            for (uint64_t cell = 0; cell < cells; cell++) {
                CellTest& test = wanted.tests.emplace_back();
                test.any = below(3) == 0;
                for (uint64_t number = 0; number < numbers; number++) {
                    uint64_t value = 0;
                    for (uint32_t i = 0; i < wanted.numberBytes; i++) {
                        const uint64_t at = from + (cell * numbers + number) * wanted.numberBytes + i;
                        value |= uint64_t{memory.bytes[at]} << 8 * (wanted.bigEndian ? wanted.numberBytes - 1 - i : i);
                    }
                    auto& set = test.sets.emplace_back();
                    if (below(4) != 0)
                        set.push_back({value - below(std::min<uint64_t>(value, 2) + 1), value + below(3)});
                    if (below(3) == 0) set.push_back({0, below(5)});
                }
            }
            pattern = wanted;
        }
        FindJob job(request(ranges, std::visit([](const auto& one) -> FindPattern { return one; }, pattern)));
        const Told told = run(memory, job);
        REQUIRE(told.hits == naive(memory, ranges, pattern));
        CHECK(job.done() == job.total());
        CHECK_FALSE(job.isFull());
        CHECK(job.epoch() == "epoch 1");
        CHECK(job.at() == 42);
        for (const Span& span : told.spans) CHECK_FALSE(memory.hasValue(span.offset));
        hits += told.hits.size();
        steps += told.steps;
    }
    CHECK(hits > 10'000);
    CHECK(steps > 250);
}

TEST_CASE("hits across the borders of tiles are found where a pattern is bytes, and not where it is cells") {
    SlowMemory memory;
    const uint32_t border = memory.geometry.bytesPerTile;
    const std::vector<uint8_t> word{0xA4, 0x70, 0x45, 0x41};
    std::copy(word.begin(), word.end(), memory.bytes.begin() + border - 2);
    std::copy(word.begin(), word.end(), memory.bytes.begin() + 16384 - 1);
    FindJob bytes(request({{0, memory.bytes.size()}}, MaskedBytes{word, {0xFF, 0xFF, 0xFF, 0xFF}}));
    CHECK(run(memory, bytes).hits == std::vector<uint32_t>{16383, border - 2});
    FindJob cells(
        request({{0, memory.bytes.size()}}, CellPattern{4, false, 1, {{false, {{{0x414570A4, 0x414570A4}}}}}}));
    CHECK(run(memory, cells).hits == std::vector<uint32_t>{16383});
}

TEST_CASE(
    "[hex-6] an expression is found across pieces, pages, tiles and steps, never in a byte that was not read, as a naive search finds it") {
    constexpr uint32_t seed = 20261130;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&](uint64_t limit) { return std::uniform_int_distribution<uint64_t>(0, limit - 1)(random); };
    size_t hits = 0;
    size_t steps = 0;
    for (int round = 0; round < 40; round++) {
        CAPTURE(round);
        SlowMemory memory;
        const uint64_t total = memory.bytes.size();
        const uint64_t letters = 2 + below(3);
        for (uint8_t& byte : memory.bytes) byte = static_cast<uint8_t>(below(letters));
        for (uint64_t page = 0; page < total / 4096; page++) {
            if (below(12) == 0) memory.faults[page] = Reason::busError;
        }
        memory.checkTakes = std::chrono::microseconds(1 + below(60));
        std::vector<ByteRange> ranges;
        for (uint64_t at = below(9000); at < total;) {
            const uint64_t length = std::min(total - at, 1 + below(50000));
            ranges.push_back({at, length});
            at += length + 1 + below(40);
        }
        const SampleExpression sample = anySample(random, 3);
        if (sample.fitsNothing()) continue;
        std::vector<uint32_t> expected;
        for (const ByteRange& range : ranges) {
            for (uint64_t from = range.offset; from < range.end();) {
                uint64_t to = from;
                while (to < range.end() && memory.hasValue(to)) to++;
                sample.hitsIn(std::span(memory.bytes).subspan(from, to - from), static_cast<uint32_t>(from), expected);
                from = to + 1;
            }
        }
        FindJob job(request(ranges, sample.pattern()));
        const Told told = run(memory, job);
        REQUIRE(told.hits == expected);
        CHECK(job.done() == job.total());
        CHECK_FALSE(job.gaveUpAt());
        CHECK(job.hitWords() == 2);
        hits += told.hits.size() / 2;
        steps += told.steps;
    }
    CHECK(hits > 10'000);
    CHECK(steps > 100);
}

TEST_CASE("a search for an expression ends with as many hits as it may have, and where it would take too long") {
    SlowMemory memory;
    const SampleExpression zero = sampleByte(0);
    FindJob some(request({{0, memory.bytes.size()}}, zero.pattern(), 20'000));
    const Told told = run(memory, some);
    REQUIRE(told.hits.size() == 40'000);
    CHECK(told.hits[39'998] == 19'999);
    CHECK(some.isFull());
    // Each hit may become longer with all that follows: 0 (.* 1)?
    const SampleExpression any = sampleRepeat(sampleAny(), 0, SampleExpression::endless);
    const SampleExpression longer = sampleRepeat(sampleSequence({any, sampleByte(1)}), 0, 1);
    FindJob slow(request({{0, memory.bytes.size()}}, sampleSequence({zero, longer}).pattern()));
    const Told left = run(memory, slow);
    REQUIRE(slow.gaveUpAt());
    CHECK(left.hits.size() / 2 == *slow.gaveUpAt());
    CHECK_FALSE(left.hits.empty());
}

TEST_CASE("a search ends with as many hits as it may have") {
    SlowMemory memory;
    FindJob job(request({{0, memory.bytes.size()}}, MaskedBytes{{0}, {0xFF}}, 70'000));
    const Told told = run(memory, job);
    REQUIRE(told.hits.size() == 70'000);
    CHECK(told.hits.back() == 69'999);
    CHECK(job.isFull());
    CHECK(told.steps >= 4); // not all of them at once
}

TEST_CASE("what fits nearly everywhere keeps no step for long") {
    SlowMemory memory;
    MaskedBytes wanted{std::vector<uint8_t>(512, 0), std::vector<uint8_t>(512, 0xF0)};
    wanted.values.back() = 0x10;
    FindJob job(request({{0, memory.bytes.size()}}, wanted));
    const Told told = run(memory, job);
    CHECK(told.hits.empty());
    CHECK(told.steps >= 8);
    CHECK(job.done() == job.total());
}

TEST_CASE("cells that may be in many intervals keep no step for long") {
    SlowMemory memory;
    std::vector<Interval> set;
    for (uint64_t i = 0; i < mostIntervals; i++) set.push_back({1 + i, 1 + i});
    FindJob job(request({{0, memory.bytes.size()}}, CellPattern{1, false, 1, {{false, {set}}}}));
    const Told told = run(memory, job);
    CHECK(told.hits.empty());
    CHECK(told.steps > 32);
}

TEST_CASE("what was found stays when another epoch begins; the rest is told as not read") {
    SlowMemory memory;
    memory.checkTakes = 60us;
    FindJob job(request({{0, memory.bytes.size()}}, MaskedBytes{{0}, {0xFF}}));
    CHECK_FALSE(job.step(memory).isDone());
    const size_t found = job.takeHits().size();
    CHECK(found > 0);
    memory.epoch = "epoch 2";
    const Told told = run(memory, job);
    CHECK(job.epoch() == "epoch 1");
    REQUIRE(told.spans.size() == 1);
    CHECK(told.spans[0].reason == Reason::notRead);
    CHECK(told.spans[0].offset + told.spans[0].length == memory.bytes.size());
}

TEST_CASE("what is no pattern is refused") {
    const std::vector<ByteRange> ranges{{0, 64}};
    const auto code = [&](FindPattern pattern, uint32_t most = 1) {
        return codeOf([&] { FindJob job(request(ranges, pattern, most)); });
    };
    const std::vector<std::vector<Interval>> one{{{1, 2}}};
    CHECK(code(MaskedBytes{{1}, {0xFF}}).empty());
    CHECK(code(CellPattern{4, false, 4, {{false, one}}}).empty());
    for (const FindPattern& pattern : std::vector<FindPattern>{
             MaskedBytes{},
             MaskedBytes{{1}, {}},
             MaskedBytes{{1}, {0xF0}},
             MaskedBytes{std::vector<uint8_t>(16385), std::vector<uint8_t>(16385)},
             CellPattern{},
             CellPattern{0, false, 4, {{false, one}}},
             CellPattern{9, false, 4, {{false, one}}},
             CellPattern{4, false, 0, {{false, one}}},
             CellPattern{4, false, 65, {{false, one}}},
             CellPattern{4, false, 4, {{false, {}}}},
             CellPattern{4, false, 4, {{false, one}, {false, {one[0], one[0]}}}},
             CellPattern{4, false, 4, {{false, std::vector<std::vector<Interval>>(9, one[0])}}},
             CellPattern{4, false, 4, {{false, {std::vector<Interval>(1025)}}}},
         }) {
        CHECK(code(pattern) == "out-of-range");
    }
    CHECK(code(MaskedBytes{{1}, {0xFF}}, 0) == "out-of-range");
    CHECK(code(MaskedBytes{{1}, {0xFF}}, mostHits + 1) == "out-of-range");
}
