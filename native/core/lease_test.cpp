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

/** A lease as the engine takes it from a driver of 2020; null when the partition is busy. */
std::unique_ptr<Lease> takeLease(FakeKernel& kernel, const PartitionEntry& entry, int64_t pageSize) {
    int error = 0;
    std::string other;
    const NodeFd node = NodeFd::open(kernel, "/dev/aie0", error, other);
    kernel.events.clear();
    DriverFacts facts;
    facts.family = Family::linux2020;
    const Layout layout{&aieMap(), aieShape(entry.numRows), true, true};
    auto taken = Lease::take(kernel, node, entry, layout, facts, RequestLength::bytes24, pageSize);
    return std::move(taken.lease);
}

/** A look beside the owner, as a driver of 2020 allows it. */
std::unique_ptr<BorrowedPartition> borrowPartition(FakeKernel& kernel, const PartitionEntry& entry,
                                                   std::span<const Occupant> occupants) {
    const Layout layout{&aieMap(), aieShape(entry.numRows), true, true};
    return std::make_unique<BorrowedPartition>(kernel, borrowDescriptor(kernel, entry.columns, occupants), entry,
                                               layout, false, BorrowedPartition::Beside{});
}

std::vector<Occupant> occupants(FakeKernel& kernel) {
    return occupantsOf(kernel, {6, 4}, FakeKernel::selfPid).occupants;
}

} // namespace

TEST_CASE("[main-8] a lease gives back in order: each mapping before its descriptor, and the partition last") {
    FakeKernel kernel;
    const PartitionEntry entry = entryOf(kernel, 0);
    {
        const auto lease = takeLease(kernel, entry, 4096);
        REQUIRE(lease);
        REQUIRE(lease->memories().size() == 2);
        uint32_t word = 0;
        for (const MemoryGeometry& memory : lease->memories()) {
            CHECK(lease->writing(memory, {}).load(0, {&word, 1}).words == 1);
        }
        CHECK(lease->registers().readRegister({6, 0}, aieMap().columnClock) == 3);
    }
    const std::vector<std::string> expected{
        "open partition", "open data",     "open program", "close device",   "map", "map", "map", "unmap", "close data",
        "unmap",          "close program", "unmap",        "close partition"};
    CHECK(kernel.events == expected);
    CHECK(kernel.held() == 0);
}

TEST_CASE("[shape-4] the pretend kernel lets no partition be closed while a mapping or a DMA-buf of it lives") {
    FakeKernel kernel;
    const PartitionEntry entry = entryOf(kernel, 0);
    const PartitionFd partition(UniqueFd(kernel, kernel.requestKept({}, entry.id, RequestLength::bytes24)));
    REQUIRE(partition.get() >= 0);
    int error = 0;
    {
        const size_t column = size_t{kernel.partitions.front().rows} << kernel.map->rowShift;
        const Mapping registers(kernel, kernel.mapRegisters(partition, 0, column, error), column);
        REQUIRE(registers.valid());
        CHECK_THROWS_AS(kernel.close(partition.get()), std::logic_error);
    }
    std::vector<uapi::Mem> memories(static_cast<size_t>(kernel.memoryCount(partition)));
    REQUIRE(kernel.memories(partition, memories) == 0);
    std::vector<UniqueFd> buffers;
    for (const uapi::Mem& one : memories) buffers.emplace_back(kernel, one.fd);
    REQUIRE_FALSE(buffers.empty());
    CHECK_THROWS_AS(kernel.close(partition.get()), std::logic_error);
    buffers.clear();
    CHECK(kernel.partitions.front().ours); // what was refused changed nothing
}

TEST_CASE("[main-8] what was written in a lease is there in the next one") {
    FakeKernel kernel;
    const PartitionEntry entry = entryOf(kernel, 0);
    const uint32_t value = 0xFEEDF00D;
    const MemoryGeometry data = aieMemories(entry.columns, entry.numRows)[0];
    takeLease(kernel, entry, 4096)->writing(data, {}).store(32768 + 8, {&value, 1});
    uint32_t word = 0;
    takeLease(kernel, entry, 4096)->reading(data).load(32768 + 8, {&word, 1});
    CHECK(word == value);
    CHECK(kernel.peek({6, 2}, 8) == value);
}

TEST_CASE("a partition that another process took first is no error, and leaves nothing") {
    FakeKernel kernel;
    const PartitionEntry entry = entryOf(kernel, 0);
    kernel.own(0, 500, {});
    CHECK_FALSE(takeLease(kernel, entry, 4096));
    CHECK(kernel.held() == 0);
}

TEST_CASE("[main-8] [main-16] with 64 KiB pages the register view reads, and the driver writes word by word") {
    FakeKernel kernel;
    kernel.memoriesError = EINVAL;
    const PartitionEntry entry = entryOf(kernel, 0);
    CHECK(codeOf([&] { takeLease(kernel, entry, 4096); }) == "driver");
    const int descriptions = kernel.descriptions;
    kernel.poke({7, 3}, 0x20010, 0x1234);
    const auto lease = takeLease(kernel, entry, 65536);
    CHECK(lease->largePages());
    CHECK(kernel.descriptions == descriptions); // it would fail, and give back descriptors that are in use
    const MemoryGeometry program = aieMemories(entry.columns, entry.numRows)[1];
    uint32_t word = 0;
    lease->reading(program).load((8 + 2) * 0x4000 + 0x10, {&word, 1});
    CHECK(word == 0x1234);
    const uint32_t value = 0x5678;
    CHECK(lease->writing(program, {}).store((8 + 2) * 0x4000 + 0x10, {&value, 1}).words == 1);
    CHECK(kernel.peek({7, 3}, 0x20010) == 0x5678);
}

TEST_CASE("[main-8] another owner's partition is read through a verified duplicate, and never written") {
    FakeKernel kernel;
    kernel.own(0, 500, {});
    kernel.poke({9, 8}, 0x7FFC, 77);
    const PartitionEntry entry = entryOf(kernel, 0);
    {
        const auto borrowed = borrowPartition(kernel, entry, occupants(kernel));
        const MemoryGeometry data = aieMemories(entry.columns, entry.numRows)[0];
        uint32_t word = 0;
        borrowed->reading(data).load(data.totalBytes() - 4, {&word, 1});
        CHECK(word == 77);
        CHECK(codeOf([&] { borrowed->writing(data, {}); }) == "locked");
    }
    CHECK(kernel.held() == 0);
}

TEST_CASE("[main-8] decoys with the right name are refused, and the real descriptor is found behind them") {
    FakeKernel kernel;
    kernel.own(0, 500, {1000, "app", {{3, "/tmp/aiepart_6_4"}, {4, "/memfd:aiepart_6_4 (deleted)"}}, false});
    CHECK(borrowPartition(kernel, entryOf(kernel, 0), occupants(kernel)));
    // Each number is reused for something else between the look and the
    // duplicate.
    auto had = occupants(kernel);
    for (const char* decoy : {"/memfd:anon_inode:aiepart_6_4 (deleted)", "socket:[7]", "/tmp/aiepart_6_4",
                              "anon_inode:aiepart_20_2", "anon_inode:[eventfd]"}) {
        CAPTURE(decoy);
        kernel.processes[500].links[7] = decoy;
        CHECK(codeOf([&] { borrowPartition(kernel, entryOf(kernel, 0), had); }) == "owner-hidden");
    }
    kernel.processes[500].links[12] = "anon_inode:aiepart_6_4";
    had.push_back(had.front());
    had.back().fd = 12;
    CHECK(borrowPartition(kernel, entryOf(kernel, 0), had));
    CHECK(kernel.held() == 0);
}

TEST_CASE("[main-8] a process number that was reused is not trusted") {
    FakeKernel kernel;
    kernel.own(0, 500, {});
    const auto had = occupants(kernel);
    kernel.processes[500].startTicks++;
    CHECK(codeOf([&] { borrowPartition(kernel, entryOf(kernel, 0), had); }) == "owner-hidden");
}

TEST_CASE("[main-8] no way beside the owner is said in words: old kernel, no permission, nobody found") {
    FakeKernel kernel;
    kernel.own(0, 500, {});
    const auto had = occupants(kernel);
    const auto code = [&] { return codeOf([&] { borrowPartition(kernel, entryOf(kernel, 0), had); }); };
    kernel.duplicateError = EPERM;
    CHECK(code() == "permission");
    kernel.duplicateError = ENOSYS;
    CHECK(code() == "no-pidfd");
    kernel.pidfdError = ENOSYS;
    CHECK(code() == "no-pidfd");
    CHECK(codeOf([&] { borrowPartition(kernel, entryOf(kernel, 0), {}); }) == "owner-hidden");
    CHECK(kernel.held() == 0);
}

TEST_CASE("[attach-5] a memory is recognised by offset, size and rows, and a description that lies is not") {
    const PartitionEntry entry{1, {6, 4}, 0, 9, false};
    const Layout layout{&aieMap(), aieShape(9), true, true};
    const auto of = [&](const uapi::Mem& mem) { return geometryOf(mem, entry, layout); };
    const uapi::Mem data{{{6, 1}, {4, 8}}, 0, 0x8000, 3};
    CHECK(of(data)->type == MemoryType::data);
    CHECK(of({data.range, 0x20000, 0x4000, 3})->type == MemoryType::program);
    CHECK_FALSE(of({data.range, 0, 0x10000, 3}));
    CHECK_FALSE(of({{{6, 1}, {50, 8}}, 0, 0x8000, 3}));
    CHECK_FALSE(of({{{5, 1}, {4, 8}}, 0, 0x8000, 3}));
    CHECK_FALSE(of({{{6, 0}, {4, 9}}, 0, 0x8000, 3}));
    // Data and memory-tile memory both begin at 0: rows and size tell them apart.
    const Layout later{mapOf(Generation::aie2ps), {0, {0, 1}, {1, 2}, {3, 6}}, true, true};
    const auto laterOf = [&](const uapi::Mem& mem) { return geometryOf(mem, entry, later); };
    CHECK(laterOf({{{6, 3}, {4, 6}}, 0, 0x10000, 3})->type == MemoryType::data);
    CHECK(laterOf({{{6, 1}, {4, 2}}, 0, 0x80000, 3})->type == MemoryType::memoryTile);
    CHECK(laterOf({{{6, 0}, {4, 1}}, 0x80000, 0x8000, 3})->type == MemoryType::ucProgram);
    CHECK(laterOf({{{6, 0}, {4, 1}}, 0x88000, 0x4000, 3})->type == MemoryType::ucPrivateData);
    CHECK(laterOf({{{6, 0}, {4, 1}}, 0xD0000, 0x8000, 3})->type == MemoryType::ucSharedData);
    CHECK_FALSE(laterOf({{{6, 1}, {4, 2}}, 0, 0x10000, 3}));
}

TEST_CASE("[attach-5] what the driver describes tells a generation that nobody named; nonsense tells none") {
    const PartitionEntry entry{1, {0, 2}, 0, 9, false};
    const uapi::Mem data{{{0, 3}, {2, 6}}, 0, 0x10000, -1};
    const uapi::Mem program{{{0, 3}, {2, 6}}, 0x20000, 0x4000, -1};
    const uapi::Mem tiles{{{0, 1}, {2, 2}}, 0, 0x80000, -1};
    const uapi::Mem uc{{{0, 0}, {2, 1}}, 0x80000, 0x8000, -1};
    const std::vector<uapi::Mem> ml{data, program, tiles};
    const auto found = judge(ml, entry);
    REQUIRE(found);
    CHECK(found->generation == Generation::aieml);
    CHECK(found->shape == ArrayShape{0, {0, 1}, {1, 2}, {3, 6}});
    CHECK(judge(std::vector<uapi::Mem>{data, program, tiles, uc}, entry)->generation == Generation::aie2ps);
    const uapi::Mem small{{{0, 1}, {2, 8}}, 0, 0x8000, -1};
    CHECK(judge(std::vector<uapi::Mem>{small}, entry)->generation == Generation::aie);
    CHECK_FALSE(judge(std::vector<uapi::Mem>{data}, entry));         // rows 1 and 2 are nothing
    CHECK_FALSE(judge(std::vector<uapi::Mem>{small, tiles}, entry)); // a mixture
    CHECK_FALSE(judge(std::vector<uapi::Mem>{{{{1, 1}, {2, 8}}, 0, 0x8000, -1}}, entry));
    CHECK_FALSE(judge(std::vector<uapi::Mem>{}, entry));
}

TEST_CASE("[truth-12] a descriptor that a request gave is taken for the partition's only if it is called so") {
    for (const char* link : {"anon_inode:aiepart_20_2", "anon_inode:[eventfd]", "/dev/aie0", "none"}) {
        CAPTURE(link);
        FakeKernel kernel;
        kernel.requestedLink = link;
        CHECK(codeOf([&] { takeLease(kernel, entryOf(kernel, 0), 4096); }) == "driver");
        CHECK(kernel.events == std::vector<std::string>{"open partition", "close partition", "close device"});
        CHECK(kernel.held() == 0);
    }
}

TEST_CASE("[truth-13] that a driver has no pread is remembered after EINVAL only; other failures map nothing") {
    FakeKernel kernel(Generation::aie);
    const PartitionEntry entry{0x200, {0, 2}, 0, kernel.shape.numRows(), false};
    int error = 0;
    std::string other;
    const NodeFd node = NodeFd::open(kernel, "/dev/aie0", error, other);
    DriverFacts facts;
    facts.family = Family::xlnxAperture;
    const Layout layout{&aieMap(), kernel.shape, true, true};
    const auto take = [&] { return Lease::take(kernel, node, entry, layout, facts, RequestLength::bytes40, 4096); };
    for (const int trouble : {EIO, EINTR, EBUSY, EPERM}) {
        CAPTURE(trouble);
        kernel.positionedError = trouble;
        CHECK(codeOf([&] { take(); }) == "driver");
        CHECK_FALSE(facts.positioned.has_value());
    }
    CHECK(std::count(kernel.events.begin(), kernel.events.end(), "map") == 0);
    kernel.positionedError = 0;
    CHECK(take().lease->positioned());
    CHECK(facts.positioned == true);

    DriverFacts earlier;
    kernel.positionedWorks = false;
    CHECK_FALSE(Lease::take(kernel, node, entry, layout, earlier, RequestLength::bytes40, 4096).lease->positioned());
    CHECK(earlier.positioned == false);
}
