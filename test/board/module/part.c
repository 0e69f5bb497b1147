// SPDX-License-Identifier: GPL-2.0
/*
 * A partition: the file that its owner holds, the DMA-bufs of its memories,
 * the register view, and what the ioctls do to its tiles.
 *
 * What would crash or corrupt the real kernel or board fails here with an
 * error instead, and leaves one line "aievirt: FORBIDDEN ..." in the log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "aievirt.h"

struct vmem { /* private data of a DMA-buf */
	struct vpart *part;
	unsigned int type;
	struct aie_range range; /* absolute: the tiles that have this memory */
	struct view view;
};

/* A place in a partition as its file's offsets name it. */
struct place {
	u32 col; /* absolute */
	u32 row;
	u32 reg;
};

/* ------------------------------------------------------------ life, clocks */

static void part_free(struct kref *ref)
{
	struct vpart *p = container_of(ref, struct vpart, ref);

	bitmap_free(p->in_use);
	bitmap_free(p->clocked);
	resources_exit(p);
	kfree(p);
}

void part_put(struct vpart *p)
{
	kref_put(&p->ref, part_free);
}

static void believe_clocks(struct vpart *p);

struct vpart *part_new(u32 id, u32 col, u32 cols, u32 rows)
{
	struct vpart *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return ERR_PTR(-ENOMEM);
	kref_init(&p->ref);
	mutex_init(&p->lock);
	mutex_init(&p->look_lock);
	p->id = id;
	p->range = (struct aie_range){ { col, 0 }, { cols, rows } };
	snprintf(p->name, sizeof(p->name), "aiepart_%u_%u", col, cols);
	p->in_use = bitmap_zalloc(cols * MAX_ROWS, GFP_KERNEL);
	p->clocked = bitmap_zalloc(cols * MAX_ROWS, GFP_KERNEL);
	if (!p->in_use || !p->clocked || resources_init(p)) {
		part_put(p);
		return ERR_PTR(-ENOMEM);
	}
	down_write(&state_sem);
	believe_clocks(p);
	up_write(&state_sem);
	return p;
}

/* Bit of a tile in the driver's bitmaps. Column relative. */
static unsigned int tile_bit(struct vpart *p, u32 col, u32 row)
{
	return col * (p->range.size.row - 1) + row - 1;
}

static bool tile_runs_rel(struct vpart *p, u32 col, u32 row)
{
	return tile_runs(p->range.start.col + col, row);
}

/* Which tiles run, each noted so many columns to the right; what lies beyond the bitmap's end is lost. */
static void note_clocks(struct vpart *p, u32 shift)
{
	u32 c, r, cols = p->range.size.col;

	bitmap_zero(p->clocked, cols * MAX_ROWS);
	for (c = 0; c + shift < cols; c++) {
		u32 rows = running_rows(p->range.start.col + c, p->range.size.row);

		for (r = 1; r < rows; r++)
			__set_bit(tile_bit(p, c + shift, r), p->clocked);
	}
	bitmap_copy(p->in_use, p->clocked, cols * MAX_ROWS);
}

/* The driver switched all clocks itself and knows them. */
static void believe_clocks(struct vpart *p)
{
	note_clocks(p, 0);
}

/*
 * The real scan of most drivers counts bits from the array's first column,
 * while everybody else counts them from the partition's: what it finds beyond
 * the bitmap's end is lost, and the rest is believed of other columns.
 */
void scan_clocks(struct vpart *p)
{
	note_clocks(p, scan_absolute ? p->range.start.col : 0);
}

bool part_clocked(struct vpart *p, u32 col, u32 row)
{
	return !row || test_bit(tile_bit(p, col - p->range.start.col, row), p->clocked);
}

void follow_clocks(struct vpart *p, const unsigned long *before)
{
	u32 c, r;

	for (c = 0; c < p->range.size.col; c++)
		for (r = 1; r < p->range.size.row; r++) {
			unsigned int bit = tile_bit(p, c, r);
			bool was = test_bit((p->range.start.col + c) * MAX_ROWS + r, before);

			if (was == test_bit(bit, p->clocked))
				assign_bit(bit, p->clocked, tile_runs_rel(p, c, r));
		}
}

static void zap_part(struct vpart *p)
{
	zap_cols(p->range.start.col, p->range.size.col);
}

void reset_part(struct vpart *p, unsigned int what, bool clocks_on)
{
	down_write(&state_sem);
	reset_cols(p->range.start.col, p->range.size.col, p->range.size.row, what, clocks_on);
	believe_clocks(p);
	up_write(&state_sem);
	zap_part(p);
}

/* -------------------------------------------------- mappings of tile words */

/*
 * Whether an access to program memory of an enabled core answers with an error;
 * with pm_halts the core halts by it, whether it answers or not.
 */
static bool program_fails(u32 col, u32 row, u32 off)
{
	if (!program_busy(col, row, off))
		return false;
	if (pm_halts)
		*tile_word(col, row, varray.gen->core_status) |= CORE_ERROR_HALT;
	return pm_fault;
}

/* The owner's own locks are its own business. */
static bool is_owner(struct vpart *p)
{
	return READ_ONCE(p->owner) == task_tgid(current);
}

static vm_fault_t touch_tile(struct vm_fault *vmf, struct vpart *p, u32 col, u32 row, u32 off)
{
	const struct generation *gen = varray.gen;
	u32 first = off & PAGE_MASK, last = first + PAGE_SIZE - 1;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	unsigned long page;

	atomic_inc(&count.faults);
	down_read(&state_sem);
	if (!tile_runs(col, row)) {
		forbidden("gated access %u,%u offset %#x", col, row, off);
	} else if (program_fails(col, row, off)) {
		forbidden("core-enabled program memory access %u,%u offset %#x", col, row, off);
	} else if (!is_owner(p) &&
		   reg_covers(gen->acting, gen->acting_count, row, first, last)) {
		/* Pages that also hold harmless registers cannot be told apart here. */
		forbidden("read of an acting register %u,%u offset %#x", col, row, off);
	} else {
		page = tile_page(col, row, off >> PAGE_SHIFT);
		ret = page ? vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
					    virt_to_phys((void *)page) >> PAGE_SHIFT)
			   : VM_FAULT_OOM;
	}
	up_read(&state_sem);
	return ret;
}

/* Whether a touch of a page is answered and changes nothing. Any other has to be noticed. */
static bool page_answers(struct vpart *p, u32 col, u32 row, u32 off)
{
	const struct generation *gen = varray.gen;

	return !program_busy(col, row, off) &&
	       (is_owner(p) ||
		!reg_covers(gen->acting, gen->acting_count, row, off, off + PAGE_SIZE - 1));
}

/*
 * Puts all pages of a tile into a new mapping, as the real driver does, but
 * leaves to faults what does not answer now, and registers that nobody has used
 * yet, which have no page. What stops answering before the kernel knows of the
 * new mapping stays in it. Call with state_sem held.
 */
static int map_tile(struct vm_area_struct *vma, unsigned long addr, struct vpart *p, u32 col,
		    u32 row, u32 off, u32 len)
{
	u32 at, bytes;

	if (!tile_runs(col, row))
		return 0;
	for (at = 0; at < len; at += bytes) {
		unsigned long page = 0, next;
		int ret;

		bytes = PAGE_SIZE;
		if (page_answers(p, col, row, off + at))
			page = tile_page_to_map(col, row, (off + at) >> PAGE_SHIFT);
		if (!page)
			continue;
		for (; at + bytes < len; bytes += PAGE_SIZE) {
			if (!page_answers(p, col, row, off + at + bytes))
				break;
			next = tile_page_to_map(col, row, (off + at + bytes) >> PAGE_SHIFT);
			if (next != page + bytes)
				break;
		}
		ret = remap_pfn_range(vma, addr + at, virt_to_phys((void *)page) >> PAGE_SHIFT,
				      bytes, vma->vm_page_prot);
		if (ret)
			return ret;
	}
	return 0;
}

static void prepare_vma(struct vm_area_struct *vma, const struct vm_operations_struct *ops,
			void *data)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_flags |= VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP;
	vma->vm_private_data = data;
	vma->vm_ops = ops;
	ops->open(vma);
}

/* The end of mmap: undoes the count of a mapping that was not made. */
static int prepared_vma(struct vm_area_struct *vma, int ret)
{
	if (ret)
		vma->vm_ops->close(vma);
	return ret;
}

/* ---------------------------------------------------------------- DMA-bufs */

/* Memories of this partition as the driver counts them: a shim-only one has none, but for AIE2PS.
 */
static unsigned int mem_count(struct vpart *p)
{
	return p->range.size.row > 1 || varray.gen->mem_count == 6 ? varray.gen->mem_count : 0;
}

static struct aie_range mem_range(struct vpart *p, unsigned int type)
{
	enum row_kind kind = varray.gen->mem[type].rows;
	u32 start = kind_start(kind), rows = kind_rows(kind), have = p->range.size.row;
	struct aie_range range = p->range;

	range.start.row = start;
	range.size.row = have > start ? min(rows, have - start) : 0;
	return range;
}

static size_t mem_bytes(struct vmem *m)
{
	return (size_t)varray.gen->mem[m->type].size * m->range.size.row * m->range.size.col;
}

static void mem_vma_opened(struct vm_area_struct *vma)
{
	atomic_inc(&count.mappings);
}

static void mem_vma_closed(struct vm_area_struct *vma)
{
	atomic_dec(&count.mappings);
}

static vm_fault_t mem_fault(struct vm_fault *vmf)
{
	struct vmem *m = vmf->vma->vm_private_data;
	size_t size = varray.gen->mem[m->type].size, off = vmf->pgoff << PAGE_SHIFT;
	u32 rows = m->range.size.row, tile = off / size;

	if (off >= mem_bytes(m))
		return VM_FAULT_SIGBUS;
	return touch_tile(vmf, m->part, m->range.start.col + tile / rows, m->range.start.row + tile % rows,
			  varray.gen->mem[m->type].offset + off % size);
}

static const struct vm_operations_struct mem_vm_ops = {
	.open = mem_vma_opened,
	.close = mem_vma_closed,
	.fault = mem_fault,
};

static int mem_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	struct vmem *m = dbuf->priv;
	size_t off, len = vma->vm_end - vma->vm_start, total = mem_bytes(m);
	u32 size = varray.gen->mem[m->type].size, rows = m->range.size.row, part;
	size_t at;
	int ret = 0;

	if (check_shl_overflow(vma->vm_pgoff, PAGE_SHIFT, &off) || off > total || len > total - off)
		return -EINVAL;
	/* A copy-on-write mapping of device pages is refused by the mapping code. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	if (off && off % size == 0) {
		forbidden("mmap at tile boundary, offset %#zx of partition %u", off, m->part->id);
		return -EINVAL;
	}
	prepare_vma(vma, &mem_vm_ops, m);
	down_read(&state_sem);
	for (at = off; !ret && at < off + len; at += part) {
		u32 tile = at / size;

		part = min_t(size_t, size - at % size, off + len - at);
		ret = map_tile(vma, vma->vm_start + (at - off), m->part,
			       m->range.start.col + tile / rows, m->range.start.row + tile % rows,
			       varray.gen->mem[m->type].offset + at % size, part);
	}
	up_read(&state_sem);
	return prepared_vma(vma, ret);
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
	struct inode *inode = m->view.inode;

	view_remove(&m->view);
	mutex_lock(&p->lock);
	p->dbuf[m->type] = NULL;
	mutex_unlock(&p->lock);
	iput(inode);
	kfree(m);
	part_put(p);
	atomic_dec(&count.dmabufs);
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
	struct inode *inode;
	struct dma_buf *dbuf;

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->part = p;
	m->type = type;
	m->range = mem_range(p, type);
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
	kref_get(&p->ref);
	atomic_inc(&count.dmabufs);
	inode = file_inode(dbuf->file);
	ihold(inode);
	view_add(&m->view, inode, &m->range, &varray.gen->mem[type]);
	p->dbuf[type] = dbuf;
	return dbuf;
}

static long part_get_mem(struct vpart *p, void __user *arg)
{
	struct aie_mem_args args;
	struct aie_mem out[MAX_MEMS] = {};
	struct dma_buf *dbuf[MAX_MEMS] = {};
	int fds[MAX_MEMS] = { -1, -1, -1, -1, -1, -1 };
	unsigned int i, n = mem_count(p);
	long ret = 0;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (!n)
		return -EINVAL;
	if (!args.num_mems)
		return put_user(n, (u32 __user *)arg);
	if (args.num_mems != n)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!page_check || varray.gen->mem[i].size % page_check)
			return -EINVAL;

	mutex_lock(&p->lock);
	for (i = 0; i < n; i++)
		if (p->dbuf[i])
			ret = -EBUSY;
	for (i = 0; !ret && i < n; i++) {
		dbuf[i] = export_mem(p, i);
		if (IS_ERR(dbuf[i])) {
			ret = PTR_ERR(dbuf[i]);
			dbuf[i] = NULL;
		}
	}
	mutex_unlock(&p->lock);
	if (!ret && mem_ref) {
		/* One reference too many per call; the newest driver counts it as a mapping. */
		p->leaked = req_size == 40;
		atomic_inc(&count.get_mem_leaks);
	}
	if (ret == -EBUSY)
		forbidden("second AIE_GET_MEM while buffers of partition %u live", p->id);

	for (i = 0; !ret && i < n; i++) {
		out[i].range = mem_range(p, i);
		out[i].offset = varray.gen->mem[i].offset;
		out[i].size = varray.gen->mem[i].size;
		fds[i] = get_unused_fd_flags(O_CLOEXEC);
		out[i].fd = fds[i];
		if (fds[i] < 0)
			ret = fds[i];
	}
	if (!ret && copy_to_user(args.mems, out, n * sizeof(*out)))
		ret = -EFAULT;
	for (i = 0; i < n; i++) {
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

/* -------------------------------------------------- registers by the kernel */

/* Where len bytes from an offset lie; false unless they are words of one tile of the partition. */
static bool find_place(struct vpart *p, u64 offset, u64 len, struct place *at)
{
	const struct generation *gen = varray.gen;
	u32 row_mask = BIT(gen->col_shift - gen->row_shift) - 1;

	if (offset % sizeof(u32) || len % sizeof(u32) || len > varray.tile_span ||
	    offset >= (u64)p->range.size.col << gen->col_shift)
		return false;
	at->col = p->range.start.col + (offset >> gen->col_shift);
	at->row = (offset >> gen->row_shift) & row_mask;
	at->reg = offset & (varray.tile_span - 1);
	return at->row < p->range.size.row && at->reg + len <= varray.tile_span;
}

/* A tile that the driver believes to be clocked and is not: the touch itself. Says so in the log. */
static bool refuse_gated(const struct place *at)
{
	if (tile_runs(at->col, at->row))
		return false;
	forbidden("gated access %u,%u offset %#x, which the driver takes for clocked", at->col,
		  at->row, at->reg);
	return true;
}

/* Whether any word of a range is program memory of an enabled core; says so in the log. */
static bool refuse_program(const struct place *at, u32 len)
{
	const struct mem_type *program = &varray.gen->mem[1];
	u32 first = max(at->reg, program->offset);

	if (first >= at->reg + len || !program_fails(at->col, at->row, first))
		return false;
	forbidden("core-enabled program memory access %u,%u offset %#x", at->col, at->row, first);
	return true;
}

/* How many words of a range lie in a tile memory. */
static u32 memory_words(const struct place *at, u32 len)
{
	const struct generation *gen = varray.gen;
	u32 i, first, end, words = 0;

	for (i = 0; i < gen->mem_count; i++) {
		if (gen->mem[i].rows != row_kind(at->row))
			continue;
		first = max(at->reg, gen->mem[i].offset);
		end = min(at->reg + len, gen->mem[i].offset + gen->mem[i].size);
		if (first < end)
			words += (end - first) / sizeof(u32);
	}
	return words;
}

/*
 * Writes words as the driver does: clocks and registers of its own are checked,
 * then each word is written, under a mask unless that is 0. step is 0 to write
 * the same word everywhere.
 */
static long write_words(struct vpart *p, const struct place *at, const u32 *words,
			unsigned int step, u32 n, u32 mask)
{
	const struct generation *gen = varray.gen;
	bool core_changed = false, was_halted;
	long ret = 0;
	u32 i, *word;

	if (!n)
		return 0;
	if (reg_in(gen->kernel_only, gen->kernel_only_count, at->row, at->reg, at->reg + 4 * n - 1))
		return -EINVAL;
	down_write(&state_sem);
	was_halted = core_halted(at->col, at->row);
	if (!part_clocked(p, at->col, at->row))
		ret = -EINVAL;
	else if (refuse_gated(at) || refuse_program(at, 4 * n))
		ret = -EIO;
	for (i = 0; !ret && i < n; i++) {
		u32 reg = at->reg + 4 * i, val = words[i * step];

		word = tile_word(at->col, at->row, reg);
		if (!word) {
			ret = -ENOMEM;
			break;
		}
		*word = mask ? (*word & ~mask) | (val & mask) : val;
		atomic64_inc(&count.words_written);
		if (row_kind(at->row) == ROW_CORE && reg == gen->core_control) {
			set_core(at->col, at->row, *word);
			core_changed = true;
		}
		core_written(at->col, at->row, reg);
	}
	/* Program memory of a core that was let go can be read no longer. */
	core_changed |= was_halted && !core_halted(at->col, at->row);
	up_write(&state_sem);
	if (core_changed)
		zap_part(p);
	return ret;
}

static long part_reg(struct vpart *p, void __user *arg, size_t size)
{
	struct aie_reg_args_40 args = {};
	struct place at;
	u64 len;
	u32 *words;
	long ret;

	if (copy_from_user(&args, arg, size))
		return -EFAULT;
	if (args.op != AIE_REG_WRITE &&
	    (size == sizeof(struct aie_reg_args) ||
	     (args.op != AIE_REG_BLOCKWRITE && args.op != AIE_REG_BLOCKSET)))
		return -EINVAL;
	len = args.op == AIE_REG_WRITE ? sizeof(u32) : (u64)args.len * sizeof(u32);
	if (!find_place(p, args.offset, len, &at))
		return -EINVAL;
	if (args.op != AIE_REG_BLOCKWRITE)
		return write_words(p, &at, &args.val, 0, len / sizeof(u32),
				   args.op == AIE_REG_WRITE ? args.mask : 0);
	words = kvmalloc(len, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	if (copy_from_user(words, u64_to_user_ptr(args.dataptr), len))
		ret = -EFAULT;
	else
		ret = write_words(p, &at, words, 1, len / sizeof(u32), 0);
	kvfree(words);
	return ret;
}

static ssize_t part_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	const struct generation *gen = varray.gen;
	struct vpart *p = file->private_data;
	struct place at;
	ssize_t ret;
	u32 *words;

	ret = hold_back(CALL_READ);
	if (ret)
		return ret;
	ret = len;
	atomic_inc(&count.preads);
	if (*pos < 0 || !find_place(p, *pos, len, &at))
		return -EINVAL;
	if (!len)
		return 0;
	words = kvmalloc(len, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	down_read(&state_sem);
	if (!part_clocked(p, at.col, at.row)) {
		ret = -EINVAL;
		/* Two lines for each, as the real driver writes them. */
		pr_err("%s: tile %u,%u has no clock.\n", p->name, at.col, at.row);
		pr_err("%s: cannot read %#x of %u,%u.\n", p->name, at.reg, at.col, at.row);
		atomic_add(2, &count.log_lines);
		atomic_inc(&count.preads_refused);
	} else if (refuse_gated(&at) || refuse_program(&at, len)) {
		ret = -EIO;
	} else if (reg_in(gen->acting, gen->acting_count, at.row, at.reg, at.reg + len - 1)) {
		forbidden("read of an acting register %u,%u offset %#x", at.col, at.row, at.reg);
		ret = -EIO;
	}
	if (ret > 0)
		tile_copy(words, at.col, at.row, at.reg, len);
	if (ret > 0 && word_ns)
		udelay(DIV_ROUND_UP(len / sizeof(u32) * min(word_ns, 1000U), 1000));
	up_read(&state_sem);
	if (ret > 0 && copy_to_user(buf, words, len))
		ret = -EFAULT;
	kvfree(words);
	if (ret > 0) {
		atomic64_add(len / sizeof(u32), &count.words_read);
		atomic64_add(memory_words(&at, len), &count.memory_words_read);
		*pos += len;
	}
	return ret;
}

static ssize_t part_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct vpart *p = file->private_data;
	struct place at;
	ssize_t ret;
	u32 *words;

	ret = hold_back(CALL_WRITE);
	if (ret)
		return ret;
	atomic_inc(&count.pwrites);
	if (*pos < 0 || !find_place(p, *pos, len, &at))
		return -EINVAL;
	if (!len)
		return 0;
	words = kvmalloc(len, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	ret = copy_from_user(words, buf, len) ? -EFAULT : 0;
	if (!ret)
		ret = write_words(p, &at, words, 1, len / sizeof(u32), 0);
	kvfree(words);
	if (ret)
		return ret;
	*pos += len;
	return len;
}

/* ------------------------------------------------------------------ clocks */

/*
 * Brings the clocks of one column in line with the tiles in use, by what the
 * driver believes of them. Column relative.
 *
 * In a chain only the difference is written: what is believed to run is not
 * switched on, and what is believed to be gated is not gated. With one clock
 * per column it is written in any case.
 */
static void clock_column(struct vpart *p, u32 col)
{
	u32 r, rows = p->range.size.row, used = 0, believed = 0;
	u32 abs_col = p->range.start.col + col;

	for (r = 1; r < rows; r++) {
		if (test_bit(tile_bit(p, col, r), p->in_use))
			used = r;
		if (test_bit(tile_bit(p, col, r), p->clocked))
			believed = r;
	}
	if (varray.gen->column_clock) {
		switch_tile(abs_col, 1, used || whole_tiles);
		if (used || whole_tiles)
			bitmap_set(p->clocked, tile_bit(p, col, 1), rows - 1);
		else
			bitmap_clear(p->clocked, tile_bit(p, col, 1), rows - 1);
		return;
	}
	for (r = believed + 1; r <= used; r++)
		switch_link(abs_col, r, true);
	for (r = used + 1; used != believed && r < rows; r++)
		switch_link(abs_col, r, false);
	for (r = 1; r < rows; r++)
		assign_bit(tile_bit(p, col, r), p->clocked, r <= used);
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
	if (tiles_ignored) {
		kfree(locs);
		return 0;
	}
	down_write(&state_sem);
	for (i = 0; i < args.num_tiles; i++)
		if (locs[i].row)
			assign_bit(tile_bit(p, locs[i].col, locs[i].row), p->in_use, on);
	for (c = 0; c < p->range.size.col && p->range.size.row > 1; c++) {
		for (r = 1; !args.num_tiles && r < p->range.size.row; r++)
			assign_bit(tile_bit(p, c, r), p->in_use, on);
		clock_column(p, c);
	}
	up_write(&state_sem);
	zap_part(p);
	kfree(locs);
	return 0;
}

/* ------------------------------------------------------------------ resets */

/* Zeroes words and registers, and leaves the clocks as they are. */
static void clear_part(struct vpart *p)
{
	u32 first = p->range.start.col, c;
	DECLARE_BITMAP(on, MAX_COLS);

	down_write(&state_sem);
	for (c = 0; c < p->range.size.col; c++)
		__assign_bit(c, on, p->range.size.row > 1 && tile_runs(first + c, 1));
	for (c = 0; c < p->range.size.col; c++)
		reset_cols(first + c, 1, p->range.size.row, RESET_ALL, test_bit(c, on));
	believe_clocks(p);
	up_write(&state_sem);
	zap_part(p);
}

/* The owner's start: clocks on, what the options name is reset, and the tiles that it names are in use. */
static long part_init(struct vpart *p, void __user *arg)
{
	struct aie_init_args args;
	unsigned int what = 0;
	long ret = 0;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	what |= args.options & AIE_INIT_COLUMN_RESET ? RESET_TILES : 0;
	what |= args.options & AIE_INIT_SHIM_RESET ? RESET_SHIM : 0;
	what |= args.options & AIE_INIT_ZERO ? RESET_MEMORIES : 0;
	reset_part(p, what, true);
	if (args.num_tiles) {
		down_write(&state_sem);
		bitmap_zero(p->in_use, p->range.size.col * MAX_ROWS);
		up_write(&state_sem);
		/* The list stands at the start of the arguments, as in a request of tiles. */
		ret = part_tiles(p, arg, true);
	}
	return ret;
}

/* INIT, TEAR and CLR_CONTEXT: for the owner alone. None of them looks at mappings. */
static long part_reset(struct vpart *p, unsigned int nr, void __user *arg)
{
	bool owner;
	long ret = 0;

	mutex_lock(&parts_lock);
	owner = p->owner == task_tgid(current);
	mutex_unlock(&parts_lock);
	if (!owner) {
		forbidden("reset of partition %u, nr %u, not by its owner", p->id, nr);
		return -EPERM;
	}
	if (nr == _IOC_NR(AIE_CLR_CONTEXT))
		clear_part(p);
	else if (nr == _IOC_NR(AIE_PART_TEAR))
		reset_part(p, RESET_ALL, false);
	else
		ret = part_init(p, arg);
	atomic_inc(&count.resets);
	return ret;
}

int reset_part_in_kernel(struct vpart *p)
{
	unsigned int i;
	bool mapped;

	mutex_lock(&p->lock);
	mapped = p->leaked || atomic_read(&p->mappings);
	for (i = 0; i < MAX_MEMS; i++)
		mapped |= p->dbuf[i] != NULL;
	mutex_unlock(&p->lock);
	if (mapped) {
		atomic_inc(&count.resets_refused);
		pr_err("%s: failed to reset, there are mmapped memories or registers.\n", p->name);
		return -EBUSY;
	}
	return 0;
}

/* -------------------------------------------------------- the partition fd */

static long part_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vpart *p = file->private_data;
	void __user *uarg = (void __user *)arg;
	bool later = varray.family != FAMILY_2020;
	int ret = 0;

	if (_IOC_NR(cmd) == _IOC_NR(AIE_REG))
		ret = hold_back(CALL_REGISTER);
	else if (cmd == AIE_GET_MEM)
		ret = hold_back(CALL_MEMORIES);
	else if (cmd == AIE_REQUEST_TILES || cmd == AIE_RELEASE_TILES)
		ret = hold_back(CALL_TILES);
	if (ret)
		return ret;
	if (cmd == (later ? AIE_REG_40 : AIE_REG))
		return part_reg(p, uarg, _IOC_SIZE(cmd));
	switch (cmd) {
	case AIE_GET_MEM:
		return part_get_mem(p, uarg);
	case AIE_REQUEST_TILES:
		return part_tiles(p, uarg, true);
	case AIE_RELEASE_TILES:
		return part_tiles(p, uarg, false);
	}
	if (varray.family == FAMILY_APERTURE &&
	    (cmd == AIE_PART_INIT(init_size) || cmd == AIE_PART_TEAR || cmd == AIE_CLR_CONTEXT))
		return part_reset(p, _IOC_NR(cmd), uarg);
	switch (cmd) {
	case AIE_RSC_REQ:
	case AIE_RSC_SPECIFIC:
	case AIE_RSC_RELEASE:
	case AIE_RSC_FREE:
	case AIE_RSC_AVAILABLE:
	case AIE_RSC_BROADCAST:
	case AIE_RSC_STATS:
		if (later)
			return part_resources(p, cmd, uarg);
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
	const struct generation *gen = varray.gen;
	u32 row_mask = BIT(gen->col_shift - gen->row_shift) - 1;
	u32 col = off >> gen->col_shift, row = (off >> gen->row_shift) & row_mask;

	if (col >= p->range.size.col || row >= p->range.size.row) {
		forbidden("access to no tile at %u,%u", p->range.start.col + col, row);
		return VM_FAULT_SIGBUS;
	}
	return touch_tile(vmf, p, p->range.start.col + col, row, off & (varray.tile_span - 1));
}

static void part_vma_opened(struct vm_area_struct *vma)
{
	struct vpart *p = vma->vm_private_data;

	atomic_inc(&p->mappings);
	atomic_inc(&count.mappings);
}

static void part_vma_closed(struct vm_area_struct *vma)
{
	struct vpart *p = vma->vm_private_data;

	atomic_dec(&p->mappings);
	atomic_dec(&count.mappings);
}

static const struct vm_operations_struct part_vm_ops = {
	.open = part_vma_opened,
	.close = part_vma_closed,
	.fault = part_fault,
};

static int part_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vpart *p = file->private_data;
	u64 span = (u64)p->range.size.col << varray.gen->col_shift;
	u64 off = (u64)vma->vm_pgoff << PAGE_SHIFT, len = vma->vm_end - vma->vm_start, at;
	u32 row_mask = BIT(varray.gen->col_shift - varray.gen->row_shift) - 1, part;
	int ret = hold_back(CALL_MAP);

	if (ret)
		return ret;
	if (vma->vm_flags & VM_WRITE)
		return -EINVAL;
	if (vma->vm_pgoff > span >> PAGE_SHIFT || len > span - off)
		return -EINVAL;
	vma->vm_flags &= ~VM_MAYWRITE;
	prepare_vma(vma, &part_vm_ops, p);
	view_add(&p->regs, file_inode(file), &p->range, NULL);
	down_read(&state_sem);
	for (at = off; !ret && at < off + len; at += part) {
		u32 row = (at >> varray.gen->row_shift) & row_mask,
		    in_tile = at & (varray.tile_span - 1);

		part = min_t(u64, varray.tile_span - in_tile, off + len - at);
		if (row < p->range.size.row)
			ret = map_tile(vma, vma->vm_start + (at - off), p,
				       p->range.start.col + (at >> varray.gen->col_shift), row,
				       in_tile, part);
	}
	up_read(&state_sem);
	return prepared_vma(vma, ret);
}

static int part_release(struct inode *inode, struct file *file)
{
	struct vpart *p = file->private_data;

	hold_back(CALL_CLOSE);
	lock_for_release(p);
	view_remove(&p->regs);
	if (!p->keep)
		reset_part(p, RESET_ALL, false);
	resources_reset(p);
	give_back_part(p);
	part_put(p);
	atomic_inc(&count.releases);
	atomic_dec(&count.open);
	return 0;
}

/* From Linux 6.0 on the real drivers' files say that they can seek, and have no function for it. */
static loff_t part_llseek(struct file *file, loff_t offset, int whence)
{
	struct vpart *p = file->private_data;

	forbidden("lseek of partition %u calls a function that is not there", p->id);
	return -ESPIPE;
}

static const struct file_operations part_fops_2020 = {
	.owner = THIS_MODULE,
	.llseek = part_llseek,
	.unlocked_ioctl = part_ioctl,
	.mmap = part_mmap,
	.release = part_release,
};

static const struct file_operations part_fops = {
	.owner = THIS_MODULE,
	.llseek = part_llseek,
	.read = part_read,
	.write = part_write,
	.unlocked_ioctl = part_ioctl,
	.mmap = part_mmap,
	.release = part_release,
};

struct file *part_file(struct vpart *p)
{
	struct file *file;
	/*
	 * "secure" means an inode of its own. The plain kind shares one inode
	 * with every anonymous file of the system, and zapping would hit them all.
	 */
	int fd;

	kref_get(&p->ref);
	fd = anon_inode_getfd_secure(p->name, rw ? &part_fops : &part_fops_2020, p,
				     O_RDWR | O_CLOEXEC, NULL);
	if (fd < 0) {
		part_put(p);
		return ERR_PTR(fd);
	}
	file = close_fd_get_file(fd);
	/* So that pread fails for want of a read function (EINVAL), not of a place. */
	if (file)
		file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	return file;
}
