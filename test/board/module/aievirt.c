// SPDX-License-Identifier: GPL-2.0
/*
 * aievirt: a pretend AI Engine array behind a real /dev/aie0.
 *
 * The user interface is that of the 2020 series including its clock patch:
 * static partitions, exclusive requests, DMA-bufs for the tile memories, a
 * read-only register view of the partition. RAM pages stand for the tiles.
 *
 * What would crash or corrupt the real kernel or board fails here with an
 * error instead, and leaves one line "aievirt: FORBIDDEN ..." in the log.
 *
 * Locks, outermost first:
 *   mmap_lock (taken by the kernel before fault and mmap)
 *   vpart.lock    request state and DMA-bufs; never held over a user copy
 *   vpart.zap     which mappings exist to be zapped
 *   state_sem     contents of clock, core and memory words: faults read it,
 *                 changes write it; never held while mappings are zapped
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/cdev.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "aievirt_uapi.h"

#define COL_SHIFT  23
#define ROW_SHIFT  18
#define TILE_SPAN  BIT(ROW_SHIFT)
#define TILE_PAGES (TILE_SPAN >> PAGE_SHIFT)
#define ROW_MASK   ((1U << (COL_SHIFT - ROW_SHIFT)) - 1)
#define MAX_PARTS  8
#define MAX_COLS   128
#define MAX_ROWS   16

#define CORE_CONTROL  0x32000
#define CORE_STATUS   0x32004
#define CORE_ENABLE   BIT(0)
#define CORE_RESET    BIT(1)
#define CLOCK_CONTROL 0x36040
#define CLOCK_COLUMN  BIT(0) /* shim only: the column's buffer */
#define CLOCK_NEXT    BIT(1) /* the tile above */

#define NMEM	    2
#define MEM_DATA    0
#define MEM_PROGRAM 1

static const struct {
	size_t offset;
	size_t size;
} mem_types[NMEM] = {
	[MEM_DATA] = { 0x00000, 32 * 1024 },
	[MEM_PROGRAM] = { 0x20000, 16 * 1024 },
};

/* Shim registers that user space must not write, first and last word. */
static const struct {
	u32 first;
	u32 last;
} kernel_only[] = {
	{ 0x15000, 0x15010 }, /* second level interrupts */
	{ 0x1d000, 0x1d13c }, /* shim DMA descriptors */
	{ 0x1e020, 0x1e020 }, /* AXI-MM configuration */
	{ 0x35000, 0x35050 }, /* first level interrupts */
	{ 0x36040, 0x36040 }, /* clock control */
	{ 0x36048, 0x36048 }, /* column reset */
	{ 0x3604c, 0x3604c }, /* shim reset */
};

struct vtile {
	unsigned long page[TILE_PAGES]; /* kernel addresses, set once, freed at unload */
};

struct vpart {
	u32 id;
	struct aie_range range; /* absolute, shim row included */
	char name[24];
	struct vtile *tiles;	/* column by column, shim row included */
	unsigned long *in_use;	/* tiles the owner asked for; under state_sem */
	unsigned long *clocked; /* the driver's idea of clocks; under state_sem */

	struct mutex lock;
	bool busy;
	bool keep;
	struct dma_buf *dbuf[NMEM]; /* owned by its file, cleared by its release */

	struct mutex zap;
	struct address_space *reg_map; /* of the partition file, once it was mapped */
	struct inode *mem_inode[NMEM]; /* of the DMA-bufs, with a reference of ours */
};

struct vmem { /* private data of a DMA-buf */
	struct vpart *part;
	unsigned int type;
};

static char *parts = "1:6:0:4:9,2:20:0:2:9,3:30:0:3:1";
module_param(parts, charp, 0444);
MODULE_PARM_DESC(parts,
		 "id:startcol:startrow:columns:rows, comma separated; rows include the shim");

static bool sysfs = true;
module_param(sysfs, bool, 0444);
MODULE_PARM_DESC(sysfs, "0: no class 'aie', only the device node");

static bool aperture;
module_param(aperture, bool, 0444);
MODULE_PARM_DESC(aperture, "1: also show an aperture, as newer drivers do");

static bool gated;
module_param(gated, bool, 0444);
MODULE_PARM_DESC(gated, "1: start with all tiles gated");

static bool pm_fault = true;
module_param(pm_fault, bool, 0644);
MODULE_PARM_DESC(pm_fault, "1: program memory of an enabled core answers with a bus error");

static bool p6_bug;
module_param(p6_bug, bool, 0644);
MODULE_PARM_DESC(p6_bug,
		 "1: index the clock bitmap by absolute column, as the 2020 clock patch does");

static unsigned int page_check = PAGE_SIZE;
module_param(page_check, uint, 0644);
MODULE_PARM_DESC(
	page_check,
	"page size that AIE_GET_MEM checks memory sizes against (65536 imitates such a kernel)");

static unsigned int open_delay;
module_param(open_delay, uint, 0644);
MODULE_PARM_DESC(open_delay, "milliseconds that every request takes");

static struct vpart part_list[MAX_PARTS];
static unsigned int part_count;
static bool ready;
static DECLARE_RWSEM(state_sem);

static atomic_t n_requests, n_releases, n_busy, n_open, n_dmabufs, n_mappings, n_forbidden,
	n_faults;

#define forbidden(fmt, ...)                                                            \
	do {                                                                           \
		atomic_inc(&n_forbidden);                                              \
		pr_warn("FORBIDDEN " fmt " by %s[%d]\n", ##__VA_ARGS__, current->comm, \
			task_tgid_nr(current));                                        \
	} while (0)

/* ---------------------------------------------------------------- tiles */

static struct vtile *tile_at(struct vpart *p, u32 col, u32 row)
{
	return &p->tiles[col * p->range.size.row + row];
}

/* Address of a page of a tile, allocated at first use; 0 without memory. */
static unsigned long tile_page(struct vtile *t, unsigned int n)
{
	unsigned long page = READ_ONCE(t->page[n]), old;

	if (page)
		return page;
	page = get_zeroed_page(GFP_KERNEL);
	if (!page)
		return 0;
	old = cmpxchg(&t->page[n], 0UL, page);
	if (old) {
		free_page(page);
		return old;
	}
	return page;
}

static u32 *tile_word(struct vtile *t, u32 off)
{
	unsigned long page = tile_page(t, off >> PAGE_SHIFT);

	return page ? (u32 *)(page + (off & ~PAGE_MASK)) : NULL;
}

/* Words on pages that were allocated at load, so never NULL. */
static u32 *clock_word(struct vpart *p, u32 col, u32 row)
{
	return tile_word(tile_at(p, col, row), CLOCK_CONTROL);
}

static u32 *core_word(struct vpart *p, u32 col, u32 row, u32 reg)
{
	return tile_word(tile_at(p, col, row), reg);
}

/* The hardware's truth: clocks are a chain from the shim upwards. */
static bool tile_runs(struct vpart *p, u32 col, u32 row)
{
	u32 r;

	if (!row)
		return true;
	if ((*clock_word(p, col, 0) & (CLOCK_COLUMN | CLOCK_NEXT)) != (CLOCK_COLUMN | CLOCK_NEXT))
		return false;
	for (r = 1; r < row; r++)
		if (!(*clock_word(p, col, r) & CLOCK_NEXT))
			return false;
	return true;
}

static bool core_enabled(struct vpart *p, u32 col, u32 row)
{
	return row && (*core_word(p, col, row, CORE_CONTROL) & CORE_ENABLE);
}

static bool in_program_memory(u32 row, u32 off)
{
	return row && off >= mem_types[MEM_PROGRAM].offset &&
	       off < mem_types[MEM_PROGRAM].offset + mem_types[MEM_PROGRAM].size;
}

/* Bit of a core tile in the driver's bitmaps, -1 where the buggy index leaves them. */
static int tile_bit(struct vpart *p, u32 col, u32 row)
{
	u32 rows = p->range.size.row - 1;
	u32 bit = (col + (p6_bug ? p->range.start.col : 0)) * rows + row - 1;

	return bit < p->range.size.col * rows ? (int)bit : -1;
}

static void scan_clocks(struct vpart *p)
{
	u32 c, r;

	for (c = 0; c < p->range.size.col; c++)
		for (r = 1; r < p->range.size.row; r++) {
			int bit = tile_bit(p, c, r);

			if (bit >= 0)
				assign_bit(bit, p->clocked, tile_runs(p, c, r));
		}
}

static void set_core(struct vpart *p, u32 col, u32 row, u32 control)
{
	*core_word(p, col, row, CORE_CONTROL) = control & (CORE_ENABLE | CORE_RESET);
	*core_word(p, col, row, CORE_STATUS) = control & (CORE_ENABLE | CORE_RESET);
}

/* Forget all mappings of a partition's tiles, so that the next touch faults. */
static void zap_part(struct vpart *p)
{
	unsigned int i;

	mutex_lock(&p->zap);
	if (p->reg_map)
		unmap_mapping_range(p->reg_map, 0, (loff_t)p->range.size.col << COL_SHIFT, 1);
	for (i = 0; i < NMEM; i++)
		if (p->mem_inode[i])
			unmap_mapping_range(p->mem_inode[i]->i_mapping, 0, 0, 1);
	mutex_unlock(&p->zap);
}

/* Values after power-on or reset: everything zero, tile clocks chained, columns on or off. */
static void reset_part(struct vpart *p, bool clocks_on)
{
	u32 c, r, n;

	down_write(&state_sem);
	for (c = 0; c < p->range.size.col; c++)
		for (r = 0; r < p->range.size.row; r++) {
			struct vtile *t = tile_at(p, c, r);

			for (n = 0; n < TILE_PAGES; n++)
				if (t->page[n])
					clear_page((void *)t->page[n]);
			if (r)
				*clock_word(p, c, r) = CLOCK_NEXT;
			else
				*clock_word(p, c, r) = clocks_on ? CLOCK_COLUMN | CLOCK_NEXT : 0;
		}
	bitmap_zero(p->in_use, p->range.size.col * MAX_ROWS);
	bitmap_zero(p->clocked, p->range.size.col * MAX_ROWS);
	scan_clocks(p);
	up_write(&state_sem);
	zap_part(p);
}

/* --------------------------------------------------------------- mappings */

static vm_fault_t touch_tile(struct vm_fault *vmf, struct vpart *p, u32 col, u32 row, u32 off)
{
	u32 abs_col = p->range.start.col + col;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	unsigned long page;

	atomic_inc(&n_faults);
	down_read(&state_sem);
	if (!tile_runs(p, col, row)) {
		forbidden("gated access %u,%u offset %#x", abs_col, row, off);
	} else if (pm_fault && in_program_memory(row, off) && core_enabled(p, col, row)) {
		forbidden("core-enabled program memory access %u,%u offset %#x", abs_col, row, off);
	} else {
		page = tile_page(tile_at(p, col, row), off >> PAGE_SHIFT);
		ret = page ? vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
					    virt_to_phys((void *)page) >> PAGE_SHIFT)
			   : VM_FAULT_OOM;
	}
	up_read(&state_sem);
	return ret;
}

static void vma_opened(struct vm_area_struct *vma)
{
	atomic_inc(&n_mappings);
}

static void vma_closed(struct vm_area_struct *vma)
{
	atomic_dec(&n_mappings);
}

static void prepare_vma(struct vm_area_struct *vma, const struct vm_operations_struct *ops,
			void *data)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_flags |= VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP;
	vma->vm_private_data = data;
	vma->vm_ops = ops;
	vma_opened(vma);
}

static u32 core_rows(struct vpart *p)
{
	return p->range.size.row - 1;
}

static size_t mem_bytes(struct vmem *m)
{
	return mem_types[m->type].size * core_rows(m->part) * m->part->range.size.col;
}

static vm_fault_t mem_fault(struct vm_fault *vmf)
{
	struct vmem *m = vmf->vma->vm_private_data;
	size_t size = mem_types[m->type].size, off = vmf->pgoff << PAGE_SHIFT;
	u32 rows = core_rows(m->part), tile = off / size;

	if (off >= mem_bytes(m))
		return VM_FAULT_SIGBUS;
	return touch_tile(vmf, m->part, tile / rows, tile % rows + 1,
			  mem_types[m->type].offset + off % size);
}

static const struct vm_operations_struct mem_vm_ops = {
	.open = vma_opened,
	.close = vma_closed,
	.fault = mem_fault,
};

static int mem_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	struct vmem *m = dbuf->priv;
	size_t off, len = vma->vm_end - vma->vm_start, total = mem_bytes(m);

	if (check_shl_overflow(vma->vm_pgoff, PAGE_SHIFT, &off) || off > total || len > total - off)
		return -EINVAL;
	/* A copy-on-write mapping of device pages is refused by the mapping code. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	if (off && off % mem_types[m->type].size == 0) {
		forbidden("mmap at tile boundary, offset %#zx of partition %u", off, m->part->id);
		return -EINVAL;
	}
	prepare_vma(vma, &mem_vm_ops, m);
	return 0;
}

static struct sg_table *mem_attach(struct dma_buf_attachment *a, enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void mem_detach(struct dma_buf_attachment *a, struct sg_table *sgt,
		       enum dma_data_direction dir)
{
}

static void mem_release(struct dma_buf *dbuf)
{
	struct vmem *m = dbuf->priv;
	struct vpart *p = m->part;
	struct inode *inode;

	mutex_lock(&p->lock);
	mutex_lock(&p->zap);
	inode = p->mem_inode[m->type];
	p->mem_inode[m->type] = NULL;
	mutex_unlock(&p->zap);
	p->dbuf[m->type] = NULL;
	mutex_unlock(&p->lock);
	iput(inode);
	kfree(m);
	atomic_dec(&n_dmabufs);
}

static const struct dma_buf_ops mem_ops = {
	.map_dma_buf = mem_attach,
	.unmap_dma_buf = mem_detach,
	.mmap = mem_mmap,
	.release = mem_release,
};

/* Called with p->lock held. */
static struct dma_buf *export_mem(struct vpart *p, unsigned int type)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct vmem *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct dma_buf *dbuf;

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->part = p;
	m->type = type;
	info.exp_name = "xilinx_aie";
	info.ops = &mem_ops;
	info.size = mem_bytes(m);
	info.flags = O_RDWR;
	info.priv = m;
	dbuf = dma_buf_export(&info);
	if (IS_ERR(dbuf)) {
		kfree(m);
		return dbuf;
	}
	atomic_inc(&n_dmabufs);
	mutex_lock(&p->zap);
	p->mem_inode[type] = file_inode(dbuf->file);
	ihold(p->mem_inode[type]);
	mutex_unlock(&p->zap);
	p->dbuf[type] = dbuf;
	return dbuf;
}

/* ------------------------------------------------------------ partition fd */

static long part_get_mem(struct vpart *p, void __user *arg)
{
	struct aie_mem_args args;
	struct aie_mem out[NMEM] = {};
	struct dma_buf *dbuf[NMEM] = {};
	int fds[NMEM] = { -1, -1 };
	unsigned int i;
	long ret = 0;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (!core_rows(p))
		return -EINVAL;
	if (!args.num_mems)
		return put_user(NMEM, (u32 __user *)arg);
	if (args.num_mems != NMEM)
		return -EINVAL;
	for (i = 0; i < NMEM; i++)
		if (!page_check || mem_types[i].size % page_check)
			return -EINVAL;

	mutex_lock(&p->lock);
	for (i = 0; i < NMEM; i++)
		if (p->dbuf[i])
			ret = -EBUSY;
	for (i = 0; !ret && i < NMEM; i++) {
		dbuf[i] = export_mem(p, i);
		if (IS_ERR(dbuf[i])) {
			ret = PTR_ERR(dbuf[i]);
			dbuf[i] = NULL;
		}
	}
	mutex_unlock(&p->lock);
	if (ret == -EBUSY)
		forbidden("second AIE_GET_MEM while buffers of partition %u live", p->id);

	for (i = 0; !ret && i < NMEM; i++) {
		out[i].range = p->range;
		out[i].range.start.row += 1;
		out[i].range.size.row -= 1;
		out[i].offset = mem_types[i].offset;
		out[i].size = mem_types[i].size;
		fds[i] = get_unused_fd_flags(O_CLOEXEC);
		out[i].fd = fds[i];
		if (fds[i] < 0)
			ret = fds[i];
	}
	if (!ret && copy_to_user(args.mems, out, sizeof(out)))
		ret = -EFAULT;
	for (i = 0; i < NMEM; i++) {
		if (!ret) {
			fd_install(fds[i], dbuf[i]->file);
			continue;
		}
		if (fds[i] >= 0)
			put_unused_fd(fds[i]);
		if (dbuf[i])
			dma_buf_put(dbuf[i]);
	}
	return ret;
}

static bool is_kernel_only(u32 row, u32 reg)
{
	unsigned int i;

	if (reg == CLOCK_CONTROL)
		return true;
	if (row)
		return false;
	for (i = 0; i < ARRAY_SIZE(kernel_only); i++)
		if (reg >= kernel_only[i].first && reg <= kernel_only[i].last)
			return true;
	return false;
}

static long part_reg(struct vpart *p, void __user *arg)
{
	struct aie_reg_args args;
	u32 col, row, reg, *word;
	bool core_changed = false;
	long ret = 0;
	int bit;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.op != AIE_REG_WRITE || args.offset % sizeof(u32))
		return -EINVAL;
	if (args.offset >= (u64)p->range.size.col << COL_SHIFT)
		return -EINVAL;
	col = args.offset >> COL_SHIFT;
	row = (args.offset >> ROW_SHIFT) & ROW_MASK;
	reg = args.offset & (TILE_SPAN - 1);
	if (row >= p->range.size.row)
		return -EINVAL;
	if (is_kernel_only(row, reg))
		return -EINVAL;

	down_write(&state_sem);
	bit = row ? tile_bit(p, col, row) : 0;
	if (row && (bit < 0 || !test_bit(bit, p->clocked))) {
		ret = -EINVAL;
	} else if (pm_fault && in_program_memory(row, reg) && core_enabled(p, col, row)) {
		forbidden("core-enabled program memory access %u,%u offset %#x",
			  p->range.start.col + col, row, reg);
		ret = -EIO;
	} else {
		word = tile_word(tile_at(p, col, row), reg);
		if (!word)
			ret = -ENOMEM;
		else if (args.mask)
			*word = (*word & ~args.mask) | (args.val & args.mask);
		else
			*word = args.val;
		if (!ret && row && reg == CORE_CONTROL) {
			set_core(p, col, row, *word);
			core_changed = true;
		}
	}
	up_write(&state_sem);
	if (core_changed)
		zap_part(p);
	return ret;
}

/* Switch the clocks of a column so that its highest tile in use runs. */
static void clock_column(struct vpart *p, u32 col)
{
	u32 r, top = 0;

	for (r = 1; r < p->range.size.row; r++) {
		int bit = tile_bit(p, col, r);

		if (bit >= 0 && test_bit(bit, p->in_use))
			top = r;
	}
	*clock_word(p, col, 0) = top ? CLOCK_COLUMN | CLOCK_NEXT : 0;
	for (r = 1; r < p->range.size.row; r++)
		*clock_word(p, col, r) = r < top ? CLOCK_NEXT : 0;
}

static void mark_tile(struct vpart *p, u32 col, u32 row, bool on)
{
	int bit = row ? tile_bit(p, col, row) : -1;

	/* With the buggy index there is no such bit: nothing is switched. */
	if (bit < 0)
		return;
	assign_bit(bit, p->in_use, on);
	clock_column(p, col);
}

static long part_tiles(struct vpart *p, void __user *arg, bool on)
{
	struct aie_tiles_array args;
	struct aie_location *locs = NULL;
	u32 i, c, r;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.num_tiles > p->range.size.col * p->range.size.row)
		return -EINVAL;
	if (args.num_tiles) {
		locs = memdup_user(args.locs, args.num_tiles * sizeof(*locs));
		if (IS_ERR(locs))
			return PTR_ERR(locs);
		for (i = 0; i < args.num_tiles; i++)
			if (locs[i].col >= p->range.size.col || locs[i].row >= p->range.size.row) {
				kfree(locs);
				return -EINVAL;
			}
	}
	down_write(&state_sem);
	for (i = 0; i < args.num_tiles; i++)
		mark_tile(p, locs[i].col, locs[i].row, on);
	for (c = 0; !args.num_tiles && c < p->range.size.col; c++)
		for (r = 1; r < p->range.size.row; r++)
			mark_tile(p, c, r, on);
	scan_clocks(p);
	up_write(&state_sem);
	zap_part(p);
	kfree(locs);
	return 0;
}

static long part_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vpart *p = file->private_data;
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case AIE_REG:
		return part_reg(p, uarg);
	case AIE_GET_MEM:
		return part_get_mem(p, uarg);
	case AIE_REQUEST_TILES:
		return part_tiles(p, uarg, true);
	case AIE_RELEASE_TILES:
		return part_tiles(p, uarg, false);
	}
	if (_IOC_NR(cmd) >= 3 && _IOC_NR(cmd) <= 5)
		forbidden("ioctl %#x: nr %u on a partition fd resets it in other drivers", cmd,
			  _IOC_NR(cmd));
	else
		pr_err("%s: Invalid ioctl command %u.\n", p->name, cmd);
	return -EINVAL;
}

static vm_fault_t part_fault(struct vm_fault *vmf)
{
	struct vpart *p = vmf->vma->vm_private_data;
	u64 off = (u64)vmf->pgoff << PAGE_SHIFT;
	u32 col = off >> COL_SHIFT, row = (off >> ROW_SHIFT) & ROW_MASK;

	if (col >= p->range.size.col || row >= p->range.size.row) {
		forbidden("access to no tile at %u,%u", p->range.start.col + col, row);
		return VM_FAULT_SIGBUS;
	}
	return touch_tile(vmf, p, col, row, off & (TILE_SPAN - 1));
}

static const struct vm_operations_struct part_vm_ops = {
	.open = vma_opened,
	.close = vma_closed,
	.fault = part_fault,
};

static int part_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vpart *p = file->private_data;
	u64 span = (u64)p->range.size.col << COL_SHIFT;
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT, len = vma->vm_end - vma->vm_start;

	if (vma->vm_flags & VM_WRITE)
		return -EINVAL;
	if (vma->vm_pgoff > span >> PAGE_SHIFT || len > span - off)
		return -EINVAL;
	vma->vm_flags &= ~VM_MAYWRITE;
	prepare_vma(vma, &part_vm_ops, p);
	mutex_lock(&p->zap);
	p->reg_map = file->f_mapping;
	mutex_unlock(&p->zap);
	return 0;
}

static int part_release(struct inode *inode, struct file *file)
{
	struct vpart *p = file->private_data;

	mutex_lock(&p->zap);
	p->reg_map = NULL;
	mutex_unlock(&p->zap);
	if (!p->keep)
		reset_part(p, false);
	mutex_lock(&p->lock);
	p->busy = false;
	mutex_unlock(&p->lock);
	atomic_inc(&n_releases);
	atomic_dec(&n_open);
	return 0;
}

static const struct file_operations part_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = part_ioctl,
	.mmap = part_mmap,
	.release = part_release,
};

/* --------------------------------------------------------------- device fd */

static long dev_request(void __user *arg)
{
	struct aie_partition_req req;
	struct vpart *p = NULL;
	unsigned int i;
	bool busy;
	int fd;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	for (i = 0; i < part_count; i++)
		if (part_list[i].id == req.partition_id)
			p = &part_list[i];
	if (!p)
		return -EINVAL;
	if (open_delay && msleep_interruptible(open_delay))
		return -EINTR;
	mutex_lock(&p->lock);
	busy = p->busy;
	if (!busy) {
		p->busy = true;
		p->keep = req.flag & XAIE_PART_NOT_RST_ON_RELEASE;
	}
	mutex_unlock(&p->lock);
	if (busy) {
		atomic_inc(&n_busy);
		return -EBUSY;
	}
	down_write(&state_sem);
	bitmap_zero(p->clocked, p->range.size.col * MAX_ROWS);
	scan_clocks(p);
	bitmap_copy(p->in_use, p->clocked, p->range.size.col * MAX_ROWS);
	up_write(&state_sem);
	/*
	 * "secure" means an inode of its own. The plain kind shares one inode
	 * with every anonymous file of the system, and zapping would hit them all.
	 */
	fd = anon_inode_getfd_secure(p->name, &part_fops, p, O_RDWR | O_CLOEXEC, NULL);
	if (fd < 0) {
		mutex_lock(&p->lock);
		p->busy = false;
		mutex_unlock(&p->lock);
		return fd;
	}
	atomic_inc(&n_requests);
	atomic_inc(&n_open);
	return fd;
}

static long dev_enquire(void __user *arg)
{
	struct aie_partition_query query;
	u32 i, n = part_count;

	if (copy_from_user(&query, arg, sizeof(query)))
		return -EFAULT;
	if (query.partitions) {
		n = min(query.partition_cnt, part_count);
		for (i = 0; i < n; i++) {
			struct vpart *p = &part_list[i];
			struct aie_range_args out = {
				.partition_id = p->id,
				.range = p->range,
			};

			mutex_lock(&p->lock);
			out.status = p->busy ? XAIE_PART_STATUS_INUSE : 0;
			mutex_unlock(&p->lock);
			if (copy_to_user(&query.partitions[i], &out, sizeof(out)))
				return -EFAULT;
		}
	}
	query.partition_cnt = n;
	return copy_to_user(arg, &query, sizeof(query)) ? -EFAULT : 0;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case AIE_ENQUIRE_PART:
		return dev_enquire((void __user *)arg);
	case AIE_REQUEST_PART:
		return dev_request((void __user *)arg);
	}
	pr_err("aie0: Invalid ioctl command %u.\n", cmd);
	return -EINVAL;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dev_ioctl,
};

/* ------------------------------------------------- controls for the tests */

static struct vpart *find_tile(u32 col, u32 row, u32 *rel)
{
	unsigned int i;

	for (i = 0; i < part_count; i++) {
		struct aie_range *r = &part_list[i].range;

		if (col >= r->start.col && col - r->start.col < r->size.col && row < r->size.row) {
			*rel = col - r->start.col;
			return &part_list[i];
		}
	}
	return NULL;
}

/* The chain of clocks makes gating a tile gate those above it, and running one run those below. */
static void switch_tile(struct vpart *p, u32 col, u32 row, bool on)
{
	u32 r;

	if (!on && row == 1) {
		*clock_word(p, col, 0) = 0;
	} else if (!on) {
		*clock_word(p, col, row - 1) &= ~CLOCK_NEXT;
	} else {
		*clock_word(p, col, 0) = CLOCK_COLUMN | CLOCK_NEXT;
		for (r = 1; r < row; r++)
			*clock_word(p, col, r) |= CLOCK_NEXT;
	}
}

static void switch_part(struct vpart *p, bool on)
{
	u32 c, r;

	for (c = 0; c < p->range.size.col; c++)
		for (r = p->range.size.row - 1; r >= 1; r--)
			switch_tile(p, c, r, on);
}

static int control_clock(const char *rest, bool on)
{
	struct vpart *p;
	u32 i, col, row, rel;

	if (sysfs_streq(rest, "all")) {
		for (i = 0; i < part_count; i++) {
			down_write(&state_sem);
			switch_part(&part_list[i], on);
			scan_clocks(&part_list[i]);
			up_write(&state_sem);
			zap_part(&part_list[i]);
		}
		return 0;
	}
	if (sscanf(rest, "%u %u", &col, &row) != 2 || !row)
		return -EINVAL;
	p = find_tile(col, row, &rel);
	if (!p)
		return -ENOENT;
	down_write(&state_sem);
	switch_tile(p, rel, row, on);
	scan_clocks(p);
	up_write(&state_sem);
	/* After the change is visible: a later fault sees it, an earlier one is zapped. */
	zap_part(p);
	return 0;
}

static int control_core(const char *rest)
{
	struct vpart *p;
	u32 col, row, rel;
	char state[8];

	if (sscanf(rest, "%u %u %7s", &col, &row, state) != 3 || !row)
		return -EINVAL;
	if (strcmp(state, "on") && strcmp(state, "off"))
		return -EINVAL;
	p = find_tile(col, row, &rel);
	if (!p)
		return -ENOENT;
	down_write(&state_sem);
	set_core(p, rel, row, strcmp(state, "on") ? 0 : CORE_ENABLE);
	up_write(&state_sem);
	zap_part(p);
	return 0;
}

static int control_reg(const char *rest)
{
	struct vpart *p;
	u32 col, row, rel, reg, val, *word;

	if (sscanf(rest, "%u %u %i %i", &col, &row, &reg, &val) != 4 || reg % 4 || reg >= TILE_SPAN)
		return -EINVAL;
	if (reg == CLOCK_CONTROL || reg == CORE_CONTROL)
		return -EINVAL;
	p = find_tile(col, row, &rel);
	if (!p)
		return -ENOENT;
	word = tile_word(tile_at(p, rel, row), reg);
	if (!word)
		return -ENOMEM;
	WRITE_ONCE(*word, val);
	return 0;
}

static int control_reset(const char *rest)
{
	bool all = sysfs_streq(rest, "all");
	int ret = all ? 0 : -ENOENT;
	u32 i, id = 0;

	if (!all && kstrtou32(rest, 0, &id))
		return -EINVAL;
	for (i = 0; i < part_count; i++)
		if (all || part_list[i].id == id) {
			reset_part(&part_list[i], true);
			ret = 0;
		}
	return ret;
}

/*
 * Columns and rows are absolute, rows count the shim as 0:
 *   gate COL ROW | gate all | ungate COL ROW | ungate all
 *   core COL ROW on|off
 *   reg COL ROW OFFSET VALUE	(a plain register or memory word)
 *   reset ID | reset all	(zero everything, all clocks on)
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
	if (str_has_prefix(text, "reset "))
		return control_reset(text + 6);
	return -EINVAL;
}

static const struct kernel_param_ops control_ops = { .set = control_set };
module_param_cb(control, &control_ops, NULL, 0200);

static int counters_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf,
			  "requests=%d releases=%d busy=%d open=%d dmabufs=%d mappings=%d "
			  "faults=%d forbidden=%d\n",
			  atomic_read(&n_requests), atomic_read(&n_releases), atomic_read(&n_busy),
			  atomic_read(&n_open), atomic_read(&n_dmabufs), atomic_read(&n_mappings),
			  atomic_read(&n_faults), atomic_read(&n_forbidden));
}

static const struct kernel_param_ops counters_ops = { .get = counters_get };
module_param_cb(counters, &counters_ops, NULL, 0444);

/* ------------------------------------------------------------ load, unload */

static struct class *aie_class;
static struct cdev aie_cdev;
static dev_t aie_devt;

static ssize_t hardware_info_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "generation: aie\ntotal_cols: 50\ntotal_rows: 9\n"
			       "shim_tile: start row: 0, num_rows: 1\n"
			       "memory_tile: start row: 0, num_rows: 0\n"
			       "aie_tile: start row: 1, num_rows: 8\n");
}
static DEVICE_ATTR_RO(hardware_info);

static struct attribute *aperture_attrs[] = {
	&dev_attr_hardware_info.attr,
	NULL,
};
ATTRIBUTE_GROUPS(aperture);

static void free_parts(void)
{
	unsigned int i, t, n;

	for (i = 0; i < part_count; i++) {
		struct vpart *p = &part_list[i];

		for (t = 0; p->tiles && t < p->range.size.col * p->range.size.row; t++)
			for (n = 0; n < TILE_PAGES; n++)
				free_page(p->tiles[t].page[n]);
		kvfree(p->tiles);
		bitmap_free(p->in_use);
		bitmap_free(p->clocked);
	}
	part_count = 0;
}

static int add_part(u32 id, u32 col, u32 row, u32 cols, u32 rows)
{
	struct vpart *p = &part_list[part_count];
	u32 i, t;

	if (part_count == MAX_PARTS || row || !cols || !rows || col >= MAX_COLS ||
	    cols > MAX_COLS - col || rows > MAX_ROWS)
		return -EINVAL;
	for (i = 0; i < part_count; i++) {
		struct aie_range *other = &part_list[i].range;

		if (part_list[i].id == id)
			return -EINVAL;
		if (col < other->start.col + other->size.col && other->start.col < col + cols)
			return -EINVAL;
	}
	part_count++;
	p->id = id;
	p->range = (struct aie_range){ { col, 0 }, { cols, rows } };
	snprintf(p->name, sizeof(p->name), "aiepart_%u_%u", col, cols);
	mutex_init(&p->lock);
	mutex_init(&p->zap);
	p->tiles = kvcalloc(cols * rows, sizeof(*p->tiles), GFP_KERNEL);
	p->in_use = bitmap_zalloc(cols * MAX_ROWS, GFP_KERNEL);
	p->clocked = bitmap_zalloc(cols * MAX_ROWS, GFP_KERNEL);
	if (!p->tiles || !p->in_use || !p->clocked)
		return -ENOMEM;
	for (t = 0; t < cols * rows; t++)
		if (!tile_word(&p->tiles[t], CLOCK_CONTROL) ||
		    !tile_word(&p->tiles[t], CORE_CONTROL))
			return -ENOMEM;
	reset_part(p, !gated);
	return 0;
}

static int parse_parts(void)
{
	char *copy = kstrdup(parts, GFP_KERNEL), *rest = copy, *one;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && (one = strsep(&rest, ","))) {
		u32 id, col, row, cols, rows;

		if (sscanf(one, "%u:%u:%u:%u:%u", &id, &col, &row, &cols, &rows) != 5)
			ret = -EINVAL;
		else
			ret = add_part(id, col, row, cols, rows);
		if (ret)
			pr_err("parts: cannot use '%s'\n", one);
	}
	kfree(copy);
	return ret;
}

static int match_ours(struct device *dev, const void *data)
{
	return 1;
}

static void remove_devices(void)
{
	struct device *dev;

	if (IS_ERR_OR_NULL(aie_class))
		return;
	while ((dev = class_find_device(aie_class, NULL, NULL, match_ours))) {
		device_unregister(dev);
		put_device(dev);
	}
	class_destroy(aie_class);
}

static int create_devices(void)
{
	struct device *dev;
	unsigned int i;

	aie_class = class_create(THIS_MODULE, sysfs ? "aie" : "aievirt");
	if (IS_ERR(aie_class))
		return PTR_ERR(aie_class);
	dev = device_create(aie_class, NULL, aie_devt, NULL, "aie0");
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	for (i = 0; sysfs && i < part_count; i++) {
		dev = device_create(aie_class, NULL, 0, NULL, "%s", part_list[i].name);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
	}
	if (sysfs && aperture) {
		dev = device_create_with_groups(aie_class, NULL, 0, NULL, aperture_groups,
						"aieaperture_0_50");
		if (IS_ERR(dev))
			return PTR_ERR(dev);
	}
	return 0;
}

static int __init aievirt_init(void)
{
	int ret = parse_parts();

	if (ret)
		goto no_parts;
	ret = alloc_chrdev_region(&aie_devt, 0, 1, "aie");
	if (ret)
		goto no_parts;
	cdev_init(&aie_cdev, &dev_fops);
	aie_cdev.owner = THIS_MODULE;
	ret = cdev_add(&aie_cdev, aie_devt, 1);
	if (ret)
		goto no_cdev;
	ret = create_devices();
	if (ret)
		goto no_devices;
	WRITE_ONCE(ready, true);
	return 0;

no_devices:
	remove_devices();
	cdev_del(&aie_cdev);
no_cdev:
	unregister_chrdev_region(aie_devt, 1);
no_parts:
	free_parts();
	return ret;
}

static void __exit aievirt_exit(void)
{
	WRITE_ONCE(ready, false);
	remove_devices();
	cdev_del(&aie_cdev);
	unregister_chrdev_region(aie_devt, 1);
	free_parts();
}

module_init(aievirt_init);
module_exit(aievirt_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A pretend AI Engine array for tests");
MODULE_IMPORT_NS(DMA_BUF);
