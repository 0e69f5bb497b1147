/**
 * A read under way: one walk over its ranges, one access after another. Knows
 * neither drivers nor carriers nor who waits.
 */
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "partition_access.h"
#include "walk.h"

namespace tilescope {

/** Ranges of a read. */
constexpr size_t mostRanges = 4096;

struct ReadRequest {
    PartitionKey partition;
    MemoryType memory = MemoryType::data;
    std::vector<ByteRange> ranges;
    std::vector<uint32_t> openTiles;
    Asking asking = Asking::look;
};

class ReadJob {
  public:
    explicit ReadJob(ReadRequest request)
        : partition_(std::move(request.partition)), memory_(request.memory), count_(request.ranges.size()),
          openTiles_(std::move(request.openTiles)), walk_(std::move(request.ranges)), visit_{request.asking} {}
    /**
     * Reads for at most one slice. Throws CoreError in the first slice. A later failure marks the rest as not
     * read, so that what was read stays.
     */
    Progress step(PartitionDriver& driver, ReadSink& sink);
    /** After the last step. */
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** Of the memory; after it asked for its first room. */
    [[nodiscard]] uint32_t bytesPerTile() const { return bytesPerTile_; }
    /** Board clock of the last byte, ms. */
    [[nodiscard]] int64_t at() const { return at_; }
    /** It ended early, because somebody opened the device node. */
    [[nodiscard]] bool gaveWay() const { return gaveWay_; }

  private:
    Progress slice(PartitionDriver& driver, ReadSink& sink);
    /** Checks the request in the first slice. */
    void begin(const MemoryGeometry& geometry, const std::string& epoch);

    PartitionKey partition_;
    MemoryType memory_;
    size_t count_;
    std::vector<uint32_t> openTiles_;
    Walk walk_;
    Visit visit_;
    std::string epoch_;
    uint32_t bytesPerTile_ = 1;
    int64_t at_ = 0;
    bool gaveWay_ = false;
};

} // namespace tilescope
