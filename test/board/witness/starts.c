// SPDX-License-Identifier: MIT
/*
 * Applications that ask for their partition once and never again, as the vendor's library does, and
 * applications that are killed in the middle of their work. Each is a process of its own.
 */
#include "witness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADED	 4096 /* bytes of program memory that each start writes */
#define STUCK_MS 5000 /* a start that takes longer hangs in the driver */

/* Shared with the children: what became of all starts so far. */
struct tally {
	uint32_t starts, refused, failures, wrong;
	int last_error;
	volatile uint32_t ready; /* the number of the start that got as far as its work */
};

struct start {
	uint32_t id, number;
	uint32_t ms; /* how long it works */
	bool init, keep;
};

enum outcome { WORKED, REFUSED, FAILED };

/* Writes the start of a tile's program memory, as a loader does: word by word, core disabled. */
static void load(uint32_t col, uint32_t row, uint32_t seed)
{
	volatile uint32_t *program = held.words[PROGRAM] + first_word(PROGRAM, col, row);

	for (uint32_t o = 0; o < LOADED; o += 4)
		program[o / 4] = pattern(PROGRAM, col, row, o, seed);
}

static uint32_t wrong_words(uint32_t col, uint32_t row, uint32_t seed)
{
	volatile uint32_t *program = held.words[PROGRAM] + first_word(PROGRAM, col, row);
	uint32_t wrong = 0;

	for (uint32_t o = 0; o < LOADED; o += 4)
		wrong += program[o / 4] != pattern(PROGRAM, col, row, o, seed);
	return wrong;
}

/*
 * Ask once, map, start (INIT or all clocks: nothing looks at mappings), load, run, stop, compare.
 * The process ends with everything open.
 */
static enum outcome start_once(const struct start *start, struct tally *tally)
{
	uint32_t col, row, wrong = 0;

	if (open_device() < 0)
		return FAILED;
	if (take_partition(start->id, start->keep) < 0)
		return REFUSED;
	if (map_registers() || map_memories() ||
	    (start->init ? reset_partition(0, 0xf) : switch_all_clocks(true)))
		return FAILED;
	if (!held.words[PROGRAM])
		return FAILED;
	col = held.range.start.col;
	row = held.core_row;
	if (!GUARDED(load(col, row, start->number)) ||
	    write_register(col, row, held.generation->core_control, 1, 1))
		return FAILED;
	tally->ready = start->number;
	wait_ms(start->ms);
	if (write_register(col, row, held.generation->core_control, 0, 1) ||
	    !GUARDED(wrong = wrong_words(col, row, start->number)))
		return FAILED;
	tally->wrong += wrong;
	return WORKED;
}

static pid_t begin(const struct start *start, struct tally *tally)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		enum outcome outcome = start_once(start, tally);

		if (outcome != WORKED)
			tally->last_error = errno;
		_exit(outcome);
	}
	tally->starts++;
	return child;
}

static void count_end(pid_t child, struct tally *tally)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		tally->failures++;
	else if (WEXITSTATUS(status) == REFUSED)
		tally->refused++;
	else if (WEXITSTATUS(status) != WORKED)
		tally->failures++;
}

/* Kills a start as soon as it works, and a little later; false when it hangs in the driver. */
static bool kill_at_work(pid_t child, uint32_t number_of, uint32_t ms, struct tally *tally)
{
	double until = now() + STUCK_MS / 1e3;
	bool ended = false;
	int status = 0;

	while (!ended && tally->ready != number_of && now() < until) {
		ended = waitpid(child, &status, WNOHANG) == child;
		if (!ended)
			usleep(200);
	}
	if (ended) {
		if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED)
			tally->refused++;
		else
			tally->failures++;
		return true;
	}
	if (tally->ready == number_of)
		wait_ms(ms);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return tally->ready == number_of;
}

/*
 * starts and kills: the same applications, which end by themselves or by SIGKILL. With "opened" they have
 * the device open from the begin, so that nobody sees an opening before they ask.
 */
bool do_starts(int argc, char **argv)
{
	bool killed = !strcmp(argv[0], "kills"), stuck = false;
	struct start start = { .init = has_word(argc, argv, 3, "init"),
			       .keep = has_word(argc, argv, 3, "keep") };
	struct tally *tally, result;
	struct times going_on, pause;
	uint32_t wanted, seed = 1;
	double begun;

	if (argc < 3 || !number(argv[1], &start.id) || !number(argv[2], &wanted) ||
	    !numbers_after(argc, argv, "seed", &seed, 1) || !seed ||
	    !span_after(argc, argv, "live", &going_on) || !span_after(argc, argv, "pause", &pause))
		return usage("starts|kills ID N [init] [keep] [opened] [live MIN MAX] [pause MIN MAX] "
			     "[seed S]; milliseconds");
	if (held.part >= 0)
		return refuse("HELD", "this witness holds partition %u itself", held.id);
	if (open_device() < 0)
		return failed("open /dev/aie0");
	request_number();
	if (!has_word(argc, argv, 3, "opened"))
		close_device_unless_held();
	remember_driver(true);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (tally == MAP_FAILED)
		return failed("mmap");
	begun = now();
	for (start.number = 1; start.number <= wanted && !stuck; start.number++) {
		pid_t child;

		uint32_t ms = draw(&seed, going_on);

		/* One that shall be killed works until then. */
		start.ms = killed ? UINT32_MAX : ms;
		child = begin(&start, tally);
		if (killed) {
			stuck = child < 0 || !kill_at_work(child, start.number, ms, tally);
		} else {
			count_end(child, tally);
		}
		wait_ms(draw(&seed, pause));
	}
	remember_driver(false);
	close_device_unless_held();
	result = *tally;
	munmap(tally, sizeof(*tally));
	return answer(" starts=%u refused=%u failures=%u wrong=%u stuck=%d error=%s ms=%.0f",
		      result.starts, result.refused, result.failures, result.wrong, stuck,
		      result.last_error ? strerrorname_np(result.last_error) : "none",
		      (now() - begun) * 1000);
}
