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
 * MEM is data, program, memory-tile (memtile), uc-program (ucprogram),
 * uc-private-data (ucprivate) or uc-shared-data (ucshared). COL and ROW are
 * absolute, row 0 is the shim. OFF and LEN count bytes in the tile's memory.
 * ID is the driver's: START | COLUMNS << 8 where partitions are dynamic.
 * Numbers are decimal or 0x hex.
 *
 *   device.c   request, release, closebufs, init, tear, clear, core, reg, peek, gate, tiles
 *   memory.c   read, write, fill, run, stop, rate, spin, compare
 *   stores.c   stores: what a job with a seed stored, and when
 *   starts.c   starts, kills: applications that ask once, and that are killed
 *   lives.c    cycles: an application that starts and ends again and again
 *   company.c  what others do: decoys, borrowed buffers, a file from zocl
 *   calls.c    single calls of the driver, for the tests of the module itself
 */
#include "witness.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINE (256 * 1024)

bool quitting;

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void note(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "[%.3f] witness %d: ", now(), getpid());
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

bool answer(const char *format, ...)
{
	va_list args;

	printf("ok");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return true;
}

bool refuse(const char *name, const char *format, ...)
{
	va_list args;

	printf("error %s ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return false;
}

bool failed(const char *what)
{
	const char *name = strerrorname_np(errno);

	note("%s failed: %s", what, strerror(errno));
	return refuse(name ? name : "EUNKNOWN", "%s: %s", what, strerror(errno));
}

bool usage(const char *what)
{
	return refuse("USAGE", "%s", what);
}

/* ------------------------------------------------------- guarded accesses */

sigjmp_buf escape;
volatile sig_atomic_t guarded;
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

bool bus_error(const char *what)
{
	note("%s: bus error, code %d", what, fault_code);
	return refuse("SIGBUS", "%s: bus error, code %d", what, fault_code);
}

/* ---------------------------------------------------------------- parsing */

bool number(const char *text, uint32_t *out)
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

/* The names on the wire, and shorter ones. */
static const char *const memory_words[MEMORIES][2] = {
	[DATA] = { "data", "data" },
	[PROGRAM] = { "program", "program" },
	[MEMORY_TILE] = { "memory-tile", "memtile" },
	[UC_PROGRAM] = { "uc-program", "ucprogram" },
	[UC_PRIVATE] = { "uc-private-data", "ucprivate" },
	[UC_SHARED] = { "uc-shared-data", "ucshared" },
};

int memory_type(const char *text)
{
	for (int i = 0; text && i < MEMORIES; i++)
		if (!strcmp(text, memory_words[i][0]) || !strcmp(text, memory_words[i][1]))
			return i;
	return -1;
}

const char *memory_word(int type)
{
	return memory_words[type][0];
}

bool has_word(int argc, char **argv, int from, const char *word)
{
	for (int i = from; i < argc; i++)
		if (!strcmp(argv[i], word))
			return true;
	return false;
}

static bool do_exit(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	quitting = true;
	return answer("%s", "");
}

static const struct {
	const char *name;
	bool (*run)(int argc, char **argv);
} commands[] = {
	{ "request", do_request },
	{ "release", do_release },
	{ "generation", do_generation },
	{ "closebufs", do_closebufs },
	{ "init", do_reset },
	{ "tear", do_reset },
	{ "clear", do_reset },
	{ "cycles", do_cycles },
	{ "starts", do_starts },
	{ "kills", do_starts },
	{ "rate", do_rate },
	{ "spin", do_spin },
	{ "exit", do_exit },
	{ "read", do_read },
	{ "write", do_write },
	{ "fill", do_fill },
	{ "run", do_run },
	{ "stop", do_stop },
	{ "stores", do_stores },
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
	{ "fdlist", do_fdlist },
	{ "zocl", do_zocl },
	{ "drmversion", do_drm_version },
	{ "ioctl", do_ioctl },
	{ "pread", do_pread },
	{ "pwrite", do_pwrite },
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
	close_device_unless_held();
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

		if (!poll(&in, 1, job_timeout())) {
			job_step();
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
