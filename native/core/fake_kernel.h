/**
 * A pretend kernel for tests: partitions, descriptors and processes in memory;
 * tile memories in files without a name, seen through real mappings, so that
 * the guarded loops run. A gated tile's file is empty: touching it is a bus
 * error.
 */
#pragma once
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

#include "geometry.h"
#include "kernel.h"

namespace tilescope {

class FakeKernel final : public Kernel {
  public:
    struct Process {
        uint64_t startTicks = 1000;
        std::string command = "app";
        std::map<int, std::string> links; // fd -> what its link names
        bool hidden = false;              // its descriptors may not be listed
    };
    struct Partition {
        uint32_t id = 1;
        ColumnRange columns;
        uint32_t rows = 9;
        int64_t owner = 0; // pid, 0: free
        bool ours = false; // requested through this kernel
    };

    FakeKernel() {
        add({1, {6, 4}, 9, 0, false});
        add({2, {20, 2}, 5, 0, false});
        add({3, {30, 3}, 1, 0, false});
    }
    ~FakeKernel() override {
        for (const auto& [place, file] : files_) ::close(file);
    }

    void add(const Partition& partition) {
        partitions.push_back(partition);
        for (uint32_t col = 0; col < partition.columns.numCols; col++) {
            for (uint32_t row = 0; row < partition.rows; row++) {
                const Tile tile{partition.columns.startCol + col, row};
                const int file = memfd_create("tile", MFD_CLOEXEC);
                if (file < 0 || ftruncate(file, tileBytes) != 0) throw std::runtime_error("memfd");
                files_[key(tile)] = file;
                poke(tile, array::clockControl, array::clockColumn | array::clockNextTile);
            }
        }
    }

    /** A word of a tile's address space, behind the core's back. */
    void poke(Tile tile, uint32_t offset, uint32_t value) {
        if (pwrite(files_.at(key(tile)), &value, 4, offset) != 4) throw std::runtime_error("poke");
    }
    uint32_t peek(Tile tile, uint32_t offset) {
        uint32_t value = 0;
        if (pread(files_.at(key(tile)), &value, 4, offset) != 4) throw std::runtime_error("peek");
        return value;
    }
    /** Stops the clock of a tile and of every tile above it, as the hardware
   * does. */
    void gate(Tile tile, uint32_t rows) {
        poke({tile.col, tile.row - 1}, array::clockControl, array::clockColumn);
        for (uint32_t row = tile.row; row < rows; row++) vanish({tile.col, row});
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
    [[nodiscard]] size_t held() const { return open_.size(); }

    std::vector<Partition> partitions;
    std::map<int64_t, Process> processes;
    /** What was taken and given back, in order. */
    std::vector<std::string> events;
    /** Runs before each request: someone else may be faster. */
    std::function<void()> beforeRequest;
    /** Runs before each duplicate: descriptors may be reused. */
    std::function<void()> beforeDuplicate;
    /** Runs in each pause: what others do meanwhile. */
    std::function<void()> duringPause;
    /** How far each pause moves the clock. 0: it stands still, so that no wait is cut into steps. */
    std::chrono::microseconds pauseTakes{0};
    int deviceError = 0;
    int pidfdError = 0;
    int duplicateError = 0;
    int memoriesError = 0;
    /** The errno with which the register view of a column (of the partition) cannot be mapped. */
    std::function<int(uint32_t column)> registersError;
    int64_t pageSize = 4096;
    std::vector<std::string> sysfs{"aie0", "aiepart_6_4"};
    std::optional<uint32_t> hostileCount;

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
    std::chrono::steady_clock::time_point clock() override { return clock_; }
    void pause(std::chrono::microseconds /*atLeast*/) override {
        clock_ += pauseTakes;
        if (duringPause) duringPause();
    }
    int openDevice(const std::string& /*path*/) override {
        return deviceError != 0 ? -deviceError : take("device", nullptr);
    }
    int enquire(int /*device*/, std::span<uapi::RangeArgs> out, uint32_t& present) override {
        size_t at = 0;
        for (const Partition& one : partitions) {
            out[at++] = {one.id,
                         0,
                         {{one.columns.startCol, 0}, {one.columns.numCols, one.rows}},
                         one.owner != 0 || one.ours ? uapi::statusInUse : 0};
        }
        present = hostileCount.value_or(static_cast<uint32_t>(at));
        return 0;
    }
    int requestKept(int /*device*/, uint32_t partitionId) override {
        if (beforeRequest) beforeRequest();
        for (Partition& one : partitions) {
            if (one.id != partitionId) continue;
            if (one.owner != 0 || one.ours) return -EBUSY;
            one.ours = true;
            described_ = false;
            return take("partition", &one);
        }
        return -EINVAL;
    }
    int memoryCount(int /*partition*/) override { return 2; }
    int memories(int partition, std::span<uapi::Mem> out) override {
        if (described_) throw std::runtime_error("GET_MEM twice in one life");
        described_ = true;
        if (memoriesError != 0) return -memoriesError;
        Partition* owner = open_.at(partition).partition;
        const uapi::Range range{{owner->columns.startCol, 1}, {owner->columns.numCols, owner->rows - 1}};
        out[0] = {range, 0, array::dataBytes, take("data", owner)};
        out[1] = {range, array::programBase, array::programBytes, take("program", owner)};
        return 0;
    }
    void* mapWhole(int dmaBuf, size_t bytes, bool writable, int& error) override {
        const Descriptor& from = open_.at(dmaBuf);
        const bool data = from.what == "data";
        const uint32_t each = data ? array::dataBytes : array::programBytes;
        return compose(*from.partition, bytes, each, data ? 0 : array::programBase, writable, 1, 0,
                       from.partition->columns.numCols, error);
    }
    void* mapRegisters(int partition, uint64_t offset, size_t bytes, int& error) override {
        const Partition& from = *open_.at(partition).partition;
        const auto column = static_cast<uint32_t>(offset >> array::columnShift);
        error = registersError ? registersError(column) : 0;
        if (error != 0) return nullptr;
        return compose(from, bytes, tileBytes, 0, false, 0, column, 1, error);
    }
    void unmap(void* address, size_t bytes) override {
        events.emplace_back("unmap");
        munmap(address, bytes);
    }
    void close(int fd) override {
        const Descriptor closed = open_.at(fd);
        events.push_back("close " + closed.what);
        if (closed.what == "partition") closed.partition->ours = false;
        open_.erase(fd);
    }
    int openProcess(int64_t pid) override {
        if (pidfdError != 0) return -pidfdError;
        if (!processes.contains(pid)) return -ESRCH;
        const int fd = take("process", nullptr);
        open_[fd].pid = pid;
        return fd;
    }
    int duplicateFrom(int process, int fd) override {
        if (beforeDuplicate) beforeDuplicate();
        if (duplicateError != 0) return -duplicateError;
        const Process& from = processes.at(open_.at(process).pid);
        const auto link = from.links.find(fd);
        if (link == from.links.end()) return -EBADF;
        Partition* named = nullptr;
        for (Partition& one : partitions) {
            if (one.owner == open_.at(process).pid) named = &one;
        }
        const int copy = take("duplicate", named);
        open_[copy].link = link->second;
        return copy;
    }
    bool isAnonymous(int fd) override { return open_.at(fd).link.starts_with("anon_inode:"); }
    std::vector<std::string> list(const std::string& folder, int& error) override {
        error = 0;
        std::vector<std::string> names;
        if (folder == "/sys/class/aie") return sysfs;
        if (folder == "/proc") {
            names.emplace_back("self");
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
        for (const auto& [pid, process] : processes) {
            const std::string folder = "/proc/" + std::to_string(pid);
            if (path == folder + "/comm") return process.command + "\n";
            if (path == folder + "/stat") {
                return std::to_string(pid) + " (a ) b) S" + std::string(18, ' ') + stat(process.startTicks);
            }
        }
        return std::nullopt;
    }
    std::optional<std::string> readLink(const std::string& path) override {
        if (path.starts_with("/proc/self/fd/")) return open_.at(std::stoi(path.substr(14))).link;
        for (const auto& [pid, process] : processes) {
            const std::string folder = "/proc/" + std::to_string(pid) + "/fd/";
            if (!path.starts_with(folder)) continue;
            const auto link = process.links.find(std::stoi(path.substr(folder.size())));
            if (link != process.links.end()) return link->second;
        }
        return std::nullopt;
    }

    static constexpr int64_t selfPid = 99;
    static constexpr uint32_t tileBytes = 1U << array::rowShift;

  private:
    struct Descriptor {
        std::string what;
        Partition* partition = nullptr;
        std::string link;
        int64_t pid = 0;
    };
    static uint32_t key(Tile tile) { return tile.col << 8U | tile.row; }
    /** Fields 4 to 22 of a stat line. */
    static std::string stat(uint64_t startTicks) {
        std::string fields;
        for (int field = 4; field < 22; field++) fields += "0 ";
        return fields + std::to_string(startTicks) + " 0 0\n";
    }
    int take(const std::string& what, Partition* partition) {
        const int fd = next_++;
        open_[fd] = {what, partition, {}, 0};
        events.push_back("open " + what);
        return fd;
    }
    /** One mapping made of a piece of each tile, column by column. */
    void* compose(const Partition& from, size_t bytes, uint32_t each, uint32_t base, bool writable, uint32_t firstRow,
                  uint32_t firstCol, uint32_t cols, int& error) {
        const uint32_t rows = from.rows - firstRow;
        if (bytes != size_t{each} * rows * cols) {
            error = EINVAL;
            return nullptr;
        }
        auto* address = static_cast<char*>(mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        for (uint32_t i = 0; i < rows * cols; i++) {
            const Tile tile{from.columns.startCol + firstCol + i / rows, firstRow + i % rows};
            mmap(address + size_t{i} * each, each, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                 MAP_SHARED | MAP_FIXED, files_.at(key(tile)), base);
        }
        events.emplace_back("map");
        error = 0;
        return address;
    }

    std::chrono::steady_clock::time_point clock_;
    std::map<uint32_t, int> files_;
    std::map<int, Descriptor> open_;
    int next_ = 100;
    bool described_ = false;
};

} // namespace tilescope
