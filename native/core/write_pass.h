/** Compare, write, read back: one pass over words of one tile. Pure but for the port that it is given. */
#pragma once
#include <cstdint>
#include <span>

#include "partition_access.h"

namespace tilescope {

/** One 32-bit word to change; `offset` is a buffer offset, a multiple of 4. Bits outside `mask` keep what is there. */
struct Word {
    uint32_t offset = 0;
    uint32_t seen = 0;
    uint32_t mask = 0;
    uint32_t value = 0;
};

/** The wire's numbers. */
enum class Outcome : uint8_t { verified = 0, changedAfter = 1, conflict = 2, refused = 3, unreadable = 4 };

/** What became of a word; `now` is the word as read back, 0 where it could not be read. */
struct WordOutcome {
    uint32_t offset = 0;
    Outcome outcome = Outcome::refused;
    Reason reason = Reason::none;
    uint32_t now = 0;
    bool operator==(const WordOutcome&) const = default;
};

/**
 * Writes `words` (ascending, all in one tile) through `port`, in two sweeps: compare and store each, then read all
 * back. With `lines`, words of one 16-byte line are one unit: the line is stored whole, or, when one of its words
 * conflicts, not at all. The words must not stop in the middle of a line.
 * @param force store even where the device holds other bits than were seen
 * @param outcomes one per word, in order
 */
void writePass(WordPort& port, bool lines, bool force, std::span<const Word> words, std::span<WordOutcome> outcomes);

} // namespace tilescope
