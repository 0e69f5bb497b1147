#include "deflater.h"

#include <new>
#include <zlib.h>

namespace tilescope {

struct Deflater::Stream {
    Stream() {
        constexpr int fastest = 1;
        constexpr int rawWindow = -15; // 32 KiB, without zlib's header and checksum
        constexpr int usualMemory = 8;
        if (deflateInit2(&z, fastest, Z_DEFLATED, rawWindow, usualMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { deflateEnd(&z); }
    z_stream z{};
};

Deflater::Deflater() = default;
Deflater::~Deflater() = default;

std::optional<std::span<const uint8_t>> Deflater::deflated(std::span<const uint8_t> bytes, size_t most) {
    if (!stream_) {
        stream_ = std::make_unique<Stream>();
    } else {
        deflateReset(&stream_->z);
    }
    if (out_.size() < most) out_.resize(most);
    z_stream& z = stream_->z;
    z.next_in = const_cast<uint8_t*>(bytes.data()); // it only reads them
    z.avail_in = static_cast<uInt>(bytes.size());
    z.next_out = out_.data();
    z.avail_out = static_cast<uInt>(most);
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) return std::nullopt;
    return std::span<const uint8_t>(out_).first(most - z.avail_out);
}

} // namespace tilescope
