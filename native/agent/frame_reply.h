/** The answer to one request as frames of its id. Knows limits of frames; must not know what is answered. */
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "../protocol/service.h"
#include "frame_writer.h"
#include "payloads.h"

namespace tilescope {

class FrameReply final : public Reply {
  public:
    /**
     * @param pace of the connection; a read that overtakes goes out at once
     * @param payloads of the connection
     * @param arena the worker thread's own: holds the bytes of one step
     * @param after called once the final frame is out
     */
    FrameReply(uint64_t id, FrameWriter& writer, Pace& pace, Payloads& payloads, std::span<uint8_t> arena,
               std::function<void()> after = nullptr)
        : id_(id), writer_(writer), pace_(pace), payloads_(payloads), arena_(arena), after_(std::move(after)) {}
    void expect(const ReadRequest& /*request*/, bool overtakes) override { paced_ = !overtakes; }
    void isLong() override { paced_ = true; }
    bool waits() override { return paced_ && pace_.room() == 0; }
    void makeReady() override {} // the arena is used again and again
    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) override;
    void filled(uint64_t length) override;
    void handOut() override;
    void part(const Part& part) override;
    void update(const Header& about, const WatchJob& found) override;
    void flush() override;
    void end(const Header& answer) override;
    void fail(const CoreError& error) noexcept override { writer_.sendError(id_, error); }

  private:
    /** A run of bytes in the arena. */
    struct Piece {
        size_t range = 0;
        uint64_t offset = 0;
        size_t start = 0;
        size_t length = 0;
    };

    /** A frame of the answer, deflated where that is chosen. */
    void add(Header header, std::span<const uint8_t> payload);
    /** Bytes that were read, from an offset on. */
    void addData(uint64_t offset, std::span<const uint8_t> bytes);
    /** Ends what goes out together with a mark, where the window asks for one. */
    void mark();

    uint64_t id_;
    FrameWriter& writer_;
    Pace& pace_;
    Payloads& payloads_;
    std::span<uint8_t> arena_;
    std::function<void()> after_;
    /** A read whose bytes go by the window. */
    bool paced_ = false;
    /** Bytes of the arena that this step may use; none before its first room. */
    std::optional<size_t> most_;
    size_t used_ = 0;
    /** What went out since the last mark, in bytes, and since when. */
    size_t sent_ = 0;
    SendWindow::Time sentFrom_;
    Piece next_;
    std::vector<Piece> pieces_;
};

} // namespace tilescope
