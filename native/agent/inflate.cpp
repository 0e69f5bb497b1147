#include "inflate.h"

#include <zlib.h>

namespace tilescope {

std::optional<std::vector<uint8_t>> inflated(std::span<const uint8_t> bytes, size_t length) {
    constexpr int rawWindow = -15;
    z_stream z{};
    if (inflateInit2(&z, rawWindow) != Z_OK) return std::nullopt;
    std::vector<uint8_t> out(length + 1); // one more shows what is too long
    z.next_in = const_cast<uint8_t*>(bytes.data());
    z.avail_in = static_cast<uInt>(bytes.size());
    z.next_out = out.data();
    z.avail_out = static_cast<uInt>(out.size());
    const int end = inflate(&z, Z_FINISH);
    const bool whole = end == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 1;
    inflateEnd(&z);
    out.resize(length);
    return whole ? std::optional(out) : std::nullopt;
}

} // namespace tilescope
