// SPDX-License-Identifier: GPL-2.0-only
/* A module that calls a tracepoint of the kernel: module_get, at each write to /sys/module/test_tracepoint/parameters/call. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <trace/events/module.h>

static int call(const char *text, const struct kernel_param *param)
{
	trace_module_get(THIS_MODULE, _THIS_IP_);
	return 0;
}

static const struct kernel_param_ops call_ops = {
	.set = call,
};

module_param_cb(call, &call_ops, NULL, 0200);

static int __init test_tracepoint_init(void)
{
	return 0;
}

static void __exit test_tracepoint_exit(void)
{
}

module_init(test_tracepoint_init);
module_exit(test_tracepoint_exit);

MODULE_DESCRIPTION("A module that calls a tracepoint of the kernel, for the tests of kview");
MODULE_LICENSE("GPL");
