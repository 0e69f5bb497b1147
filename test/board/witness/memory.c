// SPDX-License-Identifier: MIT
/* What stands in the tile memories: reading, writing, patterns, and changing them as kernels do. */
#include "witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	bool on;
	uint32_t col, row, offset, length, step;
	bool one_tile;
	unsigned int rate;
	uint32_t seed; /* of words and values; 0: every word changes at every step */
} job;
/* Scattered steps change these first words of the region as often as all of it. */
#define BUSY_WORDS 16

/* The loop whose rate is measured: read, change and write some words of one tile. */
static struct {
	bool on;
	volatile uint32_t *words;
	uint64_t loops;
	double since;
} loop;
#define LOOP_WORDS 64
#define LOOP_SLICE 2000

struct span {
	int type;
	uint32_t col, row, offset;
	volatile uint32_t *tile;
};

static bool span_of(int argc, char **argv, struct span *s)
{
	struct range *r;

	if (argc < 5)
		return usage("MEM COL ROW OFF ...");
	s->type = memory_type(argv[1]);
	if (s->type < 0 || !number(argv[2], &s->col) || !number(argv[3], &s->row) ||
	    !number(argv[4], &s->offset))
		return usage("MEM is the name of a memory, then COL ROW OFF");
	r = &held.mem[s->type].range;
	if (!in_partition(s->col, s->row) || !held.words[s->type] || s->row < r->start.row ||
	    s->row - r->start.row >= r->size.row)
		return refuse("NOTHELD", "tile %u,%u has no such memory in what this witness holds",
			      s->col, s->row);
	s->tile = held.words[s->type] + first_word(s->type, s->col, s->row);
	return true;
}

bool do_read(int argc, char **argv)
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

bool do_write(int argc, char **argv)
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

/* Different for every word of an array of up to 128 columns and 16 rows: the multiplier is odd. */
uint32_t pattern(int type, uint32_t col, uint32_t row, uint32_t offset, uint32_t seed)
{
	uint32_t name = (uint32_t)type << 28 | col << 21 | row << 17 | offset / 4;

	return (name * 0x9e3779b1u) ^ seed;
}

bool do_fill(int argc, char **argv)
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
		for (int type = 0; type < MEMORIES; type++) {
			struct memory *m = &held.mem[type];
			volatile uint32_t *word = held.words[type];

			if (!word || (only >= 0 && only != type))
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

/*
 * One step of a job with a seed: some words of its tile change, half of them to one of four values,
 * so that some come back. False: the log is full.
 */
static bool scatter(void)
{
	volatile uint32_t *tile = held.words[DATA] + first_word(DATA, job.col, job.row);
	uint32_t words = job.length / 4, busy = words < BUSY_WORDS ? words : BUSY_WORDS;
	struct times coin = { 0, 1 }, some = { 1, 4 }, four = { 0, 3 }, any = { 0, UINT32_MAX - 1 };

	for (uint32_t left = draw(&job.seed, some); left; left--) {
		struct times where = { 0, (draw(&job.seed, coin) ? busy : words) - 1 };
		uint32_t offset = job.offset + 4 * draw(&job.seed, where);
		uint32_t value = draw(&job.seed, coin)
					 ? draw(&job.seed, any)
					 : pattern(DATA, job.col, job.row, offset, 0) +
						   draw(&job.seed, four);

		if (!store(tile, offset, value))
			return false;
	}
	return true;
}

/* One step of a job without a seed: the words of every chosen tile take the step's value. */
static void count_up(void)
{
	struct memory *m = &held.mem[DATA];

	for (uint32_t c = 0; c < m->range.size.col; c++)
		for (uint32_t r = 0; r < m->range.size.row; r++) {
			uint32_t col = m->range.start.col + c, row = m->range.start.row + r;
			volatile uint32_t *tile = held.words[DATA] + first_word(DATA, col, row);

			if (job.one_tile && (col != job.col || row != job.row))
				continue;
			for (uint32_t o = job.offset; o < job.offset + job.length; o += 4)
				tile[o / 4] = pattern(DATA, col, row, o, 0) + job.step;
		}
}

static void work(void)
{
	bool more = true;
	bool good = GUARDED({
		job.step++;
		if (job.seed)
			more = scatter();
		else
			count_up();
	});
	if (!good || !more) {
		job.on = false;
		note("the running job ended at step %u: %s", job.step,
		     good ? "its log is full" : "a bus error");
	}
}

bool do_run(int argc, char **argv)
{
	static const char how[] = "run [RATE] or run COL ROW OFF LEN RATE [SEED]";
	uint32_t rate = 100, seed = 0;

	if (!held.words[DATA])
		return refuse("NOTHELD", "no data memory is held");
	job.one_tile = argc > 2;
	job.offset = 0x1000;
	job.length = 64;
	if (argc == 2 && !number(argv[1], &rate))
		return usage(how);
	if (argc > 2 && (argc < 6 || argc > 7 || !number(argv[1], &job.col) ||
			 !number(argv[2], &job.row) || !number(argv[3], &job.offset) ||
			 !number(argv[4], &job.length) || !number(argv[5], &rate)))
		return usage(how);
	if (argc == 7 && (!number(argv[6], &seed) || !seed || !job.length))
		return usage("SEED is not 0, of some words");
	if (!rate || rate > 1000 || job.offset % 4 || job.length % 4 ||
	    job.offset > held.mem[DATA].size || job.length > held.mem[DATA].size - job.offset ||
	    (job.one_tile &&
	     (!in_partition(job.col, job.row) || job.row < held.mem[DATA].range.start.row)))
		return usage("whole words inside one tile, RATE is 1 to 1000 steps a second");
	job.rate = rate;
	job.seed = seed;
	job.step = 0;
	job.on = true;
	if (seed)
		stores_begin();
	note("runs at %u steps a second", rate);
	return answer("%s", "");
}

bool do_stop(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	job.on = false;
	note("stopped after %u steps", job.step);
	return answer(" steps=%u", job.step);
}

/* ------------------------------------------------------- the measured loop */

static bool choose_loop(int argc, char **argv, int from)
{
	struct memory *m = &held.mem[DATA];
	uint32_t col, row;

	if (!held.words[DATA])
		return refuse("NOTHELD", "no data memory is held");
	col = m->range.start.col;
	row = m->range.start.row;
	if (argc > from &&
	    (argc != from + 2 || !number(argv[from], &col) || !number(argv[from + 1], &row)))
		return usage("... [COL ROW]");
	if (!in_partition(col, row) || row < m->range.start.row ||
	    row - m->range.start.row >= m->range.size.row)
		return refuse("NOTHELD", "tile %u,%u has no data memory here", col, row);
	loop.words = held.words[DATA] + first_word(DATA, col, row);
	loop.loops = 0;
	loop.since = now();
	return true;
}

static void turn(void)
{
	bool good = GUARDED({
		for (int n = 0; n < LOOP_SLICE; n++, loop.loops++)
			for (int i = 0; i < LOOP_WORDS; i++)
				loop.words[i] += 1;
	});

	if (!good) {
		loop.on = false;
		note("the measured loop met a bus error after %llu turns",
		     (unsigned long long)loop.loops);
	}
}

static bool answer_rate(void)
{
	double seconds = now() - loop.since;

	return answer(" loops=%llu ms=%.0f rate=%.0f", (unsigned long long)loop.loops,
		      seconds * 1000, seconds > 0 ? (double)loop.loops / seconds : 0.0);
}

/* From start to stop as many turns as go; stop answers how many a second that were. */
bool do_rate(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "start")) {
		if (!choose_loop(argc, argv, 2))
			return false;
		loop.on = true;
		return answer("%s", "");
	}
	if (argc != 2 || strcmp(argv[1], "stop"))
		return usage("rate start [COL ROW] or rate stop");
	if (!loop.on)
		return refuse("NOTRUNNING", "the measured loop does not run");
	loop.on = false;
	return answer_rate();
}

/* The same loop for a given time, during which the witness answers nothing. */
bool do_spin(int argc, char **argv)
{
	uint32_t ms;

	if (argc < 2 || !number(argv[1], &ms) || ms > 60000)
		return usage("spin MILLISECONDS [COL ROW], at most 60000");
	if (!choose_loop(argc, argv, 2))
		return false;
	for (loop.on = true; loop.on && now() - loop.since < ms / 1000.0;)
		turn();
	if (!loop.on)
		return bus_error("spin");
	loop.on = false;
	return answer_rate();
}

/* --------------------------------------------------- what the server calls */

int job_timeout(void)
{
	return loop.on ? 0 : job.on ? (int)(1000 / job.rate) : -1;
}

void job_step(void)
{
	if (loop.on)
		turn();
	else
		work();
}

void job_end(void)
{
	job.on = false;
	loop.on = false;
}

bool job_runs(void)
{
	return job.on;
}

uint32_t job_steps(void)
{
	return job.step;
}

/* Compares the register view with the DMA-buf view, word by word. */
bool do_compare(int argc, char **argv)
{
	size_t words = 0, different = 0;
	bool good;

	(void)argc;
	(void)argv;
	if (!held.mems || !held.regs)
		return refuse("NOTHELD", "no memories are held");
	good = GUARDED({
		for (int type = 0; type < MEMORIES; type++) {
			struct memory *m = &held.mem[type];

			if (!held.words[type])
				continue;
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
