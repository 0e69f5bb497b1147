#include "compare.h"

#include <cstdlib>
#include <doctest/doctest.h>
#include <random>

using namespace tilescope;

namespace {

struct Kept {
    std::vector<uint32_t> words;
    std::vector<uint8_t> states;
    [[nodiscard]] Contents contents() const { return {words, states}; }
};

/** The same, word by word, without a thought of speed. */
std::vector<WordRun> naive(const Kept& last, const Kept& now, size_t cheapGap) {
    std::vector<size_t> different;
    for (size_t i = 0; i < now.words.size(); i++) {
        if (last.words[i] != now.words[i] || last.states[i] != now.states[i]) different.push_back(i);
    }
    std::vector<WordRun> runs;
    for (const size_t i : different) {
        const bool joins = !runs.empty() && i <= runs.back().end() + cheapGap;
        if (joins) {
            runs.back() = {runs.back().first, i - runs.back().first + 1};
        } else {
            runs.push_back({i, 1});
        }
    }
    return runs;
}

} // namespace

TEST_CASE("nothing that is equal is told; what differs is, with short gaps, up to both ends") {
    Kept last{std::vector<uint32_t>(200, 7), std::vector<uint8_t>(200, 0)};
    Kept now = last;
    CHECK(differing(last.contents(), now.contents(), 2).empty());
    CHECK(differing({}, {}, 2).empty());
    now.words[0] = 8;
    now.words[3] = 8;    // two equal words between them
    now.words[7] = 8;    // three
    now.states[199] = 1; // the same word, and now it cannot be read
    CHECK(differing(last.contents(), now.contents(), 2) == std::vector<WordRun>{{0, 4}, {7, 1}, {199, 1}});
    CHECK(differing(last.contents(), now.contents(), 0) == std::vector<WordRun>{{0, 1}, {3, 1}, {7, 1}, {199, 1}});
}

TEST_CASE("what differs is what a comparison word by word finds, for any memory") {
    const char* wanted = getenv("SEED");
    const auto seed = wanted != nullptr ? static_cast<uint32_t>(strtoul(wanted, nullptr, 10)) : std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; round++) {
        // Now and then more than what is compared at once.
        const size_t size = random() % (round % 50 == 0 ? 20000 : 400);
        Kept last;
        for (size_t i = 0; i < size; i++) {
            last.words.push_back(random() % 3);
            last.states.push_back(random() % 20 == 0 ? 1 + random() % 3 : 0);
        }
        Kept now = last;
        const size_t changes = random() % 8 == 0 ? size * 2 : random() % 12;
        for (size_t i = 0; i < changes && size != 0; i++) {
            const size_t at = random() % size;
            if (random() % 4 == 0) {
                now.states[at] = random() % 3;
            } else {
                now.words[at] = random() % 3;
            }
        }
        const size_t cheapGap = random() % 4;
        REQUIRE(differing(last.contents(), now.contents(), cheapGap) == naive(last, now, cheapGap));
    }
}
