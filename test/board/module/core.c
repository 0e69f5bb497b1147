// SPDX-License-Identifier: GPL-2.0
/*
 * The cores: programs that they run, and the debug registers that halt them.
 * Written from the descriptions of the registers. Not imitated: the events
 * that resume and step a core (Debug_Control1 6:0 and 14:8).
 *
 * A program is what its counter does: loops over addresses. A tick moves each
 * core that has a program, is enabled, clocked and not halted by one
 * instruction. Its general registers change with each instruction.
 *
 * A stall is any of the bits of Core_Status that a test set (control line
 * "reg"); a stalled core stands, halted or not, and goes on without them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitfield.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "aievirt.h"

#define TICK_MS	   10
#define MAX_LOOPS  8
#define MAX_WRITERS 32

/* From Core_Control on. */
#define DEBUG_CONTROL0 0x10
#define DEBUG_CONTROL1 0x14
#define DEBUG_CONTROL2 0x18
#define DEBUG_STATUS   0x1c
#define PC_EVENT(n)    (0x20 + 4 * (n))
#define PC_EVENTS      4

#define CONTROL0_HALT  BIT(0)
#define CONTROL0_STEPS GENMASK(5, 2)
#define CONTROL1_EVENT0 GENMASK(22, 16)
#define CONTROL1_EVENT1 GENMASK(30, 24)
#define CONTROL2_PC_EVENT BIT(0)
#define EVENT_VALID    BIT(31)
#define EVENT_PC       GENMASK(13, 0)
#define FIRST_PC_EVENT 16
#define EVENT_STATUS   0x34200

#define HALTED	     BIT(0)
#define CAUSE_PC     BIT(1)
#define CAUSE_EVENT0 BIT(5)
#define CAUSE_EVENT1 BIT(6)

#define STATUS_HALTED BIT(16)
#define STALLS	      GENMASK(15, 2)

/* Which stalls a bit of Debug_Control2 halts on, and which cause of Debug_Status that is. */
static const struct {
	u32 control;
	u32 stalls;
	u32 cause;
} stall_halts[] = {
	{ BIT(1), GENMASK(5, 2), BIT(2) },   /* memory */
	{ BIT(2), GENMASK(9, 6), BIT(3) },   /* lock */
	{ BIT(3), GENMASK(15, 10), BIT(4) }, /* stream and cascade */
};

struct loop {
	u32 first;
	u32 last;
	u32 times;
};

struct core {
	struct loop loops[MAX_LOOPS];
	unsigned int count; /* of loops; 0: no program */
	u32 size;	    /* bytes of an instruction */
	unsigned int at;    /* the loop that runs */
	u32 round;
	u32 pc;
	u32 done;   /* instructions */
	u32 steps;  /* still to be done before it halts */
	u32 status; /* Debug_Status, which nobody can write */
	bool let_go; /* the next instruction is done, whatever event is at its address */
};

/* All of it under state_sem. */
static struct core *cores; /* by column, then row */
static struct {
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u32 count;
} writers[MAX_WRITERS];

static void tick(struct work_struct *work);
static DECLARE_DELAYED_WORK(ticking, tick);

static struct core *core_at(u32 col, u32 row)
{
	return &cores[col * varray.rows + row];
}

static u32 peek_debug(u32 col, u32 row, u32 reg)
{
	return tile_peek(col, row, varray.gen->core_control + reg);
}

static void poke(u32 col, u32 row, u32 reg, u32 value)
{
	u32 *word = tile_word(col, row, reg);

	if (word)
		WRITE_ONCE(*word, value);
}

/* Debug_Status, and the bit of Core_Status that says the same. */
static void set_halted(struct core *core, u32 col, u32 row, u32 status)
{
	u32 now = tile_peek(col, row, varray.gen->core_status) & ~STATUS_HALTED;

	core->status = status;
	poke(col, row, varray.gen->core_control + DEBUG_STATUS, status);
	poke(col, row, varray.gen->core_status, status ? now | STATUS_HALTED : now);
}

static void halt(struct core *core, u32 col, u32 row, u32 cause)
{
	u32 control = peek_debug(col, row, DEBUG_CONTROL0) & ~CONTROL0_STEPS;

	core->steps = 0;
	poke(col, row, varray.gen->core_control + DEBUG_CONTROL0, control);
	set_halted(core, col, row, HALTED | cause);
}

/* What the program counter and the general registers say. */
static void show(struct core *core, u32 col, u32 row)
{
	u32 n;

	poke(col, row, varray.gen->pc, core->pc);
	for (n = 0; n < varray.gen->general_count; n++)
		poke(col, row, varray.gen->general + 0x10 * n, core->done + (n << 24));
}

static void advance(struct core *core)
{
	struct loop *loop = &core->loops[core->at];

	core->done++;
	if (core->pc < loop->last) {
		core->pc += core->size;
		return;
	}
	if (++core->round >= loop->times) {
		core->round = 0;
		core->at = (core->at + 1) % core->count;
	}
	core->pc = core->loops[core->at].first;
}

/* Whether a PC event at the program counter halts the core; raises it in any case. */
static bool meets_event(struct core *core, u32 col, u32 row)
{
	u32 control1 = peek_debug(col, row, DEBUG_CONTROL1);
	u32 control2 = peek_debug(col, row, DEBUG_CONTROL2), cause = 0, n;

	for (n = 0; n < PC_EVENTS; n++) {
		u32 event = peek_debug(col, row, PC_EVENT(n));

		if (!(event & EVENT_VALID) || (event & EVENT_PC) != core->pc)
			continue;
		poke(col, row, EVENT_STATUS,
		     tile_peek(col, row, EVENT_STATUS) | BIT(FIRST_PC_EVENT + n));
		if (FIELD_GET(CONTROL1_EVENT0, control1) == FIRST_PC_EVENT + n)
			cause |= CAUSE_EVENT0;
		if (FIELD_GET(CONTROL1_EVENT1, control1) == FIRST_PC_EVENT + n)
			cause |= CAUSE_EVENT1;
		if (control2 & CONTROL2_PC_EVENT)
			cause |= CAUSE_PC;
	}
	if (cause)
		halt(core, col, row, cause);
	return cause;
}

/* Does one instruction, unless something keeps the core from it. */
static bool instruct(struct core *core, u32 col, u32 row)
{
	u32 status = tile_peek(col, row, varray.gen->core_status), i;

	if (!core->count || core->status || !tile_runs(col, row) || !(status & CORE_ENABLE) ||
	    status & (CORE_RESET | CORE_ERROR_HALT))
		return false;
	if (status & STALLS) {
		for (i = 0; i < ARRAY_SIZE(stall_halts); i++)
			if (status & stall_halts[i].stalls &&
			    peek_debug(col, row, DEBUG_CONTROL2) & stall_halts[i].control)
				halt(core, col, row, stall_halts[i].cause);
		return false;
	}
	if (!core->let_go && meets_event(core, col, row))
		return false;
	core->let_go = false;
	advance(core);
	show(core, col, row);
	return true;
}

/* A step that a stall keeps waiting is ended by a later call. */
static void do_steps(struct core *core, u32 col, u32 row)
{
	while (core->steps && instruct(core, col, row)) {
		core->steps--;
		poke(col, row, varray.gen->core_control + DEBUG_CONTROL0,
		     (peek_debug(col, row, DEBUG_CONTROL0) & ~CONTROL0_STEPS) |
			     FIELD_PREP(CONTROL0_STEPS, core->steps));
		if (!core->steps)
			halt(core, col, row, 0);
	}
}

static void tick(struct work_struct *work)
{
	bool any = false;
	u32 c, r;

	down_write(&state_sem);
	for (c = 0; c < varray.cols; c++)
		for (r = kind_start(ROW_CORE); r < varray.rows; r++) {
			struct core *core = core_at(c, r);

			any |= core->count;
			if (core->steps)
				do_steps(core, c, r);
			else
				instruct(core, c, r);
		}
	up_write(&state_sem);
	if (any)
		schedule_delayed_work(&ticking, msecs_to_jiffies(TICK_MS));
}

static void count_writer(void)
{
	pid_t pid = task_tgid_nr(current);
	unsigned int i;

	/* The last one stands for all that do not fit. */
	for (i = 0; i + 1 < MAX_WRITERS && writers[i].count && writers[i].pid != pid; i++)
		;
	if (!writers[i].count) {
		writers[i].pid = pid;
		get_task_comm(writers[i].comm, current->group_leader);
	}
	writers[i].count++;
}

bool core_halted(u32 col, u32 row)
{
	return row_kind(row) == ROW_CORE && core_at(col, row)->status;
}

void core_written(u32 col, u32 row, u32 reg)
{
	u32 at = reg - varray.gen->core_control, value;
	struct core *core;

	if (row_kind(row) != ROW_CORE || at < DEBUG_CONTROL0 || at >= PC_EVENT(PC_EVENTS))
		return;
	core = core_at(col, row);
	count_writer();
	if (at == DEBUG_STATUS)
		poke(col, row, reg, core->status);
	if (at != DEBUG_CONTROL0)
		return;
	value = tile_peek(col, row, reg);
	core->steps = FIELD_GET(CONTROL0_STEPS, value);
	if (core->steps || !(value & CONTROL0_HALT)) {
		core->let_go |= core->status != 0;
		set_halted(core, col, row, 0);
		do_steps(core, col, row);
	} else if (!core->status) {
		halt(core, col, row, 0);
	}
}

void core_controlled(u32 col, u32 row)
{
	struct core *core = core_at(col, row);

	if (row_kind(row) != ROW_CORE)
		return;
	if (tile_peek(col, row, varray.gen->core_control) & CORE_RESET && core->count) {
		core->at = 0;
		core->round = 0;
		core->pc = core->loops[0].first;
		core->let_go = false;
		show(core, col, row);
	}
	set_halted(core, col, row, core->status);
}

void core_forget(u32 col, u32 row)
{
	if (row_kind(row) == ROW_CORE)
		memset(core_at(col, row), 0, sizeof(struct core));
}

int control_program(const char *rest)
{
	struct core core = {};
	u32 col, row;
	int used;

	if (sscanf(rest, "%u %u %i%n", &col, &row, &core.size, &used) != 3)
		return -EINVAL;
	if (!in_array(col, row))
		return -ENOENT;
	if (row_kind(row) != ROW_CORE || !core.size)
		return -EINVAL;
	for (rest += used; *skip_spaces(rest); rest += used) {
		struct loop *loop = &core.loops[core.count++];

		if (core.count > MAX_LOOPS ||
		    sscanf(rest, " %i %i %i%n", &loop->first, &loop->last, &loop->times, &used) != 3 ||
		    loop->first > loop->last || (loop->last - loop->first) % core.size || loop->last > EVENT_PC)
			return -EINVAL;
	}
	if (!core.count)
		return -EINVAL;
	core.pc = core.loops[0].first;
	down_write(&state_sem);
	core.status = core_at(col, row)->status;
	*core_at(col, row) = core;
	show(&core, col, row);
	up_write(&state_sem);
	schedule_delayed_work(&ticking, msecs_to_jiffies(TICK_MS));
	return 0;
}

/* Who wrote debug registers, and how many: a line for each process. */
static int writers_get(char *buf, const struct kernel_param *kp)
{
	int len = 0;
	unsigned int i;

	down_read(&state_sem);
	for (i = 0; i < MAX_WRITERS && writers[i].count; i++)
		len += sysfs_emit_at(buf, len, "%d %u %s\n", writers[i].pid, writers[i].count,
				     writers[i].comm);
	up_read(&state_sem);
	return len;
}

static const struct kernel_param_ops writers_ops = { .get = writers_get };
module_param_cb(debug_writers, &writers_ops, NULL, 0444);

/* Debug registers of all cores that are not zero: column, row, register, value. */
static int debug_get(char *buf, const struct kernel_param *kp)
{
	u32 c, r, at, value;
	int len = 0;

	if (!cores)
		return 0;
	down_read(&state_sem);
	for (c = 0; c < varray.cols; c++)
		for (r = kind_start(ROW_CORE); r < varray.rows; r++)
			for (at = DEBUG_CONTROL0; at < PC_EVENT(PC_EVENTS); at += 4) {
				value = peek_debug(c, r, at);
				if (value)
					len += sysfs_emit_at(buf, len, "%u %u %#x %#x\n", c, r,
							     varray.gen->core_control + at, value);
			}
	up_read(&state_sem);
	return len;
}

static const struct kernel_param_ops debug_ops = { .get = debug_get };
module_param_cb(debug_registers, &debug_ops, NULL, 0444);

int core_init(void)
{
	cores = vzalloc(array3_size(varray.cols, varray.rows, sizeof(*cores)));
	return cores ? 0 : -ENOMEM;
}

void core_exit(void)
{
	cancel_delayed_work_sync(&ticking);
	vfree(cores);
	cores = NULL;
}
