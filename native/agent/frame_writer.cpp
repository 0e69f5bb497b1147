#include "frame_writer.h"

#include <cstdio>

#include "../protocol/answers.h"

namespace tilescope {

Header errorFrame(uint64_t id, const CoreError& error) {
    Header header{{"id", id}, {"t", "error"}};
    header.update(errorHeader(error));
    return header;
}

void FrameWriter::send(const Header& header, std::span<const uint8_t> payload) {
    const std::vector<uint8_t> packed = Header::to_msgpack(header);
    const std::lock_guard lock(mutex_);
    appendFrameHead(waiting_, packed, payload.size());
    write_(waiting_, payload);
    waiting_.clear();
}

size_t FrameWriter::add(const Header& header, std::span<const uint8_t> payload) {
    return addPacked(Header::to_msgpack(header), payload);
}

size_t FrameWriter::addData(uint64_t id, uint64_t offset, std::span<const uint8_t> payload) {
    return addPacked(packDataHeader(id, offset), payload);
}

size_t FrameWriter::addPacked(std::span<const uint8_t> header, std::span<const uint8_t> payload) {
    constexpr size_t small = 16384;
    const std::lock_guard lock(mutex_);
    const size_t before = waiting_.size();
    appendFrameHead(waiting_, header, payload.size());
    const size_t bytes = waiting_.size() - before + payload.size();
    if (waiting_.size() + payload.size() <= small) {
        waiting_.insert(waiting_.end(), payload.begin(), payload.end());
        return bytes;
    }
    write_(waiting_, payload);
    waiting_.clear();
    return bytes;
}

void FrameWriter::flush() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    write_(waiting_, {});
    waiting_.clear();
}

void FrameWriter::sendSoon(const Header& header) {
    const std::vector<uint8_t> head = encodeFrameHead(header, 0);
    const std::unique_lock lock(mutex_, std::chrono::seconds(1));
    if (lock.owns_lock()) write_(head, {});
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
