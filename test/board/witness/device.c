// SPDX-License-Identifier: MIT
/* The device, one partition of it, and its registers, on every driver family. */
#include "witness.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct generation generations[] = {
	{ "aie", 23, 18, 0x32000, 0x32004, 0x36040, true, 1 },
	{ "aieml", 25, 20, 0x32000, 0x32004, 0xfff20, false, 3 },
	{ "aie2ps", 25, 20, 0x38000, 0x38004, 0x7ff20, false, 2 },
};

struct held held = { .generation = &generations[0], .device = -1, .part = -1 };

/* Set by the command "generation": what hardware_info says does not count any more. */
static bool generation_told;

/* A name that is not known is a generation of the future, which looks like AIE-ML here. */
const struct generation *generation_named(const char *name)
{
	for (size_t i = 0; i < sizeof(generations) / sizeof(*generations); i++)
		if (!strcmp(name, generations[i].name))
			return &generations[i];
	return &generations[1];
}

/* What the aperture said, for as long as the driver is known to stay; empty: ask again. */
static char remembered[1024];

static bool hardware_info(char *text, size_t size)
{
	glob_t found;
	size_t got = 0;
	FILE *file = NULL;

	if (remembered[0]) {
		snprintf(text, size, "%s", remembered);
		return true;
	}
	if (!glob("/sys/class/aie/aieaperture_*/hardware_info", 0, NULL, &found) && found.gl_pathc)
		file = fopen(found.gl_pathv[0], "r");
	globfree(&found);
	if (!file)
		return false;
	got = fread(text, 1, size - 1, file);
	text[got] = 0;
	fclose(file);
	return got > 0;
}

void remember_driver(bool on)
{
	remembered[0] = 0;
	if (on && !hardware_info(remembered, sizeof(remembered)))
		remembered[0] = 0;
}

int array_rows(uint32_t *rows, uint32_t *core_row)
{
	char text[1024];
	const char *total, *core;

	if (!hardware_info(text, sizeof(text)))
		return -1;
	total = strstr(text, "total_rows:");
	core = strstr(text, "aie_tile: start row:");
	if (!total || !core || sscanf(total, "total_rows: %u", rows) != 1 ||
	    sscanf(core, "aie_tile: start row: %u", core_row) != 1)
		return -1;
	return 0;
}

static void find_generation(void)
{
	char text[1024], name[32];
	const char *at;

	if (generation_told || !hardware_info(text, sizeof(text)))
		return;
	at = strstr(text, "generation:");
	if (at && sscanf(at, "generation: %31s", name) == 1)
		held.generation = generation_named(name);
}

static int open_device_as(int mode)
{
	if (held.device < 0)
		held.device = open("/dev/aie0", mode | O_CLOEXEC);
	return held.device;
}

int open_device(void)
{
	return open_device_as(O_RDWR);
}

/* A failed request must not leave the device open. */
void close_device_unless_held(void)
{
	if (held.part < 0 && held.device >= 0) {
		close(held.device);
		held.device = -1;
	}
}

static size_t memory_bytes(const struct memory *m)
{
	return m->size * m->range.size.col * m->range.size.row;
}

static void unmap_registers(void)
{
	if (held.regs)
		munmap((void *)held.regs,
		       (size_t)held.range.size.col << held.generation->col_shift);
	held.regs = NULL;
}

/* Mappings first, then the buffers, then the partition: none outlives what it stands on. */
void let_go(void)
{
	job_end();
	for (int i = 0; i < MEMORIES; i++) {
		if (held.words[i])
			munmap((void *)held.words[i], memory_bytes(&held.mem[i]));
		held.words[i] = NULL;
		if (held.mems && held.mem[i].size && held.mem[i].fd >= 0)
			close(held.mem[i].fd);
	}
	memset(held.mem, 0, sizeof(held.mem));
	held.mems = 0;
	unmap_registers();
	if (held.part >= 0)
		close(held.part);
	held.part = -1;
	close_device_unless_held();
}

/*
 * The number of a request of the size that this driver has. A known number
 * faults on no pointer, an unknown one is EINVAL: neither takes anything.
 */
int request_number(void)
{
	static int known;

	if (!known)
		known = ioctl(held.device, REQUEST_24, NULL) && errno == EFAULT	  ? REQUEST_24
			: ioctl(held.device, REQUEST_40, NULL) && errno == EFAULT ? REQUEST_40
										  : REQUEST_24;
	return known;
}

/* Which memory the driver means: by its place in the tile and its size, not by its place in the
 * list. */
int memory_kind(const struct memory *memory)
{
	switch (memory->offset) {
	case 0:
		return memory->size == 512 * 1024 ? MEMORY_TILE : DATA;
	case 0x20000:
		return PROGRAM;
	case 0x80000:
		return UC_PROGRAM;
	case 0x88000:
		return UC_PRIVATE;
	case 0xd0000:
		return UC_SHARED;
	}
	return -1;
}

/* The driver's own list; 0, or -1 with errno. */
int memory_list(int part, struct memory *list, uint32_t *count)
{
	struct memory_args args = { 0 };

	if (ioctl(part, GET_MEM, &args))
		return -1;
	if (args.count > MEMORIES) {
		errno = ERANGE;
		return -1;
	}
	args.list = list;
	if (ioctl(part, GET_MEM, &args))
		return -1;
	*count = args.count;
	return 0;
}

/* The driver names a partition's file after its columns. */
static bool columns_of(int part, uint32_t *start, uint32_t *count)
{
	char path[64], link[128];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", part);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		return false;
	link[length] = 0;
	return sscanf(link, "anon_inode:aiepart_%u_%u", start, count) == 2;
}

/* Requests a partition and learns its range; the fd or -1 with errno. */
int take_partition(uint32_t id, uint32_t flag)
{
	struct partition_request request = { .id = id, .flag = flag };
	struct partition_info list[64];
	struct partition_query query = { list, 64 };
	struct location start = { 0, 0 }, size = { 0, 0 };
	uint32_t rows, core_row;
	bool told;
	int part;

	find_generation();
	part = ioctl(held.device, request_number(), &request);
	if (part < 0)
		return -1;
	if (!columns_of(part, &start.col, &size.col) || ioctl(held.device, ENQUIRE, &query)) {
		close(part);
		errno = EPROTO;
		return -1;
	}
	for (uint32_t i = 0; i < query.count && i < 64; i++)
		if ((list[i].status & 1) && list[i].range.start.col == start.col &&
		    list[i].range.size.col == size.col)
			size.row = list[i].range.size.row;
	told = !array_rows(&rows, &core_row);
	held.part = part;
	held.id = id;
	held.range = (struct range){ start, size };
	held.core_row = told ? core_row : held.generation->first_core_row;
	return part;
}

int map_registers(void)
{
	void *map = mmap(NULL, (size_t)held.range.size.col << held.generation->col_shift, PROT_READ,
			 MAP_SHARED, held.part, 0);

	if (map == MAP_FAILED)
		return -1;
	held.regs = map;
	return 0;
}

/* GET_MEM once, and each buffer mapped whole. A partition of shim tiles has none on most
 * generations. */
int map_memories(void)
{
	struct memory list[MEMORIES];
	uint32_t count;

	if (held.range.size.row < 2)
		return 0;
	if (memory_list(held.part, list, &count))
		return -1;
	held.mems = count;
	for (uint32_t i = 0; i < count; i++) {
		if (memory_kind(&list[i]) >= 0)
			held.mem[memory_kind(&list[i])] = list[i];
		else
			close(list[i].fd);
	}
	for (int type = 0; type < MEMORIES; type++) {
		struct memory *m = &held.mem[type];
		void *map;

		if (!m->size)
			continue;
		map = mmap(NULL, memory_bytes(m), PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
		if (map == MAP_FAILED)
			return -1;
		held.words[type] = map;
	}
	if (held.words[DATA])
		held.core_row = held.mem[DATA].range.start.row;
	return 0;
}

/*
 * The owner's own reset (PARTITION_INIT). The size of its arguments differs by
 * release, and a wrong one is taken for somebody else's reset: 16 bytes with
 * short requests, 32 with long ones, unless told.
 */
int reset_partition(uint32_t size, uint32_t options)
{
	/* No list of tiles: all of them. */
	uint32_t args[10] = { 0, 0, 0, options };

	if (!size)
		size = request_number() == REQUEST_40 ? 32 : 16;
	return ioctl(held.part, size == 40 ? INIT_40 : size == 32 ? INIT_32 : INIT_16, args);
}

int switch_all_clocks(bool on)
{
	struct tiles_args args = { 0 };

	return ioctl(held.part, on ? REQUEST_TILES : RELEASE_TILES, &args);
}

static bool column_runs(uint32_t col)
{
	const struct generation *g = held.generation;
	uint32_t clock = *reg_word(col, 0, g->column_clock) & 3;

	return g->chain ? clock == 3 : clock != 0;
}

/*
 * Asks for just those tiles that run, as an application has asked for its own: no clock changes,
 * and the driver believes of each tile what is true. What it found when the partition was
 * requested can be wrong where the partition does not start at column 0.
 */
static int ask_for_running_tiles(void)
{
	static struct location tiles[128 * 16];
	struct tiles_args args = { tiles, 0 };
	const struct generation *g = held.generation;
	bool mapped = held.regs != NULL;

	if (!mapped && map_registers())
		return -1;
	for (uint32_t c = 0; c < held.range.size.col; c++) {
		uint32_t col = held.range.start.col + c;
		bool runs = column_runs(col);

		for (uint32_t row = 1; runs && row < held.range.size.row; row++) {
			tiles[args.count++] = (struct location){ c, row };
			if (g->chain && !GUARDED(runs = *reg_word(col, row, g->column_clock) & 2))
				runs = false;
		}
	}
	if (!mapped)
		unmap_registers();
	/* A list of none means all. */
	return args.count ? ioctl(held.part, REQUEST_TILES, &args) : 0;
}

/* ------------------------------------------------------ where things stand */

bool in_partition(uint32_t col, uint32_t row)
{
	return held.part >= 0 && col >= held.range.start.col &&
	       col - held.range.start.col < held.range.size.col && row < held.range.size.row;
}

/* First word of a tile in the mapping of one memory type. */
size_t first_word(int type, uint32_t col, uint32_t row)
{
	struct memory *m = &held.mem[type];
	size_t tile =
		(size_t)(col - m->range.start.col) * m->range.size.row + (row - m->range.start.row);

	return tile * (m->size / 4);
}

static uint64_t register_offset(uint32_t col, uint32_t row, uint32_t reg)
{
	return (uint64_t)(col - held.range.start.col) << held.generation->col_shift |
	       (uint64_t)row << held.generation->row_shift | reg;
}

volatile uint32_t *reg_word(uint32_t col, uint32_t row, uint32_t reg)
{
	return held.regs + register_offset(col, row, reg) / 4;
}

int write_register(uint32_t col, uint32_t row, uint32_t reg, uint32_t value, uint32_t mask)
{
	static int known;
	struct reg_args args = { .mask = mask,
				 .offset = register_offset(col, row, reg),
				 .value = value };

	if (!known)
		known = ioctl(held.part, REG_24, NULL) && errno == EFAULT ? REG_24 : REG_40;
	if (ioctl(held.part, known, &args))
		return -1;
	note("register %#x of %u,%u = %#x, mask %#x", reg, col, row, value, mask);
	return 0;
}

/* --------------------------------------------------------------- commands */

static void print_buffers(void)
{
	for (int i = 0; i < MEMORIES; i++)
		if (i <= PROGRAM || held.mem[i].size)
			printf(" %s=%d", memory_word(i), held.mem[i].size ? held.mem[i].fd : -1);
}

bool do_request(int argc, char **argv)
{
	bool bare = has_word(argc, argv, 2, "bare") || has_word(argc, argv, 2, "noget");
	uint32_t id, flag = has_word(argc, argv, 2, "keep");
	bool clocks;

	if (argc < 2 || !number(argv[1], &id))
		return usage("request ID [keep] [noget] [clocks|blind] [noregs] [readonly]");
	if (held.part >= 0)
		return refuse("HELD", "this witness already holds partition %u", held.id);
	if (open_device_as(has_word(argc, argv, 2, "readonly") ? O_RDONLY : O_RDWR) < 0)
		return failed("open /dev/aie0");
	if (take_partition(id, flag) < 0)
		return failed("AIE_REQUEST_PART");
	clocks = has_word(argc, argv, 2, "clocks");
	if ((clocks && switch_all_clocks(true)) ||
	    (!has_word(argc, argv, 2, "noregs") && map_registers()) ||
	    (!clocks && !has_word(argc, argv, 2, "blind") && ask_for_running_tiles()) ||
	    (!bare && map_memories())) {
		failed("taking the partition's memories");
		let_go();
		return false;
	}
	note("holds partition %u, flag %u", held.id, flag);
	printf("ok pid=%d part=%d", getpid(), held.part);
	print_buffers();
	printf(" startCol=%u cols=%u rows=%u coreRow=%u generation=%s\n", held.range.start.col,
	       held.range.size.col, held.range.size.row, held.core_row, held.generation->name);
	return true;
}

bool do_release(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	let_go();
	note("released partition %u", held.id);
	return answer("%s", "");
}

/* For drivers that show no hardware_info. */
bool do_generation(int argc, char **argv)
{
	if (argc != 2)
		return usage("generation aie|aieml|aie2ps");
	held.generation = generation_named(argv[1]);
	generation_told = true;
	return answer(" %s", held.generation->name);
}

/* As an application does that maps its buffers once and needs their fds no more. */
bool do_closebufs(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!held.mems)
		return refuse("NOTHELD", "no memories are held");
	for (int i = 0; i < MEMORIES; i++)
		if (held.mem[i].size && held.mem[i].fd >= 0) {
			close(held.mem[i].fd);
			held.mem[i].fd = -1;
		}
	return answer("%s", "");
}

/* init, tear and clear: what only an owner may send. */
bool do_reset(int argc, char **argv)
{
	uint32_t size = 0, options = 0xf;
	int result;

	if (argc > 3 || (argc > 1 && !number(argv[1], &size)) ||
	    (argc > 2 && !number(argv[2], &options)))
		return usage("init [0|16|32|40 [OPTIONS]], tear or clear");
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	if (!strcmp(argv[0], "init"))
		result = reset_partition(size, options);
	else
		result = ioctl(held.part, !strcmp(argv[0], "tear") ? TEAR : CLEAR, 0);
	if (result)
		return failed(argv[0]);
	note("%s of partition %u", argv[0], held.id);
	return answer("%s", "");
}

bool do_core(int argc, char **argv)
{
	uint32_t col, row;

	if (argc != 4 || !number(argv[1], &col) || !number(argv[2], &row))
		return usage("core COL ROW on|off");
	if (!in_partition(col, row))
		return refuse("NOTHELD", "tile %u,%u is not held", col, row);
	if (write_register(col, row, held.generation->core_control, !strcmp(argv[3], "on"), 1))
		return failed("AIE_REG");
	return answer("%s", "");
}

bool do_reg(int argc, char **argv)
{
	uint32_t col, row, reg, value, mask = 0;

	if (argc < 5 || argc > 6 || !number(argv[1], &col) || !number(argv[2], &row) ||
	    !number(argv[3], &reg) || !number(argv[4], &value) ||
	    (argc == 6 && !number(argv[5], &mask)))
		return usage("reg COL ROW OFF VALUE [MASK]");
	if (held.part < 0)
		return refuse("NOTHELD", "no partition is held");
	return write_register(col, row, reg, value, mask) ? failed("AIE_REG") : answer("%s", "");
}

bool do_peek(int argc, char **argv)
{
	uint32_t col, row, reg, value = 0;

	if (argc != 4 || !number(argv[1], &col) || !number(argv[2], &row) ||
	    !number(argv[3], &reg) || reg % 4)
		return usage("peek COL ROW OFF");
	if (!held.regs || col < held.range.start.col ||
	    col - held.range.start.col >= held.range.size.col || row > 31 ||
	    reg >= 1u << held.generation->row_shift)
		return refuse("NOTHELD", "column %u is not held", col);
	if (!GUARDED(value = *reg_word(col, row, reg)))
		return bus_error("peek");
	return answer(" 0x%08x", value);
}

bool do_gate(int argc, char **argv)
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

/* Climbs each column by its clock registers, so no gated tile is touched. Rows below the cores have
 * no core. */
bool do_tiles(int argc, char **argv)
{
	const struct generation *g = held.generation;

	(void)argc;
	(void)argv;
	if (!held.regs)
		return refuse("NOTHELD", "no partition is held");
	printf("ok");
	for (uint32_t c = 0; c < held.range.size.col; c++) {
		uint32_t col = held.range.start.col + c;
		bool runs = column_runs(col);

		for (uint32_t row = 1; row < held.range.size.row; row++) {
			bool core = false, above = true;

			if (runs && !GUARDED({
				    if (row >= held.core_row)
					    core = *reg_word(col, row, g->core_status) & 1;
				    if (g->chain)
					    above = *reg_word(col, row, g->column_clock) & 2;
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

bool do_status(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("ok pid=%d held=%d part=%d", getpid(), held.part >= 0 ? (int)held.id : -1,
	       held.part);
	print_buffers();
	printf(" running=%d steps=%u\n", job_runs(), job_steps());
	return true;
}
