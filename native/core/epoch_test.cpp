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

TEST_CASE("partitions have lives of their own") {
    Epochs epochs("boot", "me");
    const std::string second = epochs.observe({20, 2}, {false, 0, 0});
    epochs.observe({6, 4}, {true, 5, 100});
    CHECK(epochs.observe({20, 2}, {false, 0, 0}) == second);
}
