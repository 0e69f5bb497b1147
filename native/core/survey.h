/**
 * A coarse watch of a whole memory: how many of a few words of each tile changed from look to look. Finds where something
 * changes, not what. Knows which words it looks at next; not who is told.
 *
 * A look reads words at equal distances in each tile, compares them with the look before, and reads the words behind them, to
 * compare next time. So what is longer than the distance is found at each look, and every word has its turn.
 */
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "watch_job.h"

namespace tilescope {

/** Words of one tile that a look may compare, and of all tiles together. */
constexpr uint32_t mostSurveyWords = 1024;
constexpr uint64_t mostSurveyTotal = uint64_t{1} << 20U;

struct SurveyRequest : WatchRequest {
    /** Words that a look compares in each tile, 1 to `mostSurveyWords`. It reads twice as many. */
    uint32_t wordsPerTile = 64;
};

/** Throws `out-of-range` unless it can be surveyed (what the memory has room for is seen at the first look). */
void checkSurvey(const SurveyRequest& request);

class SurveyJob final : public WatchJob {
  public:
    /** Throws `out-of-range`. */
    explicit SurveyJob(SurveyRequest request);

    /**
     * Of each tile that is told: `u32 tile, u32 changed words | reason << 24`, ascending. Told are tiles in which words
     * changed, and those that can or cannot be read now, where that was told otherwise (at first: all can).
     */
    [[nodiscard]] std::vector<std::vector<uint8_t>> pack(size_t most) const override;

  private:
    struct TileState {
        uint32_t changed = 0;
        Reason reason = Reason::none;
        /** What the client knows. */
        Reason told = Reason::none;
        /** Its words were read in the last look. */
        bool has = false;
    };
    [[nodiscard]] const WatchRequest& asked() const override { return request_; }
    Progress check(PartitionDriver& driver, std::string& epoch) override;
    bool compare() override;
    void lay(const MemoryGeometry& geometry);
    /** Looks at tiles for one slice; done with the last one. */
    Progress slice(PartitionDriver& driver);
    /** Looks at one tile. */
    void visit(PartitionAccess& access, const MemoryGeometry& geometry, WordPort& port, uint32_t index);
    /** Compares a tile's words and reads the next ones. What ended it early, none at the end. */
    Reason compareWords(WordPort& port, uint64_t start, uint32_t index);

    SurveyRequest request_;
    /** The memory, once it was seen. */
    std::optional<MemoryGeometry> geometry_;
    /** Words between two that are compared. */
    uint32_t distance_ = 1;
    /** Place of the words to compare, counted from each distance's begin. */
    uint32_t turn_ = 0;
    /** The words of all tiles, as the last look read them. */
    std::vector<uint32_t> last_;
    std::vector<TileState> tiles_;
    /** The first tile of the look under way: where the one before broke off. Its next one, and its epoch. */
    uint32_t first_ = 0;
    uint32_t next_ = 0;
    std::string begunEpoch_;
    std::vector<uint32_t> told_;
};

} // namespace tilescope
