// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of containers' cgroups, and what patterns are. */
#include <errno.h>
#include <string.h>

#include "lib/internal.h"
#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *name, *wanted;
	bool is;
} names[] = {
	{ "docker-" ID ".scope", "0123456789ab", true },
	{ "docker-" ID ".scope", ID, true },
	{ "libpod-" ID ".scope", "0123456789ab", true },
	{ "cri-containerd-" ID ".scope", "0123456789ab", true },
	{ ID, "0123456789ab", true },
	{ "libpod-conmon-" ID ".scope", "0123456789ab", false }, /* the container's monitor */
	{ ID, "0123456789a", false }, /* short enough to be a name */
	{ ID, "123456789abc", false },
	{ "lxc.payload.web", "web", true },
	{ "machine-web.scope", "web", true },
	{ "systemd-nspawn@web.service", "web", true },
	{ "systemd-nspawn@web2.service", "web", false },
	{ "web.service", "web", false },
	{ "", "", false },
};

static void directories(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (kview_container_is(names[i].name, names[i].wanted) != names[i].is)
			fail_msg("%s, %s", names[i].name, names[i].wanted);
}

static void expect_path(const char *text, const char *id, int err, const char *expected)
{
	char path[40] = "";

	assert_int_equal(kview_container_path(text, id, path, sizeof(path)), err);
	assert_string_equal(path, expected);
}

static void paths(void **state)
{
	(void)state;
	expect_path("0::/machine.slice/libpod-abc.scope/container\n", "abc", 0, "/machine.slice/libpod-abc.scope");
	expect_path("1:cpu:/x\n0::/system.slice/docker-abc.scope\n", "abc", 0, "/system.slice/docker-abc.scope");
	expect_path("0::/user.slice\n9:x:/abc/y\n", "abc", 0, "/user.slice");
	expect_path("0::/", "abc", 0, "/");
	expect_path("1:cpu:/x\n", "abc", -ENOENT, "");
	expect_path("0::/a/path/that/is/longer/than/there/is/room/for\n", "abc", -ENAMETOOLONG, "");
}

/* The array as it is, with a NUL behind each word. */
#define EXPECT_ID(args, wanted, id) expect_id(args, sizeof(args), wanted, id)

static void expect_id(const char *args, size_t len, const char *name, const char *expected)
{
	char id[KVIEW_CONTAINER_ID] = "";

	assert_int_equal(kview_conmon_parse(args, len, name, id), *expected ? 0 : -ENOENT);
	assert_string_equal(id, expected);
}

static void conmons(void **state)
{
	(void)state;
	EXPECT_ID("/usr/bin/conmon\0--api-version\0001\0-c\0" ID "\0-u\0" ID "\0-r\0/usr/bin/crun\0-n\0web\0-s", "web", ID);
	EXPECT_ID("conmon\0-c\0" ID "\0-n\0web", "we", "");
	EXPECT_ID("conmon\0-c\0" ID "\0-n\0we", "web", "");
	EXPECT_ID("conmon\0-c\0" ID "\0-n", "web", "");
	EXPECT_ID("conmon\0-c\0../" ID "\0-n\0web", "web", "");
	EXPECT_ID("conmon\0-c\0\0-n\0web", "web", "");
	EXPECT_ID("conmon\0-n\0web", "web", "");
	EXPECT_ID("", "web", "");
	EXPECT_ID("conmon\0-c\0" ID ID "0\0-n\0web", "web", "");
	/* The file may have been read only in part. */
	expect_id("conmon\0-n\0web\0-c\0abc", 18, "web", "");
}

static void patterns(void **state)
{
	(void)state;
	assert_true(kview_is_pattern("vfs_*"));
	assert_true(kview_is_pattern("vfs_rea?"));
	assert_true(kview_is_pattern("vfs_[rw]*"));
	assert_false(kview_is_pattern("vfs_read"));
	assert_false(kview_is_pattern(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories),
		cmocka_unit_test(paths),
		cmocka_unit_test(conmons),
		cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
