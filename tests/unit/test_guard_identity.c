// SPDX-License-Identifier: GPL-2.0-or-later
/* A file by the kernel's own numbers. That these are those of the BPF program is in tests/vm/guard_kernel.c. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guard/kernel.h"
#include "unit.h"

/* procfs has nothing to hide: what stat(2) answers is what the kernel has. */
static void plain_file(void **state)
{
	struct guard_identity identity;
	struct stat status;

	(void)state;
	assert_int_equal(guard_identity_of("/proc/version", &identity), 0);
	assert_int_equal(stat("/proc/version", &status), 0);
	assert_int_equal(identity.inode, status.st_ino);
	assert_int_equal(identity.device, (uint64_t)major(status.st_dev) << 20 | minor(status.st_dev));
}

static void through_links(void **state)
{
	struct guard_identity link, file;
	char path[PATH_MAX] = "";

	(void)state;
	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	assert_int_equal(guard_identity_of("/proc/self/exe", &link), 0);
	assert_int_equal(guard_identity_of(path, &file), 0);
	assert_memory_equal(&link, &file, sizeof(file));
	assert_int_equal(guard_identity_of("/proc/version", &link), 0);
	assert_memory_not_equal(&link, &file, sizeof(file));
}

static void no_file(void **state)
{
	struct guard_identity identity = { 1, 2 };

	(void)state;
	assert_int_equal(guard_identity_of("/proc/nowhere", &identity), -ENOENT);
	assert_int_equal(identity.device, 1);
	assert_int_equal(identity.inode, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_file),
		cmocka_unit_test(through_links),
		cmocka_unit_test(no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
