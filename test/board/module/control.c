// SPDX-License-Identifier: GPL-2.0
/*
 * aievirt: a pretend AI Engine array behind a real /dev/aie0, as one of the
 * families of the driver and one of the generations of the hardware.
 *
 * Here are its parameters, and the controls and counters of the tests.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "aievirt.h"

static char *family = "2020";
module_param(family, charp, 0444);
MODULE_PARM_DESC(family, "2020, static or aperture");

static char *generation = "aie";
module_param(generation, charp, 0444);
MODULE_PARM_DESC(generation,
		 "aie, aieml, aie2ps; any other name has the tiles of aieml and calls itself so");

static char *shape;
module_param(shape, charp, 0444);
MODULE_PARM_DESC(shape, "columns:shim:memory:core rows; default 50:1:0:8, 38:1:2:8 or 36:1:1:4");

static char *parts;
module_param(parts, charp, 0444);
MODULE_PARM_DESC(parts, "static families: id:startcol:startrow:columns:rows, comma separated; rows "
			"include the shim; default two partitions and three shim tiles");

static unsigned int req;
module_param(req, uint, 0444);
MODULE_PARM_DESC(req, "bytes of a request, 24 or 40; default 40 for aperture, else 24");

static unsigned int init;
module_param(init, uint, 0444);
MODULE_PARM_DESC(init, "bytes of PARTITION_INIT, 16, 40 or 32; default 16, or 32 with req=40");

/* Parameters whose default depends on the family: negative until it is known. */
static int fdlist_param = -1, rw_param = -1, attrs_param = -1, hwinfo_param = -1,
	   mem_ref_param = -1;
module_param_named(fdlist, fdlist_param, int, 0444);
MODULE_PARM_DESC(fdlist, "1: the device has the descriptor list; default for aperture with req=40");
module_param_named(rw, rw_param, int, 0444);
MODULE_PARM_DESC(rw, "1: the partition file can be read and written; default for all but 2020");
module_param_named(attrs, attrs_param, int, 0444);
MODULE_PARM_DESC(attrs, "1: partitions and tiles have attributes; default for all but 2020");
module_param_named(hwinfo, hwinfo_param, int, 0444);
MODULE_PARM_DESC(hwinfo, "1: the aperture has hardware_info; default for aperture");
module_param_named(mem_ref, mem_ref_param, int, 0444);
MODULE_PARM_DESC(mem_ref, "1: AIE_GET_MEM takes a reference of each DMA-buf that nobody gives back; "
			  "default for aperture");

bool sysfs = true;
module_param(sysfs, bool, 0444);
MODULE_PARM_DESC(sysfs, "0: no class 'aie', only the device node");

static bool gated;
module_param(gated, bool, 0444);
MODULE_PARM_DESC(gated, "1: start with all tiles gated");

bool pm_fault = true;
module_param(pm_fault, bool, 0644);
MODULE_PARM_DESC(pm_fault, "1: program memory of an enabled core answers with a bus error");

static int scan_absolute_param = -1;
module_param_named(scan_absolute, scan_absolute_param, int, 0444);
MODULE_PARM_DESC(scan_absolute,
		 "1: a request's scan of the clocks indexes by absolute column; 0: it does not; "
		 "default: as the generation's real drivers do (1 for aie and aieml)");

bool whole_tiles;
module_param(whole_tiles, bool, 0644);
MODULE_PARM_DESC(whole_tiles, "1: REQUEST_TILES and RELEASE_TILES both clock the whole partition, "
			      "as some drivers for aieml do");

unsigned int clock_on = 1;
module_param(clock_on, uint, 0644);
MODULE_PARM_DESC(clock_on, "what the firmware writes into the clock register of a column that "
			   "shall run, 1, 2 or 3, where a column has one clock; default 1, as real firmware does");

bool tiles_ignored;
module_param(tiles_ignored, bool, 0644);
MODULE_PARM_DESC(tiles_ignored, "1: REQUEST_TILES and RELEASE_TILES do nothing, as where the driver "
				"takes gated tiles for clocked");

bool pm_halts;
module_param(pm_halts, bool, 0644);
MODULE_PARM_DESC(pm_halts, "1: reading program memory of an enabled core halts the core");

bool request_cost;
module_param(request_cost, bool, 0644);
MODULE_PARM_DESC(request_cost, "1: a request of a dynamic partition takes 13 ms for 2 columns and 73 "
			       "ms for 38, as on a real board");

bool tile_folders = true;
module_param_named(tile_attrs, tile_folders, bool, 0444);
MODULE_PARM_DESC(tile_attrs, "0: tiles have no attributes, as some drivers for aie2ps make none");

bool list_race = true;
module_param(list_race, bool, 0644);
MODULE_PARM_DESC(list_race, "1: report a descriptor list that meets an owner's last close, which crashes the "
			    "real driver; 0: it is let off");

unsigned int lock_us = 200;
module_param(lock_us, uint, 0644);
MODULE_PARM_DESC(lock_us, "microseconds that attributes and ENQUIRE hold the driver's locks; 0: "
			  "nobody meets them");

unsigned int word_ns;
module_param(word_ns, uint, 0644);
MODULE_PARM_DESC(word_ns, "nanoseconds that each word of a pread takes; a device's uncached words take some 100");

unsigned int page_check = PAGE_SIZE;
module_param(page_check, uint, 0644);
MODULE_PARM_DESC(
	page_check,
	"page size that AIE_GET_MEM checks memory sizes against (65536 imitates such a kernel)");

unsigned int open_delay;
module_param(open_delay, uint, 0644);
MODULE_PARM_DESC(open_delay, "milliseconds that every request takes");

bool fdlist, rw, attrs, hwinfo, mem_ref, scan_absolute;
unsigned int req_size, init_size;
struct counters count;

static bool ready;

/* --------------------------------------------------------------- controls */

/* Which tiles run, by col * MAX_ROWS + row. */
static unsigned long *running_tiles(void)
{
	unsigned long *bits = bitmap_zalloc(varray.cols * MAX_ROWS, GFP_KERNEL);
	u32 c, r;

	for (c = 0; bits && c < varray.cols; c++)
		for (r = 1; r < varray.rows; r++)
			__assign_bit(c * MAX_ROWS + r, bits, tile_runs(c, r));
	return bits;
}

static int control_clock(const char *rest, bool on)
{
	bool all = sysfs_streq(rest, "all");
	u32 col = 0, row = 0, c, r;
	unsigned long *before;
	unsigned int i;

	if (!all && (sscanf(rest, "%u %u", &col, &row) != 2 || !row))
		return -EINVAL;
	if (!in_array(col, row))
		return -ENOENT;
	mutex_lock(&parts_lock);
	down_write(&state_sem);
	before = running_tiles();
	if (!all)
		switch_tile(col, row, on);
	for (c = 0; all && c < varray.cols; c++)
		for (r = varray.rows - 1; r >= 1; r--)
			switch_tile(c, r, on);
	for (i = 0; before && i < parts_count; i++)
		follow_clocks(parts_list[i], before);
	bitmap_free(before);
	up_write(&state_sem);
	mutex_unlock(&parts_lock);
	/* After the change is visible: a later fault sees it, an earlier one is zapped. */
	zap_cols(col, all ? varray.cols : 1);
	return 0;
}

static int control_core(const char *rest)
{
	u32 col, row;
	char state[8];

	if (sscanf(rest, "%u %u %7s", &col, &row, state) != 3)
		return -EINVAL;
	if (strcmp(state, "on") && strcmp(state, "off"))
		return -EINVAL;
	if (!in_array(col, row))
		return -ENOENT;
	if (row_kind(row) != ROW_CORE)
		return -EINVAL;
	down_write(&state_sem);
	set_core(col, row, strcmp(state, "on") ? 0 : CORE_ENABLE);
	up_write(&state_sem);
	zap_cols(col, 1);
	return 0;
}

static int control_reg(const char *rest)
{
	u32 col, row, reg, val, *word;

	if (sscanf(rest, "%u %u %i %i", &col, &row, &reg, &val) != 4 || reg % 4 ||
	    reg >= varray.tile_span)
		return -EINVAL;
	if (reg == varray.gen->clock || reg == varray.gen->core_control)
		return -EINVAL;
	if (!in_array(col, row))
		return -ENOENT;
	word = tile_word(col, row, reg);
	if (!word)
		return -ENOMEM;
	WRITE_ONCE(*word, val);
	return 0;
}

static int control_debugfs(const char *rest)
{
	u32 id;

	if (sscanf(rest, "hold %i", &id) == 1)
		return debugfs_hold(id);
	return sysfs_streq(rest, "release") ? debugfs_release() : -EINVAL;
}

static int control_reset(const char *rest)
{
	bool all = sysfs_streq(rest, "all");
	int ret = all ? 0 : -ENOENT;
	u32 i, id = 0;

	if (!all && kstrtou32(rest, 0, &id))
		return -EINVAL;
	if (all) {
		down_write(&state_sem);
		reset_cols(0, varray.cols, varray.rows, RESET_ALL, true);
		up_write(&state_sem);
		zap_cols(0, varray.cols);
	}
	mutex_lock(&parts_lock);
	for (i = 0; i < parts_count; i++)
		if (all || parts_list[i]->id == id) {
			reset_part(parts_list[i], RESET_ALL, true);
			ret = 0;
		}
	mutex_unlock(&parts_lock);
	return ret;
}

/*
 * Columns and rows are absolute, rows count the shim as 0:
 *   gate COL ROW | gate all | ungate COL ROW | ungate all
 *				(with one clock per column: the tile's column)
 *   core COL ROW on|off
 *   reg COL ROW OFFSET VALUE	(a plain register or memory word)
 *   program COL ROW SIZE FIRST LAST TIMES ...
 *				(what the core runs: loops over byte addresses, one
 *				after the other, in instructions of so many bytes)
 *   reset ID | reset all	(zero everything, all clocks on)
 *   hang CALL | heal		(a call does not come back until healed; see locks.c)
 *   debugfs hold ID | debugfs release
 *				(what writing to the driver's create_partition and
 *				destroy_partition does; the files themselves are not there)
 *   zocl ...			(see zocl.c)
 */
static int control_set(const char *text, const struct kernel_param *kp)
{
	if (!READ_ONCE(ready))
		return -ENODEV;
	if (str_has_prefix(text, "gate "))
		return control_clock(text + 5, false);
	if (str_has_prefix(text, "ungate "))
		return control_clock(text + 7, true);
	if (str_has_prefix(text, "core "))
		return control_core(text + 5);
	if (str_has_prefix(text, "reg "))
		return control_reg(text + 4);
	if (str_has_prefix(text, "program "))
		return control_program(text + 8);
	if (str_has_prefix(text, "reset "))
		return control_reset(text + 6);
	if (str_has_prefix(text, "debugfs "))
		return control_debugfs(text + 8);
	if (str_has_prefix(text, "hang "))
		return control_hang(text + 5);
	if (sysfs_streq(text, "heal")) {
		heal();
		return 0;
	}
	if (str_has_prefix(text, "zocl "))
		return zocl_control(text + 5);
	return -EINVAL;
}

static const struct kernel_param_ops control_ops = { .set = control_set };
module_param_cb(control, &control_ops, NULL, 0200);

/*
 * requests: granted ones; log_lines: written for refused preads; hung: calls that do not come back
 * now; words_read: by pread, of these memory_words_read in tile memories; words_written:
 * by AIE_REG and pwrite.
 */
static int counters_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(
		buf,
		"requests=%d releases=%d busy=%d open=%d dmabufs=%d mappings=%d faults=%d "
		"forbidden=%d requests_failed=%d preads=%d pwrites=%d words_read=%lld "
		"memory_words_read=%lld words_written=%lld resets=%d resets_refused=%d "
		"preads_refused=%d log_lines=%d enquiries=%d lists=%d attributes=%d wedges=%d "
		"hung=%d get_mem_leaks=%d\n",
		atomic_read(&count.requests), atomic_read(&count.releases),
		atomic_read(&count.busy), atomic_read(&count.open), atomic_read(&count.dmabufs),
		atomic_read(&count.mappings), atomic_read(&count.faults),
		atomic_read(&count.forbidden), atomic_read(&count.requests_failed),
		atomic_read(&count.preads), atomic_read(&count.pwrites),
		atomic64_read(&count.words_read), atomic64_read(&count.memory_words_read),
		atomic64_read(&count.words_written),
		atomic_read(&count.resets), atomic_read(&count.resets_refused),
		atomic_read(&count.preads_refused), atomic_read(&count.log_lines),
		atomic_read(&count.enquiries), atomic_read(&count.lists),
		atomic_read(&count.attributes), atomic_read(&count.wedges),
		atomic_read(&count.hung), atomic_read(&count.get_mem_leaks));
}

static const struct kernel_param_ops counters_ops = { .get = counters_get };
module_param_cb(counters, &counters_ops, NULL, 0444);

/* ------------------------------------------------------------ load, unload */

static int choose_parameters(void)
{
	bool later = varray.family != FAMILY_2020, dynamic = varray.family == FAMILY_APERTURE;

	req_size = req ?: dynamic ? 40 : 24;
	init_size = init ?: req_size == 40 ? 32 : 16;
	if ((req_size != 24 && req_size != 40) ||
	    (init_size != 16 && init_size != 32 && init_size != 40) || clock_on < 1 || clock_on > 3)
		return -EINVAL;
	scan_absolute = scan_absolute_param < 0 ?
				!strcmp(generation, "aie") || !strcmp(generation, "aieml") :
				scan_absolute_param;
	fdlist = fdlist_param < 0 ? dynamic && req_size == 40 : fdlist_param;
	rw = rw_param < 0 ? later : rw_param;
	attrs = attrs_param < 0 ? later : attrs_param;
	hwinfo = hwinfo_param < 0 ? dynamic : hwinfo_param;
	mem_ref = mem_ref_param < 0 ? dynamic : mem_ref_param;
	return 0;
}

static int __init aievirt_init(void)
{
	int ret = array_init(family, generation, shape);

	if (ret)
		goto no_array;
	ret = choose_parameters();
	if (ret)
		goto no_array;
	reset_cols(0, varray.cols, varray.rows, RESET_ALL, !gated);
	ret = device_init(parts);
	if (ret)
		goto no_array;
	ret = zocl_init();
	if (ret)
		goto no_zocl;
	WRITE_ONCE(ready, true);
	return 0;

no_zocl:
	device_exit();
no_array:
	array_exit();
	return ret;
}

static void __exit aievirt_exit(void)
{
	WRITE_ONCE(ready, false);
	zocl_exit();
	device_exit();
	array_exit();
}

module_init(aievirt_init);
module_exit(aievirt_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A pretend AI Engine array for tests");
MODULE_IMPORT_NS(DMA_BUF);
