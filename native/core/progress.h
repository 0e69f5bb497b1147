/**
 * How a step says that it has to be taken again. Waiting is a value, never an exception: whoever calls passes it on, and
 * at the top Turns keeps to the time that was told. Pure.
 */
#pragma once
#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

namespace tilescope {

/** Nothing was done and nothing is held: the same again, not before this moment, and after others had their turn. */
struct Later {
    std::chrono::steady_clock::time_point at;
};

/** A value, or when to ask for it again. */
template <typename T> class [[nodiscard]] OrLater {
  public:
    // Both are meant to be returned as they are.
    OrLater(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    OrLater(Later later) : held_(std::in_place_index<1>, later) {}

    /** Whether there is a value. */
    explicit operator bool() const { return held_.index() == 0; }
    /** The value. Without one these throw `std::bad_variant_access`. */
    T& operator*() & { return std::get<0>(held_); }
    const T& operator*() const& { return std::get<0>(held_); }
    T&& operator*() && { return std::get<0>(std::move(held_)); }
    T* operator->() { return &std::get<0>(held_); }
    const T* operator->() const { return &std::get<0>(held_); }
    /** When to ask again; throws where there is a value. */
    [[nodiscard]] Later later() const { return std::get<1>(held_); }
    /** What `make` makes of the value. */
    template <typename Make> auto then(Make make) && -> OrLater<std::invoke_result_t<Make, T&&>> {
        if (!*this) return later();
        return make(std::get<0>(std::move(held_)));
    }

  private:
    std::variant<T, Later> held_;
};

/** The answer of what has none. */
struct Done {};
using DoneOrLater = OrLater<Done>;

/** What a step of a task came to: all is done, there is more to do, or the same again later. */
class [[nodiscard]] Progress {
  public:
    enum class What : uint8_t { done, again, later };
    /** The last step. */
    static Progress done() { return Progress(What::done, {}); }
    /** This step got further, and there is more. */
    static Progress again() { return Progress(What::again, {}); }
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
