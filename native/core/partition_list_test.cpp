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

TEST_CASE("[truth-4] a list that waits for hands asks the driver four times a second, and each list by itself") {
    Desk desk(Generation::aieml);
    desk.all();
    desk.kernel.pauseTakes = std::chrono::milliseconds(1);
    desk.take({1, 2}, 500);
    int enquiries = 0;
    desk.kernel.beforeEnquire = [&] { enquiries++; };
    const auto listed = [&](PartitionList::Time begun) {
        return answerOf(desk.kernel, [&] { return desk.list.partitions(begun); }).front().owner->pid;
    };
    const auto begun = desk.kernel.clock();
    CHECK(listed(begun) == 500);
    CHECK(desk.kernel.clock() - begun >= std::chrono::milliseconds(50));
    CHECK(enquiries == 1);
    SUBCASE("a later one asks") {
        desk.kernel.pause(std::chrono::milliseconds(1));
        CHECK(listed(desk.kernel.clock()) == 500);
        CHECK(enquiries == 2);
    }
    SUBCASE("another process has it meanwhile") {
        desk.kernel.pause(std::chrono::milliseconds(1));
        const auto next = desk.kernel.clock();
        desk.kernel.leave(0);
        desk.kernel.own(0, 501, {1000, "app", {}, false});
        CHECK_FALSE(desk.list.partitions(next));
        CHECK(enquiries == 2);
        desk.kernel.leave(0);
        desk.kernel.own(0, 502, {1000, "app", {}, false});
        CHECK(listed(next) == 502);
        CHECK(enquiries == 2);
    }
    SUBCASE("a process comes and goes for long") {
        desk.kernel.pause(std::chrono::milliseconds(1));
        const auto next = desk.kernel.clock();
        for (int64_t pid = 510; desk.kernel.clock() - next < std::chrono::seconds(1); pid++) {
            desk.kernel.leave(0);
            desk.kernel.own(0, pid, {1000, "app", {}, false});
            const auto made = desk.list.partitions(next);
            REQUIRE_FALSE(made);
            desk.kernel.passUntil(made.later().at);
        }
        CHECK(enquiries >= 4);
        CHECK(enquiries <= 6);
    }
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
