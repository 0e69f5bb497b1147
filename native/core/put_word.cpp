#include "put_word.h"

namespace tilescope {

void putWord(std::vector<uint8_t>& out, uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

} // namespace tilescope
