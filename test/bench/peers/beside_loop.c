/*
 * The limit of reading beside an owner: the same calls as a guest makes, and the words through a pipe of 1 MiB to
 * another process, unless they are only to be read. The owner's descriptor is duplicated for 1 ms of work at a time, with the lowest real-time priority
 * and a look at its name and kind; before each 16 KiB the column's clock is looked at (AIE-ML). One line per round:
 * nanoseconds.
 *
 * usage: beside_loop COMMAND ROUNDS COLUMNS FIRST_ROW ROWS BYTES_PER_TILE [only-read]
 * COMMAND is the owner's name; its partition starts at column 0. It shares no code with the project's core.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COLUMN_SHIFT 25
#define ROW_SHIFT 20
#define CLOCK 0xfff20
#define PIECE 16384
#define STEP_NS 1000000
#define RESET_ON_FORK 0x40000000

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static long long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
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

static void hand_on(int fd, const char *from, size_t bytes)
{
    for (size_t sent = 0; sent < bytes;) {
        ssize_t n = write(fd, from + sent, bytes - sent < 65536 ? bytes - sent : 65536);
        if (n < 0)
            fail("write");
        sent += (size_t)n;
    }
}

static int is_partition(const char *link)
{
    return !strncmp(link, "anon_inode:", 11) && strstr(link, "aiepart_") != NULL;
}

/* The descriptor of a partition that a process of this name has; -1: none. */
static int find_owner(const char *command, pid_t *pid)
{
    DIR *processes = opendir("/proc");
    for (struct dirent *one; processes && (one = readdir(processes));) {
        char path[300], text[256] = "";
        snprintf(path, sizeof path, "/proc/%s/comm", one->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(text, sizeof text, file))
            text[strcspn(text, "\n")] = 0;
        fclose(file);
        for (int fd = 0; !strcmp(text, command) && fd < 64; fd++) {
            char link[256] = "";
            snprintf(path, sizeof path, "/proc/%s/fd/%d", one->d_name, fd);
            if (readlink(path, link, sizeof link - 1) < 0 || !is_partition(link))
                continue;
            *pid = atoi(one->d_name);
            return fd;
        }
    }
    return -1;
}

static void set_policy(int policy, int priority)
{
    struct sched_param wanted = {.sched_priority = priority};
    if (syscall(SYS_sched_setscheduler, 0, policy | RESET_ON_FORK, &wanted))
        fail("priority");
}

int main(int argc, char **argv)
{
    int only_read = argc == 8 && !strcmp(argv[7], "only-read");
    if (argc - only_read != 7)
        return 2;
    uint32_t columns = (uint32_t)atoi(argv[3]), first = (uint32_t)atoi(argv[4]), rows = (uint32_t)atoi(argv[5]);
    size_t tile_bytes = strtoul(argv[6], NULL, 0), bytes = columns * rows * tile_bytes;
    pid_t pid = 0;
    int owned = find_owner(argv[1], &pid), done = -1, to = start_drain(bytes, &done);
    int owner = (int)syscall(SYS_pidfd_open, pid, 0), descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY);
    if (owned < 0 || owner < 0 || descriptors < 0)
        fail("no owner");
    char *copy = malloc(1 << 20);
    memset(copy, 1, 1 << 20);
    for (int round = 0; round < atoi(argv[2]); round++) {
        long long begin = now_ns();
        for (size_t at = 0; at < bytes;) {
            char number[16], link[256] = "";
            struct stat status;
            uint32_t clock = 0;
            size_t got = 0;
            if (syscall(SYS_sched_getscheduler, 0) < 0)
                fail("priority");
            set_policy(SCHED_FIFO, 1);
            int partition = (int)syscall(SYS_pidfd_getfd, owner, owned, 0);
            snprintf(number, sizeof number, "%d", partition);
            if (partition < 0 || readlinkat(descriptors, number, link, sizeof link - 1) < 0 || !is_partition(link) ||
                fstat(partition, &status) || (status.st_mode & S_IFMT) != 0)
                fail("the owner's descriptor");
            for (long long end = now_ns() + STEP_NS; at < bytes && got < 1 << 20 && now_ns() < end; got += PIECE) {
                off_t column = (off_t)(at / tile_bytes / rows) << COLUMN_SHIFT;
                off_t row = (off_t)(first + at / tile_bytes % rows) << ROW_SHIFT;
                if (pread(partition, &clock, 4, column + CLOCK) != 4 || (clock & 3) == 0)
                    fail("clock");
                if (pread(partition, copy + got, PIECE, column + row + (off_t)(at % tile_bytes)) != PIECE)
                    fail("pread");
                at += PIECE;
            }
            close(partition);
            set_policy(SCHED_OTHER, 0);
            if (!only_read)
                hand_on(to, copy, got);
        }
        char answer;
        if (!only_read && read(done, &answer, 1) != 1)
            fail("drain");
        printf("%lld %zu\n", now_ns() - begin, bytes);
    }
    return 0;
}
