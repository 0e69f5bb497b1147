#include "kernel_log.h"

#include <doctest/doctest.h>

using namespace tilescope;

TEST_CASE("[truth-21] a refused start is told from other lines of the kernel's log, with the id that it names") {
    CHECK(refusedPartition("3,1,2,-;aie aiepart_6_4: request partition 1 failed, partition in use.") == 1);
    CHECK(refusedPartition("3,1,2,-;aieaperture_0_50: partition 2058 already requested.") == 2058);
    CHECK(!refusedPartition("3,1,2,-;aieaperture_0_50: Invalid ioctl command 1."));
    CHECK(!refusedPartition("3,1,2,-;usb 1-1: partition 3 already requested."));
    CHECK(!refusedPartition("3,1,2,-;aieaperture_0_50: partition already requested"));
    CHECK(!refusedPartition("3,1,2,-;aieaperture_0_50: partition 99999999999999999999 already requested"));
    CHECK(!refusedPartition(""));
}
