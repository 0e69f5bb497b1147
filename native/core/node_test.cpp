#include "node.h"

#include <doctest/doctest.h>

#include "error.h"
#include "in_steps.h"

using namespace tilescope;

namespace {

struct Desk {
    FakeKernel kernel;
    std::vector<Node::Change> changes;
    Node node{kernel, "/dev/aie0", [this](Node::Change change) { changes.push_back(change); }};
};

} // namespace

TEST_CASE("[shape-4] a node says once that it came, was replaced or is gone, and keeps what was learnt of its driver") {
    using Change = Node::Change;
    Desk desk;
    CHECK_FALSE(desk.node.isThere());
    CHECK_FALSE(desk.node.isSame());
    desk.node.open();
    desk.node.open();
    CHECK(desk.changes == std::vector{Change::came});
    CHECK(desk.node.isSame());
    desk.node.facts().positioned = true;
    std::vector<std::string> findings;
    desk.node.refresh(desk.node.open(), findings);
    CHECK_FALSE(findings.empty());
    CHECK(desk.node.facts().positioned == true);

    desk.kernel.nodeInode++;
    CHECK_FALSE(desk.node.isSame());
    desk.node.open();
    CHECK(desk.changes == std::vector{Change::came, Change::replaced});
    CHECK_FALSE(desk.node.facts().positioned);

    desk.kernel.deviceError = ENODEV;
    CHECK(codeOf([&] { desk.node.open(); }) == "no-device");
    CHECK_FALSE(desk.node.isThere());
    desk.kernel.deviceError = 0;
    desk.node.open();
    CHECK(desk.changes == std::vector{Change::came, Change::replaced, Change::gone, Change::came});
    CHECK(desk.kernel.held() == 0);
}

TEST_CASE("[shape-4] a node that is refused is still the one of before") {
    Desk desk;
    desk.node.open();
    desk.kernel.deviceError = EACCES;
    CHECK(codeOf([&] { desk.node.open(); }) == "permission");
    CHECK(desk.node.isThere());
    CHECK(desk.changes.size() == 1);
}

TEST_CASE("[shape-4] the layout of a partition has the rows that it has of the array") {
    Desk desk;
    desk.node.open();
    const Layout whole = desk.node.layout({1, {6, 4}, 0, 9, false});
    CHECK(whole.map == mapOf(Generation::aie));
    CHECK(whole.shape.shim == RowRange{0, 1});
    CHECK(whole.shape.core == RowRange{1, 8});
    CHECK(desk.node.layout({1, {6, 4}, 3, 2, false}).shape.core == RowRange{3, 2});
    CHECK(desk.node.layout({1, {6, 4}, 0, 1, false}).shape.core.count == 0);
    CHECK(desk.node.freeEntry({1, 2}).id == (1U | 2U << 8U));
}
