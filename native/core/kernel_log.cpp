#include "kernel_log.h"

#include <charconv>

namespace tilescope {

std::optional<uint32_t> refusedPartition(std::string_view line) {
    const bool refused =
        line.find("aie") != std::string_view::npos && (line.find("already requested") != std::string_view::npos ||
                                                       line.find("partition in use") != std::string_view::npos);
    constexpr std::string_view before = "partition ";
    for (size_t at = line.find(before); refused && at != std::string_view::npos; at = line.find(before, at)) {
        at += before.size();
        uint32_t id = 0;
        const auto [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), id);
        if (error == std::errc()) return id;
    }
    return std::nullopt;
}

} // namespace tilescope
