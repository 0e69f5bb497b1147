/** Frames going out, from two threads. */
#pragma once
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "../core/error.h"
#include "frame.h"

namespace tilescope {

/** An `error` frame. */
Header errorFrame(uint64_t id, const CoreError& error);

/** Writes whole frames, each system call as many as there are; safe from both threads. */
class FrameWriter {
  public:
    using Part = std::span<const uint8_t>;
    /** @param write writes every byte of all parts in order, blocking; throws when the other side is gone */
    using Write = std::function<void(std::span<const Part> parts)>;
    explicit FrameWriter(Write write) : write_(std::move(write)) {}
    void send(const Header& header, std::span<const uint8_t> payload = {});
    /**
     * Likewise; a small frame may wait for those that follow at once, until flush() or another send(). Returns the
     * frame's length.
     */
    size_t add(const Header& header, std::span<const uint8_t> payload = {});
    /**
     * Bytes that were read, from an offset on, as `data` frames; up to 256 KiB in one write, with what waits before them.
     * Returns the frames' length.
     */
    size_t sendData(uint64_t id, uint64_t offset, std::span<const uint8_t> bytes);
    /**
     * Likewise, deflated, in one frame that may wait as those of add() do. Returns the frame's length.
     * @param inflated how many bytes they are, inflated
     */
    size_t addData(uint64_t id, uint64_t offset, std::span<const uint8_t> deflated, size_t inflated);
    /** Writes what waits. */
    void flush();
    /** Like send(), but gives up when another thread is stuck in a write. */
    void sendSoon(const Header& header);
    /** Trace lines, in as many frames as they take. */
    void sendTrace(const std::vector<std::string>& lines);
    /** The last frame of a request that failed. Where even that cannot be written, stderr says so. */
    void sendError(uint64_t id, const CoreError& error) noexcept;

  private:
    size_t addPacked(std::span<const uint8_t> header, std::span<const uint8_t> payload);
    /** What waits and this payload. */
    void writeNow(std::span<const uint8_t> payload);

    Write write_;
    std::timed_mutex mutex_;
    /** Whole frames that are still to be written. */
    std::vector<uint8_t> waiting_;
};

} // namespace tilescope
