#include "error.h"

#include <cstring>

namespace tilescope {

std::string errnoName(int errnum) {
    if (const char* name = strerrorname_np(errnum)) return name;
    return "errno " + std::to_string(errnum);
}

} // namespace tilescope
