/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What put_off.c tells its program, and how often that has seen the call. */
#ifndef TESTS_VM_PUT_OFF_RECORD_H
#define TESTS_VM_PUT_OFF_RECORD_H

#include <linux/types.h>

struct put_off_told {
	__u64 number; /* of the call */
	__u32 signal; /* to send; 0: none */
	__u32 result;
	__u64 seen;
};

#endif
