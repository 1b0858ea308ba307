// SPDX-License-Identifier: GPL-2.0-or-later
/* Options and other arguments of the public functions, as far as no kernel is needed to refuse them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"
#include "unit.h"

struct small {
	size_t sz;
	int known;
};

struct big {
	struct small small;
	int unknown;
};

static void copies(void **state)
{
	struct small small = { .sz = sizeof(small), .known = 7 }, copy;
	struct big big = { .small = { .sz = sizeof(big), .known = 8 } };

	(void)state;
	assert_int_equal(kview_opts_copy(&copy, sizeof(copy), NULL), 0);
	assert_int_equal(copy.known, 0);
	assert_int_equal(kview_opts_copy(&copy, sizeof(copy), &small), 0);
	assert_int_equal(copy.known, 7);
	assert_int_equal(kview_opts_copy(&copy, sizeof(copy), &big), 0);
	assert_int_equal(copy.known, 8);
	small.sz = sizeof(small.sz); /* a caller older than the field */
	assert_int_equal(kview_opts_copy(&copy, sizeof(copy), &small), 0);
	assert_int_equal(copy.known, 0);
}

static void refuses(void **state)
{
	struct big big = { .small = { .sz = sizeof(big) }, .unknown = 1 };
	struct small copy, small = { .sz = sizeof(size_t) - 1 };

	(void)state;
	assert_int_equal(kview_opts_copy(&copy, sizeof(copy), &big), -EINVAL);
	assert_int_equal(kview_opts_copy(&copy, sizeof(copy), &small), -EINVAL);
	small.sz = 0;
	assert_int_equal(kview_opts_copy(&copy, sizeof(copy), &small), -EINVAL);
}

static void open_refuses(void **state)
{
	struct {
		struct kview_open_opts opts;
		uint64_t later;
	} newer = { .opts = { .sz = sizeof(newer) }, .later = 1 };
	struct kview_open_opts opts = { .sz = sizeof(opts), .mode = 3 };
	struct kview *view = NULL;

	(void)state;
	assert_int_equal(kview_open(&newer.opts, &view), -EINVAL);
	assert_non_null(strstr(kview_reason(NULL), "does not know"));
	assert_int_equal(kview_open(&opts, &view), -EINVAL);
	assert_string_equal(kview_reason(NULL), "no such mode: 3");
	opts.mode = KVIEW_MODE_AUTO;
	opts.name = "a name of more than thirty-one characters";
	assert_int_equal(kview_open(&opts, &view), -EINVAL);
	assert_string_equal(kview_reason(NULL), "a view's name has at most 31 characters");
	assert_null(view);
}

static void without_module(void **state)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .mode = KVIEW_MODE_VIEW };
	struct kview_status status = { .sz = sizeof(status), .abi = 9 };
	struct kview *view = NULL;

	(void)state;
	if (!access(KVIEW_DEVICE, F_OK))
		skip();
	assert_int_equal(kview_open(&opts, &view), -ENODEV);
	assert_string_equal(kview_reason(NULL), "kview.ko is not loaded: modprobe kview");
	assert_int_equal(kview_status(&status), 0);
	assert_false(status.module_loaded);
	assert_int_equal(status.abi, 0);
	assert_int_equal(kview_each_view(NULL, NULL), -ENODEV);
	assert_null(view);
}

static void status_sizes(void **state)
{
	struct kview_status status = { .sz = 3 };

	(void)state;
	assert_int_equal(kview_status(&status), -EINVAL);
	assert_string_equal(kview_reason(NULL), "struct kview_status: set sz");
}

static void null_is_fine(void **state)
{
	(void)state;
	kview_close(NULL);
	kview_link_close(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),	  cmocka_unit_test(refuses),	  cmocka_unit_test(open_refuses),
		cmocka_unit_test(without_module), cmocka_unit_test(status_sizes), cmocka_unit_test(null_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
