// SPDX-License-Identifier: GPL-2.0-or-later
#include "domains.h"

#include <errno.h>
#include <pcp/pmda.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "naming.h"

#define NAMES_SERIAL 1 /* of the domain whose instances are domains; families.c has 0 */
#define FIRST_SERIAL 2
#define SERIAL_MAX ((1 << 22) - 1) /* of PCP */
#define DOMAINS_MAX 256
#define FORGET (60 * 60) /* s */
#define SYNC (10 * 60)	 /* s; the files tell when an instance was last there */

struct instance {
	uint64_t round; /* in which it was there */
	struct exposition_sample *samples;
};

struct domain {
	pmInDom indom;
	char *labels;
	size_t known; /* instances, those included that are away */
};

struct domains {
	int pmda;
	size_t instances_max;
	uint64_t round;
	bool changed;
	time_t synced;
	size_t count;
	struct domain *domains[DOMAINS_MAX];
};

int domains_new(int domain, size_t instances_max, struct domains **ret_domains)
{
	struct domains *domains = calloc(1, sizeof(*domains));

	if (!domains)
		return -ENOMEM;
	domains->pmda = domain;
	domains->instances_max = instances_max;
	domains->synced = time(NULL);
	pmdaCacheOp(pmInDom_build(domain, NAMES_SERIAL), PMDA_CACHE_LOAD);
	*ret_domains = domains;
	return 0;
}

static void free_instances(pmInDom indom)
{
	void *instance;
	int number;

	pmdaCacheOp(indom, PMDA_CACHE_ACTIVE);
	pmdaCacheOp(indom, PMDA_CACHE_WALK_REWIND);
	while ((number = pmdaCacheOp(indom, PMDA_CACHE_WALK_NEXT)) >= 0)
		if (pmdaCacheLookup(indom, number, NULL, &instance) >= 0)
			free(instance);
	pmdaCacheOp(indom, PMDA_CACHE_CULL);
}

void domains_free(struct domains *domains)
{
	if (!domains)
		return;
	for (size_t i = 0; i < domains->count; i++) {
		free_instances(domains->domains[i]->indom);
		free(domains->domains[i]->labels);
		free(domains->domains[i]);
	}
	pmdaCacheOp(pmInDom_build(domains->pmda, NAMES_SERIAL), PMDA_CACHE_CULL);
	free(domains);
}

static struct domain *find(const struct domains *domains, pmInDom indom)
{
	for (size_t i = 0; i < domains->count; i++)
		if (domains->domains[i]->indom == indom)
			return domains->domains[i];
	return NULL;
}

static int make(struct domains *domains, const char *labels, struct domain **ret_domain)
{
	pmInDom names = pmInDom_build(domains->pmda, NAMES_SERIAL);
	struct domain *domain;
	int serial;

	if (domains->count == DOMAINS_MAX)
		return -ENOSPC;
	serial = pmdaCacheStore(names, PMDA_CACHE_ADD, labels, NULL);
	if (serial < 0 || serial > SERIAL_MAX - FIRST_SERIAL)
		return -ENOSPC;
	domain = calloc(1, sizeof(*domain));
	if (!domain)
		return -ENOMEM;
	domain->labels = strdup(labels);
	if (!domain->labels) {
		free(domain);
		return -ENOMEM;
	}
	domain->indom = pmInDom_build(domains->pmda, FIRST_SERIAL + serial);
	pmdaCacheOp(domain->indom, PMDA_CACHE_LOAD);
	domain->known = pmdaCacheOp(domain->indom, PMDA_CACHE_SIZE_INACTIVE);
	pmdaCacheOp(names, PMDA_CACHE_SAVE);
	domains->domains[domains->count++] = domain;
	*ret_domain = domain;
	return 0;
}

int domains_get(struct domains *domains, const char *labels, pmInDom *ret_indom)
{
	struct domain *domain = NULL;
	int err = 0;

	if (!*labels) {
		*ret_indom = PM_INDOM_NULL;
		return 0;
	}
	for (size_t i = 0; i < domains->count && !domain; i++)
		if (!strcmp(domains->domains[i]->labels, labels))
			domain = domains->domains[i];
	if (!domain)
		err = make(domains, labels, &domain);
	if (!err)
		*ret_indom = domain->indom;
	return err;
}

const char *domains_labels(const struct domains *domains, pmInDom indom)
{
	const struct domain *domain = find(domains, indom);

	return domain ? domain->labels : NULL;
}

void domains_clear(struct domains *domains)
{
	domains->round++;
	for (size_t i = 0; i < domains->count; i++)
		pmdaCacheOp(domains->domains[i]->indom, PMDA_CACHE_INACTIVE);
}

/* Room for one more, when it need be in place of those that were away for long. */
static int find_room(const struct domains *domains, struct domain *domain)
{
	if (domain->known < domains->instances_max)
		return 0;
	/* What is there now is so from now on in the file's eyes, too, and is not forgotten. */
	pmdaCacheOp(domain->indom, PMDA_CACHE_SYNC);
	pmdaCachePurgeCallback(domain->indom, FORGET, free);
	domain->known = pmdaCacheOp(domain->indom, PMDA_CACHE_SIZE_ACTIVE) +
			pmdaCacheOp(domain->indom, PMDA_CACHE_SIZE_INACTIVE);
	return domain->known < domains->instances_max ? 0 : -ENOSPC;
}

static int name_of(const struct exposition_sample *sample, char **ret_name)
{
	size_t len;
	FILE *out = open_memstream(ret_name, &len);

	if (!out)
		return -ENOMEM;
	naming_instance(sample, out);
	return fclose(out) ? -ENOMEM : 0;
}

/* The instance of that name, there in this round. */
static int get_instance(struct domains *domains, struct domain *domain, const char *name,
			struct instance **ret_instance)
{
	_cleanup_(freep) struct instance *fresh = NULL;
	void *found = NULL;
	int state = pmdaCacheLookupName(domain->indom, name, NULL, &found);

	if (state < 0 && find_room(domains, domain))
		return -ENOSPC;
	if (state < 0 || !found) {
		found = fresh = calloc(1, sizeof(*fresh));
		if (!found)
			return -ENOMEM;
	}
	if (state != PMDA_CACHE_ACTIVE && pmdaCacheStore(domain->indom, PMDA_CACHE_ADD, name, found) < 0)
		return -ENOSPC;
	if (state < 0) {
		domain->known++;
		domains->changed = true;
	}
	fresh = NULL;
	*ret_instance = found;
	return 0;
}

int domains_add(struct domains *domains, pmInDom indom, struct exposition_sample *sample)
{
	struct domain *domain = find(domains, indom);
	_cleanup_(freep) char *name = NULL;
	struct instance *instance;
	int err = name_of(sample, &name);

	err = err ?: get_instance(domains, domain, name, &instance);
	if (err)
		return err;
	if (instance->round != domains->round) {
		instance->round = domains->round;
		instance->samples = NULL;
	}
	sample->next = instance->samples;
	instance->samples = sample;
	return 0;
}

bool domains_changed(struct domains *domains)
{
	bool changed = domains->changed;

	domains->changed = false;
	return changed;
}

void domains_save(struct domains *domains)
{
	time_t now = time(NULL);
	bool sync = now - domains->synced >= SYNC || now < domains->synced;

	if (sync)
		domains->synced = now;
	for (size_t i = 0; i < domains->count; i++)
		pmdaCacheOp(domains->domains[i]->indom, sync ? PMDA_CACHE_SYNC : PMDA_CACHE_SAVE);
}

static const struct exposition_sample *first_sample(pmInDom indom, unsigned int number)
{
	void *found = NULL;
	const struct instance *instance;

	if (pmdaCacheLookup(indom, number, NULL, &found) != PMDA_CACHE_ACTIVE || !found)
		return NULL;
	instance = found;
	return instance->samples;
}

const struct exposition_sample *domains_any(pmInDom indom, unsigned int instance)
{
	return first_sample(indom, instance);
}

const struct exposition_sample *domains_find(pmInDom indom, unsigned int instance, size_t family,
					     enum exposition_part part)
{
	const struct exposition_sample *sample = first_sample(indom, instance);

	while (sample && (sample->family != family || sample->part != part))
		sample = sample->next;
	return sample;
}
