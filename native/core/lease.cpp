#include "lease.h"

#include <array>
#include <cerrno>

#include "error.h"

namespace tilescope {
namespace {

/** A DMA-buf, mapped whole. */
class BufferPort final : public WordPort {
  public:
    explicit BufferPort(Mapping mapping) : mapping_(std::move(mapping)) {}
    guard::Copied load(uint64_t offset, std::span<uint32_t> to) override {
        return guard::load(to.data(), mapping_.word(offset), to.size());
    }
    guard::Copied store(uint64_t offset, std::span<const uint32_t> from) override {
        return guard::store(mapping_.word(offset), from.data(), from.size());
    }

  private:
    Mapping mapping_;
};

/** The same words in the register view, read-only. */
class RegisterPort final : public WordPort {
  public:
    RegisterPort(RegisterView& view, const MemoryGeometry& geometry) : view_(view), geometry_(geometry) {}
    [[nodiscard]] const MemoryGeometry& geometry() const { return geometry_; }
    guard::Copied load(uint64_t offset, std::span<uint32_t> to) override {
        const Tile tile = geometry_.tile(geometry_.tileIndex(offset));
        const auto inTile = static_cast<uint32_t>(offset % geometry_.bytesPerTile);
        return guard::load(to.data(), view_.words(tile, geometry_.tileBase + inTile), to.size());
    }
    guard::Copied store(uint64_t /*offset*/, std::span<const uint32_t> /*from*/) override {
        throw CoreError("internal", "the register view is read-only");
    }

  private:
    RegisterView& view_;
    MemoryGeometry geometry_;
};

WordPort& registerPort(std::unique_ptr<WordPort>& slot, RegisterView& view, const MemoryGeometry& geometry) {
    slot = std::make_unique<RegisterPort>(view, geometry);
    return *slot;
}

CoreError driverError(const std::string& call, int errnum) {
    return {"driver", call + ": " + errnoName(errnum), errnum};
}

} // namespace

std::optional<MemoryGeometry> geometryOf(const uapi::Mem& mem, const PartitionEntry& entry) {
    for (const MemoryGeometry& known : memoriesOf(entry.columns, entry.startRow, entry.numRows)) {
        const uapi::Range& range = mem.range;
        if (mem.offset == known.tileBase && mem.size == known.bytesPerTile && range.start.col == known.startCol &&
            range.size.col == known.numCols && range.start.row == known.startRow && range.size.row == known.numRows) {
            return known;
        }
    }
    return std::nullopt;
}

Lease::Lease(Kernel& kernel, UniqueFd partition, const PartitionEntry& entry)
    : kernel_(kernel), partition_(std::move(partition)),
      registers_(kernel, partition_.get(), entry.columns, entry.numRows) {}

Lease::~Lease() = default;

std::unique_ptr<Lease> Lease::take(Kernel& kernel, int device, const PartitionEntry& entry, int64_t pageSize) {
    const int fd = kernel.requestKept(device, entry.id);
    if (fd == -EBUSY) return nullptr;
    if (fd == -EACCES || fd == -EPERM) {
        throw CoreError("permission", "AIE_REQUEST_PART: " + errnoName(-fd), -fd);
    }
    if (fd < 0) throw driverError("AIE_REQUEST_PART 0x80184102", -fd);
    std::unique_ptr<Lease> lease(new Lease(kernel, UniqueFd(kernel, fd), entry));
    lease->describe(entry, pageSize);
    return lease;
}

void Lease::describe(const PartitionEntry& entry, int64_t pageSize) {
    constexpr int mostMemories = 16;
    constexpr int64_t pageThatFails = 65536;
    const int count = kernel_.memoryCount(partition_.get());
    if (count < 0) throw driverError("AIE_GET_MEM 0xC0104109", -count);
    if (count == 0 || count > mostMemories) {
        throw CoreError("driver", "AIE_GET_MEM names " + std::to_string(count) + " memory types");
    }
    std::array<uapi::Mem, mostMemories> described{};
    for (uapi::Mem& mem : described) mem.fd = -1;
    const std::span<uapi::Mem> wanted(described.data(), static_cast<size_t>(count));
    const int result = kernel_.memories(partition_.get(), wanted);
    if (result == -EINVAL && pageSize >= pageThatFails) {
        largePages_ = true;
        return;
    }
    if (result < 0) throw driverError("AIE_GET_MEM 0xC0104109", -result);
    std::vector<UniqueFd> fds; // all of them owned before anything is judged
    for (const uapi::Mem& mem : wanted) fds.emplace_back(kernel_, mem.fd);
    for (size_t i = 0; i < wanted.size(); i++) {
        if (!fds[i].valid()) throw CoreError("driver", "AIE_GET_MEM gave no descriptor");
        const auto geometry = geometryOf(wanted[i], entry);
        if (geometry) buffers_.push_back({*geometry, std::move(fds[i]), nullptr});
    }
}

std::vector<MemoryGeometry> Lease::memories() const {
    std::vector<MemoryGeometry> all;
    for (const Buffer& buffer : buffers_) all.push_back(buffer.geometry);
    return all;
}

WordPort& Lease::port(const MemoryGeometry& geometry, bool forWriting) {
    if (largePages_) {
        if (forWriting) throw CoreError("large-pages", "the driver maps no tile memory with 64 KiB pages");
        return registerPort(registerPort_, registers_, geometry);
    }
    for (Buffer& buffer : buffers_) {
        if (buffer.geometry != geometry) continue;
        if (!buffer.port) {
            const size_t bytes = geometry.totalBytes();
            int error = 0;
            void* address = kernel_.mapWhole(buffer.fd.get(), bytes, forWriting, error);
            if (address == nullptr) throw driverError("mmap of the DMA-buf", error);
            buffer.port = std::make_unique<BufferPort>(Mapping(kernel_, address, bytes));
        }
        return *buffer.port;
    }
    throw CoreError("driver", "AIE_GET_MEM describes no such memory");
}

BorrowedPartition::BorrowedPartition(Kernel& kernel, UniqueFd partition, const PartitionEntry& entry)
    : partition_(std::move(partition)), registers_(kernel, partition_.get(), entry.columns, entry.numRows) {}

BorrowedPartition::~BorrowedPartition() = default;

std::unique_ptr<BorrowedPartition> BorrowedPartition::borrow(Kernel& kernel, const PartitionEntry& entry,
                                                             std::span<const Holder> holders) {
    int denied = 0;
    for (const Holder& holder : holders) {
        const std::vector<Fact> facts{{"pid", holder.pid}, {"command", holder.command}};
        const int processFd = kernel.openProcess(holder.pid);
        if (processFd == -ENOSYS) throw CoreError("no-pidfd", "pidfd_open: ENOSYS", ENOSYS, facts);
        if (processFd < 0) continue;
        const UniqueFd process(kernel, processFd);
        // The pidfd pins the process, so its start time now tells whether the pid was reused since the look through
        // /proc.
        if (startTicksOf(kernel, holder.pid) != holder.startTicks) continue;
        const int copy = kernel.duplicateFrom(process.get(), holder.fd);
        if (copy == -ENOSYS) throw CoreError("no-pidfd", "pidfd_getfd: ENOSYS", ENOSYS, facts);
        if (copy == -EPERM || copy == -EACCES) denied = -copy;
        if (copy < 0) continue;
        UniqueFd partition(kernel, copy);
        // The descriptor number may have been reused between the look and the duplicate: judge the duplicate itself.
        const auto link = kernel.readLink("/proc/self/fd/" + std::to_string(copy));
        if (!link || partitionOfLink(*link) != entry.columns || !kernel.isAnonymous(copy)) continue;
        return std::unique_ptr<BorrowedPartition>(new BorrowedPartition(kernel, std::move(partition), entry));
    }
    if (denied != 0) {
        throw CoreError("permission", "pidfd_getfd: " + errnoName(denied), denied,
                        {{"pid", holders.front().pid}, {"command", holders.front().command}});
    }
    throw CoreError("owner-hidden", "in use, and no process that holds it can be reached");
}

WordPort& BorrowedPartition::port(const MemoryGeometry& geometry, bool forWriting) {
    if (forWriting) throw CoreError("locked", "another process owns the partition");
    return registerPort(registerPort_, registers_, geometry);
}

} // namespace tilescope
