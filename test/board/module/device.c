// SPDX-License-Identifier: GPL-2.0
/* /dev/aie0: which partitions there are, and how each driver family hands them out. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/cdev.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "aievirt.h"

DEFINE_MUTEX(parts_lock);
struct vpart *parts_list[MAX_PARTS];
unsigned int parts_count;
struct class *aie_class;

static struct cdev aie_cdev;
static dev_t aie_devt;
static struct device *aie_dev;

/* ---------------------------------------------------------- the partitions */

/* Called with parts_lock held, as all in this section. */
static void remove_part(struct vpart *p)
{
	unsigned int i = 0;

	if (p->dev) {
		sysfs_remove_part(p);
		device_unregister(p->dev);
		p->dev = NULL;
	}
	while (parts_list[i] != p)
		i++;
	for (parts_count--; i < parts_count; i++)
		parts_list[i] = parts_list[i + 1];
	part_put(p);
}

static bool overlaps(struct vpart *p, u32 col, u32 cols)
{
	return col < p->range.start.col + p->range.size.col && p->range.start.col < col + cols;
}

static struct vpart *add_part(u32 id, u32 col, u32 cols, u32 rows)
{
	struct device *dev;
	struct vpart *p;
	int ret;

	if (parts_count == MAX_PARTS)
		return ERR_PTR(-ENOMEM);
	p = part_new(id, col, cols, rows);
	if (IS_ERR(p))
		return p;
	parts_list[parts_count++] = p;
	if (!sysfs)
		return p;
	dev = device_create(aie_class, NULL, 0, p, "%s", p->name);
	if (IS_ERR(dev)) {
		remove_part(p);
		return ERR_CAST(dev);
	}
	p->dev = dev;
	ret = sysfs_add_part(p);
	if (ret) {
		p->dev = NULL;
		device_unregister(dev);
		remove_part(p);
		return ERR_PTR(ret);
	}
	return p;
}

static int add_static_part(u32 id, u32 col, u32 row, u32 cols, u32 rows)
{
	unsigned int i;

	if (row || !cols || !rows || col >= varray.cols || cols > varray.cols - col ||
	    rows > varray.rows)
		return -EINVAL;
	for (i = 0; i < parts_count; i++)
		if (parts_list[i]->id == id || overlaps(parts_list[i], col, cols))
			return -EINVAL;
	return PTR_ERR_OR_ZERO(add_part(id, col, cols, rows));
}

static int parse_parts(const char *parts)
{
	char *copy = kstrdup(parts, GFP_KERNEL), *rest = copy, *one;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && (one = strsep(&rest, ","))) {
		u32 id, col, row, cols, rows;

		if (sscanf(one, "%u:%u:%u:%u:%u", &id, &col, &row, &cols, &rows) != 5)
			ret = -EINVAL;
		else
			ret = add_static_part(id, col, row, cols, rows);
		if (ret)
			pr_err("parts: cannot use '%s'\n", one);
	}
	kfree(copy);
	return ret;
}

/* Two partitions and one of shim tiles where there is room for them, else one of everything. */
static int default_parts(void)
{
	char text[64];

	if (varray.cols >= 33)
		snprintf(text, sizeof(text), "1:6:0:4:%u,2:20:0:2:%u,3:30:0:3:1", varray.rows,
			 varray.rows);
	else
		snprintf(text, sizeof(text), "1:0:0:%u:%u", varray.cols, varray.rows);
	return parse_parts(text);
}

static struct vpart *find_static(u32 id)
{
	unsigned int i;

	for (i = 0; i < parts_count; i++)
		if (parts_list[i]->id == id)
			return parts_list[i];
	return ERR_PTR(-EINVAL);
}

/* The id says which columns are wanted; no number of columns means all of them. */
static struct vpart *make_dynamic(u32 id)
{
	u32 col = id & 0xff, cols = (id >> 8) & 0xff;
	unsigned int i;

	if (!cols) {
		col = 0;
		cols = varray.cols;
	}
	if (col >= varray.cols || cols > varray.cols - col) {
		pr_err("aieaperture_0_%u: no columns %u to %u.\n", varray.cols, col,
		       col + cols - 1);
		return ERR_PTR(-EINVAL);
	}
	for (i = 0; i < parts_count; i++)
		if (overlaps(parts_list[i], col, cols)) {
			atomic_inc(&count.busy);
			pr_err("aieaperture_0_%u: partition %u already requested.\n", varray.cols,
			       id);
			return ERR_PTR(-EINVAL);
		}
	return add_part(col | cols << 8, col, cols, varray.rows);
}

static bool part_exists(u32 id)
{
	bool exists;

	if (varray.family == FAMILY_APERTURE)
		return true;
	mutex_lock(&parts_lock);
	exists = !IS_ERR(find_static(id));
	mutex_unlock(&parts_lock);
	return exists;
}

static struct vpart *take_part(u32 id, u32 flag, bool in_kernel)
{
	struct vpart *p;

	mutex_lock(&parts_lock);
	p = varray.family == FAMILY_APERTURE ? make_dynamic(id) : find_static(id);
	if (!IS_ERR(p) && p->busy) {
		atomic_inc(&count.busy);
		pr_err("%s: request partition %u failed, partition in use.\n",
		       varray.family == FAMILY_2020 ? "aie0" : p->name, id);
		p = ERR_PTR(-EBUSY);
	}
	if (!IS_ERR(p)) {
		p->busy = true;
		p->keep = flag & XAIE_PART_NOT_RST_ON_RELEASE;
		p->owner = in_kernel ? NULL : get_pid(task_tgid(current));
	}
	mutex_unlock(&parts_lock);
	return p;
}

void give_back_part(struct vpart *p)
{
	mutex_lock(&parts_lock);
	p->file = NULL;
	put_pid(p->owner);
	p->owner = NULL;
	p->busy = false;
	p->leaked = false;
	if (varray.family == FAMILY_APERTURE)
		remove_part(p);
	mutex_unlock(&parts_lock);
}

struct file *request_part(u32 id, u32 flag, bool in_kernel)
{
	struct vpart *p;
	struct file *file;

	if (!part_exists(id)) {
		atomic_inc(&count.requests_failed);
		return ERR_PTR(-EINVAL);
	}
	if (open_delay && msleep_interruptible(open_delay))
		return ERR_PTR(-EINTR);
	p = take_part(id, flag, in_kernel);
	if (IS_ERR(p)) {
		atomic_inc(&count.requests_failed);
		return ERR_CAST(p);
	}
	/* A device for each tile is made: 13 ms for 2 columns, 73 ms for 38. */
	if (request_cost && varray.family == FAMILY_APERTURE)
		fsleep(9667 + 1667 * p->range.size.col);
	down_write(&state_sem);
	scan_clocks(p);
	up_write(&state_sem);
	file = part_file(p);
	if (IS_ERR(file)) {
		give_back_part(p);
		return file;
	}
	/* Another thread of the caller closed the number before it was ours: released already. */
	if (!file)
		return ERR_PTR(-EBADF);
	mutex_lock(&parts_lock);
	p->file = file;
	mutex_unlock(&parts_lock);
	atomic_inc(&count.requests);
	atomic_inc(&count.open);
	return file;
}

/*
 * Writing to create_partition takes columns as a request without the keep flag
 * does, and keeps their file in the kernel; destroy_partition drops that.
 */
static struct file *debugfs_file;
static DEFINE_MUTEX(debugfs_lock);

int debugfs_hold(u32 id)
{
	struct file *file = ERR_PTR(-EBUSY);

	mutex_lock(&debugfs_lock);
	if (!debugfs_file)
		file = request_part(id, 0, true);
	if (!IS_ERR(file))
		debugfs_file = file;
	mutex_unlock(&debugfs_lock);
	return PTR_ERR_OR_ZERO(file);
}

int debugfs_release(void)
{
	struct file *file;

	mutex_lock(&debugfs_lock);
	file = debugfs_file;
	debugfs_file = NULL;
	mutex_unlock(&debugfs_lock);
	if (!file)
		return -ENOENT;
	fput(file);
	return 0;
}

/* ----------------------------------------------------------- the device fd */

static long dev_request(void __user *arg)
{
	struct aie_partition_req_40 req;
	struct file *file;
	int fd;

	if (copy_from_user(&req, arg, req_size))
		return -EFAULT;
	fd = look_at_device();
	if (fd)
		return fd;
	looked_at_device();
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = request_part(req.req.partition_id, req.req.flag, false);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

/* Static partitions: each with its id and whether it is in use. */
static u32 list_static(struct aie_range_args *out, u32 room)
{
	u32 n;

	for (n = 0; n < room && n < parts_count; n++) {
		struct vpart *p = parts_list[n];

		out[n] = (struct aie_range_args){ .partition_id = p->id, .range = p->range };
		out[n].status = p->busy ? XAIE_PART_STATUS_INUSE : 0;
		if (varray.family == FAMILY_STATIC)
			out[n].status |= XAIE_PART_STATUS_BRIDGE;
	}
	return n;
}

/*
 * Partitions in use, then free columns, wrong as in the real driver: the id
 * of a free range is its first column only; its size is one too big unless it
 * ends at the last column; a last column that is free alone is left out. The
 * uid is whatever was on the kernel's stack.
 */
static u32 list_dynamic(struct aie_range_args *out, u32 room)
{
	DECLARE_BITMAP(used, MAX_COLS);
	u32 n, start = 0, end, last = varray.cols - 1;

	bitmap_zero(used, MAX_COLS);
	for (n = 0; n < parts_count; n++)
		bitmap_set(used, parts_list[n]->range.start.col, parts_list[n]->range.size.col);
	for (n = 0; n < room && n < parts_count; n++)
		out[n] = (struct aie_range_args){
			.partition_id = parts_list[n]->id,
			.uid = get_random_u32(),
			.range = parts_list[n]->range,
			.status = XAIE_PART_STATUS_INUSE,
		};
	while (n < room) {
		start = find_next_zero_bit(used, varray.cols, start);
		if (start >= last)
			break;
		end = min_t(u32, find_next_bit(used, varray.cols, start), last);
		out[n++] = (struct aie_range_args){
			.partition_id = start,
			.uid = get_random_u32(),
			.range = { { start, 0 }, { end - start + 1, varray.rows } },
		};
		start = end;
	}
	return n;
}

static long dev_enquire(void __user *arg)
{
	struct aie_partition_query query;
	struct aie_range_args *out;
	u32 n, room;
	long ret = 0;

	if (copy_from_user(&query, arg, sizeof(query)))
		return -EFAULT;
	atomic_inc(&count.enquiries);
	ret = look_at_device();
	if (ret)
		return ret;
	looked_at_device();
	if (!query.partitions) {
		mutex_lock(&parts_lock);
		query.partition_cnt = parts_count;
		mutex_unlock(&parts_lock);
		return copy_to_user(arg, &query, sizeof(query)) ? -EFAULT : 0;
	}
	room = min_t(u32, query.partition_cnt, 2 * MAX_PARTS + 1);
	out = kcalloc(room, sizeof(*out), GFP_KERNEL);
	if (!out)
		return -ENOMEM;
	mutex_lock(&parts_lock);
	n = varray.family == FAMILY_APERTURE ? list_dynamic(out, room) : list_static(out, room);
	mutex_unlock(&parts_lock);
	query.partition_cnt = n;
	if (copy_to_user(query.partitions, out, n * sizeof(*out)) ||
	    copy_to_user(arg, &query, sizeof(query)))
		ret = -EFAULT;
	kfree(out);
	return ret;
}

/*
 * A new descriptor of every partition in use, for whoever asks. As in the real
 * driver a list that is too small is noticed one descriptor too late: that one
 * is already installed. The number of entries is not written back.
 */
static long dev_fd_list(void __user *arg)
{
	struct aie_part_fd_list args;
	struct aie_part_fd *out;
	unsigned int i, n = 0;
	long ret = 0;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	atomic_inc(&count.lists);
	ret = look_at_device();
	if (ret)
		return ret;
	looked_at_device();
	out = kcalloc(MAX_PARTS, sizeof(*out), GFP_KERNEL);
	if (!out)
		return -ENOMEM;
	mutex_lock(&parts_lock);
	for (i = 0; !ret && i < parts_count; i++) {
		struct vpart *p = parts_list[i];
		int fd;

		if (!p->file)
			continue;
		/* The real driver takes a reference of a dying file, which the kernel frees. */
		if (!get_file_rcu(p->file)) {
			if (list_race)
				forbidden("descriptor list met the last close of partition %u",
					  p->id);
			continue;
		}
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0) {
			fput(p->file);
			ret = fd;
			break;
		}
		fd_install(fd, p->file);
		if ((int)n >= args.num_entries)
			ret = -EINVAL;
		else
			out[n++] = (struct aie_part_fd){
				.args = { p->range.start.col, p->range.size.col, 1 },
				.partition_id = p->id,
				.fd = fd,
			};
	}
	mutex_unlock(&parts_lock);
	if (copy_to_user(args.list, out, n * sizeof(*out)))
		ret = -EFAULT;
	kfree(out);
	return ret;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	if (cmd == AIE_ENQUIRE_PART)
		return hold_back(CALL_ENQUIRE) ?: dev_enquire(uarg);
	if (cmd == (req_size == 40 ? AIE_REQUEST_PART_40 : AIE_REQUEST_PART))
		return hold_back(CALL_REQUEST) ?: dev_request(uarg);
	if (cmd == AIE_FD_LIST && fdlist)
		return hold_back(CALL_LIST) ?: dev_fd_list(uarg);
	pr_err("aie0: Invalid ioctl command %u.\n", cmd);
	return -EINVAL;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dev_ioctl,
};

/* ------------------------------------------------------------ load, unload */

static void remove_parts(void)
{
	mutex_lock(&parts_lock);
	while (parts_count)
		remove_part(parts_list[parts_count - 1]);
	mutex_unlock(&parts_lock);
}

static int create_parts(const char *parts)
{
	int ret = 0;

	if (varray.family == FAMILY_APERTURE)
		return 0;
	mutex_lock(&parts_lock);
	ret = parts ? parse_parts(parts) : default_parts();
	mutex_unlock(&parts_lock);
	return ret;
}

int device_init(const char *parts)
{
	int ret = alloc_chrdev_region(&aie_devt, 0, 1, "aie");

	if (ret)
		return ret;
	aie_class = class_create(THIS_MODULE, sysfs ? "aie" : "aievirt");
	if (IS_ERR(aie_class)) {
		ret = PTR_ERR(aie_class);
		goto no_class;
	}
	if (sysfs) {
		ret = sysfs_init();
		if (ret)
			goto no_sysfs;
	}
	ret = create_parts(parts);
	if (ret)
		goto no_parts;
	cdev_init(&aie_cdev, &dev_fops);
	aie_cdev.owner = THIS_MODULE;
	ret = cdev_add(&aie_cdev, aie_devt, 1);
	if (ret)
		goto no_parts;
	aie_dev = device_create(aie_class, NULL, aie_devt, NULL, "aie0");
	if (!IS_ERR(aie_dev))
		return 0;
	ret = PTR_ERR(aie_dev);
	cdev_del(&aie_cdev);
no_parts:
	remove_parts();
	if (sysfs)
		sysfs_exit();
no_sysfs:
	class_destroy(aie_class);
no_class:
	unregister_chrdev_region(aie_devt, 1);
	return ret;
}

void device_exit(void)
{
	device_unregister(aie_dev);
	cdev_del(&aie_cdev);
	remove_parts();
	if (sysfs)
		sysfs_exit();
	class_destroy(aie_class);
	unregister_chrdev_region(aie_devt, 1);
}
