#include "watch_job.h"

#include <algorithm>

#include "error.h"

namespace tilescope {

void checkPeriod(const WatchRequest& request) {
    if (request.period >= shortestPeriod && request.period <= longestPeriod) return;
    throw CoreError("out-of-range", "a period of " + std::to_string(request.period.count()) + " ms");
}

void WatchPace::checked(Time began, Time ended, uint64_t words, const WatchRequest& request) {
    soonest_ = std::max<Time>(began + shortestPeriod, ended + (ended - began));
    if (request.wordsPerSecond != 0) {
        const std::chrono::microseconds cost(words * 1'000'000 / request.wordsPerSecond);
        soonest_ = std::max<Time>(soonest_, began + cost);
    }
    due_ = std::max<Time>(soonest_, began + request.period);
}

void WatchJob::seen() {
    const std::lock_guard lock(mutex_);
    seen_ = true;
}

void WatchJob::read(uint64_t words) {
    wordsRead_ += words;
    words_ += words;
}

void WatchJob::moved() {
    pace_.moved();
    told_.reset();
    coveredSince_.reset();
}

Progress WatchJob::step(PartitionDriver& driver) {
    tells_ = false;
    takeMail();
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(seen_, false)) waits_ = false;
    }
    const auto time = driver.clock();
    if (waits_) return Later{time + longestPeriod};
    if (!began_) {
        if (time < pace_.due()) return Later{pace_.due()};
        began_ = time;
        wordsRead_ = 0;
    }
    std::string epoch;
    const Progress made = check(driver, epoch);
    if (!made.isDone()) return made;
    // Both clocks at once: times of a recording are told by the one, and its beginning by the other.
    const auto now = driver.clock();
    at_ = driver.now();
    roundBegan_ = *std::exchange(began_, std::nullopt);
    pace_.checked(roundBegan_, now, wordsRead_, asked());
    if (!epoch_.empty() && epoch != epoch_) {
        throw CoreError("epoch", "the contents started a new epoch", 0, {{"have", epoch}, {"epoch", epoch_}});
    }
    epoch_ = epoch;
    roundEnded_ = now;
    if (!coverBegan_) coverBegan_ = roundBegan_;
    if (!std::exchange(brokeOff_, false)) coveredSince_ = std::exchange(coverBegan_, std::nullopt);
    rounds_++;
    if (!compare() && told_ && now - *told_ < quietPeriod) return Later{pace_.due()};
    told_ = now;
    tells_ = true;
    waits_ = true;
    return Progress::more();
}

} // namespace tilescope
