// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel thread that adopts the address space of whoever writes a number to /sys/module/test_adopt/parameters/opens: it
 * opens /dev/null that many times, and the write waits for it.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>

struct order {
	struct mm_struct *mm;
	unsigned long opens;
	struct completion done;
};

static int adopt(void *data)
{
	struct order *order = data;

	kthread_use_mm(order->mm);
	while (order->opens--) {
		struct file *file = filp_open("/dev/null", O_RDONLY, 0);

		if (!IS_ERR(file))
			fput(file);
	}
	kthread_unuse_mm(order->mm);
	complete(&order->done);
	return 0;
}

static int set_opens(const char *text, const struct kernel_param *param)
{
	struct order order = { .mm = current->mm };
	struct task_struct *task;
	int err = kstrtoul(text, 0, &order.opens);

	if (err)
		return err;
	init_completion(&order.done);
	task = kthread_run(adopt, &order, "test_adopt");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_for_completion(&order.done);
	return 0;
}

static const struct kernel_param_ops opens_ops = {
	.set = set_opens,
};

module_param_cb(opens, &opens_ops, NULL, 0200);

static int __init test_adopt_init(void)
{
	return 0;
}

static void __exit test_adopt_exit(void)
{
}

module_init(test_adopt_init);
module_exit(test_adopt_exit);

MODULE_DESCRIPTION("A kernel thread that adopts an address space, for the tests of kview");
MODULE_LICENSE("GPL");
