/**
 * A write under way: words in ascending order, tile by tile, each compared, stored and read back. Knows neither drivers nor
 * carriers nor who waits.
 */
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "partition_access.h"
#include "write_pass.h"

namespace tilescope {

/** Words of one write request, all frames together. */
constexpr size_t mostWords = size_t{1} << 20U;

struct WriteRequest {
    PartitionKey partition;
    MemoryType memory = MemoryType::data;
    std::string epoch;
    bool force = false;
    std::vector<uint32_t> openTiles;
    std::vector<Word> words;
    /** A person unlocked the partition of another owner. */
    bool besideOwner = false;
};

class WriteJob {
  public:
    explicit WriteJob(WriteRequest request) : request_(std::move(request)) {}
    /**
     * Writes for at most one slice and appends the outcomes. Throws CoreError while nothing was written. A later
     * failure makes the rest `refused` with not-read, so that no outcome is lost.
     */
    Progress step(PartitionDriver& driver, std::vector<WordOutcome>& outcomes);
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** Board clock of the last word, ms. */
    [[nodiscard]] int64_t at() const { return at_; }

  private:
    Progress slice(PartitionDriver& driver, std::vector<WordOutcome>& outcomes);
    /** Checks the request in the first slice. */
    void begin(const MemoryGeometry& geometry, const std::string& epoch);
    /** The end of the run that is written in one pass: words of one tile, whole program lines, `most` of them or so. */
    [[nodiscard]] size_t endOfPass(const MemoryGeometry& geometry, size_t most) const;

    WriteRequest request_;
    Visit visit_{Asking::person, true};
    std::string epoch_;
    size_t next_ = 0;
    int64_t at_ = 0;
};

} // namespace tilescope
