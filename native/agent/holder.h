/**
 * The holder of docs/wire.md: the agent's executable in another role, started by core/hold. It keeps one descriptor of a
 * partition open so that the driver does not release it, and knows nothing else: no device node, no request, no client.
 */
#pragma once
#include <cstdint>
#include <span>

namespace tilescope {

/**
 * Keeps the inherited descriptor until SIGTERM or the end that the arguments name. One thread; never returns before.
 * @param arguments what follows the program's name: `hold` and what core/hold's holdArguments() makes
 * @return 0 when it let go, 2 when the arguments or the descriptor are not those of a holder
 */
int runHolder(std::span<char* const> arguments);

/**
 * Waits as a holder: takes its name, ignores the signals of sessions and terminals, and ends on SIGTERM or at the
 * end. False where no timer is to be had.
 * @param until ms since 1970; setting the clock meanwhile does not move the end
 */
bool waitAsHolder(int64_t until);

} // namespace tilescope
