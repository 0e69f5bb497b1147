/**
 * The agent's loop: frames from one descriptor, answers to another, heartbeats, silence, signals. Must not know what an
 * operation does.
 */
#pragma once
#include <functional>

#include "session.h"

namespace tilescope {

/** Descriptors of one connection; they stay the caller's. */
struct Carrier {
    int in = 0;
    int out = 1;
    /** Readable once a signal asks to end; -1: none does. */
    int signals = -1;
    /** What goes out is written by a thread of its own: worth it with more than one processor. */
    bool outlet = false;
};

/** How a connection ends. */
enum class Ending : int {
    /** Bye, end of input, a signal, or nobody reads any more. */
    left = 0,
    /** The client broke the frame format. */
    broken = 3,
    /** Nothing was heard for exitMs. */
    silent = 4,
};

/**
 * Serves one client until it leaves.
 * @param leaving called before the session is given up, whose thread may be in the middle of a step. When the client
 * stopped reading it is called on the thread that writes, with nothing held; null where there was no session yet. The agent
 * ends its process there.
 */
Ending serve(const Carrier& carrier, Platform platform, const std::function<void(Session*, Ending)>& leaving);

} // namespace tilescope
