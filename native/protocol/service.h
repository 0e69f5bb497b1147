/**
 * The operations of docs/wire.md on one device node: takes requests as headers, runs them on the worker's thread, and
 * answers through a Reply. Knows which request overtakes which; must not know how requests and answers travel.
 */
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/hold_process.h"
#include "../core/record.h"
#include "../core/worker.h"
#include "header.h"
#include "requests.h"

namespace tilescope {

/** What a core runs on. All of it outlives the core. */
struct Platform {
    Kernel& kernel;
    HoldProcess& holdProcess;
    /** The executable whose `hold` mode is the holder; empty: holding fails. */
    std::string holderProgram;
};

/** A part of an answer that is neither bytes nor its end: `spans`, `hits`, `progress`, `outcomes` or `tile` of docs/wire.md. */
struct Part {
    std::string_view kind;
    /** Keys beside `id` and `t`. */
    Header header;
    /** Records, one after the other. */
    std::vector<uint32_t> words;
    /** Words of one record: a carrier that cuts the part cuts between records. */
    size_t recordWords = 1;
};

/**
 * How one request is answered; the carrier's. Used on the worker's thread only, but for expect(). After end() or fail()
 * nothing more comes.
 */
class Reply {
  public:
    Reply() = default;
    Reply(const Reply&) = delete;
    Reply& operator=(const Reply&) = delete;
    virtual ~Reply() = default;
    /**
     * A read that was understood is about to be queued; on the thread that asked. Throws CoreError to refuse it.
     * @param overtakes somebody waits for it: it is short and goes before others
     */
    virtual void expect(const ReadRequest& request, bool overtakes) = 0;
    /** Many parts may come: they go out as the bytes of a long read do. */
    virtual void isLong() = 0;
    /** Whether no more bytes of a long read may be handed out before Worker::wake(). Any thread; asked often. */
    [[nodiscard]] virtual bool waits() = 0;
    /** Before each step of a read, with no partition held: does what room() would have to do under a lease. */
    virtual void makeReady() = 0;
    /** Memory for bytes of a read, as ReadSink::room(). */
    virtual std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) = 0;
    /** As ReadSink::filled(). */
    virtual void filled(uint64_t length) = 0;
    /** With nothing held: hands out what was filled since it was last called. May block, as all that follow. */
    virtual void handOut() = 0;
    virtual void part(const Part& part) = 0;
    /**
     * What the last look of a watch found.
     * @param about keys of the `update` beside `id` and `t`
     */
    virtual void update(const Header& about, const WatchJob& found) = 0;
    /** Nothing more comes of this step. */
    virtual void flush() = 0;
    /** The final answer. */
    virtual void end(const Header& answer) = 0;
    virtual void fail(const CoreError& error) noexcept = 0;
};

class Service {
  public:
    /** What is said unasked; see Worker::Hooks. */
    struct Notices {
        /** Gets partitionsHeader(). */
        std::function<void(const Header&)> partitions;
        std::function<void(const std::vector<std::string>&)> trace;
        /** Gets refusedStartHeader(). */
        std::function<void(const Header&)> refusedStart;
        std::function<void(const std::string&)> trouble;
    };

    Service(Platform platform, std::string device, Notices notices);

    /**
     * Starts an operation: `hello`, `ping`, `trace`, `describe`, `partitions`, `pick`, `open`, `read`, `find`, `watch`,
     * `record`, `recording`, `end-recording`, `status`, `clocks`, `hold`, `halt`, `debug-read` or `kernel-descriptor`. Throws
     * CoreError for a request that cannot be understood; `reply` was not used then.
     */
    void request(uint64_t id, const std::string& op, const Header& header, std::unique_ptr<Reply> reply);
    /** Starts a write, whose words do not come in its header. */
    void write(uint64_t id, WriteRequest request, std::unique_ptr<Reply> reply);
    /** Other ranges or another pace for an open watch of ranges. Throws CoreError. Nothing happens once the watch has ended. */
    void change(uint64_t id, const Header& header);
    /** The client has the last update of a watch. Nothing happens once the watch has ended. */
    void seen(uint64_t id);
    /** Answers with an error, in turn. */
    void refuse(uint64_t id, const CoreError& error, std::unique_ptr<Reply> reply);
    /** The recordings that their client did not forget, whether they go on or not. Of the thread that asks. */
    [[nodiscard]] std::vector<std::string> recordings() const;
    /** Whether there are any. Any thread. */
    [[nodiscard]] bool hasRecordings() const { return recordingCount_ != 0; }
    [[nodiscard]] Worker& worker() { return worker_; }

  private:
    void answer(uint64_t id, std::unique_ptr<Reply> reply, std::function<OrLater<Header>(Engine&)> act,
                bool outlastsSilence = false);

    void halt(uint64_t id, const Header& header, std::unique_ptr<Reply> reply);
    void debugRead(uint64_t id, const Header& header, std::unique_ptr<Reply> reply);
    void watch(uint64_t id, std::shared_ptr<WatchJob> job, std::unique_ptr<Reply> reply);
    void record(uint64_t id, const Header& header, std::unique_ptr<Reply> reply);
    /** The recording that a request names. Throws `no-recording`. */
    std::shared_ptr<RecordJob> recordingOf(const Header& header);
    /** The watch of this number, unless it is over. */
    std::shared_ptr<WatchJob> watchOf(uint64_t id);

    Platform platform_;
    /** Watches that the worker has, or had. Of the thread that asks. */
    std::map<uint64_t, std::weak_ptr<WatchJob>> watches_;
    /** Recordings by name, until their client forgets them. Of the thread that asks. */
    std::map<std::string, std::shared_ptr<RecordJob>> recordings_;
    uint64_t recordingsBegun_ = 0;
    std::atomic<size_t> recordingCount_{0};
    Worker worker_;
};

} // namespace tilescope
