#include "frame_reply.h"

#include <algorithm>

namespace tilescope {

std::span<uint8_t> FrameReply::room(size_t range, uint64_t /*at*/, uint64_t offset, uint64_t length) {
    constexpr size_t line = 16;
    if (!most_) most_ = paced_ ? std::min(arena_.size(), pace_.room() / line * line) : arena_.size();
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
    for (const Piece& piece : pieces_) {
        sent_ += writer_.sendData(id_, piece.offset, arena_.subspan(piece.start, piece.length));
    }
    pieces_.clear();
    used_ = 0;
    most_.reset();
}

void FrameReply::mark() {
    const size_t bytes = std::exchange(sent_, 0);
    if (!paced_ || bytes == 0) return;
    const auto mark = pace_.sent(bytes, sentFrom_);
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
        sent_ += writer_.add(header, payload);
    } while (first < part.words.size());
}

void FrameReply::update(const Header& about, const WatchJob& found) {
    const auto blocks = found.pack(mostPayloadBytes);
    for (size_t i = 0; i + 1 < blocks.size(); i++) writer_.add({{"id", id_}, {"t", "changes"}}, blocks[i]);
    Header header{{"id", id_}, {"t", "update"}};
    header.update(about);
    writer_.add(header, blocks.back());
}

void FrameReply::end(const Header& answer) {
    mark();
    Header header{{"id", id_}, {"t", "ok"}};
    header.update(answer);
    writer_.send(header);
    if (after_) after_();
}

} // namespace tilescope
