#include "courtesy.h"

#include <doctest/doctest.h>

using namespace tilescope;
using namespace std::chrono_literals;

namespace {

constexpr ColumnRange columns{6, 4};
using Verdict = Courtesy::Verdict;

/** A request at a moment of a clock that starts at 100 s. */
struct Case {
    Courtesy courtesy;
    Courtesy::Time now = Courtesy::Time() + 100s;
    Verdict ask(Visit& visit) { return courtesy.judge(columns, "epoch 1", visit, now).verdict; }
    Verdict ask(Asking asking) {
        Visit visit{asking};
        return ask(visit);
    }
};

} // namespace

TEST_CASE("[truth-21] what nobody asked for never takes a free partition") {
    Case one;
    CHECK(one.ask(Asking::nobody) == Verdict::unasked);
    CHECK(one.ask(Asking::look) == Verdict::take);
    CHECK(one.ask(Asking::person) == Verdict::take);
    CHECK(one.ask(Asking::fast) == Verdict::take);
}

TEST_CASE("[truth-21] after all was gated only a person's question takes the partition again, until its next epoch") {
    Case one;
    one.courtesy.clocks(columns, "epoch 1", columns, true);
    CHECK(one.ask(Asking::look) == Verdict::gated);
    CHECK(one.ask(Asking::person) == Verdict::take);
    Visit other{Asking::look};
    CHECK(one.courtesy.judge(columns, "epoch 2", other, one.now).verdict == Verdict::take);
    one.courtesy.clocks(columns, "epoch 1", columns, false);
    CHECK(one.ask(Asking::look) == Verdict::take);
}

TEST_CASE("[truth-21] an opening of the node keeps everybody away for 2 s and ends a long read, not a write") {
    Case one;
    Visit read{Asking::person, false, false, one.now, one.now};
    Visit write{Asking::person, true, false, one.now, one.now};
    one.now += 10ms;
    one.courtesy.opened(one.now);
    CHECK(one.ask(read) == Verdict::wait); // it may be a look of another Tilescope
    CHECK(one.ask(write) == Verdict::wait);
    CHECK(one.ask(Asking::fast) == Verdict::wait);
    Visit fresh{Asking::look};
    const auto answer = one.courtesy.judge(columns, "epoch 1", fresh, one.now);
    CHECK(answer.until == one.now + 2s);
    one.now += 49ms;
    CHECK(one.ask(read) == Verdict::wait);
    one.now += 1ms;
    CHECK(one.ask(read) == Verdict::over);
    one.now += 1949ms;
    CHECK(one.ask(fresh) == Verdict::wait);
    one.now += 1ms;
    CHECK(one.ask(fresh) == Verdict::take);
    CHECK(one.ask(read) == Verdict::over); // it ended; what was read stays
}

TEST_CASE("[truth-21] a look of another Tilescope keeps a long read waiting until it is over, and ends none") {
    Case one;
    Visit read{Asking::fast, false, false, one.now, one.now};
    one.now += 10ms;
    one.courtesy.opened(one.now);
    CHECK(one.ask(read) == Verdict::wait);
    one.courtesy.opened(std::nullopt); // closed
    CHECK(one.ask(read) == Verdict::take);
}

TEST_CASE("[truth-21] whoever let go a moment ago comes first, for 200 ms") {
    Case one;
    one.courtesy.used(columns, one.now);
    CHECK(one.ask(Asking::person) == Verdict::wait);
    Visit other{Asking::person};
    CHECK(one.courtesy.judge({20, 2}, "epoch 1", other, one.now).verdict == Verdict::take);
    one.now += 200ms;
    CHECK(one.ask(Asking::person) == Verdict::take);
}

TEST_CASE("[truth-21] whatever others do, a person waits for 5 s at most") {
    Case one;
    Visit visit{Asking::person};
    for (int i = 0; i < 50; i++) {
        one.courtesy.opened(one.now);
        CHECK(one.ask(visit) == Verdict::wait);
        one.now += 100ms;
    }
    one.courtesy.opened(one.now);
    CHECK(one.ask(visit) == Verdict::take);
}

TEST_CASE("[truth-21] a long read has the partition for a tenth of the time at most, the next request included") {
    Case one;
    Visit visit{Asking::person};
    Courtesy::Time::duration had{0};
    const auto begun = one.now;
    for (int lease = 0; lease < 20; lease++) {
        for (;;) {
            const auto answer = one.courtesy.judge(columns, "epoch 1", visit, one.now);
            if (answer.verdict == Verdict::take) break;
            REQUIRE(answer.verdict == Verdict::wait);
            one.now = answer.until;
        }
        if (!visit.begun) visit.begun = one.now;
        const auto taken = one.now;
        one.now += lease % 3 == 0 ? 73ms : 5ms;
        had += one.now - taken;
        one.courtesy.leased(columns, taken, one.now);
        one.courtesy.wasLong(columns);
    }
    CHECK(one.ask(Asking::look) == Verdict::wait);
    CHECK(one.ask(Asking::fast) == Verdict::take);
    Visit next{Asking::look};
    one.now = one.courtesy.judge(columns, "epoch 1", next, one.now).until;
    CHECK(one.ask(next) == Verdict::take);
    CHECK(had * 10 <= one.now - begun);
}

TEST_CASE("[truth-21] single short leases are not made to wait for each other") {
    Case one;
    one.courtesy.leased(columns, one.now, one.now + 5ms);
    one.now += 5ms;
    CHECK(one.ask(Asking::look) == Verdict::take);
}
