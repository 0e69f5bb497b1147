#include "look_budget.h"

#include <algorithm>

namespace tilescope {

void LookBudget::took(Duration time, Time now) {
    const Time from = std::max(next_, now - atOnce * oneIn);
    next_ = std::min(from + time * oneIn, now + longestWait);
}

} // namespace tilescope
