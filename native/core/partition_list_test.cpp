#include "partition_list.h"

#include <doctest/doctest.h>

#include "in_steps.h"

using namespace tilescope;

namespace {

struct Desk {
    FakeKernel kernel;
    std::atomic<bool> hurry{false};
    Node node;
    Courtesy courtesy;
    Owners owners{node};
    PartitionList list{node, owners, courtesy, hurry};
    explicit Desk(Generation generation)
        : kernel(generation), node(kernel, "/dev/aie0", [this](Node::Change change) { list.nodeChanged(change); }) {
        kernel.lastPid = 900;
    }
    std::vector<PartitionState> all() {
        return answerOf(kernel, [&] { return list.list(node.open()); });
    }
    size_t take(ColumnRange columns, int64_t pid) {
        kernel.partitions.push_back(
            {columns.startCol | columns.numCols << 8U, columns, kernel.shape.numRows(), 0, false, false});
        kernel.own(kernel.partitions.size() - 1, pid, {1000, "app", {}, false});
        return kernel.partitions.size() - 1;
    }
};

} // namespace

TEST_CASE("[shape-4] a list takes no partition, and tells a change once") {
    Desk desk(Generation::aieml);
    CHECK(desk.all().empty());
    CHECK(desk.list.freeColumns() == std::vector<ColumnRange>{{0, 6}});
    CHECK(answerOf(desk.kernel, [&] { return desk.list.poll(); })); // nothing was told yet
    CHECK_FALSE(answerOf(desk.kernel, [&] { return desk.list.poll(); }));
    desk.take({1, 2}, 500);
    const auto changed = answerOf(desk.kernel, [&] { return desk.list.poll(); });
    REQUIRE(changed);
    REQUIRE(changed->size() == 1);
    CHECK(changed->front().owner->pid == 500);
    CHECK(desk.list.freeColumns() == std::vector<ColumnRange>{{0, 1}, {3, 3}});
    CHECK_FALSE(answerOf(desk.kernel, [&] { return desk.list.poll(); }));
    CHECK(desk.kernel.requests.empty());
    CHECK(desk.kernel.held() == 0);
}

TEST_CASE("[shape-4] hands that are new are waited for in steps, and known from then on") {
    Desk desk(Generation::aieml);
    desk.all();
    desk.kernel.pauseTakes = std::chrono::milliseconds(1);
    desk.take({1, 2}, 500);
    const auto begin = desk.kernel.clock();
    CHECK_FALSE(desk.list.list(desk.node.open()));
    CHECK(desk.list.isWaitedFor({1, 2}));
    CHECK(desk.kernel.clock() - begin <= std::chrono::milliseconds(9));
    CHECK(desk.all().front().owner->pid == 500);
    CHECK(desk.kernel.clock() - begin >= std::chrono::milliseconds(50));
    CHECK_FALSE(desk.list.isWaitedFor({1, 2}));
    CHECK(desk.list.epochs().knows({1, 2}, {true, 500, 1000}));
    CHECK(desk.list.since({1, 2}) == desk.kernel.clock());
    CHECK_FALSE(desk.list.since({3, 2}));
}

TEST_CASE("[shape-4] a pick begins when its columns could be opened, and ends with the node") {
    Desk desk(Generation::aieml);
    desk.all();
    desk.list.setOpening(ColumnRange{1, 2});
    CHECK(desk.list.isPicked({1, 2}));
    desk.list.setOpening(std::nullopt);
    CHECK_FALSE(desk.list.isPicked({1, 2}));
    desk.list.setOpening(ColumnRange{1, 2});
    desk.list.pickOpening();
    CHECK(desk.all().front().picked);
    desk.kernel.nodeInode++;
    CHECK(desk.all().empty());
}
