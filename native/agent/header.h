/** Frame headers: MessagePack maps with text keys. Hostile input: size, depth and kinds are limited while parsing. */
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

namespace tilescope {

/** Keys keep the order in which they were set: frames are byte-exact. */
using Header = nlohmann::ordered_json;

/** A map with text keys, nested at most 8 deep, without binary values; empty for anything else. */
std::optional<Header> decodeHeader(std::span<const uint8_t> bytes);

} // namespace tilescope
