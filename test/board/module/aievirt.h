/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of aievirt share.
 *
 *   array.c    the tiles: storage, clocks, cores; which mappings to take away
 *   core.c     cores: what they run, and the debug registers that halt them
 *   part.c     partitions: their file, memories, registers, resets
 *   resources.c which events and channels of a partition's tiles are handed out
 *   device.c   /dev/aie0: requests and enquiries of each driver family
 *   control.c  parameters, controls and counters for the tests; load and unload
 *   sysfs.c    attributes of partitions and tiles, hardware_info
 *   locks.c    the driver's own locks as callers meet them, and calls that hang
 *   zocl.c     imitation of the kernel module that holds partitions for XRT
 *
 * Columns and rows of the array are absolute; row 0 is the shim. A partition
 * starts at row 0, so its relative rows are the absolute ones, and its
 * relative columns count from range.start.col. Offsets are bytes.
 *
 * Locks, outermost first:
 *   mmap_lock    (taken by the kernel before fault and mmap)
 *   the driver's imitated locks (locks.c): device, then vpart.look_lock
 *   parts_lock   the list of partitions and which of them are in use; devices
 *                come and go under it, so no attribute may take it
 *   vpart.lock   DMA-bufs of a partition; never held over a user copy
 *   views_lock   which mappings exist to be zapped
 *   state_sem    contents of clock, core and memory words and the driver's idea
 *                of clocks: faults, reads and attributes read it, changes write
 *                it; never held while mappings are zapped
 */
#ifndef AIEVIRT_H
#define AIEVIRT_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "aievirt_uapi.h"

#define MAX_PARTS 64
#define MAX_COLS  128
#define MAX_ROWS  16
#define MAX_MEMS  6

enum family {
	FAMILY_2020,	 /* the series of 2020: static partitions, nothing in sysfs */
	FAMILY_STATIC,	 /* linux-xlnx 2020.2 to 2021.2: static partitions, attributes */
	FAMILY_APERTURE, /* linux-xlnx since 2022.1: partitions by request */
};

enum row_kind { ROW_SHIM, ROW_MEMORY, ROW_CORE };

/* One memory of each tile of one kind of row. */
struct mem_type {
	u32 offset;
	u32 size; /* bytes per tile */
	enum row_kind rows;
};

/* Registers by inclusive offsets, in tiles of one kind of row. */
struct reg_range {
	u32 first;
	u32 last;
	enum row_kind rows;
};

/* What a generation's tiles look like. Offsets are in a tile. */
struct generation {
	const char *name; /* as hardware_info spells it */
	unsigned int col_shift;
	unsigned int row_shift;
	bool column_clock; /* one clock per column; else a chain from the shim upwards */
	u32 clock;	  /* clock control: of the column in the shim, with a chain in every tile */
	u32 core_control; /* bit 0 enable, bit 1 reset */
	u32 core_status;
	u32 pc;
	u32 sp;
	u32 lr;
	u32 general; /* R0; the others 0x10 bytes apart */
	u32 general_count;
	unsigned int mem_count;
	struct mem_type mem[MAX_MEMS];
	const struct reg_range *kernel_only; /* user space must not write these */
	unsigned int kernel_only_count;
	const struct reg_range *acting; /* a read of these takes or gives a lock */
	unsigned int acting_count;
};

/* The one array. Constant from load to unload, but for what the tiles hold. */
struct varray {
	enum family family;
	const struct generation *gen;
	const char
		*gen_name; /* what the driver says: gen->name, or that of an unknown generation */
	u32 cols;
	u32 rows; /* shim, memory and core rows */
	u32 mem_rows;
	u32 core_rows;
	u32 tile_span;	     /* bytes of a tile's registers */
	u32 tile_pages;	     /* pages of that */
	unsigned long *page; /* kernel addresses; see tile_page */
};

extern struct varray varray;
extern struct rw_semaphore state_sem;

/* A mapping's file, whose pages are taken away when what they show answers no longer. */
struct view {
	struct list_head list; /* under views_lock */
	struct inode *inode;
	struct aie_range range;	    /* absolute: the tiles that it shows */
	const struct mem_type *mem; /* of these tiles, one after the other; NULL: their registers */
};

struct vpart {
	struct kref ref; /* the list, the file and each DMA-buf */
	u32 id;
	struct aie_range range; /* absolute, shim row included */
	char name[24];
	struct device *dev;	/* aiepart_X_N in class aie; NULL without sysfs */
	void *attrs;		/* for sysfs.c alone */
	unsigned long *in_use;	/* tiles the owner asked for; under state_sem */
	unsigned long *clocked; /* the driver's idea of clocks; under state_sem */
	struct mutex look_lock; /* the driver's, for locks.c alone */

	/* Under parts_lock. */
	bool busy;
	bool keep;
	struct file *file; /* of the owner, without a reference; NULL while free */
	struct pid *owner; /* who requested it; NULL when the kernel did */

	struct mutex lock;
	struct dma_buf *dbuf[MAX_MEMS]; /* owned by its file, cleared by its release */
	u16 *resources; /* for resources.c alone; under lock */
	bool leaked; /* AIE_GET_MEM took references that nobody gives back */
	atomic_t mappings;		/* of registers */
	struct view regs;		/* of the file, once it was mapped */
};

extern struct mutex parts_lock;
extern struct vpart *parts_list[MAX_PARTS]; /* by place, without gaps; under parts_lock */
extern unsigned int parts_count;
extern struct class *aie_class;

/* Parameters. */
extern bool attrs;  /* attributes of partitions and tiles are shown */
extern bool hwinfo; /* the aperture shows hardware_info */
extern bool sysfs;  /* class aie exists */
extern bool rw;	    /* the partition file can be read and written */
extern bool fdlist; /* the device hands out descriptors of partitions in use */
extern bool mem_ref; /* AIE_GET_MEM takes a reference of each DMA-buf that nobody gives back */
extern bool pm_fault;
extern bool scan_absolute; /* a request's scan of the clocks indexes by absolute column */
extern bool whole_tiles;   /* REQUEST_TILES and RELEASE_TILES both clock the whole partition */
extern bool tiles_ignored; /* REQUEST_TILES and RELEASE_TILES do nothing */
extern bool pm_halts;	   /* a read of program memory of an enabled core halts the core */
extern bool request_cost; /* a request takes as long as on a real board */
extern bool tile_folders; /* tiles have attributes, not only partitions */
extern bool list_race;	   /* a descriptor list that meets a dying file is reported */
extern unsigned int clock_on; /* what the firmware writes into a column clock: 1, 2 or 3 */
extern unsigned int lock_us;  /* how long attributes and ENQUIRE hold the driver's locks */
extern unsigned int word_ns;  /* how long each word of a pread takes */
extern unsigned int page_check;
extern unsigned int open_delay;
extern unsigned int req_size;  /* bytes of a request: 24 or 40 */
extern unsigned int init_size; /* bytes of PARTITION_INIT: 16, 40 or 32 */

struct counters {
	atomic_t requests, requests_failed, releases, busy, open, dmabufs, mappings, faults,
		forbidden, preads, pwrites, preads_refused, log_lines, resets, resets_refused,
		enquiries, lists, attributes, wedges, hung, get_mem_leaks;
	atomic64_t words_read, memory_words_read, words_written;
};

extern struct counters count;

/* Something that a tool must never do: one line, which the tests look for. */
#define forbidden(fmt, ...)                                                            \
	do {                                                                           \
		atomic_inc(&count.forbidden);                                          \
		pr_warn("FORBIDDEN " fmt " by %s[%d]\n", ##__VA_ARGS__, current->comm, \
			task_tgid_nr(current));                                        \
	} while (0)

/* ---------------------------------------------------------------- array.c */

/* With one clock per column any of the two bits clocks it; in a chain the shim needs both. */
#define CLOCK_COLUMN BIT(0) /* shim only: the column's buffer */
#define CLOCK_NEXT   BIT(1) /* the tile above */
#define CORE_ENABLE  BIT(0)
#define CORE_RESET   BIT(1)
#define CORE_ERROR_HALT BIT(19) /* of the status */

static inline enum row_kind row_kind(u32 row)
{
	return !row ? ROW_SHIM : row <= varray.mem_rows ? ROW_MEMORY : ROW_CORE;
}

static inline bool in_array(u32 col, u32 row)
{
	return col < varray.cols && row < varray.rows;
}

/* First row and number of rows of a kind. */
u32 kind_start(enum row_kind kind);
u32 kind_rows(enum row_kind kind);

int array_init(const char *family, const char *generation, const char *shape);
void array_exit(void);

/*
 * Address of a page of a tile, allocated at first use, a memory's all at once; 0 without memory.
 * A page that was never used holds zeros: tile_peek reads it without allocating.
 */
unsigned long tile_page(u32 col, u32 row, u32 page);
/* As tile_page, but 0 for registers that nobody has used yet: few have a page. */
unsigned long tile_page_to_map(u32 col, u32 row, u32 page);
u32 *tile_word(u32 col, u32 row, u32 off);
u32 tile_peek(u32 col, u32 row, u32 off);
/* Bytes of one tile, as tile_peek; wider accesses than words, which only RAM allows. */
void tile_copy(void *out, u32 col, u32 row, u32 off, u32 len);

/* The hardware's truth. Call with state_sem held. */
/* Of the first rows of a column, how many run; the shim always does. */
u32 running_rows(u32 col, u32 rows);
bool tile_runs(u32 col, u32 row);
bool core_enabled(u32 col, u32 row);
/* Program memory of a core that runs. */
bool program_busy(u32 col, u32 row, u32 off);
/* Whether any register between two offsets is in a list, and whether all of them are in one range.
 */
bool reg_in(const struct reg_range *ranges, unsigned int n, u32 row, u32 first, u32 last);
bool reg_covers(const struct reg_range *ranges, unsigned int n, u32 row, u32 first, u32 last);
void set_core(u32 col, u32 row, u32 control);
void switch_tile(u32 col, u32 row, bool on);
/* In a chain: the one register that clocks a tile, in the tile below. */
void switch_link(u32 col, u32 row, bool on);
/* What a reset makes zero. */
#define RESET_SHIM     BIT(0) /* registers of shim tiles */
#define RESET_TILES    BIT(1) /* registers of all others */
#define RESET_MEMORIES BIT(2)
#define RESET_ALL      (RESET_SHIM | RESET_TILES | RESET_MEMORIES)

/* Values after power-on or reset; state_sem held for writing. Call zap_cols after it. */
void reset_cols(u32 col, u32 cols, u32 rows, unsigned int what, bool clocks_on);

void view_add(struct view *v, struct inode *inode, const struct aie_range *range,
	      const struct mem_type *mem);
void view_remove(struct view *v);
/*
 * Takes pages of these columns out of all mappings, so that the next touch
 * faults: those of tiles without a clock and program memory of cores that run.
 */
void zap_cols(u32 col, u32 cols);

/* ----------------------------------------------------------------- core.c */

/* Call these with state_sem held, the last three for writing. */
/* Halted by its debug registers. */
bool core_halted(u32 col, u32 row);
/* A register of a tile was written: if it is one that halts, that is done now. */
void core_written(u32 col, u32 row, u32 reg);
/* Core_Control was written: a reset begins the program anew. */
void core_controlled(u32 col, u32 row);
/* A reset of the tile: no program, not halted. */
void core_forget(u32 col, u32 row);
/* A control line that starts with "program "; rest is what follows. 0 or -errno. */
int control_program(const char *rest);
int core_init(void);
void core_exit(void);

/* ----------------------------------------------------------------- part.c */

/* A partition that nobody has yet; its reference belongs to the caller. */
struct vpart *part_new(u32 id, u32 col, u32 cols, u32 rows);
void part_put(struct vpart *p);
/* Reads the clocks into the driver's bitmaps, as a request does; state_sem held for writing. */
void scan_clocks(struct vpart *p);
/* The driver's idea of a tile's clock; absolute column; state_sem held. Shim tiles are clocked. */
bool part_clocked(struct vpart *p, u32 col, u32 row);
/*
 * A test switched clocks behind the driver: where its idea of a tile was right,
 * it shall be right again. before: bits by col * MAX_ROWS + row of the array.
 */
void follow_clocks(struct vpart *p, const unsigned long *before);
void reset_part(struct vpart *p, unsigned int what, bool clocks_on);
/* A reset by a caller inside the kernel: -EBUSY while anything of the partition is mapped. */
int reset_part_in_kernel(struct vpart *p);
/*
 * The file of a partition that was just marked as busy, with a reference for
 * the caller; the last one to go releases the partition. NULL when another
 * thread of the caller already did that.
 */
struct file *part_file(struct vpart *p);

/* ----------------------------------------------------------- resources.c */

/* Called when a partition is made, when its last reference goes, and when it is given back. */
int resources_init(struct vpart *p);
void resources_exit(struct vpart *p);
void resources_reset(struct vpart *p);
/* The ioctls 0x14 to 0x1a. */
long part_resources(struct vpart *p, unsigned int cmd, void __user *arg);

/* --------------------------------------------------------------- device.c */

/*
 * Takes a partition as a request does and returns its file with a reference
 * for the caller; ERR_PTR otherwise. The last fput releases the partition.
 * in_kernel: no process is the owner.
 */
struct file *request_part(u32 id, u32 flag, bool in_kernel);
/* The end of a request; an aperture's partition is gone then, as soon as nobody has a reference. */
void give_back_part(struct vpart *p);
/* What root does through debugfs: a partition whose file no process has. One at a time. */
int debugfs_hold(u32 id);
int debugfs_release(void);
int device_init(const char *parts);
void device_exit(void);

/* ---------------------------------------------------------------- sysfs.c */

/* Called when the class exists, before any partition, and after the last one. */
int sysfs_init(void);
void sysfs_exit(void);
/*
 * Called with parts_lock held when a partition's device (p->dev, never NULL
 * here) was made and before it goes: static families at load and unload,
 * the aperture family at request and last close.
 */
int sysfs_add_part(struct vpart *p);
void sysfs_remove_part(struct vpart *p);

/* ---------------------------------------------------------------- locks.c */

enum call {
	CALL_ENQUIRE,
	CALL_REQUEST,
	CALL_LIST,
	CALL_MEMORIES,
	CALL_READ,
	CALL_WRITE,
	CALL_REGISTER,
	CALL_TILES,
	CALL_CLOSE,
	CALL_ATTRIBUTE,
	CALL_MAP,
	CALLS
};

/* Does not come back while the control says so; 0, or -ERESTARTSYS when the caller is killed. */
int hold_back(enum call call);
/* Around ENQUIRE, requests and the descriptor list: 0, or an errno when a signal came. */
int look_at_device(void);
void looked_at_device(void);
/* Around each read of an attribute. */
int look_at_part(struct vpart *p);
void looked_at_part(struct vpart *p);
/* The last close: takes the same locks, as the real one does. */
void lock_for_release(struct vpart *p);
/* A control line that starts with "hang "; rest is what follows. 0 or -errno. */
int control_hang(const char *rest);
/* Ends all hangs and gives back the device's lock. */
void heal(void);

/* ----------------------------------------------------------------- zocl.c */

int zocl_init(void);
void zocl_exit(void);
/* A control line that starts with "zocl "; rest is what follows. 0 or -errno. */
int zocl_control(const char *rest);

#endif
