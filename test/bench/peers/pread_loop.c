/*
 * The peer of refreshing beside an owner: reads BYTES at a tile offset of a partition RATE times a second for SECONDS,
 * through the driver's list of descriptors and pread, as one call each time, and nothing else. Prints the processor time
 * that it took: microseconds per refresh.
 *
 * usage: pread_loop OFFSET BYTES RATE SECONDS
 * Its own statement of the driver's structures (linux-xlnx with 40-byte requests), on purpose: it shares no code with the
 * project's core.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MOST 64

struct partition_fd {
    uint32_t start_col, num_cols;
    uint8_t enable;
    uint32_t id, uid;
    int32_t fd;
};
struct partition_fds {
    struct partition_fd *list;
    int32_t count;
};
_Static_assert(sizeof(struct partition_fd) == 24 && sizeof(struct partition_fds) == 16, "layout");

#define FD_LIST _IOWR('A', 3, struct partition_fds)

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    off_t offset = strtoll(argv[1], NULL, 0);
    size_t bytes = strtoul(argv[2], NULL, 0);
    double every = 1.0 / atof(argv[3]), length = atof(argv[4]);
    char *to = malloc(bytes);
    int device = open("/dev/aie0", O_RDWR | O_CLOEXEC);
    if (device < 0 || to == NULL) {
        perror("/dev/aie0");
        return 1;
    }

    int refreshes = 0;
    double begin = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (double next = begin; next < begin + length; next += every) {
        double wait = next - seconds(CLOCK_MONOTONIC);
        struct partition_fd found[MOST];
        struct partition_fds all = {found, MOST};

        if (wait > 0)
            usleep((useconds_t)(wait * 1e6));
        for (int i = 0; i < MOST; i++)
            found[i].fd = -1;
        if (ioctl(device, FD_LIST, &all) != 0 || found[0].fd < 0) {
            perror("list of partitions");
            return 1;
        }
        if (pread(found[0].fd, to, bytes, offset) != (ssize_t)bytes) {
            perror("pread");
            return 1;
        }
        for (int i = 0; i < MOST; i++)
            if (found[i].fd >= 0)
                close(found[i].fd);
        refreshes++;
    }
    printf("%.3f\n", (seconds(CLOCK_PROCESS_CPUTIME_ID) - used) * 1e6 / refreshes);
    return 0;
}
