// SPDX-License-Identifier: MIT
/* An application that is started, works a little and ends, again and again, each time as a process
 * of its own. */
#include "witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MS   50
#define SHOWN	   4096 /* bytes at the begin of a tile that each life fills */
#define LONG_PAUSE 16	/* one pause in so many is ten times as long */

/* Shared with the children: what became of all lives so far. */
struct tally {
	uint32_t cycles;
	uint32_t retries;	/* requests that were busy once and then succeeded */
	uint32_t failures;	/* lives that could not do their work */
	uint32_t resets;	/* own resets that succeeded */
	uint32_t reset_retries; /* of these, those that were refused once */
	uint32_t reset_failures;
	uint32_t wrong; /* words that did not read back */
	int last_error;
};

struct life {
	uint32_t id, flag, number;
	uint32_t ms; /* how long it goes on after its work */
	bool reset, release;
};

void wait_ms(uint32_t ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static bool busy_error(void)
{
	/* The aperture era says EINVAL to its callers in user space. */
	return errno == EBUSY || errno == EINVAL;
}

static bool begin(const struct life *life, struct tally *tally)
{
	if (open_device() < 0)
		return false;
	if (take_partition(life->id, life->flag) >= 0)
		return true;
	if (!busy_error())
		return false;
	wait_ms(RETRY_MS);
	if (take_partition(life->id, life->flag) < 0)
		return false;
	tally->retries++;
	return true;
}

/* Refused while anything of the partition is mapped or its buffers are out: then once more, a
 * little later. */
static void own_reset(struct tally *tally)
{
	if (!reset_partition(0, 0xf)) {
		tally->resets++;
		return;
	}
	if (errno == EBUSY) {
		wait_ms(RETRY_MS);
		if (!reset_partition(0, 0xf)) {
			tally->resets++;
			tally->reset_retries++;
			return;
		}
	}
	tally->last_error = errno;
	tally->reset_failures++;
}

static volatile uint32_t *shown(int i, uint32_t *col, uint32_t *row)
{
	struct range *r = &held.mem[DATA].range;

	*col = r->start.col + (i ? r->size.col - 1 : 0);
	*row = r->start.row + (i ? r->size.row - 1 : 0);
	return held.words[DATA] + first_word(DATA, *col, *row);
}

/*
 * The first and the last tile get this life's number in all words but the first one. That one is
 * the process, and is written last: whoever finds it there and then reads on finds this life's
 * words only.
 */
static bool work(uint32_t number_of)
{
	uint32_t col, row;

	return GUARDED({
		for (int i = 0; i < 2; i++) {
			volatile uint32_t *tile = shown(i, &col, &row);

			for (uint32_t o = 4; o < SHOWN; o += 4)
				tile[o / 4] = pattern(DATA, col, row, o, number_of);
			tile[0] = (uint32_t)getpid();
		}
	});
}

/* What was written is still there. */
static bool check(uint32_t number_of, struct tally *tally)
{
	uint32_t col, row;

	return GUARDED({
		for (int i = 0; i < 2; i++) {
			volatile uint32_t *tile = shown(i, &col, &row);

			tally->wrong += tile[0] != (uint32_t)getpid();
			for (uint32_t o = 4; o < SHOWN; o += 4)
				tally->wrong +=
					tile[o / 4] != pattern(DATA, col, row, o, number_of);
		}
	});
}

static bool live(const struct life *life, struct tally *tally)
{
	if (!begin(life, tally))
		return false;
	/* A reset first, as the vendor's library does: nothing is mapped yet. */
	if (life->reset)
		own_reset(tally);
	if (switch_all_clocks(true) || map_registers() || map_memories())
		return false;
	if (held.words[DATA]) {
		bool good = work(life->number);

		wait_ms(life->ms);
		if (!good || !check(life->number, tally)) {
			errno = EFAULT;
			return false;
		}
	}
	if (life->release)
		let_go();
	return true;
}

/* One life. The process ends with everything open, unless it shall give back first. */
static void one_life(const struct life *life, struct tally *tally)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (!child) {
		bool good = live(life, tally);

		if (!good)
			tally->last_error = errno;
		_exit(good ? 0 : 1);
	}
	tally->cycles++;
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		tally->failures++;
}

uint32_t draw(uint32_t *state, struct times span)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return span.least + *state % (span.most - span.least + 1);
}

bool numbers_after(int argc, char **argv, const char *word, uint32_t *values, int count)
{
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], word))
			continue;
		for (int n = 0; n < count; n++)
			if (i + 1 + n >= argc || !number(argv[i + 1 + n], &values[n]))
				return false;
	}
	return true;
}

bool span_after(int argc, char **argv, const char *word, struct times *span)
{
	uint32_t values[2] = { 0, 0 };

	if (!numbers_after(argc, argv, word, values, 2) || values[1] < values[0] ||
	    values[1] > 10000)
		return false;
	*span = (struct times){ values[0], values[1] };
	return true;
}

bool do_cycles(int argc, char **argv)
{
	struct life life = { .reset = has_word(argc, argv, 3, "reset"),
			     .release = has_word(argc, argv, 3, "release"),
			     .flag = has_word(argc, argv, 3, "keep") };
	struct tally *tally, result;
	struct times going_on, pause;
	uint32_t wanted, rate = 0, seed = 1;
	double start, seconds;

	if (argc < 3 || !number(argv[1], &life.id) || !number(argv[2], &wanted) ||
	    !numbers_after(argc, argv, "rate", &rate, 1) || rate > 10000 ||
	    !numbers_after(argc, argv, "seed", &seed, 1) || !seed ||
	    !span_after(argc, argv, "live", &going_on) || !span_after(argc, argv, "pause", &pause))
		return usage("cycles ID N [rate R] [live MIN MAX] [pause MIN MAX] [seed S] [keep] "
			     "[reset] [release]; R lives per second, MIN and MAX milliseconds");
	if (held.part >= 0)
		return refuse("HELD", "this witness holds partition %u itself", held.id);
	/* Before the first life, so that each of them knows. */
	if (open_device() < 0)
		return failed("open /dev/aie0");
	request_number();
	close_device_unless_held();
	remember_driver(true);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (tally == MAP_FAILED)
		return failed("mmap");
	start = now();
	for (life.number = 1; life.number <= wanted; life.number++) {
		life.ms = draw(&seed, going_on);
		one_life(&life, tally);
		wait_ms(draw(&seed, pause) * (life.number % LONG_PAUSE ? 1 : 10));
		seconds = rate ? start + (double)life.number / rate - now() : 0;
		if (seconds > 0)
			wait_ms((uint32_t)(seconds * 1000));
	}
	remember_driver(false);
	seconds = now() - start;
	result = *tally;
	munmap(tally, sizeof(*tally));
	note("%u lives in %.1f s", result.cycles, seconds);
	return answer(" cycles=%u retries=%u failures=%u resets=%u resetretries=%u "
		      "resetfailures=%u wrong=%u error=%s ms=%.0f",
		      result.cycles, result.retries, result.failures, result.resets,
		      result.reset_retries, result.reset_failures, result.wrong,
		      result.last_error ? strerrorname_np(result.last_error) : "none",
		      seconds * 1000);
}
