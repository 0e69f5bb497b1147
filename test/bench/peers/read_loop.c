/*
 * The limit that reading is measured against: request a partition (keep flag), map its data memory, read every 32-bit
 * word into a buffer in ordinary memory, unmap, let go. One line per round: nanoseconds of request..release.
 *
 * usage: read_loop PARTITION_ID ROUNDS [fresh|pipe|out]
 * `fresh`: into memory that was never touched before, as what a library hands to its caller must be.
 * `pipe`: the words also go through a pipe of 1 MiB to another process, as everything that leaves an agent must.
 * `out`: the words go to stdout, and nothing is printed: the limit of an agent behind a channel.
 * Its own statement of the 2020 driver's structures (LKML 2020 series, patches 2 to 4), on purpose: it shares no code
 * with the project's core.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct location {
    uint32_t col, row;
};
struct memory {
    struct location start, size;
    uint64_t offset, bytes_per_tile;
    int32_t fd, pad;
};
struct memory_list {
    uint32_t count;
    struct memory *list;
};
struct request {
    uint32_t id, uid;
    uint64_t meta_data;
    uint32_t flag;
};

#define REQUEST _IOR('A', 2, struct request)
#define GET_MEM _IOWR('A', 9, struct memory_list)

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void hand_on(int fd, const uint32_t *words, size_t bytes)
{
    for (size_t sent = 0; sent < bytes;) {
        ssize_t n = write(fd, (const char *)words + sent, bytes - sent < 65536 ? bytes - sent : 65536);
        if (n < 0)
            fail("write");
        sent += (size_t)n;
    }
}

/* Starts a process that takes `bytes` a round from the pipe it returns, and answers each round with a byte on `*done`. */
static int start_drain(size_t bytes, int *done)
{
    int data[2], answer[2];
    if (pipe(data) || pipe(answer))
        fail("pipe");
    fcntl(data[1], F_SETPIPE_SZ, 1 << 20);
    if (fork() == 0) {
        static char taken[1 << 17];
        close(data[1]);
        for (size_t got = 0;;) {
            ssize_t n = read(data[0], taken, sizeof taken);
            if (n <= 0)
                _exit(0);
            got += (size_t)n;
            if (got == bytes && write(answer[1], "", 1) == 1)
                got = 0;
        }
    }
    close(data[0]);
    *done = answer[0];
    return data[1];
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4)
        return 2;
    const char *mode = argc == 4 ? argv[3] : "";
    int pipe_to = -1, done = -1;
    uint32_t *copy = NULL;
    for (int round = 0; round < atoi(argv[2]); round++) {
        struct timespec begin, end;
        int device = open("/dev/aie0", O_RDWR | O_CLOEXEC);
        if (device < 0)
            fail("open");
        struct request request = {.id = (uint32_t)atoi(argv[1]), .flag = 1};
        if (copy == NULL) {
            copy = malloc(64u << 20);
            for (size_t i = 0; i < (64u << 20) / 4; i += 1024)
                copy[i] = 1;
        }
        clock_gettime(CLOCK_MONOTONIC, &begin);
        uint32_t *to = copy;
        if (!strcmp(mode, "fresh"))
            to = mmap(NULL, 64u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (to == MAP_FAILED)
            fail("memory");
        int partition = ioctl(device, REQUEST, &request);
        if (partition < 0)
            fail("request");
        struct memory_list list = {0};
        struct memory memories[8];
        if (ioctl(partition, GET_MEM, &list) || list.count > 8)
            fail("count of memories");
        list.list = memories;
        if (ioctl(partition, GET_MEM, &list))
            fail("memories");
        size_t bytes = (size_t)memories[0].size.col * memories[0].size.row * memories[0].bytes_per_tile;
        volatile uint32_t *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memories[0].fd, 0);
        if (map == MAP_FAILED || bytes > (64u << 20))
            fail("mmap");
        for (size_t i = 0; i < bytes / 4; i++)
            to[i] = map[i];
        munmap((void *)map, bytes);
        for (uint32_t i = 0; i < list.count; i++)
            close(memories[i].fd);
        close(partition);
        if (!strcmp(mode, "pipe")) {
            char answer;
            if (pipe_to < 0)
                pipe_to = start_drain(bytes, &done);
            hand_on(pipe_to, copy, bytes);
            if (read(done, &answer, 1) != 1)
                fail("drain");
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        close(device);
        if (to != copy)
            munmap(to, 64u << 20);
        if (!strcmp(mode, "out")) {
            hand_on(1, copy, bytes);
            continue;
        }
        printf("%lld %zu\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + (end.tv_nsec - begin.tv_nsec), bytes);
    }
    return 0;
}
