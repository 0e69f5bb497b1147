#include "owner.h"

#include <doctest/doctest.h>

#include "fake_kernel.h"

using namespace tilescope;

TEST_CASE("[main-8] a partition's link is recognised with and without brackets, and nothing else is") {
    CHECK(partitionOfLink("anon_inode:aiepart_6_4") == ColumnRange{6, 4});
    CHECK(partitionOfLink("anon_inode:[aiepart_0_50]") == ColumnRange{0, 50});
    for (const char* other :
         {"/memfd:aiepart_6_4 (deleted)", "/tmp/anon_inode:aiepart_6_4", "anon_inode:aiepart_6_4x",
          "anon_inode:aiepart_6", "anon_inode:aiepart_6_", "anon_inode:aiepart__4", "anon_inode:aiepart_-6_4",
          "anon_inode:[aiepart_6_4", "anon_inode:aiepart_6_4]", "anon_inode:aiepart_99999_4", "anon_inode:aiepart_ 6_4",
          "anon_inode:[eventfd]", "socket:[12]", ""}) {
        CAPTURE(other);
        CHECK_FALSE(partitionOfLink(other).has_value());
    }
}

TEST_CASE("the start time is field 22, whatever the command's name contains") {
    const std::string tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20 21\n";
    CHECK(startTicksOfStat("12 (plain)" + tail) == 777);
    CHECK(startTicksOfStat("12 (a) b (c d) )" + tail) == 777);
    CHECK_FALSE(startTicksOfStat("12 (short) S 1 2").has_value());
    CHECK_FALSE(startTicksOfStat("nonsense").has_value());
    CHECK_FALSE(startTicksOfStat("").has_value());
}

TEST_CASE(
    "[truth-4] whether a process is ending stands in its flags; a zombie has closed all, unless threads are left") {
    const auto stat = [](const std::string& state, int flags, int threads) {
        return "12 (a) b) " + state + " 1 1 1 0 -1 " + std::to_string(flags) + " 0 0 0 0 0 0 0 0 20 0 " +
               std::to_string(threads) + " 0 777 0 0\n";
    };
    CHECK(isEnding(stat("R", 0x400004, 1)));
    CHECK(isEnding(stat("D", 0x4, 0)));
    CHECK(isEnding(stat("Z", 0x40000c, 2)));
    CHECK_FALSE(isEnding(stat("Z", 0x40000c, 1)));
    CHECK_FALSE(isEnding(stat("Z", 0x40000c, 0)));
    CHECK_FALSE(isEnding(stat("S", 0x400000, 1)));
    CHECK_FALSE(isEnding("12 (short) S 1 2"));
    CHECK(isKernelThread(stat("I", 0x4208060, 1)));
    CHECK_FALSE(isKernelThread(stat("S", 0x400000, 1)));
    CHECK_FALSE(isKernelThread(""));
}

TEST_CASE("[main-8] holders are found by their descriptors, the oldest process first") {
    FakeKernel kernel;
    kernel.own(0, 500, {2000, "child", {{3, "socket:[1]"}}, false});
    kernel.processes[501] = {1500, "parent", {{9, "anon_inode:aiepart_6_4"}}, false};
    kernel.processes[502] = {1, "other", {{9, "anon_inode:aiepart_20_2"}}, false};
    kernel.processes[503] = {1, "secret", {}, true};
    kernel.processes[FakeKernel::selfPid] = {1, "we", {{4, "anon_inode:aiepart_6_4"}}, false};
    const OccupantSearch search = occupantsOf(kernel, {6, 4}, FakeKernel::selfPid);
    REQUIRE(search.occupants.size() == 2);
    CHECK(search.occupants[0].command == "parent");
    CHECK(search.occupants[0].fd == 9);
    CHECK(search.occupants[1].pid == 500);
    CHECK(search.hidden == 1);
}

TEST_CASE("[truth-10] in a container what /proc shows is not all there is") {
    FakeKernel kernel;
    CHECK(seesMachine(kernel));
    CHECK(occupantsOf(kernel, {6, 4}, FakeKernel::selfPid).hidden == 0);
    kernel.space = "pid:[4026532101]";
    CHECK_FALSE(seesMachine(kernel));
    CHECK(occupantsOf(kernel, {6, 4}, FakeKernel::selfPid).hidden == 1);
    // A kernel without PID namespaces has no such link; where the folder cannot be read either, nothing is known.
    kernel.space.reset();
    CHECK_FALSE(seesMachine(kernel));
    kernel.folders["/proc/self/ns"] = {"mnt", "pid"};
    CHECK_FALSE(seesMachine(kernel));
    kernel.folders["/proc/self/ns"] = {"mnt"};
    CHECK(seesMachine(kernel));
}

TEST_CASE("[truth-10] a mapping of exactly this partition's file is told from everything else") {
    FakeKernel kernel;
    const std::string before = "ffff8a000000-ffff8a100000 r--s 00000000 00:0e 1027                           ";
    kernel.processes[500] = {1000, "app", {}, false};
    for (const char* other : {"/tmp/anon_inode:aiepart_6_4", "/memfd:aiepart_6_4 (deleted)", "anon_inode:aiepart_6_40",
                              "anon_inode:aiepart_60_4", "/dmabuf:", "anon_inode:aiepart_6_4 x", "[aiepart_6_4]"}) {
        CAPTURE(other);
        kernel.processes[500].maps = {before + other, "anon_inode:aiepart_6_4", ""};
        CHECK_FALSE(hasMapped(kernel, 500, {6, 4}));
    }
    kernel.processes[500].maps = {"aaaa0000-aaab0000 r-xp 00000000 00:11 1 /usr/bin/app",
                                  before + "anon_inode:aiepart_6_4"};
    CHECK(hasMapped(kernel, 500, {6, 4}));
    kernel.processes[500].maps[1] = before + "anon_inode:[aiepart_6_4]";
    CHECK(hasMapped(kernel, 500, {6, 4}));
}
