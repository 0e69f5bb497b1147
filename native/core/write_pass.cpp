#include "write_pass.h"

#include <array>

namespace tilescope {
namespace {

bool conflicts(const Word& word, uint32_t device, bool force) {
    return !force && ((device ^ word.seen) & word.mask) != 0;
}

/** Compares and stores the words of one unit (a word, or a line of four). */
void writeUnit(WordPort& port, uint32_t start, size_t unitWords, bool force, std::span<const Word> words,
               std::span<WordOutcome> outcomes) {
    const auto end = [&](Outcome outcome, Reason reason) {
        for (WordOutcome& one : outcomes) {
            one.outcome = outcome;
            one.reason = reason;
        }
    };
    std::array<uint32_t, array::programLine / 4> device{};
    const std::span<uint32_t> unit(device.data(), unitWords);
    // The driver refused: the tile is gated now, or the driver believes so. Nothing was touched.
    const auto stopped = [&](const Moved& moved) {
        const bool refused = moved.reason == Reason::gated || moved.reason == Reason::driverGated;
        if (refused && moved.words == 0) return end(Outcome::refused, moved.reason);
        end(Outcome::unreadable, moved.reason == Reason::none ? Reason::busError : moved.reason);
    };
    const Moved loaded = port.load(start, unit);
    if (loaded.words != unitWords) return stopped(loaded);
    for (const Word& word : words) {
        if (conflicts(word, unit[(word.offset - start) / 4], force)) return end(Outcome::conflict, Reason::none);
    }
    for (const Word& word : words) {
        uint32_t& place = unit[(word.offset - start) / 4];
        place = (place & ~word.mask) | (word.value & word.mask);
    }
    const Moved stored = port.store(start, unit);
    if (stored.words != unitWords) return stopped(stored);
    end(Outcome::verified, Reason::none);
}

} // namespace

void writePass(WordPort& port, bool lines, bool force, std::span<const Word> words, std::span<WordOutcome> outcomes) {
    const uint32_t unitBytes = lines ? array::programLine : 4;
    for (size_t first = 0; first < words.size();) {
        const uint32_t start = words[first].offset / unitBytes * unitBytes;
        size_t last = first + 1;
        while (last < words.size() && words[last].offset < start + unitBytes) last++;
        writeUnit(port, start, unitBytes / 4, force, words.subspan(first, last - first),
                  outcomes.subspan(first, last - first));
        first = last;
    }
    for (size_t i = 0; i < words.size(); i++) {
        const Word& word = words[i];
        WordOutcome& one = outcomes[i];
        one.offset = word.offset;
        if (one.outcome == Outcome::unreadable || one.outcome == Outcome::refused) continue;
        const Moved back = port.load(word.offset, {&one.now, 1});
        if (back.words != 1) {
            one = {word.offset, Outcome::unreadable, back.reason, 0};
        } else if (one.outcome == Outcome::verified && ((one.now ^ word.value) & word.mask) != 0) {
            one.outcome = Outcome::changedAfter;
        }
    }
}

} // namespace tilescope
