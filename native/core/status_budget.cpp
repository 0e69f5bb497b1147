#include "status_budget.h"

#include <algorithm>

namespace tilescope {

void StatusBudget::took(Duration time, Time now) {
    const Time from = std::max(next_, now - atOnce * oneIn);
    next_ = std::min(from + time * oneIn, now + longestWait);
}

} // namespace tilescope
