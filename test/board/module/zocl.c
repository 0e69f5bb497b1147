// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel module that holds partitions for XRT, as far as a tool can meet
 * it: a render node that hands out files of the partition it holds, and the
 * count of these files, which goes wrong.
 *
 *   zocl load START COLUMNS	takes the columns inside the kernel
 *   zocl reset			XRT's reset, refused while anything is mapped: the real
 *				module drops one reference for each file it ever handed out
 *   zocl unload		gives the columns back as if none was handed out
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#include "aievirt.h"

/* The numbers of user space's drm.h and zocl's own header. */
struct zocl_version {
	int major;
	int minor;
	int patch;
	__kernel_size_t name_len;
	char __user *name;
	__kernel_size_t date_len;
	char __user *date;
	__kernel_size_t desc_len;
	char __user *desc;
};

struct zocl_aie_fd {
	u32 partition_id;
	u32 uid;
	s32 fd;
};

struct zocl_aie_fd_context {
	u32 hw_ctx_id;
	struct zocl_aie_fd aie;
};

#define ZOCL_VERSION	    _IOWR('d', 0x00, struct zocl_version)
#define ZOCL_AIE_FD	    _IOWR('d', 0x50, struct zocl_aie_fd) /* up to 2024.1 */
#define ZOCL_AIE_FD_CONTEXT _IOWR('d', 0x58, struct zocl_aie_fd_context)
static_assert(sizeof(struct zocl_version) == 64);
static_assert(ZOCL_AIE_FD == 0xC00C6450 && ZOCL_AIE_FD_CONTEXT == 0xC0106458);

#define RENDER_NODE MKDEV(226, 128)
#define WHOLE_ARRAY 1 /* the id of the only slot there was at first */

static unsigned int zocl;
module_param(zocl, uint, 0444);
MODULE_PARM_DESC(zocl, "1 or 2: also imitate zocl, with the AIE_FD ioctl up to or after 2024.1");

static char *zocl_version;
module_param(zocl_version, charp, 0444);
MODULE_PARM_DESC(zocl_version,
		 "with zocl: what /sys/module/zocl/version says; default: there is no such file");

static DEFINE_MUTEX(slot_lock);
static struct {
	struct file *file; /* of the partition, with a reference; NULL while none is held */
	u32 id;
	u32 fd_cnt; /* files handed out since it is held */
} slot;

static struct class *drm_class;
static struct cdev render_cdev;

/* ------------------------------------------------------------ the partition */

/* The driver's id for these columns; static families have their own. */
static bool partition_id(u32 start, u32 cols, u32 *id)
{
	bool found = false;
	unsigned int i;

	if (varray.family == FAMILY_APERTURE) {
		*id = start | cols << 8;
		return true;
	}
	mutex_lock(&parts_lock);
	for (i = 0; i < parts_count; i++) {
		struct aie_range *r = &parts_list[i]->range;

		if (r->start.col == start && r->size.col == cols) {
			*id = parts_list[i]->id;
			found = true;
		}
	}
	mutex_unlock(&parts_lock);
	return found;
}

static int load(u32 start, u32 cols)
{
	struct file *file;
	int ret = 0;
	u32 id;

	if (!partition_id(start, cols, &id))
		return -ENOENT;
	mutex_lock(&slot_lock);
	if (slot.file) {
		ret = -EBUSY;
	} else {
		file = request_part(id, 0, true);
		if (IS_ERR(file)) {
			ret = PTR_ERR(file);
		} else {
			slot.file = file;
			slot.id = !start && cols == varray.cols ? WHOLE_ARRAY : id;
			slot.fd_cnt = 0;
		}
	}
	mutex_unlock(&slot_lock);
	return ret;
}

static int unload(bool reset)
{
	struct file *file;
	int ret;

	mutex_lock(&slot_lock);
	file = slot.file;
	ret = file && reset ? reset_part_in_kernel(file->private_data) : 0;
	if (ret) {
		mutex_unlock(&slot_lock);
		return ret;
	}
	slot.file = NULL;
	if (file && reset && slot.fd_cnt)
		forbidden("zocl reference underflow: %u more than there are of partition %u",
			  slot.fd_cnt, slot.id);
	mutex_unlock(&slot_lock);
	if (!file)
		return -ENOENT;
	fput(file);
	return 0;
}

int zocl_control(const char *rest)
{
	u32 start, cols;

	if (!zocl)
		return -ENODEV;
	if (sscanf(rest, "load %u %u", &start, &cols) == 2)
		return load(start, cols);
	if (sysfs_streq(rest, "reset"))
		return unload(true);
	if (sysfs_streq(rest, "unload"))
		return unload(false);
	return -EINVAL;
}

/* ---------------------------------------------------------- the render node */

static long hand_out(struct zocl_aie_fd *args)
{
	long ret = 0;
	int fd;

	mutex_lock(&slot_lock);
	if (!slot.file || slot.id != args->partition_id) {
		pr_err("zocl: AIE partition %u does not exist.\n", args->partition_id);
		ret = -ENODEV;
	} else {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0) {
			ret = fd;
		} else {
			get_file(slot.file);
			fd_install(fd, slot.file);
			args->fd = fd;
			slot.fd_cnt++;
		}
	}
	mutex_unlock(&slot_lock);
	return ret;
}

/* As the graphics core does it: as much as there is room for, and the true length. */
static int give_text(const char *text, char __user *to, __kernel_size_t *room)
{
	size_t length = strlen(text), n = min_t(size_t, length, *room);

	*room = length;
	return to && n && copy_to_user(to, text, n) ? -EFAULT : 0;
}

static long version(void __user *arg)
{
	struct zocl_version v;

	if (copy_from_user(&v, arg, sizeof(v)))
		return -EFAULT;
	v.major = 2018;
	v.minor = 2;
	v.patch = 1;
	if (give_text("zocl", v.name, &v.name_len) || give_text("20180313", v.date, &v.date_len) ||
	    give_text("Zynq BO manager", v.desc, &v.desc_len) || copy_to_user(arg, &v, sizeof(v)))
		return -EFAULT;
	return 0;
}

static long render_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct zocl_aie_fd_context args = {};
	void __user *uarg = (void __user *)arg;
	/* The shorter form is the longer one without its first field. */
	size_t skip = zocl == 1 ? offsetof(struct zocl_aie_fd_context, aie) : 0;
	long ret;

	if (cmd == ZOCL_VERSION)
		return version(uarg);
	if (cmd != (zocl == 1 ? ZOCL_AIE_FD : ZOCL_AIE_FD_CONTEXT)) {
		/*
		 * The real node looks at the number alone. The later release has another
		 * request where the earlier one had this; the earlier one ends before.
		 */
		if (zocl == 2 && _IOC_NR(cmd) == _IOC_NR(ZOCL_AIE_FD))
			forbidden("zocl ioctl %#x is another request in this release", cmd);
		return -EINVAL;
	}
	if (copy_from_user((char *)&args + skip, uarg, sizeof(args) - skip))
		return -EFAULT;
	ret = hand_out(&args.aie);
	if (!ret && copy_to_user(uarg, (char *)&args + skip, sizeof(args) - skip))
		ret = -EFAULT;
	return ret;
}

static const struct file_operations render_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = render_ioctl,
};

/* For everybody, as XRT's udev rule has it. */
static char *render_devnode(struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0666;
	return kasprintf(GFP_KERNEL, "dri/%s", dev_name(dev));
}

/* ------------------------------------------------------- the module's version */

/*
 * The real zocl is a module of its own, and the kernel shows its version. Here a
 * folder of that name is put beside our own module's.
 */
static struct kobject *module_folder;

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", zocl_version);
}

static struct kobj_attribute version_file = __ATTR_RO(version);

static int show_version(void)
{
	int ret;

	if (!zocl_version)
		return 0;
	module_folder = kobject_create_and_add("zocl", &THIS_MODULE->mkobj.kobj.kset->kobj);
	if (!module_folder)
		return -ENOMEM;
	ret = sysfs_create_file(module_folder, &version_file.attr);
	if (ret)
		kobject_put(module_folder);
	return ret;
}

static void hide_version(void)
{
	if (zocl_version)
		kobject_put(module_folder);
}

/* ------------------------------------------------------------ load, unload */

int zocl_init(void)
{
	struct device *dev;
	int ret;

	if (!zocl)
		return 0;
	if (zocl > 2)
		return -EINVAL;
	ret = register_chrdev_region(RENDER_NODE, 1, "drm");
	if (ret)
		return ret;
	drm_class = class_create(THIS_MODULE, "drm");
	if (IS_ERR(drm_class)) {
		ret = PTR_ERR(drm_class);
		goto no_class;
	}
	drm_class->devnode = render_devnode;
	cdev_init(&render_cdev, &render_fops);
	render_cdev.owner = THIS_MODULE;
	ret = cdev_add(&render_cdev, RENDER_NODE, 1);
	if (ret)
		goto no_cdev;
	dev = device_create(drm_class, NULL, RENDER_NODE, NULL, "renderD128");
	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
		goto no_device;
	}
	ret = show_version();
	if (!ret)
		return 0;
	device_destroy(drm_class, RENDER_NODE);
no_device:
	cdev_del(&render_cdev);
no_cdev:
	class_destroy(drm_class);
no_class:
	unregister_chrdev_region(RENDER_NODE, 1);
	return ret;
}

/* A partition that is held keeps this module loaded, so none is. */
void zocl_exit(void)
{
	if (!zocl)
		return;
	hide_version();
	device_destroy(drm_class, RENDER_NODE);
	cdev_del(&render_cdev);
	class_destroy(drm_class);
	unregister_chrdev_region(RENDER_NODE, 1);
}
