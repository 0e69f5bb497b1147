#include "walk.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <random>

#include "in_steps.h"

using namespace tilescope;

namespace {

/** A memory of bytes that anybody can compute, some of whose tiles and pages cannot be read. */
struct PretendGround final : Ground {
    MemoryGeometry geometry{MemoryType::data, 3, 3, 1, 2, 0x8000, 0};
    std::map<uint32_t, Reason> closedTiles;
    /** Pages of 4 KiB that fault, and how. */
    std::map<uint64_t, Reason> faults;
    ColumnRange reach{0, 64};
    size_t looks = 0;
    /** Called at each load. */
    std::function<void(uint64_t)> before;

    static uint8_t byteAt(uint64_t offset) { return static_cast<uint8_t>(offset * 2654435761U >> 13U); }
    [[nodiscard]] Reason reasonAt(uint64_t offset) const {
        if (const auto tile = closedTiles.find(geometry.tileIndex(offset)); tile != closedTiles.end())
            return tile->second;
        const auto page = faults.find(offset / 4096);
        return page == faults.end() ? Reason::none : page->second;
    }
    bool reaches(uint32_t column) override {
        return column >= reach.startCol && column - reach.startCol < reach.numCols;
    }
    Reason closed(uint32_t tileIndex) override {
        looks++;
        const auto tile = closedTiles.find(tileIndex);
        return tile == closedTiles.end() ? Reason::none : tile->second;
    }
    Moved load(uint64_t offset, std::span<uint32_t> to) override {
        REQUIRE(offset % 4 == 0);
        REQUIRE_FALSE(closedTiles.contains(geometry.tileIndex(offset)));
        REQUIRE(geometry.tileIndex(offset) == geometry.tileIndex(offset + to.size() * 4 - 1));
        REQUIRE(to.size() * 4 <= Walk::pieceBytes + 4);
        if (before) before(offset);
        for (size_t i = 0; i < to.size(); i++) {
            const uint64_t at = offset + i * 4;
            if (const auto page = faults.find(at / 4096); page != faults.end()) return {i, page->second};
            to[i] = 0;
            for (unsigned b = 0; b < 4; b++) to[i] |= uint32_t{byteAt(at + b)} << (8 * b);
        }
        return {to.size(), Reason::none};
    }
};

bool never() {
    return false;
}

} // namespace

TEST_CASE("[shape-4] a walk hands out every byte of its ranges once, in order, as bytes or with the reason, whatever "
          "steps it is taken in") {
    std::mt19937 random(20261129);
    const auto below = [&](uint64_t limit) { return std::uniform_int_distribution<uint64_t>(0, limit - 1)(random); };
    for (int round = 0; round < 100; round++) {
        CAPTURE(round);
        PretendGround ground;
        const uint64_t total = ground.geometry.totalBytes();
        for (uint32_t tile = 0; tile < ground.geometry.tileCount(); tile++) {
            if (below(3) == 0) ground.closedTiles[tile] = below(2) == 0 ? Reason::gated : Reason::coreRunning;
        }
        for (uint64_t page = 0; page < total / 4096; page++) {
            if (below(10) == 0) ground.faults[page] = Reason::busError;
        }
        std::vector<ByteRange> ranges(1 + below(4));
        for (ByteRange& range : ranges) {
            range.offset = below(total + 1);
            const uint64_t most = total - range.offset;
            range.length = below(2) == 0 ? below(std::min<uint64_t>(most, 50) + 1) : below(most + 1);
            if (below(2) == 0) range = {range.offset / 4 * 4, range.length / 4 * 4};
        }
        Collector sink(ranges);
        sink.mostRoom = below(2) == 0 ? 1 + below(9000) : ~uint64_t{0};
        sink.perStep = below(2) == 0 ? 1 + below(40000) : ~uint64_t{0};
        const bool hurried = below(2) == 0;
        Walk walk(ranges);
        walk.check(ground.geometry);
        int steps = 0;
        while (!walk.go(ground.geometry, ground, sink, [&] { return hurried; })) {
            sink.given = 0;
            REQUIRE(++steps < 1'000'000);
        }
        // The naive way: each byte by itself.
        std::vector<Span> spans;
        for (size_t i = 0; i < ranges.size(); i++) {
            size_t wrong = 0;
            Reason reason = Reason::none;
            for (uint64_t at = 0; at < ranges[i].length; at++) {
                const uint64_t offset = ranges[i].offset + at;
                if (at == 0 || offset % 4096 == 0) reason = ground.reasonAt(offset);
                const uint8_t expected = reason == Reason::none ? PretendGround::byteAt(offset) : 0xEE;
                wrong += sink.bytes[i][at] != expected ? 1 : 0;
                if (reason == Reason::none) continue;
                const bool joins = !spans.empty() && spans.back().reason == reason &&
                                   spans.back().offset + spans.back().length == offset;
                if (joins) {
                    spans.back().length++;
                } else {
                    spans.push_back({offset, 1, reason});
                }
            }
            CHECK(wrong == 0);
        }
        CHECK(sink.spans == spans);
    }
}

TEST_CASE("[shape-4] a walk looks at the gate before each 16 KiB, and a tile that is gated meanwhile is named so") {
    PretendGround ground;
    const std::vector<ByteRange> ranges{{0, 0x10000}};
    Collector sink(ranges);
    Walk walk(ranges);
    CHECK(walk.go(ground.geometry, ground, sink, never));
    CHECK(ground.looks == 4);
    PretendGround other;
    other.before = [&](uint64_t offset) {
        if (offset != Walk::pieceBytes) return;
        other.faults[offset / 4096 + 1] = Reason::busError;
        other.closedTiles[0] = Reason::gated;
    };
    Collector seen(ranges);
    Walk again(ranges);
    CHECK(again.go(other.geometry, other, seen, never));
    CHECK(seen.spans == std::vector<Span>{{0x5000, 0x3000, Reason::gated}});
}

TEST_CASE("[shape-4] a walk ends its step before a column that is not reached, and knows the columns ahead") {
    PretendGround ground;
    const uint64_t column = uint64_t{2} * 0x8000;
    const std::vector<ByteRange> ranges{{column - 8, 16}, {2 * column, 8}};
    Walk walk(ranges);
    CHECK(walk.columns(ground.geometry) == ColumnRange{3, 3});
    CHECK(walk.columnsAhead(ground.geometry, 8) == ColumnRange{3, 1});
    CHECK(walk.columnsAhead(ground.geometry, 9) == ColumnRange{3, 2});
    ground.reach = {3, 1};
    Collector sink(ranges);
    CHECK_FALSE(walk.go(ground.geometry, ground, sink, never));
    CHECK(sink.given == 8);
    CHECK(walk.columnsAhead(ground.geometry, 8) == ColumnRange{4, 1});
    ground.reach = {4, 2};
    CHECK(walk.go(ground.geometry, ground, sink, never));
    CHECK(sink.given == 24);
    CHECK_FALSE(walk.columnsAhead(ground.geometry, 8));
    CHECK_FALSE(Walk({{6 * column, 1}}).columns(ground.geometry));
    CHECK(codeOf([&] { Walk({{0, 4}, {3 * column - 3, 4}}).check(ground.geometry); }) == "out-of-range");
    CHECK(codeOf([&] { Walk({{8, ~uint64_t{0}}}).check(ground.geometry); }) == "out-of-range");
}

TEST_CASE("[shape-4] what is left of a walk is named with one reason") {
    PretendGround ground;
    const std::vector<ByteRange> ranges{{4, 40000}, {100, 0}, {0, 12}};
    Collector sink(ranges);
    Walk walk(ranges);
    CHECK_FALSE(walk.go(ground.geometry, ground, sink, [] { return true; }));
    walk.rest(sink, Reason::notRead);
    CHECK(sink.spans == std::vector<Span>{{4 + Walk::pieceBytes, 40000 - Walk::pieceBytes, Reason::notRead},
                                          {0, 12, Reason::notRead}});
    CHECK(walk.go(ground.geometry, ground, sink, never));
}
