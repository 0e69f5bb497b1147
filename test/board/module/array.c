// SPDX-License-Identifier: GPL-2.0
/*
 * The tiles of the array: RAM pages that stand for their registers and
 * memories, their clocks and cores, and the mappings that show them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "aievirt.h"

static const struct reg_range aie_kernel_only[] = {
	{ 0x15000, 0x15010, ROW_SHIM }, /* second level interrupts */
	{ 0x1d000, 0x1d13c, ROW_SHIM }, /* shim DMA descriptors */
	{ 0x1e020, 0x1e020, ROW_SHIM }, /* AXI-MM configuration */
	{ 0x35000, 0x35050, ROW_SHIM }, /* first level interrupts */
	{ 0x36040, 0x36040, ROW_SHIM }, /* clock control */
	{ 0x36048, 0x36048, ROW_SHIM }, /* column reset */
	{ 0x3604c, 0x3604c, ROW_SHIM }, /* shim reset */
	{ 0x36040, 0x36040, ROW_CORE }, /* clock control */
};

static const struct reg_range aieml_kernel_only[] = {
	{ 0x15000, 0x15010, ROW_SHIM }, { 0x1e020, 0x1e020, ROW_SHIM },
	{ 0x35000, 0x35050, ROW_SHIM }, { 0xfff20, 0xfff20, ROW_SHIM }, /* column clock */
	{ 0xfff28, 0xfff28, ROW_SHIM },					/* column reset */
};

static const struct reg_range aie2ps_kernel_only[] = {
	{ 0x15000, 0x15010, ROW_SHIM }, { 0x1e020, 0x1e020, ROW_SHIM },
	{ 0x35000, 0x35050, ROW_SHIM }, { 0x7ff20, 0x7ff20, ROW_SHIM },
	{ 0x7ff28, 0x7ff28, ROW_SHIM },
};

static const struct reg_range aie_acting[] = {
	{ 0x1e000, 0x1e7ff, ROW_CORE },
};

static const struct reg_range aieml_acting[] = {
	{ 0x40000, 0x43fff, ROW_CORE },
	{ 0xd0000, 0xdffff, ROW_MEMORY },
};

#define RANGES(name, list) .name = (list), .name##_count = ARRAY_SIZE(list)

static const struct generation generations[] = {
	{
		.name = "aie",
		.col_shift = 23,
		.row_shift = 18,
		.clock = 0x36040,
		.core_control = 0x32000,
		.core_status = 0x32004,
		.pc = 0x30280,
		.sp = 0x302a0,
		.lr = 0x302b0,
		.general = 0x30000,
		.general_count = 16,
		.mem_count = 2,
		.mem = { { 0, SZ_32K, ROW_CORE }, { 0x20000, SZ_16K, ROW_CORE } },
		RANGES(kernel_only, aie_kernel_only),
		RANGES(acting, aie_acting),
	},
	{
		.name = "aieml",
		.col_shift = 25,
		.row_shift = 20,
		.column_clock = true,
		.clock = 0xfff20,
		.core_control = 0x32000,
		.core_status = 0x32004,
		.pc = 0x31100,
		.sp = 0x31120,
		.lr = 0x31130,
		.general = 0x30c00,
		.general_count = 32,
		.mem_count = 3,
		.mem = { { 0, SZ_64K, ROW_CORE },
			 { 0x20000, SZ_16K, ROW_CORE },
			 { 0, SZ_512K, ROW_MEMORY } },
		RANGES(kernel_only, aieml_kernel_only),
		RANGES(acting, aieml_acting),
	},
	{
		.name = "aie2ps",
		.col_shift = 25,
		.row_shift = 20,
		.column_clock = true,
		.clock = 0x7ff20,
		.core_control = 0x38000,
		.core_status = 0x38004,
		.pc = 0x32d00,
		.sp = 0x32d20,
		.lr = 0x32d30,
		.general = 0x32800,
		.general_count = 32,
		.mem_count = 6,
		.mem = { { 0, SZ_64K, ROW_CORE },
			 { 0x20000, SZ_16K, ROW_CORE },
			 { 0, SZ_512K, ROW_MEMORY },
			 { 0x80000, SZ_32K, ROW_SHIM },
			 { 0x88000, SZ_16K, ROW_SHIM },
			 { 0xd0000, SZ_32K, ROW_SHIM } },
		RANGES(kernel_only, aie2ps_kernel_only),
		RANGES(acting, aieml_acting),
	},
};

/* What a generation that we do not know behaves like, under its own name. */
#define LIKE_UNKNOWN (&generations[1])

static const char *const default_shapes[] = { "50:1:0:8", "38:1:2:8", "36:1:1:4" };

struct varray varray;
DECLARE_RWSEM(state_sem);

static DEFINE_MUTEX(views_lock);
static LIST_HEAD(views);

u32 kind_start(enum row_kind kind)
{
	return kind == ROW_SHIM ? 0 : kind == ROW_MEMORY ? 1 : 1 + varray.mem_rows;
}

u32 kind_rows(enum row_kind kind)
{
	return kind == ROW_SHIM ? 1 : kind == ROW_MEMORY ? varray.mem_rows : varray.core_rows;
}

/* ------------------------------------------------------------------ words */

static unsigned long *page_slot(u32 col, u32 row, u32 page)
{
	return &varray.page[(col * varray.rows + row) * varray.tile_pages + page];
}

/* The memory that a page of a tile belongs to, NULL for registers: their bounds are those of pages. */
static const struct mem_type *memory_of(u32 row, u32 page)
{
	u32 i, off = page << PAGE_SHIFT;

	for (i = 0; i < varray.gen->mem_count; i++) {
		const struct mem_type *m = &varray.gen->mem[i];

		if (m->rows == row_kind(row) && off >= m->offset && off < m->offset + m->size)
			return m;
	}
	return NULL;
}

static DEFINE_MUTEX(grow_lock);

/* The pages of a memory come together, side by side. */
static unsigned long grow(u32 col, u32 row, u32 n)
{
	unsigned long *slot = page_slot(col, row, n), run;
	const struct mem_type *m = memory_of(row, n);
	u32 first = m ? m->offset >> PAGE_SHIFT : n, bytes = m ? m->size : PAGE_SIZE, i;

	mutex_lock(&grow_lock);
	if (!*slot) {
		run = (unsigned long)alloc_pages_exact(bytes, GFP_KERNEL | __GFP_ZERO);
		for (i = 0; run && i < bytes >> PAGE_SHIFT; i++)
			smp_store_release(page_slot(col, row, first + i), run + i * PAGE_SIZE);
	}
	mutex_unlock(&grow_lock);
	return *slot;
}

unsigned long tile_page(u32 col, u32 row, u32 n)
{
	return READ_ONCE(*page_slot(col, row, n)) ?: grow(col, row, n);
}

unsigned long tile_page_to_map(u32 col, u32 row, u32 n)
{
	return memory_of(row, n) ? tile_page(col, row, n) : READ_ONCE(*page_slot(col, row, n));
}

u32 *tile_word(u32 col, u32 row, u32 off)
{
	unsigned long page = tile_page(col, row, off >> PAGE_SHIFT);

	return page ? (u32 *)(page + (off & ~PAGE_MASK)) : NULL;
}

u32 tile_peek(u32 col, u32 row, u32 off)
{
	unsigned long page = READ_ONCE(*page_slot(col, row, off >> PAGE_SHIFT));

	return page ? READ_ONCE(*(u32 *)(page + (off & ~PAGE_MASK))) : 0;
}

void tile_copy(void *out, u32 col, u32 row, u32 off, u32 len)
{
	u32 done, part;

	for (done = 0; done < len; done += part) {
		u32 at = off + done, in_page = at & ~PAGE_MASK;
		unsigned long page = READ_ONCE(*page_slot(col, row, at >> PAGE_SHIFT));

		part = min_t(u32, len - done, PAGE_SIZE - in_page);
		if (page)
			memcpy(out + done, (void *)page + in_page, part);
		else
			memset(out + done, 0, part);
	}
}

static bool has_clock_word(u32 row)
{
	return !row || !varray.gen->column_clock;
}

/* ------------------------------------------------------- clocks and cores */

/* Clock and core words are on pages that were allocated at load, so never NULL. */
static u32 *clock_word(u32 col, u32 row)
{
	return tile_word(col, row, varray.gen->clock);
}

u32 running_rows(u32 col, u32 rows)
{
	u32 r, shim = *clock_word(col, 0) & (CLOCK_COLUMN | CLOCK_NEXT);

	if (varray.gen->column_clock)
		return shim ? rows : 1;
	if (shim != (CLOCK_COLUMN | CLOCK_NEXT))
		return 1;
	for (r = 1; r + 1 < rows && (*clock_word(col, r) & CLOCK_NEXT); r++)
		;
	return min(r + 1, rows);
}

bool tile_runs(u32 col, u32 row)
{
	return running_rows(col, row + 1) > row;
}

bool core_enabled(u32 col, u32 row)
{
	return row_kind(row) == ROW_CORE &&
	       (*tile_word(col, row, varray.gen->core_control) & CORE_ENABLE);
}

bool program_busy(u32 col, u32 row, u32 off)
{
	const struct mem_type *program = &varray.gen->mem[1];

	return row_kind(row) == ROW_CORE && off >= program->offset &&
	       off < program->offset + program->size && core_enabled(col, row) &&
	       !core_halted(col, row);
}

bool reg_in(const struct reg_range *ranges, unsigned int n, u32 row, u32 first, u32 last)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (ranges[i].rows == row_kind(row) && first <= ranges[i].last &&
		    last >= ranges[i].first)
			return true;
	return false;
}

bool reg_covers(const struct reg_range *ranges, unsigned int n, u32 row, u32 first, u32 last)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (ranges[i].rows == row_kind(row) && first >= ranges[i].first &&
		    last <= ranges[i].last)
			return true;
	return false;
}

void set_core(u32 col, u32 row, u32 control)
{
	*tile_word(col, row, varray.gen->core_control) = control & (CORE_ENABLE | CORE_RESET);
	*tile_word(col, row, varray.gen->core_status) = control & (CORE_ENABLE | CORE_RESET);
	core_controlled(col, row);
}

/* A chain of clocks makes gating a tile gate those above it, and running one run those below. */
void switch_tile(u32 col, u32 row, bool on)
{
	u32 r;

	if (varray.gen->column_clock) {
		*clock_word(col, 0) = on ? clock_on : 0;
	} else if (!on && row == 1) {
		*clock_word(col, 0) = 0;
	} else if (!on) {
		*clock_word(col, row - 1) &= ~CLOCK_NEXT;
	} else {
		*clock_word(col, 0) = CLOCK_COLUMN | CLOCK_NEXT;
		for (r = 1; r < row; r++)
			*clock_word(col, r) |= CLOCK_NEXT;
	}
}

void switch_link(u32 col, u32 row, bool on)
{
	u32 clocks = row == 1 ? CLOCK_COLUMN | CLOCK_NEXT : CLOCK_NEXT;

	*clock_word(col, row - 1) = on ? clocks : 0;
}

void reset_cols(u32 col, u32 cols, u32 rows, unsigned int what, bool clocks_on)
{
	u32 c, r, n, shim_on = varray.gen->column_clock ? clock_on : CLOCK_COLUMN | CLOCK_NEXT;

	for (c = col; c < col + cols; c++)
		for (r = 0; r < rows; r++) {
			for (n = 0; n < varray.tile_pages; n++) {
				unsigned int kind = memory_of(r, n)	? RESET_MEMORIES :
						    !r		      ? RESET_SHIM :
									RESET_TILES;

				if ((what & kind) && *page_slot(c, r, n))
					clear_page((void *)*page_slot(c, r, n));
			}
			if (what & RESET_TILES)
				core_forget(c, r);
			if (!r)
				*clock_word(c, r) = clocks_on ? shim_on : 0;
			else if (has_clock_word(r))
				*clock_word(c, r) = CLOCK_NEXT;
		}
}

/* --------------------------------------------------------------- mappings */

void view_add(struct view *v, struct inode *inode, const struct aie_range *range,
	      const struct mem_type *mem)
{
	mutex_lock(&views_lock);
	if (!v->inode) {
		v->inode = inode;
		v->range = *range;
		v->mem = mem;
		list_add(&v->list, &views);
	}
	mutex_unlock(&views_lock);
}

void view_remove(struct view *v)
{
	mutex_lock(&views_lock);
	if (v->inode)
		list_del(&v->list);
	v->inode = NULL;
	mutex_unlock(&views_lock);
}

/* Which bytes of a view's file show what does not answer now in a tile; len 0: none. */
static void find_silent(struct view *v, u32 col, u32 row, loff_t *first, loff_t *len)
{
	const struct generation *gen = varray.gen;
	const struct mem_type *program = &gen->mem[1];
	u32 c = col - v->range.start.col, r = row - v->range.start.row;
	bool runs, busy;

	down_read(&state_sem);
	runs = tile_runs(col, row);
	busy = program_busy(col, row, program->offset);
	up_read(&state_sem);
	*len = 0;
	if (v->mem) {
		*first = ((loff_t)c * v->range.size.row + r) * v->mem->size;
		if (!runs || (busy && v->mem == program))
			*len = v->mem->size;
	} else {
		*first = ((loff_t)c << gen->col_shift) + ((loff_t)r << gen->row_shift);
		if (!runs) {
			*len = varray.tile_span;
		} else if (busy) {
			*first += program->offset;
			*len = program->size;
		}
	}
}

void zap_cols(u32 col, u32 cols)
{
	struct view *v;
	u32 c, r;

	mutex_lock(&views_lock);
	list_for_each_entry(v, &views, list) {
		const struct aie_range *shown = &v->range;
		u32 end = min(col + cols, shown->start.col + shown->size.col);
		loff_t from = 0, bytes = 0, first, len;

		for (c = max(col, shown->start.col); c < end; c++)
			for (r = shown->start.row; r < shown->start.row + shown->size.row; r++) {
				find_silent(v, c, r, &first, &len);
				if (!len)
					continue;
				if (bytes && first == from + bytes) {
					bytes += len;
					continue;
				}
				if (bytes)
					unmap_mapping_range(v->inode->i_mapping, from, bytes, 1);
				from = first;
				bytes = len;
			}
		if (bytes)
			unmap_mapping_range(v->inode->i_mapping, from, bytes, 1);
	}
	mutex_unlock(&views_lock);
}

/* ------------------------------------------------------------ load, unload */

static int choose_generation(const char *name, const char **shape)
{
	size_t i;

	varray.gen_name = name;
	varray.gen = LIKE_UNKNOWN;
	for (i = 0; i < ARRAY_SIZE(generations); i++)
		if (!strcmp(name, generations[i].name))
			varray.gen = &generations[i];
	if (!*name || strlen(name) > 32)
		return -EINVAL;
	if (!*shape)
		*shape = default_shapes[varray.gen - generations];
	return 0;
}

static int choose_family(const char *name)
{
	static const char *const names[] = { "2020", "static", "aperture" };
	int found = match_string(names, ARRAY_SIZE(names), name);

	if (found >= 0)
		varray.family = found;
	return found < 0 ? found : 0;
}

int array_init(const char *family, const char *generation, const char *shape)
{
	u32 c, r, shim_rows;
	int ret = choose_family(family);

	if (ret)
		return ret;
	ret = choose_generation(generation, &shape);
	if (ret)
		return ret;
	if (sscanf(shape, "%u:%u:%u:%u", &varray.cols, &shim_rows, &varray.mem_rows,
		   &varray.core_rows) != 4 ||
	    shim_rows != 1 || !varray.cols || varray.cols > MAX_COLS || !varray.core_rows ||
	    varray.core_rows > MAX_ROWS || varray.mem_rows > MAX_ROWS ||
	    1 + varray.mem_rows + varray.core_rows > MAX_ROWS ||
	    (varray.gen->mem_count == 2 && varray.mem_rows)) {
		pr_err("shape: cannot use '%s'\n", shape);
		return -EINVAL;
	}
	varray.rows = 1 + varray.mem_rows + varray.core_rows;
	varray.tile_span = BIT(varray.gen->row_shift);
	varray.tile_pages = varray.tile_span >> PAGE_SHIFT;
	varray.page = kvcalloc(varray.cols * varray.rows * varray.tile_pages, sizeof(*varray.page),
			       GFP_KERNEL);
	if (!varray.page)
		return -ENOMEM;
	for (c = 0; c < varray.cols; c++)
		for (r = 0; r < varray.rows; r++) {
			if (has_clock_word(r) && !clock_word(c, r))
				return -ENOMEM;
			if (row_kind(r) == ROW_CORE &&
			    (!tile_word(c, r, varray.gen->core_control) ||
			     !tile_word(c, r, varray.gen->core_status)))
				return -ENOMEM;
		}
	return core_init();
}

void array_exit(void)
{
	u32 i;

	core_exit();
	for (i = 0; varray.page && i < varray.cols * varray.rows * varray.tile_pages; i++)
		free_page(varray.page[i]);
	kvfree(varray.page);
	varray.page = NULL;
}
