// SPDX-License-Identifier: GPL-2.0
/*
 * Files in sysfs: of the aperture, of partitions, and of their tiles, which
 * are folders named COLUMN_ROW (absolute) in the partition's. What stands in
 * them is made by tiletext.c. A reader holds its file, so that a partition's
 * files cannot go while one of them is being read.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "aievirt.h"
#include "tiletext.h"

static struct device *aperture;

static ssize_t hardware_info_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf,
			  "generation: %s\ntotal_cols: %u\ntotal_rows: %u\n"
			  "shim_tile: start row: 0, num_rows: 1\n"
			  "memory_tile: start row: %u, num_rows: %u\n"
			  "aie_tile: start row: %u, num_rows: %u\n",
			  varray.gen_name, varray.cols, varray.rows,
			  varray.mem_rows ? kind_start(ROW_MEMORY) : 0, varray.mem_rows,
			  kind_start(ROW_CORE), varray.core_rows);
}
static DEVICE_ATTR_RO(hardware_info);

static struct attribute *aperture_attrs[] = {
	&dev_attr_hardware_info.attr,
	NULL,
};
ATTRIBUTE_GROUPS(aperture);

int sysfs_init(void)
{
	struct device *dev;

	if (varray.family != FAMILY_APERTURE)
		return 0;
	dev = device_create_with_groups(aie_class, NULL, 0, NULL, hwinfo ? aperture_groups : NULL,
					"aieaperture_0_%u", varray.cols);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	aperture = dev;
	return 0;
}

void sysfs_exit(void)
{
	if (aperture)
		device_unregister(aperture);
	aperture = NULL;
}

/* ------------------------------------------------------------------- tiles */

struct tile {
	struct kobject kobj;
	struct vpart *part; /* outlives its folders */
	u32 col;
	u32 row;
};

struct tile_file {
	struct attribute attr;
	void (*put)(struct text *t, u32 col, u32 row);
};

#define TILE_FILE(name_)                                              \
	static struct tile_file name_##_file = {                      \
		.attr = { .name = __stringify(name_), .mode = 0444 }, \
		.put = put_tile_##name_,                              \
	}

TILE_FILE(core);
TILE_FILE(dma);
TILE_FILE(lock);
TILE_FILE(bd);
TILE_FILE(event);
TILE_FILE(error);

static struct attribute *tile_attrs[] = {
	&core_file.attr,  &dma_file.attr, &lock_file.attr, &bd_file.attr, &event_file.attr,
	&error_file.attr, NULL,
};

static umode_t tile_attr_mode(struct kobject *kobj, struct attribute *attr, int n)
{
	struct tile *tile = container_of(kobj, struct tile, kobj);
	bool there = attr == &event_file.attr || attr == &error_file.attr;

	if (attr == &core_file.attr)
		there = row_kind(tile->row) == ROW_CORE;
	else if (!there)
		there = has_dma(tile->col, tile->row);
	return there ? attr->mode : 0;
}

static const struct attribute_group tile_group = {
	.attrs = tile_attrs,
	.is_visible = tile_attr_mode,
};
__ATTRIBUTE_GROUPS(tile);

static int begin_look(struct vpart *p)
{
	int ret = hold_back(CALL_ATTRIBUTE) ?: look_at_part(p);

	if (ret)
		return ret;
	atomic_inc(&count.attributes);
	down_read(&state_sem);
	return 0;
}

static void end_look(struct vpart *p)
{
	up_read(&state_sem);
	looked_at_part(p);
}

static ssize_t tile_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct tile *tile = container_of(kobj, struct tile, kobj);
	struct text t = { buf, PAGE_SIZE, 0, tile->part };
	int ret = begin_look(tile->part);

	if (ret)
		return ret;
	container_of(attr, struct tile_file, attr)->put(&t, tile->col, tile->row);
	end_look(tile->part);
	return t.len;
}

static const struct sysfs_ops tile_ops = { .show = tile_show };

static void tile_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct tile, kobj));
}

static struct kobj_type tile_type = {
	.sysfs_ops = &tile_ops,
	.release = tile_release,
	.default_groups = tile_groups,
};

/* -------------------------------------------------------------- partitions */

static ssize_t current_freq_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", 1250000000ULL);
}
static DEVICE_ATTR_RO(current_freq);

static ssize_t error_stat_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char *const names[] = { "core", "memory", "memory_tile", "pl" };
	struct vpart *p = dev_get_drvdata(dev);
	struct text t = { buf, PAGE_SIZE, 0, p };
	unsigned int m;
	u32 c, r;
	int ret = begin_look(p);

	if (ret)
		return ret;
	for (m = 0; m < ERROR_MODULES; m++) {
		u32 n = 0;

		for (c = 0; c < p->range.size.col; c++)
			for (r = 0; r < p->range.size.row; r++)
				n += count_errors(p->range.start.col + c, r, m);
		put(&t, "%s: %u\n", names[m], n);
	}
	end_look(p);
	return t.len;
}
static DEVICE_ATTR_RO(error_stat);

static void put_core_line(struct text *t, u32 col, u32 row)
{
	if (row_kind(row) != ROW_CORE)
		return;
	put(t, "%u_%u: ", col, row);
	put_core_status(t, col, row);
	put(t, "\n");
}

static void put_dma_line(struct text *t, u32 col, u32 row)
{
	if (!has_dma(col, row))
		return;
	put(t, "%u_%u: ", col, row);
	put_dma_status(t, col, row);
	put(t, "\n");
}

static void put_lock_line(struct text *t, u32 col, u32 row)
{
	if (!has_dma(col, row))
		return;
	put(t, "%u_%u: ", col, row);
	put_lock_status(t, col, row);
	put(t, "\n");
}

/* The driver leaves memory tiles out, and ends the errors' line twice. */
static void put_status_line(struct text *t, u32 col, u32 row)
{
	bool core = row_kind(row) == ROW_CORE,
	     dma = row_kind(row) != ROW_MEMORY && has_dma(col, row);
	bool errors = has_errors(col, row);

	if (!core && !dma && !errors)
		return;
	put(t, "%u_%u: ", col, row);
	if (core) {
		put(t, "cs: ");
		put_core_status(t, col, row);
	}
	if (dma) {
		put(t, core ? "; ds: " : "ds: ");
		put_dma_status(t, col, row);
		put(t, "; ls: ");
		put_lock_status(t, col, row);
	}
	if (errors) {
		put(t, core || dma ? "; es: " : "es: ");
		put_error_categories(t, col, row);
	}
	put(t, "\n");
}

static ssize_t read_part(struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t off,
			 size_t count, void (*line)(struct text *t, u32 col, u32 row))
{
	struct vpart *p = dev_get_drvdata(kobj_to_dev(kobj));
	struct text t = { kvmalloc(attr->size, GFP_KERNEL), attr->size, 0, p };
	ssize_t ret;
	u32 c, r;

	if (!t.buf)
		return -ENOMEM;
	t.buf[0] = 0;
	ret = begin_look(p);
	if (ret) {
		kvfree(t.buf);
		return ret;
	}
	for (c = 0; c < p->range.size.col; c++)
		for (r = 0; r < p->range.size.row; r++)
			line(&t, p->range.start.col + c, r);
	end_look(p);
	ret = memory_read_from_buffer(buf, count, &off, t.buf, t.len);
	kvfree(t.buf);
	return ret;
}

#define PART_FILE(name_, bytes, line)                                                  \
	static ssize_t name_##_read(struct file *filp, struct kobject *kobj,           \
				    struct bin_attribute *attr, char *buf, loff_t off, \
				    size_t count)                                      \
	{                                                                              \
		return read_part(kobj, attr, buf, off, count, line);                   \
	}                                                                              \
	static struct bin_attribute part_##name_ = {                                   \
		.attr = { .name = __stringify(name_), .mode = 0444 },                  \
		.size = (bytes),                                                       \
		.read = name_##_read,                                                  \
	}

PART_FILE(core, 0x4000, put_core_line);
PART_FILE(dma, 0xc800, put_dma_line);
PART_FILE(lock, 0x28000, put_lock_line);
PART_FILE(error, 0x4000, put_error_categories);
PART_FILE(status, 0x3c000, put_status_line);

static struct attribute *part_attrs[] = {
	&dev_attr_current_freq.attr,
	&dev_attr_error_stat.attr,
	NULL,
};

static struct bin_attribute *part_bin_attrs[] = {
	&part_core, &part_dma, &part_lock, &part_error, &part_status, NULL,
};

static const struct attribute_group part_group = {
	.attrs = part_attrs,
	.bin_attrs = part_bin_attrs,
};

/* What sysfs_remove_part takes down again. */
struct part_files {
	u32 count;
	struct tile *tile[];
};

static struct tile *add_tile(struct vpart *p, u32 col, u32 row)
{
	struct tile *tile = kzalloc(sizeof(*tile), GFP_KERNEL);
	int ret;

	if (!tile)
		return ERR_PTR(-ENOMEM);
	tile->part = p;
	tile->col = col;
	tile->row = row;
	ret = kobject_init_and_add(&tile->kobj, &tile_type, &p->dev->kobj, "%u_%u", col, row);
	if (!ret)
		return tile;
	kobject_put(&tile->kobj);
	return ERR_PTR(ret);
}

int sysfs_add_part(struct vpart *p)
{
	struct part_files *files;
	u32 c, r;
	int ret;

	if (!attrs)
		return 0;
	files = kvzalloc(struct_size(files, tile, p->range.size.col * p->range.size.row),
			 GFP_KERNEL);
	if (!files)
		return -ENOMEM;
	ret = sysfs_create_group(&p->dev->kobj, &part_group);
	if (ret) {
		kvfree(files);
		return ret;
	}
	p->attrs = files;
	for (c = 0; tile_folders && c < p->range.size.col; c++)
		for (r = 0; r < p->range.size.row; r++) {
			struct tile *tile = add_tile(p, p->range.start.col + c, r);

			if (IS_ERR(tile)) {
				sysfs_remove_part(p);
				return PTR_ERR(tile);
			}
			files->tile[files->count++] = tile;
		}
	return 0;
}

void sysfs_remove_part(struct vpart *p)
{
	struct part_files *files = p->attrs;

	if (!files)
		return;
	while (files->count) {
		struct kobject *kobj = &files->tile[--files->count]->kobj;

		kobject_del(kobj);
		kobject_put(kobj);
	}
	sysfs_remove_group(&p->dev->kobj, &part_group);
	kvfree(files);
	p->attrs = NULL;
}
