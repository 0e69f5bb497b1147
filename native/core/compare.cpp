#include "compare.h"

#include <algorithm>
#include <cstring>

namespace tilescope {
namespace {

/** Words that are compared as a whole, first so many, then fewer: mostly nothing differs. */
constexpr size_t wide = 4096;
constexpr size_t narrow = 64;

/** Sixteen bytes at any address, in one register. */
using Bytes16 [[gnu::vector_size(16), gnu::aligned(1), gnu::may_alias]] = uint64_t;

/** Whether so many bytes are the same: with fewer instructions than memcmp, which would also say where they differ. */
bool isSame(const void* last, const void* now, size_t length) {
    constexpr size_t atOnce = 8;
    const auto* a = static_cast<const Bytes16*>(last);
    const auto* b = static_cast<const Bytes16*>(now);
    Bytes16 differs{};
    for (; length >= atOnce * sizeof(Bytes16); length -= atOnce * sizeof(Bytes16)) {
        Bytes16 some{};
#pragma GCC unroll 8
        for (size_t i = 0; i < atOnce; i++) some |= a[i] ^ b[i];
        differs |= some;
        a += atOnce;
        b += atOnce;
    }
    return (differs[0] | differs[1]) == 0 && memcmp(a, b, length) == 0;
}

bool isSame(const Contents& last, const Contents& now, size_t from, size_t count) {
    return isSame(last.words.data() + from, now.words.data() + from, count * sizeof(uint32_t)) &&
           isSame(last.states.data() + from, now.states.data() + from, count);
}

/** Adds what differs from one word to another. */
void add(std::vector<WordRun>& runs, const Contents& last, const Contents& now, size_t from, size_t end,
         size_t cheapGap) {
    for (size_t i = from; i < end; i++) {
        if (last.words[i] == now.words[i] && last.states[i] == now.states[i]) continue;
        if (!runs.empty() && i - runs.back().end() <= cheapGap) {
            runs.back().count = i + 1 - runs.back().first;
        } else {
            runs.push_back({i, 1});
        }
    }
}

} // namespace

std::vector<WordRun> differing(const Contents& last, const Contents& now, size_t cheapGap) {
    std::vector<WordRun> runs;
    const size_t size = now.words.size();
    for (size_t at = 0; at < size; at += wide) {
        const size_t end = std::min(at + wide, size);
        if (isSame(last, now, at, end - at)) continue;
        for (size_t from = at; from < end; from += narrow) {
            const size_t to = std::min(from + narrow, end);
            if (!isSame(last, now, from, to - from)) add(runs, last, now, from, to, cheapGap);
        }
    }
    return runs;
}

} // namespace tilescope
