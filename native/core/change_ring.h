/**
 * A ring of changes: of each look that found something, when it was and which words became what. Whole looks fall out at the
 * old end, and the copy of the memory there goes along: so the memory at every kept moment can be made. Pure: told the time.
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "compare.h"

namespace tilescope {

/** Words that a ring can tell apart. */
constexpr size_t mostRingWords = size_t{1} << 14U;
/** Words on the wire: of the head of a look, of one of its changes, of one word of the copy at the old end. */
constexpr size_t momentHeadWords = 3;
constexpr size_t changeWords = 3;
constexpr size_t baseWords = 2;
/** Bytes that a ring needs at least: more than one look at which everything changed. */
constexpr size_t leastRingBytes = size_t{1} << 18U;

/** A part of a ring, for somebody who follows it. */
struct RingPart {
    /** Begins with the copy at the old end: what was kept before is of no more use. */
    bool hasBase = false;
    /** The first look in it, and the one that follows the last. Looks are counted from 1. */
    uint64_t first = 1;
    uint64_t next = 1;
    /** Whether the ring has more behind it. */
    bool hasMore = false;
    /**
     * Of each word of the copy: `u32 value, u32 state`. Then of each look: `u32 at, u32 after (ms), u32 changes`, and of each of
     * these `u32 index | old state << 16 | new state << 24, u32 old, u32 new`.
     */
    std::vector<uint32_t> words;
};

class ChangeRing {
  public:
    /** @param mostBytes of looks and changes together; `leastRingBytes` are kept at least */
    explicit ChangeRing(size_t mostBytes);

    /** The first look. @param found at most `mostRingWords`; a state is a Reason, 0: it was read */
    void begin(const Contents& found);
    /**
     * A further look that found differences.
     * @param at when it ended, ms since the recording began
     * @param after when the look before it began: what changed did so between the two
     * @param runs where anything may differ; equal words in them are left out
     */
    void add(uint32_t at, uint32_t after, const std::vector<WordRun>& runs, const Contents& found);

    /**
     * What follows `from`: with the copy at the old end, unless all before it was handed out and is kept.
     * @param from the first look that is missing; 0: everything
     * @param mostWords of looks and changes; one look at least
     */
    [[nodiscard]] RingPart part(uint64_t from, size_t mostWords) const;
    /** The oldest look that is kept, and the number of the next one. */
    [[nodiscard]] uint64_t first() const { return first_; }
    [[nodiscard]] uint64_t next() const { return first_ + moments_.size(); }
    /** Changes that fell out at the old end. */
    [[nodiscard]] uint64_t lostChanges() const { return lost_; }
    /** Bytes that the looks and changes take. */
    [[nodiscard]] size_t bytes() const;

  private:
    struct Moment {
        uint32_t at = 0;
        uint32_t after = 0;
        uint32_t changes = 0;
        /** Changes before it, those included that fell out. */
        uint64_t before = 0;
    };
    struct Change {
        uint16_t index = 0;
        uint8_t oldState = 0;
        uint8_t newState = 0;
        uint32_t old = 0;
        uint32_t now = 0;
    };
    struct Copy {
        std::vector<uint32_t> words;
        std::vector<uint8_t> states;
    };
    /** The oldest look falls out: the copy at the old end becomes what it found. */
    void dropOldest();

    size_t most_;
    Copy oldest_;
    Copy newest_;
    std::deque<Moment> moments_;
    std::deque<Change> changes_;
    uint64_t first_ = 1;
    uint64_t lost_ = 0;
};

} // namespace tilescope
