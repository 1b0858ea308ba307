// SPDX-License-Identifier: GPL-2.0-or-later
#include "families.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "naming.h"

#define FAMILIES_SERIAL 0 /* of the domain whose instances are families; domains.c has 1 */
#define FAMILIES_MAX 1000
#define CLUSTER_MAX 4095 /* of PCP */

struct families {
	int pmda;
	struct domains *domains;
	size_t count;
	struct family *families[FAMILIES_MAX];
	bool changed;
	pmdaMetric *table;
	pmdaNameSpace *names;
};

static pmInDom keys_of(const struct families *families)
{
	return pmInDom_build(families->pmda, FAMILIES_SERIAL);
}

static void free_family(struct family *family)
{
	if (!family)
		return;
	free(family->key);
	free(family->help);
	free(family);
}
DEFINE_CLEANUP(struct family *, free_family)

void families_free(struct families *families)
{
	if (!families)
		return;
	for (size_t i = 0; i < families->count; i++)
		free_family(families->families[i]);
	pmdaCacheOp(keys_of(families), PMDA_CACHE_CULL);
	free(families->table);
	if (families->names)
		pmdaTreeRelease(families->names);
	free(families);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static int write_key(const struct exposition_family *found, char **ret_key)
{
	size_t len;
	FILE *out = open_memstream(ret_key, &len);

	if (!out)
		return -ENOMEM;
	fprintf(out, "%s:%s:", found->name, exposition_type_name(found->type));
	for (size_t i = 0; i < found->label_count; i++)
		fprintf(out, "%s%s", i ? "," : "", found->labels[i].name);
	return fclose(out) ? -ENOMEM : 0;
}

struct key {
	char *name, *labels;
	enum exposition_type type;
};

/* Cut @text, a key, into its parts. */
static int split_key(char *text, struct key *ret_key)
{
	struct key key = { .name = strsep(&text, ":") };
	const char *type = strsep(&text, ":");

	if (!text)
		return -EINVAL;
	key.labels = text;
	key.type = exposition_type_find(type);
	*ret_key = key;
	return key.type < EXPOSITION_TYPES ? 0 : -EINVAL;
}

static bool has_name(const struct family *family, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(family->key, name, len) && family->key[len] == ':';
}

/* --- families ----------------------------------------------------------------------------------------------------- */

static int bucket_domain(struct domains *domains, const char *labels, pmInDom *ret_indom)
{
	char text[1024];
	int len = snprintf(text, sizeof(text), "%s%s" EXPOSITION_BOUND, labels, *labels ? "," : "");

	return len < (int)sizeof(text) ? domains_get(domains, text, ret_indom) : -EINVAL;
}

/* A name cannot end where another one goes on. */
static bool collide(const char *name, const char *other)
{
	size_t len = strlen(name), other_len = strlen(other), least = len < other_len ? len : other_len;

	return !strncmp(name, other, least) && (len == other_len || (len < other_len ? other : name)[least] == '.');
}

static int check_name(const struct families *families, const char *name)
{
	char mine[NAMING_MAX], other[NAMING_MAX];
	int err = naming_metric(name, EXPOSITION_VALUE, mine);

	for (size_t i = 0; !err && i < families->count; i++) {
		_cleanup_(freep) char *key = strdup(families->families[i]->key);

		if (!key)
			return -ENOMEM;
		key[strcspn(key, ":")] = '\0';
		naming_metric(key, EXPOSITION_VALUE, other);
		err = collide(mine, other) ? -EINVAL : 0;
	}
	return err;
}

static int add(struct families *families, const char *key_text)
{
	_cleanup_(free_familyp) struct family *family = calloc(1, sizeof(*family));
	_cleanup_(freep) char *text = strdup(key_text);
	struct key key;
	int err, number;

	if (!family || !text)
		return -ENOMEM;
	if (families->count == FAMILIES_MAX)
		return -ENOSPC;
	family->key = strdup(key_text);
	family->now = FAMILY_ABSENT;
	family->bucket_indom = PM_INDOM_NULL;
	err = family->key ? split_key(text, &key) : -ENOMEM;
	err = err ?: check_name(families, key.name);
	err = err ?: domains_get(families->domains, key.labels, &family->indom);
	if (!err && key.type == EXPOSITION_HISTOGRAM)
		err = bucket_domain(families->domains, key.labels, &family->bucket_indom);
	if (err)
		return err;
	family->type = key.type;
	number = pmdaCacheStore(keys_of(families), PMDA_CACHE_ADD, family->key, NULL);
	if (number < 0 || number > CLUSTER_MAX)
		return -ENOSPC;
	family->cluster = number;
	families->families[families->count++] = TAKE_PTR(family);
	families->changed = true;
	return 0;
}

/* Those the file has; what it has that nobody can have written is left alone. */
static int load(struct families *families)
{
	pmInDom keys = keys_of(families);
	_cleanup_(freep) int *numbers = NULL;
	int count, err = 0;
	char *key;

	pmdaCacheOp(keys, PMDA_CACHE_LOAD);
	count = cache_numbers(keys, &numbers);
	for (int i = 0; i < count && err != -ENOMEM; i++)
		if (pmdaCacheLookup(keys, numbers[i], &key, NULL) >= 0)
			err = add(families, key);
	return count < 0 || err == -ENOMEM ? -ENOMEM : 0;
}

int families_new(int domain, struct domains *domains, struct families **ret_families)
{
	_cleanup_(families_freep) struct families *families = calloc(1, sizeof(*families));
	int err;

	if (!families)
		return -ENOMEM;
	families->pmda = domain;
	families->domains = domains;
	err = load(families);
	if (!err)
		*ret_families = TAKE_PTR(families);
	return err;
}

void families_clear(struct families *families)
{
	for (size_t i = 0; i < families->count; i++) {
		families->families[i]->now = FAMILY_ABSENT;
		memset(families->families[i]->single, 0, sizeof(families->families[i]->single));
	}
}

/* Of the same name, but not of this kind: there is another daemon now. */
static void forget(struct families *families, const char *name)
{
	size_t i = 0;

	while (i < families->count && !has_name(families->families[i], name))
		i++;
	if (i == families->count)
		return;
	pmdaCacheStore(keys_of(families), PMDA_CACHE_CULL, families->families[i]->key, NULL);
	free_family(families->families[i]);
	families->families[i] = families->families[--families->count];
	families->changed = true;
}

static struct family *find_key(const struct families *families, const char *key)
{
	for (size_t i = 0; i < families->count; i++)
		if (!strcmp(families->families[i]->key, key))
			return families->families[i];
	return NULL;
}

static int remember_help(struct family *family, const char *help)
{
	char *text;

	if (family->help && !strcmp(family->help, help))
		return 0;
	text = strdup(help);
	if (!text)
		return -ENOMEM;
	free(family->help);
	family->help = text;
	return 0;
}

int families_get(struct families *families, const struct exposition_family *found, struct family **ret_family)
{
	_cleanup_(freep) char *key = NULL;
	struct family *family;
	int err = write_key(found, &key);

	if (err)
		return err;
	family = find_key(families, key);
	if (!family) {
		forget(families, found->name);
		err = add(families, key);
		family = find_key(families, key);
	}
	err = err ?: remember_help(family, found->help);
	if (!err)
		*ret_family = family;
	return err;
}

/* --- what PCP is told --------------------------------------------------------------------------------------------- */

/* The parts of a family, from *ret_first to *ret_last. */
static void parts_of(const struct family *family, enum exposition_part *ret_first, enum exposition_part *ret_last)
{
	bool parted = family->type == EXPOSITION_HISTOGRAM;

	*ret_first = parted ? EXPOSITION_COUNT : EXPOSITION_VALUE;
	*ret_last = parted ? EXPOSITION_BUCKET : EXPOSITION_VALUE;
}

static void publish_part(const struct families *families, struct family *family, enum exposition_part part,
			 pmdaNameSpace *names, pmdaMetric *metric)
{
	_cleanup_(freep) char *text = strdup(family->key);
	char name[NAMING_MAX];

	if (!text)
		return;
	text[strcspn(text, ":")] = '\0';
	*metric = (pmdaMetric){ .m_user = family, .m_desc = naming_desc(text, family->type, part) };
	metric->m_desc.pmid = pmID_build(families->pmda, family->cluster, part);
	metric->m_desc.indom = part == EXPOSITION_BUCKET ? family->bucket_indom : family->indom;
	if (!naming_metric(text, part, name))
		pmdaTreeInsert(names, metric->m_desc.pmid, name);
}

int families_publish(struct families *families, pmdaExt *ext)
{
	_cleanup_(freep) pmdaMetric *table = NULL;
	enum exposition_part part, last;
	pmdaNameSpace *names;
	size_t count = 0;

	if (!families->changed)
		return 0;
	table = calloc(families->count * (EXPOSITION_BUCKET + 1) + 1, sizeof(*table));
	if (!table || pmdaTreeCreate(&names) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < families->count; i++)
		for (parts_of(families->families[i], &part, &last); part <= last; part++)
			publish_part(families, families->families[i], part, names, &table[count++]);
	pmdaTreeRebuildHash(names, count);
	pmdaRehash(ext, table, count);
	if (families->names)
		pmdaTreeRelease(families->names);
	free(families->table);
	families->names = names;
	families->table = TAKE_PTR(table);
	families->changed = false;
	pmdaCacheOp(keys_of(families), PMDA_CACHE_SAVE);
	return 1;
}

pmdaNameSpace *families_names(const struct families *families)
{
	return families->names;
}

const struct family *families_find(const struct families *families, pmID pmid)
{
	for (size_t i = 0; i < families->count; i++)
		if (families->families[i]->cluster == pmID_cluster(pmid))
			return families->families[i];
	return NULL;
}
