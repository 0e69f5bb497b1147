/** Headers of frames that are sent often: packed as they are made. Pure. */
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tilescope {

/** A MessagePack map of at most 15 keys: byte for byte what a Header with the same keys in the same order gives. */
class PackedHeader {
  public:
    PackedHeader() : bytes_{0x80} {}
    PackedHeader& add(std::string_view key, uint64_t value);
    /** @param value at most 255 bytes */
    PackedHeader& add(std::string_view key, std::string_view value);
    [[nodiscard]] std::span<const uint8_t> bytes() const { return bytes_; }

  private:
    void text(std::string_view value);
    void big(uint8_t mark, uint64_t value, unsigned width);
    std::vector<uint8_t> bytes_;
};

} // namespace tilescope
