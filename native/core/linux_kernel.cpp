#include "linux_kernel.h"

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <thread>
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

std::string hexText(uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, "0x%llX", static_cast<unsigned long long>(value));
    return text;
}

} // namespace

void LinuxKernel::say(const std::string& line) const {
    if (trace_ && !quiet_) trace_(line);
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

void LinuxKernel::pause(std::chrono::microseconds atLeast) {
    std::this_thread::sleep_for(atLeast);
}

int LinuxKernel::openDevice(const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    const int result = fd < 0 ? -errno : fd;
    say("open " + path + " -> " + outcome(result));
    return result;
}

int LinuxKernel::request(const char* name, int fd, uint32_t number, void* argument) {
    int answer = -1;
    do {
        answer = ioctl(fd, number, argument);
    } while (answer < 0 && errno == EINTR);
    const int result = answer < 0 ? -errno : answer;
    say(std::string(name) + " " + hexText(number) + " size " + std::to_string(uapi::requestSize(number)) + " -> " +
        outcome(result));
    return result;
}

int LinuxKernel::enquire(int device, std::span<uapi::RangeArgs> out, uint32_t& present) {
    uapi::PartitionQuery query{out.data(), static_cast<uint32_t>(out.size())};
    const int result = request("AIE_ENQUIRE_PART", device, uapi::enquirePartitions, &query);
    present = query.count;
    return result;
}

int LinuxKernel::requestKept(int device, uint32_t partitionId) {
    uapi::PartitionRequest wanted{};
    wanted.partitionId = partitionId;
    wanted.flag = uapi::keepOnRelease;
    return request("AIE_REQUEST_PART", device, uapi::requestPartition, &wanted);
}

int LinuxKernel::memoryCount(int partition) {
    uapi::MemArgs args{};
    const int result = request("AIE_GET_MEM", partition, uapi::getMemories, &args);
    if (result < 0) return result;
    return args.count > INT_MAX ? INT_MAX : static_cast<int>(args.count);
}

int LinuxKernel::memories(int partition, std::span<uapi::Mem> out) {
    uapi::MemArgs args{static_cast<unsigned int>(out.size()), out.data()};
    return request("AIE_GET_MEM", partition, uapi::getMemories, &args);
}

void* LinuxKernel::map(const char* what, int fd, uint64_t offset, size_t bytes, int protection, int& error) {
    void* address = mmap(nullptr, bytes, protection, MAP_SHARED, fd, static_cast<off_t>(offset));
    error = address == MAP_FAILED ? errno : 0;
    say(std::string("mmap ") + what + " fd " + std::to_string(fd) + " offset " + hexText(offset) + " size " +
        std::to_string(bytes) + " -> " + (error != 0 ? errnoName(error) : "ok"));
    return error != 0 ? nullptr : address;
}

void* LinuxKernel::mapWhole(int dmaBuf, size_t bytes, bool writable, int& error) {
    return map("dma-buf", dmaBuf, 0, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, error);
}

void* LinuxKernel::mapRegisters(int partition, uint64_t offset, size_t bytes, int& error) {
    return map("registers", partition, offset, bytes, PROT_READ, error);
}

void LinuxKernel::unmap(void* address, size_t bytes) {
    munmap(address, bytes);
}

void LinuxKernel::close(int fd) {
    ::close(fd);
}

int LinuxKernel::openProcess(int64_t pid) {
    const auto fd = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
    const int result = fd < 0 ? -errno : fd;
    say("pidfd_open " + std::to_string(pid) + " -> " + outcome(result));
    return result;
}

int LinuxKernel::duplicateFrom(int process, int fd) {
    const auto copy = static_cast<int>(syscall(SYS_pidfd_getfd, process, fd, 0));
    const int result = copy < 0 ? -errno : copy;
    say("pidfd_getfd " + std::to_string(process) + " fd " + std::to_string(fd) + " -> " + outcome(result));
    return result;
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
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    std::string text(65536, '\0');
    size_t done = 0;
    while (done < text.size()) {
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

std::optional<std::string> LinuxKernel::readLink(const std::string& path) {
    char target[512];
    const ssize_t length = readlink(path.c_str(), target, sizeof target);
    if (length < 0 || static_cast<size_t>(length) == sizeof target) return std::nullopt;
    return std::string(target, static_cast<size_t>(length));
}

} // namespace tilescope
