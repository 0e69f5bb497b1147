#include "lease.h"

#include <doctest/doctest.h>

#include "error.h"
#include "fake_kernel.h"

using namespace tilescope;

namespace {

PartitionEntry entryOf(const FakeKernel& kernel, size_t index) {
    const auto& one = kernel.partitions[index];
    return {one.id, one.columns, 0, one.rows, one.owner != 0};
}

std::string codeOf(const std::function<void()>& act) {
    try {
        act();
    } catch (const CoreError& error) {
        return error.code();
    }
    return "";
}

std::vector<Holder> holdersOf(FakeKernel& kernel) {
    return findHolders(kernel, {6, 4}, FakeKernel::selfPid).holders;
}

} // namespace

TEST_CASE("[main-8] a lease gives back in order: each mapping before its descriptor, and the partition last") {
    FakeKernel kernel;
    const PartitionEntry entry = entryOf(kernel, 0);
    {
        const auto lease = Lease::take(kernel, 3, entry, 4096);
        REQUIRE(lease);
        REQUIRE(lease->memories().size() == 2);
        uint32_t word = 0;
        for (const MemoryGeometry& memory : lease->memories()) {
            CHECK(lease->port(memory, true).load(0, {&word, 1}).words == 1);
        }
        CHECK(lease->registers().readRegister({6, 0}, aieMap().columnClock) == 3);
    }
    const std::vector<std::string> expected{
        "open partition", "open data", "open program", "map",   "map",           "map",
        "unmap",          "unmap",     "close data",   "unmap", "close program", "close partition"};
    CHECK(kernel.events == expected);
    CHECK(kernel.held() == 0);
}

TEST_CASE("[main-8] what was written in a lease is there in the next one") {
    FakeKernel kernel;
    const PartitionEntry entry = entryOf(kernel, 0);
    const uint32_t value = 0xFEEDF00D;
    const MemoryGeometry data = aieMemories(entry.columns, entry.numRows)[0];
    Lease::take(kernel, 3, entry, 4096)->port(data, true).store(32768 + 8, {&value, 1});
    uint32_t word = 0;
    Lease::take(kernel, 3, entry, 4096)->port(data, false).load(32768 + 8, {&word, 1});
    CHECK(word == value);
    CHECK(kernel.peek({6, 2}, 8) == value);
}

TEST_CASE("a partition that another process took first is no error, and leaves nothing") {
    FakeKernel kernel;
    const PartitionEntry entry = entryOf(kernel, 0);
    kernel.own(0, 500, {});
    CHECK_FALSE(Lease::take(kernel, 3, entry, 4096));
    CHECK(kernel.held() == 0);
}

TEST_CASE("[main-8] with 64 KiB pages the register view reads, and writing is refused in words") {
    FakeKernel kernel;
    kernel.memoriesError = EINVAL;
    const PartitionEntry entry = entryOf(kernel, 0);
    CHECK(codeOf([&] { Lease::take(kernel, 3, entry, 4096); }) == "driver");
    kernel.poke({7, 3}, 0x20010, 0x1234);
    const auto lease = Lease::take(kernel, 3, entry, 65536);
    CHECK(lease->largePages());
    const MemoryGeometry program = aieMemories(entry.columns, entry.numRows)[1];
    uint32_t word = 0;
    lease->port(program, false).load((8 + 2) * 0x4000 + 0x10, {&word, 1});
    CHECK(word == 0x1234);
    CHECK(codeOf([&] { lease->port(program, true); }) == "large-pages");
}

TEST_CASE("[main-8] another owner's partition is read through a verified duplicate, and never written") {
    FakeKernel kernel;
    kernel.own(0, 500, {});
    kernel.poke({9, 8}, 0x7FFC, 77);
    const PartitionEntry entry = entryOf(kernel, 0);
    {
        const auto borrowed = BorrowedPartition::borrow(kernel, entry, holdersOf(kernel));
        const MemoryGeometry data = aieMemories(entry.columns, entry.numRows)[0];
        uint32_t word = 0;
        borrowed->port(data, false).load(data.totalBytes() - 4, {&word, 1});
        CHECK(word == 77);
        CHECK(codeOf([&] { borrowed->port(data, true); }) == "locked");
    }
    CHECK(kernel.held() == 0);
}

TEST_CASE("[main-8] decoys with the right name are refused, and the real descriptor is found behind them") {
    FakeKernel kernel;
    kernel.own(0, 500, {1000, "app", {{3, "/tmp/aiepart_6_4"}, {4, "/memfd:aiepart_6_4 (deleted)"}}, false});
    CHECK(BorrowedPartition::borrow(kernel, entryOf(kernel, 0), holdersOf(kernel)));
    // Each number is reused for something else between the look and the
    // duplicate.
    auto holders = holdersOf(kernel);
    for (const char* decoy : {"/memfd:anon_inode:aiepart_6_4 (deleted)", "socket:[7]", "/tmp/aiepart_6_4",
                              "anon_inode:aiepart_20_2", "anon_inode:[eventfd]"}) {
        CAPTURE(decoy);
        kernel.processes[500].links[7] = decoy;
        CHECK(codeOf([&] { BorrowedPartition::borrow(kernel, entryOf(kernel, 0), holders); }) == "owner-hidden");
    }
    kernel.processes[500].links[12] = "anon_inode:aiepart_6_4";
    holders.push_back(holders.front());
    holders.back().fd = 12;
    CHECK(BorrowedPartition::borrow(kernel, entryOf(kernel, 0), holders));
    CHECK(kernel.held() == 0);
}

TEST_CASE("[main-8] a process number that was reused is not trusted") {
    FakeKernel kernel;
    kernel.own(0, 500, {});
    const auto holders = holdersOf(kernel);
    kernel.processes[500].startTicks++;
    CHECK(codeOf([&] { BorrowedPartition::borrow(kernel, entryOf(kernel, 0), holders); }) == "owner-hidden");
}

TEST_CASE("[main-8] no way beside the owner is said in words: old kernel, no permission, nobody found") {
    FakeKernel kernel;
    kernel.own(0, 500, {});
    const auto holders = holdersOf(kernel);
    const auto code = [&] { return codeOf([&] { BorrowedPartition::borrow(kernel, entryOf(kernel, 0), holders); }); };
    kernel.duplicateError = EPERM;
    CHECK(code() == "permission");
    kernel.duplicateError = ENOSYS;
    CHECK(code() == "no-pidfd");
    kernel.pidfdError = ENOSYS;
    CHECK(code() == "no-pidfd");
    CHECK(codeOf([&] { BorrowedPartition::borrow(kernel, entryOf(kernel, 0), {}); }) == "owner-hidden");
    CHECK(kernel.held() == 0);
}

TEST_CASE("a memory is recognised by offset, size and rows, and a description that lies is not") {
    const PartitionEntry entry{1, {6, 4}, 0, 9, false};
    const uapi::Mem data{{{6, 1}, {4, 8}}, 0, 0x8000, 3};
    CHECK(geometryOf(data, entry)->type == MemoryType::data);
    CHECK(geometryOf({data.range, 0x20000, 0x4000, 3}, entry)->type == MemoryType::program);
    CHECK_FALSE(geometryOf({data.range, 0, 0x10000, 3}, entry));
    CHECK_FALSE(geometryOf({{{6, 1}, {50, 8}}, 0, 0x8000, 3}, entry));
    CHECK_FALSE(geometryOf({{{5, 1}, {4, 8}}, 0, 0x8000, 3}, entry));
    CHECK_FALSE(geometryOf({{{6, 0}, {4, 9}}, 0, 0x8000, 3}, entry));
}
