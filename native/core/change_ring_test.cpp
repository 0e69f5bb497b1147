#include "change_ring.h"

#include <doctest/doctest.h>
#include <random>
#include <utility>

using namespace tilescope;

namespace {

/** What a look found, of every word. */
struct Memory {
    std::vector<uint32_t> words;
    std::vector<uint8_t> states;
    [[nodiscard]] Contents contents() const { return {words, states}; }
    bool operator==(const Memory&) const = default;
};

/** A look as a list has it. */
struct Moment {
    uint32_t at = 0;
    uint32_t after = 0;
    Memory found;
    bool operator==(const Moment&) const = default;
};

/** A client: memory at each look, made of the parts that it was handed. */
struct Follower {
    explicit Follower(size_t words) : size(words) {}
    size_t size;
    uint64_t next = 0;
    Memory base;
    std::vector<Moment> moments;

    /** Takes one part. */
    void take(const RingPart& part) {
        size_t at = 0;
        if (part.hasBase) {
            base = {};
            moments.clear();
            for (size_t i = 0; i < size; i++) {
                base.words.push_back(part.words.at(at++));
                base.states.push_back(static_cast<uint8_t>(part.words.at(at++)));
            }
        } else {
            REQUIRE(part.first == next);
        }
        for (uint64_t number = part.first; number < part.next; number++) {
            Moment moment{part.words.at(at), part.words.at(at + 1), moments.empty() ? base : moments.back().found};
            const uint32_t changes = part.words.at(at + 2);
            CHECK(changes != 0);
            at += momentHeadWords;
            for (uint32_t i = 0; i < changes; i++) {
                const uint32_t head = part.words.at(at);
                uint32_t& word = moment.found.words.at(head & 0xFFFFU);
                uint8_t& state = moment.found.states.at(head & 0xFFFFU);
                REQUIRE(word == part.words.at(at + 1));
                REQUIRE(state == (head >> 16U & 0xFFU));
                word = part.words.at(at + 2);
                state = static_cast<uint8_t>(head >> 24U);
                at += changeWords;
            }
            moments.push_back(std::move(moment));
        }
        CHECK(at == part.words.size());
        next = part.next;
    }
};

} // namespace

TEST_CASE("a ring hands out each look once, and the memory before the oldest that is kept") {
    ChangeRing ring(leastRingBytes);
    Memory now{{1, 2, 3}, {0, 0, 5}};
    ring.begin(now.contents());
    Follower follower(3);
    follower.take(ring.part(0, 1000));
    CHECK(follower.base == now);
    now.words[1] = 9;
    now.states[2] = 0;
    ring.add(100, 90, {{0, 3}}, now.contents());
    ring.add(200, 190, {{0, 3}}, now.contents()); // the same again
    follower.take(ring.part(follower.next, 1000));
    CHECK(follower.moments == std::vector<Moment>{{100, 90, now}});
    CHECK(ring.next() == 2);
    CHECK(ring.part(2, 1000).words.empty());
    // A number from the future is of another ring.
    CHECK(ring.part(3, 1000).hasBase);
}

TEST_CASE("[live-6] a ring agrees with a list of memories, whatever falls out and however late its follower comes") {
    for (uint32_t seed = 1; seed <= 12; seed++) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto below = [&](uint32_t end) { return static_cast<uint32_t>(random() % end); };
        const size_t size = 1 + below(seed % 3 == 0 ? mostRingWords : 64);
        ChangeRing ring(leastRingBytes);
        Memory now{std::vector<uint32_t>(size), std::vector<uint8_t>(size)};
        for (uint32_t& word : now.words) word = below(4);
        ring.begin(now.contents());
        const Memory begun = now;
        std::vector<Moment> list;
        uint64_t changes = 0;
        Follower follower(size);
        for (uint32_t step = 0; step < 400; step++) {
            const Memory before = now;
            const size_t touched = 1 + below(below(3) == 0 ? static_cast<uint32_t>(size) : 5);
            for (size_t i = 0; i < touched; i++) {
                const uint32_t index = below(static_cast<uint32_t>(size));
                now.states[index] = below(8) == 0 ? static_cast<uint8_t>(1 + below(7)) : 0;
                now.words[index] = now.states[index] == 0 ? below(4) : 0;
            }
            ring.add(step * 10 + 10, step * 10, {{0, size}}, now.contents());
            if (now != before) list.push_back({step * 10 + 10, step * 10, now});
            for (size_t i = 0; i < size; i++) {
                if (now.words[i] != before.words[i] || now.states[i] != before.states[i]) changes++;
            }
            CHECK(ring.bytes() <= leastRingBytes);
            if (below(4) != 0) continue;
            const uint32_t most = 1 + below(20000);
            for (RingPart part = ring.part(follower.next, most);; part = ring.part(follower.next, most)) {
                follower.take(part);
                if (!part.hasMore) break;
            }
            // All that is kept of the list, and the memory before it.
            CHECK(ring.next() == list.size() + 1);
            REQUIRE(follower.moments.size() <= list.size());
            const size_t gone = list.size() - follower.moments.size();
            CHECK(gone <= ring.first() - 1);
            CHECK(std::equal(follower.moments.begin(), follower.moments.end(), list.begin() + static_cast<long>(gone)));
            CHECK(follower.base == (gone == 0 ? begun : list[gone - 1].found));
        }
        const RingPart all = ring.part(0, ~size_t{0});
        Follower late(size);
        late.take(all);
        uint64_t kept = 0;
        for (size_t at = baseWords * size; at < all.words.size();
             at += momentHeadWords + all.words[at + 2] * changeWords) {
            kept += all.words[at + 2];
        }
        CHECK(ring.lostChanges() + kept == changes);
        CHECK(late.moments.size() == list.size() - (ring.first() - 1));
    }
}
