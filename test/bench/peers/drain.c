/*
 * Measures the agent alone, without a network: starts it, sends prepared frames, counts the payload that comes back.
 * usage: drain AGENT HELLO_FILE OPEN_FILE READ_FILE PAYLOAD_BYTES ROUNDS
 * Prints nanoseconds per round, from writing the read request to the last payload byte.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint8_t buffer[1 << 20];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void take(int fd, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read(fd, buffer + done, bytes - done);
        if (n <= 0)
            fail("the agent ended");
        done += (size_t)n;
    }
}

static uint32_t word(const uint8_t *at)
{
    return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Reads one frame; returns its payload length. */
static size_t frame(int fd)
{
    take(fd, 8);
    uint32_t length = word(buffer), header = word(buffer + 4);
    if (length < 4 + header || length > 1 << 18)
        fail("frame length");
    take(fd, length - 4);
    if (memmem(buffer, header, "error", 5) != NULL) {
        fprintf(stderr, "the agent refused: %.*s\n", (int)header, (const char *)buffer);
        exit(1);
    }
    return length - 4 - header;
}

static void send_file(int fd, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail(path);
    size_t n = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    if (write(fd, buffer, n) != (ssize_t)n)
        fail("write");
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return 2;
    int in[2], out[2];
    if (pipe(in) || pipe(out))
        fail("pipe");
    if (fork() == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 16; fd++)
            close(fd);
        execl(argv[1], argv[1], (char *)NULL);
        fail("exec");
    }
    take(out[0], 8);
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
