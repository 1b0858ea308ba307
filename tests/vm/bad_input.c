// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Everything the module refuses: the errno, the reason, and nothing half done afterwards. */
#include "testlib.h"

static void unknown_call(void)
{
	CHECK_EQUAL(ioctl(kv_device(), _IO(KVIEW_IOC_TYPE, 0xff), 0), -1);
	CHECK_EQUAL(errno, ENOTTY);
}

TEST_MAIN(TEST_CASE(unknown_call))
