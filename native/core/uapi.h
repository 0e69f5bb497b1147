/**
 * The kernel's structures and request numbers for /dev/aieN, in our own words (LKML 2020 series "misc:
 * xilinx-ai-engine", patches 2 to 4; LP64). All integers are little endian on the machines that have the device.
 * Only the requests that this project may send exist here: the ones that reset (nr 3, 4, 5) do not.
 */
#pragma once
#include <cstddef>
#include <cstdint>

namespace tilescope::uapi {

struct Location {
    uint32_t col;
    uint32_t row;
};

/** `start` is absolute; `size` counts columns and rows. */
struct Range {
    Location start;
    Location size;
};

/** One memory type, as AIE_GET_MEM fills it. `size` is bytes of one tile, `offset` its place in the tile. */
struct Mem {
    Range range;
    size_t offset;
    size_t size;
    int fd;
};

struct MemArgs {
    unsigned int count;
    Mem* mems;
};

struct RangeArgs {
    uint32_t partitionId;
    uint32_t uid;
    Range range;
    uint32_t status;
};

struct PartitionQuery {
    RangeArgs* partitions;
    uint32_t count;
};

struct PartitionRequest {
    uint32_t partitionId;
    uint32_t uid;
    uint64_t metaData;
    uint32_t flag;
};

static_assert(sizeof(void*) == 8, "the driver's LP64 interface only");
static_assert(sizeof(Location) == 8 && offsetof(Location, row) == 4);
static_assert(sizeof(Range) == 16 && offsetof(Range, size) == 8);
static_assert(sizeof(Mem) == 40 && offsetof(Mem, offset) == 16 && offsetof(Mem, size) == 24 && offsetof(Mem, fd) == 32);
static_assert(sizeof(MemArgs) == 16 && offsetof(MemArgs, mems) == 8);
static_assert(sizeof(RangeArgs) == 28 && offsetof(RangeArgs, uid) == 4 && offsetof(RangeArgs, range) == 8 &&
              offsetof(RangeArgs, status) == 24);
static_assert(sizeof(PartitionQuery) == 16 && offsetof(PartitionQuery, count) == 8);
static_assert(sizeof(PartitionRequest) == 24 && offsetof(PartitionRequest, uid) == 4 &&
              offsetof(PartitionRequest, metaData) == 8 && offsetof(PartitionRequest, flag) == 16);

/** RangeArgs.status: a file of this partition is open. */
constexpr uint32_t statusInUse = 1U << 0;
/** PartitionRequest.flag: closing must neither reset the columns nor zero the memories. */
constexpr uint32_t keepOnRelease = 1;

constexpr uint32_t enquirePartitions = 0xC0104101;
constexpr uint32_t requestPartition = 0x80184102;
constexpr uint32_t getMemories = 0xC0104109;

/** The size that a request number carries, bytes. */
constexpr uint32_t requestSize(uint32_t request) {
    return (request >> 16U) & 0x3FFFU;
}
static_assert(requestSize(enquirePartitions) == sizeof(PartitionQuery));
static_assert(requestSize(requestPartition) == sizeof(PartitionRequest));
static_assert(requestSize(getMemories) == sizeof(MemArgs));

} // namespace tilescope::uapi
