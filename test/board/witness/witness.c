// SPDX-License-Identifier: MIT
/*
 * witness: a small program on the board that does what an application does, and
 * tells what it sees. It shares no code with the project's native core, so that
 * the two can be compared.
 *
 *   witness serve                       commands on stdin, one line each
 *   witness once CMD ARGS -- CMD ARGS   the same commands, then ends
 *
 * Every command is answered by one line on stdout: "ok ..." or "error NAME ...".
 * What was done is logged to stderr with the time since boot.
 *
 * MEM is data or program. COL and ROW are absolute, row 0 is the shim. OFF and
 * LEN count bytes in the tile's memory. Numbers are decimal or 0x hex.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Our own statement of the 2020 series' structures. */
struct location {
	uint32_t col, row;
};
struct range {
	struct location start, size;
};
struct memory {
	struct range range;
	uint64_t offset, size;
	int32_t fd;
};
struct memory_args {
	uint32_t count;
	struct memory *list;
};
struct reg_args {
	uint32_t op, mask;
	uint64_t offset;
	uint32_t value;
};
struct partition_info {
	uint32_t id, uid;
	struct range range;
	uint32_t status;
};
struct partition_query {
	struct partition_info *list;
	uint32_t count;
};
struct partition_request {
	uint32_t id, uid;
	uint64_t meta;
	uint32_t flag;
};
struct tiles_args {
	struct location *list;
	uint32_t count;
};
_Static_assert(sizeof(struct memory) == 40 && sizeof(struct memory_args) == 16, "layout");
_Static_assert(sizeof(struct reg_args) == 24 && sizeof(struct partition_info) == 28, "layout");
_Static_assert(sizeof(struct partition_query) == 16 && sizeof(struct partition_request) == 24,
	       "layout");
_Static_assert(sizeof(struct tiles_args) == 16, "layout");

enum {
	ENQUIRE = (int)0xC0104101,
	REQUEST = (int)0x80184102,
	REG = (int)0xC0184108,
	GET_MEM = (int)0xC0104109,
	REQUEST_TILES = 0x4010410E,
	RELEASE_TILES = 0x4010410F,
};

#define COL_SHIFT  23
#define ROW_SHIFT  18
#define MAX_LINE   (256 * 1024)
#define MAX_DECOYS 16

static struct {
	int device, part;
	uint32_t id;
	struct range range;
	uint32_t mems;
	struct memory mem[2];
	volatile uint32_t *words[2]; /* the whole DMA-bufs */
	volatile uint32_t *regs;     /* the register view, read only */
} held = { .device = -1, .part = -1 };

static struct {
	bool on;
	uint32_t col, row, offset, length, step;
	bool one_tile;
	unsigned int rate;
} job;

static int decoys[MAX_DECOYS];
static int decoy_count;

static struct {
	int fd;
	size_t size;
	volatile uint32_t *words;
} borrowed = { .fd = -1 };

static bool quitting;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "[%.3f] witness %d: ", now(), getpid());
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

__attribute__((format(printf, 1, 2))) static bool answer(const char *format, ...)
{
	va_list args;

	printf("ok");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return true;
}

__attribute__((format(printf, 2, 3))) static bool refuse(const char *name, const char *format, ...)
{
	va_list args;

	printf("error %s ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return false;
}

static bool failed(const char *what)
{
	const char *name = strerrorname_np(errno);

	note("%s failed: %s", what, strerror(errno));
	return refuse(name ? name : "EUNKNOWN", "%s: %s", what, strerror(errno));
}

static bool usage(const char *what)
{
	return refuse("USAGE", "%s", what);
}

/* ------------------------------------------------------- guarded accesses */

static sigjmp_buf escape;
static volatile sig_atomic_t guarded;
static volatile int fault_code;

static void on_bus_error(int signal_number, siginfo_t *info, void *context)
{
	(void)context;
	if (!guarded || info->si_code <= 0) {
		signal(signal_number, SIG_DFL);
		raise(signal_number);
		return;
	}
	fault_code = info->si_code;
	siglongjmp(escape, 1);
}

/* Runs the statement; false when it touched what answers with a bus error. */
#define GUARDED(...)                         \
	__extension__({                      \
		bool good_ = false;          \
		if (!sigsetjmp(escape, 1)) { \
			guarded = 1;         \
			__VA_ARGS__;         \
			good_ = true;        \
		}                            \
		guarded = 0;                 \
		good_;                       \
	})

static bool bus_error(const char *what)
{
	note("%s: bus error, code %d", what, fault_code);
	return refuse("SIGBUS", "%s: bus error, code %d", what, fault_code);
}

/* ---------------------------------------------------------------- parsing */

static bool number(const char *text, uint32_t *out)
{
	char *end;
	unsigned long long value;

	if (!text || !*text)
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

static int memory_type(const char *text)
{
	if (text && !strcmp(text, "data"))
		return 0;
	if (text && !strcmp(text, "program"))
		return 1;
	return -1;
}

static bool in_partition(uint32_t col, uint32_t row)
{
	return held.part >= 0 && col >= held.range.start.col &&
	       col - held.range.start.col < held.range.size.col && row < held.range.size.row;
}

/* First word of a tile in the mapping of one memory type. */
static size_t first_word(int type, uint32_t col, uint32_t row)
{
	struct memory *m = &held.mem[type];
	size_t tile =
		(size_t)(col - m->range.start.col) * m->range.size.row + (row - m->range.start.row);

	return tile * (m->size / 4);
}

struct span {
	int type;
	uint32_t col, row, offset;
	volatile uint32_t *tile;
};

static bool span_of(int argc, char **argv, struct span *s)
{
	if (argc < 5)
		return usage("MEM COL ROW OFF ...");
	s->type = memory_type(argv[1]);
	if (s->type < 0 || !number(argv[2], &s->col) || !number(argv[3], &s->row) ||
	    !number(argv[4], &s->offset))
		return usage("MEM is data or program, then COL ROW OFF");
	if (!in_partition(s->col, s->row) || !s->row || !held.words[s->type])
		return refuse("NOTHELD", "tile %u,%u is in no partition that this witness holds",
			      s->col, s->row);
	s->tile = held.words[s->type] + first_word(s->type, s->col, s->row);
	return true;
}

static uint64_t register_offset(uint32_t col, uint32_t row, uint32_t reg)
{
	return (uint64_t)(col - held.range.start.col) << COL_SHIFT | (uint64_t)row << ROW_SHIFT |
	       reg;
}

static volatile uint32_t *reg_word(uint32_t col, uint32_t row, uint32_t reg)
{
	return held.regs + register_offset(col, row, reg) / 4;
}

/* --------------------------------------------------------------- commands */

static int open_device_as(int mode)
{
	if (held.device < 0)
		held.device = open("/dev/aie0", mode | O_CLOEXEC);
	return held.device;
}

static int open_device(void)
{
	return open_device_as(O_RDWR);
}

static void let_go(void)
{
	job.on = false;
	for (int i = 0; i < 2; i++) {
		if (held.words[i])
			munmap((void *)held.words[i], held.mem[i].size *
							      held.mem[i].range.size.col *
							      held.mem[i].range.size.row);
		if (held.words[i])
			close(held.mem[i].fd);
		held.words[i] = NULL;
	}
	if (held.regs)
		munmap((void *)held.regs, (size_t)held.range.size.col << COL_SHIFT);
	held.regs = NULL;
	if (held.part >= 0)
		close(held.part);
	held.part = -1;
	held.mems = 0;
	if (held.device >= 0)
		close(held.device);
	held.device = -1;
}

static bool take_memories(void)
{
	struct memory_args args = { 0 };

	if (held.range.size.row < 2)
		return true;
	if (ioctl(held.part, GET_MEM, &args))
		return failed("AIE_GET_MEM count");
	if (args.count != 2)
		return refuse("UNEXPECTED", "%u memory types", args.count);
	args.list = held.mem;
	if (ioctl(held.part, GET_MEM, &args))
		return failed("AIE_GET_MEM");
	held.mems = args.count;
	for (int i = 0; i < 2; i++) {
		struct memory *m = &held.mem[i];
		void *map = mmap(NULL, m->size * m->range.size.col * m->range.size.row,
				 PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);

		if (map == MAP_FAILED)
			return failed("mmap of a DMA-buf");
		held.words[i] = map;
	}
	return true;
}

static bool do_request(int argc, char **argv)
{
	struct partition_request request = { 0 };
	struct partition_info list[64];
	struct partition_query query = { list, 64 };
	bool bare = false, readonly = false;
	void *map;

	if (argc < 2 || !number(argv[1], &request.id))
		return usage("request ID [keep] [bare] [readonly]");
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "keep"))
			request.flag = 1;
		bare |= !strcmp(argv[i], "bare");
		readonly |= !strcmp(argv[i], "readonly");
	}
	if (held.part >= 0)
		return refuse("HELD", "this witness already holds partition %u", held.id);
	if (open_device_as(readonly ? O_RDONLY : O_RDWR) < 0)
		return failed("open /dev/aie0");
	if (ioctl(held.device, ENQUIRE, &query))
		return failed("AIE_ENQUIRE_PART");
	held.part = ioctl(held.device, REQUEST, &request);
	if (held.part < 0)
		return failed("AIE_REQUEST_PART");
	held.id = request.id;
	for (uint32_t i = 0; i < query.count; i++)
		if (list[i].id == request.id)
			held.range = list[i].range;
	map = mmap(NULL, (size_t)held.range.size.col << COL_SHIFT, PROT_READ, MAP_SHARED, held.part,
		   0);
	if (map == MAP_FAILED) {
		failed("mmap of the register view");
		let_go();
		return false;
	}
	held.regs = map;
	if (!bare && !take_memories()) {
		let_go();
		return false;
	}
	note("holds partition %u, flag %u", held.id, request.flag);
	return answer(" pid=%d part=%d data=%d program=%d startCol=%u cols=%u rows=%u", getpid(),
		      held.part, held.mems ? held.mem[0].fd : -1, held.mems ? held.mem[1].fd : -1,
		      held.range.start.col, held.range.size.col, held.range.size.row);
}

static bool do_release(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	let_go();
	note("released partition %u", held.id);
	return answer("%s", "");
}

static bool do_exit(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	quitting = true;
	return answer("%s", "");
}

static bool do_read(int argc, char **argv)
{
	struct span s;
	uint32_t length;
	uint8_t *bytes;
	bool good;

	if (!span_of(argc, argv, &s))
		return false;
	if (argc != 6 || !number(argv[5], &length) || s.offset > held.mem[s.type].size ||
	    length > held.mem[s.type].size - s.offset)
		return usage("read MEM COL ROW OFF LEN, inside one tile");
	bytes = malloc((size_t)length + 1);
	if (!bytes)
		return failed("malloc");
	good = GUARDED({
		for (uint32_t i = 0; i < length;) {
			uint32_t at = s.offset + i, word = s.tile[at / 4];

			do
				bytes[i++] = (uint8_t)(word >> (8 * (at++ & 3)));
			while (i < length && at & 3);
		}
	});
	if (!good) {
		free(bytes);
		return bus_error("read");
	}
	printf("ok ");
	for (uint32_t i = 0; i < length; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	free(bytes);
	note("read %u bytes of %s %u,%u at %#x", length, argv[1], s.col, s.row, s.offset);
	return true;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool do_write(int argc, char **argv)
{
	struct span s;
	size_t length;
	bool good;

	if (!span_of(argc, argv, &s))
		return false;
	length = argc == 6 ? strlen(argv[5]) / 2 : 0;
	if (argc != 6 || strlen(argv[5]) % 2 || s.offset > held.mem[s.type].size ||
	    length > held.mem[s.type].size - s.offset)
		return usage("write MEM COL ROW OFF HEX, inside one tile");
	for (size_t i = 0; i < 2 * length; i++)
		if (nibble(argv[5][i]) < 0)
			return usage("HEX is pairs of hexadecimal digits");
	good = GUARDED({
		for (size_t i = 0; i < length; i++) {
			size_t at = s.offset + i;
			unsigned int shift = 8 * (at & 3);
			uint32_t byte = (uint32_t)(nibble(argv[5][2 * i]) << 4 |
						   nibble(argv[5][2 * i + 1]));
			uint32_t word = s.tile[at / 4];

			s.tile[at / 4] = (word & ~(0xffu << shift)) | byte << shift;
		}
	});
	if (!good)
		return bus_error("write");
	note("wrote %zu bytes of %s %u,%u at %#x", length, argv[1], s.col, s.row, s.offset);
	return answer("%s", "");
}

/* Different for every word of an array of up to 64 columns and 16 rows: the multiplier is odd. */
static uint32_t pattern(int type, uint32_t col, uint32_t row, uint32_t offset, uint32_t seed)
{
	uint32_t name = (uint32_t)type << 23 | col << 17 | row << 13 | offset / 4;

	return (name * 0x9e3779b1u) ^ seed;
}

static bool do_fill(int argc, char **argv)
{
	uint32_t seed = 0;
	int only = -1;
	bool good;

	if ((argc > 1 && !number(argv[1], &seed)) || argc > 3)
		return usage("fill [SEED [MEM]]");
	if (argc > 2) {
		only = memory_type(argv[2]);
		if (only < 0)
			return usage("fill [SEED [MEM]]");
	}
	if (!held.mems)
		return refuse("NOTHELD", "no memories are held");
	good = GUARDED({
		for (int type = 0; type < 2; type++) {
			struct memory *m = &held.mem[type];
			volatile uint32_t *word = held.words[type];

			if (only >= 0 && only != type)
				continue;
			for (uint32_t c = 0; c < m->range.size.col; c++)
				for (uint32_t r = 0; r < m->range.size.row; r++)
					for (uint32_t o = 0; o < m->size; o += 4)
						*word++ = pattern(type, m->range.start.col + c,
								  m->range.start.row + r, o, seed);
		}
	});
	if (!good)
		return bus_error("fill");
	note("filled partition %u, seed %#x", held.id, seed);
	return answer("%s", "");
}

/* One step of the job: the words of every chosen tile take the step's value. */
static void work(void)
{
	struct memory *m = &held.mem[0];
	bool good = GUARDED({
		job.step++;
		for (uint32_t c = 0; c < m->range.size.col; c++)
			for (uint32_t r = 0; r < m->range.size.row; r++) {
				uint32_t col = m->range.start.col + c, row = m->range.start.row + r;
				volatile uint32_t *tile = held.words[0] + first_word(0, col, row);

				if (job.one_tile && (col != job.col || row != job.row))
					continue;
				for (uint32_t o = job.offset; o < job.offset + job.length; o += 4)
					tile[o / 4] = pattern(0, col, row, o, 0) + job.step;
			}
	});
	if (!good) {
		job.on = false;
		note("the running job met a bus error and ended at step %u", job.step);
	}
}

static bool do_run(int argc, char **argv)
{
	uint32_t rate = 100;

	if (!held.mems)
		return refuse("NOTHELD", "no memories are held");
	job.one_tile = argc > 2;
	job.offset = 0x1000;
	job.length = 64;
	if (argc == 2 && !number(argv[1], &rate))
		return usage("run [RATE] or run COL ROW OFF LEN RATE");
	if (argc > 2 && (argc != 6 || !number(argv[1], &job.col) || !number(argv[2], &job.row) ||
			 !number(argv[3], &job.offset) || !number(argv[4], &job.length) ||
			 !number(argv[5], &rate)))
		return usage("run [RATE] or run COL ROW OFF LEN RATE");
	if (!rate || rate > 1000 || job.offset % 4 || job.length % 4 ||
	    job.offset > held.mem[0].size || job.length > held.mem[0].size - job.offset ||
	    (job.one_tile && !in_partition(job.col, job.row)))
		return usage("whole words inside one tile, RATE is 1 to 1000 steps a second");
	job.rate = rate;
	job.step = 0;
	job.on = true;
	note("runs at %u steps a second", rate);
	return answer("%s", "");
}

static bool do_stop(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	job.on = false;
	note("stopped after %u steps", job.step);
	return answer(" steps=%u", job.step);
}

static bool write_register(uint32_t col, uint32_t row, uint32_t reg, uint32_t value, uint32_t mask)
{
	struct reg_args args = { .mask = mask,
				 .offset = register_offset(col, row, reg),
				 .value = value };

	if (ioctl(held.part, REG, &args))
		return failed("AIE_REG");
	note("register %#x of %u,%u = %#x, mask %#x", reg, col, row, value, mask);
	return true;
}

static bool do_core(int argc, char **argv)
{
	uint32_t col, row;

	if (argc != 4 || !number(argv[1], &col) || !number(argv[2], &row))
		return usage("core COL ROW on|off");
	if (!in_partition(col, row))
		return refuse("NOTHELD", "tile %u,%u is not held", col, row);
	return write_register(col, row, 0x32000, !strcmp(argv[3], "on"), 1) && answer("%s", "");
}

static bool do_reg(int argc, char **argv)
{
	uint32_t col, row, reg, value, mask = 0;

	if (argc < 5 || argc > 6 || !number(argv[1], &col) || !number(argv[2], &row) ||
	    !number(argv[3], &reg) || !number(argv[4], &value) ||
	    (argc == 6 && !number(argv[5], &mask)))
		return usage("reg COL ROW OFF VALUE [MASK]");
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	return write_register(col, row, reg, value, mask) && answer("%s", "");
}

static bool do_peek(int argc, char **argv)
{
	uint32_t col, row, reg, value = 0;

	if (argc != 4 || !number(argv[1], &col) || !number(argv[2], &row) ||
	    !number(argv[3], &reg) || reg % 4)
		return usage("peek COL ROW OFF");
	if (held.part < 0 || col < held.range.start.col ||
	    col - held.range.start.col >= held.range.size.col || row > 31 || reg >= 1u << ROW_SHIFT)
		return refuse("NOTHELD", "column %u is not held", col);
	if (!GUARDED(value = *reg_word(col, row, reg)))
		return bus_error("peek");
	return answer(" 0x%08x", value);
}

static bool do_gate(int argc, char **argv)
{
	struct location where;
	struct tiles_args args = { 0 };
	bool off;

	if (argc < 3)
		return usage("gate COL ROW on|off or gate all on|off");
	off = !strcmp(argv[argc - 1], "off");
	if (strcmp(argv[1], "all")) {
		if (argc != 4 || !number(argv[1], &where.col) || !number(argv[2], &where.row))
			return usage("gate COL ROW on|off");
		where.col -= held.range.start.col;
		args.list = &where;
		args.count = 1;
	}
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	if (ioctl(held.part, off ? REQUEST_TILES : RELEASE_TILES, &args))
		return failed(off ? "AIE_REQUEST_TILES" : "AIE_RELEASE_TILES");
	note("gate %s %s", argv[1], off ? "off" : "on");
	return answer("%s", "");
}

/* Climbs each column by its clock registers, so no gated tile is touched. */
static bool do_tiles(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	printf("ok");
	for (uint32_t c = 0; c < held.range.size.col; c++) {
		uint32_t col = held.range.start.col + c;
		bool runs = (*reg_word(col, 0, 0x36040) & 3) == 3;

		for (uint32_t row = 1; row < held.range.size.row; row++) {
			bool core = false, above = false;

			if (runs && !GUARDED({
				    core = *reg_word(col, row, 0x32004) & 1;
				    above = *reg_word(col, row, 0x36040) & 2;
			    }))
				runs = false;
			printf(" %u,%u:%s", col, row,
			       !runs  ? "gated"
			       : core ? "enabled"
				      : "clocked");
			runs = runs && above;
		}
	}
	putchar('\n');
	return true;
}

static bool do_status(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return answer(" pid=%d held=%d part=%d data=%d program=%d running=%d steps=%u", getpid(),
		      held.part >= 0 ? (int)held.id : -1, held.part,
		      held.mems ? held.mem[0].fd : -1, held.mems ? held.mem[1].fd : -1, job.on,
		      job.step);
}

static void keep_decoy(int fd)
{
	if (fd < 0)
		return;
	if (decoy_count < MAX_DECOYS)
		decoys[decoy_count++] = fd;
	else
		close(fd);
}

/*
 * Another partition with its DMA-bufs, as an application with two graphs holds
 * it: true files of the driver, but not those of the first partition.
 */
static int keep_other_partition(void)
{
	struct partition_info list[64];
	struct partition_query query = { list, 64 };
	struct partition_request request = { .flag = 1 };
	struct memory memories[2];
	struct memory_args args = { 2, memories };
	int part;

	if (held.part < 0 || ioctl(held.device, ENQUIRE, &query))
		return -1;
	for (uint32_t i = 0; i < query.count; i++) {
		request.id = list[i].id;
		if (list[i].status || list[i].range.size.row < 2)
			continue;
		part = ioctl(held.device, REQUEST, &request);
		if (part < 0)
			continue;
		keep_decoy(part);
		if (!ioctl(part, GET_MEM, &args)) {
			keep_decoy(memories[0].fd);
			keep_decoy(memories[1].fd);
		}
		return (int)request.id;
	}
	return -1;
}

/*
 * Files that look like the partition's or its memories' to somebody who reads
 * /proc/PID/fd. With "over", the partition's old fd number becomes a decoy and
 * the partition moves to another number. A second, free partition is taken with
 * its DMA-bufs too. All stay until drop-decoys or the end.
 */
static bool do_decoys(int argc, char **argv)
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
static bool do_borrow(int argc, char **argv)
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

static bool do_borrowed(int argc, char **argv)
{
	uint32_t offset, value = 0;

	if (argc != 2 || !number(argv[1], &offset) || offset % 4 || offset >= borrowed.size)
		return usage("borrowed BUFFER_OFFSET");
	if (!GUARDED(value = borrowed.words[offset / 4]))
		return bus_error("borrowed");
	return answer(" 0x%08x", value);
}

static bool do_give_back(int argc, char **argv)
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

static bool do_drop_decoys(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	while (decoy_count)
		close(decoys[--decoy_count]);
	return answer("%s", "");
}

/* The bare calls, for the tests of the module itself. */

static bool do_enquire(int argc, char **argv)
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

static bool do_getmem(int argc, char **argv)
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

static bool do_ioctl(int argc, char **argv)
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

/* The 2020 driver has no read on the partition fd; later ones do. */
static bool do_pread(int argc, char **argv)
{
	uint32_t value;

	(void)argc;
	(void)argv;
	if (pread(held.part, &value, sizeof(value), 0) != sizeof(value))
		return failed("pread");
	return answer(" 0x%08x", value);
}

static bool do_regop(int argc, char **argv)
{
	struct reg_args args = { 0 };
	uint32_t offset;

	if (argc != 3 || !number(argv[1], &args.op) || !number(argv[2], &offset))
		return usage("regop OP OFFSET");
	args.offset = offset;
	if (ioctl(held.part, REG, &args))
		return failed("AIE_REG");
	return answer("%s", "");
}

static bool do_tile_at(int argc, char **argv)
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
static bool do_mmap(int argc, char **argv)
{
	uint32_t offset, length, value = 0;
	int fd = -1, protection = PROT_READ, flags = MAP_SHARED;
	bool touch = false;
	volatile uint32_t *map;

	if (argc < 4 || !number(argv[2], &offset) || !number(argv[3], &length))
		return usage("mmap part|data|program OFFSET LENGTH [write] [private] [touch]");
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
	else if (memory_type(argv[1]) >= 0 && held.mems)
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
static bool do_unaligned(int argc, char **argv)
{
	bool good;
	uint32_t value = 0;

	(void)argc;
	(void)argv;
	if (!held.mems)
		return refuse("NOTHELD", "no memories are held");
#ifdef __aarch64__
	good = GUARDED(__asm__ volatile("ldr %w0, [%1]"
					: "=r"(value)
					: "r"((const volatile char *)held.words[0] + 2)
					: "memory"));
#else
	good = true;
#endif
	return good ? answer(" 0x%08x", value) : bus_error("unaligned load");
}

/* How large the DMA-bufs say they are, and how their links read. */
static bool do_links(int argc, char **argv)
{
	int fds[3] = { held.part, held.mems ? held.mem[0].fd : -1,
		       held.mems ? held.mem[1].fd : -1 };

	(void)argc;
	(void)argv;
	printf("ok");
	for (int i = 0; i < 3; i++) {
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

/* Compares the register view with the DMA-buf view, word by word. */
static bool do_compare(int argc, char **argv)
{
	size_t words = 0, different = 0;
	bool good;

	(void)argc;
	(void)argv;
	if (!held.mems)
		return refuse("NOTHELD", "no memories are held");
	good = GUARDED({
		for (int type = 0; type < 2; type++) {
			struct memory *m = &held.mem[type];

			for (uint32_t c = 0; c < m->range.size.col; c++)
				for (uint32_t r = 0; r < m->range.size.row; r++) {
					uint32_t col = m->range.start.col + c,
						 row = m->range.start.row + r;
					volatile uint32_t *a =
						held.words[type] + first_word(type, col, row);
					volatile uint32_t *b =
						reg_word(col, row, (uint32_t)m->offset);

					for (uint32_t o = 0; o < m->size / 4; o++, words++)
						different += a[o] != b[o];
				}
		}
	});
	return good ? answer(" words=%zu different=%zu", words, different) : bus_error("compare");
}

static const struct {
	const char *name;
	bool (*run)(int argc, char **argv);
} commands[] = {
	{ "request", do_request },
	{ "release", do_release },
	{ "exit", do_exit },
	{ "read", do_read },
	{ "write", do_write },
	{ "fill", do_fill },
	{ "run", do_run },
	{ "stop", do_stop },
	{ "core", do_core },
	{ "gate", do_gate },
	{ "tiles", do_tiles },
	{ "status", do_status },
	{ "hold-decoys", do_decoys },
	{ "drop-decoys", do_drop_decoys },
	{ "borrow", do_borrow },
	{ "borrowed", do_borrowed },
	{ "give-back", do_give_back },
	{ "reg", do_reg },
	{ "peek", do_peek },
	{ "enquire", do_enquire },
	{ "getmem", do_getmem },
	{ "ioctl", do_ioctl },
	{ "pread", do_pread },
	{ "regop", do_regop },
	{ "tileat", do_tile_at },
	{ "mmap", do_mmap },
	{ "unaligned", do_unaligned },
	{ "links", do_links },
	{ "compare", do_compare },
};

static bool dispatch(int argc, char **argv)
{
	bool good = false;
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (argc && !strcmp(argv[0], commands[i].name))
			break;
	if (i == sizeof(commands) / sizeof(*commands))
		usage("unknown command");
	else
		good = commands[i].run(argc, argv);
	/* A failed request must not leave the device open. */
	if (held.part < 0 && held.device >= 0) {
		close(held.device);
		held.device = -1;
	}
	fflush(stdout);
	return good;
}

static void serve(void)
{
	static char line[MAX_LINE];
	size_t fill = 0;

	while (!quitting) {
		struct pollfd in = { .fd = 0, .events = POLLIN };
		char *end, *argv[16], *save;
		ssize_t got;
		int argc = 0;

		if (!poll(&in, 1, job.on ? (int)(1000 / job.rate) : -1)) {
			work();
			continue;
		}
		got = read(0, line + fill, sizeof(line) - 1 - fill);
		if (got <= 0)
			break;
		fill += (size_t)got;
		while (!quitting && (end = memchr(line, '\n', fill))) {
			size_t used = (size_t)(end - line) + 1;

			*end = 0;
			argc = 0;
			for (char *word = strtok_r(line, " ", &save); word && argc < 16;
			     word = strtok_r(NULL, " ", &save))
				argv[argc++] = word;
			dispatch(argc, argv);
			memmove(line, line + used, fill - used);
			fill -= used;
		}
		if (fill == sizeof(line) - 1) {
			usage("line too long");
			fflush(stdout);
			break;
		}
	}
	let_go();
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
	int status = 0;

	sigaction(SIGBUS, &action, NULL);
	if (argc == 2 && !strcmp(argv[1], "serve")) {
		serve();
		return 0;
	}
	if (argc < 3 || strcmp(argv[1], "once")) {
		fprintf(stderr,
			"usage: witness serve | witness once COMMAND ARGS [-- COMMAND ARGS]...\n");
		return 2;
	}
	for (int i = 2; i < argc;) {
		int count = 0;

		while (i + count < argc && strcmp(argv[i + count], "--"))
			count++;
		if (!dispatch(count, argv + i))
			status = 1;
		i += count + 1;
	}
	let_go();
	return status;
}
