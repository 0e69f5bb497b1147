#include "status_budget.h"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <random>

using namespace tilescope;
using namespace std::chrono_literals;

namespace {

/** Reads for a minute, as often as wanted and allowed; what they took of the processor. */
struct Minute {
    int reads = 0;
    StatusBudget::Duration spent{};
    StatusBudget::Duration longest{};

    Minute(StatusBudget& budget, StatusBudget::Time& now, StatusBudget::Duration wanted, StatusBudget::Duration cost) {
        const StatusBudget::Time end = now + 60s;
        for (StatusBudget::Time asked = now; asked < end; asked = std::max(asked + wanted, now)) {
            now = std::max(asked, budget.next());
            longest = std::max(longest, now - asked);
            now += cost;
            budget.took(cost, now);
            reads++;
            spent += cost;
        }
    }
};

} // namespace

TEST_CASE("[shape-6] reads that cost little come as often as they are wanted") {
    StatusBudget budget;
    StatusBudget::Time now{1h};
    const Minute minute(budget, now, 100ms, 1ms);
    CHECK(minute.reads >= 590);
    CHECK(minute.longest == 0s);
}

TEST_CASE("[shape-6] dear reads take a fiftieth of the time, whether they are wanted once a second or ten times") {
    for (const auto wanted : {1000ms, 100ms, 0ms}) {
        for (const auto cost : {5ms, 20ms, 60ms, 90ms}) {
            CAPTURE(wanted.count());
            CAPTURE(cost.count());
            StatusBudget budget;
            StatusBudget::Time now{1h};
            const Minute minute(budget, now, wanted, cost);
            CHECK(minute.spent < 60'000ms / 44);
            if (cost * 50 > wanted) CHECK(minute.spent > 60'000ms / 60);
            CHECK(minute.longest <= StatusBudget::longestWait);
        }
    }
}

TEST_CASE("[shape-6] it adapts when reads become dear or cheap") {
    StatusBudget budget;
    StatusBudget::Time now{1h};
    CHECK(Minute(budget, now, 100ms, 1ms).reads >= 590);
    const Minute dear(budget, now, 100ms, 40ms);
    CHECK(dear.spent < 60'000ms / 40);
    const Minute cheap(budget, now, 100ms, 1ms);
    CHECK(cheap.reads >= 560);
}

TEST_CASE("[shape-6] two reads in a row need no wait on a fast board, and after a read never more than the longest") {
    StatusBudget budget;
    StatusBudget::Time now{1h};
    for (int i = 0; i < 2; i++) {
        budget.took(9ms, now);
        CHECK(budget.next() <= now);
    }
    for (int i = 0; i < 10; i++) {
        budget.took(10s, now += 10s);
        CHECK(budget.next() <= now + StatusBudget::longestWait);
    }
}

TEST_CASE("[shape-6] reads of any cost, wanted by several at any time, keep to their share and use it") {
    for (uint32_t seed = 1; seed <= 40; seed++) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        // Parts of reads of less than a fiftieth of the longest wait, and often enough that the budget is what decides.
        std::uniform_int_distribution<int> micros(200, 33'000);
        std::uniform_int_distribution<int> pause(0, 300);
        StatusBudget budget;
        const StatusBudget::Time begun{1h};
        StatusBudget::Time now = begun;
        std::array<StatusBudget::Time, 3> wanted{begun, begun, begun};
        StatusBudget::Duration spent{};
        StatusBudget::Duration dearest{};
        while (now < begun + 120s) {
            auto* const who = std::min_element(wanted.begin(), wanted.end());
            now = std::max({now, *who, budget.next()});
            StatusBudget::Duration look{};
            for (int part = 0; part < 3; part++) {
                const std::chrono::microseconds cost(micros(random));
                budget.took(cost, now += cost);
                look += cost;
            }
            spent += look;
            dearest = std::max(dearest, look);
            *who = now + std::chrono::milliseconds(pause(random));
            REQUIRE(budget.next() <= now + StatusBudget::longestWait);
            // From the beginning on; a read that just ended is paid for by the wait after it.
            REQUIRE(spent <= (now - begun) / StatusBudget::oneIn + StatusBudget::atOnce + dearest);
        }
        CHECK(spent >= 120'000ms / StatusBudget::oneIn * 9 / 10);
    }
}
