/**
 * The owner's own DMA-buf of a memory, for writing beside it on a driver without pwrite. It is used only when it is
 * certainly the right one: an anonymous file of the driver's exporter, of the memory's size, whose words are those of the
 * register view. Everything that is looked at and not used is closed before this returns.
 */
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "geometry.h"
#include "kernel.h"
#include "owner.h"

namespace tilescope {

class PartitionAccess;

/** What /proc/PID/fdinfo/N says of a DMA-buf. */
struct BufferInfo {
    uint64_t size = 0;
    bool ofDriver = false;
};
/** Empty for anything but a DMA-buf. */
std::optional<BufferInfo> bufferInfoOf(std::string_view fdinfo);

/** Whether a descriptor's link is a DMA-buf's. */
bool isBufferLink(std::string_view link);

/**
 * A duplicate of the one buffer. Throws `no-match` when there is none, or when several cannot be told apart;
 * `permission`, `no-pidfd`.
 * @param access the partition, its descriptor taken before and closed after the duplicate
 * @param tiles indexes of tiles that are about to be written: their words are compared first
 */
UniqueFd matchingBuffer(Kernel& kernel, PartitionAccess& access, std::span<const Holder> holders,
                        const MemoryGeometry& geometry, std::span<const uint32_t> tiles);

} // namespace tilescope
