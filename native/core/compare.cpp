#include "compare.h"

#include <algorithm>
#include <cstring>

namespace tilescope {
namespace {

/** Words that are first compared as a whole: mostly nothing differs. */
constexpr size_t block = 64;

bool isSame(const Contents& last, const Contents& now, size_t from, size_t count) {
    return memcmp(last.words.data() + from, now.words.data() + from, count * sizeof(uint32_t)) == 0 &&
           memcmp(last.states.data() + from, now.states.data() + from, count) == 0;
}

} // namespace

std::vector<WordRun> differing(const Contents& last, const Contents& now, size_t cheapGap) {
    std::vector<WordRun> runs;
    const size_t size = now.words.size();
    for (size_t from = 0; from < size; from += block) {
        const size_t count = std::min(block, size - from);
        if (isSame(last, now, from, count)) continue;
        for (size_t i = from; i < from + count; i++) {
            if (last.words[i] == now.words[i] && last.states[i] == now.states[i]) continue;
            if (!runs.empty() && i - runs.back().end() <= cheapGap) {
                runs.back().count = i + 1 - runs.back().first;
            } else {
                runs.push_back({i, 1});
            }
        }
    }
    return runs;
}

} // namespace tilescope
