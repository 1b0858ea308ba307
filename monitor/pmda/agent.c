// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "domains.h"
#include "exposition.h"
#include "families.h"
#include "naming.h"
#include "util/clock.h"

struct agent {
	struct agent_config config;
	pmdaInterface *dispatch;
	struct domains *domains;
	struct families *families;
	struct exposition *exposition; /* what domains and families point into */
	uint64_t asked;		       /* ns; 0: never */
	bool up;		       /* the daemon has answered, and was understood */
	uint64_t refused;	       /* values that there was no number for */
	int noted;		       /* why some were refused the last time */
	size_t malformed;	       /* the line that was not understood the last time */
};

/* --- what the daemon says ----------------------------------------------------------------------------------------- */

/* The agent's own metrics are told as the daemon's are. */
static int append_own(const struct agent *agent, const char *told, bool up, char **ret_text)
{
	int len = asprintf(ret_text,
			   "%s%s# HELP kview_pmda_up Whether kview-monitord has answered.\n# TYPE kview_pmda_up gauge\n"
			   "kview_pmda_up %d\n# HELP kview_pmda_refused_total Values left out, as there are too many "
			   "instances.\n# TYPE kview_pmda_refused_total counter\nkview_pmda_refused_total %" PRIu64
			   "\n",
			   told ?: "", told && *told && told[strlen(told) - 1] != '\n' ? "\n" : "", up, agent->refused);

	return len < 0 ? -ENOMEM : 0;
}

/* @line: the one that was not understood; 0: all were. */
static void note_malformed(struct agent *agent, size_t line)
{
	if (line && !agent->malformed)
		pmNotifyErr(LOG_ERR, "line %zu of the answer is not kview-monitord's", line);
	agent->malformed = line;
}

static void note_refused(struct agent *agent, int err)
{
	if (err && err != agent->noted)
		pmNotifyErr(LOG_WARNING, "values are left out: %s",
			    err == -ENOSPC   ? "too many instances"
			    : err == -EINVAL ? "PCP cannot have their names"
					     : strerror(-err));
	agent->noted = err;
}

static int place(struct agent *agent, struct family *family, struct exposition_sample *sample)
{
	pmInDom indom = sample->part == EXPOSITION_BUCKET ? family->bucket_indom : family->indom;

	if (indom != PM_INDOM_NULL)
		return domains_add(agent->domains, indom, sample);
	family->single[sample->part] = sample;
	return 0;
}

/* What @agent->exposition has becomes what there is. */
static void place_all(struct agent *agent)
{
	struct exposition *exposition = agent->exposition;
	struct family *family = NULL;
	int err, problem = 0;

	for (size_t i = 0; i < exposition->sample_count; i++) {
		struct exposition_sample *sample = &exposition->samples[i];

		err = 0;
		if (!i || sample[-1].family != sample->family) {
			family = NULL;
			err = families_get(agent->families, &exposition->families[sample->family], &family);
			if (!err)
				family->now = sample->family;
		}
		if (family)
			err = place(agent, family, sample);
		if (!family || err)
			agent->refused++;
		problem = err ?: problem;
	}
	note_refused(agent, problem);
}

static int replace(struct agent *agent, const char *told, bool up, size_t *ret_line)
{
	struct exposition *exposition;
	char *text;
	int err = append_own(agent, told, up, &text) ?: exposition_read(text, &exposition, ret_line);

	if (err)
		return err;
	families_clear(agent->families);
	domains_clear(agent->domains);
	exposition_free(agent->exposition);
	agent->exposition = exposition;
	agent->up = up;
	place_all(agent);
	return 0;
}

/* Nothing is told rather than what may be no longer true. pmcd starts another one at SIGHUP. */
static void give_up(void)
{
	pmNotifyErr(LOG_ERR, "out of memory");
	exit(1);
}

static void tell_changes(struct agent *agent)
{
	pmdaExt *ext = agent->dispatch->version.seven.ext;
	int changed = families_publish(agent->families, ext);

	if (changed < 0)
		give_up();
	if (changed)
		pmdaExtSetFlags(ext, PMDA_EXT_NAMES_CHANGE);
	if (domains_changed(agent->domains))
		pmdaExtSetFlags(ext, PMDA_EXT_LABEL_CHANGE);
	domains_save(agent->domains);
}

/* Ask the daemon, unless that was just done. */
static void refresh(struct agent *agent)
{
	_cleanup_(freep) char *told = NULL;
	size_t line = 0;
	bool up;

	if (agent->asked && clock_ns(CLOCK_MONOTONIC) - agent->asked < agent->config.fresh_ns)
		return;
	up = !agent->config.ask(agent->config.data, &told) && !replace(agent, told, true, &line);
	if (up || line)
		note_malformed(agent, line);
	/* What cannot be understood is nothing at all; nor do values stay that are no longer true. */
	if (!up && replace(agent, NULL, false, &line))
		give_up();
	tell_changes(agent);
	agent->asked = clock_ns(CLOCK_MONOTONIC);
}

static struct agent *refreshed(pmdaExt *ext)
{
	struct agent *agent = pmdaExtGetData(ext);

	refresh(agent);
	return agent;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static int take_number(const struct exposition_number *number, int type, pmAtomValue *ret_atom)
{
	if (type == PM_TYPE_DOUBLE) {
		ret_atom->d = number->real;
		return PMDA_FETCH_STATIC;
	}
	if (!number->is_whole)
		return PM_ERR_CONV;
	ret_atom->ull = number->whole;
	return PMDA_FETCH_STATIC;
}

static int fetch_value(pmdaMetric *metric, unsigned int instance, pmAtomValue *ret_atom)
{
	const struct family *family = metric->m_user;
	enum exposition_part part = pmID_item(metric->m_desc.pmid);
	const struct exposition_sample *sample;

	/* libpcp_pmda makes one up for a number it does not know. */
	if (!family)
		return PM_ERR_PMID;
	if (metric->m_desc.indom == PM_INDOM_NULL)
		sample = family->single[part];
	else
		sample = domains_find(metric->m_desc.indom, instance, family->now, part);
	return sample ? take_number(&sample->number, metric->m_desc.type, ret_atom) : PMDA_FETCH_NOVALUES;
}

/* Without the daemon there are no values, which is not the same as that there are none of the kind. */
static int fetch(int count, pmID *pmids, pmResult **ret_result, pmdaExt *ext)
{
	struct agent *agent = refreshed(ext);
	int err = pmdaFetch(count, pmids, ret_result, ext);

	for (int i = 0; err >= 0 && !agent->up && i < count; i++) {
		pmValueSet *set = (*ret_result)->vset[i];

		if (!set->numval && families_find(agent->families, set->pmid))
			set->numval = PM_ERR_AGAIN;
	}
	return err;
}

static int instance(pmInDom indom, int number, char *name, pmInResult **ret_result, pmdaExt *ext)
{
	refreshed(ext);
	return pmdaInstance(indom, number, name, ret_result, ext);
}

/* --- names and what they mean ------------------------------------------------------------------------------------- */

static int pmid(const char *name, pmID *ret_pmid, pmdaExt *ext)
{
	return pmdaTreePMID(families_names(refreshed(ext)->families), name, ret_pmid);
}

static int name(pmID number, char ***ret_names, pmdaExt *ext)
{
	return pmdaTreeName(families_names(refreshed(ext)->families), number, ret_names);
}

static int children(const char *name, int traverse, char ***ret_names, int **ret_states, pmdaExt *ext)
{
	return pmdaTreeChildren(families_names(refreshed(ext)->families), name, traverse, ret_names, ret_states);
}

static int desc(pmID number, pmDesc *ret_desc, pmdaExt *ext)
{
	refreshed(ext);
	return pmdaDesc(number, ret_desc, ext);
}

static int metric_text(const struct agent *agent, pmID number, int type, char **ret_text)
{
	static const char *const parts[] = { [EXPOSITION_VALUE] = "",
					     [EXPOSITION_COUNT] = " Their number.",
					     [EXPOSITION_SUM] = " Their sum.",
					     [EXPOSITION_BUCKET] = " Their number in each bucket." };
	static const char buckets[] =
		"\nA bucket has those above the bound before and not above its own. One that never had "
		"any is left out.";
	const struct family *family = families_find(agent->families, number);
	enum exposition_part part = pmID_item(number);

	if (!family || part > EXPOSITION_BUCKET)
		return PM_ERR_PMID;
	/* It was there once, and its help is not kept. */
	if (!family->help)
		return agent->up ? PM_ERR_TEXT : PM_ERR_AGAIN;
	return asprintf(ret_text, "%s%s%s", family->help, parts[part],
			part == EXPOSITION_BUCKET && type & PM_TEXT_HELP ? buckets : "") < 0
		       ? -ENOMEM
		       : 0;
}

static int domain_text(const struct agent *agent, pmInDom indom, char **ret_text)
{
	const char *labels = domains_labels(agent->domains, indom);

	if (!labels)
		return PM_ERR_INDOM;
	return asprintf(
		       ret_text,
		       "Labels of kview-monitord: %s.\nTheir values, with \"::\" between, are the name of an instance.",
		       labels) < 0
		       ? -ENOMEM
		       : 0;
}

static int text(int number, int type, char **ret_text, pmdaExt *ext)
{
	const struct agent *agent = refreshed(ext);

	return type & PM_TEXT_PMID ? metric_text(agent, number, type, ret_text) : domain_text(agent, number, ret_text);
}

struct label_sets {
	pmLabelSet *sets;
	int count;
};

static int add_labels(unsigned int number, const char *json, void *data)
{
	struct label_sets *all = data;
	pmLabelSet *set = NULL;
	int err = pmdaAddLabels(&set, "%s", json);

	if (err < 0)
		return err;
	pmdaAddLabelFlags(set, PM_LABEL_INSTANCES);
	set->inst = number;
	all->sets[all->count++] = *set;
	free(set);
	return 0;
}

/*
 * Of those that are away, too, which libpcp_pmda would leave out: pmlogger before PCP 6.3.3 asks once for the labels of
 * a domain, and who comes back later has none in its archive.
 */
static int label_instances(const struct agent *agent, pmInDom indom, pmLabelSet **ret_sets)
{
	size_t count = domains_count(agent->domains, indom);
	struct label_sets all = { .sets = calloc(count ?: 1, sizeof(*all.sets)) };
	int err = all.sets ? domains_each(agent->domains, indom, add_labels, &all) : -ENOMEM;

	if (err) {
		pmFreeLabelSets(all.sets, all.count);
		return err;
	}
	*ret_sets = all.sets;
	return all.count;
}

static int label(int number, int type, pmLabelSet **ret_sets, pmdaExt *ext)
{
	const struct agent *agent = refreshed(ext);

	return type & PM_LABEL_INSTANCES ? label_instances(agent, number, ret_sets)
					 : pmdaLabel(number, type, ret_sets, ext);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void answer_by(struct agent *agent)
{
	pmdaInterface *dispatch = agent->dispatch;

	dispatch->version.seven.fetch = fetch;
	dispatch->version.seven.instance = instance;
	dispatch->version.seven.pmid = pmid;
	dispatch->version.seven.name = name;
	dispatch->version.seven.children = children;
	dispatch->version.seven.desc = desc;
	dispatch->version.seven.text = text;
	dispatch->version.seven.label = label;
	pmdaSetFetchCallBack(dispatch, fetch_value);
	pmdaSetData(dispatch, agent);
	pmdaSetFlags(dispatch, PMDA_EXT_FLAG_HASHED);
	pmdaInit(dispatch, NULL, 0, NULL, 0);
}

int agent_new(pmdaInterface *dispatch, const struct agent_config *config, struct agent **ret_agent)
{
	_cleanup_(agent_freep) struct agent *agent = calloc(1, sizeof(*agent));
	int err;

	if (!agent)
		return -ENOMEM;
	agent->config = *config;
	agent->dispatch = dispatch;
	err = domains_new(dispatch->domain, config->instances_max, config->forget, &agent->domains);
	err = err ?: families_new(dispatch->domain, agent->domains, &agent->families);
	if (err)
		return err;
	answer_by(agent);
	if (dispatch->status)
		return -EINVAL;
	refresh(agent);
	*ret_agent = TAKE_PTR(agent);
	return 0;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	families_free(agent->families);
	domains_free(agent->domains);
	exposition_free(agent->exposition);
	free(agent);
}
