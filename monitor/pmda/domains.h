/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instance domains: one for each set of names of labels, and in it an instance for each set of values that was seen.
 *
 * PCP knows both by numbers, which archives hold. So numbers are kept in files of libpcp_pmda's, and what comes back
 * has the number it had before. In each domain there are only so many instances: for new ones those that were away for
 * long are forgotten, and what finds no room, still, is refused.
 */
#ifndef KVIEW_MONITOR_PMDA_DOMAINS_H
#define KVIEW_MONITOR_PMDA_DOMAINS_H

#include <pcp/pmapi.h>
#include <time.h>

#include "exposition.h"

struct domains;

/* Of PMDA @domain; who was away for @forget seconds can be forgotten. -ENOMEM */
int domains_new(int domain, size_t instances_max, time_t forget, struct domains **ret_domains);
void domains_free(struct domains *domains);
DEFINE_CLEANUP(struct domains *, domains_free)

/* The domain of labels that are called so, as "target,path"; PM_INDOM_NULL for "". -ENOMEM, -ENOSPC */
int domains_get(struct domains *domains, const char *labels, pmInDom *ret_indom);

/* The labels again; NULL: there is no such domain. */
const char *domains_labels(const struct domains *domains, pmInDom indom);

/* No instance is there. */
void domains_clear(struct domains *domains);

/*
 * The instance that @sample belongs to is there, and has it. The sample has to stay until domains_clear().
 * -ENOSPC: there are too many; -ENOMEM
 */
int domains_add(struct domains *domains, pmInDom indom, struct exposition_sample *sample);

/* Whether instances have come, since it was asked last, that never were. */
bool domains_changed(struct domains *domains);

/* Write down what is new. */
void domains_save(const struct domains *domains);

/* The sample of that family and part that an instance has; NULL: it is not there, or has none. */
const struct exposition_sample *domains_find(pmInDom indom, unsigned int instance, size_t family,
					     enum exposition_part part);

/* Instances there are, and were; their number. */
size_t domains_count(const struct domains *domains, pmInDom indom);

/* Called for each of them with its labels, as JSON. Anything but 0 from @fn ends it and is the result. */
typedef int (*domains_fn)(unsigned int instance, const char *json, void *data);
int domains_each(const struct domains *domains, pmInDom indom, domains_fn fn, void *data);

#endif /* KVIEW_MONITOR_PMDA_DOMAINS_H */
