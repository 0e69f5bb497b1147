#include "send_window.h"

#include <algorithm>
#include <doctest/doctest.h>

using namespace tilescope;
using namespace std::chrono_literals;

namespace {

/** A way that brings so many bytes a second, one after the other, each `takes` after it left; and its receipts. */
class Way {
    struct Arrival {
        SendWindow::Time at;
        uint64_t mark = 0;
    };
    std::deque<Arrival> arrivals_;
    SendWindow::Time idleAt_;
    void receive() {
        now = arrivals_.front().at;
        window.received(arrivals_.front().mark, now);
        arrivals_.pop_front();
    }

  public:
    double bytesPerSecond = 1e6;
    std::chrono::microseconds takes = 5ms;
    SendWindow::Time now{1h};
    SendWindow window;
    uint64_t brought = 0;
    /** How long a byte would wait behind what is on the way. */
    [[nodiscard]] std::chrono::duration<double> behind() const {
        return std::max<std::chrono::duration<double>>(idleAt_ - now, 0s);
    }

    /** Sends what the window has room for, at most `step` at a time; then the time of the next receipt comes. */
    void go(size_t step = size_t{1} << 20U) {
        for (size_t room = window.room(now); room != 0; room = window.room(now)) {
            const size_t bytes = std::min(room, step);
            const std::chrono::duration<double> lasts(static_cast<double>(bytes) / bytesPerSecond);
            idleAt_ = std::max(idleAt_, now) + std::chrono::duration_cast<SendWindow::Duration>(lasts);
            brought += bytes;
            if (const auto mark = window.sent(bytes, now)) arrivals_.push_back({idleAt_ + takes, *mark});
        }
        REQUIRE(!arrivals_.empty()); // else it would wait for ever
        receive();
    }
    /** Nothing more is sent until all receipts have come. */
    void rest() {
        while (!arrivals_.empty()) receive();
    }
    /** The longest that a byte waited in this time. */
    std::chrono::duration<double> goFor(std::chrono::seconds time, size_t step = size_t{1} << 20U) {
        std::chrono::duration<double> longest(0);
        for (const SendWindow::Time end = now + time; now < end;) {
            go(step);
            longest = std::max(longest, behind());
        }
        return longest;
    }
};

} // namespace

TEST_CASE(
    "[shape-6] on a way of 1 MB/s nothing waits longer than 0.15 s behind a long answer, and the way is never idle long") {
    for (const size_t step : {size_t{1} << 20U, size_t{5000}}) {
        CAPTURE(step);
        Way way;
        CHECK(way.goFor(60s, step).count() < 0.15);
        CHECK(way.brought > 0.97 * 60e6);
    }
}

TEST_CASE("[shape-6] a way that is fast or long is filled within a second, and stays so") {
    for (const auto& [rate, takes] : {std::pair{20e6, 1ms}, std::pair{10e6, 60ms}, std::pair{1e6, 400ms}}) {
        CAPTURE(rate);
        Way way;
        way.bytesPerSecond = rate;
        way.takes = takes;
        way.goFor(2s);
        const uint64_t before = way.brought;
        way.goFor(60s);
        CHECK(static_cast<double>(way.brought - before) > (takes < 100ms ? 0.95 : 0.8) * rate * 60);
    }
}

TEST_CASE("[shape-6] a way that becomes slow, and one that becomes longer, are noticed") {
    Way way;
    way.bytesPerSecond = 20e6;
    way.goFor(2s);
    way.bytesPerSecond = 1e6;
    way.goFor(6s); // what was on the way before
    CHECK(way.goFor(30s).count() < 0.15);
    way.takes = 300ms;
    way.goFor(20s);
    const uint64_t before = way.brought;
    way.goFor(30s);
    CHECK(way.brought - before > 0.85 * 30e6);
}

TEST_CASE("[shape-6] one stop of the client costs no more than the stop itself") {
    Way way;
    way.goFor(5s);
    way.now += 2s; // nothing was heard meanwhile
    way.goFor(2s);
    const uint64_t before = way.brought;
    way.goFor(20s);
    CHECK(way.brought - before > 0.95 * 20e6);
}

TEST_CASE("[shape-6] short answers between which nothing is sent leave the window as it is and always find room") {
    Way way;
    way.goFor(5s);
    way.rest();
    const size_t size = way.window.size();
    for (int i = 0; i < 1000; i++) {
        way.now += 1s;
        REQUIRE(way.window.room(way.now) != 0);
        if (const auto mark = way.window.sent(4096, way.now)) way.window.received(*mark, way.now + 9ms);
    }
    CHECK(way.window.size() == size);
}

TEST_CASE(
    "[shape-6] marks that were never given or are past say nothing; never less than the least, never more than the most") {
    SendWindow window;
    SendWindow::Time now{1h};
    window.received(7, now);
    CHECK(window.room(now) == SendWindow::least);
    const auto mark = window.sent(SendWindow::least, now);
    REQUIRE(mark);
    window.received(*mark + 1, now + 1ms);
    window.received(0, now + 1ms);
    CHECK(window.room(now) == SendWindow::atFirst / 4);
    window.received(*mark, now + 1ms);
    window.received(*mark, now + 9s);
    for (int i = 0; i < 40; i++) {
        std::optional<uint64_t> last;
        for (size_t room = window.room(now); room != 0; room = window.room(now)) last = window.sent(room, now);
        REQUIRE(last);
        window.received(*last, now += (i < 20 ? 1ms : 400ms));
        CHECK(window.size() >= SendWindow::least);
        CHECK(window.size() <= SendWindow::most);
        if (i == 19) CHECK(window.size() == SendWindow::most);
    }
    CHECK(window.size() == SendWindow::least);
}

TEST_CASE("the time of a byte on the way is told where bytes waited for others, whatever the way takes besides") {
    for (const auto& [rate, takes] :
         {std::pair{1e6, 5ms}, std::pair{1e6, 400ms}, std::pair{0.1e6, 5ms}, std::pair{8e6, 20ms}}) {
        CAPTURE(rate);
        CAPTURE(takes.count());
        Way way;
        way.bytesPerSecond = rate;
        way.takes = takes;
        way.goFor(10s);
        static_cast<void>(way.window.takeWayTimes());
        way.goFor(5s);
        const WayTimes times = way.window.takeWayTimes();
        REQUIRE(times.marks > 3);
        REQUIRE(times.fullBytes > 0);
        CHECK(times.took.count() / times.fullBytes > 0.6 / rate);
        CHECK(times.took.count() / times.fullBytes < 1.4 / rate);
        CHECK(way.window.takeWayTimes().marks == 0);
    }
}

TEST_CASE("a way that nobody fills is told as one where nothing waits, and few bytes tell nothing") {
    SendWindow window;
    SendWindow::Time now{1h};
    const auto roundTrip = [&](size_t bytes) {
        const auto mark = window.sent(bytes, now, true);
        REQUIRE(mark);
        now += 5ms;
        window.received(*mark, now);
        now += 100ms;
    };
    for (int i = 0; i < 20; i++) roundTrip(500);
    CHECK(window.takeWayTimes().marks == 0);
    for (int i = 0; i < 20; i++) roundTrip(8000);
    const WayTimes times = window.takeWayTimes();
    CHECK(times.marks == 20);
    CHECK(times.fullBytes == 0);
    CHECK(times.took.count() == 0);
}
