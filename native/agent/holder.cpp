#include "holder.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include "../core/hold.h"
#include "../core/owner.h"
#include "../core/partition_key.h"

namespace tilescope {
namespace {

/** Nothing stays open but the null device as 0 to 2, and the partition. */
bool keepOnly(int partition) {
    const int nowhere = open("/dev/null", O_RDWR);
    if (nowhere < 0) return false;
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (dup2(nowhere, standard) < 0) return false;
    }
    DIR* folder = opendir("/proc/self/fd");
    if (folder == nullptr) return false;
    std::vector<int> others;
    while (const dirent* entry = readdir(folder)) {
        const int fd = atoi(entry->d_name); // . and .. are 0, which stays
        if (fd > STDERR_FILENO && fd != partition) others.push_back(fd);
    }
    closedir(folder);
    for (const int fd : others) close(fd); // the folder's own is closed already: harmless
    return true;
}

/** Whether the descriptor is a partition of these columns. */
bool isPartition(int fd, ColumnRange columns) {
    std::array<char, 256> target{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t length = readlink(link.c_str(), target.data(), target.size());
    return length > 0 && partitionOfLink({target.data(), static_cast<size_t>(length)}) == columns;
}

/** SIGALRM after this time, also when the machine sleeps in between. No descriptor is needed for it. */
bool alarmAfter(int64_t milliseconds) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGALRM;
    timer_t timer{};
    if (timer_create(CLOCK_BOOTTIME, &event, &timer) != 0) return false;
    itimerspec when{};
    when.it_value.tv_sec = milliseconds / 1000;
    when.it_value.tv_nsec = milliseconds % 1000 * 1'000'000;
    return timer_settime(timer, 0, &when, nullptr) == 0;
}

} // namespace

bool waitAsHolder(int64_t until) {
    // The starter blocked every signal and may have handled some. From here on only two signals end this process.
    sigset_t ends;
    sigemptyset(&ends);
    for (const int one : {SIGTERM, SIGALRM}) {
        signal(one, SIG_DFL);
        sigaddset(&ends, one);
    }
    for (const int one : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) signal(one, SIG_IGN);
    sigprocmask(SIG_SETMASK, &ends, nullptr);

    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t left = until - (int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000);
    if (left <= 0) return true;
    if (!alarmAfter(left)) return false;
    // Comes last: a core takes this name as the sign that everything is in place.
    prctl(PR_SET_NAME, holdCommand, 0, 0, 0);
    while (sigwaitinfo(&ends, nullptr) < 0) { // interrupted by being stopped and continued
    }
    return true;
}

int runHolder(std::span<char* const> arguments) {
    const std::vector<std::string> words(arguments.begin(), arguments.end());
    const auto facts = parseHold(words);
    const auto columns = facts ? columnsOfKey(facts->partition) : std::nullopt;
    if (!columns || !isPartition(holdDescriptor, *columns)) return 2;
    setsid(); // fails only where this is the leader of a session of its own already
    if (chdir("/") != 0 || !keepOnly(holdDescriptor)) return 2;
    if (!waitAsHolder(facts->until)) return 2;
    close(holdDescriptor);
    return 0;
}

} // namespace tilescope
