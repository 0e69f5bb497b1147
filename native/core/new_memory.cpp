#include "new_memory.h"

#include <algorithm>

namespace tilescope {

std::span<uint8_t> NewMemory::room(size_t array, uint64_t at, uint64_t length) {
    const std::span<uint8_t> room = arrays_[array].subspan(at, length);
    filled_ = std::max(filled_, Place{array, at + length});
    return room;
}

void NewMemory::makeReady() {
    // The smallest page there is. A larger one is touched more than once, which costs nothing.
    constexpr uint64_t page = 4096;
    uint64_t left = readyBytes;
    for (Place place = filled_; place.array < arrays_.size() && left != 0; place = {place.array + 1, 0}) {
        const std::span<uint8_t> array = arrays_[place.array];
        const uint64_t end = place.at + std::min<uint64_t>(left, array.size() - place.at);
        left -= end - place.at;
        const uint64_t from = ready_.array == place.array ? std::max(place.at, ready_.at) : place.at;
        if (Place{place.array, end} <= ready_) continue;
        volatile uint8_t* const bytes = array.data();
        for (uint64_t at = from; at < end; at = (at / page + 1) * page) bytes[at] = 0;
        ready_ = {place.array, end};
    }
}

} // namespace tilescope
