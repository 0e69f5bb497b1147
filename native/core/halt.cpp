#include "halt.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "error.h"

namespace tilescope {
namespace {

constexpr uint32_t haltedBit = 1;
/** Debug_Status: halted at the first or the second event that Debug_Control1 names. */
constexpr uint32_t atBreakpoint = 3U << 5U;

/** What has to be zero before anything is written, and what a person is told of it. */
constexpr std::array<std::pair<CoreRegister, const char*>, 4> controls{{{CoreRegister::debugControl0, "Debug_Control0"},
                                                                        {CoreRegister::debugControl1, "Debug_Control1"},
                                                                        {CoreRegister::debugControl2, "Debug_Control2"},
                                                                        {CoreRegister::debugStatus, "Debug_Status"}}};

constexpr const char* unallowed = "nobody allowed to halt these cores";

CoreError noHalting(ColumnRange columns, const std::string& why, const char* fact) {
    std::vector<Fact> facts = columnFacts(columns);
    facts.push_back({"why", std::string(fact)});
    return {"no-halting", why, 0, facts};
}

CoreError otherEpoch(const std::string& have, const std::string& wanted) {
    return {"epoch", "the contents are of another epoch", 0, {{"have", have}, {"epoch", wanted}}};
}

/** Nobody's cores are halted: of a free partition, and of one that only a holder keeps. */
CoreError ownerless(ColumnRange columns) {
    return noHalting(columns, "nobody uses " + columnsText(columns) + ": nobody's cores are halted there", "free");
}

/** Registers of every generation that can be halted. */
ReadableRegister place(Generation generation, CoreRegister name, uint32_t number = 0) {
    return ReadableRegister::of(generation, name, number).value();
}

} // namespace

/** A way to a partition with the port to its cores. */
class Halts::Reach {
  public:
    Reach(Halts& halts, Opened opened) : opened_(std::move(opened)) {
        AieAccess& access = *opened_.access;
        const Layout& layout = access.layout();
        RegisterSource& registers = access.registers();
        if (access.positioned()) {
            file_.emplace(halts.node_.kernel(), access.partition(), layout.map->columnShift, layout.map->rowShift,
                          access.columns());
            // Of a lease of ours nothing is remembered: prepare() puts the driver's notes right.
            if (opened_.lease == nullptr) file_->remember(halts.access_.refusals(access, opened_.state.epoch));
        }
        port_.emplace(DebugPort::Ground{
            halts.node_.kernel(), access.partition(), *layout.map, access.columns(), layout.shape.core, registers,
            [&access](Tile tile) { return access.clocks(tile); }, file_ ? &*file_ : nullptr, halts.wide_});
    }
    Reach(const Reach&) = delete;
    Reach& operator=(const Reach&) = delete;
    ~Reach() = default;
    /** Has the driver note the clocks of these cores as they are, where nobody else has the partition. */
    void prepare(const std::vector<Note>& notes) {
        if (opened_.lease == nullptr) return;
        std::vector<Tile> tiles;
        for (const Note& one : notes) {
            if (opened_.access->clocks(one.tile) == Reason::none) tiles.push_back(one.tile);
        }
        opened_.lease->clock(tiles);
    }
    [[nodiscard]] DebugPort& port() { return *port_; }
    [[nodiscard]] const std::string& epoch() const { return opened_.state.epoch; }
    [[nodiscard]] Generation generation() const { return opened_.access->layout().map->generation; }

  private:
    Opened opened_;
    std::optional<RegisterFile> file_;
    std::optional<DebugPort> port_;
};

Halts::Consent* Halts::consentOf(ColumnRange columns) {
    const auto found =
        std::find_if(consents_.begin(), consents_.end(), [&](const Consent& one) { return one.columns == columns; });
    return found == consents_.end() ? nullptr : &*found;
}

OrLater<Opened> Halts::openBeside(ColumnRange columns, Visit& visit) {
    visit.besideOnly = true;
    try {
        return access_.openWay(columns, Purpose::read, visit);
    } catch (const CoreError& failure) {
        if (failure.code() != "not-asked") throw;
        throw ownerless(columns);
    }
}

DoneOrLater Halts::allow(ColumnRange columns, const std::string& epoch, Visit& visit) {
    auto opened = openBeside(columns, visit);
    if (!opened) return opened.later();
    if (opened->state.ownerGone) throw ownerless(columns);
    if (opened->state.epoch != epoch) throw otherEpoch(opened->state.epoch, epoch);
    const Layout& layout = opened->access->layout();
    // What is known of the driver was learnt while the way was opened.
    if (!layout.knownRegisters || !layout.trusted || haltWay(node_.facts()) == HaltWay::none) {
        throw noHalting(columns, "the driver writes no register for us", "driver");
    }
    if (Consent* known = consentOf(columns)) {
        // What an earlier consent left is this one's.
        known->epoch = epoch;
        known->over = false;
    } else {
        consents_.push_back({columns, epoch, {}});
        any_.store(true, std::memory_order_relaxed);
    }
    return Done{};
}

Reason Halts::checkUnused(DebugPort& port, Generation generation, Tile tile) {
    const auto look = [&](CoreRegister name, uint32_t number, const std::string& text) {
        uint32_t value = 0;
        const Reason reason = port.read(tile, place(generation, name, number), value);
        if (reason == Reason::none && value != 0) {
            throw CoreError("debug-in-use", text + " is not zero", 0,
                            {{"register", text},
                             {"value", int64_t{value}},
                             {"col", int64_t{tile.col}},
                             {"row", int64_t{tile.row}}});
        }
        return reason;
    };
    for (const auto& [name, text] : controls) {
        if (const Reason reason = look(name, 0, text); reason != Reason::none) return reason;
    }
    for (uint32_t i = 0; i < 4; i++) {
        const Reason reason = look(CoreRegister::pcEvent, i, "PC_Event" + std::to_string(i));
        if (reason != Reason::none) return reason;
    }
    return Reason::none;
}

Reason Halts::put(DebugPort& port, Note& note, const DebugWrite& what) {
    std::vector<DebugWrite>& written = note.written;
    const auto isThere = [&](const DebugWrite& one) { return one.where().offset() == what.where().offset(); };
    std::erase_if(written, [&](const DebugWrite& one) { return isThere(one) && one.value() == what.value(); });
    written.push_back(what);
    const Reason reason = port.write(note.tile, what);
    // After a write that failed, the register may hold an earlier word of ours.
    if (reason == Reason::none)
        written.erase(std::remove_if(written.begin(), written.end() - 1, isThere), written.end() - 1);
    return reason;
}

Reason Halts::putAll(DebugPort& port, Generation generation, Note& note, const HaltRequest& request) {
    switch (request.act) {
    case HaltAct::halt:
        return put(port, note, *DebugWrite::halt(generation));
    case HaltAct::resume:
        return put(port, note, *DebugWrite::resume(generation));
    case HaltAct::step: {
        uint32_t status = 0;
        const Reason reason = port.read(note.tile, place(generation, CoreRegister::debugStatus), status);
        if (reason != Reason::none) return reason;
        return (status & haltedBit) == 0 ? Reason::coreRunning
                                         : put(port, note, *DebugWrite::step(generation, request.count));
    }
    case HaltAct::breakpoints:
        break;
    }
    // Nothing halts at an event whose address is being changed.
    Reason reason = put(port, note, *DebugWrite::haltAt(generation, {}, {}));
    std::array<std::optional<uint32_t>, debug::breakpoints> events;
    for (uint32_t i = 0; i < events.size() && reason == Reason::none; i++) {
        const bool used = i < request.counters.size();
        if (used) events.at(i) = i;
        reason =
            put(port, note,
                used ? *DebugWrite::watch(generation, i, request.counters[i]) : *DebugWrite::unwatch(generation, i));
    }
    if (reason != Reason::none || request.counters.empty()) return reason;
    return put(port, note, *DebugWrite::haltAt(generation, events[0], events[1]));
}

OrLater<std::unique_ptr<Halts::Reach>> Halts::reachCore(ColumnRange columns, Tile tile, Visit& visit) {
    if (const Consent* consent = consentOf(columns); consent == nullptr || consent->over)
        throw noHalting(columns, unallowed, "not-allowed");
    auto opened = openBeside(columns, visit);
    if (!opened) return opened.later();
    Consent& consent = *consentOf(columns);
    if (consent.over) throw noHalting(columns, unallowed, "not-allowed"); // another node came meanwhile
    const auto isCore = opened->access->layout().shape.core;
    if (!columns.has(tile.col) || !isCore.has(tile.row)) {
        throw CoreError("out-of-range", "no core of the partition");
    }
    const bool ownerGone = opened->state.ownerGone;
    auto reach = std::make_unique<Reach>(*this, *std::move(opened));
    if (ownerGone || reach->epoch() != consent.epoch) {
        const std::string wanted = consent.epoch;
        consent.over = true;
        takeBack(*reach, consent);
        const std::string have = reach->epoch();
        tidy();
        if (ownerGone) throw ownerless(columns);
        throw otherEpoch(have, wanted);
    }
    return reach;
}

OrLater<HaltAnswer> Halts::act(const HaltRequest& request, Visit& visit) {
    const bool counts = request.act != HaltAct::step || (request.count >= 1 && request.count <= 15);
    const bool fits = request.counters.size() <= debug::breakpoints &&
                      std::all_of(request.counters.begin(), request.counters.end(),
                                  [](uint32_t one) { return one <= debug::programCounterBits; });
    if (!counts || !fits) throw CoreError("out-of-range", "more steps or breakpoints than a core has");
    auto reached = reachCore(request.columns, request.tile, visit);
    if (!reached) return reached.later();
    Reach& reach = **reached;
    Consent& consent = *consentOf(request.columns);
    const Generation generation = reach.generation();
    auto note = std::find_if(consent.notes.begin(), consent.notes.end(),
                             [&](const Note& one) { return one.tile == request.tile; });
    HaltAnswer answer;
    if (note == consent.notes.end()) {
        answer.reason = checkUnused(reach.port(), generation, request.tile);
        if (answer.reason != Reason::none) return answer;
        note = consent.notes.insert(consent.notes.end(), Note{request.tile, {}});
    }
    answer.reason = putAll(reach.port(), generation, *note, request);
    if (answer.reason != Reason::none) return answer;
    const auto read = [&](CoreRegister name, uint32_t& value) {
        return reach.port().read(request.tile, place(generation, name), value);
    };
    answer.reason = read(CoreRegister::coreStatus, answer.status);
    if (answer.reason == Reason::none) answer.reason = read(CoreRegister::debugStatus, answer.debugStatus);
    // A core in reset has none.
    if (answer.reason == Reason::none) read(CoreRegister::pc, answer.counter);
    return answer;
}

OrLater<CoreRegisters> Halts::registers(ColumnRange columns, Tile tile, Visit& visit) {
    auto reached = reachCore(columns, tile, visit);
    if (!reached) return reached.later();
    Reach& reach = **reached;
    CoreRegisters answer;
    const auto read = [&](CoreRegister name, uint32_t number) {
        uint32_t value = 0;
        answer.reason = reach.port().read(tile, place(reach.generation(), name, number), value);
        if (answer.reason == Reason::none) answer.values.push_back({name, number, value});
        return answer.reason == Reason::none;
    };
    for (const debug::NamedRun& run : debug::readable(reach.generation())) {
        if (run.when == ReadableWhen::always) continue;
        for (uint32_t i = 0; i < run.count; i++) {
            // Half of a core is told nobody; behind a bus error nothing more is tried.
            if (!read(run.name, i)) return CoreRegisters{answer.reason, {}};
        }
    }
    // It stood to the end: else the words are not of one moment.
    if (!read(CoreRegister::r, 0)) return CoreRegisters{answer.reason, {}};
    answer.values.pop_back();
    return answer;
}

bool Halts::takeBack(DebugPort& port, Generation generation, const Note& note, bool ended) {
    // From the last register downwards: events, then what halts at them, then the halt itself.
    std::map<uint32_t, std::vector<DebugWrite>, std::greater<>> written;
    for (const DebugWrite& one : note.written) written[one.where().offset()].push_back(one);
    const DebugWrite resume = *DebugWrite::resume(generation);
    std::vector<DebugWrite>& halts = written[resume.where().offset()];
    // A breakpoint that was hit leaves a halt that no register of ours holds.
    const uint32_t stands = halts.empty() ? atBreakpoint : haltedBit;
    if (halts.empty()) halts.push_back(resume);
    for (const auto& [offset, words] : written) {
        uint32_t found = 0;
        uint32_t status = 0;
        Reason reason = port.read(note.tile, words.front().where(), found);
        const bool isHalt = offset == resume.where().offset();
        // Only now: until its events were zero, a core that runs could still meet one.
        if (reason == Reason::none && isHalt) {
            reason = port.read(note.tile, place(generation, CoreRegister::debugStatus), status);
        }
        // An owner's end resets its tiles, and then stops their clocks.
        if (reason != Reason::none) return ended && reason == Reason::gated;
        // A word that is not ours was written by somebody since: it is theirs.
        const bool ours = found == 0 ? (status & stands) != 0
                                     : std::any_of(words.begin(), words.end(),
                                                   [&](const DebugWrite& one) { return one.isIn(found); });
        if (ours && port.write(note.tile, words.front().undone()) != Reason::none) return false;
    }
    return true;
}

void Halts::takeBack(Reach& reach, Consent& consent) {
    const bool ended = reach.epoch() != consent.epoch;
    reach.prepare(consent.notes);
    std::erase_if(consent.notes,
                  [&](const Note& note) { return takeBack(reach.port(), reach.generation(), note, ended); });
}

OrLater<Opened> Halts::openAny(ColumnRange columns, Visit& visit) {
    try {
        return access_.openWay(columns, Purpose::read, visit);
    } catch (const CoreError& failure) {
        if (failure.code() != "no-partition" || !node_.facts().dynamic) throw;
    }
    // Its owner is gone, and the partition with it: for a moment it is one that was picked.
    struct Picked {
        PartitionList& list;
        ~Picked() { list.setOpening(std::nullopt); }
    };
    const Picked picked{list_};
    list_.setOpening(columns);
    return access_.openWay(columns, Purpose::read, visit);
}

OrLater<size_t> Halts::finish(Consent& consent, Visit& visit) {
    if (consent.notes.empty()) return size_t{0};
    auto opened = openAny(consent.columns, visit);
    if (!opened) return opened.later();
    if (opened->access == nullptr) {
        consent.notes.clear(); // all tiles are gated
        return size_t{0};
    }
    Reach reach(*this, *std::move(opened));
    takeBack(reach, consent);
    return consent.notes.size();
}

OrLater<size_t> Halts::end(ColumnRange columns, Visit& visit) {
    Consent* consent = consentOf(columns);
    if (consent == nullptr) return size_t{0};
    consent->over = true;
    auto left = finish(*consent, visit);
    if (left) tidy();
    return left;
}

bool Halts::lasts(const Consent& consent) {
    static const std::set<std::string, std::less<>> gone{"no-halting", "no-partition", "columns-taken"};
    Visit visit{Asking::nobody};
    try {
        const auto opened = openBeside(consent.columns, visit);
        // A holder keeps the epoch of an owner that is gone.
        return !opened || (opened->state.epoch == consent.epoch && !opened->state.ownerGone);
    } catch (const CoreError& failure) {
        return !gone.contains(failure.code());
    }
}

void Halts::forget() {
    for (Consent& one : consents_) {
        one.over = true;
        one.notes.clear();
    }
}

void Halts::tidy() {
    std::erase_if(consents_, [](const Consent& one) { return one.over && one.notes.empty(); });
    any_.store(!consents_.empty(), std::memory_order_relaxed);
}

void Halts::tend() {
    for (Consent& one : consents_) {
        one.over = one.over || !lasts(one);
        if (!one.over) continue;
        Visit visit{Asking::person, true};
        try {
            // What cannot be reached now is tried again at the next call.
            const auto left = finish(one, visit);
            static_cast<void>(left);
        } catch (const CoreError&) {
            continue;
        }
    }
    tidy();
}

void Halts::endAll(std::chrono::milliseconds longest) noexcept {
    try {
        Kernel& kernel = node_.kernel();
        const auto until = kernel.clock() + longest;
        for (Consent& one : consents_) one.over = true;
        for (; !consents_.empty() && kernel.clock() < until;) {
            tend();
            if (!consents_.empty()) kernel.pause(std::chrono::milliseconds(20));
        }
    } catch (...) {
        // There is nobody left to tell; the next core finds what stays.
    }
}

} // namespace tilescope
