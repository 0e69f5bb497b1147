#include "deflate_choice.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace tilescope {
namespace {

/** Deflating begins where it takes so much of the time without at most, and ends where it takes more than that. */
constexpr double beginsAt = 0.8;
constexpr double endsAt = 0.95;
/** No processor deflates a byte in less, in seconds: on a way that is as fast nothing is ever tried. */
constexpr double fastest = 4e-9;
constexpr size_t sampledFirst = size_t{64} << 10U;
constexpr size_t sampledLast = size_t{2} << 20U;
/** Where deflating takes more than this times the way, samples take no more than `seldom` of the way's time. */
constexpr double hopeless = 2;
constexpr double seldom = 0.002;
/** A sample that was interrupted takes any time: so many times the way count, which is enough to say no. */
constexpr double mostCounted = 3;

} // namespace

void DeflateChoice::Mean::add(double value, double bytes) {
    constexpr double horizon = 256 << 10U;
    const double keep = horizon / (horizon + bytes);
    value_ = value_ * keep + value;
    bytes_ = bytes_ * keep + bytes;
}

void DeflateChoice::heard(const WayTimes& times, Time now) {
    if (times.marks == 0) return;
    if (on_ && !trial_) {
        heardDeflated(times, now);
        return;
    }
    way_.add(times.took.count(), times.bytes);
    marks_ += times.marks;
    marked_ += times.bytes;
    constexpr unsigned fewMarks = 3;
    constexpr unsigned manyMarks = 8;
    constexpr double enough = 64 << 10U;
    if (marks_ < fewMarks || (marks_ < manyMarks && marked_ < enough)) return;
    wayKnown_ = true;
    trial_ = false;
    fullAt_ = now;
    choose();
}

void DeflateChoice::heardDeflated(const WayTimes& times, Time now) {
    if (times.fullBytes > 0) {
        way_.add(times.took.count(), times.fullBytes);
        fullAt_ = now;
        unfilled_ = 0;
        choose();
        return;
    }
    // A way that deflated payloads do not fill tells nothing of itself.
    unfilled_ += times.bytes;
    constexpr double enough = 256 << 10U;
    const bool shouldFill = left_.perByte() * way_.perByte() > cost_.perByte();
    if (now - fullAt_ < knownFor && !(shouldFill && unfilled_ >= enough)) return;
    trial_ = true;
    unfilled_ = 0;
    forgetWay();
}

void DeflateChoice::forgetWay() {
    way_ = Mean();
    marks_ = 0;
    marked_ = 0;
}

DeflateChoice::Act DeflateChoice::next(size_t bytes) {
    if (bytes < leastPayload) return Act::leave;
    if (on_ && !trial_) return Act::deflate;
    since_ += bytes;
    if (on_ || !wayKnown_ || since_ < between_) return Act::leave;
    if (way_.perByte() < fastest) return Act::leave;
    const double times = cost_.perByte() / way_.perByte();
    const bool isSoon = static_cast<double>(since_) < times * static_cast<double>(sampleBytes) / seldom;
    return times > hopeless && isSoon ? Act::leave : Act::sample;
}

void DeflateChoice::deflated(size_t bytes, size_t left, Seconds took) {
    const auto size = static_cast<double>(bytes);
    const double share = static_cast<double>(left) / size;
    // A sample stands for what went before it.
    constexpr double mostStoodFor = 128 << 10U;
    const double standsFor = on_ ? size : std::max(size, std::min(static_cast<double>(since_), mostStoodFor));
    const double counted = mostCounted * way_.perByte() * size;
    cost_.add(on_ ? took.count() : std::min(took.count(), counted), size);
    left_.add(share * standsFor, standsFor);
    const bool worthIt = cost_.perByte() + share * way_.perByte() < beginsAt * way_.perByte();
    between_ = worthIt ? sampledFirst : std::clamp(between_ * 2, sampledFirst, sampledLast);
    since_ = 0;
    sampled_ = true;
    choose();
}

void DeflateChoice::choose() {
    if (!sampled_ || !wayKnown_) return;
    const double without = way_.perByte();
    if (on_ ? whenDeflated() > endsAt * without : whenDeflated() < beginsAt * without) turn(!on_);
}

void DeflateChoice::turn(bool on) {
    on_ = on;
    unfilled_ = 0;
    between_ = sampledFirst;
    since_ = 0;
    news_ = true;
}

size_t DeflateChoice::payloadFor(size_t onTheWay) const {
    // What comes next may be of another kind: a step that is too large by far keeps others waiting.
    constexpr double most = 2;
    if (!on_ || trial_) return onTheWay;
    const double times = std::clamp(1 / std::max(left_.perByte(), 1 / most), 1.0, most);
    return static_cast<size_t>(static_cast<double>(onTheWay) * times);
}

std::optional<std::string> DeflateChoice::news() {
    if (!std::exchange(news_, false)) return std::nullopt;
    const auto megabytes = [](double perByte) { return perByte > 0 ? 1e-6 / perByte : 0; };
    std::array<char, 200> text{};
    snprintf(
        text.data(), text.size(),
        "payloads are %s from now on: the way brings %.3g MB/s, a processor here deflates %.3g MB/s and leaves %.0f %%",
        on_ ? "deflated" : "sent as they are", megabytes(way_.perByte()), megabytes(cost_.perByte()),
        100 * left_.perByte());
    return text.data();
}

} // namespace tilescope
