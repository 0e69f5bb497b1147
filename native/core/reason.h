/** What came of an attempt to touch a tile, in the same terms for every driver. Pure. */
#pragma once
#include <cstddef>
#include <cstdint>

namespace tilescope {

/** Why a span could not be accessed; the wire's numbers. */
enum class Reason : uint8_t {
    none = 0,
    gated = 1,
    coreRunning = 2,
    busError = 3,
    noWay = 4,
    notRead = 5,
    /** The driver refuses the tile as gated, although the clock registers say that it runs. */
    driverGated = 6,
    /** The clock registers cannot be reached, and the driver's notes of clocks may be those of other tiles. */
    clocksUnknown = 7
};

/** How many words were moved, and what ended it early. */
struct Moved {
    size_t words = 0;
    Reason reason = Reason::none;
};

} // namespace tilescope
