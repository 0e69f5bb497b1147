/** The value that requests and answers are made of, whatever carries them: maps with text keys, lists, numbers, texts. */
#pragma once

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

namespace tilescope {

/** Keys keep the order in which they were set: frames are byte-exact. */
using Header = nlohmann::ordered_json;

} // namespace tilescope
