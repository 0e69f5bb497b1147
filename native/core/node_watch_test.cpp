#include "node_watch.h"

#include <cstdlib>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

using namespace tilescope;
using namespace std::chrono_literals;

TEST_CASE("[truth-21] another Tilescope's look is no opening, an application's is, also where both meet") {
    const Openings::Time start = Openings::Time() + 100s;
    Openings openings;
    CHECK(!openings.last(start));
    openings.opened(start); // a look
    openings.closedReadOnly();
    CHECK(!openings.last(start));
    openings.opened(start + 1s); // an application, which keeps it open
    CHECK(openings.last(start + 1s) == start + 1s);
    openings.opened(start + 2s); // a look beside it
    openings.closedReadOnly();
    CHECK(openings.last(start + 2s).has_value());
    openings.closedReadOnly(); // another look, whose opening was not told
    openings.opened(start + 4s);
    CHECK(openings.last(start + 4s + 60ms) == start + 4s);
    openings.closedReadOnly(); // too late to take it back
    CHECK(openings.last(start + 5s) == start + 4s);
}

TEST_CASE("[truth-21] a look of another Tilescope that ends while we open or close the node is over all the same") {
    std::string path = "/tmp/tilescope-node-XXXXXX";
    const int made = mkstemp(path.data());
    REQUIRE(made >= 0);
    close(made);
    const auto now = std::chrono::steady_clock::now();
    NodeWatch watch;
    watch.opening(path, now);
    int own = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    watch.done(now);
    const auto look = [&] {
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        CHECK(watch.last(now) == now);
        return fd;
    };
    int other = look();
    watch.opening(path, now);
    const int second = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    close(other);
    watch.done(now);
    CHECK(!watch.last(now + 1s));
    other = look();
    const int third = look();
    watch.closing(now);
    close(own);
    own = open(path.c_str(), O_RDONLY | O_CLOEXEC); // so that inotify tells the two closings apart
    close(other);
    watch.done(now);
    close(third);
    CHECK(!watch.last(now + 1s));
    close(own);
    close(second);
    unlink(path.c_str());
}

TEST_CASE("[truth-21] openings of a file by others are seen, our own and read-only ones are not") {
    std::string path = "/tmp/tilescope-node-XXXXXX";
    const int made = mkstemp(path.data());
    REQUIRE(made >= 0);
    close(made);
    const auto now = std::chrono::steady_clock::now();
    NodeWatch watch;
    for (int i = 0; i < 3; i++) {
        watch.opening(path, now);
        const int found = open(path.c_str(), O_PATH | O_CLOEXEC);
        const int own = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        close(found);
        watch.done(now);
        CHECK(!watch.last(now));
        watch.closing(now);
        close(own);
        watch.done(now);
        CHECK(!watch.last(now));
        const int look = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        close(look);
        CHECK(!watch.last(now));
    }
    const int other = open(path.c_str(), O_RDWR | O_CLOEXEC);
    CHECK(watch.last(now) == now);
    close(other);
    CHECK(watch.last(now + 1s) == now);
    // A node that comes back is watched anew.
    unlink(path.c_str());
    watch.last(now);
    const int again = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    watch.opening(path, now);
    close(again);
    watch.done(now);
    const int late = open(path.c_str(), O_RDWR | O_CLOEXEC);
    CHECK(watch.last(now + 3s) == now + 3s);
    close(late);
    unlink(path.c_str());
}
