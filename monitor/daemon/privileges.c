// SPDX-License-Identifier: GPL-2.0-or-later
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

static const unsigned int for_daemon[] = {
	CAP_BPF,
	CAP_PERFMON,
	CAP_NET_ADMIN, /* programs on packets */
	CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, /* others' files and name spaces in /proc */
	CAP_SYSLOG, /* addresses in /proc/kallsyms */
};

static const unsigned int for_perf[] = {
	CAP_SYS_ADMIN, /* perf_event_open() */
	CAP_SYS_PTRACE, /* the daemon's arguments */
	CAP_DAC_READ_SEARCH, /* files with hooks in them */
};

/* No more of @wanted than there is now. */
static int select_held(const unsigned int *wanted, size_t count)
{
	bool held[CAP_LAST_CAP + 1];

	for (size_t i = 0; i < count; i++)
		held[i] = capng_have_capability(CAPNG_PERMITTED, wanted[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < count; i++)
		if (held[i] && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, wanted[i]))
			return -EIO;
	return 0;
}

static int keep(const unsigned int *wanted, size_t count)
{
	bool may_bound;
	int err;

	if (capng_get_caps_process())
		return -EIO;
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	err = select_held(wanted, count);
	if (err)
		return err;
	/* Only who may change the bounding set can; without new privileges it bounds nothing anyway. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

int privileges_drop(void)
{
	return keep(for_daemon, sizeof(for_daemon) / sizeof(for_daemon[0]));
}

int privileges_keep_perf(void)
{
	return keep(for_perf, sizeof(for_perf) / sizeof(for_perf[0]));
}
