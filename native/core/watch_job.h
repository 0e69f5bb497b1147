/**
 * What all watches of a memory have in common: when to look, when to tell, and that no look is made before the client has
 * what the last one found. Knows neither what a look reads nor what it compares: `ScanJob` reads ranges, `SurveyJob` a few
 * words of each tile. Between two looks it holds nothing.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "partition_access.h"

namespace tilescope {

/** How often a watch may look. */
constexpr std::chrono::milliseconds shortestPeriod{20};
constexpr std::chrono::milliseconds longestPeriod{60000};
/** A watch on which nothing changes says so this often. So what is on the screen is at most that old. */
constexpr std::chrono::milliseconds quietPeriod{1000};

/** Which memory is watched, and how often. */
struct WatchRequest {
    PartitionKey partition;
    MemoryType memory = MemoryType::data;
    std::chrono::milliseconds period{100};
    /** Words that may be read in a second; 0: as many as the period asks for. */
    uint64_t wordsPerSecond = 0;
};

/** Throws `out-of-range` for a period that no watch has. */
void checkPeriod(const WatchRequest& request);

/** When the next look may begin. Pure: told the time. */
class WatchPace {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /**
     * @param began when a look began
     * @param ended and ended: for as long as it took, others have the device afterwards
     * @param words how many it read
     */
    void checked(Time began, Time ended, uint64_t words, const WatchRequest& request);
    /** Something new came into sight: it is read before the period is over, within what reading may cost. */
    void moved() { due_ = soonest_; }
    /** Before the first look: at once. */
    [[nodiscard]] Time due() const { return due_; }

  private:
    Time due_{};
    Time soonest_{};
};

/** One watch, from its beginning to its end. */
class WatchJob {
  public:
    using Time = std::chrono::steady_clock::time_point;
    WatchJob() = default;
    WatchJob(const WatchJob&) = delete;
    WatchJob& operator=(const WatchJob&) = delete;
    virtual ~WatchJob() = default;

    /** The client has the last update: the next one may come. Any thread. */
    void seen();
    /**
     * Reads for at most one slice, when that is due; never done. Throws CoreError, which ends the watch
     * (`epoch`: another epoch began). While an update waits for seen(), the next step is due after
     * `longestPeriod`; seen() makes it due sooner.
     */
    Progress step(PartitionDriver& driver);
    /** True once after a step that ended a look of which the client is to be told. */
    [[nodiscard]] bool tells() { return std::exchange(tells_, false); }
    /** What the last look found, in blocks of at most `most` bytes and whole records. At least one block, which may be empty. */
    [[nodiscard]] virtual std::vector<std::vector<uint8_t>> pack(size_t most) const = 0;
    /** Of the last update: the epoch, the same as long as the watch lasts. */
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** When that look ended, ms since 1970 on the board's clock: the same moment as `roundEnded()`. */
    [[nodiscard]] int64_t at() const { return at_; }
    /** Words of 32 bits that it has read since it began. */
    [[nodiscard]] uint64_t words() const { return words_; }
    /** Complete looks since it began, and when the last one began and ended. */
    [[nodiscard]] uint64_t rounds() const { return rounds_; }
    [[nodiscard]] Time roundBegan() const { return roundBegan_; }
    [[nodiscard]] Time roundEnded() const { return roundEnded_; }
    /** Since when all of it was looked at: `roundBegan()`, or earlier where looks broke off. None before all was. */
    [[nodiscard]] std::optional<Time> coveredSince() const { return coveredSince_; }

  protected:
    [[nodiscard]] virtual const WatchRequest& asked() const = 0;
    /** Before each step: takes over what other threads left. */
    virtual void takeMail() {}
    /** Goes on with a look, for one slice at most. Once it is done, `epoch` is the one that it is of. */
    virtual Progress check(PartitionDriver& driver, std::string& epoch) = 0;
    /** Compares what a complete look found. True: there is something to tell. */
    virtual bool compare() = 0;

    /** Words were read. */
    void read(uint64_t words);
    /** The look under way is given up, and nothing is told of it. The next one begins in front. */
    void giveUp() {
        began_.reset();
        coverBegan_.reset();
    }
    /** The look that is done now did not get to its end; the next one goes on there. */
    void brokeOff() { brokeOff_ = true; }
    /** What is asked for is other memory now: it is read and told soon. */
    void moved();

  private:
    std::mutex mutex_; // guards seen_
    bool seen_ = false;

    // The worker thread's own.
    WatchPace pace_;
    /** When the look under way began. */
    std::optional<Time> began_;
    uint64_t wordsRead_ = 0;
    uint64_t words_ = 0;
    uint64_t rounds_ = 0;
    Time roundBegan_{};
    Time roundEnded_{};
    bool brokeOff_ = false;
    /** When the first one began of looks that go on where the one before broke off. */
    std::optional<Time> coverBegan_;
    std::optional<Time> coveredSince_;
    bool tells_ = false;
    /** An update is on its way. */
    bool waits_ = false;
    std::optional<Time> told_;
    std::string epoch_;
    int64_t at_ = 0;
};

} // namespace tilescope
