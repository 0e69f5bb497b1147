#include "holder.h"

#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <fstream>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "../core/hold.h"

using namespace tilescope;

namespace {

using Clock = std::chrono::steady_clock;

int64_t now() {
    using std::chrono::system_clock;
    return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

/** A process of its own that waits as a holder. */
pid_t waiting(int64_t until) {
    const pid_t child = fork();
    if (child == 0) _exit(waitAsHolder(until) ? 0 : 1);
    return child;
}

/** The exit status, once it ended; -1 for a signal. */
int ended(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool comes(const std::function<bool()>& condition) {
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (!condition() && Clock::now() < end) std::this_thread::yield();
    return condition();
}

std::string nameOf(pid_t child) {
    std::string name;
    std::getline(std::ifstream("/proc/" + std::to_string(child) + "/comm"), name);
    return name;
}

} // namespace

TEST_CASE("[attach-8] a holder ends by itself when its time is over, not before, and at once when it is over already") {
    const auto started = Clock::now();
    CHECK(ended(waiting(now() + 300)) == 0);
    const auto took = Clock::now() - started;
    CHECK(took >= std::chrono::milliseconds(290));
    CHECK(ended(waiting(now() - 1)) == 0);
}

TEST_CASE("[attach-8] a holder ends on SIGTERM, and what ends sessions and terminals leaves it alone") {
    const pid_t child = waiting(now() + 3'600'000);
    REQUIRE(comes([&] { return nameOf(child) == holdCommand; }));
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGCONT}) kill(child, signal);
    int status = 0;
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    CHECK(nameOf(child) == holdCommand);
    kill(child, SIGTERM);
    CHECK(ended(child) == 0);
}
