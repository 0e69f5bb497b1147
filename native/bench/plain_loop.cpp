/**
 * What a plain program pays for the same bytes: request with the keep flag, describe, map, one 32-bit load per word,
 * give back. Prints the milliseconds of each of COUNT rounds. The yardstick for the core's reads; it shares only the
 * kernel's structures with it.
 * plain_loop PARTITION-ID [COUNT]
 */
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "../core/uapi.h"

int main(int count, char** arguments) {
    using namespace tilescope;
    const int rounds = count > 2 ? atoi(arguments[2]) : 5;
    std::vector<uint32_t> copy;
    for (int round = 0; round < rounds; round++) {
        const auto start = std::chrono::steady_clock::now();
        const int device = open("/dev/aie0", O_RDWR | O_CLOEXEC);
        uapi::PartitionRequest request{};
        request.partitionId = count > 1 ? static_cast<uint32_t>(atoi(arguments[1])) : 1;
        request.flag = uapi::keepOnRelease;
        const int partition = ioctl(device, uapi::requestPartition, &request);
        uapi::Mem mems[2]{};
        uapi::MemArgs args{2, mems};
        if (partition < 0 || ioctl(partition, uapi::getMemories, &args) != 0) {
            perror("partition");
            return 1;
        }
        const size_t bytes = mems[0].size * mems[0].range.size.col * mems[0].range.size.row;
        void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, mems[0].fd, 0);
        if (address == MAP_FAILED) {
            perror("mmap");
            return 1;
        }
        const auto* from = static_cast<const volatile uint32_t*>(address);
        copy.resize(bytes / 4);
        for (size_t i = 0; i < bytes / 4; i++) copy[i] = from[i];
        munmap(address, bytes);
        close(mems[0].fd);
        close(mems[1].fd);
        close(partition);
        close(device);
        const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
        printf("%zu bytes %.2f ms\n", bytes, taken.count());
    }
    return 0;
}
