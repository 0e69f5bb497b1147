#include "read_job.h"

#include <algorithm>

#include "error.h"

namespace tilescope {
namespace {

/** More of a read than a lease gets through. */
constexpr uint64_t mostOfLease = 262144;

/** A partition's memory by the way that is open now. */
class OpenGround final : public Ground {
  public:
    OpenGround(PartitionAccess& access, const MemoryGeometry& geometry, const std::vector<uint32_t>& openTiles)
        : access_(access), geometry_(geometry), port_(access.reading(geometry)), openTiles_(openTiles) {}
    bool reaches(uint32_t column) override { return access_.reaches(column); }
    Reason closed(uint32_t tileIndex) override {
        const bool open = std::find(openTiles_.begin(), openTiles_.end(), tileIndex) != openTiles_.end();
        const Tile tile = geometry_.tile(tileIndex);
        const Reason state = access_.mayRead(tile, geometry_.type, open);
        if (state == Reason::gated) access_.wasGated(tile);
        return state;
    }
    Moved load(uint64_t offset, std::span<uint32_t> to) override { return port_.load(offset, to); }

  private:
    PartitionAccess& access_;
    MemoryGeometry geometry_;
    WordPort& port_;
    const std::vector<uint32_t>& openTiles_;
};

} // namespace

Progress ReadJob::step(PartitionDriver& driver, ReadSink& sink) {
    const bool started = !epoch_.empty();
    try {
        const Progress made = slice(driver, sink);
        const bool further = made.what() == Progress::What::more || (started && made.isDone());
        if (further) driver.wasLong(partition_, visit_);
        return made;
    } catch (const CoreError& failure) {
        // What was read stays, whatever failed after it; the rest is told as not read.
        if (!started) throw;
        gaveWay_ = failure.code() == "gave-way";
        walk_.rest(sink, Reason::notRead);
        return Progress::done();
    }
}

void ReadJob::begin(const MemoryGeometry& geometry, const std::string& epoch) {
    if (!epoch_.empty()) return;
    if (count_ == 0 || count_ > mostRanges) throw CoreError("out-of-range", std::to_string(count_) + " ranges");
    walk_.check(geometry);
    checkOpenTiles(openTiles_, geometry);
    epoch_ = epoch;
    bytesPerTile_ = geometry.bytesPerTile;
}

Progress ReadJob::slice(PartitionDriver& driver, ReadSink& sink) {
    const auto whole = driver.divisible(partition_, memory_);
    visit_.part = whole ? walk_.columns(*whole) : std::nullopt;
    const auto needed = whole ? walk_.columnsAhead(*whole, mostOfLease) : std::nullopt;
    auto opened = driver.openMemory(partition_, memory_, Purpose::read, visit_, needed);
    if (!opened) return opened.later();
    const MemoryWay& way = *opened;
    if (way.access == nullptr) {
        begin(way.geometry, way.epoch);
        walk_.rest(sink, way.closed);
        at_ = driver.now();
        return Progress::done();
    }
    if (!epoch_.empty() && way.epoch != epoch_) {
        walk_.rest(sink, Reason::notRead);
        return Progress::done();
    }
    begin(way.geometry, way.epoch);
    OpenGround ground(*way.access, way.geometry, openTiles_);
    const auto end = driver.clock() + way.stepTime;
    const bool finished =
        walk_.go(way.geometry, ground, sink, [&] { return driver.clock() >= end || driver.hurried(); });
    at_ = driver.now();
    const auto ahead = walk_.columnsAhead(way.geometry, 1);
    visit_.next = ahead ? std::optional(ahead->startCol) : std::nullopt;
    return finished ? Progress::done() : Progress::more();
}

} // namespace tilescope
