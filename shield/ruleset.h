/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules turned into what the program looks up: see shield_record.h. */
#ifndef KVIEW_SHIELD_RULESET_H
#define KVIEW_SHIELD_RULESET_H

#include "config.h"

/* A prefix with the rules whose sources contain all of it. */
struct shield_source_bits {
	struct shield_prefix prefix;
	struct shield_bits bits;
};

struct shield_ruleset {
	/* of both families, each prefix once; 0.0.0.0/0 and ::/0 are always there */
	struct shield_source_bits *sources;
	size_t source_count;
	struct shield_bits protocols[256];
	struct shield_bits *sports, *dports; /* 65536 of them */
	struct shield_action actions[SHIELD_RULES];
	struct shield_settings settings;
};

/*
 * -ENOMEM; -E2BIG: more different sources than SHIELD_PREFIXES. Counters of @ret_set->actions are the rules' own
 * numbers.
 */
int shield_ruleset_build(const struct shield_config *config, struct shield_ruleset *ret_set);
void shield_ruleset_deinit(struct shield_ruleset *set);

#endif /* KVIEW_SHIELD_RULESET_H */
