/**
 * How a step says that it wants another turn. Waiting is a value, never an exception: callers pass it on, and at the
 * top `Turns` keeps to the time that it tells. Pure.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

namespace tilescope {

/** Nothing was done and nothing is held. The same step may be taken at this moment, after others had their turn. */
struct Later {
    std::chrono::steady_clock::time_point at;
};

/** A value, or when to ask for it next. */
template <typename T> class [[nodiscard]] OrLater {
  public:
    // Both are meant to be returned as they are.
    OrLater(T value) : kept_(std::in_place_index<0>, std::move(value)) {}
    OrLater(Later later) : kept_(std::in_place_index<1>, later) {}

    /** Whether there is a value. */
    explicit operator bool() const { return kept_.index() == 0; }
    /** The value. Without one these throw `std::bad_variant_access`. */
    T& operator*() & { return std::get<0>(kept_); }
    const T& operator*() const& { return std::get<0>(kept_); }
    T&& operator*() && { return std::get<0>(std::move(kept_)); }
    T* operator->() { return &std::get<0>(kept_); }
    const T* operator->() const { return &std::get<0>(kept_); }
    /** When to ask next; throws where there is a value. */
    [[nodiscard]] Later later() const { return std::get<1>(kept_); }
    /** What `make` makes of the value. */
    template <typename Make> auto then(Make make) && -> OrLater<std::invoke_result_t<Make, T&&>> {
        if (!*this) return later();
        return make(std::get<0>(std::move(kept_)));
    }

  private:
    std::variant<T, Later> kept_;
};

/** The answer of what has none. */
struct Done {};
using DoneOrLater = OrLater<Done>;

/** What a step of a task came to: all is done, there is more to do, or the same step is due later. */
class [[nodiscard]] Progress {
  public:
    enum class What : uint8_t { done, more, later };
    /** The last step. */
    static Progress done() { return Progress(What::done, {}); }
    /** This step got further, and there is more. */
    static Progress more() { return Progress(What::more, {}); }
    Progress(Later later) : Progress(What::later, later.at) {}

    [[nodiscard]] What what() const { return what_; }
    [[nodiscard]] bool isDone() const { return what_ == What::done; }
    /** Not before this moment; of `later` only. */
    [[nodiscard]] std::chrono::steady_clock::time_point at() const { return at_; }

  private:
    Progress(What what, std::chrono::steady_clock::time_point at) : what_(what), at_(at) {}
    What what_;
    std::chrono::steady_clock::time_point at_;
};

} // namespace tilescope
