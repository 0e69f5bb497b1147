#include "turns.h"

#include <doctest/doctest.h>

using namespace tilescope;
using namespace std::chrono_literals;

namespace {

using What = Turn::What;

constexpr Turns::Time begin{1h};
constexpr Turns::Waiting nothing{std::nullopt, std::nullopt, true};
constexpr Turns::Waiting urgent{begin, std::nullopt, true};
constexpr Turns::Waiting bulk{std::nullopt, begin, true};
constexpr Turns::Waiting both{begin, begin, true};

/** Somebody watches the list, and looked at it at `begin`. */
Turns watching() {
    Turns turns(begin);
    turns.checked(begin, std::nullopt);
    return turns;
}

} // namespace

TEST_CASE("[main-8] a look that is due soon comes right after a step, and lets nothing wait that comes later") {
    Turns turns = watching();
    turns.stepped(begin + 400ms, true, false);
    CHECK(turns.next(begin + 400ms, nothing).what == What::check);
    turns = watching();
    turns.stepped(begin + 400ms, true, false);
    CHECK(turns.next(begin + 400ms, urgent).what == What::urgent); // there is more to do

    turns = watching();
    turns.stepped(begin + 100ms, true, false);
    CHECK(turns.next(begin + 100ms, nothing).until == begin + 500ms);
    CHECK(turns.next(begin + 400ms, urgent).what == What::urgent);
    // While it waits it is not awake: a look would cost what it costs at its time.
    turns = watching();
    turns.stepped(begin + 100ms, true, false);
    turns.next(begin + 100ms, nothing);
    CHECK(turns.next(begin + 400ms, nothing).until == begin + 500ms);
}

TEST_CASE("a look that is due comes before any task, and none comes where nobody watches") {
    Turns turns = watching();
    CHECK(turns.next(begin + 500ms, both).what == What::check);
    turns.checked(begin + 500ms, begin + 500ms);
    CHECK(turns.next(begin + 501ms, both).what == What::urgent);
    CHECK(turns.next(begin + 502ms, both).what == What::check);
    CHECK(turns.next(begin + 1h, {begin, std::nullopt, false}).what == What::urgent);
    const Turn idle = turns.next(begin + 1h, {std::nullopt, std::nullopt, false});
    CHECK(idle.what == What::wait);
    CHECK_FALSE(idle.until);
}

TEST_CASE("urgent tasks come first; others leave the device alone for a moment between their steps") {
    Turns turns = watching();
    turns.stepped(begin, true, false);
    CHECK(turns.next(begin, both).what == What::urgent);
    const Turn gap = turns.next(begin + 249us, bulk);
    CHECK(gap.what == What::wait);
    CHECK(gap.until == begin + 250us);
    CHECK(turns.next(begin + 250us, bulk).what == What::bulk);
}

TEST_CASE("[main-8] while an urgent task waits for somebody else, every second step is a bulk one") {
    Turns turns = watching();
    for (int round = 0; round < 3; round++) {
        CHECK(turns.next(begin + 1ms, both).what == What::urgent);
        turns.stepped(begin, true, true);
        CHECK(turns.next(begin + 1ms, both).what == What::bulk);
        turns.stepped(begin, false, false);
    }
    turns.stepped(begin, false, true); // a bulk task that waits, too
    CHECK(turns.next(begin + 1ms, both).what == What::urgent);
}

TEST_CASE("[shape-4] a task that waits has its turn at the moment that it told, and others have theirs before it") {
    Turns turns = watching();
    turns.stepped(begin, true, true);
    const Turns::Waiting later{begin + 50ms, std::nullopt, true};
    CHECK(turns.next(begin, later).what == What::wait);
    CHECK(turns.next(begin, later).until == begin + 50ms);
    CHECK(turns.next(begin + 50ms, later).what == What::urgent);
    CHECK(turns.next(begin, {begin + 50ms, begin + 2ms, true}).until == begin + 2ms);
    CHECK(turns.next(begin + 2ms, {begin + 50ms, begin + 2ms, true}).what == What::bulk);
    CHECK(turns.next(begin, {begin + 1h, begin + 2h, true}).until == begin + 500ms); // the look at the list
    CHECK_FALSE(turns.next(begin, {std::nullopt, std::nullopt, false}).until);

    turns.checked(begin, begin + 20ms);
    CHECK(turns.next(begin, nothing).until == begin + 20ms);
    turns.checked(begin, begin); // at once, but not before a task that waits had its turn
    CHECK(turns.next(begin + 1ms, both).what == What::bulk);
    CHECK(turns.next(begin + 1ms, nothing).until == begin + 2ms);
}
