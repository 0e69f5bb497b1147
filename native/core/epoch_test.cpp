#include "epoch.h"

#include <doctest/doctest.h>

using namespace tilescope;

TEST_CASE("[main-8] an epoch stays while the partition stays in the same hands") {
    Epochs epochs("boot", "me");
    const std::string first = epochs.observe({6, 4}, {false, 0, 0});
    CHECK(epochs.observe({6, 4}, {false, 0, 0}) == first);
    const std::string owned = epochs.observe({6, 4}, {true, 5, 100});
    CHECK(owned != first);
    CHECK(epochs.observe({6, 4}, {true, 5, 100}) == owned);
}

TEST_CASE("[main-8] every change of hands starts a new epoch, also back to the same hands") {
    Epochs epochs("boot", "me");
    const std::string before = epochs.observe({6, 4}, {false, 0, 0});
    epochs.observe({6, 4}, {true, 5, 100});
    const std::string after = epochs.observe({6, 4}, {false, 0, 0});
    CHECK(after != before);
    CHECK(epochs.observe({6, 4}, {true, 5, 101}) != epochs.observe({6, 4}, {true, 5, 102}));
}

TEST_CASE("[main-8] a boot, and for free partitions an observer, are part of the epoch") {
    const Hands free{false, 0, 0};
    const Hands owned{true, 5, 100};
    CHECK(Epochs("a", "me").observe({6, 4}, owned) != Epochs("b", "me").observe({6, 4}, owned));
    CHECK(Epochs("a", "me").observe({6, 4}, owned) == Epochs("a", "you").observe({6, 4}, owned));
    CHECK(Epochs("a", "me").observe({6, 4}, free) != Epochs("a", "you").observe({6, 4}, free));
    CHECK(Epochs("a", "me").observe({6, 4}, {true, 0, 0}) != Epochs("a", "you").observe({6, 4}, {true, 0, 0}));
}

TEST_CASE("partitions have epochs of their own") {
    Epochs epochs("boot", "me");
    const std::string second = epochs.observe({20, 2}, {false, 0, 0});
    epochs.observe({6, 4}, {true, 5, 100});
    CHECK(epochs.observe({20, 2}, {false, 0, 0}) == second);
}

TEST_CASE("[main-8] all tiles gated after some were clocked, in the same hands: a new epoch, once") {
    Epochs epochs("boot", "me");
    const Hands free{false, 0, 0};
    const std::string before = epochs.observe({6, 4}, free);
    epochs.sawClocks({6, 4}, {6, 4}, std::nullopt); // gated since before we looked
    CHECK(epochs.observe({6, 4}, free) == before);
    epochs.sawClocks({6, 4}, {6, 4}, 7);
    CHECK(epochs.observe({6, 4}, free) == before);
    epochs.sawClocks({6, 4}, {6, 4}, std::nullopt);
    const std::string after = epochs.observe({6, 4}, free);
    CHECK(after != before);
    epochs.sawClocks({6, 4}, {6, 4}, std::nullopt);
    CHECK(epochs.observe({6, 4}, free) == after);
}

TEST_CASE("[main-8] clocks seen in an earlier epoch say nothing about this one") {
    Epochs epochs("boot", "me");
    epochs.observe({6, 4}, {false, 0, 0});
    epochs.sawClocks({6, 4}, {6, 4}, 7);
    epochs.observe({6, 4}, {true, 5, 100});
    const std::string after = epochs.observe({6, 4}, {false, 0, 0});
    epochs.sawClocks({6, 4}, {6, 4}, std::nullopt);
    CHECK(epochs.observe({6, 4}, {false, 0, 0}) == after);
}

TEST_CASE("[main-8] a device that went away ends every epoch") {
    Epochs epochs("boot", "me");
    const std::string before = epochs.observe({6, 4}, {false, 0, 0});
    epochs.endAll();
    CHECK(epochs.observe({6, 4}, {false, 0, 0}) != before);
}
