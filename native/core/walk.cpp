#include "walk.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "error.h"

namespace tilescope {
namespace {

bool liesIn(const MemoryGeometry& geometry, const ByteRange& range) {
    const uint64_t total = geometry.totalBytes();
    return range.offset <= total && range.length <= total - range.offset;
}

} // namespace

void Walk::check(const MemoryGeometry& geometry) const {
    for (const ByteRange& range : ranges_) {
        if (liesIn(geometry, range)) continue;
        throw CoreError("out-of-range", "offset " + std::to_string(range.offset) + " length " +
                                            std::to_string(range.length) + " of " +
                                            std::to_string(geometry.totalBytes()));
    }
}

void Walk::skip(ReadSink& sink, uint64_t length, Reason reason) {
    sink.unreadable({ranges_[range_].offset + done_, length, reason});
    done_ += length;
}

void Walk::rest(ReadSink& sink, Reason reason) {
    for (; range_ < ranges_.size(); range_++, done_ = 0) {
        const uint64_t left = ranges_[range_].length - done_;
        if (left != 0) skip(sink, left, reason);
    }
}

bool Walk::go(const MemoryGeometry& geometry, Ground& ground, ReadSink& sink, const std::function<bool()>& isOver) {
    bool moved = false; // every step gets a piece further, however little time there is
    for (; range_ < ranges_.size(); range_++, done_ = 0) {
        while (done_ < ranges_[range_].length) {
            if ((moved && isOver()) || !piece(geometry, ground, sink)) return false;
            moved = true;
        }
    }
    return true;
}

bool Walk::piece(const MemoryGeometry& geometry, Ground& ground, ReadSink& sink) {
    const ByteRange& range = ranges_[range_];
    const uint64_t from = range.offset + done_;
    const uint32_t tile = geometry.tileIndex(from);
    if (!ground.reaches(geometry.tile(tile).col)) return false;
    const ByteRange inTile = pieceAt(geometry, range, from, geometry.bytesPerTile);
    if (const Reason state = ground.closed(tile); state != Reason::none) {
        skip(sink, inTile.length, state);
        return true;
    }
    const ByteRange wanted = pieceAt(geometry, range, from, pieceBytes);
    const std::span<uint8_t> room = sink.room(range_, done_, from, wanted.length);
    if (room.empty()) return false;
    const uint64_t length = std::min<uint64_t>(room.size(), wanted.length);
    // Whole words straight into the sink's memory; a ragged end or start goes through `words`.
    std::array<uint32_t, pieceBytes / 4 + 1> words; // filled before it is read
    const uint64_t first = from / 4 * 4;
    const size_t count = (from + length + 3 - first) / 4;
    const bool direct = from % 4 == 0 && length % 4 == 0 && reinterpret_cast<uintptr_t>(room.data()) % 4 == 0;
    uint32_t* target = direct ? reinterpret_cast<uint32_t*>(room.data()) : words.data();
    const Moved copied = ground.load(first, {target, count});
    const uint64_t good = std::min(length, first + copied.words * 4 - std::min(from, first + copied.words * 4));
    if (!direct) memcpy(room.data(), reinterpret_cast<uint8_t*>(words.data()) + (from - first), good);
    if (good != 0) sink.filled(good);
    done_ += good;
    if (copied.words == count) return true;
    // If its tile was gated meanwhile, the next check says so instead.
    if (ground.closed(tile) != Reason::none) return true;
    const uint64_t at = from + good;
    if (copied.reason == Reason::gated || copied.reason == Reason::driverGated) {
        skip(sink, inTile.end() - at, copied.reason); // the driver refuses the whole tile
        return true;
    }
    // The rest of the page faults too.
    constexpr uint64_t pageBytes = 4096;
    skip(sink, std::min(inTile.end(), (at / pageBytes + 1) * pageBytes) - at, copied.reason);
    return true;
}

std::optional<ColumnRange> Walk::columnsAhead(const MemoryGeometry& geometry, uint64_t most) const {
    return columnsFrom(geometry, range_, done_, most);
}

std::optional<ColumnRange> Walk::columns(const MemoryGeometry& geometry) const {
    return columnsFrom(geometry, 0, 0, ~uint64_t{0});
}

std::optional<ColumnRange> Walk::columnsFrom(const MemoryGeometry& geometry, size_t at, uint64_t done,
                                             uint64_t most) const {
    uint32_t first = array::maxColumns;
    uint32_t last = 0;
    uint64_t bytes = 0;
    for (; at < ranges_.size() && bytes < most; at++, done = 0) {
        const ByteRange& range = ranges_[at];
        if (!liesIn(geometry, range)) return std::nullopt;
        if (done >= range.length) continue;
        const uint64_t length = std::min(range.length - done, most - bytes);
        const uint64_t from = range.offset + done;
        first = std::min(first, geometry.tile(geometry.tileIndex(from)).col);
        last = std::max(last, geometry.tile(geometry.tileIndex(from + length - 1)).col);
        bytes += length;
    }
    if (bytes == 0) return std::nullopt;
    return ColumnRange{first, last - first + 1};
}

} // namespace tilescope
