/**
 * What takes bytes from a client or texts from the kernel, each as a function of bytes that may be anything. A target
 * checks what must hold for every input: it throws std::logic_error where that fails.
 */
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tilescope {

struct FuzzTarget {
    std::string_view name;
    void (*take)(std::span<const uint8_t> input);
    /** Inputs that mean something, to begin with. */
    std::vector<std::string> seeds;
};

const std::vector<FuzzTarget>& fuzzTargets();

} // namespace tilescope
