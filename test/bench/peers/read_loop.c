/*
 * The limit that reading is measured against: request a partition (keep flag), map its data memory, read every 32-bit
 * word into a buffer in ordinary memory, unmap, let go. One line per round: nanoseconds of request..release.
 *
 * usage: read_loop PARTITION_ID ROUNDS [fresh|pipe|out] [leases]
 * `fresh`: into memory of just its size that was never touched before, as what a library hands to its caller must be.
 * `pipe`: the words also go through a pipe of 1 MiB to another process, as everything that leaves an agent must.
 * `out`: the words go to stdout, and nothing is printed: the limit of an agent behind a channel.
 * `leases`: with the duties of a guest that reads fast: the partition is given back after 16 ms of work and taken again
 * 0.25 ms later, so that others find it free, and before the first word of each tile the clocks below it are looked at in
 * the register view, upwards (AIE).
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

#define CLOCKS 0x36040 /* of the column (bit 0) and the tile above (bit 1) in the shim, of the tile above elsewhere */
#define COLUMN_SHIFT 23
#define ROW_SHIFT 18
#define LEASE_NS 16000000
#define GAP_NS 250000

static long long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* A taken partition with its data memory mapped. */
struct lease {
    int partition;
    struct memory memories[8];
    struct memory_list list;
    size_t bytes;
    volatile uint32_t *words;
    /* The register view of one column, and how many of its rows are known to run. */
    volatile uint32_t *registers;
    uint32_t column, running;
};

static void take(int device, uint32_t id, struct lease *lease)
{
    struct request request = {.id = id, .flag = 1};
    *lease = (struct lease){.partition = ioctl(device, REQUEST, &request)};
    if (lease->partition < 0)
        fail("request");
    if (ioctl(lease->partition, GET_MEM, &lease->list) || lease->list.count > 8)
        fail("count of memories");
    lease->list.list = lease->memories;
    if (ioctl(lease->partition, GET_MEM, &lease->list))
        fail("memories");
    const struct memory *data = &lease->memories[0];
    lease->bytes = (size_t)data->size.col * data->size.row * data->bytes_per_tile;
    lease->words = mmap(NULL, lease->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, data->fd, 0);
    if (lease->words == MAP_FAILED || lease->bytes > (64u << 20))
        fail("mmap");
}

static void leave_column(struct lease *lease)
{
    if (lease->registers)
        munmap((void *)lease->registers, 1u << COLUMN_SHIFT);
    lease->registers = NULL;
}

static void give_back(struct lease *lease)
{
    leave_column(lease);
    munmap((void *)lease->words, lease->bytes);
    for (uint32_t i = 0; i < lease->list.count; i++)
        close(lease->memories[i].fd);
    close(lease->partition);
}

/* Column relative to the partition. */
static void look_at_clock(struct lease *lease, uint32_t column, uint32_t row)
{
    if (!lease->registers || lease->column != column) {
        leave_column(lease);
        lease->registers = mmap(NULL, 1u << COLUMN_SHIFT, PROT_READ, MAP_SHARED, lease->partition,
                                (off_t)column << COLUMN_SHIFT);
        if (lease->registers == MAP_FAILED)
            fail("registers");
        lease->column = column;
        lease->running = 0;
    }
    for (; lease->running < row; lease->running++) {
        uint32_t wanted = lease->running == 0 ? 3 : 2;
        if ((lease->registers[((lease->running << ROW_SHIFT) + CLOCKS) / 4] & wanted) != wanted) {
            fprintf(stderr, "gated\n");
            exit(1);
        }
    }
}

/* Reads tiles from a byte of the buffer on, as long as a lease may work; answers where it stopped. */
static size_t read_tiles(struct lease *lease, uint32_t *to, size_t at)
{
    const struct memory *data = &lease->memories[0];
    long long end = now_ns() + LEASE_NS;
    while (at < lease->bytes && now_ns() < end) {
        uint32_t tile = (uint32_t)(at / data->bytes_per_tile);
        look_at_clock(lease, tile / data->size.row, data->start.row + tile % data->size.row);
        for (size_t i = at / 4; i < (at + data->bytes_per_tile) / 4; i++)
            to[i] = lease->words[i];
        at += data->bytes_per_tile;
    }
    return at;
}

int main(int argc, char **argv)
{
    int guest = argc > 3 && !strcmp(argv[argc - 1], "leases");
    if (argc - guest != 3 && argc - guest != 4)
        return 2;
    const char *mode = argc - guest == 4 ? argv[3] : "";
    uint32_t id = (uint32_t)atoi(argv[1]);
    int pipe_to = -1, done = -1;
    uint32_t *copy = NULL;
    size_t size = 64u << 20; /* of the partition, once a round told */
    for (int round = 0; round < atoi(argv[2]); round++) {
        int device = open("/dev/aie0", O_RDWR | O_CLOEXEC);
        if (device < 0)
            fail("open");
        if (copy == NULL) {
            copy = malloc(64u << 20);
            for (size_t i = 0; i < (64u << 20) / 4; i += 1024)
                copy[i] = 1;
        }
        long long begin = now_ns();
        uint32_t *to = copy;
        if (!strcmp(mode, "fresh"))
            to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (to == MAP_FAILED)
            fail("memory");
        struct lease lease;
        size_t at = 0, sent;
        do {
            if (guest && at != 0)
                nanosleep(&(struct timespec){.tv_nsec = GAP_NS}, NULL);
            take(device, id, &lease);
            sent = at;
            if (guest)
                at = read_tiles(&lease, to, at);
            else
                for (; at < lease.bytes; at += 4)
                    to[at / 4] = lease.words[at / 4];
            give_back(&lease);
            if (!strcmp(mode, "pipe")) {
                if (pipe_to < 0)
                    pipe_to = start_drain(lease.bytes, &done);
                hand_on(pipe_to, copy + sent / 4, at - sent);
            } else if (!strcmp(mode, "out")) {
                hand_on(1, copy + sent / 4, at - sent);
            }
        } while (at < lease.bytes);
        char answer;
        if (!strcmp(mode, "pipe") && read(done, &answer, 1) != 1)
            fail("drain");
        long long end = now_ns();
        close(device);
        if (to != copy)
            munmap(to, size);
        size = lease.bytes;
        if (strcmp(mode, "out"))
            printf("%lld %zu\n", end - begin, lease.bytes);
    }
    return 0;
}
