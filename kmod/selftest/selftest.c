// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/selftest.h"

#include <linux/kernel.h>
#include <linux/printk.h>

static const struct {
	const char *name;
	int (*run)(void);
} tests[] = {
	{ "arena", kview_selftest_arena },
	{ "pagetable", kview_selftest_pagetable },
	{ "stub", kview_selftest_stub },
};

int kview_selftest(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		err = tests[i].run();
		if (err) {
			pr_err("self-test %s failed (%d)\n", tests[i].name, err);
			return err;
		}
	}
	pr_info("%zu self-tests passed\n", ARRAY_SIZE(tests));
	return 0;
}
