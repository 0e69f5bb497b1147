/**
 * The kernel's structures and request numbers for /dev/aieN, in our own words (LKML 2020 series "misc:
 * xilinx-ai-engine", patches 2 to 6, and linux-xlnx up to its aperture era; LP64). All integers are little endian on the
 * machines that have the device. Only the requests that this project may send exist here: the ones that reset a
 * partition (nr 3, 4, 5 on its descriptor) do not; nr 3 on the device is the descriptor list, and the seam sends it to
 * nothing else.
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

/** The request of newer drivers: the same, and two callbacks of in-kernel callers, null from user space. */
struct LongPartitionRequest {
    PartitionRequest request;
    uint64_t callbacks[2];
};

/** One entry of the descriptor list. */
struct PartitionDescriptor {
    uint32_t startCol;
    uint32_t numCols;
    uint8_t enable;
    uint32_t partitionId;
    uint32_t uid;
    int fd;
};

struct PartitionDescriptorList {
    PartitionDescriptor* list;
    int count;
};

struct TilesArray {
    const Location* tiles;
    uint32_t count;
};

/** AIE_REG of the 2020 series. */
struct RegisterArgs {
    uint32_t op;
    uint32_t mask;
    uint64_t offset;
    uint32_t value;
};

/** AIE_REG of linux-xlnx. */
struct LongRegisterArgs {
    RegisterArgs args;
    uint64_t data;
    uint32_t length;
};

/** DRM_IOCTL_VERSION. */
struct DrmVersion {
    int major;
    int minor;
    int patch;
    size_t nameLength;
    char* name;
    size_t dateLength;
    char* date;
    size_t descriptionLength;
    char* description;
};

/** DRM_IOCTL_ZOCL_AIE_FD until 2024.1. */
struct ZoclDescriptor {
    uint32_t partitionId;
    uint32_t uid;
    int fd;
};

/** DRM_IOCTL_ZOCL_AIE_FD from 2024.2 on. */
struct ZoclContextDescriptor {
    uint32_t context;
    uint32_t partitionId;
    uint32_t uid;
    int fd;
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
static_assert(sizeof(LongPartitionRequest) == 40 && offsetof(LongPartitionRequest, callbacks) == 24);
static_assert(sizeof(PartitionDescriptor) == 24 && offsetof(PartitionDescriptor, enable) == 8 &&
              offsetof(PartitionDescriptor, partitionId) == 12 && offsetof(PartitionDescriptor, uid) == 16 &&
              offsetof(PartitionDescriptor, fd) == 20);
static_assert(sizeof(PartitionDescriptorList) == 16 && offsetof(PartitionDescriptorList, count) == 8);
static_assert(sizeof(TilesArray) == 16 && offsetof(TilesArray, count) == 8);
static_assert(sizeof(RegisterArgs) == 24 && offsetof(RegisterArgs, mask) == 4 && offsetof(RegisterArgs, offset) == 8 &&
              offsetof(RegisterArgs, value) == 16);
static_assert(sizeof(LongRegisterArgs) == 40 && offsetof(LongRegisterArgs, data) == 24 &&
              offsetof(LongRegisterArgs, length) == 32);
static_assert(sizeof(DrmVersion) == 64 && offsetof(DrmVersion, nameLength) == 16 && offsetof(DrmVersion, name) == 24 &&
              offsetof(DrmVersion, descriptionLength) == 48);
static_assert(sizeof(ZoclDescriptor) == 12 && offsetof(ZoclDescriptor, fd) == 8);
static_assert(sizeof(ZoclContextDescriptor) == 16 && offsetof(ZoclContextDescriptor, partitionId) == 4 &&
              offsetof(ZoclContextDescriptor, fd) == 12);

/** RangeArgs.status: a file of this partition is open. */
constexpr uint32_t statusInUse = 1U << 0;
/** PartitionRequest.flag: closing must neither reset the columns nor zero the memories. */
constexpr uint32_t keepOnRelease = 1;

/** To the device. */
constexpr uint32_t enquirePartitions = 0xC0104101;
constexpr uint32_t requestPartition = 0x80184102;
constexpr uint32_t requestPartitionLong = 0x80284102;
constexpr uint32_t listDescriptors = 0xC0104103;
/** To a partition. */
constexpr uint32_t writeRegister = 0xC0184108;
constexpr uint32_t writeRegisterLong = 0xC0284108;
constexpr uint32_t getMemories = 0xC0104109;
constexpr uint32_t requestTiles = 0x4010410E;
constexpr uint32_t releaseTiles = 0x4010410F;
/** To a DRM render node. */
constexpr uint32_t drmVersion = 0xC0406400;
constexpr uint32_t zoclDescriptor = 0xC00C6450;
constexpr uint32_t zoclContextDescriptor = 0xC0106458;

/** The size that a request number carries, bytes. */
constexpr uint32_t requestSize(uint32_t request) {
    return (request >> 16U) & 0x3FFFU;
}
static_assert(requestSize(enquirePartitions) == sizeof(PartitionQuery));
static_assert(requestSize(requestPartition) == sizeof(PartitionRequest));
static_assert(requestSize(requestPartitionLong) == sizeof(LongPartitionRequest));
static_assert(requestSize(listDescriptors) == sizeof(PartitionDescriptorList));
static_assert(requestSize(writeRegister) == sizeof(RegisterArgs));
static_assert(requestSize(writeRegisterLong) == sizeof(LongRegisterArgs));
static_assert(requestSize(getMemories) == sizeof(MemArgs));
static_assert(requestSize(requestTiles) == sizeof(TilesArray));
static_assert(requestSize(releaseTiles) == sizeof(TilesArray));
static_assert(requestSize(drmVersion) == sizeof(DrmVersion));
static_assert(requestSize(zoclDescriptor) == sizeof(ZoclDescriptor));
static_assert(requestSize(zoclContextDescriptor) == sizeof(ZoclContextDescriptor));

} // namespace tilescope::uapi
