#include "access.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "error.h"
#include "kernel_log.h"

namespace tilescope {
namespace {

/**
 * Whether zocl's request has a context, as that of XRT 2.18 (2024.2) and later, which has another request at the earlier
 * one's number; the kernel looks at the number only. Without a version the later one: at an earlier zocl it does nothing.
 */
bool zoclHasContext(Kernel& kernel) {
    const std::string version = kernel.readText("/sys/module/zocl/version").value_or("");
    unsigned major = 0;
    unsigned minor = 0;
    if (sscanf(version.c_str(), "%3u.%3u", &major, &minor) != 2) return true;
    return major > 2 || (major == 2 && minor >= 18);
}

/** The one of this type. Throws `no-memory-types`. */
MemoryGeometry memoryOf(const PartitionEntry& entry, const std::vector<MemoryGeometry>& memories, MemoryType type) {
    for (const MemoryGeometry& one : memories) {
        // Without the shim row there is no clock register to start from, and no safe way to a tile.
        if (one.type == type && entry.startRow == 0) return one;
    }
    throw CoreError("no-memory-types",
                    columnsText(entry.columns) + " have no memory of type " + std::string(memoryName(type)), 0,
                    columnFacts(entry.columns));
}

} // namespace

LeaseEnd::LeaseEnd(Access& access, ColumnRange columns)
    : access_(&access), columns_(columns), from_(access.kernel_.clock()) {}

LeaseEnd::~LeaseEnd() {
    if (access_ == nullptr) return;
    access_->courtesy_.leased(columns_, from_, access_->kernel_.clock());
    access_->noticeRefusedStarts(columns_);
}

std::chrono::steady_clock::duration Opened::stepTime(Asking asking) const {
    if (lease == nullptr) return borrowTime;
    return asking == Asking::fast ? sliceTime : leaseTime;
}

MemoryGeometry Access::geometry(const Opened& opened, MemoryType type) const {
    // The layout that the driver described, where it was asked; beside an owner it may not be asked.
    const bool described = opened.lease != nullptr && !opened.lease->largePages() && !opened.lease->positioned();
    if (described) return memoryOf(opened.state.entry, opened.lease->memories(), type);
    const Layout& known = opened.access->layout();
    return memoryOf(opened.state.entry, memoriesOf(*known.map, known.shape, opened.state.entry.columns), type);
}

MemoryGeometry Access::geometry(const PartitionEntry& entry, MemoryType type) const {
    const Layout known = node_.layout(entry);
    if (known.map == nullptr) throw CoreError("unknown-driver", "nobody tells what array this is");
    return memoryOf(entry, memoriesOf(*known.map, known.shape, entry.columns), type);
}

OrLater<std::unique_ptr<Lease>> Access::request(const NodeFd& node, const PartitionEntry& entry, bool last) {
    std::vector<RequestLength> lengths;
    if (node_.facts().requestLength) {
        lengths = {*node_.facts().requestLength};
    } else if (node_.facts().dynamic) {
        lengths = {RequestLength::bytes40, RequestLength::bytes24};
    } else {
        lengths = {RequestLength::bytes24};
    }
    for (const RequestLength length : lengths) {
        auto taken =
            Lease::take(kernel_, node, entry, node_.layout(entry), node_.facts(), length, node_.machine().pageSize);
        if (taken.lease) {
            node_.facts().requestLength = length;
            return std::move(taken.lease);
        }
        if (taken.error == EBUSY) return std::unique_ptr<Lease>();
        // EINVAL: a busy range (on drivers with apertures), or another length than this driver's.
        const auto entries = list_.enquire(node);
        if (!entries) return entries.later();
        const bool busy = std::any_of(entries->begin(), entries->end(), [&](const PartitionEntry& one) {
            return one.inUse && overlap(one.columns, entry.columns);
        });
        if (busy) return std::unique_ptr<Lease>();
    }
    // It was busy and is free now. Where no request worked yet, its length may be wrong instead.
    if (node_.facts().dynamic && (node_.facts().requestLength || !last)) return std::unique_ptr<Lease>();
    throw CoreError("driver", "AIE_REQUEST_PART: EINVAL", EINVAL, columnFacts(entry.columns));
}

OrLater<PartitionFd> Access::descriptor(const NodeFd& node, const PartitionState& state, const Visit& visit) {
    constexpr std::chrono::seconds settled{2};
    const ColumnRange& columns = state.entry.columns;
    // A process that closed its descriptor and kept a mapping has none to duplicate.
    const bool found =
        std::any_of(state.occupants.begin(), state.occupants.end(), [](const Occupant& one) { return one.fd >= 0; });
    if (found) return borrowDescriptor(kernel_, columns, state.occupants);
    if (kernelDescriptor_ && kernelDescriptor_->first == columns) {
        const int copy = kernel_.duplicate(kernelDescriptor_->second.get());
        if (copy >= 0) return PartitionFd(UniqueFd(kernel_, copy));
    }
    if (node_.facts().dynamic && node_.facts().descriptorList != false && visit.asking != Asking::nobody) {
        const auto ready = list_.since(columns).value_or(kernel_.clock()) + settled;
        if (kernel_.clock() < ready) return waitUntil(ready);
        if (auto listed = listedDescriptor(kernel_, node, columns, node_.facts())) return std::move(*listed);
    }
    if (state.owner && state.owner->kind == OwnerKind::kernel) {
        throw CoreError("kernel-held", "in use, and no process holds it: the kernel does", 0, columnFacts(columns));
    }
    try {
        return borrowDescriptor(kernel_, columns, state.occupants);
    } catch (const CoreError& failure) {
        if (failure.code() != "owner-hidden" || !state.occupants.empty() || seesMachine(kernel_)) throw;
        throw CoreError("owner-hidden", failure.detail() + "; this is a PID namespace", 0,
                        {{"missing", std::string("pid-namespace")}});
    }
}

Refusals& Access::refusals(const AieAccess& access, const std::string& epoch) {
    auto& [noted, refusals] = refusals_[access.columns().startCol];
    if (noted != epoch) refusals = {};
    noted = epoch;
    return refusals;
}

void Access::enableClocks(Lease& lease, const PartitionState& state) {
    if (!state.clocksOn) return;
    std::vector<Tile> gated;
    const ColumnRange columns = lease.columns();
    for (uint32_t col = columns.startCol; col < columns.startCol + columns.numCols; col++) {
        for (uint32_t row = 1; row < state.entry.numRows; row++) {
            if (lease.clocks({col, row}) == Reason::gated) gated.push_back({col, row});
        }
    }
    lease.clock(gated);
}

Later Access::waitUntil(std::chrono::steady_clock::time_point until) {
    constexpr std::chrono::milliseconds lookAgain{50};
    return {std::min(until, kernel_.clock() + lookAgain)};
}

OrLater<bool> Access::giveWay(const PartitionState& state, Visit& visit) {
    const ColumnRange& columns = state.entry.columns;
    courtesy_.opened(kernel_.openedByOthers());
    const auto answer = courtesy_.judge(columns, state.epoch, visit, kernel_.clock());
    switch (answer.verdict) {
    case Courtesy::Verdict::take:
        return true;
    case Courtesy::Verdict::wait:
        return waitUntil(answer.until);
    case Courtesy::Verdict::unasked:
        throw CoreError("not-asked", columnsText(columns) + " are free, and nobody asked for them", 0,
                        columnFacts(columns));
    case Courtesy::Verdict::gated:
        return false;
    case Courtesy::Verdict::over:
        break;
    }
    throw CoreError("gave-way", "somebody opened " + node_.device(), 0, columnFacts(columns));
}

void Access::noticeRefusedStarts(ColumnRange columns) {
    for (const std::string& line : kernel_.newLogLines()) {
        const auto wanted = refusedPartition(line);
        if (!wanted) continue;
        const bool ours = node_.facts().dynamic
                              ? overlap({*wanted & 0xFFU, *wanted >> 8U & 0xFFU}, columns)
                              : std::any_of(list_.entries().begin(), list_.entries().end(), [&](const auto& one) {
                                    return one.id == *wanted && one.columns == columns;
                                });
        if (!ours) continue;
        const auto opener = openerOf(kernel_, node_.device(), node_.machine().pid);
        refusedStarts_.push_back({columns, opener ? opener->pid : 0, opener ? opener->command : ""});
        return;
    }
}

std::optional<Opened> Access::openKnown(ColumnRange columns) {
    Remembered* known = owners_.remembered(columns);
    const bool usable = known != nullptr && known->process.valid() && known->state && node_.isThere() &&
                        known->search.occupants.front().fd >= 0;
    if (!usable || list_.isWaitedFor(columns) || !list_.epochs().knows(columns, known->hands)) return std::nullopt;
    const Layout layout = node_.layout(known->state->entry);
    if (layout.map == nullptr) return std::nullopt;
    const int copy = kernel_.duplicateFrom(known->process.get(), known->search.occupants.front().fd);
    if (copy == -EPERM || copy == -EACCES || copy == -ENOSYS) {
        known->refused = true; // no need to ask again
        known->process.reset();
    }
    if (copy < 0) return std::nullopt;
    PartitionFd partition(UniqueFd(kernel_, copy));
    if (!isPartition(kernel_, copy, columns)) return std::nullopt;
    courtesy_.used(columns, kernel_.clock());
    PartitionState state = *known->state;
    state.epoch = list_.epochs().observe(columns, known->hands);
    const bool positioned = isPositioned(kernel_, partition, layout, node_.facts());
    if (!positioned) guard::ensure();
    auto access = std::make_unique<BorrowedPartition>(kernel_, std::move(partition), state.entry, layout, positioned,
                                                      BorrowedPartition::Beside{});
    access->remember(refusals(*access, state.epoch));
    return Opened{nullptr, std::move(state), std::move(access), nullptr};
}

std::optional<MemoryGeometry> Access::divisible(ColumnRange columns, MemoryType type) const {
    if (!node_.facts().dynamic || node_.facts().positioned != true) return std::nullopt;
    const Layout known = node_.layout(node_.freeEntry(columns));
    if (known.map == nullptr) return std::nullopt;
    for (const MemoryGeometry& one : memoriesOf(*known.map, known.shape, columns)) {
        if (one.type == type) return one;
    }
    return std::nullopt;
}

OrLater<Opened> Access::openWay(ColumnRange columns, Purpose purpose, Visit& visit,
                                const std::optional<ColumnRange>& needed) {
    if (purpose == Purpose::read) {
        if (auto opened = openKnown(columns)) return std::move(*opened);
    }
    // Without a call to the driver no node is needed.
    const bool unasked = purpose == Purpose::read && visit.asking == Asking::nobody && list_.isFresh();
    const NodeFd node = unasked ? NodeFd() : node_.open();
    guard::ensure();
    // A search of a moment ago is too old for a write: it would write beside an owner that came since.
    if (purpose != Purpose::read && !list_.isWaitedFor(columns)) owners_.forgetNobody(columns);
    // Someone may take or leave the partition between the look and the request: look once more, then say so.
    constexpr int lastAttempt = 2;
    for (int attempt = 0; attempt <= lastAttempt; attempt++) {
        const bool last = attempt == lastAttempt;
        auto found = list_.stateOf(node, columns, visit.asking);
        if (!found) return found.later();
        const bool free = !found->entry.inUse;
        auto opened = free ? lease(node, std::move(*found), visit, needed, last)
                           : beside(node, std::move(*found), purpose, visit, last);
        if (!opened) return opened.later();
        if (*opened) return std::move(**opened);
    }
    // The search before the request found no process: who has it by now?
    const auto by = list_.stateOf(node, columns, visit.asking);
    if (!by) return by.later();
    throw CoreError("busy", "AIE_REQUEST_PART: busy", EBUSY, ownerFacts(*by));
}

Access::Attempt Access::lease(const NodeFd& node, PartitionState state, Visit& visit,
                              const std::optional<ColumnRange>& needed, bool last) {
    const ColumnRange columns = state.entry.columns;
    const auto free = giveWay(state, visit);
    if (!free) return free.later();
    if (!*free) return std::optional(Opened{nullptr, std::move(state), nullptr, nullptr});
    kernel_.newLogLines(); // earlier lines are not about this lease
    // The driver's lock is taken, as by an enquiry: who has another partition must not be the last to close it.
    auto kept = owners_.keepOpen();
    if (!kept) return kept.later();
    auto end =
        std::make_unique<LeaseEnd>(*this, columns); // from here on we had the partition, even if a later step fails
    const auto begun = kernel_.clock();
    const bool part = needed && node_.facts().dynamic && inside(*needed, columns);
    auto requested = request(node, part ? node_.freeEntry(*needed) : state.entry, last);
    if (!requested) return requested.later();
    kept->clear();
    if (!visit.begun) visit.begun = begun;
    if (*requested && (*requested)->layout().map == nullptr) {
        // The first lease learns the array; a second one knows its registers.
        node_.learn(**requested, state.entry);
        requested->reset();
        if (state.entry.numRows == 0) state.entry = node_.freeEntry(columns);
        requested = request(node, state.entry, last);
        if (!requested) return requested.later();
    }
    std::unique_ptr<Lease> lease = std::move(*requested);
    if (!lease) {
        end->dismiss();
        return std::optional<Opened>();
    }
    PartitionState now = begin(*lease, state.entry, visit);
    Lease* plain = lease.get();
    return std::optional(Opened{std::move(end), std::move(now), std::move(lease), plain});
}

PartitionState Access::begin(Lease& lease, const PartitionEntry& entry, const Visit& visit) {
    const Layout& layout = lease.layout();
    // The clock registers are in the shim row; where it is all there is, nothing can be gated.
    const bool tells = layout.knownRegisters && (layout.trusted || lease.positioned());
    bool gated = false;
    if (entry.startRow == 0 && entry.numRows > 1 && tells) {
        const auto clocked = clockedColumn(*layout.map, lease.registers(), lease.columns(), visit.next);
        gated = !clocked.has_value();
        list_.epochs().sawClocks(entry.columns, lease.columns(), clocked);
    }
    PartitionState now = list_.judge(entry, {});
    lease.remember(refusals(lease, now.epoch));
    courtesy_.clocks(entry.columns, now.epoch, lease.columns(), gated && !now.clocksOn);
    enableClocks(lease, now);
    return now;
}

void Access::checkHands(ColumnRange columns) {
    owners_.forgetNobody(columns);
    const Hands now = judgeOccupants(kernel_, columns, owners_.occupants(columns).occupants).hands;
    if (list_.epochs().knows(columns, now)) return;
    throw CoreError("busy", columnsText(columns) + " changed hands meanwhile", EBUSY, columnFacts(columns));
}

Access::Attempt Access::beside(const NodeFd& node, PartitionState state, Purpose purpose, Visit& visit, bool last) {
    const ColumnRange columns = state.entry.columns;
    if (purpose == Purpose::write && !state.ownerGone) {
        throw CoreError("locked", "another process owns " + columnsText(columns), 0, ownerFacts(state));
    }
    const bool writes = purpose != Purpose::read;
    try {
        const Layout known = node_.layout(state.entry);
        if (known.map == nullptr) {
            throw CoreError("unknown-driver", "nobody tells what array this is, and its owner may not be asked");
        }
        auto given = descriptor(node, state, visit);
        if (!given) return given.later();
        PartitionFd partition = std::move(*given);
        if (writes && node_.facts().dynamic) checkHands(columns);
        const bool positioned = isPositioned(kernel_, partition, known, node_.facts());
        BorrowedPartition::Beside beside{writes, state.occupants, state.ownerGone, {}};
        if (writes && !positioned) {
            const auto entries = list_.enquire(node);
            if (!entries) return entries.later();
            for (const PartitionEntry& one : *entries) {
                if (one.inUse && one.columns != columns) beside.others.push_back({one, node_.layout(one)});
            }
        }
        auto borrowed = std::make_unique<BorrowedPartition>(kernel_, std::move(partition), state.entry, known,
                                                            positioned, std::move(beside));
        borrowed->remember(refusals(*borrowed, state.epoch));
        return std::optional(Opened{nullptr, std::move(state), std::move(borrowed), nullptr});
    } catch (const CoreError& failure) {
        // The process that was found is gone. Where none was found, a new search finds none either.
        const bool gone = failure.code() == "owner-hidden" && !state.occupants.empty();
        if ((!gone && failure.code() != "busy") || last) throw;
        owners_.forget(columns);
        return std::optional<Opened>();
    }
}

OrLater<std::vector<MemoryState>> Access::open(ColumnRange columns, bool allowUnknown, Visit& visit) {
    list_.setOpening(std::nullopt);
    // The memories are the same whether tiles are clocked or not.
    if (visit.asking == Asking::look) visit.asking = Asking::person;
    try {
        auto memories = openMemories(columns, allowUnknown, visit);
        if (memories) list_.pickOpening();
        list_.setOpening(std::nullopt);
        return memories;
    } catch (...) {
        list_.setOpening(std::nullopt);
        throw;
    }
}

OrLater<std::vector<MemoryState>> Access::openMemories(ColumnRange columns, bool allowUnknown, Visit& visit) {
    {
        const NodeFd node = node_.open();
        if (!allowUnknown && node_.facts().family == Family::unknown) {
            throw CoreError("unknown-driver", "this is no driver and generation that this version knows");
        }
        if (node_.facts().dynamic && !list_.isPicked(columns)) {
            const auto entries = list_.enquire(node);
            if (!entries) return entries.later();
            const bool listed = std::any_of(entries->begin(), entries->end(),
                                            [&](const PartitionEntry& one) { return one.columns == columns; });
            if (const auto free = list_.checkFree(node, *entries, columns, visit.asking); !free) return free.later();
            if (!listed) list_.setOpening(columns);
        }
        const auto found = list_.stateOf(node, columns, visit.asking);
        if (!found) return found.later();
        const PartitionEntry& entry = found->entry;
        const Layout known = node_.layout(entry);
        // Without the shim row there is no clock register to start from, and no safe way to a tile.
        const bool tiles =
            entry.startRow == 0 && (known.map == nullptr || !memoriesOf(*known.map, known.shape, columns).empty());
        if (!tiles) {
            throw CoreError("no-memory-types", columnsText(columns) + " have no tile memory", 0, columnFacts(columns));
        }
        // A free partition is not leased for a layout that is known.
        if (!entry.inUse && known.map != nullptr && known.trusted && known.knownRegisters) {
            std::vector<MemoryState> memories;
            for (const MemoryGeometry& one : memoriesOf(*known.map, known.shape, columns)) {
                memories.push_back({one, true});
            }
            return memories;
        }
    }
    const bool oneIsEnough = divisible(columns, MemoryType::data).has_value();
    const auto way = openWay(columns, Purpose::read, visit,
                             oneIsEnough ? std::optional(ColumnRange{columns.startCol, 1}) : std::nullopt);
    if (!way) return way.later();
    return memories(*way);
}

std::vector<MemoryState> Access::memories(const Opened& opened) const {
    const ColumnRange columns = opened.state.entry.columns;
    const Layout& known = opened.access->layout();
    const bool reachable = opened.access->positioned() || (known.trusted && known.knownRegisters);
    if (!reachable) {
        throw CoreError("unknown-driver",
                        "this driver has no pread: there is no way to its memory that it checks itself");
    }
    const bool writable = opened.access->abilities().writable;
    std::vector<MemoryState> memories;
    if (opened.lease != nullptr && !opened.lease->largePages() && !opened.lease->positioned()) {
        for (const MemoryGeometry& one : opened.lease->memories()) memories.push_back({one, writable});
        if (memories.empty()) {
            throw CoreError("unknown-driver", "AIE_GET_MEM describes no memory that this version knows");
        }
        return memories;
    }
    // Nothing describes the memories here: the family's geometry is taken, once a shim register answers at its place.
    uint32_t word = 0;
    if (opened.access->registers().read({columns.startCol, 0}, known.map->columnClock, {&word, 1}) != Reason::none) {
        throw CoreError("unknown-driver", "no register answers at the shim's clock control");
    }
    for (const MemoryGeometry& one : memoriesOf(*known.map, known.shape, columns)) {
        memories.push_back({one, writable});
    }
    return memories;
}

OrLater<bool> Access::setClocks(ColumnRange columns, bool on, Visit& visit) {
    if (!on) {
        list_.setClocks(columns, std::nullopt);
        return false;
    }
    const auto way = openWay(columns, Purpose::write, visit);
    if (!way) return way.later();
    const Opened& opened = *way;
    if (opened.lease == nullptr) {
        throw CoreError("locked", columnsText(columns) + " are in use", 0, ownerFacts(opened.state));
    }
    const Layout& known = opened.access->layout();
    if (!known.trusted || !known.knownRegisters) {
        throw CoreError("unknown-driver", "the clocks of an unknown driver are left alone");
    }
    PartitionState wanted = opened.state;
    wanted.clocksOn = true;
    enableClocks(*opened.lease, wanted);
    for (uint32_t col = columns.startCol; col < columns.startCol + columns.numCols; col++) {
        for (uint32_t row = 1; row < wanted.entry.numRows; row++) {
            if (opened.access->clocks({col, row}) != Reason::none) return false;
        }
    }
    list_.setClocks(columns, opened.state.epoch);
    courtesy_.clocks(columns, opened.state.epoch, columns, false);
    return true;
}

void Access::askZocl(int render, const PartitionEntry& entry) {
    const ColumnRange columns = entry.columns;
    askedZocl_ = true;
    std::vector<uint32_t> ids{entry.id};
    if (entry.id != 1) ids.push_back(1);
    int failure = EINVAL;
    const bool withContext = zoclHasContext(kernel_);
    for (const uint32_t id : ids) {
        const int given = kernel_.zoclDescriptor(render, id, withContext);
        if (given < 0) {
            failure = -given;
            continue;
        }
        UniqueFd partition(kernel_, given);
        if (!isPartition(kernel_, given, columns)) {
            throw CoreError("kernel-held", "zocl gave a descriptor of another partition", 0, columnFacts(columns));
        }
        kernelDescriptor_.emplace(columns, PartitionFd(std::move(partition)));
        return;
    }
    throw CoreError("kernel-held", "DRM_IOCTL_ZOCL_AIE_FD: " + errnoName(failure), failure, columnFacts(columns));
}

DoneOrLater Access::takeKernelDescriptor(ColumnRange columns) {
    const auto found = list_.stateOf(node_.open(), columns, Asking::person);
    if (!found) return found.later();
    const PartitionState& state = *found;
    if (kernelDescriptor_ && kernelDescriptor_->first == columns) return Done{};
    if (!state.owner || state.owner->kind != OwnerKind::kernel) {
        throw CoreError("no-partition", columnsText(columns) + " are not held by the kernel", 0, columnFacts(columns));
    }
    if (askedZocl_) {
        throw CoreError("kernel-held", "zocl was asked once already; it never counts what it gave as given back", 0,
                        columnFacts(columns));
    }
    const std::string folder = "/dev/dri";
    int error = 0;
    auto names = kernel_.list(folder, error);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        if (!name.starts_with("renderD")) continue;
        const int fd = kernel_.openRenderNode(folder + "/" + name);
        if (fd < 0) continue;
        const UniqueFd render(kernel_, fd);
        if (kernel_.renderDriver(render.get()) != "zocl") continue;
        askZocl(render.get(), state.entry);
        return Done{};
    }
    throw CoreError("kernel-held", "no DRM node of zocl can be opened", 0, columnFacts(columns));
}

DoneOrLater Access::borrow(ColumnRange columns, Visit& visit,
                           const std::function<void(const PartitionState&, int partition)>& act) {
    visit.besideOnly = true;
    try {
        const auto opened = openWay(columns, Purpose::read, visit);
        if (!opened) return opened.later();
        act(opened->state, opened->access->partition().get());
        return Done{};
    } catch (const CoreError& failure) {
        if (failure.code() != "not-asked") throw;
        throw CoreError("hold-failed", columnsText(columns) + " are free: there is nothing to hold", 0,
                        columnFacts(columns));
    }
}

} // namespace tilescope
