// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Without privileges a view cannot be opened, and the reason says what is missing. */
#include <sys/prctl.h>
#include <sys/wait.h>

#include "ordinary.h"

static void expect_refused(enum kview_mode mode)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .mode = mode };
	struct kview *view;

	test_refused(NULL, kview_open(&opts, &view), -EPERM, "needs CAP_BPF and CAP_PERFMON: run as root");
}

static void unprivileged(enum kview_mode mode)
{
	int status;

	if (!fork()) {
		EXPECT(!setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534), "%m");
		expect_refused(mode);
		expect_refused(KVIEW_MODE_AUTO);
		_exit(0);
	}
	wait(&status);
	EXPECT_EQUAL(status, 0);
}

int main(void)
{
	return test_modes(unprivileged);
}
