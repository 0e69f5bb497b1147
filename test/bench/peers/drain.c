/*
 * Measures the agent alone, without a network: starts it, sends prepared frames, counts the payload that comes back.
 * usage: drain AGENT HELLO_FILE OPEN_FILE READ_FILE PAYLOAD_BYTES ROUNDS [SEEN_FILE]
 * The agent writes to a pipe of 1 MiB, as the loops do. Prints nanoseconds per round, from writing the read request to
 * the last payload byte. With SEEN_FILE the request is a watch, and each of ROUNDS updates is answered with that frame:
 * prints nanoseconds of processor time of the agent for as many bytes of looks.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint8_t buffer[1 << 20];
/* What came of the agent, and how much of it was taken. */
static size_t have, used;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Waits for so many bytes of the agent, and takes 128 KiB at a time as the loops' drains do. Returns where they begin. */
static const uint8_t *need(int fd, size_t bytes)
{
    const size_t most = 1 << 17;
    while (have - used < bytes) {
        if (sizeof buffer - have < most) {
            memmove(buffer, buffer + used, have - used);
            have -= used;
            used = 0;
        }
        ssize_t n = read(fd, buffer + have, most);
        if (n <= 0)
            fail("the agent ended");
        have += (size_t)n;
    }
    return buffer + used;
}

static uint32_t word(const uint8_t *at)
{
    return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The header of the frame that was taken last; it stays until the next one is. */
static const uint8_t *last_header;
static size_t last_length;

/* Takes one frame; returns its payload length. */
static size_t frame(int fd)
{
    const uint8_t *head = need(fd, 8);
    uint32_t length = word(head), header = word(head + 4);
    if (length < 4 + header || length > 1 << 18)
        fail("frame length");
    head = need(fd, 4 + length) + 8;
    if (memmem(head, header, "error", 5) != NULL) {
        fprintf(stderr, "the agent refused: %.*s\n", (int)header, (const char *)head);
        exit(1);
    }
    used += 4 + length;
    last_header = head;
    last_length = header;
    return length - 4 - header;
}

/* A number of the last header by its key, as MessagePack has it. */
static uint64_t number(const char *key)
{
    const uint8_t *at = memmem(last_header, last_length, key, strlen(key));
    uint64_t value = 0;
    if (at == NULL)
        fail(key);
    at += strlen(key);
    if (*at < 0x80)
        return *at;
    for (int bytes = 1 << (*at++ - 0xcc); bytes > 0; bytes--)
        value = value << 8 | *at++;
    return value;
}

/* Nanoseconds of processor time of a process so far, all threads. */
static long long used_by(pid_t pid)
{
    char path[64];
    long long sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    for (struct dirent *one; threads && (one = readdir(threads));) {
        char file[400];
        long long time;
        snprintf(file, sizeof file, "%s/%s/schedstat", path, one->d_name);
        FILE *stat = one->d_name[0] == '.' ? NULL : fopen(file, "r");
        if (stat == NULL)
            continue;
        if (fscanf(stat, "%lld", &time) == 1)
            sum += time;
        fclose(stat);
    }
    if (threads == NULL)
        fail(path);
    closedir(threads);
    return sum;
}

static void send_file(int fd, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail(path);
    uint8_t request[4096];
    size_t n = fread(request, 1, sizeof request, file);
    fclose(file);
    if (write(fd, request, n) != (ssize_t)n)
        fail("write");
}

static void until_update(int fd)
{
    do
        frame(fd);
    while (memmem(last_header, last_length, "update", 6) == NULL);
}

/* Updates of a watch; the first one tells everything, and counts for nothing. */
static void watch(pid_t agent, int to, int from, const char *seen, size_t bytes, int updates)
{
    until_update(from);
    uint64_t words = number("words");
    long long begin = used_by(agent);
    for (int i = 0; i < updates; i++) {
        send_file(to, seen);
        until_update(from);
    }
    words = number("words") - words;
    printf("%.0f %llu\n", (double)(used_by(agent) - begin) * (double)bytes / 4 / (double)words,
           (unsigned long long)words);
}

int main(int argc, char **argv)
{
    if (argc != 7 && argc != 8)
        return 2;
    int in[2], out[2];
    if (pipe(in) || pipe(out) || fcntl(out[1], F_SETPIPE_SZ, 1 << 20) < 0)
        fail("pipe");
    pid_t agent = fork();
    if (agent == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 16; fd++)
            close(fd);
        execl(argv[1], argv[1], (char *)NULL);
        fail("exec");
    }
    need(out[0], 8);
    used += 8;
    send_file(in[1], argv[2]);
    frame(out[0]);
    send_file(in[1], argv[3]);
    frame(out[0]);
    if (argc == 8) {
        send_file(in[1], argv[4]);
        watch(agent, in[1], out[0], argv[7], strtoul(argv[5], NULL, 0), atoi(argv[6]));
        return 0;
    }
    for (int round = 0; round < atoi(argv[6]); round++) {
        struct timespec begin, end;
        size_t want = strtoul(argv[5], NULL, 0), got = 0;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        send_file(in[1], argv[4]);
        while (got < want)
            got += frame(out[0]);
        clock_gettime(CLOCK_MONOTONIC, &end);
        frame(out[0]);
        printf("%lld %zu\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + (end.tv_nsec - begin.tv_nsec), got);
    }
    return 0;
}
