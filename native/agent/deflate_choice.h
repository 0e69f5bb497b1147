/**
 * Whether payloads are at the client sooner when they are deflated: by what a byte takes on the way, what deflating one
 * takes of this machine's processor, and how much of it is left. Pure: told all of these, it neither measures nor sends.
 * Used by one thread at a time.
 */
#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "send_window.h"

namespace tilescope {

class DeflateChoice {
  public:
    using Time = SendWindow::Time;
    using Seconds = std::chrono::duration<double>;
    enum class Act { leave, sample, deflate };
    /** Payloads below this stay as they are, bytes: tiles of a status look, which has a budget of its own, mostly are. */
    static constexpr size_t leastPayload = 1024;
    /** How many bytes of a payload a sample deflates at most. */
    static constexpr size_t sampleBytes = size_t{16} << 10U;
    /** How long the time of a way counts as known that was never full since. */
    static constexpr std::chrono::seconds knownFor{10};

    /** What came of marks since this was last told. */
    void heard(const WayTimes& times, Time now);
    /** What to do with a payload of so many bytes. After `sample` and `deflate` deflated() has to follow. */
    Act next(size_t bytes);
    /** So many bytes were deflated, to how many, in how much of the processor's time. */
    void deflated(size_t bytes, size_t left, Seconds took);
    /** Bytes of payloads that are likely to take so many on the way. */
    [[nodiscard]] size_t payloadFor(size_t onTheWay) const;
    /** Whether payloads are deflated; also while the way is looked at without. */
    [[nodiscard]] bool on() const { return on_; }
    /** A sentence, once after each change. */
    std::optional<std::string> news();

  private:
    /** A mean in which a newer byte counts more. */
    class Mean {
      public:
        void add(double value, double bytes);
        [[nodiscard]] double perByte() const { return bytes_ > 0 ? value_ / bytes_ : 0; }

      private:
        double value_ = 0;
        double bytes_ = 0;
    };
    /** Likewise, while payloads are deflated. */
    void heardDeflated(const WayTimes& times, Time now);
    void forgetWay();
    void choose();
    void turn(bool on);
    /** Seconds that a byte of a payload takes when it is deflated. */
    [[nodiscard]] double whenDeflated() const { return cost_.perByte() + left_.perByte() * way_.perByte(); }

    bool on_ = false;
    /** Payloads go as they are for a moment, so that the way fills and its time is known again. */
    bool trial_ = false;
    /** Seconds on the way. */
    Mean way_;
    /** Marks and bytes that it comes from since it was forgotten. */
    unsigned marks_ = 0;
    double marked_ = 0;
    bool wayKnown_ = false;
    /** When deflated payloads filled the way last, and how many bytes went since then without. */
    Time fullAt_;
    double unfilled_ = 0;
    /** Seconds of the processor, and bytes that are left. */
    Mean cost_;
    Mean left_;
    bool sampled_ = false;
    /** Bytes from one sample to the next, and since the last one. */
    size_t between_ = 0;
    size_t since_ = 0;
    bool news_ = false;
};

} // namespace tilescope
