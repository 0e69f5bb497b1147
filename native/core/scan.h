/**
 * A watch on a memory: reads the same ranges repeatedly and tells what became different. Knows what it told, how
 * often it may read and what that may cost; not who is told, nor how changes travel. Between two readings it holds
 * nothing.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compare.h"
#include "partition_access.h"
#include "read_job.h"

namespace tilescope {

/** Bytes that one watch may cover, and how often it may read them. */
constexpr uint64_t mostScanBytes = uint64_t{16} << 20U;
constexpr std::chrono::milliseconds shortestPeriod{20};
constexpr std::chrono::milliseconds longestPeriod{60000};
/** A watch on which nothing changes says so this often. So what is on the screen is at most that old. */
constexpr std::chrono::milliseconds quietPeriod{1000};

/** What is watched, and how often. */
struct ScanRequest {
    PartitionKey partition;
    MemoryType memory = MemoryType::data;
    /** Whole words, ascending, not overlapping, 1 to `mostRanges`, in the order in which they are read. */
    std::vector<ByteRange> ranges;
    std::chrono::milliseconds period{100};
    /** Words that may be read in a second; 0: as many as the period asks for. */
    uint64_t wordsPerSecond = 0;
};

/** Throws `out-of-range` unless it can be watched (whether the ranges lie in the memory is seen at the first look). */
void checkScan(const ScanRequest& request);

/** When the next reading may begin. Pure: told the time. */
class ScanPace {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /**
     * @param began when a look began
     * @param ended and ended: for as long as it took, others have the device afterwards
     * @param words how many it read
     */
    void checked(Time began, Time ended, uint64_t words, const ScanRequest& request);
    /** New ranges came into sight: they are read before the period is over, within what reading may cost. */
    void moved() { due_ = soonest_; }
    /** Before the first reading: at once. */
    [[nodiscard]] Time due() const { return due_; }

  private:
    Time due_{};
    Time soonest_{};
};

/** Bytes of the head of a changed span: `u32 offset, u32 length | reason << 24`. */
constexpr size_t changeHeadBytes = 8;

/** One watch, from its beginning to its end. */
class ScanJob final : private ReadSink {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /** Throws `out-of-range`. */
    explicit ScanJob(ScanRequest request);

    /** Other ranges or another pace from now on; what lies in both is not told again. Any thread. Throws `out-of-range`. */
    void change(ScanRequest request);
    /** The client has the last update: the next one may come. Any thread. */
    void seen();

    /**
     * Reads for at most one slice, when that is due; never done. Throws CoreError, which ends the watch
     * (`epoch`: another epoch began). While an update waits for seen(), the next step is due after
     * `longestPeriod`; seen() and change() make it due sooner.
     */
    Progress step(PartitionDriver& driver);
    /** True once after a step that ended a reading of which the client is to be told. */
    [[nodiscard]] bool tells() { return std::exchange(tells_, false); }

    /**
     * The changed spans of the update, ascending, in blocks of at most `most` bytes: of each `changeHeadBytes`, then its
     * bytes, unless its reason says why there are none. At least one block, which may be empty.
     */
    [[nodiscard]] std::vector<std::vector<uint8_t>> pack(size_t most) const;
    /** Of the last update: the epoch, the same as long as the watch lasts. */
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** Board clock of the last byte, ms. */
    [[nodiscard]] int64_t at() const { return at_; }
    /** Words of 32 bits that it has read since it began. */
    [[nodiscard]] uint64_t words() const { return words_; }

  private:
    /** Where the words of a range are, in all the arrays below. */
    struct Place {
        ByteRange range;
        size_t first = 0;
    };
    void lay(ScanRequest request);
    void takeMail();
    Progress check(PartitionDriver& driver);
    [[nodiscard]] size_t wordAt(uint64_t offset) const;
    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) override;
    void filled(uint64_t length) override;
    void unreadable(const Span& span) override;

    std::mutex mutex_; // guards what other threads leave
    std::optional<ScanRequest> changed_;
    bool seen_ = false;

    // The worker thread's own.
    ScanRequest request_;
    ScanPace pace_;
    std::vector<Place> places_;
    /** What the client was told, and what the reading under way finds. */
    std::vector<uint32_t> last_;
    std::vector<uint8_t> lastStates_;
    std::vector<uint32_t> now_;
    std::vector<uint8_t> nowStates_;
    /** What differed at the last complete reading. */
    std::vector<WordRun> changes_;
    std::optional<ReadJob> job_;
    Time began_;
    uint64_t wordsRead_ = 0;
    uint64_t words_ = 0;
    size_t next_ = 0;
    bool tells_ = false;
    /** An update is on its way. */
    bool waits_ = false;
    std::optional<Time> told_;
    std::string epoch_;
    int64_t at_ = 0;
};

} // namespace tilescope
