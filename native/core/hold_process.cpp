#include "hold_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

namespace tilescope {
namespace {

/** What the new process says through the pipe: its pid, and then the errno of exec, or nothing. */
struct Birth {
    int64_t pid = 0;
    int64_t error = 0;
};

/**
 * In the new process, which shares nothing but was copied from a process with threads: only calls that are safe in a
 * signal handler. Never returns.
 */
[[noreturn]] void become(const char* program, char* const* arguments, int partition, int report) {
    // The report must not sit on the number that the partition gets.
    const int above = fcntl(report, F_DUPFD_CLOEXEC, holdDescriptor + 1);
    const int64_t pid = getpid();
    int64_t error = 0;
    const bool told = above >= 0 && write(above, &pid, sizeof pid) == sizeof pid;
    // dup2 clears close-on-exec, except where both numbers are the same.
    const bool placed = partition == holdDescriptor ? fcntl(partition, F_SETFD, 0) == 0
                                                    : dup2(partition, holdDescriptor) == holdDescriptor;
    if (told && placed) {
        char* const environment[] = {nullptr};
        execve(program, arguments, environment);
    }
    error = errno;
    if (above >= 0) static_cast<void>(!write(above, &error, sizeof error));
    _exit(127);
}

bool readWhole(int fd, int64_t& value) {
    size_t done = 0;
    while (done < sizeof value) {
        const ssize_t got = read(fd, reinterpret_cast<char*>(&value) + done, sizeof value - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += static_cast<size_t>(got);
    }
    return true;
}

} // namespace

int64_t LinuxHoldProcess::start(const std::string& program, const std::vector<std::string>& arguments, int partition) {
    std::string name = holdCommand;
    std::vector<std::string> words = arguments; // made before the fork: nothing may be allocated after it
    std::vector<char*> pointers{name.data()};
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return -errno;

    // No handler of this process may run in the copy.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t between = fork();
    if (between == 0) {
        // A second fork, so that the holder is nobody's child here: its end leaves no corpse, and ours does not end it.
        const pid_t holder = fork();
        if (holder == 0) become(program.c_str(), pointers.data(), partition, ends[1]);
        _exit(holder < 0 ? errno : 0);
    }
    const int forkError = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    close(ends[1]);
    if (between < 0) {
        close(ends[0]);
        return -forkError;
    }
    int status = 0;
    while (waitpid(between, &status, 0) < 0 && errno == EINTR) {
    }
    Birth birth;
    const bool born = readWhole(ends[0], birth.pid);
    const bool failed = born && readWhole(ends[0], birth.error);
    close(ends[0]);
    if (failed) return -(birth.error == 0 ? EIO : birth.error);
    if (born) return birth.pid;
    return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? -WEXITSTATUS(status) : -EIO;
}

int LinuxHoldProcess::terminate(int process) {
    return syscall(SYS_pidfd_send_signal, process, SIGTERM, nullptr, 0) == 0 ? 0 : -errno;
}

bool LinuxHoldProcess::ended(int process) {
    pollfd one{process, POLLIN, 0};
    return poll(&one, 1, 0) == 1;
}

} // namespace tilescope
