/**
 * The seam to the kernel: everything the core may ask of it, and nothing more. The requests that reset a partition,
 * mappings at another offset than 0 and writable register mappings cannot be expressed here.
 * Calls return a value, or -errno. One thread at a time, but for stuckIn().
 */
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace.h"
#include "uapi.h"

namespace tilescope {

/** The machine, as uname and friends tell it. */
struct Machine {
    std::string hostName;
    std::string kernel;
    std::string machine;
    std::string bootId;
    int64_t pid = 0;
    int64_t uid = 0;
    int64_t pageSize = 0;
    /** Clock ticks per second, and the boot's wall-clock time in ms: for process start times. */
    int64_t ticksPerSecond = 100;
    int64_t bootedAt = 0;
};

class NodeFd;
class PartitionFd;

/** Which of the two lengths a partition request has: 24 bytes, or 40 on drivers since 2024. */
enum class RequestLength : uint8_t { bytes24, bytes40 };

/** What makes an open file the same one: device and inode. */
struct FileIdentity {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t special = 0;
    bool operator==(const FileIdentity&) const = default;
};

/** Who may open a file, as its permissions say. */
struct FileMode {
    /** Permission bits. */
    uint32_t bits = 0;
    int64_t uid = 0;
    int64_t gid = 0;
};

class Kernel {
  public:
    Kernel() = default;
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;
    virtual ~Kernel() = default;

    /** A line for each call goes to `trace` from now on; an empty function turns tracing off. */
    virtual void setTrace(Trace trace) = 0;
    /** Keeps the twice-a-second look at the partition list out of the trace. */
    virtual void setQuiet(bool quiet) = 0;
    /** The call of the device that has not come back for `atLeast`, by its name; null: none. Any thread. */
    [[nodiscard]] virtual const char* stuckIn(std::chrono::steady_clock::duration atLeast) const = 0;

    virtual Machine machine() = 0;
    /** Wall clock, ms since 1970. */
    virtual int64_t now() = 0;
    /** A clock that only goes forwards. */
    virtual std::chrono::steady_clock::time_point clock() = 0;
    /** What the calling thread has had of a processor so far, in its own code and in the kernel's; only differences count. */
    virtual std::chrono::steady_clock::duration processorTime() = 0;
    /** Lets at least this time pass. */
    virtual void pause(std::chrono::microseconds atLeast) = 0;

    /**
     * For NodeFd::open only. Opens the node if it is a character device of the class `aie`; anything else at that path
     * is not opened, gets no request, and answers -ENOTTY with `other` naming it: `file`, `folder`, `pipe`, `socket`,
     * `block`, or the class of the device. A character device that no driver has answers -ENXIO, unopened. Openings of
     * that node by others are noticed from then on.
     */
    virtual int openDevice(const std::string& path, std::string& other) = 0;
    /** When somebody other than a Tilescope last opened the node of openDevice(); empty: not seen, or nobody tells. */
    virtual std::optional<std::chrono::steady_clock::time_point> openedByOthers() = 0;
    /** Lines of the kernel's log since the last call, a bounded number; none where it may not be read. */
    virtual std::vector<std::string> newLogLines() = 0;
    /** Fills `out` and sets `present` to what the kernel wrote back (unchecked). */
    virtual int enquire(const NodeFd& node, std::span<uapi::RangeArgs> out, uint32_t& present) = 0;
    /** Takes a partition with the keep flag; the new fd. -EINVAL also means that the driver knows another length. */
    virtual int requestKept(const NodeFd& node, uint32_t partitionId, RequestLength length) = 0;
    /**
     * Duplicates of the descriptors of all partitions in use. The number of this request resets a partition when it is
     * sent to one: it can only be sent to the device. `out` must have room for more than all; unused entries keep fd -1.
     */
    virtual int descriptorList(const NodeFd& node, std::span<uapi::PartitionDescriptor> out) = 0;
    /** AIE_GET_MEM, first step. */
    virtual int memoryCount(const PartitionFd& partition) = 0;
    /** AIE_GET_MEM, second step: once between a partition's request and its release, and only on one that we requested. */
    virtual int memories(const PartitionFd& partition, std::span<uapi::Mem> out) = 0;
    /** AIE_REQUEST_TILES or AIE_RELEASE_TILES; `tiles` (not empty) are relative to the partition. */
    virtual int requestTiles(const PartitionFd& partition, std::span<const uapi::Location> tiles, bool on) = 0;
    /** AIE_REG: writes one word; `wide`: the structure of 40 bytes. */
    virtual int writeRegister(const PartitionFd& partition, uint64_t offset, uint32_t value, bool wide) = 0;
    /** pread: whole words inside one tile. Bytes, or -errno. */
    virtual int64_t readAt(const PartitionFd& partition, uint64_t offset, std::span<uint32_t> words) = 0;
    /** pwrite: likewise. */
    virtual int64_t writeAt(const PartitionFd& partition, uint64_t offset, std::span<const uint32_t> words) = 0;

    /** A whole DMA-buf: offset 0, shared. Null with `error` set to the errno. */
    virtual void* mapWhole(int dmaBuf, size_t bytes, bool writable, int& error) = 0;
    /** A part of a partition's register view: shared, read-only. `offset` and `bytes` are multiples of the page. */
    virtual void* mapRegisters(const PartitionFd& partition, uint64_t offset, size_t bytes, int& error) = 0;
    virtual void unmap(void* address, size_t bytes) = 0;
    virtual void close(int fd) = 0;

    /** A pidfd of a process. */
    virtual int openProcess(int64_t pid) = 0;
    /** Whether the process behind a pidfd has not ended yet. */
    virtual bool isAlive(int process) = 0;
    /** A duplicate of another process's fd. */
    virtual int duplicateFrom(int process, int fd) = 0;
    /** A duplicate of an fd of ours, or -errno. */
    virtual int duplicate(int fd) = 0;
    /** What /proc calls an fd of ours. */
    virtual std::optional<std::string> nameOf(int fd) = 0;
    /** Whether an fd of ours is neither file, folder, socket, pipe nor device: what an anonymous inode is. */
    virtual bool isAnonymous(int fd) = 0;
    virtual std::optional<FileIdentity> identity(int fd) = 0;
    /** Of the file at a path, which is not opened; empty when there is none. */
    virtual std::optional<FileIdentity> identityAt(const std::string& path) = 0;
    virtual std::optional<FileMode> modeOf(const std::string& path) = 0;

    /** A DRM node; -ENOTTY for anything else, which is not opened. */
    virtual int openRenderNode(const std::string& path) = 0;
    /** The driver's name as DRM_IOCTL_VERSION tells it; empty when it does not. */
    virtual std::string renderDriver(int render) = 0;
    /**
     * DRM_IOCTL_ZOCL_AIE_FD: a descriptor of the partition that zocl holds; zocl never counts it as given back.
     * `withContext`: the request of 2024.2 and later, whose structure begins with a context.
     */
    virtual int zoclDescriptor(int render, uint32_t partitionId, bool withContext) = 0;

    /** Names in a folder (without . and ..); empty when it cannot be read, with `error` set to the errno. */
    virtual std::vector<std::string> list(const std::string& folder, int& error) = 0;
    /** A small text or attribute file, at most 64 KiB. */
    virtual std::optional<std::string> readText(const std::string& path) = 0;
    virtual std::optional<std::string> readLink(const std::string& path) = 0;
    /** The lines of a file of any length that contain `words`, a few at most; empty when it cannot be read. */
    virtual std::vector<std::string> linesWith(const std::string& path, std::string_view words) = 0;
};

/** A file descriptor that is closed through its kernel. */
class UniqueFd {
  public:
    UniqueFd() = default;
    UniqueFd(Kernel& kernel, int fd) : kernel_(&kernel), fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : kernel_(other.kernel_), fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) {
            reset();
            kernel_ = other.kernel_;
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    void reset() {
        if (fd_ >= 0) kernel_->close(std::exchange(fd_, -1));
    }

  private:
    Kernel* kernel_ = nullptr;
    int fd_ = -1;
};

/** The device node, opened. Requests to the device take this type, so that none of them can be sent to a partition. */
class NodeFd {
  public:
    NodeFd() = default;
    /** Opens it; `error` is the errno, 0 if it worked; `other` as openDevice() has it. */
    static NodeFd open(Kernel& kernel, const std::string& path, int& error, std::string& other) {
        const int fd = kernel.openDevice(path, other);
        error = fd < 0 ? -fd : 0;
        return fd < 0 ? NodeFd() : NodeFd(UniqueFd(kernel, fd));
    }
    [[nodiscard]] int get() const { return fd_.get(); }

  private:
    explicit NodeFd(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

/** A descriptor of a partition: a requested one, or a duplicate that was verified to be one. */
class PartitionFd {
  public:
    explicit PartitionFd(UniqueFd fd) : fd_(std::move(fd)) {}
    [[nodiscard]] int get() const { return fd_.get(); }

  private:
    UniqueFd fd_;
};

/** A mapping that ends with its scope. Device words: reached through the guard only. */
class Mapping {
  public:
    Mapping() = default;
    Mapping(Kernel& kernel, void* address, size_t bytes) : kernel_(&kernel), address_(address), bytes_(bytes) {}
    Mapping(Mapping&& other) noexcept
        : kernel_(other.kernel_), address_(std::exchange(other.address_, nullptr)), bytes_(other.bytes_) {}
    Mapping& operator=(Mapping&& other) noexcept {
        if (this != &other) {
            reset();
            kernel_ = other.kernel_;
            address_ = std::exchange(other.address_, nullptr);
            bytes_ = other.bytes_;
        }
        return *this;
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() { reset(); }

    [[nodiscard]] bool valid() const { return address_ != nullptr; }
    [[nodiscard]] size_t bytes() const { return bytes_; }
    /** The word at a byte offset that is a multiple of 4 and lies inside. */
    [[nodiscard]] volatile uint32_t* word(uint64_t offset) const {
        return static_cast<volatile uint32_t*>(address_) + offset / 4;
    }
    void reset() {
        if (address_ != nullptr) kernel_->unmap(std::exchange(address_, nullptr), bytes_);
    }

  private:
    Kernel* kernel_ = nullptr;
    void* address_ = nullptr;
    size_t bytes_ = 0;
};

} // namespace tilescope
