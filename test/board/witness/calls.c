// SPDX-License-Identifier: MIT
/* Single calls of the driver, for the tests of the module itself. */
#include "witness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

bool do_enquire(int argc, char **argv)
{
	struct partition_info list[64];
	struct partition_query query = { NULL, 0 };
	uint32_t room = 64;

	if (argc > 2 ||
	    (argc == 2 && strcmp(argv[1], "count") && (!number(argv[1], &room) || room > 64)))
		return usage("enquire [count|ROOM]");
	if (open_device() < 0)
		return failed("open /dev/aie0");
	memset(list, 0xee, sizeof(list));
	if (argc < 2 || strcmp(argv[1], "count")) {
		query.list = list;
		query.count = room;
	}
	if (ioctl(held.device, ENQUIRE, &query))
		return failed("AIE_ENQUIRE_PART");
	printf("ok count=%u", query.count);
	for (uint32_t i = 0; query.list && i < query.count; i++)
		printf(" %u:%u:%u:%u:%u:uid=%u:status=%u", list[i].id, list[i].range.start.col,
		       list[i].range.start.row, list[i].range.size.col, list[i].range.size.row,
		       list[i].uid, list[i].status);
	putchar('\n');
	return true;
}

bool do_getmem(int argc, char **argv)
{
	struct memory list[8] = { 0 };
	struct memory_args args = { 0 };

	if (argc < 2 || !number(argv[1], &args.count) || args.count > 8)
		return usage("getmem COUNT [null]");
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	if (args.count && argc < 3)
		args.list = list;
	if (ioctl(held.part, GET_MEM, &args))
		return failed("AIE_GET_MEM");
	printf("ok count=%u", args.count);
	for (uint32_t i = 0; args.list && i < args.count; i++) {
		printf(" %u:%u:%u:%u:offset=%#llx:size=%llu", list[i].range.start.col,
		       list[i].range.start.row, list[i].range.size.col, list[i].range.size.row,
		       (unsigned long long)list[i].offset, (unsigned long long)list[i].size);
		close(list[i].fd);
	}
	putchar('\n');
	return true;
}

bool do_ioctl(int argc, char **argv)
{
	static uint8_t zeros[256];
	uint32_t number_of;
	int fd, result;

	if (argc != 3 || !number(argv[2], &number_of))
		return usage("ioctl device|part NUMBER");
	fd = !strcmp(argv[1], "part") ? held.part : open_device();
	memset(zeros, 0, sizeof(zeros));
	result = ioctl(fd, (int)number_of, zeros);
	if (result < 0)
		return failed("ioctl");
	return answer(" %d", result);
}

static size_t open_files(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/*
 * Asks for files of all partitions in use, says how each reads, and closes them
 * at once; then how many files are left that nobody named.
 */
bool do_fdlist(int argc, char **argv)
{
	struct partition_fd list[64];
	struct partition_fd_list query = { list, 0 };
	uint32_t room;
	size_t before;
	int result;

	if (argc != 2 || !number(argv[1], &room) || room > 64)
		return usage("fdlist ROOM");
	if (open_device() < 0)
		return failed("open /dev/aie0");
	memset(list, 0xee, sizeof(list));
	for (uint32_t i = 0; i < 64; i++)
		list[i].fd = -1;
	query.count = (int32_t)room;
	before = open_files();
	result = ioctl(held.device, FD_LIST, &query) ? errno : 0;
	printf("%s %s entries=%d", result ? "error" : "ok", result ? strerrorname_np(result) : "",
	       query.count);
	for (uint32_t i = 0; i < 64; i++) {
		char path[64], link[128];
		ssize_t length;

		if (list[i].fd < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", list[i].fd);
		length = readlink(path, link, sizeof(link) - 1);
		close(list[i].fd);
		link[length < 0 ? 0 : length] = 0;
		printf(" %u:%u:id=%u:%s", list[i].start_col, list[i].num_cols, list[i].id, link);
	}
	printf(" leaked=%zu\n", open_files() - before);
	return !result;
}

static uint64_t file_offset(uint32_t col, uint32_t row, uint32_t offset)
{
	return (uint64_t)(col - held.range.start.col) << held.generation->col_shift |
	       (uint64_t)row << held.generation->row_shift | offset;
}

/* The 2020 driver has no read on the partition fd; later ones do. Without a place: its first word.
 */
bool do_pread(int argc, char **argv)
{
	static uint8_t bytes[64 * 1024];
	uint32_t col = held.range.start.col, row = 0, offset = 0, length = 4;
	ssize_t got;

	if (argc > 1 &&
	    (argc != 5 || !number(argv[1], &col) || !number(argv[2], &row) ||
	     !number(argv[3], &offset) || !number(argv[4], &length) || length > sizeof(bytes)))
		return usage("pread [COL ROW OFF LEN]");
	got = pread(held.part, bytes, length, (off_t)file_offset(col, row, offset));
	if (got < 0)
		return failed("pread");
	printf("ok ");
	for (ssize_t i = 0; i < got; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	return true;
}

bool do_pwrite(int argc, char **argv)
{
	static uint8_t bytes[64 * 1024];
	uint32_t col, row, offset;
	size_t length = argc == 5 ? strlen(argv[4]) / 2 : 0;
	ssize_t put;

	if (argc != 5 || !number(argv[1], &col) || !number(argv[2], &row) ||
	    !number(argv[3], &offset) || length > sizeof(bytes))
		return usage("pwrite COL ROW OFF HEX");
	for (size_t i = 0; i < length; i++)
		if (sscanf(argv[4] + 2 * i, "%2hhx", &bytes[i]) != 1)
			return usage("HEX is pairs of hexadecimal digits");
	put = pwrite(held.part, bytes, length, (off_t)file_offset(col, row, offset));
	return put < 0 ? failed("pwrite") : answer(" %zd", put);
}

bool do_regop(int argc, char **argv)
{
	struct reg_args args = { 0 };
	uint32_t offset;

	if (argc != 3 || !number(argv[1], &args.op) || !number(argv[2], &offset))
		return usage("regop OP OFFSET");
	args.offset = offset;
	if (ioctl(held.part, REG_24, &args) && ioctl(held.part, REG_40, &args))
		return failed("AIE_REG");
	return answer("%s", "");
}

bool do_tile_at(int argc, char **argv)
{
	struct location where;
	struct tiles_args args = { &where, 1 };

	if (argc != 3 || !number(argv[1], &where.col) || !number(argv[2], &where.row))
		return usage("tileat RELATIVE_COL ROW");
	if (ioctl(held.part, REQUEST_TILES, &args))
		return failed("AIE_REQUEST_TILES");
	return answer("%s", "");
}

/* Maps, reports how it went, touches the first word if asked, unmaps. */
bool do_mmap(int argc, char **argv)
{
	uint32_t offset, length, value = 0;
	int fd = -1, protection = PROT_READ, flags = MAP_SHARED;
	bool touch = false;
	volatile uint32_t *map;

	if (argc < 4 || !number(argv[2], &offset) || !number(argv[3], &length))
		return usage("mmap part|MEM OFFSET LENGTH [write] [private] [touch]");
	for (int i = 4; i < argc; i++) {
		if (!strcmp(argv[i], "write"))
			protection |= PROT_WRITE;
		if (!strcmp(argv[i], "private"))
			flags = MAP_PRIVATE;
		if (!strcmp(argv[i], "touch"))
			touch = true;
	}
	if (!strcmp(argv[1], "part"))
		fd = held.part;
	else if (memory_type(argv[1]) >= 0 && held.words[memory_type(argv[1])])
		fd = held.mem[memory_type(argv[1])].fd;
	map = mmap(NULL, length, protection, flags, fd, offset);
	if (map == MAP_FAILED)
		return failed("mmap");
	if (touch && !GUARDED(value = *map)) {
		munmap((void *)map, length);
		return bus_error("mmap");
	}
	munmap((void *)map, length);
	return answer(" 0x%08x", value);
}

/* One unaligned load, which device memory answers with a bus error. */
bool do_unaligned(int argc, char **argv)
{
	bool good;
	uint32_t value = 0;

	(void)argc;
	(void)argv;
	if (!held.words[DATA])
		return refuse("NOTHELD", "no memories are held");
#ifdef __aarch64__
	good = GUARDED(__asm__ volatile("ldr %w0, [%1]"
					: "=r"(value)
					: "r"((const volatile char *)held.words[DATA] + 2)
					: "memory"));
#else
	good = true;
#endif
	return good ? answer(" 0x%08x", value) : bus_error("unaligned load");
}

/* How large the DMA-bufs say they are, and how their links read. */
bool do_links(int argc, char **argv)
{
	int fds[1 + MEMORIES] = { held.part };

	(void)argc;
	(void)argv;
	for (int i = 0; i < MEMORIES; i++)
		fds[1 + i] = held.mem[i].size ? held.mem[i].fd : -1;
	printf("ok");
	for (int i = 0; i <= MEMORIES; i++) {
		char path[64], link[128];
		ssize_t length;

		if (fds[i] < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		length = readlink(path, link, sizeof(link) - 1);
		link[length < 0 ? 0 : length] = 0;
		printf(" %s cloexec=%d size=%lld", link, fcntl(fds[i], F_GETFD) & FD_CLOEXEC,
		       i ? (long long)lseek(fds[i], 0, SEEK_END) : 0LL);
	}
	putchar('\n');
	return true;
}
