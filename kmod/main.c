// SPDX-License-Identifier: GPL-2.0-only
/* kview.ko: private views of kernel text for single applications. */

#include <linux/init.h>
#include <linux/module.h>

#include "arena.h"
#include "chardev.h"
#include "coherence.h"
#include "compat/symbols.h"
#include "image.h"
#include "leaf.h"
#include "member.h"
#include "migration.h"
#include "pagetable.h"
#include "pin.h"
#include "proto.h"
#include "record.h"
#include "retire.h"
#include "selftest/selftest.h"
#include "stack.h"
#include "tracepoint.h"

/* What this machine must be like; each line of the log names what is not. */
static int __init probe_machine(void)
{
	int err = kview_symbols_init();

	if (!err)
		err = kview_pagetable_probe();
	if (!err)
		err = kview_leaf_probe();
	if (!err)
		err = kview_pin_init();
	if (!err)
		err = kview_migration_init();
	return err;
}

static int __init kview_init(void)
{
	int err;

	err = probe_machine();
	if (err)
		return err;
	err = kview_image_init();
	if (err)
		return err;
	err = kview_member_init();
	if (err)
		goto exit_image;
	err = kview_stack_init();
	if (err)
		goto exit_member;
	err = kview_selftest();
	if (err)
		goto exit_stack;
	err = kview_coherence_init();
	if (err)
		goto exit_stack;
	err = kview_chardev_init();
	if (err)
		goto exit_coherence;
	return 0;

exit_coherence:
	kview_coherence_exit();
exit_stack:
	kview_stack_exit();
exit_member:
	kview_member_exit_module();
	kview_arena_exit();
exit_image:
	kview_image_exit();
	return err;
}

/* No view is open: each holds a reference on the module. */
static void __exit kview_exit(void)
{
	kview_chardev_exit();
	kview_migration_exit();
	kview_coherence_exit();
	kview_retire_exit();
	kview_record_exit();
	kview_stack_exit();
	kview_proto_exit();
	kview_member_exit_module();
	kview_image_exit();
	kview_tracepoint_exit();
	kview_arena_exit();
}

module_init(kview_init);
module_exit(kview_exit);

MODULE_DESCRIPTION("Per-process views of kernel text");
MODULE_LICENSE("GPL");
MODULE_VERSION(KVIEW_VERSION);
