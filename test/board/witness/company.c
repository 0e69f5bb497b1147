// SPDX-License-Identifier: MIT
/* What stands beside a partition: files that look like it, other people's buffers, a file from
 * zocl. */
#include "witness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_DECOYS 24

static int decoys[MAX_DECOYS];
static int decoy_count;

static struct {
	int fd;
	size_t size;
	volatile uint32_t *words;
} borrowed = { .fd = -1 };

static void keep_decoy(int fd)
{
	if (fd < 0)
		return;
	if (decoy_count < MAX_DECOYS)
		decoys[decoy_count++] = fd;
	else
		close(fd);
}

/* A free partition other than the held one: of the static ones, or as many columns elsewhere. */
static int request_another(uint32_t *id)
{
	struct partition_info list[64];
	struct partition_query query = { list, 64 };
	struct partition_request request = { .flag = 1 };
	uint32_t cols = held.range.size.col;
	int part = -1;

	if (ioctl(held.device, ENQUIRE, &query))
		return -1;
	for (uint32_t i = 0; part < 0 && i < query.count && i < 64; i++) {
		request.id = list[i].id;
		if (!(list[i].status & 1) && list[i].range.size.row > 1 && list[i].id)
			part = ioctl(held.device, request_number(), &request);
	}
	/* Where partitions are dynamic, free entries tell no id; equal size is what a tool must
	 * tell apart. */
	for (uint32_t start = held.range.start.col + cols; part < 0 && start + cols <= 128;
	     start += cols) {
		request.id = start | cols << 8;
		part = ioctl(held.device, request_number(), &request);
	}
	*id = request.id;
	return part;
}

/*
 * Another partition with its DMA-bufs, as an application with two graphs holds
 * it: true files of the driver, but not those of the first partition.
 */
static int keep_other_partition(void)
{
	struct memory memories[MEMORIES];
	uint32_t count, id;
	int part;

	if (held.part < 0)
		return -1;
	part = request_another(&id);
	if (part < 0)
		return -1;
	keep_decoy(part);
	if (!memory_list(part, memories, &count))
		for (uint32_t i = 0; i < count; i++)
			keep_decoy(memories[i].fd);
	return (int)id;
}

/*
 * Files that look like the partition's or its memories' to somebody who reads
 * /proc/PID/fd. With "over", the partition's old fd number becomes a decoy and
 * the partition moves to another number. A second, free partition is taken with
 * its DMA-bufs too. All stay until drop-decoys or the end.
 */
bool do_decoys(int argc, char **argv)
{
	char name[64], path[128];
	int other, file, moved;

	snprintf(name, sizeof(name), "aiepart_%u_%u", held.part >= 0 ? held.range.start.col : 6,
		 held.part >= 0 ? held.range.size.col : 4);
	snprintf(path, sizeof(path), "/tmp/%s", name);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	keep_decoy(file);
	snprintf(path, sizeof(path), "/tmp/anon_inode:%s", name);
	keep_decoy(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	keep_decoy(memfd_create(name, MFD_CLOEXEC));
	keep_decoy(eventfd(0, EFD_CLOEXEC));
	other = keep_other_partition();
	if (argc > 1 && !strcmp(argv[1], "over")) {
		if (held.part < 0 || decoy_count == 0)
			return refuse("NOTHELD", "there is no partition fd to move");
		moved = fcntl(held.part, F_DUPFD_CLOEXEC, 0);
		if (moved < 0 || dup3(decoys[0], held.part, O_CLOEXEC) < 0)
			return failed("moving the partition fd");
		keep_decoy(held.part);
		held.part = moved;
	}
	note("%d decoys open", decoy_count);
	return answer(" decoys=%d other=%d part=%d", decoy_count, other, held.part);
}

/* Duplicates another process's DMA-buf and maps it, as a debugger might. */
bool do_borrow(int argc, char **argv)
{
	uint32_t pid, number_of;
	int process;
	off_t size;
	void *map;

	if (argc != 3 || !number(argv[1], &pid) || !number(argv[2], &number_of))
		return usage("borrow PID FD");
	if (borrowed.fd >= 0)
		return refuse("HELD", "something is borrowed already");
	process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process < 0)
		return failed("pidfd_open");
	borrowed.fd = (int)syscall(SYS_pidfd_getfd, process, number_of, 0);
	close(process);
	if (borrowed.fd < 0)
		return failed("pidfd_getfd");
	size = lseek(borrowed.fd, 0, SEEK_END);
	map = size > 0
		      ? mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, borrowed.fd, 0)
		      : MAP_FAILED;
	if (map == MAP_FAILED) {
		close(borrowed.fd);
		borrowed.fd = -1;
		return failed("mmap of the borrowed DMA-buf");
	}
	borrowed.size = (size_t)size;
	borrowed.words = map;
	return answer(" size=%zu", borrowed.size);
}

bool do_borrowed(int argc, char **argv)
{
	uint32_t offset, value = 0;

	if (argc != 2 || !number(argv[1], &offset) || offset % 4 || offset >= borrowed.size)
		return usage("borrowed BUFFER_OFFSET");
	if (!GUARDED(value = borrowed.words[offset / 4]))
		return bus_error("borrowed");
	return answer(" 0x%08x", value);
}

bool do_give_back(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (borrowed.fd < 0)
		return refuse("NOTHELD", "nothing is borrowed");
	munmap((void *)borrowed.words, borrowed.size);
	close(borrowed.fd);
	borrowed.fd = -1;
	borrowed.size = 0;
	return answer("%s", "");
}

bool do_drop_decoys(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	while (decoy_count)
		close(decoys[--decoy_count]);
	return answer("%s", "");
}

/*
 * Asks zocl for a file of the partition that the kernel holds, as XRT does. FORM
 * is 1 (up to 2024.1) or 2. The file is closed again, unless it shall be kept.
 */
bool do_zocl(int argc, char **argv)
{
	struct {
		uint32_t id, uid;
		int32_t fd;
	} one = { .fd = -1 };
	struct {
		uint32_t context, id, uid;
		int32_t fd;
	} two = { .fd = -1 };
	uint32_t form, id;
	char path[64], link[128];
	ssize_t length;
	int node, fd, result;

	if (argc < 3 || !number(argv[1], &form) || form < 1 || form > 2 || !number(argv[2], &id))
		return usage("zocl 1|2 PARTITION [keep]");
	node = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
	if (node < 0)
		return failed("open /dev/dri/renderD128");
	one.id = id;
	two.id = id;
	result = form == 1 ? ioctl(node, 0xC00C6450, &one) : ioctl(node, 0xC0106458, &two);
	close(node);
	if (result)
		return failed("DRM_IOCTL_ZOCL_AIE_FD");
	fd = form == 1 ? one.fd : two.fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link) - 1);
	link[length < 0 ? 0 : length] = 0;
	if (has_word(argc, argv, 3, "keep"))
		keep_decoy(fd);
	else
		close(fd);
	return answer(" fd=%d %s", fd, link);
}

/* What the render node says it is: name, date and description of its driver. */
bool do_drm_version(int argc, char **argv)
{
	char text[3][64] = { { 0 } };
	struct {
		int major, minor, patch;
		size_t name_len;
		char *name;
		size_t date_len;
		char *date;
		size_t desc_len;
		char *desc;
	} version = { .name_len = 63,
		      .name = text[0],
		      .date_len = 63,
		      .date = text[1],
		      .desc_len = 63,
		      .desc = text[2] };
	int node = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC), result;

	(void)argc;
	(void)argv;
	if (node < 0)
		return failed("open /dev/dri/renderD128");
	result = ioctl(node, 0xC0406400, &version);
	close(node);
	return result ? failed("DRM_IOCTL_VERSION")
		      : answer(" %s %s %s", text[0], text[1], text[2]);
}
