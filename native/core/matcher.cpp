#include "matcher.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "error.h"

namespace tilescope {
namespace {

/** What a call of memmem takes before it compares anything, in units of the work; it compares many bytes for one of them. */
constexpr int64_t callWork = 64;
constexpr int64_t manyBytes = 8;

[[noreturn]] void refuse(const std::string& what) {
    throw CoreError("out-of-range", what);
}

void check(const MaskedBytes& bytes) {
    if (bytes.values.empty() || bytes.values.size() > mostPatternBytes || bytes.values.size() != bytes.masks.size()) {
        refuse(std::to_string(bytes.values.size()) + " bytes to find");
    }
    for (size_t i = 0; i < bytes.values.size(); i++) {
        if ((bytes.values[i] & ~bytes.masks[i]) != 0) refuse("a byte to find that its mask leaves out");
    }
}

void check(const CellPattern& cells) {
    const bool sound = cells.numberBytes >= 1 && cells.numberBytes <= 8 && cells.align >= 1 &&
                       cells.align <= mostAlign && !cells.tests.empty() && cells.tests.size() <= mostIntervals;
    if (!sound) refuse(std::to_string(cells.tests.size()) + " cells to find");
    const size_t numbers = cells.tests.front().sets.size();
    size_t intervals = 0;
    for (const CellTest& test : cells.tests) {
        if (test.sets.size() != numbers || numbers == 0 || numbers > mostCellNumbers) {
            refuse(std::to_string(test.sets.size()) + " numbers of a cell to find");
        }
        for (const auto& set : test.sets) intervals += set.size();
    }
    if (intervals > mostIntervals) refuse(std::to_string(intervals) + " intervals to find");
}

uint64_t numberAt(const uint8_t* bytes, uint32_t size, bool bigEndian) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++) value = value << 8U | bytes[bigEndian ? i : size - 1 - i];
    return value;
}

bool isIn(uint64_t number, const std::vector<Interval>& set) {
    return std::any_of(set.begin(), set.end(),
                       [&](const Interval& one) { return number >= one.least && number <= one.most; });
}

} // namespace

Matcher::Matcher(FixedPattern pattern) : pattern_(std::move(pattern)) {
    std::visit([](const auto& wanted) { check(wanted); }, pattern_);
    if (const auto* cells = std::get_if<CellPattern>(&pattern_)) {
        const size_t cellBytes = cells->tests.front().sets.size() * cells->numberBytes;
        length_ = cells->tests.size() * cellBytes;
        for (const CellTest& test : cells->tests) {
            size_t intervals = 0;
            for (const auto& set : test.sets) intervals += set.size();
            const int64_t before = workOfCells_.empty() ? 0 : workOfCells_.back();
            workOfCells_.push_back(before + static_cast<int64_t>(cellBytes + intervals));
        }
        return;
    }
    const auto& masks = std::get<MaskedBytes>(pattern_).masks;
    length_ = masks.size();
    for (size_t from = 0; from < length_; from++) {
        size_t to = from;
        while (to < length_ && masks[to] == 0xFF) to++;
        if (to - from > exactLength_) {
            exactFrom_ = from;
            exactLength_ = to - from;
        }
        from = to;
    }
}

Matcher::Found Matcher::find(std::span<const uint8_t> bytes, size_t from, uint64_t inTile, int64_t& work) const {
    if (const auto* cells = std::get_if<CellPattern>(&pattern_)) return findCells(*cells, bytes, from, inTile, work);
    return findBytes(std::get<MaskedBytes>(pattern_), bytes, from, work);
}

Matcher::Found Matcher::findBytes(const MaskedBytes& wanted, std::span<const uint8_t> bytes, size_t from,
                                  int64_t& work) const {
    if (bytes.size() < length_) return {from, false};
    const size_t end = bytes.size() - length_ + 1;
    size_t at = from;
    for (; at < end && work > 0; at++) {
        if (exactLength_ != 0) {
            const size_t start = at + exactFrom_;
            const void* place =
                memmem(bytes.data() + start, bytes.size() - start, wanted.values.data() + exactFrom_, exactLength_);
            const size_t next =
                place == nullptr ? end
                                 : static_cast<size_t>(static_cast<const uint8_t*>(place) - bytes.data()) - exactFrom_;
            work -= callWork + static_cast<int64_t>(std::min(next, end) - at) / manyBytes;
            at = std::min(next, end);
            if (at == end) break;
        }
        size_t same = exactLength_ == length_ ? length_ : 0;
        while (same < length_ && (bytes[at + same] & wanted.masks[same]) == wanted.values[same]) same++;
        work -= static_cast<int64_t>(same) + 1;
        if (same == length_) return {at, true};
    }
    return {at, false};
}

Matcher::Found Matcher::findCells(const CellPattern& wanted, std::span<const uint8_t> bytes, size_t from,
                                  uint64_t inTile, int64_t& work) const {
    const auto fits = [&](const CellTest& test, const uint8_t* cell) {
        for (size_t i = 0; i < test.sets.size(); i++) {
            const uint64_t number = numberAt(cell + i * wanted.numberBytes, wanted.numberBytes, wanted.bigEndian);
            if (isIn(number, test.sets[i]) == test.any) return test.any;
        }
        return !test.any;
    };
    const size_t cellBytes = length_ / wanted.tests.size();
    const uint64_t past = (inTile + from) % wanted.align;
    size_t at = from + (past == 0 ? 0 : wanted.align - past);
    for (; at + length_ <= bytes.size() && work > 0; at += wanted.align) {
        size_t cell = 0;
        while (cell < wanted.tests.size() && fits(wanted.tests[cell], bytes.data() + at + cell * cellBytes)) cell++;
        work -= workOfCells_[std::min(cell, wanted.tests.size() - 1)];
        if (cell == wanted.tests.size()) return {at, true};
    }
    return {at, false};
}

} // namespace tilescope
