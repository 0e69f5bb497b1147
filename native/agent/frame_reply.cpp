#include "frame_reply.h"

#include <algorithm>

namespace tilescope {

std::span<uint8_t> FrameReply::room(size_t range, uint64_t /*at*/, uint64_t offset, uint64_t length) {
    constexpr size_t line = 16;
    if (!most_) most_ = paced_ ? std::min(arena_.size(), payloads_.room() / line * line) : arena_.size();
    used_ = (used_ + 3) / 4 * 4; // whole words then go straight in
    const size_t free = *most_ - std::min(*most_, used_);
    const size_t given = std::min<uint64_t>(length, free);
    next_ = {range, offset, used_, 0};
    return arena_.subspan(std::min(arena_.size(), used_), given);
}

void FrameReply::filled(uint64_t length) {
    used_ = next_.start + length;
    if (!pieces_.empty()) {
        Piece& last = pieces_.back();
        const bool joins = last.range == next_.range && last.offset + last.length == next_.offset &&
                           last.start + last.length == next_.start;
        if (joins) {
            last.length += length;
            return;
        }
    }
    next_.length = length;
    pieces_.push_back(next_);
}

void FrameReply::handOut() {
    sentFrom_ = std::chrono::steady_clock::now();
    for (const Piece& piece : pieces_) addData(piece.offset, arena_.subspan(piece.start, piece.length));
    pieces_.clear();
    used_ = 0;
    most_.reset();
}

void FrameReply::addData(uint64_t offset, std::span<const uint8_t> bytes) {
    size_t asTheyAre = 0; // from here on
    const auto sendUntil = [&](size_t at) {
        if (at > asTheyAre)
            sent_ += writer_.sendData(id_, offset + asTheyAre, bytes.subspan(asTheyAre, at - asTheyAre));
    };
    for (size_t at = 0; at < bytes.size();) {
        const auto payload = bytes.subspan(at, std::min(bytes.size() - at, mostPayloadBytes));
        if (const auto deflated = payloads_.deflated(payload)) {
            sendUntil(at);
            sentFrom_ = std::chrono::steady_clock::now(); // deflating was not on the way
            sent_ += writer_.addData(id_, offset + at, *deflated, payload.size());
            asTheyAre = at + payload.size();
        }
        at += payload.size();
    }
    sendUntil(bytes.size());
}

void FrameReply::add(Header header, std::span<const uint8_t> payload) {
    const auto deflated = payloads_.deflated(payload);
    if (deflated) {
        header["inflated"] = payload.size();
        payload = *deflated;
    }
    if (sent_ == 0 || deflated) sentFrom_ = std::chrono::steady_clock::now();
    sent_ += writer_.add(header, payload);
}

void FrameReply::mark() {
    const size_t bytes = std::exchange(sent_, 0);
    if (bytes == 0 || !(paced_ || payloads_.marks(bytes))) return;
    const auto mark = pace_.sent(bytes, sentFrom_, !paced_);
    if (mark) writer_.add({{"id", 0}, {"t", "mark"}, {"mark", *mark}});
}

void FrameReply::flush() {
    mark();
    writer_.flush();
}

void FrameReply::part(const Part& part) {
    Header header{{"id", id_}, {"t", part.kind}};
    header.update(part.header);
    const size_t mostWords = mostPayloadBytes / 4 / part.recordWords * part.recordWords;
    size_t first = 0;
    do {
        std::vector<uint8_t> payload;
        const size_t end = std::min(part.words.size(), first + mostWords);
        for (; first < end; first++) putWord(payload, part.words[first]);
        add(header, payload);
    } while (first < part.words.size());
}

void FrameReply::update(const Header& about, const WatchJob& found) {
    const auto blocks = found.pack(mostPayloadBytes);
    for (size_t i = 0; i + 1 < blocks.size(); i++) add({{"id", id_}, {"t", "changes"}}, blocks[i]);
    Header header{{"id", id_}, {"t", "update"}};
    header.update(about);
    add(std::move(header), blocks.back());
}

void FrameReply::end(const Header& answer) {
    mark();
    Header header{{"id", id_}, {"t", "ok"}};
    header.update(answer);
    writer_.send(header);
    if (after_) after_();
}

} // namespace tilescope
