// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared mapping of an address: write the address to /sys/module/test_leaf/parameters/leaf, and read the leaf
 * entry and its level (1: 4 KiB, 2: 2 MiB).
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pgtable.h>

static unsigned long address;

static int set_address(const char *text, const struct kernel_param *param)
{
	return kstrtoul(text, 0, &address);
}

static int get_leaf(char *buffer, const struct kernel_param *param)
{
	unsigned int level = 0;
	pte_t *entry = lookup_address(address, &level);

	if (!entry)
		return -ENOENT;
	return sprintf(buffer, "%#lx %u\n", pte_val(*entry), level);
}

static const struct kernel_param_ops leaf_ops = {
	.set = set_address,
	.get = get_leaf,
};

module_param_cb(leaf, &leaf_ops, NULL, 0600);

static int __init test_leaf_init(void)
{
	return 0;
}

static void __exit test_leaf_exit(void)
{
}

module_init(test_leaf_init);
module_exit(test_leaf_exit);

MODULE_DESCRIPTION("Shared page-table entries, for the tests of kview");
MODULE_LICENSE("GPL");
