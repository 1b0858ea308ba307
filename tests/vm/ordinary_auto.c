// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --no-module
/* Who does not care gets a view where the module is loaded; else the ordinary mode, and why. Who insists is refused. */
#include "ordinary.h"

static enum kview_mode open_mode(enum kview_mode mode)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .mode = mode };
	struct kview *view;

	EXPECT(!kview_open(mode == KVIEW_MODE_AUTO ? NULL : &opts, &view), "%s", kview_reason(NULL));
	mode = kview_mode(view);
	EXPECT(strstr(kview_reason(view), mode == KVIEW_MODE_VIEW ? "" : "kview.ko is not loaded"), "%s", kview_reason(view));
	EXPECT(!kview_id(view) == (mode == KVIEW_MODE_ORDINARY), "%u", kview_id(view));
	kview_close(view);
	return mode;
}

int main(void)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .mode = KVIEW_MODE_VIEW };
	struct kview_status status = { .sz = sizeof(status) };
	struct kview *view;

	EXPECT_EQUAL(kview_status(&status), 0);
	EXPECT_EQUAL(open_mode(KVIEW_MODE_AUTO), status.module_loaded ? KVIEW_MODE_VIEW : KVIEW_MODE_ORDINARY);
	if (!status.module_loaded)
		test_refused(NULL, kview_open(&opts, &view), -ENODEV, "kview.ko is not loaded: modprobe kview");
	return 0;
}
