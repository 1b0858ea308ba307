/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers to pmcd: what kview-monitord has told, as metrics of PCP. There is one in a process. */
#ifndef KVIEW_MONITOR_PMDA_AGENT_H
#define KVIEW_MONITOR_PMDA_AGENT_H

#include <pcp/pmapi.h>
#include <pcp/pmda.h>

#include "util/cleanup.h"

struct agent;

/* The daemon's answer to GET /metrics, which is the caller's; or why there is none, which was told. */
typedef int (*agent_ask_fn)(void *data, char **ret_text);

struct agent_config {
	size_t instances_max; /* in one instance domain */
	time_t forget;	      /* s; who was away for so long gives room to new ones */
	uint64_t fresh_ns;    /* an answer is good for so long: a client's questions in a row are one to the daemon */
	agent_ask_fn ask;
	void *data;
};

/* Answer the requests that @dispatch gets, which was set up by pmdaDaemon(). -ENOMEM */
int agent_new(pmdaInterface *dispatch, const struct agent_config *config, struct agent **ret_agent);
void agent_free(struct agent *agent);
DEFINE_CLEANUP(struct agent *, agent_free)

#endif /* KVIEW_MONITOR_PMDA_AGENT_H */
