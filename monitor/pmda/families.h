/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The families of metrics that kview-monitord has, or had: their names and numbers in PCP.
 *
 * A family is a cluster of PCP, and its parts are the items. Its type and the names of its labels say all that PCP has
 * to know before there are values, and are kept with its number; so pmlogger can be started before the daemon.
 */
#ifndef KVIEW_MONITOR_PMDA_FAMILIES_H
#define KVIEW_MONITOR_PMDA_FAMILIES_H

#include <pcp/pmapi.h>
#include <pcp/pmda.h>

#include "domains.h"
#include "exposition.h"

#define FAMILY_ABSENT SIZE_MAX

struct family {
	char *key;  /* "kview_cpu_seconds:histogram:target" */
	char *help; /* NULL: not known yet */
	enum exposition_type type;
	unsigned int cluster;
	pmInDom indom, bucket_indom;
	size_t now; /* which of the exposition's families it is; FAMILY_ABSENT */
	const struct exposition_sample *single[EXPOSITION_BUCKET]; /* its values, where it has no labels */
};

struct families;

/* Those that were there before, too. -ENOMEM */
int families_new(int domain, struct domains *domains, struct families **ret_families);
void families_free(struct families *families);
DEFINE_CLEANUP(struct families *, families_free)

/* No family has values. */
void families_clear(struct families *families);

/*
 * The family of an exposition, which has samples. One of the same name that was of another kind is forgotten.
 * -EINVAL: it cannot have a name in PCP, or another one has it; -ENOSPC: there are too many; -ENOMEM
 */
int families_get(struct families *families, const struct exposition_family *found, struct family **ret_family);

/* When there are others than before: make the table and the names anew. -ENOMEM; 1: that was so */
int families_publish(struct families *families, pmdaExt *ext);

/* Names of metrics, as they were published last. */
pmdaNameSpace *families_names(const struct families *families);

/* Which one a metric belongs to; NULL: none. */
const struct family *families_find(const struct families *families, pmID pmid);

#endif /* KVIEW_MONITOR_PMDA_FAMILIES_H */
