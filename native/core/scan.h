/**
 * A watch on ranges of a memory: reads them repeatedly and tells what became different. Knows what it told; not who is
 * told, nor how changes travel.
 */
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "compare.h"
#include "read_job.h"
#include "watch_job.h"

namespace tilescope {

/** Bytes that one watch may cover. */
constexpr uint64_t mostScanBytes = uint64_t{16} << 20U;

struct ScanRequest : WatchRequest {
    /** Whole words, ascending, not overlapping, 1 to `mostRanges`, in the order in which they are read. */
    std::vector<ByteRange> ranges;
};

/** Throws `out-of-range` unless it can be watched (whether the ranges lie in the memory is seen at the first look). */
void checkScan(const ScanRequest& request);

/** Bytes of the head of a changed span: `u32 offset, u32 length | reason << 24`. */
constexpr size_t changeHeadBytes = 8;

class ScanJob final : public WatchJob, private ReadSink {
  public:
    /** Throws `out-of-range`. */
    explicit ScanJob(ScanRequest request);

    /** Other ranges or another pace from now on; what lies in both is not told again. Any thread. Throws `out-of-range`. */
    void change(ScanRequest request);
    /** The changed spans, ascending: of each `changeHeadBytes`, then its bytes, unless its reason says why there are none. */
    [[nodiscard]] std::vector<std::vector<uint8_t>> pack(size_t most) const override;
    /** What differed at the last complete look, by index of a word in all ranges together. */
    [[nodiscard]] const std::vector<WordRun>& differences() const { return changes_; }
    /** What the last complete look found, word by word; a state is a Reason (what the reading never got to: `notRead`). */
    [[nodiscard]] Contents found() const { return {last_, lastStates_}; }

  private:
    /** Where the words of a range are, in all the arrays below. */
    struct Place {
        ByteRange range;
        size_t first = 0;
    };
    void lay(ScanRequest request);
    [[nodiscard]] const WatchRequest& asked() const override { return request_; }
    void takeMail() override;
    Progress check(PartitionDriver& driver, std::string& epoch) override;
    bool compare() override;
    [[nodiscard]] size_t wordAt(uint64_t offset) const;
    /** What the next look reads. */
    [[nodiscard]] std::vector<ByteRange> ahead() const;
    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) override;
    void filled(uint64_t length) override;
    void unreadable(const Span& span) override;

    std::mutex mutex_; // guards changed_
    std::optional<ScanRequest> changed_;

    // The worker thread's own.
    ScanRequest request_;
    std::vector<Place> places_;
    /** What the client was told, and what the look under way finds. */
    std::vector<uint32_t> last_;
    std::vector<uint8_t> lastStates_;
    std::vector<uint32_t> now_;
    std::vector<uint8_t> nowStates_;
    /** What differed at the last complete look. */
    std::vector<WordRun> changes_;
    std::optional<ReadJob> job_;
    size_t next_ = 0;
    /** Buffer offset where the last look broke off, and where the one under way did: the next one begins there. */
    std::optional<uint64_t> rest_;
    std::optional<uint64_t> broke_;
};

} // namespace tilescope
