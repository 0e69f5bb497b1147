/** Headers as they travel in frames: MessagePack maps with text keys. Hostile input: size, depth and kinds are limited while parsing. */
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "../protocol/header.h"

namespace tilescope {

/** A map with text keys, nested at most 8 deep, without binary values; empty for anything else. */
std::optional<Header> decodeHeader(std::span<const uint8_t> bytes);

} // namespace tilescope
