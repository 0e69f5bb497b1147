#include "packed.h"

namespace tilescope {

void PackedHeader::big(uint8_t mark, uint64_t value, unsigned width) {
    bytes_.push_back(mark);
    for (unsigned shift = width * 8; shift != 0; shift -= 8)
        bytes_.push_back(static_cast<uint8_t>(value >> (shift - 8)));
}

void PackedHeader::text(std::string_view value) {
    constexpr size_t shortest = 32;
    if (value.size() < shortest) {
        bytes_.push_back(static_cast<uint8_t>(0xA0U | value.size()));
    } else {
        big(0xD9, value.size(), 1);
    }
    bytes_.insert(bytes_.end(), value.begin(), value.end());
}

PackedHeader& PackedHeader::add(std::string_view key, uint64_t value) {
    bytes_[0]++;
    text(key);
    if (value < 0x80) {
        bytes_.push_back(static_cast<uint8_t>(value));
    } else if (value <= UINT8_MAX) {
        big(0xCC, value, 1);
    } else if (value <= UINT16_MAX) {
        big(0xCD, value, 2);
    } else if (value <= UINT32_MAX) {
        big(0xCE, value, 4);
    } else {
        big(0xCF, value, 8);
    }
    return *this;
}

PackedHeader& PackedHeader::add(std::string_view key, std::string_view value) {
    bytes_[0]++;
    text(key);
    text(value);
    return *this;
}

} // namespace tilescope
