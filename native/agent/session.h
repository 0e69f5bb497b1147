/**
 * One client's connection: requests in, frames out. The reader's thread (main) calls receive(); the worker's thread
 * runs the device and writes the answers. Knows frames, writes that come in several, ids and heartbeats; must not know
 * how the bytes travel, nor what an operation does.
 */
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "../protocol/service.h"
#include "frame_writer.h"
#include "payloads.h"

namespace tilescope {

class Session {
  public:
    /** @param wake called on the worker's thread once ended() is true */
    explicit Session(
        FrameWriter& writer, Platform platform, std::function<void()> wake = [] {})
        : writer_(writer), platform_(std::move(platform)), wake_(std::move(wake)) {}

    /** Handles one frame. Throws FrameError when the connection must end. */
    void receive(const Frame& frame);
    /** The client was not heard for its `heartbeatMs` (true) or is heard again (false). */
    void setSilent(bool silent);
    /**
     * Lets every core go on, as far as they can be reached. Waits that long for the device, and then tries that long. To be
     * called again and again while the client is silent.
     */
    void endHalts(std::chrono::milliseconds atMost);
    /** The client said bye, and its answer is out. */
    [[nodiscard]] bool ended() const { return ended_; }
    /** It said that what is recorded goes on without it. */
    [[nodiscard]] bool leavesRecordings() const { return leavesRecordings_; }
    /** What is recorded, and was not forgotten. Of the reader's thread. */
    [[nodiscard]] std::vector<std::string> recordings() const;
    /** Whether there is any. Any thread. */
    [[nodiscard]] bool hasRecordings() const { return serves_ && service_->hasRecordings(); }
    /**
     * A request of another agent, about a recording that is here: another pace, a part of it, its end. Throws CoreError; the
     * reply was not used then.
     */
    void visit(const std::string& op, const Header& header, std::unique_ptr<Reply> reply);
    /**
     * Says which call of the driver does not come back, or that it did; the worker's thread cannot. To be called at
     * least once a second.
     */
    void sayStuck();
    /** Keeps the device from being touched any more, before the process ends. */
    void freeze();
    [[nodiscard]] std::chrono::milliseconds heartbeat() const { return heartbeat_; }
    /** How long the client may be silent before the agent ends: longer while it has recordings. */
    [[nodiscard]] std::chrono::milliseconds exitAfter() const;

  private:
    void hello(uint64_t id, const Header& header);
    void dispatch(uint64_t id, const std::string& op, const Frame& frame);
    void refuse(uint64_t id, const CoreError& error);
    /** The client leaves for good: other agents forget what they recorded for it. */
    void forgetRelayed();
    /** Whether a recording that is not here is another agent's, which is asked then. */
    bool relay(uint64_t id, const std::string& op, const Header& header);
    void receiveWrite(uint64_t id, const Frame& frame);
    /** Forgets an unfinished write that was answered with an error; frames of it that are still coming are swallowed. */
    void drop(uint64_t id);
    std::unique_ptr<Reply> reply(uint64_t id);
    [[nodiscard]] std::span<uint8_t> arena() const;

    FrameWriter& writer_;
    Platform platform_;
    std::function<void()> wake_;
    /** Writes whose frames are still coming. */
    std::map<uint64_t, WriteRequest> incoming_;
    /** Writes that were answered before their last frame came, the latest last. */
    std::deque<uint64_t> dropped_;
    Pace pace_;
    Payloads payloads_{pace_, writer_};
    std::unique_ptr<uint8_t[]> arena_; // the worker thread's own: bytes of one step; none before `hello`
    std::optional<std::chrono::steady_clock::time_point> saidStuck_;
    std::chrono::milliseconds heartbeat_{15000};
    std::chrono::milliseconds exitAfter_{60000};
    std::chrono::milliseconds keepFor_{600000};
    uint64_t visits_ = 0;
    /** Recordings of other agents that the client asked for. */
    std::set<std::string> relayed_;
    std::atomic<bool> ended_{false};
    /** There is a service; for threads that may ask while it is made. */
    std::atomic<bool> serves_{false};
    bool leavesRecordings_ = false; // set before ended_
    /** The last member, so the first one to go: its thread, which uses the others, has ended then. */
    std::unique_ptr<Service> service_;
};

} // namespace tilescope
