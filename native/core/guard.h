/**
 * The only code that touches device memory: aligned 32-bit loads and stores that survive a bus error. A SIGBUS raised
 * by exactly the one load or the one store instruction moves the program counter to the loop's exit (no jump, no
 * frame, no destructor skipped); every other SIGBUS goes to the handler that was installed before.
 * Any thread may copy; ensure() is serialised. The library must never be unloaded (it is linked with -z nodelete).
 */
#pragma once
#include <cstddef>
#include <cstdint>

namespace tilescope::guard {

/** Makes our SIGBUS handler the installed one; cheap, called before every slice. True if it had to be (re)installed. */
bool ensure();

/** What a guarded copy did: whole words copied, and the si_code of the bus error that ended it early (0: none). */
struct Copied {
    size_t words = 0;
    int code = 0;
};

/** Copies device words to memory. Both addresses are multiples of 4. */
Copied load(uint32_t* to, const volatile uint32_t* from, size_t words);
/** Copies memory to device words. Both addresses are multiples of 4. */
Copied store(volatile uint32_t* to, const uint32_t* from, size_t words);

/** Bus errors contained so far in this process, for tests. */
uint64_t caught();

} // namespace tilescope::guard
