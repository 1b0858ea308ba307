/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libpcp_pmda's caches lack. */
#ifndef KVIEW_MONITOR_PMDA_CACHE_H
#define KVIEW_MONITOR_PMDA_CACHE_H

#include <pcp/pmapi.h>

/* The numbers of all instances of a cache, which are active then: the caller's. How many, or -ENOMEM. */
int cache_numbers(pmInDom indom, int **ret_numbers);

#endif /* KVIEW_MONITOR_PMDA_CACHE_H */
