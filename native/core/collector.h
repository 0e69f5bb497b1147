/** For tests: what a read hands out, and which error something ends with. */
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "error.h"
#include "walk.h"

namespace tilescope {

/** A ReadSink that collects a read into one array per range. */
class Collector final : public ReadSink {
  public:
    explicit Collector(const std::vector<ByteRange>& ranges) {
        for (const ByteRange& range : ranges) bytes.emplace_back(range.length, uint8_t{0xEE});
    }
    std::vector<std::vector<uint8_t>> bytes;
    std::vector<Span> spans;
    /** Bytes of one room. */
    uint64_t mostRoom = ~uint64_t{0};
    /** Bytes of one step; `given` counts them. */
    uint64_t perStep = ~uint64_t{0};
    uint64_t given = 0;

    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t /*offset*/, uint64_t length) override {
        if (given >= perStep) return {};
        return std::span(bytes[range]).subspan(at, std::min(length, mostRoom));
    }
    void filled(uint64_t length) override { given += length; }
    void unreadable(const Span& span) override {
        if (!spans.empty() && spans.back().reason == span.reason &&
            spans.back().offset + spans.back().length == span.offset) {
            spans.back().length += span.length;
        } else {
            spans.push_back(span);
        }
    }
};

/** The code of the CoreError that `act` throws; empty when it throws none. */
inline std::string codeOf(const std::function<void()>& act) {
    try {
        act();
    } catch (const CoreError& error) {
        return error.code();
    }
    return "";
}

} // namespace tilescope
