/**
 * Walks over ranges of a memory piece by piece, never across a tile's end. Checks the tile's gate before each piece. Reports
 * a run without bytes with its reason, and goes on behind it. A read, a comparison with what was seen last, and a search
 * are the same walk with another sink. Pure: the ground checks gates and loads words, the sink takes the bytes.
 */
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "geometry.h"
#include "reason.h"

namespace tilescope {

/** A run of buffer offsets that holds no bytes. */
struct Span {
    uint64_t offset = 0;
    uint64_t length = 0;
    Reason reason = Reason::none;
    bool operator==(const Span&) const = default;
};

/** Where a walk puts its bytes. Called while a partition is held: it must only hand out memory. */
class ReadSink {
  public:
    virtual ~ReadSink() = default;
    /**
     * Memory for the next bytes: buffer offset `offset`, which is `at` bytes into range number `range`. At most
     * `length` bytes, possibly fewer; empty: no room now, the step ends.
     */
    virtual std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) = 0;
    /** The first `length` bytes of the last room were filled. */
    virtual void filled(uint64_t length) = 0;
    /** A run of an asked range that holds no bytes, with the reason. Adjacent runs may come separately. */
    virtual void unreadable(const Span& span) = 0;
};

/** What a walk goes over, as it can be reached at present. */
class Ground {
  public:
    virtual ~Ground() = default;
    /** Whether this way reaches a column. A walk's step ends before one that it does not reach. */
    virtual bool reaches(uint32_t column) = 0;
    /** Why nothing of a tile may be touched now; none if it may. */
    virtual Reason closed(uint32_t tileIndex) = 0;
    /** Words by buffer offset, all in the tile that closed() was last asked about. */
    virtual Moved load(uint64_t offset, std::span<uint32_t> to) = 0;
};

class Walk {
  public:
    /** Bytes that are loaded after one check of a gate. */
    static constexpr uint64_t pieceBytes = 16384;

    explicit Walk(std::vector<ByteRange> ranges) : ranges_(std::move(ranges)) {}
    /** Throws `out-of-range` where a range does not lie in the memory; no other method may be called then. */
    void check(const MemoryGeometry& geometry) const;
    /**
     * Goes on, one piece at least, until the end, until `isOver` says so between two pieces, or until the ground or the
     * sink ends the step. True at the end.
     */
    bool go(const MemoryGeometry& geometry, Ground& ground, ReadSink& sink, const std::function<bool()>& isOver);
    /** What is left of all ranges holds no bytes, for this reason. */
    void rest(ReadSink& sink, Reason reason);
    /** The columns of at most the next `most` bytes; empty for none, and for ranges of nowhere. */
    [[nodiscard]] std::optional<ColumnRange> columnsAhead(const MemoryGeometry& geometry, uint64_t most) const;
    /** The columns of all ranges, those behind it too; empty for none, and for ranges of nowhere. */
    [[nodiscard]] std::optional<ColumnRange> columns(const MemoryGeometry& geometry) const;

  private:
    /** Goes on within one tile. False: the step ends here. */
    bool piece(const MemoryGeometry& geometry, Ground& ground, ReadSink& sink);
    void skip(ReadSink& sink, uint64_t length, Reason reason);
    [[nodiscard]] std::optional<ColumnRange> columnsFrom(const MemoryGeometry& geometry, size_t range, uint64_t done,
                                                         uint64_t most) const;

    std::vector<ByteRange> ranges_;
    /** Where it stands: the number of a range, and the bytes of it that are behind. */
    size_t range_ = 0;
    uint64_t done_ = 0;
};

} // namespace tilescope
