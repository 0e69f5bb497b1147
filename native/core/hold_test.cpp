#include "hold.h"

#include <doctest/doctest.h>
#include <random>

#include "fake_kernel.h"
#include "partition_key.h"

using namespace tilescope;

TEST_CASE(
    "[attach-8] a holder's arguments say its partition, times and the owner it was taken from, and nothing else passes") {
    const HoldFacts facts{"6_4", 1795357509372, 1795386309372, 117, 4242};
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
    for (const char* const other : {"6_0", "6_1000", "a_4", "../6_4"}) {
        auto changed = words;
        changed[1] = other;
        CAPTURE(other);
        CHECK_FALSE(parseHold(changed));
    }
}

TEST_CASE("[shape-4] a holder that an earlier version started is still known, by its columns") {
    const std::vector<std::string> words{"hold", "6", "4", "1795357509372", "1795386309372", "117", "4242"};
    CHECK(parseHold(words) == HoldFacts{"6_4", 1795357509372, 1795386309372, 117, 4242});
    for (const size_t at : {size_t{1}, size_t{2}}) {
        for (const char* const other : {"", "-1", "04", "4_4", "1000"}) {
            auto changed = words;
            changed[at] = other;
            CHECK_FALSE(parseHold(changed));
        }
    }
}

TEST_CASE("[attach-8] random facts come back as they were written") {
    constexpr uint32_t seed = 808;
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 500; round++) {
        const uint32_t startCol = random() % array::maxColumns;
        const HoldFacts facts{
            partitionKey({startCol, 1 + static_cast<uint32_t>(random() % (array::maxColumns - startCol))}),
            static_cast<int64_t>(random() % (1ULL << 53U)), static_cast<int64_t>(random() % (1ULL << 53U)),
            static_cast<int64_t>(random() % (1ULL << 22U)), random() % (1ULL << 53U)};
        REQUIRE(parseHold(holdArguments(facts)) == facts);
    }
}
