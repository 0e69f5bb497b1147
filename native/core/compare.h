/** Which words differ between two readings of the same memory. Pure. */
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tilescope {

/** A run of words, by index. */
struct WordRun {
    size_t first = 0;
    size_t count = 0;
    [[nodiscard]] size_t end() const { return first + count; }
    bool operator==(const WordRun&) const = default;
};

/** What one reading found: the words, and a state for each of them (0: it was read). Equally long. */
struct Contents {
    std::span<const uint32_t> words;
    std::span<const uint8_t> states;
};

/**
 * The runs at which a word or its state differs, ascending, apart from each other by more than `cheapGap` words: so many
 * equal words cost less than the head of another run.
 */
std::vector<WordRun> differing(const Contents& last, const Contents& now, size_t cheapGap);

} // namespace tilescope
