// SPDX-License-Identifier: GPL-2.0-only
#include "scout.h"

#include <linux/cgroup.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <asm/syscall.h>
#include <kview.h>

#include "compat/mmap_lock.h"
#include "compat/symbols.h"
#include "member.h"
#include "view.h"

#define SCOUTS 0x80 /* a reason of its own, which no child inherits */

/* Has no links and is in no list; its id is below all others, and its images watch forks. */
static struct kview_view scouts_view = {
	.links = LIST_HEAD_INIT(scouts_view.links),
	.cgroups = LIST_HEAD_INIT(scouts_view.cgroups),
	.follows = true,
};

static void (*watcher)(struct cgroup *to);
static struct task_struct *passing; /* runs the original through its wrapper; cgroup_mutex */
static atomic_t wrapped = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(unwrapped);

/* The other caller is a write to cgroup.procs, whose effect a tracepoint tells. Its number is the same for 32-bit callers. */
static bool clones(void)
{
	return current->mm && !(current->flags & PF_KTHREAD) &&
	       syscall_get_nr(current, task_pt_regs(current)) == __NR_clone3;
}

/* In place of cgroup_attach_permissions(), in the context of its caller. */
static int wrap_permissions(struct cgroup *from, struct cgroup *to, struct super_block *sb, bool threadgroup,
			    struct cgroup_namespace *ns)
{
	int err;

	passing = current;
	err = kview_call(cgroup_attach_permissions)(from, to, sb, threadgroup, ns);
	passing = NULL;
	if (!err && clones())
		watcher(to);
	if (atomic_dec_and_test(&wrapped))
		wake_up_all(&unwrapped);
	return err;
}

static int on_permissions(struct kprobe *probe, struct pt_regs *regs)
{
	if (READ_ONCE(passing) == current)
		return 0;
	atomic_inc(&wrapped);
	instruction_pointer_set(regs, (unsigned long)wrap_permissions);
	return 1;
}

/* Its presence keeps the probe from being turned into a jump, from which the instruction pointer could not be changed. */
static void keep_breakpoint(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe;

int kview_scout_watch(void (*on_clone)(struct cgroup *to))
{
	watcher = on_clone;
	probe = (struct kprobe){
		.symbol_name = "cgroup_attach_permissions",
		.pre_handler = on_permissions,
		.post_handler = keep_breakpoint,
	};
	return register_kprobe(&probe);
}

void kview_scout_unwatch(void)
{
	unregister_kprobe(&probe);
}

void kview_scout_drain(void)
{
	wait_event(unwrapped, !atomic_read(&wrapped));
	synchronize_rcu_tasks();
}

/* Never waits: not for another thread's fault, with cgroup_mutex and kview_lock held. */
static struct kview_mm *reserve(void)
{
	struct kview_mm *record;

	if (!kview_mmap_write_trylock(current->mm))
		return ERR_PTR(-EBUSY);
	record = kview_member_reserve(current->mm);
	mmap_write_unlock(current->mm);
	return record;
}

/* Let the image show the scouts' view, too; @member, NULL for none, sees what it sees. */
static int show_scouts(const struct kview_mm *member)
{
	struct kview_mm *record __free(kview_record) = member ? NULL : reserve();
	struct kview_set *set;
	int err;

	if (IS_ERR(record))
		return PTR_ERR(record);
	set = kview_set_copy(member ? member->set : NULL, 1);
	if (!set)
		return -ENOMEM;
	kview_set_put(set, &scouts_view, SCOUTS);
	err = kview_member_show(current->mm, current, set, &record);
	if (err)
		kview_set_free(set);
	return err;
}

int kview_scout_begin(void)
{
	struct kview_mm *member = kview_member_find(current->mm);
	int err = 0;

	if (!member || !kview_set_get(member->set, &scouts_view))
		err = show_scouts(member);
	if (!err)
		kview_member_find(current->mm)->scouts++;
	return err;
}

void kview_scout_end(void)
{
	struct kview_mm *member = current->mm ? kview_member_find(current->mm) : NULL;

	/* After an exec, which the image has seen, it is none any more. */
	if (!member || !member->scouts || --member->scouts)
		return;
	kview_member_leave(member, &scouts_view, SCOUTS);
}
