/** zlib's raw deflate, each run of bytes for itself. Must not know what is deflated, nor when that is worth its time. */
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tilescope {

class Deflater {
  public:
    Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater();
    /**
     * The bytes deflated; empty where they take more than `most`. What is returned is good until the next call. Throws
     * std::bad_alloc.
     */
    std::optional<std::span<const uint8_t>> deflated(std::span<const uint8_t> bytes, size_t most);

  private:
    struct Stream;
    /** None before the first bytes: it takes 270 KB. */
    std::unique_ptr<Stream> stream_;
    std::vector<uint8_t> out_;
};

} // namespace tilescope
