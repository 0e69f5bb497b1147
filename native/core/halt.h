/**
 * Which cores of which partitions are halted, and how all of it ends: consents, notes of what was written, and the order in
 * which it is taken back (docs/halting.md). Knows no carrier and no reason why a client wants it. Everything belongs to one
 * thread at a time.
 */
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "access.h"
#include "debug_port.h"
#include "node.h"
#include "partition_list.h"
#include "progress.h"

namespace tilescope {

/** What is done to one core. */
enum class HaltAct : uint8_t { halt, resume, step, breakpoints };

struct HaltRequest {
    ColumnRange columns;
    /** A core of these columns, absolute. */
    Tile tile;
    HaltAct act = HaltAct::halt;
    /** Instructions of a step, 1 to 15. */
    uint32_t count = 1;
    /** Bytes of the program memory before whose instructions the core halts: all of its breakpoints, two at most. */
    std::vector<uint32_t> counters;
};

/** What a core's registers said afterwards; all 0 where `reason` says why nothing, or not all, was done. */
struct HaltAnswer {
    Reason reason = Reason::none;
    uint32_t status = 0;
    uint32_t debugStatus = 0;
    /** The program counter; 0 in reset. */
    uint32_t counter = 0;
};

/** Registers of the core itself: what a program computes with. */
struct CoreRegisters {
    struct One {
        CoreRegister name{};
        uint32_t number = 0;
        uint32_t value = 0;
    };
    /** Why they are not told: the core runs, is in reset, or one of them could not be read. */
    Reason reason = Reason::none;
    /** All that the generation has, in the order of its list; none with a reason. */
    std::vector<One> values;
};

class Halts {
  public:
    Halts(Node& node, PartitionList& list, Access& access) : node_(node), list_(list), access_(access) {}

    /**
     * A person allowed to halt cores of a partition in use, as long as this epoch and its owner last. Throws `no-halting` (the
     * driver, or nobody uses it), `epoch`, and what Access::openWay() throws.
     */
    DoneOrLater allow(ColumnRange columns, const std::string& epoch, Visit& visit);
    /**
     * Acts on one core. The first time its debug registers are looked at. Throws `no-halting` without consent or owner,
     * `debug-in-use` (somebody else uses them), `epoch` (another one began: all was taken back), `out-of-range`, and what
     * Access::openWay() throws.
     */
    OrLater<HaltAnswer> act(const HaltRequest& request, Visit& visit);
    /** Reads the registers of one core that stands. Throws what act() throws, but `debug-in-use`. */
    OrLater<CoreRegisters> registers(ColumnRange columns, Tile tile, Visit& visit);
    /** Ends the consent and takes everything back. The answer: cores that could not be reached; tend() goes on trying. */
    OrLater<size_t> end(ColumnRange columns, Visit& visit);
    /** Ends consents of epochs that are over or whose owner is gone, and takes back what is left. Touches nothing without any. To be called often. */
    void tend();
    /** Takes everything back, and gives up after a while. What could not be reached then is left to a further call. */
    void endAll(std::chrono::milliseconds longest) noexcept;
    /** Whether there is anything to end. Any thread. */
    [[nodiscard]] bool any() const { return any_.load(std::memory_order_relaxed); }
    /** The node is gone or another one: nothing of what was written is there. */
    void forget();

  private:
    /** What was written of one core: of each register the last word that is known to be in it, and those after it. */
    struct Note {
        Tile tile;
        std::vector<DebugWrite> written;
    };
    struct Consent {
        ColumnRange columns;
        std::string epoch;
        std::vector<Note> notes;
        /** Only to be taken back. */
        bool over = false;
    };
    class Reach;

    [[nodiscard]] Consent* consentOf(ColumnRange columns);
    /** A way to a core whose partition a person allowed; throws as act() does, but `debug-in-use`. */
    OrLater<std::unique_ptr<Reach>> reachCore(ColumnRange columns, Tile tile, Visit& visit);
    /** A way to a partition in use. Throws `no-halting` for a free one. */
    OrLater<Opened> openBeside(ColumnRange columns, Visit& visit);
    /** A way to columns whoever has them now, a lease where nobody has. */
    OrLater<Opened> openAny(ColumnRange columns, Visit& visit);
    /** Why nobody may write a core's debug registers: throws `debug-in-use`. */
    static Reason checkUnused(DebugPort& port, Generation generation, Tile tile);
    static Reason put(DebugPort& port, Note& note, const DebugWrite& what);
    static Reason putAll(DebugPort& port, Generation generation, Note& note, const HaltRequest& request);
    /** Whether nothing of a note is left in the core. @param ended its epoch is over */
    static bool takeBack(DebugPort& port, Generation generation, const Note& note, bool ended);
    void takeBack(Reach& reach, Consent& consent);
    /** Takes a consent that is over back as far as it can; the answer: cores that are left. */
    OrLater<size_t> finish(Consent& consent, Visit& visit);
    /** Whether the epoch of a consent still lasts. */
    bool lasts(const Consent& consent);
    /** Drops consents that are over and left nothing. */
    void tidy();

    Node& node_;
    PartitionList& list_;
    Access& access_;
    std::vector<Consent> consents_;
    std::atomic<bool> any_{false};
    /** Which AIE_REG the driver is believed to know. */
    bool wide_ = false;
};

} // namespace tilescope
