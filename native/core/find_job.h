/**
 * A search under way: a read whose bytes stay here, and the places in them at which a pattern was found. Knows neither
 * drivers nor carriers nor who waits. Under a lease it only takes bytes; it searches them once nothing is held.
 */
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "expression.h"
#include "matcher.h"
#include "read_job.h"

namespace tilescope {

/** Hits of one search. */
constexpr uint32_t mostHits = 1'000'000;

/** What can be searched for. */
using FindPattern = std::variant<MaskedBytes, CellPattern, ExpressionPattern>;

/** `where`: runs that follow each other without a gap are one. */
struct FindRequest {
    ReadRequest where;
    FindPattern pattern;
    /** It ends after so many hits, 1 to `mostHits`. */
    uint32_t most = mostHits;
};

class FindJob final : private ReadSink {
  public:
    /** Throws `out-of-range` for what cannot be searched for. */
    explicit FindJob(FindRequest request);
    /** Reads for at most one slice, or searches some of what was read. Fails as a read does. */
    Progress step(PartitionDriver& driver);
    /**
     * Buffer offsets of the hits since the last call, ascending; of an expression each with its length. Hits do not overlap: the
     * first one counts.
     */
    [[nodiscard]] std::vector<uint32_t> takeHits() { return std::exchange(hits_, {}); }
    /** The runs that could not be searched, since the last call. */
    [[nodiscard]] std::vector<Span> takeSpans() { return std::exchange(spans_, {}); }
    /** Bytes of all ranges, and those of them that are done with. */
    [[nodiscard]] uint64_t total() const { return total_; }
    [[nodiscard]] uint64_t done() const { return done_; }
    /** It ended because it had as many hits as it may have. */
    [[nodiscard]] bool isFull() const { return found_ >= most_; }
    /** Words that tell one hit. */
    [[nodiscard]] size_t hitWords() const { return expression_ ? 2 : 1; }
    /** Where an expression was given up, which would have taken too long: nothing behind it was searched. */
    [[nodiscard]] std::optional<uint64_t> gaveUpAt() const { return gaveUpAt_; }
    /** As ReadJob's. */
    [[nodiscard]] const std::string& epoch() const { return read_.epoch(); }
    [[nodiscard]] int64_t at() const { return read_.at(); }
    [[nodiscard]] bool gaveWay() const { return read_.gaveWay(); }

  private:
    /** Bytes that follow each other, in `bytes_`, and how many of them were searched. */
    struct Run {
        uint64_t offset = 0;
        size_t start = 0;
        size_t length = 0;
        size_t at = 0;
        /** An expression was begun in it. */
        bool isBegun = false;
    };
    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) override;
    void filled(uint64_t length) override;
    void unreadable(const Span& span) override;
    /** Searches what was read, as far as one step goes. True: all of it was searched. */
    bool search();
    /** Searches one run. True: all of it was. */
    bool search(Run& run, int64_t& work);
    bool searchExpression(Run& run, int64_t& work);
    [[nodiscard]] bool isOver() const { return isFull() || gaveUpAt_; }
    /** Moves what may be the beginning of a hit before what is read next. */
    void keepTail();

    /** One of both. */
    std::optional<Matcher> matcher_;
    std::optional<ExpressionSearch> expression_;
    uint32_t most_;
    ReadJob read_;
    std::optional<uint64_t> gaveUpAt_;
    bool isRead_ = false;
    uint64_t total_ = 0;
    uint64_t done_ = 0;
    uint32_t found_ = 0;
    /** Room for the tail of what was searched, then for what is read in one step. */
    std::vector<uint8_t> bytes_;
    size_t tailRoom_;
    size_t used_;
    std::vector<Run> runs_;
    size_t next_ = 0;
    /** Where the room that was handed out last lies in the memory; a new run begins with it. */
    uint64_t offset_ = 0;
    bool joins_ = false;
    std::vector<uint32_t> hits_;
    std::vector<Span> spans_;
};

} // namespace tilescope
