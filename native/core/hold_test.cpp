#include "hold.h"

#include <doctest/doctest.h>
#include <random>

#include "fake_kernel.h"

using namespace tilescope;

TEST_CASE(
    "[attach-8] a holder's arguments say columns, times and the owner it was taken from, and nothing else passes") {
    const HoldFacts facts{{6, 4}, 1795357509372, 1795386309372, 117, 4242};
    const auto words = holdArguments(facts);
    CHECK(words.front() == "hold");
    CHECK(parseHold(words) == facts);

    CHECK_FALSE(parseHold({}));
    for (const std::string bad :
         {"", "-1", "+1", "01", " 1", "1 ", "1x", "0x1", "99999999999999999999", "9007199254740993"}) {
        for (size_t at = 1; at < words.size(); at++) {
            auto changed = words;
            changed[at] = bad;
            CAPTURE(bad);
            CAPTURE(at);
            CHECK_FALSE(parseHold(changed));
        }
    }
    auto longer = words;
    longer.emplace_back("1");
    CHECK_FALSE(parseHold(longer));
    auto shorter = words;
    shorter.pop_back();
    CHECK_FALSE(parseHold(shorter));
    auto none = words;
    none[2] = "0";
    CHECK_FALSE(parseHold(none));
    auto wide = words;
    wide[2] = "1000";
    CHECK_FALSE(parseHold(wide));
}

TEST_CASE("[attach-8] random facts come back as they were written") {
    constexpr uint32_t seed = 808;
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 500; round++) {
        const HoldFacts facts{{static_cast<uint32_t>(random() % array::maxColumns),
                               1 + static_cast<uint32_t>(random() % array::maxColumns)},
                              static_cast<int64_t>(random() % (1ULL << 53U)),
                              static_cast<int64_t>(random() % (1ULL << 53U)),
                              static_cast<int64_t>(random() % (1ULL << 22U)),
                              random() % (1ULL << 53U)};
        REQUIRE(parseHold(holdArguments(facts)) == facts);
    }
}
