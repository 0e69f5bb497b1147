/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the witness share: our own statement of the driver's
 * structures (all sizes for LP64), what is held, and how commands answer.
 */
#ifndef WITNESS_H
#define WITNESS_H

#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
struct reg_args { /* the first 24 bytes are the whole of it on older drivers */
	uint32_t op, mask;
	uint64_t offset;
	uint32_t value;
	uint64_t data;
	uint32_t length;
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
struct partition_request { /* the first 24 bytes are the whole of it on older drivers */
	uint32_t id, uid;
	uint64_t meta;
	uint32_t flag;
	uint64_t callback, callback_data;
};
struct tiles_args {
	struct location *list;
	uint32_t count;
};
struct partition_fd {
	uint32_t start_col, num_cols;
	uint8_t enable;
	uint32_t id, uid;
	int32_t fd;
};
struct partition_fd_list {
	struct partition_fd *list;
	int32_t count;
};
_Static_assert(sizeof(struct memory) == 40 && sizeof(struct memory_args) == 16, "layout");
_Static_assert(sizeof(struct reg_args) == 40 && sizeof(struct partition_info) == 28, "layout");
_Static_assert(sizeof(struct partition_query) == 16 && sizeof(struct partition_request) == 40,
	       "layout");
_Static_assert(sizeof(struct tiles_args) == 16 && sizeof(struct partition_fd) == 24, "layout");
_Static_assert(sizeof(struct partition_fd_list) == 16, "layout");

enum {
	ENQUIRE = (int)0xC0104101,
	REQUEST_24 = (int)0x80184102,
	REQUEST_40 = (int)0x80284102,
	FD_LIST = (int)0xC0104103,
	REG_24 = (int)0xC0184108,
	REG_40 = (int)0xC0284108,
	GET_MEM = (int)0xC0104109,
	REQUEST_TILES = 0x4010410E,
	RELEASE_TILES = 0x4010410F,
	INIT_16 = 0x40104103,
	INIT_32 = 0x40204103,
	INIT_40 = 0x40284103,
	TEAR = 0x00004104,
	CLEAR = 0x00004105,
};

enum { DATA, PROGRAM, MEMORY_TILE, UC_PROGRAM, UC_PRIVATE, UC_SHARED, MEMORIES };

/* What differs between generations of the array. */
struct generation {
	const char *name;
	unsigned int col_shift, row_shift;
	uint32_t core_control, core_status;
	uint32_t column_clock;	 /* of the shim */
	bool chain;		 /* each tile's clock control has a bit for the tile above */
	uint32_t first_core_row; /* where the driver does not say */
};

extern struct held {
	const struct generation *generation;
	int device, part;
	uint32_t id;
	struct range range; /* absolute, shim row included */
	uint32_t core_row;  /* the first one */
	uint32_t mems;	    /* how many of the memories below are there */
	struct memory mem[MEMORIES];
	volatile uint32_t *words[MEMORIES]; /* the whole DMA-bufs; NULL where there is none */
	volatile uint32_t *regs;	    /* the register view, read only */
} held;

extern bool quitting;

/* Answers. Each command ends with one of these. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
__attribute__((format(printf, 1, 2))) bool answer(const char *format, ...);
__attribute__((format(printf, 2, 3))) bool refuse(const char *name, const char *format, ...);
bool failed(const char *what); /* with errno */
bool usage(const char *what);
bool bus_error(const char *what);
double now(void); /* seconds since boot */

/* Runs the statement; false when it touched what answers with a bus error. */
extern sigjmp_buf escape;
extern volatile sig_atomic_t guarded;
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

/* Words of commands. */
bool number(const char *text, uint32_t *out);
int memory_type(const char *text); /* -1 for no memory */
const char *memory_word(int type);
bool has_word(int argc, char **argv, int from, const char *word);

/* The device and the partition (device.c). */
int open_device(void);
void close_device_unless_held(void);
void let_go(void);
int request_number(void);
void remember_driver(bool on); /* hardware_info is not read again until told so */
int take_partition(uint32_t id, uint32_t flag);
int map_registers(void);
int map_memories(void); /* 0, or -1 with errno */
/* The owner's own reset; options: 0xf is the usual, bit 4 zeroes the memories. */
int reset_partition(uint32_t size, uint32_t options);
int switch_all_clocks(bool on);
int memory_list(int part, struct memory *list, uint32_t *count);
int memory_kind(const struct memory *memory);
bool in_partition(uint32_t col, uint32_t row);
size_t first_word(int type, uint32_t col, uint32_t row);
volatile uint32_t *reg_word(uint32_t col, uint32_t row, uint32_t reg);
int write_register(uint32_t col, uint32_t row, uint32_t reg, uint32_t value, uint32_t mask);
const struct generation *generation_named(const char *name);
int array_rows(uint32_t *rows, uint32_t *core_row); /* of hardware_info; -1 without one */

/* Memory contents (memory.c). */
uint32_t pattern(int type, uint32_t col, uint32_t row, uint32_t offset, uint32_t seed);
int job_timeout(void); /* milliseconds until the next step, -1 for none */
void job_step(void);
void job_end(void);
bool job_runs(void);
uint32_t job_steps(void);

/* The log of a job's stores (stores.c). */
void stores_begin(void);
/* Stores a word at an offset of a tile, logged. False, and nothing stored: the log is full. */
bool store(volatile uint32_t *tile, uint32_t offset, uint32_t value);

/* Applications one after the other (lives.c, starts.c). */
struct times { /* a time in milliseconds that is drawn anew each time, both ends included */
	uint32_t least, most;
};
void wait_ms(uint32_t ms);
uint32_t draw(uint32_t *state, struct times span);
/* The numbers after a word; what is not there keeps its value. False when they are no numbers. */
bool numbers_after(int argc, char **argv, const char *word, uint32_t *values, int count);
bool span_after(int argc, char **argv, const char *word, struct times *span);

bool do_request(int argc, char **argv);
bool do_release(int argc, char **argv);
bool do_generation(int argc, char **argv);
bool do_closebufs(int argc, char **argv);
bool do_reset(int argc, char **argv);
bool do_core(int argc, char **argv);
bool do_reg(int argc, char **argv);
bool do_peek(int argc, char **argv);
bool do_gate(int argc, char **argv);
bool do_tiles(int argc, char **argv);
bool do_status(int argc, char **argv);

bool do_read(int argc, char **argv);
bool do_write(int argc, char **argv);
bool do_fill(int argc, char **argv);
bool do_run(int argc, char **argv);
bool do_stop(int argc, char **argv);
bool do_stores(int argc, char **argv);
bool do_rate(int argc, char **argv);
bool do_spin(int argc, char **argv);
bool do_compare(int argc, char **argv);

bool do_cycles(int argc, char **argv);
bool do_starts(int argc, char **argv);

bool do_decoys(int argc, char **argv);
bool do_drop_decoys(int argc, char **argv);
bool do_borrow(int argc, char **argv);
bool do_borrowed(int argc, char **argv);
bool do_give_back(int argc, char **argv);
bool do_zocl(int argc, char **argv);
bool do_drm_version(int argc, char **argv);

bool do_enquire(int argc, char **argv);
bool do_getmem(int argc, char **argv);
bool do_fdlist(int argc, char **argv);
bool do_ioctl(int argc, char **argv);
bool do_pread(int argc, char **argv);
bool do_pwrite(int argc, char **argv);
bool do_regop(int argc, char **argv);
bool do_tile_at(int argc, char **argv);
bool do_mmap(int argc, char **argv);
bool do_unaligned(int argc, char **argv);
bool do_links(int argc, char **argv);

#endif
