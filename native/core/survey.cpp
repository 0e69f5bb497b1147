#include "survey.h"

#include <array>
#include <utility>

#include "error.h"
#include "put_word.h"

namespace tilescope {
namespace {

/** Bytes of a tile in an update. */
constexpr size_t recordBytes = 8;

} // namespace

void checkSurvey(const SurveyRequest& request) {
    checkPeriod(request);
    if (request.wordsPerTile != 0 && request.wordsPerTile <= mostSurveyWords) return;
    throw CoreError("out-of-range", std::to_string(request.wordsPerTile) + " words of each tile");
}

SurveyJob::SurveyJob(SurveyRequest request) : request_(std::move(request)) {
    checkSurvey(request_);
}

void SurveyJob::lay(const MemoryGeometry& geometry) {
    if (geometry_ == geometry) return;
    const uint64_t each = request_.wordsPerTile;
    if (each * 4 > geometry.bytesPerTile || each * geometry.tileCount() > mostSurveyTotal) {
        throw CoreError("out-of-range",
                        std::to_string(each) + " words of each of " + std::to_string(geometry.tileCount()) + " tiles");
    }
    geometry_ = geometry;
    distance_ = static_cast<uint32_t>(geometry.bytesPerTile / 4 / each);
    last_.assign(each * geometry.tileCount(), 0);
    tiles_.assign(geometry.tileCount(), {});
    turn_ = 0;
}

Progress SurveyJob::check(PartitionDriver& driver, std::string& epoch) {
    try {
        const Progress made = slice(driver);
        if (!made.isDone()) return made;
    } catch (const CoreError& failure) {
        // What was compared counts; the next look goes on behind it. Each that began in front would never get to the last tiles.
        if (next_ == first_ || failure.code() == "epoch") throw;
        brokeOff();
    }
    epoch = begunEpoch_;
    return Progress::done();
}

Progress SurveyJob::slice(PartitionDriver& driver) {
    const auto whole = driver.divisible(request_.partition, request_.memory);
    std::optional<ColumnRange> needed;
    if (whole && next_ < whole->tileCount()) {
        const uint32_t column = whole->tile(next_).col;
        needed = ColumnRange{column, whole->startCol + whole->numCols - column};
    }
    Visit who{Asking::nobody};
    if (whole) who.part = ColumnRange{whole->startCol, whole->numCols};
    auto opened = driver.openMemory(request_.partition, request_.memory, Purpose::read, who, needed);
    if (!opened) return opened.later();
    const MemoryWay& way = *opened;
    if (next_ == 0) {
        begunEpoch_ = way.epoch;
        lay(way.geometry);
    } else if (way.epoch != begunEpoch_ || way.geometry != *geometry_) {
        throw CoreError("epoch", "the contents started a new epoch", 0, {{"have", way.epoch}, {"epoch", begunEpoch_}});
    }
    const auto count = static_cast<uint32_t>(tiles_.size());
    if (way.access == nullptr) {
        for (; next_ < count; next_++) tiles_[next_] = {0, way.closed, tiles_[next_].told, false};
    } else {
        WordPort& port = way.access->reading(way.geometry);
        const auto end = driver.clock() + way.stepTime;
        const uint32_t first = next_;
        while (next_ < count && way.access->reaches(way.geometry.tile(next_).col)) {
            // Every step gets a tile further, however little time there is.
            if (next_ != first && (driver.clock() >= end || driver.hurried())) break;
            visit(*way.access, way.geometry, port, next_);
            next_++;
        }
    }
    return next_ < count ? Progress::more() : Progress::done();
}

void SurveyJob::visit(PartitionAccess& access, const MemoryGeometry& geometry, WordPort& port, uint32_t index) {
    const Tile tile = geometry.tile(index);
    TileState& state = tiles_[index];
    state.changed = 0;
    state.reason = access.mayRead(tile, geometry.type, false);
    if (state.reason == Reason::none) {
        state.reason = compareWords(port, uint64_t{index} * geometry.bytesPerTile, index);
        // If it was gated meanwhile, that is why.
        if (state.reason != Reason::none) {
            const Reason now = access.mayRead(tile, geometry.type, false);
            if (now != Reason::none) state.reason = now;
        }
    }
    if (state.reason == Reason::gated) access.wasGated(tile);
    state.has = state.reason == Reason::none;
    if (!state.has) state.changed = 0;
}

Reason SurveyJob::compareWords(WordPort& port, uint64_t start, uint32_t index) {
    TileState& state = tiles_[index];
    const uint32_t each = request_.wordsPerTile;
    const uint32_t after = (turn_ + 1) % distance_;
    for (uint32_t i = 0; i < each; i++) {
        uint32_t& last = last_[size_t{index} * each + i];
        const uint64_t base = start + uint64_t{i} * distance_ * 4;
        std::array<uint32_t, 2> now{};
        // The word to compare and the one behind it in one access; at the end of the distance the next one is at its begin.
        const bool adjoin = after == turn_ + 1;
        const Moved moved = port.load(base + uint64_t{turn_} * 4, std::span(now).first(adjoin ? 2 : 1));
        read(moved.words);
        if (moved.words < (adjoin ? 2U : 1U)) return moved.reason;
        if (!adjoin) {
            const Moved other = port.load(base, std::span(now).last(1));
            read(other.words);
            if (other.words < 1) return other.reason;
        }
        if (state.has && now[0] != last) state.changed++;
        last = now[1];
    }
    return Reason::none;
}

bool SurveyJob::compare() {
    told_.clear();
    for (uint32_t i = first_; i < next_; i++) {
        TileState& state = tiles_[i];
        // The reading did not get there: nothing is known of it, as before.
        if (state.reason == Reason::notRead) state.reason = state.told;
        if (state.changed == 0 && state.reason == state.told) continue;
        state.told = state.reason;
        told_.push_back(i);
    }
    if (next_ == tiles_.size()) {
        next_ = 0;
        turn_ = (turn_ + 1) % distance_;
    }
    first_ = next_;
    return !told_.empty();
}

std::vector<std::vector<uint8_t>> SurveyJob::pack(size_t most) const {
    std::vector<std::vector<uint8_t>> blocks(1);
    for (const uint32_t index : told_) {
        if (blocks.back().size() + recordBytes > most) blocks.emplace_back();
        const TileState& state = tiles_[index];
        putWord(blocks.back(), index);
        putWord(blocks.back(), state.changed | static_cast<uint32_t>(state.reason) << 24U);
    }
    return blocks;
}

} // namespace tilescope
