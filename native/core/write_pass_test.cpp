#include "write_pass.h"

#include <doctest/doctest.h>
#include <random>
#include <set>

using namespace tilescope;

namespace {

/** A tile's memory as an array, with words that fault and words that a core
 * changes right after a store. */
class FakePort final : public WordPort {
  public:
    explicit FakePort(size_t words) : memory(words) {}
    std::vector<uint32_t> memory;
    std::set<uint32_t> faultyLoad;
    std::set<uint32_t> faultyStore;
    std::set<uint32_t> busy;
    std::vector<uint32_t> stored;

    Moved load(uint64_t offset, std::span<uint32_t> to) override {
        for (size_t i = 0; i < to.size(); i++) {
            const auto index = static_cast<uint32_t>(offset / 4 + i);
            if (faultyLoad.contains(index)) return {i, Reason::busError};
            to[i] = memory[index];
        }
        return {to.size(), Reason::none};
    }
    Moved store(uint64_t offset, std::span<const uint32_t> from) override {
        for (size_t i = 0; i < from.size(); i++) {
            const auto index = static_cast<uint32_t>(offset / 4 + i);
            if (faultyStore.contains(index)) return {i, Reason::busError};
            memory[index] = busy.contains(index) ? ~from[i] : from[i];
            stored.push_back(index);
        }
        return {from.size(), Reason::none};
    }
};

std::vector<WordOutcome> pass(FakePort& port, bool lines, bool force, const std::vector<Word>& words) {
    std::vector<WordOutcome> outcomes(words.size());
    writePass(port, lines, force, words, outcomes);
    return outcomes;
}

} // namespace

TEST_CASE("[main-8] only the masked bits of a word change, and they are read back") {
    FakePort port(8);
    port.memory[2] = 0x11223344;
    const auto outcomes = pass(port, false, false, {{8, 0x00003300, 0x0000FF00, 0x0000AA00}});
    CHECK(port.memory[2] == 0x1122AA44);
    CHECK(outcomes[0] == WordOutcome{8, Outcome::verified, Reason::none, 0x1122AA44});
    CHECK(port.stored == std::vector<uint32_t>{2});
}

TEST_CASE("[main-8] a word that holds something else than was seen is not written, unless forced") {
    FakePort port(8);
    port.memory[2] = 0x11223344;
    const Word word{8, 0x00005500, 0x0000FF00, 0x0000AA00};
    CHECK(pass(port, false, false, {word})[0] == WordOutcome{8, Outcome::conflict, Reason::none, 0x11223344});
    CHECK(port.stored.empty());
    CHECK(pass(port, false, true, {word})[0].outcome == Outcome::verified);
    CHECK(port.memory[2] == 0x1122AA44);
}

TEST_CASE("[main-8] a word that the core changes after the write counts as changed-after") {
    FakePort port(8);
    port.busy.insert(2);
    CHECK(pass(port, false, false, {{8, 0, ~0U, 5}})[0] == WordOutcome{8, Outcome::changedAfter, Reason::none, ~5U});
}

TEST_CASE("[main-8] words of one program line are joined: stored whole, or not at all") {
    FakePort port(8);
    port.memory = {1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(pass(port, true, false, {{4, 2, ~0U, 20}, {12, 4, ~0U, 40}})[1].outcome == Outcome::verified);
    CHECK(port.stored == std::vector<uint32_t>{0, 1, 2, 3});
    CHECK(port.memory == std::vector<uint32_t>{1, 20, 3, 40, 5, 6, 7, 8});
    port.stored.clear();
    const auto outcomes = pass(port, true, false, {{16, 5, ~0U, 50}, {20, 99, ~0U, 60}});
    CHECK(outcomes[0] == WordOutcome{16, Outcome::conflict, Reason::none, 5});
    CHECK(outcomes[1] == WordOutcome{20, Outcome::conflict, Reason::none, 6});
    CHECK(port.stored.empty());
}

TEST_CASE("[main-8] [main-10] random writes agree with a naive model, word for word") {
    constexpr uint32_t seed = 77001;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    for (int round = 0; round < 3000; round++) {
        constexpr uint32_t size = 64;
        const bool lines = chance(50);
        const bool force = chance(20);
        FakePort port(size);
        for (uint32_t i = 0; i < size; i++) {
            port.memory[i] = random();
            if (chance(2)) port.faultyLoad.insert(i);
            if (chance(2)) port.faultyStore.insert(i);
            if (chance(5)) port.busy.insert(i);
        }
        std::vector<Word> words;
        for (uint32_t i = 0; i < size; i++) {
            if (!chance(40)) continue;
            const uint32_t mask = chance(30) ? ~0U : random();
            words.push_back({i * 4, chance(85) ? port.memory[i] : static_cast<uint32_t>(random()), mask,
                             static_cast<uint32_t>(random())});
        }
        // The model: unit by unit, everything by the book.
        std::vector<uint32_t> memory = port.memory;
        std::vector<WordOutcome> expected(words.size());
        const uint32_t unit = lines ? 4 : 1;
        for (uint32_t start = 0; start < size; start += unit) {
            std::vector<size_t> mine;
            for (size_t w = 0; w < words.size(); w++) {
                if (words[w].offset / 4 >= start && words[w].offset / 4 < start + unit) mine.push_back(w);
            }
            if (mine.empty()) continue;
            bool fault = false;
            for (uint32_t i = start; i < start + unit; i++) fault = fault || port.faultyLoad.contains(i);
            bool conflict = false;
            for (const size_t w : mine) {
                const Word& word = words[w];
                conflict = conflict || (!force && (memory[word.offset / 4] & word.mask) != (word.seen & word.mask));
            }
            std::vector<uint32_t> next(memory.begin() + start, memory.begin() + start + unit);
            for (const size_t w : mine) {
                uint32_t& place = next[words[w].offset / 4 - start];
                place = (place & ~words[w].mask) | (words[w].value & words[w].mask);
            }
            if (!fault && !conflict) {
                for (uint32_t i = 0; i < unit && !fault; i++) {
                    if (port.faultyStore.contains(start + i)) {
                        fault = true;
                    } else {
                        memory[start + i] = port.busy.contains(start + i) ? ~next[i] : next[i];
                    }
                }
            }
            for (const size_t w : mine) {
                const Word& word = words[w];
                const uint32_t now = memory[word.offset / 4];
                expected[w] = {word.offset, Outcome::verified, Reason::none, now};
                if (fault)
                    expected[w] = {word.offset, Outcome::unreadable, Reason::busError, 0};
                else if (conflict)
                    expected[w].outcome = Outcome::conflict;
                else if (((now ^ word.value) & word.mask) != 0)
                    expected[w].outcome = Outcome::changedAfter;
            }
        }
        const auto outcomes = pass(port, lines, force, words);
        REQUIRE(outcomes.size() == expected.size());
        for (size_t w = 0; w < words.size(); w++) {
            CAPTURE(round);
            CAPTURE(w);
            REQUIRE(outcomes[w] == expected[w]);
        }
        REQUIRE(port.memory == memory);
    }
}
