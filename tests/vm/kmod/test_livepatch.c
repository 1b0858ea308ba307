// SPDX-License-Identifier: GPL-2.0-only
/* A live patch: getppid() returns 4242. In place from loading on, until "enabled" in sysfs becomes 0. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static long patched_getppid(const struct pt_regs *regs)
{
	return 4242;
}

static struct klp_func funcs[] = {
	{ .old_name = "__x64_sys_getppid", .new_func = patched_getppid },
	{}
};

static struct klp_object objects[] = {
	{ .funcs = funcs }, /* without a name: the kernel itself */
	{}
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objects,
};

static int __init test_livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit test_livepatch_exit(void)
{
}

module_init(test_livepatch_init);
module_exit(test_livepatch_exit);

MODULE_DESCRIPTION("A live patch, for the tests of kview");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
