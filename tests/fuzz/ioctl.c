// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the module's ioctls, from several threads at once. */
#include "../vm/testlib.h"

static void fuzz(void)
{
	struct kview_info info;

	kv_info(&info);
}

TEST_MAIN(TEST_CASE(fuzz))
