#include "payloads.h"

#include <algorithm>
#include <ctime>

namespace tilescope {
namespace {

/** Of this thread: what others take of the processor does not count. */
DeflateChoice::Seconds processorTime() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace

std::optional<std::span<const uint8_t>> Payloads::deflated(std::span<const uint8_t> payload) {
    if (!begun_) return std::nullopt;
    choice_.heard(pace_.takeWayTimes(), std::chrono::steady_clock::now());
    const DeflateChoice::Act act = choice_.next(payload.size());
    std::optional<std::span<const uint8_t>> result;
    if (act != DeflateChoice::Act::leave) {
        const bool sample = act == DeflateChoice::Act::sample;
        const auto bytes = sample ? payload.first(std::min(payload.size(), DeflateChoice::sampleBytes)) : payload;
        // Less than a sixteenth is not worth the client's work.
        const size_t most = bytes.size() - bytes.size() / 16;
        const auto begin = processorTime();
        result = deflater_.deflated(bytes, most);
        const auto took = processorTime() - begin;
        choice_.deflated(bytes.size(), result ? result->size() : bytes.size(), took);
        if (sample) result.reset();
    }
    sayNews();
    return result;
}

void Payloads::sayNews() {
    const auto news = choice_.news();
    if (news && tracing_) writer_.sendTrace({*news});
}

bool Payloads::marks(size_t bytes) {
    constexpr std::chrono::milliseconds between{500};
    const auto now = std::chrono::steady_clock::now();
    if (!begun_ || bytes < SendWindow::leastMeasured || (markedAt_ && now - *markedAt_ < between)) return false;
    markedAt_ = now;
    return true;
}

} // namespace tilescope
