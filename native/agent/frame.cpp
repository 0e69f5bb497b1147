#include "frame.h"

#include <string_view>

namespace tilescope {

namespace {

/** A whole number in MessagePack: in as few bytes as hold it, big endian. */
void packNumber(std::vector<uint8_t>& out, uint64_t value) {
    constexpr uint64_t lessInOne = 128;
    constexpr uint8_t oneByte = 0xCC; // 0xCD, 0xCE, 0xCF: two, four, eight
    if (value < lessInOne) {
        out.push_back(static_cast<uint8_t>(value));
        return;
    }
    unsigned power = 0;
    while (power < 3 && value >> (8U << power) != 0) power++;
    out.push_back(static_cast<uint8_t>(oneByte + power));
    for (unsigned left = 1U << power; left > 0; left--) out.push_back(static_cast<uint8_t>(value >> 8U * (left - 1)));
}

} // namespace

uint32_t readWord(const uint8_t* at) {
    return uint32_t{at[0]} | uint32_t{at[1]} << 8U | uint32_t{at[2]} << 16U | uint32_t{at[3]} << 24U;
}

void FrameDecoder::push(std::span<const uint8_t> bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<Frame> FrameDecoder::next() {
    const std::span<const uint8_t> rest = std::span<const uint8_t>(buffer_).subspan(used_);
    if (rest.size() < 4) return std::nullopt;
    const size_t length = readWord(rest.data());
    if (length < 5 || length > 4 + mostHeaderBytes + mostPayloadBytes) throw FrameError("frame length");
    if (rest.size() < 8) return std::nullopt;
    const size_t headerLength = readWord(rest.data() + 4);
    if (headerLength < 1 || headerLength > mostHeaderBytes || headerLength > length - 4) {
        throw FrameError("header length");
    }
    if (length - 4 - headerLength > mostPayloadBytes) throw FrameError("payload length");
    if (rest.size() < 4 + length) return std::nullopt;
    auto header = decodeHeader(rest.subspan(8, headerLength));
    if (!header) throw FrameError("header is not a MessagePack map with text keys");
    const auto payload = rest.subspan(8 + headerLength, length - 4 - headerLength);
    used_ += 4 + length;
    return Frame{std::move(*header), {payload.begin(), payload.end()}};
}

std::vector<uint8_t> packDataHeader(uint64_t id, uint64_t offset, size_t inflated) {
    constexpr uint8_t mapOfThree = 0x83;
    constexpr uint8_t shortText = 0xA0;
    std::vector<uint8_t> out;
    out.reserve(48);
    out.push_back(inflated == 0 ? mapOfThree : mapOfThree + 1);
    const auto text = [&](std::string_view value) {
        out.push_back(static_cast<uint8_t>(shortText | value.size()));
        for (const char letter : value) out.push_back(static_cast<uint8_t>(letter));
    };
    text("id");
    packNumber(out, id);
    text("t");
    text("data");
    text("offset");
    packNumber(out, offset);
    if (inflated != 0) {
        text("inflated");
        packNumber(out, inflated);
    }
    return out;
}

void appendFrameHead(std::vector<uint8_t>& out, std::span<const uint8_t> header, size_t payloadBytes) {
    if (header.empty() || header.size() > mostHeaderBytes) throw FrameError("header length");
    if (payloadBytes > mostPayloadBytes) throw FrameError("payload length");
    putWord(out, static_cast<uint32_t>(4 + header.size() + payloadBytes));
    putWord(out, static_cast<uint32_t>(header.size()));
    out.insert(out.end(), header.begin(), header.end());
}

std::vector<uint8_t> encodeFrameHead(const Header& header, size_t payloadBytes) {
    std::vector<uint8_t> head;
    appendFrameHead(head, Header::to_msgpack(header), payloadBytes);
    return head;
}

} // namespace tilescope
