/** The frame of docs/wire.md: lengths (little endian), header, payload. Pure. */
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "../core/put_word.h"
#include "header_decoder.h"

namespace tilescope {

constexpr size_t mostHeaderBytes = 65536;
constexpr size_t mostPayloadBytes = 65536;
/** What stdout begins with. */
constexpr char startMarker[] = "TILESCP1";

/** The little-endian word that begins at `at`. */
uint32_t readWord(const uint8_t* at);

struct Frame {
    Header header;
    std::vector<uint8_t> payload;
};

/** The other side broke a limit of the frame format: the connection cannot go on. */
class FrameError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/** Cuts a byte stream into frames. Holds at most one frame beside the bytes it was given. */
class FrameDecoder {
  public:
    void push(std::span<const uint8_t> bytes);
    /** The next whole frame, or empty until more bytes come. Throws FrameError. */
    std::optional<Frame> next();

  private:
    std::vector<uint8_t> buffer_;
    size_t used_ = 0;
};

/** The bytes of a frame up to its payload. Throws FrameError when a limit is broken. */
std::vector<uint8_t> encodeFrameHead(const Header& header, size_t payloadBytes);
/**
 * The header of a `data` frame, as the library packs it: a read has thousands of them.
 * @param inflated of a deflated payload, how many bytes it is inflated; 0: it is as it was read
 */
std::vector<uint8_t> packDataHeader(uint64_t id, uint64_t offset, size_t inflated = 0);
/** Appends the bytes of a frame up to its payload to `out`. Throws FrameError. */
void appendFrameHead(std::vector<uint8_t>& out, std::span<const uint8_t> header, size_t payloadBytes);

} // namespace tilescope
