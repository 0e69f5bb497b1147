/** For tests: what the client does with a deflated payload. */
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tilescope {

/** The bytes inflated; empty unless they are exactly one deflated run of `length` bytes. */
std::optional<std::vector<uint8_t>> inflated(std::span<const uint8_t> bytes, size_t length);

} // namespace tilescope
