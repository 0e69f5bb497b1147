// SPDX-License-Identifier: GPL-2.0
/* The kernel module that holds partitions for XRT. */
#include <linux/errno.h>

#include "aievirt.h"

int zocl_init(void)
{
	return 0;
}

void zocl_exit(void)
{
}

int zocl_control(const char *rest)
{
	return -EOPNOTSUPP;
}
