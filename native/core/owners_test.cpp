#include "owners.h"

#include <algorithm>
#include <doctest/doctest.h>

#include "in_steps.h"
#include "partition_key.h"

using namespace tilescope;

namespace {

constexpr uint32_t exiting = 0x4;           // PF_EXITING
constexpr uint32_t kernelThread = 0x200000; // PF_KTHREAD

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
    CHECK(desk.owners.occupants({6, 4}).occupants.front().pid == 500);
    const int searches = desk.kernel.searches;
    CHECK(desk.owners.occupants({6, 4}).occupants.front().pid == 500);
    CHECK(desk.kernel.searches == searches);
    CHECK(desk.kernel.pinned() == 1);
    CHECK(desk.kernel.held() == 0);
    desk.kernel.leave(0);
    CHECK(desk.owners.occupants({6, 4}).occupants.empty());
    CHECK(desk.kernel.pinned() == 0);
    // That nobody has it counts for a while; whoever asks for certainty forgets it.
    desk.kernel.own(0, 501, {1000, "app", {}, false});
    CHECK(desk.owners.occupants({6, 4}).occupants.empty());
    desk.owners.forgetNobody({6, 4});
    CHECK(desk.owners.occupants({6, 4}).occupants.front().pid == 501);
    desk.owners.letGo({6, 4});
    CHECK(desk.kernel.pinned() == 0);
}

TEST_CASE(
    "[shape-4] a holder process stands behind applications, and in the name of the owner that it was taken from") {
    Desk desk;
    desk.kernel.own(0, 500, {3000, "app", {}, false});
    desk.kernel.processes[400] = holderOf({6, 4}, 77);
    auto found = judgeOccupants(desk.kernel, {6, 4}, desk.owners.occupants({6, 4}).occupants);
    REQUIRE(found.occupants.size() == 2);
    CHECK(found.occupants.front().pid == 500);
    CHECK(found.applications == 1);
    CHECK(found.hands == Hands{true, 500, 3000});
    REQUIRE(found.hold);
    CHECK(found.hold->process.pid == 400);
    desk.kernel.processes.erase(500);
    found = judgeOccupants(desk.kernel, {6, 4}, desk.owners.occupants({6, 4}).occupants);
    CHECK(found.hands == Hands{true, 77, 1000});
    CHECK(found.applications == 0);
}

TEST_CASE("[shape-4] before an enquiry all owners are kept open; it waits for who starts, for 2 s") {
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
    CHECK(desk.kernel.clock() - begin >= std::chrono::seconds(2));
    CHECK(desk.kernel.clock() - begin <= std::chrono::milliseconds(2020));
    // Known to have none for long: nobody waits for it any more, not even between two partitions of its.
    CHECK(desk.owners.beforeEnquiry());
    desk.kernel.own(2, 600, desk.kernel.processes.at(600));
    CHECK(desk.owners.beforeEnquiry());
    desk.kernel.processes.at(600).links.erase(std::prev(desk.kernel.processes.at(600).links.end()));
    CHECK(desk.owners.beforeEnquiry());

    // One is ending: its descriptors are gone, and it lives. The others are kept open once it was waited for.
    desk.kernel.processes.at(501).links.clear();
    const auto ending = desk.kernel.clock();
    CHECK_FALSE(desk.owners.keepOpen());
    CHECK(answerOf(desk.kernel, [&] { return desk.owners.keepOpen(); }).size() == 1);
    CHECK(desk.kernel.clock() - ending == std::chrono::seconds(2));
}

TEST_CASE("[truth-4] each process that starts or ends is waited for in its own right, however many come and go") {
    Desk desk;
    desk.kernel.own(0, 500, {});
    REQUIRE(desk.owners.beforeEnquiry());
    const auto begin = desk.kernel.clock();
    // One after the other opens the node and is killed before it is seen with a partition, for five times 2 s.
    for (int64_t pid = 600; desk.kernel.clock() - begin < std::chrono::seconds(10); pid++) {
        desk.kernel.lastPid = pid;
        desk.kernel.processes.erase(pid - 1);
        desk.kernel.processes[pid].links[3] = "/dev/aie0";
        REQUIRE_FALSE(desk.owners.beforeEnquiry());
        desk.kernel.pause(std::chrono::milliseconds(101));
    }
    desk.kernel.processes.erase(desk.kernel.lastPid.value());
    CHECK(desk.owners.beforeEnquiry());
}

TEST_CASE(
    "[truth-4] another Tilescope, which opens the node for each of its looks, is waited for 2 s at most, in all") {
    Desk desk;
    desk.kernel.own(0, 500, {});
    FakeKernel::Process& other = desk.kernel.processes[600];
    REQUIRE(desk.owners.beforeEnquiry());
    const auto step = [&] { desk.kernel.pause(std::chrono::milliseconds(50)); };
    const auto begin = desk.kernel.clock();
    while (desk.kernel.clock() - begin < std::chrono::seconds(10)) {
        step();
        other.links[3] = "/dev/aie0";
        desk.kernel.opened = desk.kernel.clock();
        step();
        const bool waited = !desk.owners.beforeEnquiry();
        CHECK(waited == (desk.kernel.clock() - begin < std::chrono::milliseconds(2100)));
        step();
        other.links.erase(3);
        desk.kernel.opened.reset(); // an opening that ends soon, and was to read only, is not counted
        CHECK(desk.owners.beforeEnquiry());
    }
    // While it has a partition that is kept open, as an application's is.
    step();
    desk.kernel.own(1, 600, other);
    desk.kernel.opened = desk.kernel.clock();
    step();
    CHECK(desk.owners.beforeEnquiry()->size() == 2);
    // What was away for 2 s and comes back is a start.
    desk.kernel.processes.at(600).links = {{0, "/dev/null"}};
    for (int i = 0; i < 50; i++) {
        step();
        CHECK(desk.owners.beforeEnquiry());
    }
    step();
    desk.kernel.processes.at(600).links[3] = "/dev/aie0";
    desk.kernel.opened = desk.kernel.clock();
    step();
    CHECK_FALSE(desk.owners.beforeEnquiry());
}

TEST_CASE("[truth-4] a process whose descriptors are gone is waited for until its last closes have run") {
    Desk desk;
    desk.kernel.own(0, 500, {});
    REQUIRE(desk.owners.beforeEnquiry());
    FakeKernel::Process& one = desk.kernel.processes[600];
    desk.kernel.lastPid = 901;
    SUBCASE("seen while it was starting") {
        one.links[3] = "/dev/aie0";
        CHECK_FALSE(desk.owners.beforeEnquiry());
        one.links.clear();
        one.flags = exiting;
    }
    SUBCASE("never seen before") {
        one.flags = exiting;
    }
    SUBCASE("it ends while we look at it") {
        one.links = {{0, "/dev/null"}, {7, FakeKernel::linkOf({20, 2})}};
        desk.kernel.beforeLink = [&](const std::string& path) {
            if (path != "/proc/600/fd/7") return;
            one.links.clear();
            one.flags = exiting;
        };
    }
    CHECK_FALSE(desk.owners.beforeEnquiry());
    CHECK_FALSE(desk.owners.beforeEnquiry());
    desk.kernel.processes.erase(600);
    CHECK(desk.owners.beforeEnquiry());
    // One that never ends is waited for 2 s.
    desk.kernel.processes[601].flags = exiting;
    desk.kernel.lastPid = 902;
    const auto begin = desk.kernel.clock();
    answerOf(desk.kernel, [&] { return desk.owners.beforeEnquiry(); });
    CHECK(desk.kernel.clock() - begin >= std::chrono::seconds(2));
    CHECK(desk.kernel.clock() - begin <= std::chrono::milliseconds(2020));
    CHECK(desk.owners.beforeEnquiry());
}

TEST_CASE(
    "[truth-4] threads of the kernel are not looked at again and again, and their numbers not believed for long") {
    Desk desk;
    for (int64_t pid = 10; pid < 20; pid++) desk.kernel.processes[pid].flags = kernelThread;
    desk.kernel.own(0, 500, {});
    int looks = 0;
    desk.kernel.beforeText = [&](const std::string& path) {
        if (path.starts_with("/proc/1") && path != "/proc/1/stat") looks++;
    };
    const auto look = [&] {
        desk.kernel.pause(std::chrono::milliseconds(1));
        desk.kernel.opened = desk.kernel.clock();
        desk.kernel.pause(std::chrono::milliseconds(1));
        looks = 0;
        return desk.owners.beforeEnquiry()->size();
    };
    REQUIRE(desk.owners.beforeEnquiry());
    CHECK(looks == 10);
    CHECK(look() == 1);
    CHECK(looks == 0);
    // An application got the number of one that has gone.
    desk.kernel.pause(std::chrono::seconds(5));
    desk.kernel.own(1, 15, {});
    CHECK(look() == 2);
    CHECK(looks > 0);
}
