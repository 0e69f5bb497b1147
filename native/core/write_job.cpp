#include "write_job.h"

#include <algorithm>
#include <span>

#include "error.h"

namespace tilescope {
namespace {

/**
 * The columns from a partition's first to the last that has one of these words: a partition that begins where the array
 * does is one whose clocks every driver notes rightly. Empty for words of nowhere.
 */
std::optional<ColumnRange> columnsUpTo(const MemoryGeometry& geometry, std::span<const Word> words) {
    uint32_t last = geometry.startCol;
    for (const Word& word : words) {
        if (word.offset >= geometry.totalBytes()) return std::nullopt;
        last = std::max(last, geometry.tile(geometry.tileIndex(word.offset)).col);
    }
    return ColumnRange{geometry.startCol, last - geometry.startCol + 1};
}

/** The tiles of the first words, ascending. */
std::vector<uint32_t> tilesOf(const MemoryGeometry& geometry, std::span<const Word> words, size_t most) {
    std::vector<uint32_t> tiles;
    for (const Word& word : words) {
        const uint32_t tile = geometry.tileIndex(word.offset);
        if (!tiles.empty() && tiles.back() == tile) continue;
        if (tiles.size() == most) break;
        tiles.push_back(tile);
    }
    return tiles;
}

bool contains(const std::vector<uint32_t>& tiles, uint32_t index) {
    return std::find(tiles.begin(), tiles.end(), index) != tiles.end();
}

} // namespace

Progress WriteJob::step(PartitionDriver& driver, std::vector<WordOutcome>& outcomes) {
    try {
        return slice(driver, outcomes);
    } catch (const CoreError&) {
        // The partition was taken, or its way lost, in the middle: what was written is told, the rest is refused.
        if (next_ == 0) throw;
        for (; next_ < request_.words.size(); next_++) {
            outcomes.push_back({request_.words[next_].offset, Outcome::refused, Reason::notRead, 0});
        }
        at_ = driver.now();
        return Progress::done();
    }
}

void WriteJob::begin(const MemoryGeometry& geometry, const std::string& epoch) {
    if (next_ != 0) return;
    checkOpenTiles(request_.openTiles, geometry);
    uint64_t least = 0;
    for (const Word& word : request_.words) {
        if (word.offset % 4 != 0 || word.offset < least || word.offset + 4ULL > geometry.totalBytes()) {
            throw CoreError("out-of-range", "word at offset " + std::to_string(word.offset));
        }
        least = word.offset + 4ULL;
    }
    epoch_ = epoch;
}

size_t WriteJob::endOfPass(const MemoryGeometry& geometry, size_t most) const {
    const std::span<const Word> words(request_.words);
    const uint32_t unit = request_.memory == MemoryType::program ? array::programLine : 4;
    const uint32_t tile = geometry.tileIndex(words[next_].offset);
    size_t last = next_ + 1;
    while (last < words.size() && geometry.tileIndex(words[last].offset) == tile &&
           (last - next_ < most || words[last].offset / unit == words[last - 1].offset / unit)) {
        last++;
    }
    return last;
}

Progress WriteJob::slice(PartitionDriver& driver, std::vector<WordOutcome>& outcomes) {
    const auto purpose = request_.besideOwner ? Purpose::writeBeside : Purpose::write;
    const auto whole = driver.divisible(request_.partition, request_.memory);
    const auto needed = whole ? columnsUpTo(*whole, std::span(request_.words).subspan(next_)) : std::nullopt;
    auto opened = driver.openMemory(request_.partition, request_.memory, purpose, visit_, needed);
    if (!opened) return opened.later();
    const MemoryWay& way = *opened;
    if (way.epoch != request_.epoch) {
        throw CoreError("epoch", "the contents are of another epoch", 0,
                        {{"have", way.epoch}, {"epoch", request_.epoch}});
    }
    const MemoryGeometry& geometry = way.geometry;
    begin(geometry, way.epoch);
    const std::span<const Word> words(request_.words);
    if (way.access == nullptr) {
        for (const Word& word : words.subspan(next_))
            outcomes.push_back({word.offset, Outcome::refused, way.closed, 0});
        next_ = words.size();
        at_ = driver.now();
        return Progress::done();
    }
    PartitionAccess& access = *way.access;
    const Abilities can = access.abilities();
    const auto tiles =
        tilesOf(geometry, words.subspan(next_), can.compares ? size_t{16} : size_t{geometry.tileCount()});
    // Where words are moved by calls, each takes three, and no check of the clock comes between.
    const size_t mostPerPass = can.bulk ? 1024 : 256;
    WordPort* port = nullptr; // opened when a tile may be written at all
    const auto end = driver.clock() + way.stepTime;
    const size_t first = next_;
    while (next_ < words.size() && driver.clock() < end && (next_ == first || !driver.hurried())) {
        const uint32_t index = geometry.tileIndex(words[next_].offset);
        if (index > tiles.back()) break;
        const size_t last = endOfPass(geometry, mostPerPass);
        const auto pass = words.subspan(next_, last - next_);
        const Tile tile = geometry.tile(index);
        const Reason state = access.mayWrite(tile, geometry.type, contains(request_.openTiles, index));
        std::vector<WordOutcome> results(pass.size());
        if (state == Reason::none) {
            if (port == nullptr) port = &access.writing(geometry, tiles);
            writePass(*port, request_.memory == MemoryType::program, request_.force, pass, results);
            const bool refused = std::any_of(results.begin(), results.end(),
                                             [](const WordOutcome& one) { return one.reason == Reason::driverGated; });
            // Perhaps rightly: the tile may have been gated since the check.
            if (refused && access.clocks(tile) == Reason::gated) {
                access.wasGated(tile);
                for (WordOutcome& one : results) {
                    if (one.reason == Reason::driverGated) one.reason = Reason::gated;
                }
            }
        } else {
            for (size_t i = 0; i < pass.size(); i++) results[i] = {pass[i].offset, Outcome::refused, state, 0};
        }
        outcomes.insert(outcomes.end(), results.begin(), results.end());
        next_ = last;
    }
    at_ = driver.now();
    return next_ >= words.size() ? Progress::done() : Progress::more();
}

} // namespace tilescope
