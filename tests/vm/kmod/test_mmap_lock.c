// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process whose address space is busy: write its pid to /sys/module/test_mmap_lock/parameters/pid, and until 0 is written
 * its mmap_lock is held, as a page fault that waits for a file server holds it.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

static struct task_struct *holder;
static DECLARE_COMPLETION(held);

static int hold_fn(void *data)
{
	struct mm_struct *mm = data;

	mmap_read_lock(mm);
	complete(&held);
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	mmap_read_unlock(mm);
	mmput(mm);
	return 0;
}

static struct mm_struct *mm_of(int number)
{
	struct pid *pid = find_get_pid(number);
	struct task_struct *task = pid ? get_pid_task(pid, PIDTYPE_PID) : NULL;
	struct mm_struct *mm = task ? get_task_mm(task) : NULL;

	if (task)
		put_task_struct(task);
	put_pid(pid);
	return mm;
}

static int hold(int number)
{
	struct mm_struct *mm = mm_of(number);
	struct task_struct *task;

	if (!mm)
		return -ESRCH;
	task = kthread_run(hold_fn, mm, "test_mmap_lock");
	if (IS_ERR(task)) {
		mmput(mm);
		return PTR_ERR(task);
	}
	holder = task;
	wait_for_completion(&held);
	return 0;
}

static void release(void)
{
	if (holder)
		kthread_stop(holder);
	holder = NULL;
}

static int set_pid(const char *text, const struct kernel_param *param)
{
	int number, err = kstrtoint(text, 0, &number);

	if (err)
		return err;
	release();
	return number ? hold(number) : 0;
}

static const struct kernel_param_ops pid_ops = { .set = set_pid };

module_param_cb(pid, &pid_ops, NULL, 0200);

static int __init test_mmap_lock_init(void)
{
	return 0;
}

module_init(test_mmap_lock_init);
module_exit(release);

MODULE_DESCRIPTION("Holds the mmap_lock of a process");
MODULE_LICENSE("GPL");
