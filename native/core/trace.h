/** One line per ioctl, map or duplicate, for the log at trace level. */
#pragma once
#include <functional>
#include <string>

namespace tilescope {

/** Receives a line such as `AIE_REQUEST_PART 0x80184102 size 24 -> 5`. Called on the thread that made the call. */
using Trace = std::function<void(const std::string&)>;

} // namespace tilescope
