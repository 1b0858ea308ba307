// SPDX-License-Identifier: GPL-2.0-or-later
/* What the shields of this machine have let in and dropped, and why: their owners are asked, `kview shield run`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "monitor/daemon/probe.h"
#include "shield/socket.h"
#include "util/clock.h"

#define WAIT_MS 200 /* for an owner, while nothing else is measured */
#define KEEP_NS (600 * NS_PER_SECOND) /* counters of a shield that is gone: another owner may come, and they go on */

enum what {
	PACKETS,
	BYTES,
	RULE_PACKETS,
	RULE_BYTES,
	WOULD_DROP,
	/* of now */
	RULES,
	DRY,
	WHATS,
};

#define BY_REASON { "interface", "reason" }
#define BY_RULE { "interface", "rule" }

static const struct metric_desc families[WHATS] = {
	[PACKETS] = { "kview_shield_packets_total", "Packets by why they passed or were dropped.", METRIC_COUNTER, 1,
		      BY_REASON },
	[BYTES] = { "kview_shield_bytes_total", "Bytes of these packets.", METRIC_COUNTER, 1, BY_REASON },
	[RULE_PACKETS] = { "kview_shield_rule_packets_total", "Packets a rule has decided about.", METRIC_COUNTER, 1,
			   BY_RULE },
	[RULE_BYTES] = { "kview_shield_rule_bytes_total", "Bytes of these packets.", METRIC_COUNTER, 1, BY_RULE },
	[WOULD_DROP] = { "kview_shield_would_drop_packets_total",
			 "Packets that have a reason to be dropped, and passed for a dry run.",
			 METRIC_COUNTER,
			 1,
			 { "interface" } },
	[RULES] = { "kview_shield_rules", "Rules in force.", METRIC_GAUGE, 1, { "interface" } },
	[DRY] = { "kview_shield_dry_run", "1: nothing is dropped.", METRIC_GAUGE, 1, { "interface" } },
};

/* A series, and what its owner had counted when it was asked the last time. */
struct kept {
	TAILQ_ENTRY(kept) entry;
	enum what what;
	char *interface, *key; /* a reason, or the text of a rule */
	struct metric *metric;
	json_int_t owner; /* its pid: another one counts from 0 */
	uint64_t last;
	uint64_t seen; /* when */
};

struct state {
	TAILQ_HEAD(, kept) list;
	struct probe *probe;
	uint64_t now;
};

/* One answer. */
struct answer {
	struct state *state;
	const char *interface;
	json_int_t owner;
};

static void forget(struct state *state, struct kept *kept)
{
	TAILQ_REMOVE(&state->list, kept, entry);
	metrics_put(state->probe->metrics, kept->metric);
	free(kept->interface);
	free(kept->key);
	free(kept);
}

static struct kept *find(const struct answer *answer, enum what what, const char *key)
{
	struct kept *kept;

	TAILQ_FOREACH(kept, &answer->state->list, entry)
		if (kept->what == what && !strcmp(kept->interface, answer->interface) && !strcmp(kept->key, key))
			return kept;
	return NULL;
}

/* NULL: no memory. */
static struct kept *get(const struct answer *answer, enum what what, const char *key, const char *label)
{
	const char *labels[METRIC_LABELS] = { answer->interface, label };
	struct kept *kept = find(answer, what, key);

	if (kept)
		return kept;
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	TAILQ_INSERT_TAIL(&answer->state->list, kept, entry);
	kept->what = what;
	kept->owner = answer->owner;
	kept->interface = strdup(answer->interface);
	kept->key = strdup(key);
	if (kept->interface && kept->key &&
	    !metrics_get(answer->state->probe->metrics, &families[what], labels, &kept->metric))
		return kept;
	forget(answer->state, kept);
	return NULL;
}

static int count(const struct answer *answer, enum what what, const char *key, const char *label, const json_t *number)
{
	struct kept *kept = get(answer, what, key, label);
	uint64_t value = json_integer_value(number);

	if (!kept)
		return -ENOMEM;
	if (kept->owner != answer->owner || value < kept->last)
		kept->last = 0;
	metric_add(kept->metric, value - kept->last);
	kept->last = value;
	kept->owner = answer->owner;
	kept->seen = answer->state->now;
	return 0;
}

static int set(const struct answer *answer, enum what what, double value)
{
	struct kept *kept = get(answer, what, "", NULL);

	if (!kept)
		return -ENOMEM;
	metric_set(kept->metric, value);
	kept->seen = answer->state->now;
	return 0;
}

static int take_reason(const struct answer *answer, const char *reason, const json_t *counted)
{
	const json_t *packets = json_object_get(counted, "packets");

	if (!strcmp(reason, "would_drop"))
		return count(answer, WOULD_DROP, reason, NULL, packets);
	return count(answer, PACKETS, reason, reason, packets) ?:
	       count(answer, BYTES, reason, reason, json_object_get(counted, "bytes"));
}

/* Rules are told apart by their text, as their owner does, and shown by their name if they have one. */
static int take_rule(const struct answer *answer, const json_t *rule)
{
	const char *text = json_string_value(json_object_get(rule, "text"));
	const char *name = json_string_value(json_object_get(rule, "name")) ?: text;

	if (!text)
		return 0;
	return count(answer, RULE_PACKETS, text, name, json_object_get(rule, "packets")) ?:
	       count(answer, RULE_BYTES, text, name, json_object_get(rule, "bytes"));
}

static int take_answer(const struct answer *answer, json_t *json)
{
	json_t *rules = json_object_get(json, "rules"), *counted;
	const char *reason;
	size_t i;
	int err = set(answer, RULES, json_array_size(rules)) ?:
		  set(answer, DRY, json_is_true(json_object_get(json, "dry_run")));

	json_object_foreach(json_object_get(json, "reasons"), reason, counted)
		err = err ?: take_reason(answer, reason, counted);
	json_array_foreach(rules, i, counted)
		err = err ?: take_rule(answer, counted);
	return err;
}

static int ask(const char *interface, void *data)
{
	struct answer answer = { .state = data, .interface = interface };
	json_t *json;
	int err;

	/* The owner may just have ended. */
	if (shield_socket_ask(interface, "status", WAIT_MS, &json))
		return 0;
	answer.owner = json_integer_value(json_object_get(json, "pid"));
	err = take_answer(&answer, json);
	json_decref(json);
	return err;
}

static void forget_unseen(struct state *state)
{
	struct kept *kept, *next;

	for (kept = TAILQ_FIRST(&state->list); kept; kept = next) {
		next = TAILQ_NEXT(kept, entry);
		if (state->now - kept->seen > (kept->what < RULES ? KEEP_NS : 0))
			forget(state, kept);
	}
}

static int collect(struct probe *probe, uint64_t now)
{
	struct state *state = probe->state;
	int err;

	state->now = now;
	err = shield_socket_each(ask, state);
	if (!err)
		forget_unseen(state);
	return err;
}

static int follow(struct probe *probe)
{
	struct state *state = probe->state;

	if (state)
		return 0;
	probe->state = state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	TAILQ_INIT(&state->list);
	state->probe = probe;
	return 0;
}

static void deinit(struct probe *probe)
{
	struct state *state = probe->state;

	while (state && !TAILQ_EMPTY(&state->list))
		forget(state, TAILQ_FIRST(&state->list));
	free(state);
}

const struct probe_ops probe_shield = { .collect = collect, .follow = follow, .deinit = deinit };
