/**
 * The owner's own DMA-buf of a memory, for writing beside it on a driver without pwrite. It is used only when it is
 * certain that it is the right one: an anonymous file of the driver's exporter, of the memory's size, whose words are those of the
 * register view. All other candidates are closed before this returns.
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

class AieAccess;
struct Neighbour;

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
 * A candidate may be the buffer of another partition, whose tiles are gated where ours are not. So words are loaded only if
 * the owner's partitions explain exactly as many buffers of this size, and only from tiles that are clocked in all of them.
 * @param access the partition, its descriptor taken before and closed after the duplicate
 * @param columns the partition's
 * @param others every other partition in use
 * @param tiles indexes of tiles that are about to be written, at most 16: their words are compared first
 */
UniqueFd matchingBuffer(Kernel& kernel, AieAccess& access, ColumnRange columns, std::span<const Occupant> occupants,
                        std::span<const Neighbour> others, const MemoryGeometry& geometry,
                        std::span<const uint32_t> tiles);

} // namespace tilescope
