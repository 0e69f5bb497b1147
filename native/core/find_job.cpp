#include "find_job.h"

#include <algorithm>
#include <cstring>

#include "error.h"

namespace tilescope {
namespace {

/** Bytes of one step: several leases' work beside an owner, one on a free partition. */
constexpr size_t stepBytes = size_t{1} << 20U;
/** What is done with them in one step (some milliseconds), and the hits that one tells. */
constexpr int64_t stepWork = int64_t{4} << 20U;
constexpr size_t stepHits = 16384;
constexpr size_t line = 64;

} // namespace

FindJob::FindJob(FindRequest request) : most_(request.most), read_(request.where), tailRoom_(0), used_(0) {
    if (most_ == 0 || most_ > mostHits) throw CoreError("out-of-range", std::to_string(most_) + " hits");
    for (const ByteRange& range : request.where.ranges) total_ += range.length;
    size_t tail = ExpressionSearch::usualWindow;
    if (const auto* expression = std::get_if<ExpressionPattern>(&request.pattern)) {
        expression_.emplace(*expression, total_);
    } else if (auto* bytes = std::get_if<MaskedBytes>(&request.pattern)) {
        tail = matcher_.emplace(std::move(*bytes)).length();
    } else {
        tail = matcher_.emplace(std::get<CellPattern>(std::move(request.pattern))).length();
    }
    tailRoom_ = used_ = (tail + line) / line * line;
}

Progress FindJob::step(PartitionDriver& driver) {
    if (search() && !isRead_ && !isOver()) {
        keepTail();
        bytes_.resize(tailRoom_ + stepBytes);
        const Progress made = read_.step(driver, *this);
        if (made.what() == Progress::What::later) return made;
        isRead_ = made.isDone();
        search();
    }
    const bool isSearched = next_ == runs_.size();
    return isOver() || (isRead_ && isSearched) ? Progress::done() : Progress::more();
}

bool FindJob::search() {
    int64_t work = stepWork;
    while (next_ < runs_.size() && search(runs_[next_], work)) next_++;
    return next_ == runs_.size();
}

bool FindJob::search(Run& run, int64_t& work) {
    if (expression_) return searchExpression(run, work);
    const std::span<const uint8_t> bytes(bytes_.data() + run.start, run.length);
    const uint64_t inTile = matcher_->staysInTile() ? run.offset % read_.bytesPerTile() : 0;
    while (run.at + matcher_->length() <= run.length) {
        if (work <= 0 || hits_.size() >= stepHits || isFull()) return false;
        const Matcher::Found found = matcher_->find(bytes, run.at, inTile, work);
        run.at = found.at;
        if (!found.isHit) continue;
        hits_.push_back(static_cast<uint32_t>(run.offset + found.at));
        found_++;
        run.at += matcher_->length();
    }
    return true;
}

bool FindJob::searchExpression(Run& run, int64_t& work) {
    if (isOver()) return false;
    if (!std::exchange(run.isBegun, true)) expression_->begin(run.offset);
    // What is read next may follow the last run.
    const bool isWhole = isRead_ || next_ + 1 < runs_.size();
    const size_t before = hits_.size();
    const size_t room = std::min<size_t>(most_ - found_, stepHits - std::min(stepHits, before / 2));
    const std::span<const uint8_t> bytes(bytes_.data() + run.start, run.length);
    const auto outcome = expression_->search(bytes, run.offset, isWhole, hits_, room, work);
    found_ += static_cast<uint32_t>((hits_.size() - before) / 2);
    if (outcome == ExpressionSearch::Outcome::gaveUp) gaveUpAt_ = expression_->begun();
    return outcome == ExpressionSearch::Outcome::over;
}

void FindJob::keepTail() {
    if (!runs_.empty()) {
        const Run& tail = runs_.back();
        const size_t searched = expression_ ? static_cast<size_t>(expression_->keepFrom() - tail.offset) : tail.at;
        const size_t from = std::min(searched, tail.length);
        const size_t length = tail.length - from;
        memmove(bytes_.data() + tailRoom_ - length, bytes_.data() + tail.start + from, length);
        runs_ = {{tail.offset + from, tailRoom_ - length, length, 0, tail.isBegun}};
    }
    next_ = 0;
    used_ = tailRoom_;
}

std::span<uint8_t> FindJob::room(size_t /*range*/, uint64_t /*at*/, uint64_t offset, uint64_t length) {
    const bool isOtherTile = matcher_ && matcher_->staysInTile() && offset % read_.bytesPerTile() == 0;
    joins_ = !isOtherTile && !runs_.empty() && runs_.back().offset + runs_.back().length == offset;
    if (!joins_) used_ = std::min(bytes_.size(), (used_ + 3) / 4 * 4); // whole words then go straight in
    offset_ = offset;
    return std::span(bytes_).subspan(used_, std::min<uint64_t>(length, bytes_.size() - used_));
}

void FindJob::filled(uint64_t length) {
    if (joins_) {
        runs_.back().length += length;
    } else {
        runs_.push_back({offset_, used_, length, 0, false});
    }
    used_ += length;
    done_ += length;
}

void FindJob::unreadable(const Span& span) {
    done_ += span.length;
    const bool joins = !spans_.empty() && spans_.back().reason == span.reason &&
                       spans_.back().offset + spans_.back().length == span.offset;
    if (joins) {
        spans_.back().length += span.length;
    } else {
        spans_.push_back(span);
    }
}

} // namespace tilescope
