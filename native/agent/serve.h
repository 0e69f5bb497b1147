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
    /** A signalfd: what comes there asks to end, SIGHUP as the end of input does; -1: nothing does. */
    int signals = -1;
    /** Called once the client is gone and the agent goes on for what is recorded: nobody is at `in` and `out` any more. */
    std::function<void()> letGo = [] {};
};

/** How a connection ends. */
enum class Ending : int {
    /** Bye, end of input, a signal, or nobody reads any more. */
    left = 0,
    /** The client broke the frame format. */
    broken = 3,
    /** Nothing was heard for exitMs, or keepMs with recordings. */
    silent = 4,
};

/**
 * Serves one client until it leaves. With recordings it goes on then, for other agents that come for them, until all are forgotten.
 * @param leaving called before the session is given up, whose thread may be in the middle of a step. When the client
 * stopped reading it is called on the worker's thread, with nothing held; null where there was no session yet. The agent
 * ends its process there.
 */
Ending serve(const Carrier& carrier, Platform platform, const std::function<void(Session*, Ending)>& leaving);

} // namespace tilescope
