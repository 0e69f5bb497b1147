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

FindJob::FindJob(FindRequest request)
    : matcher_(std::move(request.pattern)), most_(request.most), read_(request.where),
      tailRoom_((matcher_.length() + line) / line * line), used_(tailRoom_) {
    if (most_ == 0 || most_ > mostHits) throw CoreError("out-of-range", std::to_string(most_) + " hits");
    for (const ByteRange& range : request.where.ranges) total_ += range.length;
}

Progress FindJob::step(PartitionDriver& driver) {
    if (search() && !isRead_ && !isFull()) {
        keepTail();
        bytes_.resize(tailRoom_ + stepBytes);
        const Progress made = read_.step(driver, *this);
        if (made.what() == Progress::What::later) return made;
        isRead_ = made.isDone();
        search();
    }
    const bool isSearched = next_ == runs_.size();
    return isFull() || (isRead_ && isSearched) ? Progress::done() : Progress::more();
}

bool FindJob::search() {
    int64_t work = stepWork;
    while (next_ < runs_.size() && search(runs_[next_], work)) next_++;
    return next_ == runs_.size();
}

bool FindJob::search(Run& run, int64_t& work) {
    const std::span<const uint8_t> bytes(bytes_.data() + run.start, run.length);
    const uint64_t inTile = matcher_.staysInTile() ? run.offset % read_.bytesPerTile() : 0;
    while (run.at + matcher_.length() <= run.length) {
        if (work <= 0 || hits_.size() >= stepHits || isFull()) return false;
        const Matcher::Found found = matcher_.find(bytes, run.at, inTile, work);
        run.at = found.at;
        if (!found.isHit) continue;
        hits_.push_back(static_cast<uint32_t>(run.offset + found.at));
        found_++;
        run.at += matcher_.length();
    }
    return true;
}

void FindJob::keepTail() {
    if (!runs_.empty()) {
        Run tail = runs_.back();
        tail.at = std::min(tail.at, tail.length);
        const size_t length = tail.length - tail.at;
        memmove(bytes_.data() + tailRoom_ - length, bytes_.data() + tail.start + tail.at, length);
        runs_ = {{tail.offset + tail.at, tailRoom_ - length, length, 0}};
    }
    next_ = 0;
    used_ = tailRoom_;
}

std::span<uint8_t> FindJob::room(size_t /*range*/, uint64_t /*at*/, uint64_t offset, uint64_t length) {
    const bool isOtherTile = matcher_.staysInTile() && offset % read_.bytesPerTile() == 0;
    joins_ = !isOtherTile && !runs_.empty() && runs_.back().offset + runs_.back().length == offset;
    if (!joins_) used_ = std::min(bytes_.size(), (used_ + 3) / 4 * 4); // whole words then go straight in
    offset_ = offset;
    return std::span(bytes_).subspan(used_, std::min<uint64_t>(length, bytes_.size() - used_));
}

void FindJob::filled(uint64_t length) {
    if (joins_) {
        runs_.back().length += length;
    } else {
        runs_.push_back({offset_, used_, length, 0});
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
