/**
 * Arrays that a read fills from front to back, in memory that the process never touched. A page of such memory comes into being
 * when it is touched first, and that takes time: here it is touched before the words are there, while nothing is held.
 * Pure; of one thread at a time.
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tilescope {

class NewMemory {
  public:
    /** Bytes that are made ready at once: more than a lease fills on a board. */
    static constexpr uint64_t readyBytes = uint64_t{4} << 20U;

    /** The next array. All of it is zeros, or may become zeros. */
    void add(std::span<uint8_t> array) { arrays_.push_back(array); }
    /** Room for `length` bytes of an array from byte `at` on. Rooms are asked for in order. */
    std::span<uint8_t> room(size_t array, uint64_t at, uint64_t length);
    /** Touches what the next `readyBytes` behind the last room have not touched yet; leaves all rooms as they are. */
    void makeReady();

  private:
    /** A byte of an array: nothing before it in this array or in earlier ones. */
    struct Place {
        size_t array = 0;
        uint64_t at = 0;
        auto operator<=>(const Place&) const = default;
    };

    std::vector<std::span<uint8_t>> arrays_;
    /** Behind the last room. */
    Place filled_;
    /** Behind what was touched; not before `filled_` once makeReady() was called. */
    Place ready_;
};

} // namespace tilescope
