/**
 * A request about a recording that another agent has, from the time before the link was lost: asked of that one, and its answer handed
 * on. Knows frames of two connections; not what is in an answer.
 */
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "../protocol/service.h"
#include "frame.h"
#include "recording_door.h"

namespace tilescope {

/** Asks another agent something; its answer has id 2. False where it does not listen. */
bool askThrough(const Socket& way, Header request);

class RecordingRelay final : public Task {
  public:
    /** @param way from reachRecording() */
    RecordingRelay(uint64_t id, std::unique_ptr<Reply> reply, Socket way, Header request);
    /** Asks, or looks for the answer. Throws what the other agent answered; `no-recording` where it cannot be understood. */
    Progress step(Engine& engine) override;
    void deliver(bool finished) override;
    void fail(const CoreError& error) noexcept override;

  private:
    /** One frame of the other agent; true: it was the last one. */
    bool take(Frame frame);

    std::unique_ptr<Reply> reply_;
    Socket way_;
    Header request_;
    FrameDecoder decoder_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
    std::vector<Frame> parts_;
    Header answer_;
};

} // namespace tilescope
