/** Numbers as they travel. Pure. */
#pragma once
#include <cstdint>
#include <vector>

namespace tilescope {

/** Appends a number of 32 bits, little endian. */
void putWord(std::vector<uint8_t>& out, uint32_t value);

} // namespace tilescope
