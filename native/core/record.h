/**
 * A recording: a watch on ranges of a memory that waits for nobody; what it finds goes into a ring. It goes on while its client
 * is slow or silent, and ends with the epoch. Knows when it looked; not who armed it, nor how parts of the ring travel.
 */
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "change_ring.h"
#include "error.h"
#include "scan.h"

namespace tilescope {

/** Bytes of memory that one recording may cover, and those that its ring may take. */
constexpr uint64_t mostRecordBytes = mostRingWords * 4;
constexpr uint64_t mostRingBytes = uint64_t{64} << 20U;
/** A recording that nobody asks for ends. */
constexpr std::chrono::hours longestUnasked{1};

struct RecordRequest : ScanRequest {
    /** Bytes of the ring. */
    uint64_t ringBytes = 0;
};

/** Throws `out-of-range` unless it can be recorded. */
void checkRecord(const RecordRequest& request);

/** What is known of a recording beside its ring. */
struct RecordState {
    /** Empty before the first look. */
    std::string epoch;
    /** Board clock of the first look, ms since 1970. */
    int64_t beganAt = 0;
    /** When the last look ended, ms since then. */
    uint32_t at = 0;
    /** Looks that were made, whatever they found, and words of 32 bits that they read. */
    uint64_t made = 0;
    uint64_t words = 0;
    /** Looks that found something and fell out of the ring, and their changes. */
    uint64_t lostMoments = 0;
    uint64_t lostChanges = 0;
    size_t bytes = 0;
    /** How long the first look was ago when somebody last asked, ms. */
    uint32_t age = 0;
    /** Why nothing is recorded any more. */
    std::optional<CoreError> ended;
};

/** One recording. All but change() and isOver() run on the worker's thread. */
class RecordJob {
  public:
    /** Throws `out-of-range`. */
    explicit RecordJob(RecordRequest request);

    /** Another pace from now on. Any thread. Throws `out-of-range`; `protocol` for another memory or other ranges. */
    void change(const RecordRequest& request);
    /** Reads for at most one slice, when that is due. Done once it has ended; never throws a CoreError. */
    Progress step(PartitionDriver& driver);
    /** Nothing is recorded any more. What the ring has stays. */
    void end(const CoreError& why);
    /** Whether it has ended. Any thread. */
    [[nodiscard]] bool isOver() const { return over_; }
    /** As ChangeRing::part(), for a client that is there. */
    RingPart part(uint64_t from, size_t mostWords, std::chrono::steady_clock::time_point now);
    [[nodiscard]] RecordState state() const;

  private:
    using Time = std::chrono::steady_clock::time_point;
    void took();
    [[nodiscard]] uint32_t since(Time moment) const;

    const RecordRequest request_;
    ScanJob scan_;
    ChangeRing ring_;
    /** When the first look ended, and the last one began. */
    std::optional<Time> began_;
    /** As `ScanJob::coveredSince()` was after the look before. */
    std::optional<Time> coveredSince_;
    int64_t beganAt_ = 0;
    uint32_t at_ = 0;
    std::optional<Time> asked_;
    std::optional<CoreError> ended_;
    std::atomic<bool> over_{false};
};

} // namespace tilescope
