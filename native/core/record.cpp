#include "record.h"

#include <algorithm>
#include <utility>

namespace tilescope {

void checkRecord(const RecordRequest& request) {
    checkScan(request);
    uint64_t total = 0;
    for (const ByteRange& range : request.ranges) total += range.length;
    if (total > mostRecordBytes) throw CoreError("out-of-range", std::to_string(total) + " bytes to record");
    if (request.ringBytes < leastRingBytes || request.ringBytes > mostRingBytes) {
        throw CoreError("out-of-range", "a ring of " + std::to_string(request.ringBytes) + " bytes");
    }
}

RecordJob::RecordJob(RecordRequest request) : request_(std::move(request)), scan_(request_), ring_(request_.ringBytes) {
    checkRecord(request_);
}

void RecordJob::change(const RecordRequest& request) {
    checkRecord(request);
    const bool isSame = request.partition == request_.partition && request.memory == request_.memory &&
                        request.ranges == request_.ranges;
    if (!isSame) throw CoreError("protocol", "a recording of this name is of other memory");
    scan_.change(request);
}

Progress RecordJob::step(PartitionDriver& driver) {
    if (ended_) return Progress::done();
    const Time now = driver.clock();
    if (!asked_) asked_ = now;
    try {
        if (now - *asked_ > longestUnasked) throw CoreError("cancelled", "nobody asked for the recording for an hour");
        const uint64_t before = scan_.rounds();
        const Progress made = scan_.step(driver);
        if (scan_.rounds() != before) took();
        if (scan_.tells()) scan_.seen(); // the ring has it
        return made;
    } catch (const CoreError& error) {
        end(error);
        return Progress::done();
    }
}

void RecordJob::took() {
    const auto before = std::exchange(coveredSince_, scan_.coveredSince());
    if (!began_) {
        began_ = scan_.roundEnded();
        beganAt_ = scan_.at();
        ring_.begin(scan_.found());
        return;
    }
    at_ = since(scan_.roundEnded());
    ring_.add(at_, since(before.value_or(*began_)), scan_.differences(), scan_.found());
}

uint32_t RecordJob::since(Time moment) const {
    using std::chrono::milliseconds;
    return static_cast<uint32_t>(
        std::max<int64_t>(0, std::chrono::duration_cast<milliseconds>(moment - *began_).count()));
}

void RecordJob::end(const CoreError& why) {
    if (ended_) return;
    ended_ = why;
    over_ = true;
}

RingPart RecordJob::part(uint64_t from, size_t mostWords, Time now) {
    asked_ = now;
    return ring_.part(from, mostWords);
}

RecordState RecordJob::state() const {
    return {scan_.epoch(),
            beganAt_,
            at_,
            scan_.rounds(),
            scan_.words(),
            ring_.first() - 1,
            ring_.lostChanges(),
            ring_.bytes(),
            began_ && asked_ ? since(*asked_) : 0,
            ended_};
}

} // namespace tilescope
