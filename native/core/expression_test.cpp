#include "expression.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

#include "collector.h"
#include "sample_expression.h"

using namespace tilescope;

namespace {

/** Searches in pieces, as a search does that keeps only what it has to. */
std::vector<uint32_t> search(const SampleExpression& sample, const std::vector<uint8_t>& bytes, std::mt19937& random) {
    const auto below = [&](size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random); };
    ExpressionSearch one(sample.pattern(), bytes.size());
    std::vector<uint32_t> hits;
    one.begin(0);
    size_t end = std::min(bytes.size(), below(9));
    while (true) {
        const uint64_t from = one.keepFrom();
        const std::span<const uint8_t> here = std::span(bytes).subspan(from, end - from);
        int64_t work = static_cast<int64_t>(1 + below(300));
        const auto outcome = one.search(here, from, end == bytes.size(), hits, 1 + below(3), work);
        REQUIRE(outcome != ExpressionSearch::Outcome::gaveUp);
        if (outcome != ExpressionSearch::Outcome::over) continue;
        if (end == bytes.size()) return hits;
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
        REQUIRE(search(sample, bytes, random) == expected);
        hits += expected.size() / 2;
    }
    CHECK(hits > 5000);
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
