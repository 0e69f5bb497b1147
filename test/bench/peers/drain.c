/*
 * Measures the agent alone, without a network: starts it, sends prepared frames, counts the payload that comes back.
 * usage: drain AGENT HELLO_FILE OPEN_FILE READ_FILE PAYLOAD_BYTES ROUNDS
 * The agent writes to a pipe of 1 MiB, as the loops do. Prints nanoseconds per round, from writing the read request to
 * the last payload byte.
 */
#define _GNU_SOURCE
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
    return length - 4 - header;
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

int main(int argc, char **argv)
{
    if (argc != 7)
        return 2;
    int in[2], out[2];
    if (pipe(in) || pipe(out) || fcntl(out[1], F_SETPIPE_SZ, 1 << 20) < 0)
        fail("pipe");
    if (fork() == 0) {
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
