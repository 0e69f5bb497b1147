/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user interface of the 2020 AI Engine series (LKML 2020-11, patches 2 to 6),
 * written from its documented layout. All sizes are for LP64.
 */
#ifndef AIEVIRT_UAPI_H
#define AIEVIRT_UAPI_H

#include <linux/build_bug.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#define AIE_REG_WRITE		     0
#define XAIE_PART_STATUS_INUSE	     (1U << 0)
#define XAIE_PART_NOT_RST_ON_RELEASE 1U

struct aie_location {
	__u32 col;
	__u32 row;
};

struct aie_range {
	struct aie_location start;
	struct aie_location size;
};

struct aie_mem {
	struct aie_range range;
	__kernel_size_t offset;
	__kernel_size_t size;
	__s32 fd;
};

struct aie_mem_args {
	__u32 num_mems;
	struct aie_mem __user *mems;
};

struct aie_reg_args {
	__u32 op;
	__u32 mask;
	__u64 offset;
	__u32 val;
};

struct aie_range_args {
	__u32 partition_id;
	__u32 uid;
	struct aie_range range;
	__u32 status;
};

struct aie_partition_query {
	struct aie_range_args __user *partitions;
	__u32 partition_cnt;
};

struct aie_partition_req {
	__u32 partition_id;
	__u32 uid;
	__u64 meta_data;
	__u32 flag;
};

struct aie_tiles_array {
	struct aie_location __user *locs;
	__u32 num_tiles;
};

static_assert(sizeof(struct aie_mem) == 40);
static_assert(sizeof(struct aie_mem_args) == 16);
static_assert(sizeof(struct aie_reg_args) == 24);
static_assert(sizeof(struct aie_range_args) == 28);
static_assert(sizeof(struct aie_partition_query) == 16);
static_assert(sizeof(struct aie_partition_req) == 24);
static_assert(sizeof(struct aie_tiles_array) == 16);

#define AIE_IOCTL_BASE	  'A'
#define AIE_ENQUIRE_PART  _IOWR(AIE_IOCTL_BASE, 0x1, struct aie_partition_query)
#define AIE_REQUEST_PART  _IOR(AIE_IOCTL_BASE, 0x2, struct aie_partition_req)
#define AIE_REG		  _IOWR(AIE_IOCTL_BASE, 0x8, struct aie_reg_args)
#define AIE_GET_MEM	  _IOWR(AIE_IOCTL_BASE, 0x9, struct aie_mem_args)
#define AIE_REQUEST_TILES _IOW(AIE_IOCTL_BASE, 0xe, struct aie_tiles_array)
#define AIE_RELEASE_TILES _IOW(AIE_IOCTL_BASE, 0xf, struct aie_tiles_array)

#endif
