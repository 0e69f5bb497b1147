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

#define RETRY_MS 50

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
	bool reset, release;
};

static void wait_ms(uint32_t ms)
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
	if (!reset_partition(0)) {
		tally->resets++;
		return;
	}
	if (errno == EBUSY) {
		wait_ms(RETRY_MS);
		if (!reset_partition(0)) {
			tally->resets++;
			tally->reset_retries++;
			return;
		}
	}
	tally->last_error = errno;
	tally->reset_failures++;
}

/* Some words of the first and the last tile get this life's number, and are read back. */
static bool work(uint32_t number_of, struct tally *tally)
{
	struct range *r = &held.mem[DATA].range;
	uint32_t cols[2] = { r->start.col, r->start.col + r->size.col - 1 };
	uint32_t rows[2] = { r->start.row, r->start.row + r->size.row - 1 };

	if (!held.words[DATA])
		return true;
	return GUARDED({
		for (int i = 0; i < 2; i++) {
			volatile uint32_t *tile =
				held.words[DATA] + first_word(DATA, cols[i], rows[i]);

			for (uint32_t o = 0; o < 256; o += 4)
				tile[o / 4] = pattern(DATA, cols[i], rows[i], o, number_of);
			for (uint32_t o = 0; o < 256; o += 4)
				tally->wrong += tile[o / 4] !=
						pattern(DATA, cols[i], rows[i], o, number_of);
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
	if (!work(life->number, tally)) {
		errno = EFAULT;
		return false;
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

bool do_cycles(int argc, char **argv)
{
	struct life life = { .reset = has_word(argc, argv, 3, "reset"),
			     .release = has_word(argc, argv, 3, "release"),
			     .flag = has_word(argc, argv, 3, "keep") };
	struct tally *tally, result;
	uint32_t wanted, rate = 0;
	double start, seconds;

	if (argc < 3 || !number(argv[1], &life.id) || !number(argv[2], &wanted))
		return usage("cycles ID N [rate R] [keep] [reset] [release]");
	for (int i = 3; i + 1 < argc; i++)
		if (!strcmp(argv[i], "rate") && (!number(argv[i + 1], &rate) || rate > 10000))
			return usage("rate is lives per second");
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
		one_life(&life, tally);
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
