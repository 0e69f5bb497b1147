/**
 * The operations of docs/wire.md on one device node, without a carrier. Everything runs on one thread and nothing is
 * held between two calls: long reads and writes are jobs whose steps take a lease of at most 20 ms each. All but
 * familyFindings() may throw NotYet.
 */
#pragma once
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "epoch.h"
#include "lease.h"
#include "write_pass.h"

namespace tilescope {

constexpr int protocolVersion = 1;
/** Ranges of a read, and words of one frame of a write. */
constexpr size_t mostRanges = 4096;
/** Words of one write request, all frames together. */
constexpr size_t mostWords = size_t{1} << 20U;
/** How long one step works under its lease; taking and giving back the lease brings it to 20 ms at most. */
constexpr std::chrono::milliseconds sliceTime{16};

/**
 * Not an error: a partition is in use, for too short a time yet to tell an owner from another program's short access.
 * The same step again, after other work, gets further. Thrown before anything was done or taken.
 */
struct NotYet {};

struct Owner {
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
    std::optional<Owner> owner;
    /** The processes to borrow from, oldest first. */
    std::vector<Holder> holders;
};

struct Description {
    std::string device;
    /** `linux-2020` or `unknown`. */
    std::string family;
    /** `aie` or `unknown`. */
    std::string generation;
    std::vector<std::string> findings;
    std::vector<PartitionState> partitions;
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
};

struct WriteRequest {
    ColumnRange columns;
    MemoryType memory = MemoryType::data;
    std::string epoch;
    bool force = false;
    std::vector<uint32_t> openTiles;
    std::vector<Word> words;
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
    explicit ReadJob(ReadRequest request) : request_(std::move(request)) {}
    /** Reads for at most one slice. True when finished. Throws CoreError. */
    bool step(Engine& engine, ReadSink& sink);
    /** After the last step. */
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    /** Board clock of the last byte, ms. */
    [[nodiscard]] int64_t at() const { return at_; }

  private:
    bool advance(Engine& engine, ReadSink& sink, PartitionAccess& access, const MemoryGeometry& geometry);
    void skip(ReadSink& sink, uint64_t length, Reason reason);
    void rest(ReadSink& sink);

    ReadRequest request_;
    std::string epoch_;
    size_t range_ = 0;
    uint64_t done_ = 0;
    int64_t at_ = 0;
};

/** A write under way. */
class WriteJob {
  public:
    explicit WriteJob(WriteRequest request) : request_(std::move(request)) {}
    /**
     * Writes for at most one slice and appends the outcomes. True when finished. Throws CoreError while nothing was
     * written; after that, whatever fails makes the rest `refused` with not-read, so that no outcome is lost.
     */
    bool step(Engine& engine, std::vector<WordOutcome>& outcomes);
    [[nodiscard]] const std::string& epoch() const { return epoch_; }
    [[nodiscard]] int64_t at() const { return at_; }

  private:
    bool advance(Engine& engine, std::vector<WordOutcome>& outcomes);

    WriteRequest request_;
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
    /** Opens the node, sysfs, device tree and ENQUIRE only. Throws `no-device`, `permission`, `driver`. */
    Description describe();
    std::vector<PartitionState> partitions();
    /**
     * The list, if it differs from the one that partitions(), describe() or poll() gave last. Empty when the node is
     * gone; other failures are thrown.
     */
    std::optional<std::vector<PartitionState>> poll();
    /** The first mapping of a partition: its memory types. */
    std::vector<MemoryState> open(ColumnRange columns, bool allowUnknown);

  private:
    friend class ReadJob;
    friend class WriteJob;
    struct Watch {
        std::chrono::steady_clock::duration time{0};
        int looks = 0;
    };
    struct Opened {
        PartitionState state;
        std::unique_ptr<PartitionAccess> access;
        /** The same object, where it is a lease of ours. */
        Lease* lease = nullptr;
    };

    UniqueFd openNode();
    std::vector<PartitionEntry> enquire(int device, std::vector<std::string>* findings = nullptr);
    /** The entry with its holders and the life of its contents: notes who holds it now. */
    PartitionState look(const PartitionEntry& entry, std::vector<Holder> holders);
    /** Holders of a partition in use: the remembered one if it still holds it, else a new search. */
    std::vector<Holder> holders(ColumnRange columns);
    /**
     * A partition by its columns. A new holder counts once it was there at every look for 50 ms: whoever lets go
     * sooner, under whatever name, was another access like ours. Waits 8 ms at most. Throws `no-partition`, NotYet.
     */
    PartitionState find(int device, ColumnRange columns);
    /** The way to a partition's bytes at present; `expected`: the epoch that must still be (empty: any). */
    Opened enter(ColumnRange columns, bool forWriting);
    MemoryGeometry geometry(const PartitionEntry& entry, MemoryType type) const;
    [[nodiscard]] std::string familyFindings(std::vector<std::string>& findings);

    Kernel& kernel_;
    std::string device_;
    Machine machine_;
    Epochs epochs_;
    std::vector<std::pair<ColumnRange, std::vector<Holder>>> remembered_;
    /** By column and width: how long, and at how many looks, a new holder was there without a gap. */
    std::map<std::pair<uint32_t, uint32_t>, Watch> watches_;
    std::string lastList_;
    std::atomic<bool> hurry_{false};
};

} // namespace tilescope
