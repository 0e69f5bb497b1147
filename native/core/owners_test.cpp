#include "owners.h"

#include <algorithm>
#include <doctest/doctest.h>

#include "in_steps.h"
#include "partition_key.h"

using namespace tilescope;

namespace {

struct Desk {
    FakeKernel kernel;
    Node node{kernel, "/dev/aie0", [](Node::Change) {}};
    Owners owners{node};
    Desk() { kernel.lastPid = 900; }
};

FakeKernel::Process holderOf(ColumnRange columns, int64_t pid) {
    std::vector<std::string> arguments{"agent"};
    for (const std::string& one : holdArguments({partitionKey(columns), 1, 2, pid, 1000})) arguments.push_back(one);
    return {2000, holdCommand, {{holdDescriptor, FakeKernel::linkOf(columns)}}, false, {}, arguments};
}

} // namespace

TEST_CASE(
    "[shape-4] an owner is searched for once, then looked at by one link, and searched for again when it is gone") {
    Desk desk;
    desk.kernel.own(0, 500, {1000, "app", {}, false});
    CHECK(desk.owners.holders({6, 4}).holders.front().pid == 500);
    const int searches = desk.kernel.searches;
    CHECK(desk.owners.holders({6, 4}).holders.front().pid == 500);
    CHECK(desk.kernel.searches == searches);
    CHECK(desk.kernel.pinned() == 1);
    CHECK(desk.kernel.held() == 0);
    desk.kernel.leave(0);
    CHECK(desk.owners.holders({6, 4}).holders.empty());
    CHECK(desk.kernel.pinned() == 0);
    // That nobody has it counts for a while; whoever asks for certainty forgets it.
    desk.kernel.own(0, 501, {1000, "app", {}, false});
    CHECK(desk.owners.holders({6, 4}).holders.empty());
    desk.owners.forgetNobody({6, 4});
    CHECK(desk.owners.holders({6, 4}).holders.front().pid == 501);
    desk.owners.letGo({6, 4});
    CHECK(desk.kernel.pinned() == 0);
}

TEST_CASE(
    "[shape-4] a holder process stands behind applications, and in the name of the owner that it was taken from") {
    Desk desk;
    desk.kernel.own(0, 500, {3000, "app", {}, false});
    desk.kernel.processes[400] = holderOf({6, 4}, 77);
    auto found = judgeHolders(desk.kernel, {6, 4}, desk.owners.holders({6, 4}).holders);
    REQUIRE(found.holders.size() == 2);
    CHECK(found.holders.front().pid == 500);
    CHECK(found.applications == 1);
    CHECK(found.hands == Hands{true, 500, 3000});
    REQUIRE(found.hold);
    CHECK(found.hold->process.pid == 400);
    desk.kernel.processes.erase(500);
    found = judgeHolders(desk.kernel, {6, 4}, desk.owners.holders({6, 4}).holders);
    CHECK(found.hands == Hands{true, 77, 1000});
    CHECK(found.applications == 0);
}

TEST_CASE("[shape-4] before an enquiry all owners are kept open; it waits for who starts, 1 ms at a time, for 2 s") {
    Desk desk;
    desk.kernel.own(0, 500, {});
    desk.kernel.own(1, 501, {});
    {
        const auto kept = desk.owners.beforeEnquiry();
        REQUIRE(kept);
        CHECK(kept->size() == 2);
    }
    CHECK(desk.kernel.held() == 0);
    desk.kernel.lastPid = 901;
    desk.kernel.processes[600].links[3] = "/dev/aie0";
    const auto begin = desk.kernel.clock();
    const auto later = desk.owners.beforeEnquiry();
    REQUIRE_FALSE(later);
    CHECK(later.later().at == begin + std::chrono::milliseconds(1));
    CHECK(desk.kernel.clock() == begin); // it waits by what it says, not by sleeping
    CHECK(answerOf(desk.kernel, [&] { return desk.owners.beforeEnquiry(); }).size() == 2);
    CHECK(desk.kernel.clock() - begin == std::chrono::seconds(2));
    // Known to have none for long: nobody waits for it any more.
    CHECK(desk.owners.beforeEnquiry());

    // One is ending: its descriptors are gone, and it lives. The others are kept open once it was waited for.
    desk.kernel.processes.at(501).links.clear();
    const auto ending = desk.kernel.clock();
    CHECK_FALSE(desk.owners.keepOpen());
    CHECK(answerOf(desk.kernel, [&] { return desk.owners.keepOpen(); }).size() == 1);
    CHECK(desk.kernel.clock() - ending == std::chrono::milliseconds(100));
}
