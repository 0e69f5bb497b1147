/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user interface of the AI Engine drivers, written from its documented
 * layout: the 2020 series (LKML 2020-11, patches 2 to 6), and what linux-xlnx
 * changed since. All sizes are for LP64.
 */
#ifndef AIEVIRT_UAPI_H
#define AIEVIRT_UAPI_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#define AIE_REG_WRITE		     0
#define AIE_REG_BLOCKWRITE	     1
#define AIE_REG_BLOCKSET	     2
#define XAIE_PART_STATUS_INUSE	     (1U << 0)
#define XAIE_PART_STATUS_BRIDGE	     (1U << 1) /* static linux-xlnx only */
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

/* linux-xlnx since 2021. */
struct aie_reg_args_40 {
	__u32 op;
	__u32 mask;
	__u64 offset;
	__u32 val;
	__u64 dataptr;
	__u32 len; /* words */
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

/* linux-xlnx after 2024.1: two callbacks for callers inside the kernel. */
struct aie_partition_req_40 {
	struct aie_partition_req req;
	__u64 callback;
	__u64 callback_data;
};

struct aie_column_args {
	__u32 start_col;
	__u32 num_cols;
	__u8 enable;
};

struct aie_part_fd {
	struct aie_column_args args;
	__u32 partition_id;
	__u32 uid;
	__s32 fd;
};

struct aie_part_fd_list {
	struct aie_part_fd __user *list;
	__s32 num_entries;
};

struct aie_tiles_array {
	struct aie_location __user *locs;
	__u32 num_tiles;
};

/* The first 16 bytes are the whole of it in the first release that had it. */
struct aie_init_args {
	struct aie_location __user *locs;
	__u32 num_tiles;
	__u32 options;
};

#define AIE_INIT_COLUMN_RESET BIT(0)
#define AIE_INIT_SHIM_RESET   BIT(1)
#define AIE_INIT_ZERO	      BIT(4) /* tile memories; no other option touches them */

/* The resource manager, linux-xlnx since 2021. */
struct aie_rsc_loc {
	__u8 row;
	__u8 col;
};

struct aie_rsc {
	struct aie_rsc_loc loc;
	__u32 mod;
	__u32 type;
	__u32 id;
};

struct aie_rsc_req {
	struct aie_location loc;
	__u32 mod;
	__u32 type;
	__u32 num_rscs;
	__u8 flag;
};

struct aie_rsc_req_rsp {
	struct aie_rsc_req req;
	__u64 rscs;
};

struct aie_rsc_bc_req {
	__u64 rscs;
	__u32 num_rscs;
	__u32 flag;
	__u32 id;
};

#define AIE_RSC_TOGETHER	BIT(0)	    /* flag of a request: neighbours */
#define AIE_RSC_ALL_TILES	BIT(0)	    /* flag of a broadcast: all clocked tiles */
#define AIE_RSC_ANY_CHANNEL	0xffffffffU /* id of a broadcast */
#define AIE_RSC_STATS_AVAILABLE 1	    /* stats_type; 0: those set aside by a build */

struct aie_rsc_stat {
	struct aie_rsc_loc loc;
	__u8 mod;
	__u8 type;
	__u8 num_rscs;
} __packed __aligned(4);

struct aie_rsc_stats {
	__u64 stats;
	__u32 num_stats;
	__u32 stats_type;
};

static_assert(sizeof(struct aie_mem) == 40);
static_assert(sizeof(struct aie_init_args) == 16);
static_assert(sizeof(struct aie_rsc) == 16);
static_assert(sizeof(struct aie_rsc_req) == 24);
static_assert(sizeof(struct aie_rsc_req_rsp) == 32);
static_assert(sizeof(struct aie_rsc_bc_req) == 24);
static_assert(sizeof(struct aie_rsc_stat) == 8);
static_assert(sizeof(struct aie_rsc_stats) == 16);
static_assert(sizeof(struct aie_mem_args) == 16);
static_assert(sizeof(struct aie_reg_args) == 24);
static_assert(sizeof(struct aie_range_args) == 28);
static_assert(sizeof(struct aie_partition_query) == 16);
static_assert(sizeof(struct aie_partition_req) == 24);
static_assert(sizeof(struct aie_tiles_array) == 16);
static_assert(sizeof(struct aie_reg_args_40) == 40);
static_assert(sizeof(struct aie_partition_req_40) == 40);
static_assert(sizeof(struct aie_column_args) == 12);
static_assert(sizeof(struct aie_part_fd) == 24);
static_assert(sizeof(struct aie_part_fd_list) == 16);

#define AIE_IOCTL_BASE	    'A'
#define AIE_ENQUIRE_PART    _IOWR(AIE_IOCTL_BASE, 0x1, struct aie_partition_query)
#define AIE_REQUEST_PART    _IOR(AIE_IOCTL_BASE, 0x2, struct aie_partition_req)
#define AIE_REQUEST_PART_40 _IOR(AIE_IOCTL_BASE, 0x2, struct aie_partition_req_40)
#define AIE_FD_LIST	    _IOWR(AIE_IOCTL_BASE, 0x3, struct aie_part_fd_list)
#define AIE_PART_INIT(size) _IOC(_IOC_WRITE, AIE_IOCTL_BASE, 0x3, (size))
#define AIE_PART_TEAR	    _IO(AIE_IOCTL_BASE, 0x4)
#define AIE_CLR_CONTEXT	    _IO(AIE_IOCTL_BASE, 0x5)
#define AIE_REG_40	    _IOWR(AIE_IOCTL_BASE, 0x8, struct aie_reg_args_40)
#define AIE_REG		    _IOWR(AIE_IOCTL_BASE, 0x8, struct aie_reg_args)
#define AIE_GET_MEM	    _IOWR(AIE_IOCTL_BASE, 0x9, struct aie_mem_args)
#define AIE_REQUEST_TILES   _IOW(AIE_IOCTL_BASE, 0xe, struct aie_tiles_array)
#define AIE_RSC_REQ	    _IOW(AIE_IOCTL_BASE, 0x14, struct aie_rsc_req_rsp)
#define AIE_RSC_SPECIFIC    _IOW(AIE_IOCTL_BASE, 0x15, struct aie_rsc)
#define AIE_RSC_RELEASE	    _IOW(AIE_IOCTL_BASE, 0x16, struct aie_rsc)
#define AIE_RSC_FREE	    _IOW(AIE_IOCTL_BASE, 0x17, struct aie_rsc)
#define AIE_RSC_AVAILABLE   _IOW(AIE_IOCTL_BASE, 0x18, struct aie_rsc_req)
#define AIE_RSC_BROADCAST   _IOW(AIE_IOCTL_BASE, 0x19, struct aie_rsc_bc_req)
#define AIE_RSC_STATS	    _IOW(AIE_IOCTL_BASE, 0x1a, struct aie_rsc_stats)
#define AIE_RELEASE_TILES   _IOW(AIE_IOCTL_BASE, 0xf, struct aie_tiles_array)

#endif
