/**
 * One client's connection: requests in, frames out. The reader's thread (main) calls receive(); the worker's thread
 * runs the device and writes the answers. Knows docs/wire.md; must not know how the bytes travel.
 */
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "../core/worker.h"
#include "../core/write_job.h"
#include "frame.h"
#include "send_window.h"

namespace tilescope {

/** Writes whole frames, each system call as many as there are; safe from both threads. */
class FrameWriter {
  public:
    /** @param write writes every byte of both parts, blocking; throws when the other side is gone */
    using Write = std::function<void(std::span<const uint8_t> head, std::span<const uint8_t> payload)>;
    explicit FrameWriter(Write write) : write_(std::move(write)) {}
    void send(const Header& header, std::span<const uint8_t> payload = {});
    /** Likewise; a small frame may wait for those that follow at once, until flush() or another send().
     *  Returns the frame's length. */
    size_t add(const Header& header, std::span<const uint8_t> payload = {});
    /** Writes what waits. */
    void flush();
    /** Like send(), but gives up when another thread is stuck in a write. */
    void sendSoon(const Header& header);
    /** Trace lines, in as many frames as they take. */
    void sendTrace(const std::vector<std::string>& lines);
    /** The last frame of a request that failed. Where even that cannot be written, stderr says so. */
    void sendError(uint64_t id, const CoreError& error) noexcept;

  private:
    Write write_;
    std::timed_mutex mutex_;
    /** Whole frames that are still to be written. */
    std::vector<uint8_t> waiting_;
};

/** The window of a client that says what it has received; without one, everything may go out at once. Any thread. */
class Pace {
  public:
    void begin();
    /** As SendWindow; a great many where there is no window. */
    [[nodiscard]] size_t room();
    std::optional<uint64_t> sent(size_t bytes, SendWindow::Time at);
    void received(uint64_t mark);

  private:
    std::mutex mutex_;
    std::optional<SendWindow> window_;
};

class Session {
  public:
    /** @param wake called on the worker's thread once ended() is true */
    explicit Session(
        FrameWriter& writer, std::function<void()> wake = [] {})
        : writer_(writer), wake_(std::move(wake)) {}

    /** Handles one frame. Throws FrameError when the connection must end. */
    void receive(const Frame& frame);
    /** The client was not heard for its `heartbeatMs` (true) or is heard again (false). */
    void setSilent(bool silent);
    /** The client said bye, and its answer is out. */
    [[nodiscard]] bool ended() const { return ended_; }
    /**
     * Says which call of the driver does not come back, or that it did; the worker's thread cannot. To be called at
     * least once a second.
     */
    void sayStuck();
    /** Keeps the device from being touched any more, before the process ends. */
    void freeze();
    [[nodiscard]] std::chrono::milliseconds heartbeat() const { return heartbeat_; }
    [[nodiscard]] std::chrono::milliseconds exitAfter() const { return exitAfter_; }

  private:
    void hello(uint64_t id, const Header& header);
    void dispatch(uint64_t id, const std::string& op, const Frame& frame);
    void refuse(uint64_t id, const CoreError& error);
    void receiveWrite(uint64_t id, const Frame& frame);
    /** Forgets an unfinished write that was answered with an error; frames of it that are still coming are swallowed. */
    void drop(uint64_t id);
    void answer(uint64_t id, std::function<OrLater<Header>(Engine&)> act);

    FrameWriter& writer_;
    std::function<void()> wake_;
    /** Writes whose frames are still coming. */
    std::map<uint64_t, WriteRequest> incoming_;
    /** Writes that were answered before their last frame came, the latest last. */
    std::deque<uint64_t> dropped_;
    Pace pace_;
    std::vector<uint8_t> arena_; // the worker thread's own: bytes of one step
    std::optional<std::chrono::steady_clock::time_point> saidStuck_;
    std::chrono::milliseconds heartbeat_{15000};
    std::chrono::milliseconds exitAfter_{60000};
    std::atomic<bool> ended_{false};
    /** The last member, so the first one to go: its thread, which uses the others, has ended then. */
    std::unique_ptr<Worker> worker_;
};

/** An `error` frame. Texts that no sentence needs in full length are cut, so that it always fits into a frame. */
Header errorHeader(uint64_t id, const CoreError& error);

} // namespace tilescope
