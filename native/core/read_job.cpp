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
    OpenGround(PartitionAccess& access, const MemoryGeometry& geometry, Refusals& refusals,
               const std::vector<uint32_t>& openTiles)
        : access_(access), geometry_(geometry), port_(access.reading(geometry)), refusals_(refusals),
          openTiles_(openTiles) {}
    bool reaches(uint32_t column) override {
        const ColumnRange columns = access_.columns();
        return column >= columns.startCol && column - columns.startCol < columns.numCols;
    }
    Reason look(uint32_t tileIndex) override {
        const bool open = std::find(openTiles_.begin(), openTiles_.end(), tileIndex) != openTiles_.end();
        const Tile tile = geometry_.tile(tileIndex);
        const Reason state = access_.mayRead(tile, geometry_.type, open);
        // Refused rightly, if it was: when it runs again it is asked for again.
        if (state == Reason::gated) refusals_.taken(tile);
        return state;
    }
    Moved load(uint64_t offset, std::span<uint32_t> to) override { return port_.load(offset, to); }

  private:
    PartitionAccess& access_;
    MemoryGeometry geometry_;
    WordPort& port_;
    Refusals& refusals_;
    const std::vector<uint32_t>& openTiles_;
};

} // namespace

Progress ReadJob::step(Engine& engine, ReadSink& sink) {
    const bool started = !epoch_.empty();
    try {
        const Progress made = slice(engine, sink);
        const bool further = made.what() == Progress::What::again || (started && made.isDone());
        if (further) engine.access().wasLong(columns_, visit_);
        return made;
    } catch (const CoreError& failure) {
        // Whatever was lost in the middle: what was read stays, the rest is said to be missing.
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
}

Progress ReadJob::slice(Engine& engine, ReadSink& sink) {
    const auto whole = engine.access().divisible(columns_, memory_);
    visit_.part = whole ? walk_.columns(*whole) : std::nullopt;
    const auto needed = whole ? walk_.columnsAhead(*whole, mostOfLease) : std::nullopt;
    const auto entered = engine.access().enter(columns_, Purpose::read, visit_, needed);
    if (!entered) return entered.later();
    const Opened& opened = *entered;
    if (opened.access == nullptr) {
        begin(engine.access().geometry(opened.state.entry, memory_), opened.state.epoch);
        walk_.rest(sink, Reason::gated);
        at_ = engine.now();
        return Progress::done();
    }
    if (!epoch_.empty() && opened.state.epoch != epoch_) {
        walk_.rest(sink, Reason::notRead);
        return Progress::done();
    }
    const MemoryGeometry geometry = engine.access().geometry(opened, memory_);
    begin(geometry, opened.state.epoch);
    OpenGround ground(*opened.access, geometry, engine.access().refusals(*opened.access, epoch_), openTiles_);
    const auto end = engine.kernel().clock() + opened.stepTime(visit_.asking);
    const bool finished =
        walk_.go(geometry, ground, sink, [&] { return engine.kernel().clock() >= end || engine.hurried(); });
    at_ = engine.now();
    return finished ? Progress::done() : Progress::again();
}

} // namespace tilescope
