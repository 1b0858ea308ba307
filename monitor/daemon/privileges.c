// SPDX-License-Identifier: GPL-2.0-or-later
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

static const unsigned int needed[] = {
	CAP_BPF,
	CAP_PERFMON,
	CAP_NET_ADMIN, /* programs on packets */
	CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, /* others' files and name spaces in /proc */
	CAP_SYSLOG, /* addresses in /proc/kallsyms */
};

int privileges_drop(void)
{
	bool held[sizeof(needed) / sizeof(needed[0])], may_bound;

	if (capng_get_caps_process())
		return -EIO;
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		held[i] = capng_have_capability(CAPNG_PERMITTED, needed[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		if (held[i] && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, needed[i]))
			return -EIO;
	/* Only who may change the bounding set can; without new privileges it bounds nothing anyway. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) ? -EPERM : 0;
}
