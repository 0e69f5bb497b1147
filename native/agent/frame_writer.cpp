#include "frame_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "../protocol/answers.h"

namespace tilescope {

Header errorFrame(uint64_t id, const CoreError& error) {
    Header header{{"id", id}, {"t", "error"}};
    header.update(errorHeader(error));
    return header;
}

void FrameWriter::writeNow(std::span<const uint8_t> payload) {
    const std::array<Part, 2> parts{Part(waiting_), payload};
    write_(parts);
    waiting_.clear();
}

void FrameWriter::send(const Header& header, std::span<const uint8_t> payload) {
    const std::vector<uint8_t> packed = Header::to_msgpack(header);
    const std::lock_guard lock(mutex_);
    appendFrameHead(waiting_, packed, payload.size());
    writeNow(payload);
}

size_t FrameWriter::add(const Header& header, std::span<const uint8_t> payload) {
    return addPacked(Header::to_msgpack(header), payload);
}

size_t FrameWriter::addData(uint64_t id, uint64_t offset, std::span<const uint8_t> deflated, size_t inflated) {
    return addPacked(packDataHeader(id, offset, inflated), deflated);
}

size_t FrameWriter::addPacked(std::span<const uint8_t> header, std::span<const uint8_t> payload) {
    constexpr size_t small = 16384;
    const std::lock_guard lock(mutex_);
    const size_t before = waiting_.size();
    appendFrameHead(waiting_, header, payload.size());
    const size_t bytes = waiting_.size() - before + payload.size();
    if (waiting_.size() + payload.size() <= small) {
        waiting_.insert(waiting_.end(), payload.begin(), payload.end());
    } else {
        writeNow(payload);
    }
    return bytes;
}

size_t FrameWriter::sendData(uint64_t id, uint64_t offset, std::span<const uint8_t> bytes) {
    // No more at a time: on a slow way the other thread has its turn between two writes.
    constexpr size_t mostFrames = 4;
    size_t sent = 0;
    for (size_t at = 0; at < bytes.size();) {
        const std::lock_guard lock(mutex_);
        std::array<size_t, mostFrames> headEnds{};
        std::array<Part, mostFrames> payloads;
        size_t frames = 0;
        for (; frames < mostFrames && at < bytes.size(); frames++) {
            const Part payload = bytes.subspan(at, std::min(bytes.size() - at, mostPayloadBytes));
            const size_t before = waiting_.size();
            appendFrameHead(waiting_, packDataHeader(id, offset + at), payload.size());
            sent += waiting_.size() - before + payload.size();
            headEnds[frames] = waiting_.size();
            payloads[frames] = payload;
            at += payload.size();
        }
        std::array<Part, 2 * mostFrames> parts;
        for (size_t i = 0, from = 0; i < frames; from = headEnds[i++]) {
            parts[2 * i] = Part(waiting_).subspan(from, headEnds[i] - from);
            parts[2 * i + 1] = payloads[i];
        }
        write_(std::span(parts).first(2 * frames));
        waiting_.clear();
    }
    return sent;
}

void FrameWriter::flush() {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) writeNow({});
}

void FrameWriter::sendSoon(const Header& header) {
    const std::vector<uint8_t> head = encodeFrameHead(header, 0);
    const std::unique_lock lock(mutex_, std::chrono::seconds(1));
    const std::array<Part, 1> parts{Part(head)};
    if (lock.owns_lock()) write_(parts);
}

void FrameWriter::sendTrace(const std::vector<std::string>& lines) {
    constexpr size_t mostBytes = mostHeaderBytes / 2;
    for (size_t next = 0; next < lines.size();) {
        Header frame = Header::array();
        for (size_t bytes = 0; next < lines.size() && bytes < mostBytes; next++) {
            std::string line = shortText(lines[next]);
            bytes += line.size();
            frame.push_back(std::move(line));
        }
        send({{"id", 0}, {"t", "trace"}, {"lines", std::move(frame)}});
    }
}

void FrameWriter::sendError(uint64_t id, const CoreError& error) noexcept {
    try {
        send(errorFrame(id, error));
    } catch (const std::exception& failure) {
        fprintf(stderr, "the error of request %llu could not be sent: %s\n", static_cast<unsigned long long>(id),
                failure.what());
    }
}

} // namespace tilescope
