#include "expression.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

#include "collector.h"
#include "sample_expression.h"

using namespace tilescope;

namespace {

struct Found {
    std::vector<uint32_t> hits;
    bool gaveUp = false;
    /** Up to where it was searched. */
    uint64_t begun = 0;
};

/** Searches in pieces, as a search does that keeps only what it has to: nothing else is within its reach. */
Found search(const ExpressionPattern& pattern, const std::vector<uint8_t>& bytes, std::mt19937& random,
             uint64_t window = ExpressionSearch::usualWindow) {
    const auto below = [&](size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random); };
    ExpressionSearch one(pattern, bytes.size(), window);
    Found found;
    one.begin(0);
    size_t end = std::min(bytes.size(), below(9));
    while (true) {
        const uint64_t from = one.keepFrom();
        const std::vector<uint8_t> here(bytes.begin() + static_cast<ptrdiff_t>(from),
                                        bytes.begin() + static_cast<ptrdiff_t>(end));
        int64_t work = static_cast<int64_t>(1 + below(300));
        const auto outcome = one.search(here, from, end == bytes.size(), found.hits, 1 + below(3), work);
        if (outcome == ExpressionSearch::Outcome::gaveUp) return {found.hits, true, one.begun()};
        if (outcome != ExpressionSearch::Outcome::over) continue;
        if (end == bytes.size()) return {found.hits, false, bytes.size()};
        end = std::min(bytes.size(), end + 1 + below(9));
    }
}

} // namespace

TEST_CASE(
    "an expression is found in pieces as a naive search finds it: the first hit, and of those the preferred end") {
    constexpr uint32_t seed = 20261130;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    size_t hits = 0;
    for (int round = 0; round < 1500; round++) {
        CAPTURE(round);
        const SampleExpression sample = anySample(random, 3);
        if (sample.fitsNothing()) continue;
        std::vector<uint8_t> bytes(std::uniform_int_distribution<size_t>(0, 80)(random));
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(std::uniform_int_distribution<>(0, 3)(random));
        std::vector<uint32_t> expected;
        sample.hitsIn(bytes, 0, expected);
        const Found found = search(sample.pattern(), bytes, random);
        REQUIRE_FALSE(found.gaveUp);
        REQUIRE(found.hits == expected);
        hits += expected.size() / 2;
    }
    CHECK(hits > 5000);
}

TEST_CASE("an expression that looks further than bytes are kept is given up; what was found before it is right") {
    constexpr uint32_t seed = 20261201;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    int given = 0;
    for (int round = 0; round < 1000; round++) {
        CAPTURE(round);
        const SampleExpression sample = anySample(random, 3);
        if (sample.fitsNothing()) continue;
        std::vector<uint8_t> bytes(std::uniform_int_distribution<size_t>(0, 80)(random));
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(std::uniform_int_distribution<>(0, 2)(random));
        std::vector<uint32_t> expected;
        sample.hitsIn(bytes, 0, expected);
        const Found found =
            search(sample.pattern(), bytes, random, std::uniform_int_distribution<uint64_t>(0, 4)(random));
        given += found.gaveUp ? 1 : 0;
        REQUIRE(found.hits.size() <= expected.size());
        expected.resize(found.gaveUp ? found.hits.size() : expected.size());
        REQUIRE(found.hits == expected);
        if (!expected.empty()) REQUIRE(found.begun >= expected[expected.size() - 2] + expected.back());
    }
    CHECK(given > 50);
}

TEST_CASE("a hit that can end nowhere near is given up, also where nothing runs back to its beginning") {
    using Kind = ByteStep::Kind;
    // 7 (.* 8)?: it ends behind the first byte, and goes on.
    const SampleExpression any = sampleRepeat(sampleAny(), 0, SampleExpression::endless);
    ExpressionPattern pattern =
        sampleSequence({sampleByte(7), sampleRepeat(sampleSequence({any, sampleByte(8)}), 0, 1)}).pattern();
    std::mt19937 random(1);
    const std::vector<uint8_t> bytes(3000, 7);
    for (const bool isLost : {false, true}) {
        if (isLost) pattern.backwards = {{{Kind::either, 0, 0}}, 0};
        const Found found = search(pattern, bytes, random, 100);
        CHECK(found.gaveUp);
        CHECK(found.hits.empty());
    }
}

TEST_CASE("steps that take no byte are work, too") {
    using Kind = ByteStep::Kind;
    // Each byte leads through a thousand steps.
    ByteProgram chain{{{Kind::end, 0, 0}, {Kind::byte, 0, 2}}, 1};
    for (uint32_t i = 2; i < mostProgramSteps; i++) {
        chain.steps.push_back({Kind::either, 1, i + 1 < mostProgramSteps ? i + 1 : i});
    }
    std::vector<uint8_t> bytes(256);
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(i);
    ExpressionSearch one({{ByteClass().set()}, chain, chain}, bytes.size());
    std::vector<uint32_t> hits;
    one.begin(0);
    int steps = 0;
    auto outcome = ExpressionSearch::Outcome::spent;
    while (outcome == ExpressionSearch::Outcome::spent) {
        int64_t work = 10'000;
        outcome = one.search(bytes, 0, true, hits, 1, work);
        steps++;
    }
    CHECK(outcome == ExpressionSearch::Outcome::over);
    CHECK(steps > 64);
}

TEST_CASE("more states than are kept are made anew, and find the same") {
    // 0 (0|1){11} 2: each of the last twelve bytes counts, so that there are thousands of states.
    SampleExpression either = sampleByte(0);
    either.bytes.set(1);
    const SampleExpression sample = sampleSequence({sampleByte(0), sampleRepeat(either, 11, 11), sampleByte(2)});
    std::mt19937 random(7);
    std::vector<uint8_t> bytes(60'000);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 40 == 0 ? 2 : random() % 2);
    std::vector<uint32_t> expected;
    sample.hitsIn(bytes, 0, expected);
    CHECK(expected.size() > 100);
    ExpressionSearch one(sample.pattern(), bytes.size());
    std::vector<uint32_t> hits;
    one.begin(0);
    auto outcome = ExpressionSearch::Outcome::spent;
    while (outcome == ExpressionSearch::Outcome::spent) {
        int64_t work = 1 << 16;
        outcome = one.search(bytes, 0, true, hits, 1000, work);
    }
    CHECK(outcome == ExpressionSearch::Outcome::over);
    CHECK(hits == expected);
}

TEST_CASE("programs of strangers are refused where they lead nowhere, and end where they lead round") {
    const ExpressionPattern good = sampleByte(7).pattern();
    const auto code = [](const ExpressionPattern& pattern) {
        return codeOf([&] { ExpressionSearch one(pattern, 1); });
    };
    CHECK(code(good).empty());
    CHECK(code({}) == "out-of-range");
    for (const auto& change : std::vector<std::function<void(ExpressionPattern&)>>{
             [](ExpressionPattern& one) { one.forwards.start = 99; },
             [](ExpressionPattern& one) { one.backwards.steps[1].second = 99; },
             [](ExpressionPattern& one) { one.forwards.steps[1].first = 99; },
             [](ExpressionPattern& one) { one.forwards.steps.resize(mostProgramSteps + 1); },
             [](ExpressionPattern& one) { one.backwards.steps.clear(); },
             [](ExpressionPattern& one) { one.classes.resize(mostByteClasses + 1); },
         }) {
        ExpressionPattern bad = good;
        change(bad);
        CHECK(code(bad) == "out-of-range");
    }
    // Steps that lead to each other and take no byte, ends without a beginning, a beginning that is an end.
    const std::vector<uint8_t> bytes(5000, 7);
    using Kind = ByteStep::Kind;
    const ByteProgram round{{{Kind::either, 1, 1}, {Kind::either, 0, 0}}, 0};
    const ByteProgram none{{{Kind::end, 0, 0}}, 0};
    for (const ByteProgram& forwards : {round, none, good.forwards}) {
        for (const ByteProgram& backwards : {round, none, good.backwards}) {
            ExpressionSearch one({good.classes, forwards, backwards}, bytes.size());
            std::vector<uint32_t> hits;
            auto outcome = ExpressionSearch::Outcome::spent;
            one.begin(0);
            for (int step = 0; step < 1000 && outcome == ExpressionSearch::Outcome::spent; step++) {
                int64_t work = 10'000;
                outcome = one.search(bytes, 0, true, hits, 10'000, work);
            }
            CHECK(outcome == ExpressionSearch::Outcome::over);
            for (size_t i = 0; i < hits.size(); i += 2) CHECK(hits[i + 1] > 0);
        }
    }
}
