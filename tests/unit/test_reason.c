// SPDX-License-Identifier: GPL-2.0-or-later
/* Reasons: a sentence for each KVIEW_WHY_*, near matches, nothing lost or overrun. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"
#include "unit.h"

#define LAST_WHY KVIEW_WHY_TOO_MANY_PROGRAMS

/* Numbers nobody has taken yet. */
static bool without_sentence(uint32_t why)
{
	return why > KVIEW_WHY_NO_CGROUP && why < KVIEW_WHY_NO_TRACEPOINT;
}

static void every_why_has_a_sentence(void **state)
{
	(void)state;
	assert_null(kview_why_text(KVIEW_WHY_NONE));
	for (uint32_t why = 1; why <= LAST_WHY; why++) {
		const char *text = kview_why_text(why);

		if (without_sentence(why))
			continue;
		assert_non_null(text);
		assert_true(strlen(text) > 10);
		assert_true(islower((unsigned char)text[0]));
		assert_null(strchr(text, '\n'));
		assert_int_not_equal(text[strlen(text) - 1], '.');
		for (uint32_t other = 1; other < why; other++)
			assert_string_not_equal(text, kview_why_text(other) ?: "");
	}
	assert_null(kview_why_text(LAST_WHY + 1));
}

static void lines(void **state)
{
	(void)state;
	assert_int_equal(kview_refuse_why(NULL, -ENOENT, KVIEW_WHY_NO_SYMBOL, "kprobe/x", "x"), -ENOENT);
	assert_string_equal(kview_reason(NULL), "kprobe/x: the kernel has no function x");
	kview_refuse_why(NULL, -ENOTUNIQ, KVIEW_WHY_AMBIGUOUS, "kprobe/x", "x");
	assert_string_equal(kview_reason(NULL), "kprobe/x: the kernel has several functions of this name");
	kview_refuse_why(NULL, -EPERM, KVIEW_WHY_NONE, "kprobe/x", "x");
	assert_string_equal(kview_reason(NULL), "kprobe/x: needs CAP_BPF and CAP_PERFMON: run as root");
	kview_refuse_why(NULL, -ENOSPC, 4711, "kprobe/x", "x");
	assert_string_equal(kview_reason(NULL), "kprobe/x: No space left on device");
	kview_reason_clear(NULL);
	assert_string_equal(kview_reason(NULL), "");
}

static void a_view_has_its_own(void **state)
{
	struct kview *view = calloc(1, sizeof(*view));

	(void)state;
	kview_refuse(NULL, -EINVAL, "thread");
	kview_refuse(view, -EINVAL, "%s", "view");
	kview_refuse(view, -EINVAL, "%s too", kview_reason(view)); /* its own argument */
	assert_string_equal(kview_reason(NULL), "thread");
	assert_string_equal(kview_reason(view), "view too");
	free(view);
}

static void long_lines_are_cut(void **state)
{
	char subject[2 * KVIEW_REASON_LEN];

	(void)state;
	memset(subject, 'x', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	kview_refuse_why(NULL, -ENOENT, KVIEW_WHY_NO_SYMBOL, subject, subject);
	assert_int_equal(strlen(kview_reason(NULL)), KVIEW_REASON_LEN - 1);
}

static void near(const char *wanted, const char *const *names, size_t count, const char *expected)
{
	struct kview_near near = {};
	char text[200];

	for (size_t i = 0; i < count; i++)
		kview_near_offer(&near, wanted, names[i]);
	kview_near_text(&near, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void near_matches(void **state)
{
	static const char *const names[] = { "read",	 "sys_read", "vfs_create", "vfs_read", "vfs_readf",
					     "vfs_rear", "vfs_ride", "vfs_write",  "open",	"x" };

	(void)state;
	near("vfs_raed", names, COUNT(names), "; near: vfs_read, vfs_readf, vfs_rear");
	near("vfs_wriet", names, COUNT(names), "; near: vfs_write");
	near("vfs_creates", names + 2, 1, "; near: vfs_create");
	near("vfs_create", names + 2, 1, ""); /* the name itself is no help */
	near("opne", names, COUNT(names), "; near: open");
	near("kmalloc", names, COUNT(names), "");
	near("", names, COUNT(names), "; near: x");
	near("read", NULL, 0, "");
}

static void near_limits(void **state)
{
	char long_name[600];
	const char *names[] = { long_name, "b" };

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	near("b", names, COUNT(names), "");
	near("c", names, COUNT(names), "; near: b");
	near(long_name, names, COUNT(names), ""); /* too long to be compared */
}

static void near_text_is_cut(void **state)
{
	struct kview_near near = {};
	char text[12];

	(void)state;
	kview_near_offer(&near, "vfs_raed", "vfs_read");
	kview_near_offer(&near, "vfs_raed", "vfs_readv");
	kview_near_text(&near, text, sizeof(text));
	assert_string_equal(text, "; near: vfs");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_why_has_a_sentence),
		cmocka_unit_test(lines),
		cmocka_unit_test(a_view_has_its_own),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(near_matches),
		cmocka_unit_test(near_limits),
		cmocka_unit_test(near_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
