#include "linux_kernel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <thread>
#include <time.h>
#include <unistd.h>

#include "error.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

namespace tilescope {
namespace {

std::string outcome(int result) {
    return result < 0 ? errnoName(-result) : std::to_string(result);
}

/** What a file is in the place of a character device; empty if it is one. */
std::string kindOf(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFCHR:
        return "";
    case S_IFBLK:
        return "block";
    case S_IFDIR:
        return "folder";
    case S_IFIFO:
        return "pipe";
    case S_IFSOCK:
        return "socket";
    default:
        return "file";
    }
}

std::string hexText(uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, "0x%llX", static_cast<unsigned long long>(value));
    return text;
}

} // namespace

LinuxKernel::LinuxKernel() : ownDescriptors_(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

LinuxKernel::~LinuxKernel() {
    if (ownDescriptors_ >= 0) ::close(ownDescriptors_);
    if (log_ >= 0) ::close(log_);
}

const char* LinuxKernel::stuckIn(std::chrono::steady_clock::duration atLeast) const {
    const char* call = call_.load();
    const std::chrono::steady_clock::time_point since{std::chrono::steady_clock::duration(since_.load())};
    return call != nullptr && std::chrono::steady_clock::now() - since >= atLeast ? call : nullptr;
}

std::vector<std::string> LinuxKernel::newLogLines() {
    constexpr int notReadable = -2;
    constexpr size_t mostLines = 256;
    std::vector<std::string> lines;
    if (log_ == -1) {
        log_ = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (log_ < 0) log_ = notReadable;
        if (log_ >= 0) lseek(log_, 0, SEEK_END);
    }
    if (log_ < 0) return lines;
    std::array<char, 8192> line; // filled before it is read
    while (lines.size() < mostLines) {
        const ssize_t got = read(log_, line.data(), line.size());
        if (got < 0 && errno == EPIPE) continue; // lines were overwritten before they were read
        if (got <= 0) return lines;
        lines.emplace_back(line.data(), static_cast<size_t>(got));
    }
    lseek(log_, 0, SEEK_END);
    return lines;
}

Machine LinuxKernel::machine() {
    Machine machine;
    utsname names{};
    if (uname(&names) == 0) {
        machine.hostName = names.nodename;
        machine.kernel = std::string(names.sysname) + " " + names.release;
        machine.machine = names.machine;
    }
    machine.bootId = readText("/proc/sys/kernel/random/boot_id").value_or("");
    while (!machine.bootId.empty() && machine.bootId.back() == '\n') machine.bootId.pop_back();
    machine.pid = getpid();
    machine.uid = geteuid();
    machine.pageSize = sysconf(_SC_PAGESIZE);
    machine.ticksPerSecond = sysconf(_SC_CLK_TCK);
    const std::string stat = readText("/proc/stat").value_or("");
    const size_t at = stat.find("\nbtime ");
    if (at != std::string::npos) machine.bootedAt = strtoll(stat.c_str() + at + 7, nullptr, 10) * 1000;
    return machine;
}

int64_t LinuxKernel::now() {
    using std::chrono::system_clock;
    return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::chrono::steady_clock::duration LinuxKernel::processorTime() {
    timespec had{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &had);
    return std::chrono::seconds(had.tv_sec) + std::chrono::nanoseconds(had.tv_nsec);
}

void LinuxKernel::pause(std::chrono::microseconds atLeast) {
    std::this_thread::sleep_for(atLeast);
}

int LinuxKernel::openOfClass(const std::string& path, std::string_view name, std::string& other) {
    other.clear();
    // Opening acts on many files: a watchdog starts to count, a pipe waits for a writer. So it is only found at first.
    const UniqueFd found(*this, open(path.c_str(), O_PATH | O_CLOEXEC));
    int result = found.valid() ? 0 : -errno;
    struct stat status {};
    if (result == 0 && fstat(found.get(), &status) != 0) result = -errno;
    if (result == 0) {
        other = kindOf(status.st_mode);
        if (other.empty()) {
            const std::string device = "/sys/dev/char/" + std::to_string(major(status.st_rdev)) + ":" +
                                       std::to_string(minor(status.st_rdev)) + "/subsystem";
            const auto target = readLink(device);
            // A number that nobody has now: the driver of a node that was made by hand is not loaded.
            if (!target) result = -ENXIO;
            const std::string itsClass = target ? target->substr(target->rfind('/') + 1) : std::string(name);
            if (itsClass != name) other = itsClass;
        }
        if (!other.empty()) result = -ENOTTY;
    }
    if (result == 0) {
        // The very file that was looked at, whatever the path names by now. Read-only is enough for every request, and
        // tells this opening from an application's.
        const int fd = open(("/proc/self/fd/" + std::to_string(found.get())).c_str(), O_RDONLY | O_CLOEXEC);
        result = fd < 0 ? -errno : fd;
    }
    say([&] { return "open " + path + " -> " + outcome(result) + (other.empty() ? "" : " (" + other + ")"); });
    return result;
}

int LinuxKernel::openDevice(const std::string& path, std::string& other) {
    watch_.opening(path, clock());
    const Under under(*this, "open");
    const int result = openOfClass(path, "aie", other);
    watch_.done(clock());
    if (result >= 0) nodes_.insert(result);
    return result;
}

int LinuxKernel::request(const char* name, int fd, uint32_t number, void* argument) {
    const Under under(*this, name);
    int answer = -1;
    do {
        answer = ioctl(fd, number, argument);
    } while (answer < 0 && errno == EINTR);
    const int result = answer < 0 ? -errno : answer;
    say([&] {
        return std::string(name) + " " + hexText(number) + " size " + std::to_string(uapi::requestSize(number)) +
               " -> " + outcome(result);
    });
    return result;
}

int LinuxKernel::enquire(const NodeFd& node, std::span<uapi::RangeArgs> out, uint32_t& present) {
    uapi::PartitionQuery query{out.data(), static_cast<uint32_t>(out.size())};
    const int result = request("AIE_ENQUIRE_PART", node.get(), uapi::enquirePartitions, &query);
    present = query.count;
    return result;
}

int LinuxKernel::requestKept(const NodeFd& node, uint32_t partitionId, RequestLength length) {
    uapi::LongPartitionRequest wanted{}; // its first 24 bytes are the short one
    wanted.request.partitionId = partitionId;
    wanted.request.flag = uapi::keepOnRelease;
    const uint32_t number = length == RequestLength::bytes40 ? uapi::requestPartitionLong : uapi::requestPartition;
    return request("AIE_REQUEST_PART", node.get(), number, &wanted);
}

int LinuxKernel::descriptorList(const NodeFd& node, std::span<uapi::PartitionDescriptor> out) {
    uapi::PartitionDescriptorList list{out.data(), static_cast<int>(out.size())};
    return request("AIE_GET_PARTITION_FD_LIST", node.get(), uapi::listDescriptors, &list);
}

int LinuxKernel::memoryCount(const PartitionFd& partition) {
    uapi::MemArgs args{};
    const int result = request("AIE_GET_MEM", partition.get(), uapi::getMemories, &args);
    if (result < 0) return result;
    return args.count > INT_MAX ? INT_MAX : static_cast<int>(args.count);
}

int LinuxKernel::memories(const PartitionFd& partition, std::span<uapi::Mem> out) {
    uapi::MemArgs args{static_cast<unsigned int>(out.size()), out.data()};
    return request("AIE_GET_MEM", partition.get(), uapi::getMemories, &args);
}

int LinuxKernel::requestTiles(const PartitionFd& partition, std::span<const uapi::Location> tiles, bool on) {
    if (tiles.empty()) return 0; // to the driver, none means all
    uapi::TilesArray args{tiles.data(), static_cast<uint32_t>(tiles.size())};
    return request(on ? "AIE_REQUEST_TILES" : "AIE_RELEASE_TILES", partition.get(),
                   on ? uapi::requestTiles : uapi::releaseTiles, &args);
}

int LinuxKernel::writeRegister(const PartitionFd& partition, uint64_t offset, uint32_t value, bool wide) {
    uapi::LongRegisterArgs wanted{}; // its first 24 bytes are the short one
    wanted.args.offset = offset;
    wanted.args.value = value;
    return request("AIE_REG", partition.get(), wide ? uapi::writeRegisterLong : uapi::writeRegister, &wanted);
}

int64_t LinuxKernel::readAt(const PartitionFd& partition, uint64_t offset, std::span<uint32_t> words) {
    const Under under(*this, "pread");
    ssize_t got = -1;
    do {
        got = pread(partition.get(), words.data(), words.size_bytes(), static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

int64_t LinuxKernel::writeAt(const PartitionFd& partition, uint64_t offset, std::span<const uint32_t> words) {
    const Under under(*this, "pwrite");
    ssize_t put = -1;
    do {
        put = pwrite(partition.get(), words.data(), words.size_bytes(), static_cast<off_t>(offset));
    } while (put < 0 && errno == EINTR);
    const int64_t result = put < 0 ? -errno : put;
    say([&] {
        return "pwrite fd " + std::to_string(partition.get()) + " offset " + hexText(offset) + " size " +
               std::to_string(words.size_bytes()) + " -> " + (put < 0 ? errnoName(errno) : std::to_string(put));
    });
    return result;
}

void* LinuxKernel::map(const char* what, int fd, uint64_t offset, size_t bytes, int protection, int& error) {
    const Under under(*this, "mmap");
    void* address = mmap(nullptr, bytes, protection, MAP_SHARED, fd, static_cast<off_t>(offset));
    error = address == MAP_FAILED ? errno : 0;
    say([&] {
        return std::string("mmap ") + what + " fd " + std::to_string(fd) + " offset " + hexText(offset) + " size " +
               std::to_string(bytes) + " -> " + (error != 0 ? errnoName(error) : "ok");
    });
    return error != 0 ? nullptr : address;
}

void* LinuxKernel::mapWhole(int dmaBuf, size_t bytes, bool writable, int& error) {
    return map("dma-buf", dmaBuf, 0, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, error);
}

void* LinuxKernel::mapRegisters(const PartitionFd& partition, uint64_t offset, size_t bytes, int& error) {
    return map("registers", partition.get(), offset, bytes, PROT_READ, error);
}

void LinuxKernel::unmap(void* address, size_t bytes) {
    const Under under(*this, "munmap");
    munmap(address, bytes);
}

void LinuxKernel::close(int fd) {
    const Under under(*this, "close");
    const bool node = nodes_.erase(fd) != 0;
    if (node) watch_.closing(clock());
    ::close(fd);
    if (node) watch_.done(clock());
    if (duplicates_.erase(fd) != 0) stepBack();
}

bool LinuxKernel::setPolicy(int policy, int priority) {
    // The call itself: some C libraries have it do nothing. A process that is started meanwhile does not inherit it.
    constexpr int resetOnFork = 0x40000000;
    sched_param wanted{};
    wanted.sched_priority = priority;
    return syscall(SYS_sched_setscheduler, 0, policy | resetOnFork, &wanted) == 0;
}

void LinuxKernel::goAhead() {
    constexpr long resetOnFork = 0x40000000;
    if (ahead_++ != 0 || !mayGoAhead_) return;
    // A thread that was given another priority keeps it.
    const bool ordinary = (syscall(SYS_sched_getscheduler, 0) & ~resetOnFork) == SCHED_OTHER;
    mayGoAhead_ = ordinary && setPolicy(SCHED_FIFO, 1);
}

void LinuxKernel::stepBack() {
    if (--ahead_ == 0 && mayGoAhead_) setPolicy(SCHED_OTHER, 0);
}

int LinuxKernel::openProcess(int64_t pid) {
    const auto fd = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
    const int result = fd < 0 ? -errno : fd;
    say([&] { return "pidfd_open " + std::to_string(pid) + " -> " + outcome(result); });
    return result;
}

bool LinuxKernel::isAlive(int process) {
    pollfd one{process, POLLIN, 0};
    return poll(&one, 1, 0) == 0; // readable once it has ended
}

int LinuxKernel::duplicateFrom(int process, int fd) {
    goAhead();
    const auto copy = static_cast<int>(syscall(SYS_pidfd_getfd, process, fd, 0));
    const int result = copy < 0 ? -errno : copy;
    if (result < 0) {
        stepBack();
    } else {
        duplicates_.insert(result);
    }
    say([&] {
        return "pidfd_getfd " + std::to_string(process) + " fd " + std::to_string(fd) + " -> " + outcome(result);
    });
    return result;
}

int LinuxKernel::duplicate(int fd) {
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

std::optional<FileIdentity> LinuxKernel::identity(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return std::nullopt;
    return FileIdentity{status.st_dev, status.st_ino, status.st_rdev};
}

std::optional<FileIdentity> LinuxKernel::identityAt(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return std::nullopt;
    return FileIdentity{status.st_dev, status.st_ino, status.st_rdev};
}

std::optional<FileMode> LinuxKernel::modeOf(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return std::nullopt;
    return FileMode{status.st_mode & 07777U, status.st_uid, status.st_gid};
}

int LinuxKernel::openRenderNode(const std::string& path) {
    std::string other;
    return openOfClass(path, "drm", other);
}

std::string LinuxKernel::renderDriver(int render) {
    char name[32] = {};
    uapi::DrmVersion version{};
    version.name = name;
    version.nameLength = sizeof name - 1;
    if (request("DRM_IOCTL_VERSION", render, uapi::drmVersion, &version) < 0) return {};
    return std::string(name, std::min(version.nameLength, strnlen(name, sizeof name)));
}

int LinuxKernel::zoclDescriptor(int render, uint32_t partitionId, bool withContext) {
    if (withContext) {
        uapi::ZoclContextDescriptor wanted{0, partitionId, 0, -1};
        const int result = request("DRM_IOCTL_ZOCL_AIE_FD", render, uapi::zoclContextDescriptor, &wanted);
        return result < 0 ? result : wanted.fd >= 0 ? wanted.fd : -EBADF;
    }
    uapi::ZoclDescriptor wanted{partitionId, 0, -1};
    const int result = request("DRM_IOCTL_ZOCL_AIE_FD", render, uapi::zoclDescriptor, &wanted);
    return result < 0 ? result : wanted.fd >= 0 ? wanted.fd : -EBADF;
}

bool LinuxKernel::isAnonymous(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == 0;
}

std::vector<std::string> LinuxKernel::list(const std::string& folder, int& error) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder.c_str()), closedir);
    error = open ? 0 : errno;
    if (!open) return names;
    while (const dirent* entry = readdir(open.get())) {
        std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
    return names;
}

std::optional<std::string> LinuxKernel::readText(const std::string& path) {
    const Under under(*this, "read of an attribute");
    // Of a process: whoever reads in these files has its memory, and with it what is mapped there, until the read is over.
    std::optional<Ahead> ahead;
    constexpr std::string_view processes = "/proc/";
    const char next = path.starts_with(processes) && path.size() > processes.size() ? path[processes.size()] : ' ';
    if (next >= '0' && next <= '9') ahead.emplace(*this);
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    constexpr size_t most = 65536;
    std::string text(512, '\0'); // as much as most of these files have
    size_t done = 0;
    while (done < most) {
        if (done == text.size()) text.resize(std::min(most, text.size() * 8));
        const ssize_t got = read(fd, text.data() + done, text.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            ::close(fd);
            return std::nullopt;
        }
        if (got == 0) break;
        done += static_cast<size_t>(got);
    }
    ::close(fd);
    text.resize(done);
    return text;
}

std::vector<std::string> LinuxKernel::linesWith(const std::string& path, std::string_view words) {
    constexpr size_t mostFound = 16;
    constexpr size_t mostLine = 8192;
    std::vector<std::string> found;
    const Ahead ahead(*this);
    const UniqueFd file(*this, open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return found;
    std::string rest; // what was read of a line that has no end yet
    std::vector<char> piece(size_t{1} << 16U);
    while (found.size() < mostFound) {
        const ssize_t got = read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        rest.append(piece.data(), static_cast<size_t>(got));
        size_t begin = 0;
        for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
            const std::string_view line = std::string_view(rest).substr(begin, end - begin);
            if (line.find(words) != std::string_view::npos && found.size() < mostFound) found.emplace_back(line);
            begin = end + 1;
        }
        rest.erase(0, begin);
        if (rest.size() > mostLine) rest.clear(); // no line that anybody asks for
    }
    return found;
}

std::optional<std::string> LinuxKernel::nameOf(int fd) {
    if (ownDescriptors_ < 0) return link(AT_FDCWD, "/proc/self/fd/" + std::to_string(fd));
    return link(ownDescriptors_, std::to_string(fd));
}

std::optional<std::string> LinuxKernel::readLink(const std::string& path) {
    return link(AT_FDCWD, path);
}

std::optional<std::string> LinuxKernel::link(int folder, const std::string& path) {
    char target[512];
    const ssize_t length = readlinkat(folder, path.c_str(), target, sizeof target);
    if (length < 0 || static_cast<size_t>(length) == sizeof target) return std::nullopt;
    return std::string(target, static_cast<size_t>(length));
}

} // namespace tilescope
