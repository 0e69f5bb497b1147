#include "linux_kernel.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

using namespace tilescope;

TEST_CASE("[attach-6] a descriptor has its name even where no further one could be opened at the start") {
    LinuxKernel usual;
    const UniqueFd file(usual, open("/dev/null", O_RDONLY | O_CLOEXEC));
    REQUIRE(file.valid());
    rlimit limit{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlimit none{0, limit.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    LinuxKernel poor;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(usual.nameOf(file.get()) == "/dev/null");
    CHECK(poor.nameOf(file.get()) == "/dev/null");
}
