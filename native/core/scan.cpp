#include "scan.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "error.h"
#include "put_word.h"

namespace tilescope {
namespace {

/** The client was told nothing of the word yet: no look got there. */
constexpr auto untold = static_cast<uint8_t>(Reason::notRead);
/** Equal words between two changes that cost no more than the head of another span. */
constexpr size_t cheapGap = changeHeadBytes / sizeof(uint32_t);
/** Bytes of one span: its length has 24 bits on the wire. */
constexpr size_t mostSpanBytes = (size_t{1} << 24U) - sizeof(uint32_t);

} // namespace

void checkScan(const ScanRequest& request) {
    const auto refuse = [](const std::string& what) { throw CoreError("out-of-range", what); };
    if (request.ranges.empty() || request.ranges.size() > mostRanges) {
        refuse(std::to_string(request.ranges.size()) + " ranges to watch");
    }
    checkPeriod(request);
    uint64_t total = 0;
    uint64_t least = 0;
    for (const auto& [offset, length] : request.ranges) {
        constexpr uint64_t most = uint64_t{1} << 32U;
        const bool sound = offset % 4 == 0 && length % 4 == 0 && length != 0 && offset >= least && offset < most &&
                           length <= mostScanBytes;
        if (!sound) refuse("a range to watch at offset " + std::to_string(offset));
        least = offset + length;
        total += length;
        if (total > mostScanBytes) refuse("more than " + std::to_string(mostScanBytes) + " bytes to watch");
    }
}

ScanJob::ScanJob(ScanRequest request) {
    checkScan(request);
    lay(std::move(request));
}

void ScanJob::lay(ScanRequest request) {
    std::vector<Place> places;
    size_t words = 0;
    for (const ByteRange& range : request.ranges) {
        places.push_back({range, words});
        words += range.length / 4;
    }
    std::vector<uint32_t> last(words);
    std::vector<uint8_t> states(words, untold);
    auto old = places_.begin();
    for (const Place& place : places) {
        while (old != places_.end() && old->range.end() <= place.range.offset) old++;
        for (auto one = old; one != places_.end() && one->range.offset < place.range.end(); one++) {
            const uint64_t from = std::max(one->range.offset, place.range.offset);
            const uint64_t count = (std::min(one->range.end(), place.range.end()) - from) / 4;
            const size_t source = one->first + (from - one->range.offset) / 4;
            const size_t target = place.first + (from - place.range.offset) / 4;
            std::copy_n(last_.begin() + static_cast<long>(source), count, last.begin() + static_cast<long>(target));
            std::copy_n(lastStates_.begin() + static_cast<long>(source), count,
                        states.begin() + static_cast<long>(target));
        }
    }
    request_ = std::move(request);
    places_ = std::move(places);
    last_ = std::move(last);
    lastStates_ = std::move(states);
    now_ = last_;
    nowStates_ = lastStates_;
    changes_.clear();
    job_.reset(); // of the earlier ranges
    rest_.reset();
    broke_.reset();
    giveUp();
}

void ScanJob::change(ScanRequest request) {
    checkScan(request);
    const std::lock_guard lock(mutex_);
    changed_ = std::move(request);
}

void ScanJob::takeMail() {
    std::optional<ScanRequest> changed;
    {
        const std::lock_guard lock(mutex_);
        changed = std::exchange(changed_, std::nullopt);
    }
    if (!changed) return;
    const bool isOther = changed->ranges != request_.ranges;
    lay(std::move(*changed));
    if (isOther) moved();
}

Progress ScanJob::check(PartitionDriver& driver, std::string& epoch) {
    if (!job_) job_.emplace(ReadRequest{request_.partition, request_.memory, ahead(), {}, Asking::nobody});
    const Progress made = job_->step(driver, *this);
    if (!made.isDone()) return made;
    epoch = job_->epoch();
    job_.reset();
    rest_ = std::exchange(broke_, std::nullopt);
    if (rest_) brokeOff();
    return made;
}

std::vector<ByteRange> ScanJob::ahead() const {
    if (!rest_) return request_.ranges;
    // Looks that broke off one after the other and all began in front would never get to what lies behind.
    std::vector<ByteRange> ranges;
    for (const ByteRange& range : request_.ranges) {
        if (range.end() <= *rest_) continue;
        const uint64_t from = std::max(range.offset, *rest_);
        ranges.push_back({from, range.end() - from});
    }
    return ranges;
}

bool ScanJob::compare() {
    changes_ = differing({last_, lastStates_}, {now_, nowStates_}, cheapGap);
    for (const WordRun& run : changes_) {
        const auto from = static_cast<long>(run.first);
        std::copy_n(now_.begin() + from, run.count, last_.begin() + from);
        std::copy_n(nowStates_.begin() + from, run.count, lastStates_.begin() + from);
    }
    return !changes_.empty();
}

size_t ScanJob::wordAt(uint64_t offset) const {
    const auto after = std::upper_bound(places_.begin(), places_.end(), offset,
                                        [](uint64_t at, const Place& place) { return at < place.range.offset; });
    const Place& place = *std::prev(after);
    return place.first + (offset - place.range.offset) / 4;
}

std::span<uint8_t> ScanJob::room(size_t /*range*/, uint64_t /*at*/, uint64_t offset, uint64_t length) {
    next_ = wordAt(offset);
    return {reinterpret_cast<uint8_t*>(&now_[next_]), length};
}

void ScanJob::filled(uint64_t length) {
    const size_t count = length / 4;
    std::fill_n(nowStates_.begin() + static_cast<long>(next_), count, uint8_t{0});
    next_ += count;
    read(count);
}

void ScanJob::unreadable(const Span& span) {
    const size_t first = wordAt(span.offset);
    const size_t count = span.length / 4;
    const auto from = static_cast<long>(first);
    if (span.reason == Reason::notRead) {
        // The reading did not get there: the word counts as it was.
        broke_ = std::min(broke_.value_or(span.offset), span.offset);
        std::copy_n(last_.begin() + from, count, now_.begin() + from);
        std::copy_n(lastStates_.begin() + from, count, nowStates_.begin() + from);
        return;
    }
    std::fill_n(now_.begin() + from, count, uint32_t{0});
    std::fill_n(nowStates_.begin() + from, count, static_cast<uint8_t>(span.reason));
}

std::vector<std::vector<uint8_t>> ScanJob::pack(size_t most) const {
    std::vector<std::vector<uint8_t>> blocks(1);
    auto place = places_.begin();
    for (const WordRun& run : changes_) {
        for (size_t first = run.first; first < run.end();) {
            while (first >= place->first + place->range.length / 4) place++;
            const uint8_t state = nowStates_[first];
            // A span ends with its range, where the reason is another one, and where the block is full.
            size_t end = std::min({run.end(), place->first + place->range.length / 4, first + mostSpanBytes / 4});
            end = static_cast<size_t>(std::find_if(nowStates_.begin() + static_cast<long>(first),
                                                   nowStates_.begin() + static_cast<long>(end),
                                                   [&](uint8_t one) { return one != state; }) -
                                      nowStates_.begin());
            if (state == untold) { // between two changes, and the reading did not get there
                first = end;
                continue;
            }
            const bool hasBytes = state == 0;
            const size_t least = changeHeadBytes + (hasBytes ? sizeof(uint32_t) : 0);
            if (blocks.back().size() + least > most) blocks.emplace_back();
            std::vector<uint8_t>& block = blocks.back();
            if (hasBytes) end = std::min(end, first + (most - block.size() - changeHeadBytes) / 4);
            const uint64_t offset = place->range.offset + (first - place->first) * 4;
            putWord(block, static_cast<uint32_t>(offset));
            putWord(block, static_cast<uint32_t>((end - first) * 4) | static_cast<uint32_t>(state) << 24U);
            if (hasBytes) {
                const auto* bytes = reinterpret_cast<const uint8_t*>(now_.data() + first);
                block.insert(block.end(), bytes, bytes + (end - first) * 4);
            }
            first = end;
        }
    }
    return blocks;
}

} // namespace tilescope
