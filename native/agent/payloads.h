/**
 * The payloads of one connection as they go out: deflated as long as that brings them to the client sooner. Measures what
 * deflating takes, and says in the trace what was chosen. Must not know what is in them. Of the worker's thread, but where
 * it is said.
 */
#pragma once
#include <atomic>
#include <optional>
#include <span>

#include "deflate_choice.h"
#include "deflater.h"
#include "frame_writer.h"
#include "pace.h"

namespace tilescope {

class Payloads {
  public:
    Payloads(Pace& pace, FrameWriter& writer) : pace_(pace), writer_(writer) {}
    /** The client can inflate. Before there is a worker. */
    void begin() { begun_ = true; }
    /** Any thread. */
    void setTracing(bool on) { tracing_ = on; }
    /** The payload deflated, until the next call; empty where it goes as it is. */
    std::optional<std::span<const uint8_t>> deflated(std::span<const uint8_t> payload);
    /** Bytes that the next step of a long answer may read. */
    size_t room() { return choice_.payloadFor(pace_.room()); }
    /** Whether an answer of so many bytes, which is not long, is marked to tell of the way. */
    bool marks(size_t bytes);

  private:
    void sayNews();

    Pace& pace_;
    FrameWriter& writer_;
    bool begun_ = false;
    std::atomic<bool> tracing_ = false;
    Deflater deflater_;
    DeflateChoice choice_;
    std::optional<DeflateChoice::Time> markedAt_;
};

} // namespace tilescope
