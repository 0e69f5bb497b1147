// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's own locks as its callers meet them, and calls that do not come back.
 *
 * The real driver takes its locks so that a signal interrupts the wait, in the
 * last close too: an owner that ends by a signal while somebody reads an
 * attribute or asks ENQUIRE leaves the device's lock taken for ever (or the
 * kernel oopses). Here that is reported, and every ENQUIRE, request and
 * descriptor list hangs until the control "heal". With lock_us=0 nobody holds
 * these locks for long and a release waits for nobody, which no real driver does.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include "aievirt.h"

static DEFINE_MUTEX(driver_lock);
static DECLARE_WAIT_QUEUE_HEAD(changed);
static bool wedged;
static unsigned long hanging; /* bit per call */

static const char *const call_names[CALLS] = {
	[CALL_ENQUIRE] = "enquire",	[CALL_REQUEST] = "request", [CALL_LIST] = "fdlist",
	[CALL_MEMORIES] = "getmem",	[CALL_READ] = "pread",	    [CALL_WRITE] = "pwrite",
	[CALL_REGISTER] = "reg",	[CALL_TILES] = "tiles",	    [CALL_CLOSE] = "close",
	[CALL_ATTRIBUTE] = "attribute", [CALL_MAP] = "mmap",
};

int hold_back(enum call call)
{
	int ret;

	if (!test_bit(call, &hanging))
		return 0;
	atomic_inc(&count.hung);
	ret = wait_event_killable(changed, !test_bit(call, &hanging));
	atomic_dec(&count.hung);
	return ret;
}

static void take_time(void)
{
	if (lock_us)
		usleep_range(lock_us, lock_us + lock_us / 4 + 1);
}

static int wait_while_wedged(void)
{
	int ret;

	if (!READ_ONCE(wedged))
		return 0;
	atomic_inc(&count.hung);
	ret = wait_event_interruptible(changed, !READ_ONCE(wedged));
	atomic_dec(&count.hung);
	return ret;
}

int look_at_device(void)
{
	int ret = wait_while_wedged();

	return ret ?: mutex_lock_interruptible(&driver_lock);
}

void looked_at_device(void)
{
	take_time();
	mutex_unlock(&driver_lock);
}

int look_at_part(struct vpart *p)
{
	return mutex_lock_interruptible(&p->look_lock);
}

void looked_at_part(struct vpart *p)
{
	take_time();
	mutex_unlock(&p->look_lock);
}

static void wedge(struct vpart *p)
{
	WRITE_ONCE(wedged, true);
	atomic_inc(&count.wedges);
	forbidden("last close of partition %u met a reader with a signal pending: the device lock "
		  "stays taken",
		  p->id);
}

void lock_for_release(struct vpart *p)
{
	if (!lock_us)
		return;
	if (mutex_lock_interruptible(&driver_lock)) {
		wedge(p);
		return;
	}
	if (mutex_lock_interruptible(&p->look_lock))
		wedge(p);
	else
		mutex_unlock(&p->look_lock);
	mutex_unlock(&driver_lock);
}

int control_hang(const char *rest)
{
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		if (sysfs_streq(rest, call_names[i])) {
			set_bit(i, &hanging);
			return 0;
		}
	return -EINVAL;
}

void heal(void)
{
	WRITE_ONCE(hanging, 0);
	WRITE_ONCE(wedged, false);
	wake_up_all(&changed);
}
