// SPDX-License-Identifier: GPL-2.0-or-later
#include "domains.h"

#include <errno.h>
#include <pcp/pmda.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "cache.h"
#include "naming.h"

#define NAMES_SERIAL 1 /* of the domain whose instances are domains; families.c has 0 */
#define FIRST_SERIAL 2
#define SERIAL_MAX ((1 << 22) - 1) /* of PCP */
#define DOMAINS_MAX 256

struct instance {
	LIST_ENTRY(instance) entry;
	unsigned int number;
	char *json;	/* its labels */
	uint64_t round; /* in which it was there */
	time_t seen;	/* when it was, or was read from the file */
	struct exposition_sample *samples;
};

struct domain {
	pmInDom indom;
	char *labels;
	LIST_HEAD(, instance) instances; /* those included that are away */
	size_t known;			 /* how many */
	uint64_t full;			 /* the round in which no room was found */
};

struct domains {
	int pmda;
	size_t instances_max;
	time_t forget; /* s */
	uint64_t round;
	time_t begun; /* when this one did */
	bool changed;
	size_t count;
	struct domain *domains[DOMAINS_MAX];
};

/* That of the day may be set. */
static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int domains_new(int domain, size_t instances_max, time_t forget, struct domains **ret_domains)
{
	struct domains *domains = calloc(1, sizeof(*domains));

	if (!domains)
		return -ENOMEM;
	domains->pmda = domain;
	domains->instances_max = instances_max;
	domains->forget = forget;
	pmdaCacheOp(pmInDom_build(domain, NAMES_SERIAL), PMDA_CACHE_LOAD);
	*ret_domains = domains;
	return 0;
}

static void free_instance(struct instance *instance)
{
	LIST_REMOVE(instance, entry);
	free(instance->json);
	free(instance);
}

static void free_domain(struct domain *domain)
{
	if (!domain)
		return;
	while (!LIST_EMPTY(&domain->instances))
		free_instance(LIST_FIRST(&domain->instances));
	pmdaCacheOp(domain->indom, PMDA_CACHE_CULL);
	free(domain->labels);
	free(domain);
}
DEFINE_CLEANUP(struct domain *, free_domain)

void domains_free(struct domains *domains)
{
	if (!domains)
		return;
	for (size_t i = 0; i < domains->count; i++)
		free_domain(domains->domains[i]);
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

/* Mark it as there, and note it. @json is taken over. */
static int add_instance(struct domain *domain, const char *name, char *json, struct instance **ret_instance)
{
	struct instance *instance = json ? calloc(1, sizeof(*instance)) : NULL;
	int number = instance ? pmdaCacheStore(domain->indom, PMDA_CACHE_ADD, name, instance) : -ENOMEM;

	if (number < 0) {
		free(json);
		free(instance);
		return number == -ENOMEM ? -ENOMEM : -ENOSPC;
	}
	instance->number = number;
	instance->seen = now_s();
	instance->json = json;
	LIST_INSERT_HEAD(&domain->instances, instance, entry);
	domain->known++;
	*ret_instance = instance;
	return 0;
}

/* One that the file has, whose name says its labels. */
static int remember(struct domain *domain, const char *name)
{
	_cleanup_(freep) char *values = strdup(name), *names = strdup(domain->labels);
	struct exposition_label labels[EXPOSITION_LABELS];
	struct instance *instance;
	size_t count = 0;
	char *json;
	int err = values && names ? naming_read_instance(values, names, labels, &count) : -ENOMEM;

	err = err ?: naming_json(labels, count, &json);
	return err ?: add_instance(domain, name, json, &instance);
}

/* Those the file has; what it has that nobody can have written is left alone. */
static int load(struct domain *domain)
{
	_cleanup_(freep) int *numbers = NULL;
	int count, err = 0;
	char *name;

	pmdaCacheOp(domain->indom, PMDA_CACHE_LOAD);
	count = cache_numbers(domain->indom, &numbers);
	for (int i = 0; i < count && err != -ENOMEM; i++)
		if (pmdaCacheLookup(domain->indom, numbers[i], &name, NULL) >= 0)
			err = remember(domain, name);
	pmdaCacheOp(domain->indom, PMDA_CACHE_INACTIVE);
	return count < 0 || err == -ENOMEM ? -ENOMEM : 0;
}

static int make(struct domains *domains, const char *labels, struct domain **ret_domain)
{
	_cleanup_(free_domainp) struct domain *domain = NULL;
	pmInDom names = pmInDom_build(domains->pmda, NAMES_SERIAL);
	int err, serial;

	if (domains->count == DOMAINS_MAX)
		return -ENOSPC;
	serial = pmdaCacheStore(names, PMDA_CACHE_ADD, labels, NULL);
	if (serial < 0 || serial > SERIAL_MAX - FIRST_SERIAL)
		return -ENOSPC;
	domain = calloc(1, sizeof(*domain));
	if (!domain)
		return -ENOMEM;
	domain->indom = pmInDom_build(domains->pmda, FIRST_SERIAL + serial);
	domain->labels = strdup(labels);
	err = domain->labels ? load(domain) : -ENOMEM;
	if (err)
		return err;
	pmdaCacheOp(names, PMDA_CACHE_SAVE);
	*ret_domain = domains->domains[domains->count++] = TAKE_PTR(domain);
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
	domains->begun = now_s();
	for (size_t i = 0; i < domains->count; i++)
		pmdaCacheOp(domains->domains[i]->indom, PMDA_CACHE_INACTIVE);
}

static void forget(struct domain *domain, struct instance *instance)
{
	char *name;

	if (pmdaCacheLookup(domain->indom, instance->number, &name, NULL) >= 0)
		pmdaCacheStore(domain->indom, PMDA_CACHE_CULL, name, NULL);
	free_instance(instance);
	domain->known--;
}

/* Room for one more, when it need be in place of those that were away for long. */
static int find_room(const struct domains *domains, struct domain *domain)
{
	struct instance *instance = LIST_FIRST(&domain->instances), *next;

	if (domain->full == domains->round)
		return -ENOSPC;
	for (; instance && domain->known >= domains->instances_max; instance = next) {
		next = LIST_NEXT(instance, entry);
		if (pmdaCacheLookup(domain->indom, instance->number, NULL, NULL) != PMDA_CACHE_ACTIVE &&
		    domains->begun - instance->seen >= domains->forget)
			forget(domain, instance);
	}
	if (domain->known < domains->instances_max)
		return 0;
	domain->full = domains->round;
	return -ENOSPC;
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

/* The instance that @sample belongs to, there in this round. */
static int get_instance(struct domains *domains, struct domain *domain, const struct exposition_sample *sample,
			struct instance **ret_instance)
{
	_cleanup_(freep) char *name = NULL;
	void *found = NULL;
	int state, err = name_of(sample, &name);
	char *json;

	if (err)
		return err;
	state = pmdaCacheLookupName(domain->indom, name, NULL, &found);
	if (state >= 0 && found) {
		if (state != PMDA_CACHE_ACTIVE)
			pmdaCacheStore(domain->indom, PMDA_CACHE_ADD, name, found);
		*ret_instance = found;
		return 0;
	}
	err = find_room(domains, domain) ?: naming_json(sample->labels, sample->label_count, &json);
	domains->changed |= !err;
	return err ?: add_instance(domain, name, json, ret_instance);
}

int domains_add(struct domains *domains, pmInDom indom, struct exposition_sample *sample)
{
	struct domain *domain = find(domains, indom);
	struct instance *instance;
	int err = get_instance(domains, domain, sample, &instance);

	if (err)
		return err;
	if (instance->round != domains->round) {
		instance->round = domains->round;
		instance->seen = domains->begun;
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

void domains_save(const struct domains *domains)
{
	for (size_t i = 0; i < domains->count; i++)
		pmdaCacheOp(domains->domains[i]->indom, PMDA_CACHE_SAVE);
}

const struct exposition_sample *domains_find(pmInDom indom, unsigned int instance, size_t family,
					     enum exposition_part part)
{
	const struct exposition_sample *sample;
	void *found = NULL;

	if (pmdaCacheLookup(indom, instance, NULL, &found) != PMDA_CACHE_ACTIVE || !found)
		return NULL;
	sample = ((const struct instance *)found)->samples;
	while (sample && (sample->family != family || sample->part != part))
		sample = sample->next;
	return sample;
}

size_t domains_count(const struct domains *domains, pmInDom indom)
{
	const struct domain *domain = find(domains, indom);

	return domain ? domain->known : 0;
}

int domains_each(const struct domains *domains, pmInDom indom, domains_fn fn, void *data)
{
	const struct domain *domain = find(domains, indom);
	const struct instance *instance;
	int err = 0;

	if (!domain)
		return 0;
	LIST_FOREACH(instance, &domain->instances, entry)
	{
		err = fn(instance->number, instance->json, data);
		if (err)
			break;
	}
	return err;
}
