/**
 * The operations of docs/wire.md on one device node, without a carrier. Everything runs on one thread. Between two calls
 * nothing of a partition is held (but the kernel's descriptor that a person asked for), only pidfds of owners: long
 * reads and writes are jobs whose steps take a short lease each, when courtesy.h allows it. Whatever looks at partitions
 * may have to be asked again later: a partition is in use, for too short a time yet to tell an owner from another
 * program's short access, or somebody is waited for.
 */
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "courtesy.h"
#include "driver.h"
#include "epoch.h"
#include "hold.h"
#include "lease.h"
#include "progress.h"
#include "write_pass.h"

namespace tilescope {

constexpr int protocolVersion = 2;
/** Ranges of a read, and words of one frame of a write. */
constexpr size_t mostRanges = 4096;
/** Words of one write request, all frames together. */
constexpr size_t mostWords = size_t{1} << 20U;
/** How long one step of a write or of *Read Fast* works under its lease, beside taking it and giving it back. */
constexpr std::chrono::milliseconds sliceTime{16};
/** How long one step reads through a duplicate of an owner's descriptor: an owner that ends meanwhile still has it open. */
constexpr std::chrono::milliseconds borrowTime{1};

/** Columns that an array could have. Throws `out-of-range` for others: no sum of a range's numbers overflows behind it. */
ColumnRange checkedColumns(ColumnRange columns);

/** `kernel`: everything that could hold it was looked at, nothing does. `hidden`: not everything could be looked at. */
enum class OwnerKind : uint8_t { process, kernel, hidden };

/** Somebody's request for a partition was refused while a lease of ours had it. */
struct RefusedStart {
    ColumnRange columns;
    /** Who that may have been: a process that has the node open; empty where none was found. */
    int64_t pid = 0;
    std::string command;
};

/** The wire's word. */
std::string_view ownerKindName(OwnerKind kind);

struct Owner {
    OwnerKind kind = OwnerKind::hidden;
    /** 0 unless `process`. */
    int64_t pid = 0;
    std::string command;
    /** ms since 1970 on the board's clock; 0 if unknown. */
    int64_t startedAt = 0;
    bool operator==(const Owner&) const = default;
};

/** A partition as it stands now. */
struct PartitionState {
    PartitionEntry entry;
    std::string epoch;
    /** Nobody but a holder process being left, there is no owner. */
    std::optional<Owner> owner;
    std::optional<HolderInfo> hold;
    bool ownerGone = false;
    /** Free columns that open() was asked for, where partitions are dynamic. */
    bool picked = false;
    bool clocksOn = false;
    /** The processes to borrow from, oldest first, a holder process last. */
    std::vector<Holder> holders;
};

struct Description {
    std::string device;
    Family family = Family::unknown;
    Generation generation = Generation::unknown;
    /** Absent when nobody tells. */
    std::optional<ArrayShape> array;
    std::vector<std::string> findings;
    std::vector<PartitionState> partitions;
    /** As Engine::freeColumns(). */
    std::vector<ColumnRange> free;
};

struct MemoryState {
    MemoryGeometry geometry;
    bool writable = false;
};

struct ReadRequest {
    ColumnRange columns;
    MemoryType memory = MemoryType::data;
    std::vector<ByteRange> ranges;
    std::vector<uint32_t> openTiles;
    Asking asking = Asking::look;
};

struct WriteRequest {
    ColumnRange columns;
    MemoryType memory = MemoryType::data;
    std::string epoch;
    bool force = false;
    std::vector<uint32_t> openTiles;
    std::vector<Word> words;
    /** A person unlocked the partition of another owner. */
    bool besideOwner = false;
};

struct Span {
    uint64_t offset = 0;
    uint64_t length = 0;
    Reason reason = Reason::none;
    bool operator==(const Span&) const = default;
};

/** Where a read puts its bytes. Called under the lease: it must only hand out memory. */
class ReadSink {
  public:
    virtual ~ReadSink() = default;
    /**
     * Memory for the next bytes: buffer offset `offset`, which is `at` bytes into range number `range`. At most
     * `length` bytes, possibly fewer; empty: no room now, the step ends.
     */
    virtual std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) = 0;
    /** The first `length` bytes of the last room were filled. */
    virtual void filled(uint64_t length) = 0;
    /** A run of an asked range that holds no bytes, with the reason. Adjacent runs may come separately. */
    virtual void unreadable(const Span& span) = 0;
};

class Engine;

/** A read under way. */
class ReadJob {
  public:
    explicit ReadJob(ReadRequest request) : request_(std::move(request)), visit_{request_.asking} {}
    /**
     * Reads for at most one slice. Throws CoreError in the first slice; after that, whatever fails makes the rest
     * not-read, so that what was read stays.
     */
    Progress step(Engine& engine, ReadSink& sink);
    /** After the last step. */
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** Board clock of the last byte, ms. */
    [[nodiscard]] int64_t at() const { return at_; }
    /** It ended early, because somebody opened the device node. */
    [[nodiscard]] bool gaveWay() const { return gaveWay_; }

  private:
    Progress slice(Engine& engine, ReadSink& sink);
    void begin(const MemoryGeometry& geometry, const std::string& epoch);
    bool advance(Engine& engine, ReadSink& sink, PartitionAccess& access, const MemoryGeometry& geometry,
                 std::chrono::steady_clock::duration atMost);
    void skip(ReadSink& sink, uint64_t length, Reason reason);
    void rest(ReadSink& sink, Reason reason);

    ReadRequest request_;
    Visit visit_;
    std::string epoch_;
    size_t range_ = 0;
    uint64_t done_ = 0;
    int64_t at_ = 0;
    bool gaveWay_ = false;
};

/** A write under way. */
class WriteJob {
  public:
    explicit WriteJob(WriteRequest request) : request_(std::move(request)) {}
    /**
     * Writes for at most one slice and appends the outcomes. Throws CoreError while nothing was written; after that,
     * whatever fails makes the rest `refused` with not-read, so that no outcome is lost.
     */
    Progress step(Engine& engine, std::vector<WordOutcome>& outcomes);
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    [[nodiscard]] int64_t at() const { return at_; }

  private:
    Progress advance(Engine& engine, std::vector<WordOutcome>& outcomes);

    WriteRequest request_;
    Visit visit_{Asking::person, true};
    std::string epoch_;
    size_t next_ = 0;
    int64_t at_ = 0;
};

/** One device node. */
class Engine {
  public:
    Engine(Kernel& kernel, std::string device);

    [[nodiscard]] const Machine& machine() const { return machine_; }
    [[nodiscard]] const std::string& device() const { return device_; }
    [[nodiscard]] int64_t now() { return kernel_.now(); }
    /** Something urgent waits: a running step ends at its next piece (16 KiB, one tile). Any thread. */
    void hurry(bool on) { hurry_.store(on, std::memory_order_relaxed); }
    [[nodiscard]] bool hurried() const { return hurry_.load(std::memory_order_relaxed); }
    /** Opens the node, sysfs, device tree and ENQUIRE only. Throws `no-device`, `other-device`, `permission`, `driver`. */
    OrLater<Description> describe();
    OrLater<std::vector<PartitionState>> partitions();
    /** One of partitions(). Throws `no-partition`. */
    OrLater<PartitionState> state(ColumnRange columns, Asking asking = Asking::person);
    /**
     * The list, if it or freeColumns() differs from what describe() or poll() gave last: what partitions() gave may have
     * been an answer that nobody waited for any more. Empty when the node is gone; other failures are thrown.
     */
    OrLater<std::optional<std::vector<PartitionState>>> poll();
    /**
     * Where partitions are dynamic: the maximal runs of columns that nobody else uses, as of the last list. Columns that
     * were picked count as free. Else empty.
     */
    [[nodiscard]] const std::vector<ColumnRange>& freeColumns() const { return free_; }
    /** What is known of driver and array; describe() looks again. */
    [[nodiscard]] const DriverFacts& facts() const { return facts_; }
    /**
     * Its memory types. Picks free columns where partitions are dynamic. Free columns of a known array are not taken for
     * it: they follow from generation and rows.
     */
    OrLater<std::vector<MemoryState>> open(ColumnRange columns, bool allowUnknown, Visit& visit);
    /**
     * Whether gated tiles of a free partition are clocked during each lease from now on. False after `on`: the driver
     * ignored it. Throws `locked` for a partition in use.
     */
    OrLater<bool> setClocks(ColumnRange columns, bool on, Visit& visit);
    /**
     * Gets a descriptor of a partition that the kernel's own client (zocl) holds, and keeps it as long as this engine
     * lives. The request goes out at most once in that time: zocl never counts the descriptor as given back. Throws
     * `kernel-held` when it gives none.
     */
    DoneOrLater takeKernelDescriptor(ColumnRange columns);
    /**
     * Opens the way that reading uses at present for one short access. `act` must not keep anything of it, and takes no
     * longer than it is told; it gets null where all tiles of free columns stay gated. Throws `not-asked` for free
     * columns.
     * @param needed the columns that `act` looks at; all of them without it
     */
    DoneOrLater inspect(ColumnRange columns, Visit& visit,
                        const std::function<void(const PartitionState&, PartitionAccess*,
                                                 std::chrono::steady_clock::duration atMost)>& act,
                        const std::optional<ColumnRange>& needed = std::nullopt);
    /** A request goes on after its first lease of free columns, or had to: it is a long one. */
    void wasLong(ColumnRange columns, const Visit& visit) {
        if (visit.begun) courtesy_.wasLong(columns);
    }
    /** Starts that were refused because of us since this was last asked; only where the kernel's log may be read. */
    std::vector<RefusedStart> takeRefusedStarts() { return std::exchange(refusedStarts_, {}); }
    /**
     * The same way as inspect() to a partition in use, for its descriptor alone; it stays the engine's. Throws
     * `hold-failed` for a free partition.
     */
    DoneOrLater borrow(ColumnRange columns, Visit& visit,
                       const std::function<void(const PartitionState&, int partition)>& act);
    [[nodiscard]] Kernel& kernel() { return kernel_; }
    [[nodiscard]] Generation generation() const { return facts_.generation; }
    /** Rows of the array; all empty when nobody tells. */
    [[nodiscard]] ArrayShape shape() const;
    /** Throws `unknown-driver` for a generation without one. */
    [[nodiscard]] const ArrayMap& map() const;
    /** Forgets who was seen holding what: the next look searches again. After a holder was started or ended. */
    void forgetHolders() { remembered_.clear(); }

  private:
    friend class ReadJob;
    friend class WriteJob;
    struct Watch {
        /** Who held it at the first look. */
        HolderSearch seen;
        std::chrono::steady_clock::duration time{0};
        int looks = 0;
        /** Searches after that time that found nobody, as the first one did. */
        int searches = 0;
    };
    /** Who was found holding a partition, and whether everything could be looked at. */
    struct Remembered {
        ColumnRange columns;
        HolderSearch search;
        /** When it was found; where nobody was, it counts for the time between two looks at the list. */
        std::chrono::steady_clock::time_point at;
        /** A pidfd of the first holder: keeps its number from being given to another one, and nothing that it has open. */
        UniqueFd process;
        /** There is none, or nothing can be duplicated through it. */
        bool refused = false;
        /** What was known of the partition when the life of its contents was last named, and whose it was. */
        std::optional<PartitionState> state;
        Hands hands;
    };
    /** See presume(). `holder`: who was just seen with the columns that were asked about; null for nobody. */
    struct Presumed {
        std::vector<PartitionEntry> entries;
        const Remembered* holder = nullptr;
    };
    /** Who was found having a partition's file mapped without a descriptor of it, and when all were looked at. */
    struct Mapped {
        std::chrono::steady_clock::time_point at;
        std::vector<Holder> found;
    };
    enum class Purpose : uint8_t { read, write, writeBeside };
    /** Notes, as it ends, for how long a lease had a partition, and whose start was refused meanwhile. */
    class LeaseEnd {
      public:
        LeaseEnd(Engine& engine, ColumnRange columns)
            : engine_(&engine), columns_(columns), from_(engine.kernel_.clock()) {}
        LeaseEnd(LeaseEnd&& other) noexcept
            : engine_(std::exchange(other.engine_, nullptr)), columns_(other.columns_), from_(other.from_) {}
        LeaseEnd(const LeaseEnd&) = delete;
        LeaseEnd& operator=(const LeaseEnd&) = delete;
        LeaseEnd& operator=(LeaseEnd&&) = delete;
        ~LeaseEnd();
        /** We never had it. */
        void dismiss() { engine_ = nullptr; }

      private:
        Engine* engine_;
        ColumnRange columns_;
        std::chrono::steady_clock::time_point from_;
    };
    struct Opened {
        /** The first member, so the last one to go. */
        std::optional<LeaseEnd> end;
        PartitionState state;
        /**
         * Null: all tiles of these free columns were gated when they were last looked at, and nobody asked to look again.
         * For `Asking::look` only.
         */
        std::unique_ptr<PartitionAccess> access;
        /** The same object, where it is a lease of ours. */
        Lease* lease = nullptr;
    };
    NodeFd openNode();
    /** The driver's facts: looked for once, and again when the node is another one. */
    void know(const NodeFd& node, std::vector<std::string>* findings);
    /**
     * Partitions in use, and free ones where they are static; checked. The driver's lock is taken for it, and an owner
     * that is killed in that moment leaves it taken for ever: so everybody who is seen with a partition is found before,
     * and duplicates are kept meanwhile. Later while somebody is starting (2 s at most) or ending (100 ms).
     */
    OrLater<std::vector<PartitionEntry>> enquire(const NodeFd& node, std::vector<std::string>* findings = nullptr);
    /**
     * Where partitions are dynamic: whether anything can have changed since the last list, by names in sysfs, the node's
     * identity and the owners' links. Asks the driver nothing.
     */
    bool isQuiet();
    /** The list with picked columns; drops picks that somebody took, sets the free columns. */
    OrLater<std::vector<PartitionState>> list(const NodeFd& node, std::vector<std::string>* findings = nullptr);
    /** The same from what an enquiry listed; the node is asked again only about hands that are not known. */
    OrLater<std::vector<PartitionState>> listOf(const NodeFd& node, const std::vector<PartitionEntry>& entries);
    /**
     * What an enquiry would list, as far as it concerns these columns. Whom we see with them has them; the driver is asked
     * where nobody is seen; for what nobody asked for, and without a node, not while the last list is fresh.
     */
    OrLater<Presumed> presume(const NodeFd& node, ColumnRange columns, Asking asking);
    /** Whether the last enquiry is new enough for what nobody asked for. */
    [[nodiscard]] bool isListFresh();
    /** Finds everybody who came to have a partition since the last look of this kind. Later as enquire(). */
    DoneOrLater survey();
    /** Later, in a moment, unless `since`, set at the first call, is too long ago. */
    DoneOrLater waitFor(std::optional<std::chrono::steady_clock::time_point>& since,
                        std::chrono::steady_clock::duration longest);
    /** Whether somebody else was seen to open the device node since then. */
    bool openedSince(std::chrono::steady_clock::time_point time);
    /** Names of the driver's devices, as they are now. */
    std::vector<std::string> deviceNames();
    /** The entry with its holders and the life of its contents: notes who holds it now. */
    PartitionState look(const PartitionEntry& entry, HolderSearch search);
    /**
     * Holders of a partition in use: the remembered ones if they still hold it (nobody: for 500 ms), else a new search,
     * which may take tens of milliseconds.
     */
    HolderSearch holders(ColumnRange columns);
    /** Remembers what a search found, holder processes behind applications, and answers with it. */
    HolderSearch remember(ColumnRange columns, HolderSearch search);
    /** What is remembered of these columns; null for nothing. */
    Remembered* remembered(ColumnRange columns);
    /** Where no application has a descriptor: who has it mapped. All processes are looked at every 5 s at most. */
    std::vector<Holder> mappersOf(ColumnRange columns);
    /** Whether the first holder that was found still has the partition open. */
    bool isStill(const Remembered& known);
    /** Opens the pidfd of the first holder. */
    void pin(Remembered& known);
    /** The partition is free: who had it is still the one to look at first, but nothing of it is kept open. */
    void letGo(ColumnRange columns);
    /** The next look at these columns searches again. */
    void forget(ColumnRange columns);
    /** Forgets what is remembered where a holder process came or went. */
    void noticeHolds();
    /**
     * A partition by its columns. A new holder counts once it was there at every look for 50 ms: whoever lets go
     * sooner, under whatever name, was another access like ours. Looks for 8 ms at most at a time. Throws
     * `no-partition`, `columns-taken`.
     * @param listed the answer to an enquiry of this moment, else presume() answers
     */
    OrLater<PartitionState> find(const NodeFd& node, ColumnRange columns, Asking asking,
                                 const std::vector<PartitionEntry>* listed = nullptr);
    /** The entry of columns that are free on a driver with dynamic partitions. */
    [[nodiscard]] PartitionEntry freeEntry(ColumnRange columns) const;
    /** Throws `columns-taken` when a partition in use overlaps these columns, `no-partition` when the array has no such. */
    DoneOrLater checkFree(const NodeFd& node, const std::vector<PartitionEntry>& entries, ColumnRange columns,
                          Asking asking);
    /** Whether these free columns were opened here, or are being opened. */
    [[nodiscard]] bool isPicked(ColumnRange columns) const;
    /** What open() does once; sets `opening_` where that picks columns. */
    OrLater<std::vector<MemoryState>> openMemories(ColumnRange columns, bool allowUnknown, Visit& visit);
    /**
     * The way to a partition's bytes at present.
     * @param needed of a partition that is made by the request, a lease has these columns only
     */
    OrLater<Opened> enter(ColumnRange columns, Purpose purpose, Visit& visit,
                          const std::optional<ColumnRange>& needed = std::nullopt);
    /** Where a partition is made by a request, and its layout known: the layout of one memory. */
    [[nodiscard]] std::optional<MemoryGeometry> divisible(ColumnRange columns, MemoryType type) const;
    /** How long one step may work under what enter() opened. */
    [[nodiscard]] static std::chrono::steady_clock::duration stepTime(const Opened& opened, const Visit& visit);
    /**
     * The same for reading beside an owner that was found before, in few calls: a duplicate of its descriptor, taken
     * through its pidfd and verified, says by itself that this owner is there and has this partition. Empty: not so, or
     * not known; enter() then finds out.
     */
    std::optional<Opened> again(ColumnRange columns);
    /**
     * Before a lease of free columns: true when it may be taken now, false where their tiles stay gated. Throws
     * `not-asked`, `gave-way`.
     */
    OrLater<bool> giveWay(const PartitionState& state, Visit& visit);
    /** At `until`, or in 50 ms, to look what has become of it. */
    Later waitUntil(std::chrono::steady_clock::time_point until);
    /** What the kernel's log says since the lease of these columns began. */
    void noticeRefusedStarts(ColumnRange columns);
    /** A lease; null when somebody else was faster, or may have been and this is not the last try. */
    OrLater<std::unique_ptr<Lease>> request(const NodeFd& node, const PartitionEntry& entry, bool last);
    /**
     * A duplicate of a descriptor of a partition in use: of a process that was found; else, for somebody who asks, from
     * the driver's list, once the hands have been the same for 2 s. That request oopses shipped kernels when it meets a
     * last close.
     */
    OrLater<PartitionFd> descriptor(const NodeFd& node, const PartitionState& state, Visit& visit);
    /**
     * Duplicates of the descriptors of owners that are known, where they can be had. Later while one of them is ending:
     * it lets go before it is dead.
     */
    OrLater<std::vector<UniqueFd>> keepOpen();
    /** What an access to this partition must know of the array. */
    [[nodiscard]] Layout layout(const PartitionEntry& entry) const;
    /** Learns generation and rows from the driver's descriptions, where nobody else named them. */
    void learn(const Lease& lease, const PartitionEntry& entry);
    /** What the driver refuses wrongly of partitions that begin at a column, in this life. */
    Refusals& refusals(const PartitionAccess& access, const std::string& epoch);
    /** Clocks the gated tiles of a lease, where a person enabled that. */
    void enableClocks(Lease& lease, const PartitionState& state);
    [[nodiscard]] MemoryGeometry geometry(const Opened& opened, MemoryType type) const;
    /** The same without asking the driver. Throws `no-memory-types`, `unknown-driver`. */
    [[nodiscard]] MemoryGeometry geometry(const PartitionEntry& entry, MemoryType type) const;

    Kernel& kernel_;
    std::string device_;
    Machine machine_;
    Epochs epochs_;
    DriverFacts facts_;
    /** Generation whose memories the unnamed or unknown one's look like. */
    Generation resembles_ = Generation::unknown;
    std::optional<FileIdentity> node_;
    std::vector<Remembered> remembered_;
    /** By column and width: how long, and at how many looks, a new holder was there without a gap. */
    std::map<std::pair<uint32_t, uint32_t>, Watch> watches_;
    Courtesy courtesy_;
    /** By first column, which is what the driver's notes go wrong by: the life in which it refused tiles, and these. */
    std::map<uint32_t, std::pair<std::string, Refusals>> refusals_;
    std::vector<RefusedStart> refusedStarts_;
    /** By column and width: the life of a partition in use, and when this core first saw it. */
    std::map<std::pair<uint32_t, uint32_t>, std::pair<std::string, std::chrono::steady_clock::time_point>> since_;
    /** By column and width. */
    std::map<std::pair<uint32_t, uint32_t>, Mapped> mapped_;
    std::vector<ColumnRange> picked_;
    /** Columns that become a pick when they could be opened. */
    std::optional<ColumnRange> opening_;
    std::vector<ColumnRange> free_;
    std::vector<int64_t> holds_;
    /** Processes by number, and at how many further looks each is asked for its name: a holder takes it after its start. */
    std::map<int64_t, int> processes_;
    /** The number that was given last at the last look; empty when nobody says. */
    std::optional<int64_t> lastPid_;
    /** By column and width: the epoch in which a person enabled the clocks. */
    std::map<std::pair<uint32_t, uint32_t>, std::string> clocks_;
    bool askedZocl_ = false;
    std::optional<std::pair<ColumnRange, PartitionFd>> kernelDescriptor_;
    std::string lastList_;
    /** What the last enquiry listed, and when. */
    std::vector<PartitionEntry> listed_;
    std::optional<std::chrono::steady_clock::time_point> enquired_;
    /** The last look for everybody who has a partition: as Survey has it. */
    struct Surveyed {
        std::chrono::steady_clock::time_point at;
        std::optional<int64_t> lastPid;
        std::set<int64_t> others;
        std::map<int64_t, bool> openers;
    };
    std::optional<Surveyed> surveyed_;
    /** Who has the node open for long, and no partition. */
    std::set<int64_t> idle_;
    /** Since when somebody is waited for who starts, and who ends. */
    std::optional<std::chrono::steady_clock::time_point> unsettled_;
    std::optional<std::chrono::steady_clock::time_point> ending_;
    /** Names of the driver's devices right before the last list; empty: the list was not finished. */
    std::vector<std::string> names_;
    std::atomic<bool> hurry_{false};
};

} // namespace tilescope
