/**
 * A pretend kernel for tests: partitions, descriptors and processes in memory;
 * tile memories in files without a name, seen through real mappings, so that
 * the guarded loops run. A gated tile's file is empty: touching it is a bus
 * error. What no core may do throws std::logic_error: in a destructor that ends
 * the tests.
 */
#pragma once
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

#include "geometry.h"
#include "kernel.h"

namespace tilescope {

/** The first generation, as the fake kernel has it unless told otherwise. */
inline const ArrayMap& aieMap() {
    return *mapOf(Generation::aie);
}
/** Rows of an array of the first generation with `rows` rows. */
inline ArrayShape aieShape(uint32_t rows) {
    return {0, {0, 1}, {}, {1, rows - 1}};
}
/** Memories of a partition of the first generation with `rows` rows, the shim row included. */
inline std::vector<MemoryGeometry> aieMemories(ColumnRange columns, uint32_t rows) {
    return memoriesOf(aieMap(), aieShape(rows), columns);
}
/**
 * What stands in a clock register while everything is clocked: of the first generation the column and the tile above;
 * of the later ones the one bit that firmware writes.
 */
inline uint32_t fakeClockOn(const ArrayMap& map) {
    return map.tileClock != 0 ? map.columnClockMask | map.nextTileClock : 1;
}

class FakeKernel final : public Kernel {
  public:
    struct Process {
        uint64_t startTicks = 1000;
        std::string command = "app";
        std::map<int, std::string> links;        // fd -> what its link names
        bool hidden = false;                     // its descriptors may not be listed
        std::map<int, std::string> infos = {};   // fd -> its fdinfo
        std::vector<std::string> arguments = {}; // the program's name first
        // fd -> the buffer behind a DMA-buf link: partition index, memory index, inode
        struct Buffer {
            size_t partition = 0;
            size_t memory = 0;
            uint64_t inode = 0;
        };
        std::map<int, Buffer> buffers = {};
        std::vector<std::string> maps = {};     // lines of its map of memory
        std::string space = "pid:[4026531836]"; // its PID namespace
        uint32_t flags = 0;                     // as its stat has them
    };
    struct Partition {
        uint32_t id = 1;
        ColumnRange columns;
        uint32_t rows = 9;
        int64_t owner = 0;     // pid, 0: free
        bool ours = false;     // requested through this kernel
        bool inKernel = false; // held by no process
    };

    /** Partitions by index, whose places stay as others come and go: descriptors point at them. */
    class PartitionList : public std::list<Partition> {
      public:
        Partition& operator[](size_t index) { return *std::next(begin(), static_cast<long>(index)); }
        const Partition& operator[](size_t index) const { return *std::next(begin(), static_cast<long>(index)); }
    };

    FakeKernel() {
        folders["/sys/module"] = {"xilinx_aie"};
        add({1, {6, 4}, 9, 0, false, false});
        add({2, {20, 2}, 5, 0, false, false});
        add({3, {30, 3}, 1, 0, false, false});
    }
    /** A driver with apertures and an array of another generation: columns 0 to 5, partitions made by requests. */
    explicit FakeKernel(Generation generation) : map(mapOf(generation)), dynamic(true) {
        shape =
            generation == Generation::aie ? ArrayShape{6, {0, 1}, {}, {1, 4}} : ArrayShape{6, {0, 1}, {1, 2}, {3, 4}};
        named = generationName(generation);
        folders["/sys/module"] = {"xilinx_aie"};
        sysfs = {"aie0", "aieaperture_0_6"};
        lengths = {40};
        positionedWorks = true;
        listWorks = true;
        makeTiles({0, shape.numCols}, shape.numRows());
    }
    ~FakeKernel() override {
        for (const auto& [place, file] : files_) ::close(file);
    }

    void add(const Partition& partition) {
        partitions.push_back(partition);
        makeTiles(partition.columns, partition.rows);
    }

    const ArrayMap* map = mapOf(Generation::aie);
    bool dynamic = false;
    /** Rows of a dynamic array. */
    ArrayShape shape;
    /** What hardware_info says; empty: there is none. */
    std::string named;
    /** Lengths of a partition request that the driver knows. */
    std::vector<uint32_t> lengths{24};
    bool positionedWorks = false;
    /** The errno that each pread answers; 0: what it would. */
    int positionedError = 0;
    /**
     * What the driver notes of a tile's clock, where that is not how the tile is; empty: it notes what is. A gated tile
     * that it takes for clocked is touched by an access, which throws.
     */
    std::function<std::optional<bool>(Tile tile)> noted;
    /** Accesses that the driver refused: each writes two lines into the kernel's log. */
    int refused = 0;
    bool listWorks = false;
    /** AIE_REQUEST_TILES clocks the tiles; false: it is taken and ignored. */
    bool tilesWork = true;
    /** AIE_RELEASE_TILES gates what it is told; false: nothing. */
    bool releaseWorks = true;
    /** AIE_RELEASE_TILES gates every column of the partition. */
    bool releasesAll = false;
    /** AIE_REG has 40 bytes. */
    bool wideRegisters = false;
    std::string renderName = "zocl";
    /** The zocl request that this driver knows has a context; ids that it takes. */
    bool zoclContext = true;
    uint32_t zoclId = 1;
    int zoclRequests = 0;
    /** Further files by path. */
    std::map<std::string, std::string> texts;
    std::map<std::string, std::vector<std::string>> folders;
    uint64_t nodeInode = 5;

    /** A word of a tile's address space, behind the core's back. */
    void poke(Tile tile, uint32_t offset, uint32_t value) {
        if (pwrite(files_.at(key(tile)), &value, 4, offset) != 4) throw std::runtime_error("poke");
    }
    uint32_t peek(Tile tile, uint32_t offset) {
        uint32_t value = 0;
        if (pread(files_.at(key(tile)), &value, 4, offset) != 4) throw std::runtime_error("peek");
        return value;
    }
    /** Stops the clock of a tile and of every tile above it, as the hardware does; of later generations, the column's. */
    void gate(Tile tile, uint32_t rows) {
        if (map->tileClock != 0) {
            poke({tile.col, tile.row - 1}, map->tileClock, map->columnClockMask);
        } else {
            poke({tile.col, 0}, map->columnClock, 0);
            tile.row = 1;
        }
        for (uint32_t row = tile.row; row < rows; row++) {
            saved_[key({tile.col, row})] = snapshot({tile.col, row});
            vanish({tile.col, row});
        }
    }
    /** The clock of a gated column runs again, with what its tiles held. */
    void ungate(uint32_t col) {
        for (auto& [place, bytes] : saved_) {
            if (place >> 8U != col) continue;
            const int file = files_.at(place);
            if (ftruncate(file, tileBytes()) != 0) throw std::runtime_error("truncate");
            for (const auto& [offset, value] : bytes) {
                if (pwrite(file, &value, 4, offset) != 4) throw std::runtime_error("restore");
            }
            if (map->tileClock != 0) poke({col, place & 0xFFU}, map->tileClock, fakeClockOn(*map));
        }
        std::erase_if(saved_, [&](const auto& one) { return one.first >> 8U == col; });
        poke({col, 0}, map->columnClock, fakeClockOn(*map));
    }
    /** Makes any touch of a tile a bus error, without a register that says so. */
    void vanish(Tile tile) {
        if (ftruncate(files_.at(key(tile)), 0) != 0) throw std::runtime_error("truncate");
    }

    /** A process takes a partition, its descriptor number 7. */
    void own(size_t partition, int64_t pid, Process process) {
        partitions[partition].owner = pid;
        const ColumnRange& columns = partitions[partition].columns;
        process.links.try_emplace(7, "anon_inode:aiepart_" + std::to_string(columns.startCol) + "_" +
                                         std::to_string(columns.numCols));
        processes[pid] = std::move(process);
    }
    void leave(size_t partition) {
        processes.erase(partitions[partition].owner);
        partitions[partition].owner = 0;
    }
    /** Descriptors that are open; a pidfd keeps nothing of its process and does not count. */
    [[nodiscard]] size_t held() const {
        return static_cast<size_t>(
            std::count_if(open_.begin(), open_.end(), [](const auto& one) { return one.second.what != "process"; }));
    }
    /** Processes of which a pidfd is open. */
    [[nodiscard]] size_t pinned() const { return open_.size() - held(); }
    /** The owner of a partition opens its memory number `memory` as a DMA-buf, descriptor `fd`. */
    void exportBuffer(int64_t pid, int fd, size_t partition, size_t memory, uint64_t inode,
                      const std::string& exporter = "xilinx_aie") {
        Process& process = processes.at(pid);
        const uint64_t bytes = memoriesOf(partitions[partition])[memory].totalBytes();
        process.links[fd] = "/dmabuf:";
        process.infos[fd] =
            "pos:\t0\nflags:\t02\nsize:\t" + std::to_string(bytes) + "\ncount:\t2\nexp_name:\t" + exporter + "\n";
        process.buffers[fd] = {partition, memory, inode};
    }
    [[nodiscard]] std::vector<MemoryGeometry> memoriesOf(const Partition& one) const {
        return tilescope::memoriesOf(*map, dynamic ? shape : aieShape(one.rows), one.columns);
    }

    PartitionList partitions;
    std::map<int64_t, Process> processes;
    /** What was taken and given back, in order. */
    std::vector<std::string> events;
    /** Runs before each look at the driver's list: others come and go. */
    std::function<void()> beforeEnquire;
    /** Runs before each request: someone else may be faster. */
    std::function<void()> beforeRequest;
    /** Learns the columns of each dynamic partition that a request makes. */
    std::function<void(ColumnRange)> onRequest;
    /** Runs before each duplicate: descriptors may be reused. */
    std::function<void()> beforeDuplicate;
    /** Runs in each pause: what others do meanwhile. */
    std::function<void()> duringPause;
    /** How far each pause of less than 1 ms moves the clock. 0: it stands still, so that no wait is cut into steps. */
    std::chrono::microseconds pauseTakes{0};
    /** What taking a partition takes on the pretend clock. */
    std::chrono::microseconds requestTakes{0};
    /** What listing a folder takes on the pretend clock. */
    std::chrono::microseconds listTakes{0};
    /** When another program opened the node. */
    std::optional<std::chrono::steady_clock::time_point> opened;
    /** Lines of the kernel's log that were not read yet. */
    std::vector<std::string> logLines;
    int deviceError = 0;
    /** What stands in the node's place instead; empty: the node. */
    std::string otherDevice;
    /** What the descriptor of a request is called; empty: as the partition is. */
    std::string requestedLink;
    int pidfdError = 0;
    int duplicateError = 0;
    int memoriesError = 0;
    /** The errno with which the register view of a column (of the partition) cannot be mapped. */
    std::function<int(uint32_t column)> registersError;
    int64_t pageSize = 4096;
    std::vector<std::string> sysfs{"aie0", "aiepart_6_4"};
    std::optional<uint32_t> hostileCount;
    /** The call that does not come back. Any thread. */
    std::atomic<const char*> hangsIn{nullptr};

    void setTrace(Trace trace) override { trace_ = std::move(trace); }
    void setQuiet(bool quiet) override { quiet_ = quiet; }
    [[nodiscard]] const char* stuckIn(std::chrono::steady_clock::duration /*atLeast*/) const override {
        return hangsIn;
    }
    Machine machine() override {
        Machine machine;
        machine.hostName = "host";
        machine.bootId = "boot";
        machine.pid = selfPid;
        machine.pageSize = pageSize;
        machine.bootedAt = 1'000'000;
        return machine;
    }
    int64_t now() override { return 42; }
    /** The clock goes, as a worker's does; else only what takes time here moves it. */
    bool goes = false;
    std::chrono::steady_clock::time_point clock() override {
        return goes ? std::chrono::steady_clock::now() + clock_.time_since_epoch() : clock_;
    }
    /** What passes on the pretend clock, but what heldUp() says. */
    std::chrono::steady_clock::duration processorTime() override { return clock_.time_since_epoch() - notOurs_; }
    /** Somebody else has the processor meanwhile. */
    void heldUp(std::chrono::milliseconds time) {
        clock_ += time;
        notOurs_ += time;
    }
    void pause(std::chrono::microseconds atLeast) override {
        const bool shortOne = atLeast < std::chrono::milliseconds(1);
        clock_ += shortOne ? pauseTakes : std::max(pauseTakes, atLeast);
        if (duringPause) duringPause();
    }
    /** Somebody waits until that moment: what others do goes on meanwhile. */
    void passUntil(std::chrono::steady_clock::time_point at) {
        if (at <= clock_) return;
        clock_ = at;
        if (duringPause) duringPause();
    }
    int openDevice(const std::string& /*path*/, std::string& other) override {
        calls++;
        other = otherDevice;
        if (!other.empty()) return -ENOTTY;
        return deviceError != 0 ? -deviceError : take("device", nullptr);
    }
    std::optional<std::chrono::steady_clock::time_point> openedByOthers() override { return opened; }
    std::vector<std::string> newLogLines() override { return std::exchange(logLines, {}); }
    int enquire(const NodeFd& node, std::span<uapi::RangeArgs> out, uint32_t& present) override {
        calls++;
        if (node.get() < 0) return -EBADF;
        if (beforeEnquire) beforeEnquire();
        size_t at = 0;
        for (const Partition& one : partitions) {
            const bool used = one.owner != 0 || one.ours || one.inKernel;
            out[at++] = {
                one.id, 0, {{one.columns.startCol, 0}, {one.columns.numCols, one.rows}}, used ? uapi::statusInUse : 0};
        }
        // A free range as the drivers with apertures tell it: a wrong id, a column too many.
        if (dynamic) out[at++] = {4, 0xDEAD, {{4, 0}, {3, shape.numRows()}}, 0};
        present = hostileCount.value_or(static_cast<uint32_t>(at));
        return 0;
    }
    int requestKept(const NodeFd& /*node*/, uint32_t partitionId, RequestLength length) override {
        calls++;
        if (beforeRequest) beforeRequest();
        clock_ += requestTakes;
        requests.push_back(length == RequestLength::bytes40 ? 40 : 24);
        if (std::find(lengths.begin(), lengths.end(), requests.back()) == lengths.end()) return -EINVAL;
        if (dynamic) {
            const ColumnRange columns{partitionId & 0xFFU, partitionId >> 8U & 0xFFU};
            if (columns.numCols == 0 || columns.startCol + columns.numCols > shape.numCols) return -EINVAL;
            for (const Partition& one : partitions) {
                const bool apart = one.columns.startCol + one.columns.numCols <= columns.startCol ||
                                   columns.startCol + columns.numCols <= one.columns.startCol;
                if (!apart) return -EINVAL;
            }
            if (onRequest) onRequest(columns);
            partitions.push_back({partitionId, columns, shape.numRows(), 0, true, false});
            described_ = false;
            return takeRequested(partitions.back());
        }
        for (Partition& one : partitions) {
            if (one.id != partitionId) continue;
            if (one.owner != 0 || one.ours || one.inKernel) return -EBUSY;
            one.ours = true;
            described_ = false;
            return takeRequested(one);
        }
        return -EINVAL;
    }
    int descriptorList(const NodeFd& /*node*/, std::span<uapi::PartitionDescriptor> out) override {
        calls++;
        lists++;
        if (!listWorks) return -EINVAL;
        size_t at = 0;
        for (Partition& one : partitions) {
            if (at == out.size()) return -EINVAL;
            const int fd = take("listed", &one);
            open_[fd].link = linkOf(one.columns);
            out[at++] = {one.columns.startCol, one.columns.numCols, 1, one.id, 0, fd};
        }
        return 0;
    }
    int memoryCount(const PartitionFd& partition) override {
        calls++;
        return static_cast<int>(memoriesOf(*open_.at(partition.get()).partition).size());
    }
    int memories(const PartitionFd& partition, std::span<uapi::Mem> out) override {
        calls++;
        if (open_.at(partition.get()).what != "partition") throw std::runtime_error("GET_MEM on a borrowed descriptor");
        if (described_) throw std::runtime_error("GET_MEM twice without a release");
        described_ = true;
        descriptions++;
        if (memoriesError != 0) return -memoriesError;
        Partition* owner = open_.at(partition.get()).partition;
        size_t at = 0;
        for (const MemoryGeometry& one : memoriesOf(*owner)) {
            const int fd = take(std::string(memoryName(one.type)), owner);
            open_[fd].memory = at;
            out[at++] = {
                {{one.startCol, one.startRow}, {one.numCols, one.numRows}}, one.tileBase, one.bytesPerTile, fd};
        }
        return 0;
    }
    int requestTiles(const PartitionFd& partition, std::span<const uapi::Location> tiles, bool on) override {
        calls++;
        if (open_.at(partition.get()).what != "partition") throw std::runtime_error("clocks of a borrowed descriptor");
        if (tiles.empty()) throw std::runtime_error("an empty list of tiles means all");
        events.push_back((on ? "clock " : "release ") + std::to_string(tiles.size()));
        if (!tilesWork) return 0;
        const Partition& owner = *open_.at(partition.get()).partition;
        std::set<uint32_t> cols;
        for (const uapi::Location& one : tiles) cols.insert(owner.columns.startCol + one.col);
        if (!on && !releaseWorks) return 0;
        for (uint32_t col = 0; !on && releasesAll && col < owner.columns.numCols; col++) {
            cols.insert(owner.columns.startCol + col);
        }
        for (const uint32_t col : cols) {
            if (on) {
                ungate(col);
            } else {
                gate({col, 1}, owner.rows);
            }
        }
        return 0;
    }
    int writeRegister(const PartitionFd& partition, uint64_t offset, uint32_t value, bool wide) override {
        calls++;
        if (wide != wideRegisters) return -EINVAL;
        return static_cast<int>(std::min<int64_t>(transfer(partition, offset, &value, 1, true), 0));
    }
    int64_t readAt(const PartitionFd& partition, uint64_t offset, std::span<uint32_t> words) override {
        calls++;
        if (beforeLoad) beforeLoad();
        if (positionedError != 0) return -positionedError;
        if (!positionedWorks) return -EINVAL;
        return transfer(partition, offset, words.data(), words.size(), false);
    }
    int64_t writeAt(const PartitionFd& partition, uint64_t offset, std::span<const uint32_t> words) override {
        calls++;
        if (!positionedWorks) return -EINVAL;
        if (beforeStore) beforeStore();
        return transfer(partition, offset, const_cast<uint32_t*>(words.data()), words.size(), true);
    }
    void* mapWhole(int dmaBuf, size_t bytes, bool writable, int& error) override {
        calls++;
        const Descriptor& from = open_.at(dmaBuf);
        const MemoryGeometry memory = memoriesOf(*from.partition).at(from.memory.value());
        return noteMapping(dmaBuf, compose(*from.partition, bytes, memory.bytesPerTile, memory.tileBase, writable,
                                           {memory.startRow, memory.numRows}, 0, memory.numCols, error));
    }
    void* mapRegisters(const PartitionFd& partition, uint64_t offset, size_t bytes, int& error) override {
        calls++;
        const Partition& from = *open_.at(partition.get()).partition;
        const auto column = static_cast<uint32_t>(offset >> map->columnShift);
        error = registersError ? registersError(column) : 0;
        if (error != 0) return nullptr;
        registerMaps++;
        return noteMapping(partition.get(),
                           compose(from, bytes, tileBytes(), 0, false, {0, from.rows}, column, 1, error));
    }
    void unmap(void* address, size_t bytes) override {
        calls++;
        events.emplace_back("unmap");
        if (mappings_.erase(address) == 0) throw std::logic_error("unmapped twice");
        munmap(address, bytes);
    }
    void close(int fd) override {
        calls++;
        const Descriptor closed = open_.at(fd);
        checkUnused(fd, closed);
        events.push_back("close " + closed.what);
        open_.erase(fd);
        if (closed.what != "partition") return;
        if (dynamic) {
            const ColumnRange columns = closed.partition->columns;
            partitions.remove_if([&](const Partition& one) { return one.columns == columns; });
        } else {
            closed.partition->ours = false;
        }
    }
    int openProcess(int64_t pid) override {
        calls++;
        if (pidfdError != 0) return -pidfdError;
        if (!processes.contains(pid)) return -ESRCH;
        const int fd = take("process", nullptr);
        open_[fd].pid = pid;
        open_[fd].ticks = processes.at(pid).startTicks;
        return fd;
    }
    /** The process behind a pidfd of openProcess(). */
    int64_t processOf(int process) { return open_.at(process).pid; }
    bool isAlive(int process) override {
        calls++;
        const int64_t pid = open_.at(process).pid;
        const auto one = processes.find(pid);
        return one != processes.end() && one->second.startTicks == open_.at(process).ticks;
    }
    int duplicateFrom(int process, int fd) override {
        calls++;
        if (beforeDuplicate) beforeDuplicate();
        if (duplicateError != 0) return -duplicateError;
        const auto alive = processes.find(open_.at(process).pid);
        if (alive == processes.end() || alive->second.startTicks != open_.at(process).ticks) return -ESRCH;
        const Process& from = alive->second;
        const auto link = from.links.find(fd);
        if (link == from.links.end()) return -EBADF;
        Partition* named = nullptr;
        for (Partition& one : partitions) {
            if (linkOf(one.columns) == link->second) named = &one;
        }
        const int copy = take("duplicate", named);
        open_[copy].link = link->second;
        const auto buffer = from.buffers.find(fd);
        if (buffer != from.buffers.end()) {
            open_[copy].partition = &partitions[buffer->second.partition];
            open_[copy].memory = buffer->second.memory;
            open_[copy].inode = buffer->second.inode;
            open_[copy].info = from.infos.at(fd);
        }
        return copy;
    }
    int duplicate(int fd) override {
        calls++;
        const Descriptor from = open_.at(fd);
        const int copy = take("duplicate", from.partition);
        open_[copy] = from;
        open_[copy].what = "duplicate";
        return copy;
    }
    std::optional<FileIdentity> identity(int fd) override {
        calls++;
        const Descriptor& one = open_.at(fd);
        return FileIdentity{1, one.what == "device" ? nodeInode : one.inode, 0};
    }
    std::optional<FileIdentity> identityAt(const std::string& /*path*/) override {
        calls++;
        if (deviceError != 0) return std::nullopt;
        return FileIdentity{1, nodeInode, 0};
    }
    std::optional<FileMode> modeOf(const std::string& /*path*/) override { return FileMode{0600, 0, 0}; }
    int openRenderNode(const std::string& /*path*/) override { return take("render", nullptr); }
    std::string renderDriver(int /*render*/) override { return renderName; }
    int zoclDescriptor(int /*render*/, uint32_t partitionId, bool withContext) override {
        if (withContext != zoclContext) return -EINVAL;
        if (partitionId != zoclId) return -ENODEV;
        for (Partition& one : partitions) {
            if (!one.inKernel) continue;
            zoclRequests++;
            const int fd = take("zocl", &one);
            open_[fd].link = linkOf(one.columns);
            return fd;
        }
        return -ENODEV;
    }
    std::optional<std::string> nameOf(int fd) override {
        calls++;
        return open_.at(fd).link;
    }
    bool isAnonymous(int fd) override {
        calls++;
        const std::string& link = open_.at(fd).link;
        return link.starts_with("anon_inode:") || (link.starts_with("/dmabuf:") && open_.at(fd).inode != 0);
    }
    std::vector<std::string> list(const std::string& folder, int& error) override {
        calls++;
        clock_ += listTakes;
        error = 0;
        std::vector<std::string> names;
        if (folder == "/sys/class/aie") {
            names = sysfs;
            for (const Partition& one : partitions) {
                if (dynamic) names.push_back(linkOf(one.columns).substr(11));
            }
            return names;
        }
        if (folders.contains(folder)) return folders.at(folder);
        if (folder == "/proc") {
            searches++;
            names.emplace_back("self");
            names.emplace_back("1");
            for (const auto& [pid, process] : processes) names.push_back(std::to_string(pid));
            return names;
        }
        for (const auto& [pid, process] : processes) {
            if (folder != "/proc/" + std::to_string(pid) + "/fd") continue;
            if (process.hidden) {
                error = EACCES;
                return names;
            }
            for (const auto& [fd, link] : process.links) names.push_back(std::to_string(fd));
            return names;
        }
        error = ENOENT;
        return names;
    }
    std::optional<std::string> readText(const std::string& path) override {
        calls++;
        if (beforeText) beforeText(path);
        if (path == "/proc/loadavg" && lastPid) return "0.00 0.01 0.05 1/80 " + std::to_string(*lastPid) + "\n";
        if (texts.contains(path)) return texts.at(path);
        if (path == "/sys/class/aie/aieaperture_0_6/hardware_info" && !named.empty()) {
            const auto rows = [](const RowRange& range) {
                return "start row: " + std::to_string(range.start) + ", num_rows: " + std::to_string(range.count) +
                       "\n";
            };
            return "generation: " + named + "\ntotal_cols: " + std::to_string(shape.numCols) +
                   "\ntotal_rows: " + std::to_string(shape.numRows()) + "\nshim_tile: " + rows(shape.shim) +
                   "memory_tile: " + rows(shape.memory) + "aie_tile: " + rows(shape.core);
        }
        if (path.starts_with("/proc/self/fdinfo/")) {
            const auto one = open_.find(std::stoi(path.substr(18)));
            return one == open_.end() ? std::nullopt : std::optional(one->second.info);
        }
        for (const auto& [pid, process] : processes) {
            const std::string folder = "/proc/" + std::to_string(pid);
            if (path == folder + "/comm") return process.command + "\n";
            if (path == folder + "/cmdline") {
                std::string line;
                for (const std::string& one : process.arguments) line += one + '\0';
                return line;
            }
            if (path.starts_with(folder + "/fdinfo/")) {
                const auto info = process.infos.find(std::stoi(path.substr(folder.size() + 8)));
                if (info != process.infos.end()) return info->second;
            }
            if (path == folder + "/stat") {
                return std::to_string(pid) + " (a ) b) S " + stat(process);
            }
        }
        return std::nullopt;
    }
    std::vector<std::string> linesWith(const std::string& path, std::string_view words) override {
        calls++;
        std::vector<std::string> found;
        for (const auto& [pid, process] : processes) {
            if (path != "/proc/" + std::to_string(pid) + "/maps" || process.hidden) continue;
            mapsRead++;
            for (const std::string& line : process.maps) {
                if (line.find(words) != std::string::npos) found.push_back(line);
            }
        }
        return found;
    }
    std::optional<std::string> readLink(const std::string& path) override {
        calls++;
        if (beforeLink) beforeLink(path);
        if (path == "/proc/self/ns/pid") return space;
        for (const auto& [pid, process] : processes) {
            if (path == "/proc/" + std::to_string(pid) + "/ns/pid") return process.space;
        }
        for (const auto& [pid, process] : processes) {
            const std::string folder = "/proc/" + std::to_string(pid) + "/fd/";
            if (!path.starts_with(folder)) continue;
            const auto link = process.links.find(std::stoi(path.substr(folder.size())));
            if (link != process.links.end()) return link->second;
        }
        return std::nullopt;
    }

    static constexpr int64_t selfPid = 99;
    [[nodiscard]] uint32_t tileBytes() const { return 1U << map->rowShift; }
    static std::string linkOf(ColumnRange columns) {
        return "anon_inode:aiepart_" + std::to_string(columns.startCol) + "_" + std::to_string(columns.numCols);
    }
    /** Lengths of the partition requests, and how many descriptor lists and register mappings were asked for. */
    std::vector<uint32_t> requests;
    int lists = 0;
    /** AIE_GET_MEM, second step. */
    int descriptions = 0;
    /** Calls that are system calls of the real kernel, a small file counting as one. */
    int calls = 0;
    /** The number that was given to a process last, as /proc/loadavg tells it; empty: nobody tells. */
    std::optional<int64_t> lastPid;
    /** Looks through /proc. */
    int searches = 0;
    /** Maps of memory that were read. */
    int mapsRead = 0;
    /** Our PID namespace; empty: this kernel has none. */
    std::optional<std::string> space = "pid:[4026531836]";
    int registerMaps = 0;
    /** Runs before each pread. */
    std::function<void()> beforeLoad;
    /** Runs before each pwrite. */
    std::function<void()> beforeStore;
    /** Runs before each look at a small file. */
    std::function<void(const std::string& path)> beforeText;
    /** Runs before each look at a link. */
    std::function<void(const std::string& path)> beforeLink;

  private:
    struct Descriptor {
        std::string what;
        Partition* partition = nullptr;
        std::string link;
        int64_t pid = 0;
        /** When the process behind a pidfd started: another one of its number is another process. */
        uint64_t ticks = 0;
        /** The number of its memory: a DMA-buf. */
        std::optional<size_t> memory;
        uint64_t inode = 0;
        std::string info;
    };
    /** Made through which descriptor, and of whose memory. */
    struct LiveMapping {
        int fd = 0;
        const Partition* partition = nullptr;
    };
    void makeTiles(ColumnRange columns, uint32_t rows) {
        for (uint32_t col = columns.startCol; col < columns.startCol + columns.numCols; col++) {
            for (uint32_t row = 0; row < rows; row++) {
                const Tile tile{col, row};
                const int file = memfd_create("tile", MFD_CLOEXEC);
                if (file < 0 || ftruncate(file, tileBytes()) != 0) throw std::runtime_error("memfd");
                files_[key(tile)] = file;
                if (row == 0 || map->tileClock != 0) poke(tile, map->columnClock, fakeClockOn(*map));
            }
        }
    }
    /** The words of a tile that are not zero. */
    std::map<uint32_t, uint32_t> snapshot(Tile tile) {
        std::vector<uint32_t> words(tileBytes() / 4);
        std::map<uint32_t, uint32_t> kept;
        if (pread(files_.at(key(tile)), words.data(), tileBytes(), 0) != static_cast<ssize_t>(tileBytes())) return kept;
        for (uint32_t i = 0; i < words.size(); i++) {
            if (words[i] != 0) kept[i * 4] = words[i];
        }
        return kept;
    }
    /** What pread and pwrite do: whole words inside one tile, and no gated tile. */
    int64_t transfer(const PartitionFd& partition, uint64_t offset, uint32_t* words, size_t count, bool store) {
        const Partition& owner = *open_.at(partition.get()).partition;
        const auto col = static_cast<uint32_t>(offset >> map->columnShift);
        const auto row =
            static_cast<uint32_t>((offset >> map->rowShift) & ((1U << (map->columnShift - map->rowShift)) - 1));
        const uint64_t place = offset & (tileBytes() - 1);
        if (offset % 4 != 0 || col >= owner.columns.numCols || row >= owner.rows || place + count * 4 > tileBytes()) {
            return -EINVAL;
        }
        const Tile tile{owner.columns.startCol + col, row};
        const int file = files_.at(key(tile));
        const ssize_t moved = store ? 0 : pread(file, words, count * 4, static_cast<off_t>(place));
        uint32_t probe = 0;
        const bool gated = pread(file, &probe, 4, 0) == 0;
        const auto note = noted && row != 0 ? noted(tile) : std::nullopt;
        if (!note.value_or(!gated)) {
            refused++;
            return -EINVAL;
        }
        if (gated) throw std::logic_error("a gated tile was touched");
        return store ? pwrite(file, words, count * 4, static_cast<off_t>(place)) : moved;
    }
    static uint32_t key(Tile tile) { return tile.col << 8U | tile.row; }
    void* noteMapping(int fd, void* address) {
        if (address != nullptr) mappings_[address] = {fd, open_.at(fd).partition};
        return address;
    }
    /**
     * A mapping keeps its descriptor's file, and so the partition; a DMA-buf that outlives the partition that it was
     * asked of is handed out again without being counted. So both go first.
     */
    void checkUnused(int fd, const Descriptor& closing) const {
        const bool ours = closing.what == "partition";
        if (closing.memory) return; // a DMA-buf
        for (const auto& [address, from] : mappings_) {
            if (from.fd == fd || (ours && from.partition == closing.partition)) {
                throw std::logic_error("a partition is closed while a mapping of it lives");
            }
        }
        for (const auto& [other, one] : open_) {
            if (ours && one.memory && one.what != "duplicate" && one.partition == closing.partition) {
                throw std::logic_error("a partition is closed while a DMA-buf of it lives");
            }
        }
    }
    /** Fields 4 to 22 of a stat line. */
    static std::string stat(const Process& process) {
        constexpr int flags = 9;
        std::string fields;
        for (int field = 4; field < 22; field++) fields += (field == flags ? std::to_string(process.flags) : "0") + " ";
        return fields + std::to_string(process.startTicks) + " 0 0\n";
    }
    int take(const std::string& what, Partition* partition) {
        const int fd = next_++;
        open_[fd].what = what;
        open_[fd].partition = partition;
        events.push_back("open " + what);
        if (trace_ && !quiet_) trace_("open " + what + " -> " + std::to_string(fd));
        return fd;
    }
    int takeRequested(Partition& one) {
        const int fd = take("partition", &one);
        open_[fd].link = requestedLink.empty() ? linkOf(one.columns) : requestedLink;
        return fd;
    }
    /** One mapping made of a piece of each tile, column by column. */
    void* compose(const Partition& from, size_t bytes, uint32_t each, uint32_t base, bool writable, RowRange rows,
                  uint32_t firstCol, uint32_t cols, int& error) {
        if (bytes != size_t{each} * rows.count * cols) {
            error = EINVAL;
            return nullptr;
        }
        auto* address = static_cast<char*>(mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        for (uint32_t i = 0; i < rows.count * cols; i++) {
            const Tile tile{from.columns.startCol + firstCol + i / rows.count, rows.start + i % rows.count};
            mmap(address + size_t{i} * each, each, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                 MAP_SHARED | MAP_FIXED, files_.at(key(tile)), base);
        }
        events.emplace_back("map");
        error = 0;
        return address;
    }

    std::chrono::steady_clock::time_point clock_;
    std::chrono::steady_clock::duration notOurs_{};
    std::map<uint32_t, int> files_;
    std::map<uint32_t, std::map<uint32_t, uint32_t>> saved_;
    std::map<int, Descriptor> open_;
    std::map<void*, LiveMapping> mappings_;
    Trace trace_;
    bool quiet_ = false;
    int next_ = 100;
    bool described_ = false;
};

} // namespace tilescope
