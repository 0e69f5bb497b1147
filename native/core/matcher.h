/**
 * Where bytes with masks, or cells whose numbers lie in sets, stand among other bytes. Pure: knows neither where bytes are
 * from nor what they mean. `src/model/find/board-pattern.ts` makes the patterns; the hits are those of its `Finder`.
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace tilescope {

/** Byte `i` fits where `byte & masks[i]` is `values[i]`. Equally long. */
struct MaskedBytes {
    std::vector<uint8_t> values;
    std::vector<uint8_t> masks;
};

/** Numbers from `least` to `most`, by their bits. */
struct Interval {
    uint64_t least = 0;
    uint64_t most = 0;
};

/** What one cell has to be. */
struct CellTest {
    /** One number in its set is enough; else all have to be. */
    bool any = false;
    /** For each number of the cell the intervals that it may be in; none: no number fits. */
    std::vector<std::vector<Interval>> sets;
};

/** Cells one after the other. They do not leave their tile. */
struct CellPattern {
    /** Bytes of one number, 1 to 8. */
    uint32_t numberBytes = 0;
    bool bigEndian = false;
    /** They begin at multiples of so many bytes, counted from the first byte of their tile. */
    uint32_t align = 1;
    std::vector<CellTest> tests;
};

/** Patterns of which every hit has the same length. */
using FixedPattern = std::variant<MaskedBytes, CellPattern>;

/** Bytes of a hit at most; numbers of a cell; intervals of a whole pattern. */
constexpr size_t mostPatternBytes = 16384;
constexpr size_t mostCellNumbers = 8;
constexpr size_t mostIntervals = 1024;
constexpr uint32_t mostAlign = 64;

class Matcher {
  public:
    /** Throws `out-of-range` for a pattern that is none. */
    explicit Matcher(FixedPattern pattern);
    /** Bytes of a hit. */
    [[nodiscard]] size_t length() const { return length_; }
    /** A hit lies in one tile. */
    [[nodiscard]] bool staysInTile() const { return std::holds_alternative<CellPattern>(pattern_); }

    struct Found {
        /** Where the hit begins; without one, the first place that was not tried. */
        size_t at = 0;
        bool isHit = false;
    };
    /**
     * The first hit in `bytes` that begins at `from` or behind it.
     * @param inTile offset of the first of the bytes in its tile
     * @param work what may be done, about a byte compared each; what was done is taken from it, and it stops where nothing is left
     */
    [[nodiscard]] Found find(std::span<const uint8_t> bytes, size_t from, uint64_t inTile, int64_t& work) const;

  private:
    [[nodiscard]] Found findBytes(const MaskedBytes& wanted, std::span<const uint8_t> bytes, size_t from,
                                  int64_t& work) const;
    [[nodiscard]] Found findCells(const CellPattern& wanted, std::span<const uint8_t> bytes, size_t from,
                                  uint64_t inTile, int64_t& work) const;

    FixedPattern pattern_;
    size_t length_ = 0;
    /** Of cells: what it takes to test the first one, the first two, ...: their bytes, and the intervals they may be in. */
    std::vector<int64_t> workOfCells_;
    /** Of bytes: the longest run without masks, which is searched for at once. */
    size_t exactFrom_ = 0;
    size_t exactLength_ = 0;
};

} // namespace tilescope
