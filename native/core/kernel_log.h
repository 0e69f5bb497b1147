/** What the driver writes into the kernel's log when it refuses a partition. Text from the board: only numbers are taken. */
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace tilescope {

/** The id of the partition that was refused because it is in use, if this line of the log says so. */
std::optional<uint32_t> refusedPartition(std::string_view line);

} // namespace tilescope
