#include "change_ring.h"

#include <algorithm>

namespace tilescope {

ChangeRing::ChangeRing(size_t mostBytes) : most_(std::max(mostBytes, leastRingBytes)) {}

void ChangeRing::begin(const Contents& found) {
    oldest_ = {{found.words.begin(), found.words.end()}, {found.states.begin(), found.states.end()}};
    newest_ = oldest_;
}

void ChangeRing::add(uint32_t at, uint32_t after, const std::vector<WordRun>& runs, const Contents& found) {
    Moment moment{at, after, 0, lost_ + changes_.size()};
    for (const WordRun& run : runs) {
        for (size_t i = run.first; i < run.end(); i++) {
            uint32_t& word = newest_.words[i];
            uint8_t& state = newest_.states[i];
            if (word == found.words[i] && state == found.states[i]) continue;
            changes_.push_back({static_cast<uint16_t>(i), state, found.states[i], word, found.words[i]});
            word = found.words[i];
            state = found.states[i];
            moment.changes++;
        }
    }
    if (moment.changes == 0) return;
    moments_.push_back(moment);
    while (bytes() > most_) dropOldest();
}

void ChangeRing::dropOldest() {
    const uint32_t count = moments_.front().changes;
    for (uint32_t i = 0; i < count; i++) {
        const Change& one = changes_.front();
        oldest_.words[one.index] = one.now;
        oldest_.states[one.index] = one.newState;
        changes_.pop_front();
    }
    lost_ += count;
    moments_.pop_front();
    first_++;
}

size_t ChangeRing::bytes() const {
    return moments_.size() * sizeof(Moment) + changes_.size() * sizeof(Change);
}

RingPart ChangeRing::part(uint64_t from, size_t mostWords) const {
    RingPart part;
    part.hasBase = from < first_ || from > next();
    part.first = part.hasBase ? first_ : from;
    part.next = part.first;
    if (part.hasBase) {
        for (size_t i = 0; i < oldest_.words.size(); i++) {
            part.words.push_back(oldest_.words[i]);
            part.words.push_back(oldest_.states[i]);
        }
    }
    const size_t start = part.words.size();
    for (; part.next < next(); part.next++) {
        const Moment& moment = moments_[part.next - first_];
        const size_t used = part.words.size() - start;
        if (used != 0 && used + momentHeadWords + moment.changes * changeWords > mostWords) break;
        part.words.insert(part.words.end(), {moment.at, moment.after, moment.changes});
        const size_t begin = moment.before - lost_;
        for (size_t i = begin; i < begin + moment.changes; i++) {
            const Change& one = changes_[i];
            const uint32_t states = uint32_t{one.oldState} << 16U | uint32_t{one.newState} << 24U;
            part.words.insert(part.words.end(), {one.index | states, one.old, one.now});
        }
    }
    part.hasMore = part.next < next();
    return part;
}

} // namespace tilescope
