// SPDX-License-Identifier: MIT
/* What the application stored where, and when: the log that others' reports of its memory are
 * judged by. */
#include "witness.h"

#include <stdio.h>
#include <time.h>

#define MOST_STORES (64 * 1024)

/* Times are microseconds since the log began, on a clock that only goes forwards. */
static struct {
	uint32_t before, after, offset, value;
} stores[MOST_STORES];
static uint32_t count;
static uint64_t began; /* microseconds since boot */
static uint64_t wall;  /* the same moment on the board's clock, since 1970 */

static uint64_t microseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void stores_begin(void)
{
	uint64_t nearest = UINT64_MAX;

	count = 0;
	/* Something may come between two looks at clocks: the closest of some pairs counts. */
	for (int i = 0; i < 50; i++) {
		uint64_t before = microseconds(CLOCK_BOOTTIME);
		uint64_t between = microseconds(CLOCK_REALTIME);
		uint64_t gap = microseconds(CLOCK_BOOTTIME) - before;

		if (gap >= nearest)
			continue;
		nearest = gap;
		began = before;
		wall = between;
	}
}

bool store(volatile uint32_t *tile, uint32_t offset, uint32_t value)
{
	if (count == MOST_STORES)
		return false;
	stores[count].offset = offset;
	stores[count].value = value;
	stores[count].before = (uint32_t)(microseconds(CLOCK_BOOTTIME) - began);
	tile[offset / 4] = value;
	stores[count].after = (uint32_t)(microseconds(CLOCK_BOOTTIME) - began);
	count++;
	return true;
}

/* Ends the job and tells all of its stores: 32 hexadecimal digits each. */
bool do_stores(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	job_end();
	printf("ok count=%u full=%d wall=%llu stores=", count, count == MOST_STORES,
	       (unsigned long long)wall);
	for (uint32_t i = 0; i < count; i++)
		printf("%08x%08x%08x%08x", stores[i].before, stores[i].after, stores[i].offset,
		       stores[i].value);
	putchar('\n');
	note("told %u stores", count);
	return true;
}
