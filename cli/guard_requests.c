// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_requests.h"

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "guard.h"
#include "guard/pairlist.h"
#include "guard_events.h"
#include "guard_metrics.h"
#include "guard_server.h"
#include "scope.h"

#define FREEZE_SECONDS_MAX 1e9

static uint64_t now_of(const struct guard_state *state)
{
	return guard_kernel_env(state->programs->kernel)->now;
}

static json_t *done(void)
{
	return json_pack("{s:b}", "ok", 1);
}

/* --- which profile --- */

static bool is_name(const struct guard_state *state, uint32_t number, const char *name)
{
	const struct guard_profile *profile = guard_kernel_profile(state->programs->kernel, number);

	return !strcmp(name, guard_programs_name(state->programs, number)) || !strncmp(name, profile->comm, GUARD_COMM);
}

/* By its number, its path, or its name if that is the only one. 0: there is none, and *ret_refusal says so. */
static uint32_t find_profile(const struct guard_state *state, const json_t *request, json_t **ret_refusal)
{
	const char *name = json_string_value(json_object_get(request, "profile"));
	uint32_t number, found = 0, count = guard_kernel_profile_count(state->programs->kernel);

	if (!name) {
		*ret_refusal = guard_server_refusal("profile: expected its path, name or number");
		return 0;
	}
	if (*name >= '1' && *name <= '9' && strtoul(name, NULL, 10) <= count &&
	    strspn(name, "0123456789") == strlen(name))
		return strtoul(name, NULL, 10);
	for (number = 1; number <= count; number++) {
		if (!is_name(state, number, name))
			continue;
		if (found && *name != '/') {
			*ret_refusal = guard_server_refusal(
				"%s: several profiles have this name: expected a path or number", name);
			return 0;
		}
		found = number;
	}
	if (!found)
		*ret_refusal = guard_server_refusal("%s: no such profile", name);
	return found;
}

/* --- what is asked --- */

static int count_task(const struct guard_task_record *record, void *data)
{
	(void)record;
	++*(json_int_t *)data;
	return 0;
}

static json_t *status(struct guard_state *state, const json_t *request)
{
	const struct guard_settings *settings = guard_kernel_settings(state->programs->kernel);
	const struct guard_profile *profile;
	json_int_t normal = 0, alarms = 0, anomalies = 0, tasks = 0;
	uint32_t number;
	json_t *answer;

	(void)request;
	for (number = 1; (profile = guard_kernel_profile(state->programs->kernel, number)); number++) {
		normal += !!profile->normal;
		alarms += profile->alarms;
		anomalies += profile->anomalies;
	}
	guard_kernel_each_task(state->programs->kernel, count_task, &tasks);
	answer = json_pack("{s:b, s:s, s:s, s:f, s:o, s:I, s:i, s:I, s:I, s:I, s:I, s:i, s:i, s:o}", "ok", 1, "kview",
			   KVIEW_VERSION, "scope", state->scope, "uptime", (now_of(state) - state->start) / 1e9,
			   "saved_ago", state->saved ? json_real((now_of(state) - state->saved) / 1e9) : json_null(),
			   "failed_saves", (json_int_t)state->failed_saves, "profiles", (int)number - 1, "normal",
			   normal, "tasks", tasks, "alarms", alarms, "anomalies", anomalies, "profiles_max",
			   (int)settings->profile_max, "blocks_max", (int)settings->block_max, "counters",
			   guard_counters_describe(guard_kernel_counters(state->programs->kernel)));
	json_object_set_new(answer, "rule",
			    json_pack("{s:s, s:i, s:i, s:i}", "kind",
				      settings->rule.kind == GUARD_RULE_PH ? "ph" : "rate", "lfc_limit",
				      (int)settings->rule.lfc_limit, "spans", (int)settings->rule.spans, "novel_limit",
				      (int)settings->rule.novel_limit));
	json_object_update_new(
		answer, json_pack("{s:i, s:b, s:I, s:I, s:I}", "revision", GUARD_PROTOCOL_REVISION, "saving_fails",
				  guard_state_is_failing(state), "suppressed", (json_int_t)state->limit.suppressed, "unsaved_events",
				  (json_int_t)(state->programs->store ? guard_history_waiting(state->history) : 0),
				  "lost_events", (json_int_t)guard_history_lost(state->history)));
	return answer;
}

struct listing {
	struct guard_state *state;
	json_t *list;
};

static int list_task(const struct guard_task_record *record, void *data)
{
	struct listing *listing = data;
	json_t *json;

	json = json_pack("{s:i, s:i, s:s%, s:s, s:i, s:i, s:i, s:i}", "pid", (int)record->tgid, "tid", (int)record->tid,
			 "comm", record->comm, strnlen(record->comm, GUARD_COMM), "program",
			 guard_programs_name(listing->state->programs, record->task.profile), "calls",
			 (int)record->task.calls, "anomalies", (int)record->task.anomalies, "lfc",
			 (int)record->task.lfc, "max_lfc", (int)record->task.max_lfc);
	return json_array_append_new(listing->list, json) ? -ENOMEM : 0;
}

static json_t *tasks(struct guard_state *state, const json_t *request)
{
	struct listing listing = { state, json_array() };
	int err;

	(void)request;
	err = guard_kernel_each_task(state->programs->kernel, list_task, &listing);
	if (err) {
		json_decref(listing.list);
		return guard_server_refusal("tasks: %s", strerror(-err));
	}
	return json_pack("{s:b, s:o}", "ok", 1, "tasks", listing.list);
}

/* From 0 to 1: how near a profile is to normal. */
static double progress(const struct guard_rule *rule, const struct guard_profile *profile)
{
	uint64_t before = profile->train_count - profile->last_mod_count;
	double part;

	if (profile->normal)
		return 1;
	if (rule->kind == GUARD_RULE_PH)
		part = before ? (double)profile->train_count * rule->normal_divisor / (before * rule->normal_factor)
			      : 0;
	else /* of a block of spans, which is for nothing when too much was new */
		part = profile->novel_spans <= rule->novel_limit ? (double)profile->spans / rule->spans : 0;
	return part < 1 ? part : 1;
}

static json_t *describe_profile(struct guard_state *state, uint32_t number, const struct guard_profile *profile)
{
	const struct guard_rule *rule = &guard_kernel_settings(state->programs->kernel)->rule;
	json_t *json = guard_profile_describe(profile, guard_programs_name(state->programs, number));

	json_object_update_new(json, json_pack("{s:i, s:I, s:i, s:f}", "number", (int)number, "suppressed",
					       (json_int_t)guard_limit_suppressed(&state->limit, number), "novel_spans",
					       (int)profile->novel_spans, "progress", progress(rule, profile)));
	return json;
}

static json_t *profiles(struct guard_state *state, const json_t *request)
{
	const struct guard_profile *profile;
	json_t *list = json_array();
	uint32_t number;

	(void)request;
	for (number = 1; (profile = guard_kernel_profile(state->programs->kernel, number)); number++)
		json_array_append_new(list, describe_profile(state, number, profile));
	return json_pack("{s:b, s:o}", "ok", 1, "profiles", list);
}

/* [call, the earlier one (65535: none), distances as bits] of each pair. */
static json_t *describe_pairs(struct guard_state *state, struct guard_profile *profile, enum guard_copy copy)
{
	_cleanup_(freep) struct guard_pair *pairs = NULL;
	json_t *list = json_array();
	size_t i, count;

	if (guard_pairlist_get(guard_kernel_env(state->programs->kernel), profile, copy, &pairs, &count)) {
		json_decref(list);
		return NULL;
	}
	for (i = 0; i < count; i++)
		json_array_append_new(list, json_pack("[i, i, i]", pairs[i].call, pairs[i].before, pairs[i].distances));
	return list;
}

static uint32_t call_count(const struct guard_profile *profile)
{
	return profile->id_count < GUARD_IDS ? profile->id_count : GUARD_IDS;
}

static json_t *describe_calls(struct guard_state *state, struct guard_profile *profile)
{
	json_t *list = json_array();
	char name[GUARD_CALL_NAME];
	uint32_t id;

	for (id = 0; id < call_count(profile); id++)
		json_array_append_new(
			list, json_string(guard_call_name(
				      guard_call_of(guard_kernel_env(state->programs->kernel), profile, id), name)));
	return list;
}

static json_t *number_calls(struct guard_state *state, struct guard_profile *profile)
{
	json_t *list = json_array();
	uint32_t id;

	for (id = 0; id < call_count(profile); id++)
		json_array_append_new(
			list, json_integer(guard_call_of(guard_kernel_env(state->programs->kernel), profile, id)));
	return list;
}

/* All there is of a profile: what "import" takes. */
static json_t *show(struct guard_state *state, const json_t *request)
{
	json_t *refusal = NULL, *json;
	uint32_t number = find_profile(state, request, &refusal);
	struct guard_profile *profile = guard_kernel_profile(state->programs->kernel, number);

	if (!profile)
		return refusal;
	json = describe_profile(state, number, profile);
	json_object_update_new(json,
			       json_pack("{s:b, s:o, s:o, s:o, s:o}", "ok", 1, "call_names",
					 describe_calls(state, profile), "call_numbers", number_calls(state, profile),
					 "accepted", describe_pairs(state, profile, GUARD_ACCEPTED), "recent",
					 describe_pairs(state, profile, GUARD_RECENT)));
	return json;
}

/* --- what is changed --- */

static json_t *change(struct guard_state *state, const json_t *request,
		      void (*fn)(struct guard_env *env, struct guard_profile *profile))
{
	json_t *refusal = NULL;
	uint32_t number = find_profile(state, request, &refusal);
	struct guard_profile *profile = guard_kernel_profile(state->programs->kernel, number);

	if (!profile)
		return refusal;
	fn(guard_kernel_env(state->programs->kernel), profile);
	return done();
}

static void do_train(struct guard_env *env, struct guard_profile *profile)
{
	(void)env;
	guard_train(profile);
}

static json_t *train(struct guard_state *state, const json_t *request)
{
	return change(state, request, do_train);
}

static json_t *normalize(struct guard_state *state, const json_t *request)
{
	return change(state, request, guard_normalize);
}

static json_t *sensitize(struct guard_state *state, const json_t *request)
{
	return change(state, request, guard_sensitize);
}

static json_t *tolerize(struct guard_state *state, const json_t *request)
{
	return change(state, request, guard_tolerize);
}

static json_t *reset(struct guard_state *state, const json_t *request)
{
	return change(state, request, guard_reset);
}

static json_t *freeze(struct guard_state *state, const json_t *request)
{
	double seconds = json_number_value(json_object_get(request, "seconds"));
	json_t *refusal = NULL;
	uint32_t number = find_profile(state, request, &refusal);
	struct guard_profile *profile = guard_kernel_profile(state->programs->kernel, number);

	if (!profile)
		return refusal;
	if (!(seconds >= 0 && seconds <= FREEZE_SECONDS_MAX))
		return guard_server_refusal("seconds: expected a number from 0 to %g", FREEZE_SECONDS_MAX);
	if (profile->normal)
		return guard_server_refusal("%s is normal already", guard_programs_name(state->programs, number));
	guard_freeze(profile, now_of(state) + (uint64_t)(seconds * 1e9));
	return done();
}

static json_t *set(struct guard_state *state, const json_t *request)
{
	const char *words = json_string_value(json_object_get(request, "respond"));
	json_t *refusal = NULL;
	uint32_t number = find_profile(state, request, &refusal), response;
	struct guard_profile *profile = guard_kernel_profile(state->programs->kernel, number);
	int err;

	if (!profile)
		return refusal;
	if (!words || !guard_responses_of(words, &response))
		return guard_server_refusal("respond: expected any of slow, refuse-exec, stop, kill, or spare or log");
	if (guard_programs_spares(state->programs, number))
		return guard_server_refusal("%s: the guard was started with --spare for it",
					    guard_programs_name(state->programs, number));
	err = guard_kernel_prepare(state->programs->kernel, response);
	if (err == -EOPNOTSUPP)
		return guard_server_refusal("%s: the kernel was started without its BPF LSM (/sys/kernel/security/lsm)",
					    words);
	if (err)
		return guard_server_refusal("%s: %s", words, strerror(-err));
	profile->response = response;
	return done();
}

static json_t *save(struct guard_state *state, const json_t *request)
{
	(void)request;
	if (!state->programs->store)
		return guard_server_refusal("the guard was started without --profiles");
	if (guard_state_save(state))
		return guard_server_refusal("not saved: %s: %s", state->file,
					    guard_store_reason(state->programs->store));
	return done();
}

static bool get_pair(const json_t *json, struct guard_pair *pair)
{
	json_int_t call, before, distances;

	if (json_unpack((json_t *)json, "[I, I, I!]", &call, &before, &distances) || call < 0 ||
	    call >= GUARD_PAIR_NONE || before < 0 || before > GUARD_PAIR_NONE || distances < 1 || distances > 0xff)
		return false;
	*pair = (struct guard_pair){ .call = call, .before = before, .distances = distances };
	return true;
}

/* Of another host, or of another time: it is added to what is known here. */
static int add_pairs(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy, const json_t *list)
{
	_cleanup_(freep) struct guard_pair *pairs = calloc(json_array_size(list) + 1, sizeof(*pairs));
	size_t i;

	if (!pairs)
		return -ENOMEM;
	for (i = 0; i < json_array_size(list); i++)
		if (!get_pair(json_array_get(list, i), &pairs[i]))
			return -EINVAL;
	return guard_pairlist_add(env, profile, copy, pairs, json_array_size(list));
}

static json_t *import(struct guard_state *state, const json_t *request)
{
	const json_t *from = json_object_get(request, "exported");
	const char *path = json_string_value(json_object_get(from, "program"));
	struct guard_env *env = guard_kernel_env(state->programs->kernel);
	struct guard_profile *profile;
	uint32_t number;
	int err;

	if (!path || !json_is_array(json_object_get(from, "accepted")) ||
	    !json_is_array(json_object_get(from, "recent")))
		return guard_server_refusal("exported: expected what the request show answers");
	err = guard_programs_find(state->programs, path, &number);
	if (err)
		return guard_server_refusal("%s: %s", path, strerror(-err));
	profile = guard_kernel_profile(state->programs->kernel, number);
	err = add_pairs(env, profile, GUARD_RECENT, json_object_get(from, "accepted"));
	/* Normal before it gets what nobody has accepted. */
	if (!err && !strcmp(json_string_value(json_object_get(from, "state")) ?: "", "normal"))
		guard_normalize(env, profile);
	if (!err)
		err = add_pairs(env, profile, GUARD_RECENT, json_object_get(from, "recent"));
	if (err)
		return guard_server_refusal("%s: %s", path,
					    err == -EINVAL ? "this is no list of pairs" : strerror(-err));
	return done();
}

static json_t *metrics(struct guard_state *state, const json_t *request)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	(void)request;
	if (!out)
		return NULL;
	err = guard_metrics_write(state, out);
	if (fclose(out) || err)
		return guard_server_refusal("metrics: %s", strerror(err ? -err : ENOMEM));
	return json_pack("{s:b, s:s}", "ok", 1, "text", text);
}

static json_t *history(struct guard_state *state, const json_t *request)
{
	return guard_history_answer(state->history, request);
}

/* What is changed in a profile becomes an event, by the profile's full name. */
static void note_change(struct guard_state *state, const char *what, const json_t *request,
			const struct guard_asker *asker)
{
	const char *program = json_string_value(json_object_get(json_object_get(request, "exported"), "program"));
	json_t *refusal = NULL;
	uint32_t number;

	if (!program) {
		number = find_profile(state, request, &refusal);
		program = guard_programs_name(state->programs, number);
		json_decref(refusal);
	}
	guard_state_note_operator(state, asker->name, what, program, request);
}

json_t *guard_answer(void *state, const char *what, const json_t *request, const struct guard_asker *asker)
{
	static const struct {
		const char *name;
		json_t *(*fn)(struct guard_state *state, const json_t *request);
		enum { ASKS, CHANGES, CHANGES_PROFILE } kind;
	} requests[] = {
		{ "status", status, ASKS },
		{ "tasks", tasks, ASKS },
		{ "profiles", profiles, ASKS },
		{ "show", show, ASKS },
		{ "history", history, ASKS },
		{ "metrics", metrics, ASKS },
		{ "save", save, CHANGES },
		{ "train", train, CHANGES_PROFILE },
		{ "normalize", normalize, CHANGES_PROFILE },
		{ "sensitize", sensitize, CHANGES_PROFILE },
		{ "tolerize", tolerize, CHANGES_PROFILE },
		{ "freeze", freeze, CHANGES_PROFILE },
		{ "reset", reset, CHANGES_PROFILE },
		{ "set", set, CHANGES_PROFILE },
		{ "import", import, CHANGES_PROFILE },
	};
	json_t *answer;
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(what, requests[i].name))
			continue;
		if (requests[i].kind != ASKS && !asker->may_change)
			return guard_server_refusal("%s: only root may change something", what);
		answer = requests[i].fn(state, request);
		if (requests[i].kind == CHANGES_PROFILE && json_is_true(json_object_get(answer, "ok")))
			note_change(state, what, request, asker);
		return answer;
	}
	return guard_server_refusal("%s: no such request", what);
}
