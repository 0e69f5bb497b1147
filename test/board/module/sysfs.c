// SPDX-License-Identifier: GPL-2.0
/* Attributes of the aperture, of partitions and of tiles. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/sysfs.h>

#include "aievirt.h"

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

int sysfs_add_part(struct vpart *p)
{
	return 0;
}

void sysfs_remove_part(struct vpart *p)
{
}
