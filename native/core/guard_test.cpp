#include "guard.h"

#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace tilescope;

namespace {

/** Two pages, of which the second lies beyond the end of its file: touching it
 * is a bus error. */
class HalfPage {
  public:
    HalfPage() {
        const int file = memfd_create("half", MFD_CLOEXEC);
        REQUIRE(ftruncate(file, page) == 0);
        address = static_cast<uint32_t*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        REQUIRE(address != MAP_FAILED);
        close(file);
    }
    ~HalfPage() { munmap(address, 2 * page); }
    const long page = sysconf(_SC_PAGESIZE);
    const size_t words = static_cast<size_t>(page) / 4;
    uint32_t* address = nullptr;
};

sigjmp_buf escape;
int earlierCalls = 0;
void earlierHandler(int /*signal*/) {
    earlierCalls++;
    siglongjmp(escape, 1);
}

/** Installed over ours, and leads to it. */
struct sigaction led {};
int leadingCalls = 0;
void leadingHandler(int signal, siginfo_t* info, void* context) {
    leadingCalls++;
    led.sa_sigaction(signal, info, context);
}

/** Puts the SIGBUS handler of before back at the end. */
class KeepHandler {
  public:
    KeepHandler() { sigaction(SIGBUS, nullptr, &before_); }
    ~KeepHandler() { sigaction(SIGBUS, &before_, nullptr); }

  private:
    struct sigaction before_ {};
};

} // namespace

TEST_CASE("[main-9] a load that runs into a bus error gives the words before it and goes on") {
    const KeepHandler keep;
    guard::ensure();
    const HalfPage half;
    for (size_t i = 0; i < half.words; i++) half.address[i] = static_cast<uint32_t>(i * 3);
    std::vector<uint32_t> got(half.words + 8, 7);
    const uint64_t before = guard::caught();
    const guard::Copied copied = guard::load(got.data(), half.address, half.words + 8);
    CHECK(copied.words == half.words);
    CHECK(copied.code == BUS_ADRERR);
    CHECK(guard::caught() == before + 1);
    for (size_t i = 0; i < half.words; i++) REQUIRE(got[i] == i * 3);
    CHECK(got[half.words] == 7);
}

TEST_CASE("[main-9] a store that runs into a bus error stores the words before it and goes on") {
    const KeepHandler keep;
    guard::ensure();
    const HalfPage half;
    const std::vector<uint32_t> from(16, 0xABCD);
    const guard::Copied copied = guard::store(half.address + half.words - 5, from.data(), from.size());
    CHECK(copied.words == 5);
    CHECK(half.address[half.words - 1] == 0xABCD);
}

TEST_CASE("nothing to copy touches nothing") {
    const HalfPage half;
    uint32_t word = 5;
    CHECK(guard::load(&word, half.address + half.words, 0).words == 0);
    CHECK(guard::store(half.address + half.words, &word, 0).words == 0);
    CHECK(word == 5);
}

TEST_CASE("[main-9] a foreign bus error still reaches the handler that was there before") {
    const KeepHandler keep;
    struct sigaction earlier {};
    earlier.sa_handler = earlierHandler;
    sigaction(SIGBUS, &earlier, nullptr);
    CHECK(guard::ensure());
    CHECK_FALSE(guard::ensure());
    const HalfPage half;
    earlierCalls = 0;
    if (sigsetjmp(escape, 1) == 0) {
        const volatile uint32_t touched = half.address[half.words];
        FAIL("the touch did not fault: " << touched);
    }
    CHECK(earlierCalls == 1);
    uint32_t word = 0;
    CHECK(guard::load(&word, half.address + half.words, 1).words == 0);
    CHECK(earlierCalls == 1);
}

TEST_CASE("[main-9] a handler that was installed over ours is found and put behind us again") {
    const KeepHandler keep;
    guard::ensure();
    struct sigaction later {};
    later.sa_handler = earlierHandler;
    sigaction(SIGBUS, &later, nullptr);
    CHECK(guard::ensure());
    const HalfPage half;
    uint32_t word = 0;
    CHECK(guard::load(&word, half.address + half.words, 1).words == 0);
}

TEST_CASE("[truth-13] a foreign handler that leaves by a jump does so at every fault") {
    const KeepHandler keep;
    struct sigaction jumps {};
    jumps.sa_handler = earlierHandler;
    sigaction(SIGBUS, &jumps, nullptr);
    guard::ensure();
    const HalfPage half;
    earlierCalls = 0;
    static int time;
    for (time = 1; time <= 3; time++) {
        if (sigsetjmp(escape, 1) == 0) {
            const volatile uint32_t touched = half.address[half.words];
            FAIL("the touch did not fault: " << touched);
        }
        CHECK(earlierCalls == time);
    }
    uint32_t word = 0;
    CHECK(guard::load(&word, half.address + half.words, 1).words == 0);
    CHECK(earlierCalls == 3);
}

TEST_CASE("[truth-13] handlers in a circle end at the one that was there before all of them") {
    const KeepHandler keep;
    struct sigaction jumps {};
    jumps.sa_handler = earlierHandler;
    sigaction(SIGBUS, &jumps, nullptr);
    guard::ensure();
    struct sigaction leads {};
    leads.sa_sigaction = leadingHandler;
    leads.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &leads, &led);
    CHECK(guard::ensure());
    const HalfPage half;
    earlierCalls = 0;
    static int time;
    for (time = 1; time <= 3; time++) {
        leadingCalls = 0;
        if (sigsetjmp(escape, 1) == 0) {
            const volatile uint32_t touched = half.address[half.words];
            FAIL("the touch did not fault: " << touched);
        }
        CHECK(leadingCalls == 1);
        CHECK(earlierCalls == time);
    }
    uint32_t word = 0;
    CHECK(guard::load(&word, half.address + half.words, 1).words == 0);
    CHECK(leadingCalls == 1);
}

TEST_CASE("[truth-13] handlers in a circle without any other end the process by its SIGBUS, as without them") {
    const KeepHandler keep;
    const pid_t child = fork();
    if (child == 0) {
        struct sigaction fatal {};
        fatal.sa_handler = SIG_DFL;
        sigaction(SIGBUS, &fatal, nullptr);
        guard::ensure();
        struct sigaction leads {};
        leads.sa_sigaction = leadingHandler;
        leads.sa_flags = SA_SIGINFO;
        sigaction(SIGBUS, &leads, &led);
        guard::ensure();
        const HalfPage half;
        const volatile uint32_t touched = half.address[half.words];
        _exit(static_cast<int>(touched));
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGBUS);
}

TEST_CASE("[main-9] a SIGBUS that was sent to a process without another handler ends it") {
    const KeepHandler keep;
    const pid_t child = fork();
    if (child == 0) {
        struct sigaction fatal {};
        fatal.sa_handler = SIG_DFL;
        sigaction(SIGBUS, &fatal, nullptr);
        guard::ensure();
        raise(SIGBUS);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGBUS);
}
