// SPDX-License-Identifier: GPL-2.0-or-later
#include "ruleset.h"

#include <errno.h>
#include <string.h>

#define PORTS 65536

static void set_bit(struct shield_bits *bits, size_t rule)
{
	bits->words[rule / 64] |= 1ULL << (rule % 64);
}

static void or_bits(struct shield_bits *bits, const struct shield_bits *more)
{
	for (size_t i = 0; i < SHIELD_WORDS; i++)
		bits->words[i] |= more->words[i];
}

/* --- sources -------------------------------------------------------------------------------------------------------- */

/* By family and address; of prefixes with the same address the one that contains the other comes first. */
static int compare(const void *a, const void *b)
{
	const struct shield_prefix *left = &((const struct shield_source_bits *)a)->prefix;
	const struct shield_prefix *right = &((const struct shield_source_bits *)b)->prefix;
	int order;

	if (left->family != right->family)
		return left->family - right->family;
	order = memcmp(left->addr, right->addr, sizeof(left->addr));
	return order ?: left->len - right->len;
}

static bool same(const struct shield_prefix *a, const struct shield_prefix *b)
{
	return a->family == b->family && a->len == b->len && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

static bool contains(const struct shield_prefix *outer, const struct shield_prefix *inner)
{
	size_t bytes = outer->len / 8, bits = outer->len % 8;

	if (outer->family != inner->family || outer->len > inner->len || memcmp(outer->addr, inner->addr, bytes))
		return false;
	return !bits || !((outer->addr[bytes] ^ inner->addr[bytes]) >> (8 - bits));
}

/* What is in a prefix is in all that contain it. Those lie on a way from the widest to the narrowest. */
static void inherit(struct shield_source_bits *list, size_t count)
{
	size_t way[130], depth = 0; /* one for each length, and the other family's */

	for (size_t i = 0; i < count; i++) {
		while (depth && !contains(&list[way[depth - 1]].prefix, &list[i].prefix))
			depth--;
		if (depth)
			or_bits(&list[i].bits, &list[way[depth - 1]].bits);
		way[depth++] = i;
	}
}

static size_t join(struct shield_source_bits *list, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept && same(&list[kept - 1].prefix, &list[i].prefix))
			or_bits(&list[kept - 1].bits, &list[i].bits);
		else
			list[kept++] = list[i];
	}
	return kept;
}

static int build_sources(const struct shield_config *config, struct shield_ruleset *set)
{
	struct shield_source_bits *list, any = {};
	size_t count = 2, i, j;

	for (i = 0; i < config->rule_count; i++)
		count += config->rules[i].source_count;
	set->sources = list = calloc(count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (i = count = 0; i < config->rule_count; i++) {
		if (!config->rules[i].source_count)
			set_bit(&any.bits, i);
		for (j = 0; j < config->rules[i].source_count; j++) {
			list[count].prefix = config->rules[i].sources[j];
			set_bit(&list[count++].bits, i);
		}
	}
	list[count] = list[count + 1] = any;
	list[count++].prefix.family = 4;
	list[count++].prefix.family = 6;
	qsort(list, count, sizeof(*list), compare);
	set->source_count = join(list, count);
	inherit(list, set->source_count);
	return set->source_count > SHIELD_PREFIXES ? -E2BIG : 0;
}

/* --- the rest ------------------------------------------------------------------------------------------------------- */

static int build_ports(const struct shield_config *config, bool source, struct shield_bits **ret_ports)
{
	struct shield_bits *ports = calloc(PORTS, sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	for (size_t i = 0; i < config->rule_count; i++) {
		const struct shield_rule *rule = &config->rules[i];
		bool has = source ? rule->has_sports : rule->has_dports;
		const struct shield_ports *range = source ? &rule->sports : &rule->dports;

		for (size_t port = has ? range->first : 0; port <= (has ? range->last : PORTS - 1U); port++)
			set_bit(&ports[port], i);
	}
	*ret_ports = ports;
	return 0;
}

static void build_protocols(const struct shield_config *config, struct shield_ruleset *set)
{
	for (size_t i = 0; i < config->rule_count; i++) {
		int wanted = config->rules[i].protocol;

		for (int protocol = 0; protocol < 256; protocol++)
			if (wanted < 0 || wanted == protocol)
				set_bit(&set->protocols[protocol], i);
	}
}

static struct shield_action make_action(const struct shield_rule *rule, size_t number)
{
	struct shield_action action = { .allow = rule->allow, .counter = number, .each = rule->each };

	if (rule->rate) {
		action.interval_ns = 1000000000 / rule->rate;
		action.burst_ns = action.interval_ns * (rule->burst - 1);
	}
	return action;
}

/* A later fragment is worth nothing without the first one, whose ports were looked at. */
static void build_actions(const struct shield_config *config, struct shield_ruleset *set)
{
	for (size_t i = 0; i < config->rule_count; i++) {
		const struct shield_rule *rule = &config->rules[i];

		set->actions[i] = make_action(rule, i);
		if (rule->allow || (!rule->has_dports && !rule->has_sports))
			set_bit(&set->settings.fragments, i);
	}
	set->settings.pass = config->pass;
	set->settings.builtin = config->builtin;
}

int shield_ruleset_build(const struct shield_config *config, struct shield_ruleset *ret_set)
{
	int err;

	*ret_set = (struct shield_ruleset){};
	err = build_sources(config, ret_set);
	err = err ?: build_ports(config, true, &ret_set->sports);
	err = err ?: build_ports(config, false, &ret_set->dports);
	if (err) {
		shield_ruleset_deinit(ret_set);
		return err;
	}
	build_protocols(config, ret_set);
	build_actions(config, ret_set);
	return 0;
}

void shield_ruleset_deinit(struct shield_ruleset *set)
{
	free(set->sources);
	free(set->sports);
	free(set->dports);
	set->sources = NULL;
	set->sports = set->dports = NULL;
}
