// SPDX-License-Identifier: GPL-2.0
/*
 * The resource manager of a partition: which counters, events and broadcast
 * channels of its tiles were handed out. Nothing here touches a tile.
 *
 * The driver knows a second state, resources that an application's build set
 * aside; no application of the tests has any, so release and free are the same
 * here, and there are no resources of that state. Nor are channels set aside
 * for the driver's own interrupts, as newer releases do.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "aievirt.h"

enum resource_module { MODULE_MEMORY, MODULE_CORE, MODULE_SHIM, MODULES };
#define BROADCAST 5
#define TYPES	  8

/* Performance counters, user events, trace controls, PC events, stream ports, broadcasts, combinations, groups. */
static const u8 counts[MODULES][TYPES] = {
	[MODULE_MEMORY] = { 2, 4, 1, 0, 0, 16, 4, 8 },
	[MODULE_CORE] = { 4, 4, 1, 4, 8, 16, 4, 9 },
	[MODULE_SHIM] = { 2, 4, 1, 0, 8, 16, 4, 7 },
};

static size_t table_size(struct vpart *p)
{
	return (size_t)p->range.size.col * p->range.size.row * MODULES * TYPES;
}

int resources_init(struct vpart *p)
{
	p->resources = kvcalloc(table_size(p), sizeof(*p->resources), GFP_KERNEL);
	return p->resources ? 0 : -ENOMEM;
}

void resources_exit(struct vpart *p)
{
	kvfree(p->resources);
}

void resources_reset(struct vpart *p)
{
	mutex_lock(&p->lock);
	memset(p->resources, 0, table_size(p) * sizeof(*p->resources));
	mutex_unlock(&p->lock);
}

static bool has_module(u32 row, u32 module)
{
	switch (row_kind(row)) {
	case ROW_SHIM:
		return module == MODULE_SHIM;
	case ROW_MEMORY:
		return module == MODULE_MEMORY;
	default:
		return module == MODULE_MEMORY || module == MODULE_CORE;
	}
}

/* Bit per resource of one type of a module that is handed out, and how many there are; NULL for nonsense. Column relative. */
static u16 *taken_of(struct vpart *p, u32 col, u32 row, u32 module, u32 type, u32 *count)
{
	if (col >= p->range.size.col || row >= p->range.size.row || type >= TYPES || module >= MODULES ||
	    !has_module(row, module) || !counts[module][type]) {
		pr_err("%s: no resource of type %u in module %u of %u,%u.\n", p->name, type, module, col, row);
		return NULL;
	}
	*count = counts[module][type];
	return &p->resources[((col * p->range.size.row + row) * MODULES + module) * TYPES + type];
}

/* A free run of so many, which starts at a multiple of align; count if there is none. */
static u32 free_run(u16 taken, u32 count, u32 wanted, u32 align)
{
	u32 first;

	for (first = 0; first + wanted <= count; first += align)
		if (!(taken & GENMASK(first + wanted - 1, first)))
			return first;
	return count;
}

/* Any free ones, lowest first, or such as stand side by side. */
static int pick(u16 *taken, u32 count, u32 wanted, bool together, u16 *picked)
{
	u32 i, first;

	*picked = 0;
	if (together) {
		/* Combinations are of two neighbours, or of all. */
		first = free_run(*taken, count, wanted, 2);
		if (first == count)
			return -EINVAL;
		*picked = GENMASK(first + wanted - 1, first);
	}
	for (i = 0; i < count && hweight16(*picked) < wanted; i++)
		*picked |= ~*taken & BIT(i);
	if (hweight16(*picked) < wanted)
		return -EINVAL;
	*taken |= *picked;
	return 0;
}

static long request_some(struct vpart *p, void __user *arg)
{
	struct aie_rsc_req_rsp req;
	struct aie_rsc __user *out;
	struct aie_rsc rsc = {};
	u32 count, id;
	u16 *taken, picked;
	int ret;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	taken = taken_of(p, req.req.loc.col, req.req.loc.row, req.req.mod, req.req.type, &count);
	if (!taken || !req.rscs || !req.req.num_rscs || req.req.num_rscs > count)
		return -EINVAL;
	mutex_lock(&p->lock);
	ret = pick(taken, count, req.req.num_rscs, req.req.flag & AIE_RSC_TOGETHER, &picked);
	mutex_unlock(&p->lock);
	if (ret)
		return ret;
	out = u64_to_user_ptr(req.rscs);
	rsc.loc = (struct aie_rsc_loc){ req.req.loc.row, req.req.loc.col };
	rsc.mod = req.req.mod;
	rsc.type = req.req.type;
	for (id = 0; id < count; id++) {
		rsc.id = id;
		if ((picked & BIT(id)) && copy_to_user(out++, &rsc, sizeof(rsc)))
			return -EFAULT;
	}
	return 0;
}

/* One named resource: taken when it was free, or given back when it was taken. */
static long switch_one(struct vpart *p, void __user *arg, bool take)
{
	struct aie_rsc rsc;
	u32 count;
	u16 *taken;
	long ret = -EINVAL;

	if (copy_from_user(&rsc, arg, sizeof(rsc)))
		return -EFAULT;
	taken = taken_of(p, rsc.loc.col, rsc.loc.row, rsc.mod, rsc.type, &count);
	if (!taken || rsc.id >= count)
		return -EINVAL;
	mutex_lock(&p->lock);
	if (!(*taken & BIT(rsc.id)) == take) {
		*taken ^= BIT(rsc.id);
		ret = 0;
	}
	mutex_unlock(&p->lock);
	return ret;
}

static int available(struct vpart *p, u32 col, u32 row, u32 module, u32 type, u32 *left)
{
	u32 count;
	u16 *taken = taken_of(p, col, row, module, type, &count);

	if (!taken)
		return -EINVAL;
	mutex_lock(&p->lock);
	*left = count - hweight16(*taken);
	mutex_unlock(&p->lock);
	return 0;
}

static long tell_available(struct vpart *p, void __user *arg)
{
	struct aie_rsc_req req;
	int ret;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	ret = available(p, req.loc.col, req.loc.row, req.mod, req.type, &req.num_rscs);
	if (!ret && copy_to_user(arg, &req, sizeof(req)))
		ret = -EFAULT;
	return ret;
}

static long tell_stats(struct vpart *p, void __user *arg)
{
	struct aie_rsc_stats args;
	struct aie_rsc_stat __user *at;
	u32 i;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.stats_type > AIE_RSC_STATS_AVAILABLE)
		return -EINVAL;
	at = u64_to_user_ptr(args.stats);
	for (i = 0; i < args.num_stats; i++) {
		struct aie_rsc_stat stat;
		u32 left;
		int ret;

		if (copy_from_user(&stat, &at[i], sizeof(stat)))
			return -EFAULT;
		ret = available(p, stat.loc.col, stat.loc.row, stat.mod, stat.type, &left);
		if (ret)
			return ret;
		stat.num_rscs = args.stats_type == AIE_RSC_STATS_AVAILABLE ? left : 0;
		if (copy_to_user(&at[i], &stat, sizeof(stat)))
			return -EFAULT;
	}
	return 0;
}

/* Every module of the tiles that the driver takes for clocked. */
static u32 clocked_modules(struct vpart *p, struct aie_rsc *rscs, u32 room)
{
	u32 c, r, module, n = 0;

	down_read(&state_sem);
	for (c = 0; c < p->range.size.col; c++)
		for (r = 0; r < p->range.size.row; r++)
			for (module = 0; module < MODULES; module++) {
				if (!has_module(r, module) ||
				    !part_clocked(p, p->range.start.col + c, r))
					continue;
				if (n < room)
					rscs[n] = (struct aie_rsc){ { r, c }, module, BROADCAST, 0 };
				n++;
			}
	up_read(&state_sem);
	return n;
}

static bool all_clocked(struct vpart *p, const struct aie_rsc *rscs, u32 n)
{
	bool clocked = true;
	u32 i;

	down_read(&state_sem);
	for (i = 0; i < n; i++)
		clocked = clocked && rscs[i].loc.col < p->range.size.col && rscs[i].loc.row < p->range.size.row &&
			  part_clocked(p, p->range.start.col + rscs[i].loc.col, rscs[i].loc.row);
	up_read(&state_sem);
	return clocked;
}

/* One broadcast channel for all of some modules: the lowest that is free in each, or the one that was asked for. */
static int take_channel(struct vpart *p, struct aie_rsc *rscs, u32 n, u32 wanted)
{
	u32 i, count = 0, id;
	u16 any = 0, *taken;
	int ret = 0;

	mutex_lock(&p->lock);
	for (i = 0; !ret && i < n; i++) {
		taken = taken_of(p, rscs[i].loc.col, rscs[i].loc.row, rscs[i].mod, BROADCAST, &count);
		if (taken)
			any |= *taken;
		else
			ret = -EINVAL;
	}
	id = wanted == AIE_RSC_ANY_CHANNEL ? free_run(any, count, 1, 1) : wanted;
	if (!ret && id >= count)
		ret = -EINVAL;
	else if (!ret && (any & BIT(id)))
		ret = -EBUSY;
	for (i = 0; !ret && i < n; i++) {
		*taken_of(p, rscs[i].loc.col, rscs[i].loc.row, rscs[i].mod, BROADCAST, &count) |= BIT(id);
		rscs[i].id = id;
	}
	mutex_unlock(&p->lock);
	return ret;
}

static long broadcast(struct vpart *p, void __user *arg)
{
	struct aie_rsc_bc_req __user *uarg = arg;
	struct aie_rsc_bc_req bc;
	struct aie_rsc *rscs;
	long ret = 0;

	if (copy_from_user(&bc, arg, sizeof(bc)))
		return -EFAULT;
	if (!bc.num_rscs || bc.num_rscs > 2 * MAX_COLS * MAX_ROWS)
		return -EINVAL;
	rscs = kvcalloc(bc.num_rscs, sizeof(*rscs), GFP_KERNEL);
	if (!rscs)
		return -ENOMEM;
	if (bc.flag & AIE_RSC_ALL_TILES) {
		u32 n = clocked_modules(p, rscs, bc.num_rscs);

		if (n > bc.num_rscs)
			ret = -EINVAL;
		bc.num_rscs = n;
	} else if (copy_from_user(rscs, u64_to_user_ptr(bc.rscs), bc.num_rscs * sizeof(*rscs))) {
		ret = -EFAULT;
	} else if (!all_clocked(p, rscs, bc.num_rscs)) {
		ret = -EINVAL;
	}
	if (!ret)
		ret = take_channel(p, rscs, bc.num_rscs, bc.id);
	if (!ret && (copy_to_user(u64_to_user_ptr(bc.rscs), rscs, bc.num_rscs * sizeof(*rscs)) ||
		     put_user(bc.num_rscs, &uarg->num_rscs)))
		ret = -EFAULT;
	kvfree(rscs);
	return ret;
}

long part_resources(struct vpart *p, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case AIE_RSC_REQ:
		return request_some(p, arg);
	case AIE_RSC_SPECIFIC:
		return switch_one(p, arg, true);
	case AIE_RSC_RELEASE:
	case AIE_RSC_FREE:
		return switch_one(p, arg, false);
	case AIE_RSC_AVAILABLE:
		return tell_available(p, arg);
	case AIE_RSC_BROADCAST:
		return broadcast(p, arg);
	default:
		return tell_stats(p, arg);
	}
}
