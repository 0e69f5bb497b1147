#include "deflate_choice.h"

#include <algorithm>
#include <deque>
#include <doctest/doctest.h>
#include <functional>
#include <utility>
#include <vector>

using namespace tilescope;
using namespace std::chrono_literals;

namespace {

constexpr double ns = 1e-9;
constexpr double MiB = 1 << 20;

/** A long read over a way, in simulated time: read, perhaps deflate, send while the window has room. */
struct Read {
    double bytesPerSecond = 1e6;
    double readCost = 10 * ns;
    double deflateCost = 30 * ns;
    /** Seconds that the processor is elsewhere while it deflates for the first time. */
    double interruption = 0;
    WayTimes::Seconds takes{0.001};
    /** What is left of a byte, by how many were read before. */
    std::function<double(double)> left = [](double) { return 0.25; };
    bool deflates = true;

    double now = 3600;
    double onWire = 0;
    double processor = 0;
    double read = 0;
    /** How long a byte waited for others at most, in seconds. */
    double longest = 0;
    SendWindow window;
    DeflateChoice choice;
    std::vector<std::string> said;

    [[nodiscard]] SendWindow::Time time() const {
        return SendWindow::Time(std::chrono::duration_cast<SendWindow::Duration>(WayTimes::Seconds(now)));
    }
    /** Reads so many bytes, at most `step` at a time; seconds until the last has come. */
    double run(double bytes) {
        const double begin = now;
        for (const double end = read + bytes; read < end;) {
            arrive();
            const size_t room = window.room(time());
            if (room == 0) {
                now = std::max(now, arrivals_.front().at);
                continue;
            }
            const double most = deflates ? static_cast<double>(choice.payloadFor(room)) : static_cast<double>(room);
            go(std::min({most, end - read, 4 * MiB}));
        }
        while (!arrivals_.empty()) {
            now = std::max(now, arrivals_.front().at);
            arrive();
        }
        return now - begin;
    }
    /** Sends nothing for a while. */
    void rest(double seconds) { now += seconds; }

  private:
    struct Arrival {
        double at = 0;
        uint64_t mark = 0;
    };
    void arrive() {
        while (!arrivals_.empty() && arrivals_.front().at <= now) {
            const Arrival one = arrivals_.front();
            arrivals_.pop_front();
            window.received(one.mark, time());
        }
    }
    void go(double bytes) {
        now += bytes * readCost;
        double sent = 0;
        for (double done = 0; done < bytes; done += 65536) {
            const double payload = std::min(65536.0, bytes - done);
            const double share = left(read + done);
            double out = payload;
            if (deflates) {
                choice.heard(window.takeWayTimes(), time());
                const auto act = choice.next(static_cast<size_t>(payload));
                if (act != DeflateChoice::Act::leave) {
                    const double tried = act == DeflateChoice::Act::sample ? std::min(payload, 16384.0) : payload;
                    const double leftOver = share > 0.94 ? tried : tried * share;
                    const double took = tried * deflateCost + std::exchange(interruption, 0);
                    choice.deflated(static_cast<size_t>(tried), static_cast<size_t>(leftOver),
                                    DeflateChoice::Seconds(took));
                    now += took;
                    processor += took;
                    if (act == DeflateChoice::Act::deflate) out = leftOver;
                }
                if (const auto news = choice.news()) said.push_back(*news);
            }
            sent += out + 40;
        }
        read += bytes;
        onWire += sent;
        idleAt_ = std::max(idleAt_, now) + sent / bytesPerSecond;
        longest = std::max(longest, idleAt_ - now);
        const auto mark = window.sent(static_cast<size_t>(sent), time());
        if (mark) arrivals_.push_back({idleAt_ + takes.count(), *mark});
        // Without a mark on the way nothing would tell of the last bytes.
        lastAt_ = idleAt_ + takes.count();
        if (arrivals_.empty()) now = std::max(now, lastAt_ - takes.count());
    }
    std::deque<Arrival> arrivals_;
    double idleAt_ = 0;
    double lastAt_ = 0;
};

/** Seconds of 12.5 MiB, as they are and by choice. */
struct Both {
    double without = 0;
    double chosen = 0;
};

Both both(Read read, double bytes = 12.5 * MiB) {
    Read plain = read;
    plain.deflates = false;
    return {plain.run(bytes), read.run(bytes)};
}

} // namespace

TEST_CASE(
    "[live-4] over 1 MB/s what shrinks to a quarter takes less than a third of the time, and the choice is said once, with figures") {
    for (const double takes : {0.0005, 0.02, 0.1}) {
        CAPTURE(takes);
        Read read;
        read.takes = WayTimes::Seconds(takes);
        const Both times = both(read);
        CHECK(times.chosen < times.without * 0.31);
        read.run(12.5 * MiB);
        REQUIRE(read.said.size() == 1);
        CHECK(read.said[0].starts_with("payloads are deflated from now on: the way brings "));
        CHECK(read.said[0].ends_with("deflates 33.3 MB/s and leaves 25 %"));
    }
}

TEST_CASE("[live-4] on no way does the choice cost more than 3 %, whatever the bytes are and the processor is") {
    const std::vector<std::function<double(double)>> kinds{
        [](double) { return 1.0; }, [](double) { return 0.6; }, [](double) { return 0.25; },
        [](double) { return 0.005; },
        // Tiles of one and the other kind in turn, and long stretches of them.
        [](double at) { return static_cast<size_t>(at / 32768) % 2 == 0 ? 1.0 : 0.01; },
        [](double at) { return static_cast<size_t>(at / (2 * MiB)) % 2 == 0 ? 1.0 : 0.01; }};
    for (const double rate : {0.1e6, 1e6, 5e6, 12e6, 25e6, 50e6, 100e6, 400e6}) {
        for (const double cost : {5 * ns, 15 * ns, 30 * ns, 60 * ns, 200 * ns}) {
            for (size_t kind = 0; kind < kinds.size(); kind++) {
                CAPTURE(rate);
                CAPTURE(cost);
                CAPTURE(kind);
                Read read;
                read.bytesPerSecond = rate;
                read.deflateCost = cost;
                read.left = kinds[kind];
                const Both times = both(read);
                CHECK(times.chosen < times.without * 1.03);
            }
        }
    }
}

TEST_CASE(
    "nothing waits longer than 0.3 s behind a long answer over 1 MB/s, also where what shrinks is followed by noise") {
    for (const double stretch : {32768.0, 0.3 * MiB, 2 * MiB}) {
        CAPTURE(stretch);
        Read read;
        read.left = [stretch](double at) { return static_cast<size_t>(at / stretch) % 2 == 0 ? 1.0 : 0.01; };
        read.run(25 * MiB);
        CHECK_FALSE(read.said.empty());
        CHECK(read.longest < 0.3);
    }
}

TEST_CASE("a second of the processor saves more than one of the way") {
    for (const double rate : {1e6, 5e6, 12e6, 25e6}) {
        CAPTURE(rate);
        Read read;
        read.bytesPerSecond = rate;
        const Both times = both(read, 50 * MiB);
        read.run(50 * MiB);
        CHECK(read.processor < times.without - times.chosen + 0.02);
    }
}

TEST_CASE("noise is left as it is on a slow way, and most of it is not even tried") {
    Read read;
    read.left = [](double) { return 1.0; };
    read.run(12.5 * MiB);
    CHECK(read.said.empty());
    CHECK(read.processor < 0.04 * 12.5 * MiB * read.deflateCost);
}

TEST_CASE("where deflating is what takes the time the way is looked at anew every ten seconds, and nothing flutters") {
    Read read;
    read.deflateCost = 200 * ns;
    read.left = [](double) { return 0.005; };
    const double took = read.run(400 * MiB);
    CHECK(took < 1.1 * 400 * MiB * (200 + 10) * ns);
    CHECK(read.said.size() == 1);
}

TEST_CASE("[live-4] a way that becomes fast, or slow, is noticed, and said") {
    Read read;
    read.run(12.5 * MiB);
    CHECK(read.choice.on());
    read.bytesPerSecond = 200e6;
    read.run(20 * MiB);
    CHECK_FALSE(read.choice.on());
    read.bytesPerSecond = 1e6;
    read.run(6 * MiB);
    CHECK(read.choice.on());
    CHECK(read.said.size() == 3);
    CHECK(read.said[1].starts_with("payloads are sent as they are from now on: "));
}

TEST_CASE("[live-4] a first sample that was interrupted does not decide for good") {
    for (const double seconds : {0.02, 0.1, 5.0}) {
        CAPTURE(seconds);
        Read read;
        read.interruption = seconds;
        read.run(50 * MiB);
        CHECK(read.choice.on());
    }
}

TEST_CASE("small payloads stay as they are, and nothing is tried before the way is known") {
    DeflateChoice choice;
    CHECK(choice.next(65536) == DeflateChoice::Act::leave);
    WayTimes slow;
    slow.marks = 3;
    slow.bytes = 200'000;
    slow.fullBytes = slow.bytes;
    slow.took = WayTimes::Seconds(0.2);
    choice.heard(slow, DeflateChoice::Time{1h});
    CHECK(choice.next(DeflateChoice::leastPayload - 1) == DeflateChoice::Act::leave);
    REQUIRE(choice.next(65536) == DeflateChoice::Act::sample);
    choice.deflated(16384, 3000, 1ms);
    CHECK(choice.on());
    CHECK(choice.next(DeflateChoice::leastPayload - 1) == DeflateChoice::Act::leave);
    CHECK(choice.next(DeflateChoice::leastPayload) == DeflateChoice::Act::deflate);
    CHECK(choice.news());
    CHECK_FALSE(choice.news());
}
