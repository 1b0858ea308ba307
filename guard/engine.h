/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process homeostasis: what one call of a task means to the profile of its program. One code for the BPF program,
 * replay and tests; see pairs.h for what the including file has to provide.
 *
 * The life of a profile: it trains; it becomes normal, by its rule or because somebody says so; from then on what it
 * does not know is an anomaly. What it sees meanwhile it remembers as recent, until somebody accepts or forgets that.
 *
 * Counters of a profile are exact to the call with GUARD_RULE_PH, which needs them; else tasks bring theirs at the end
 * of each span.
 */
#ifndef GUARD_ENGINE_H
#define GUARD_ENGINE_H

#include "guard/pairs.h"

enum guard_rule_kind {
	/*
	 * Normal when the rate of spans that still bring something new is known to be low, over @spans of them; never
	 * trains again by itself. A span is @span_calls calls of a task, or what is left when it ends.
	 */
	GUARD_RULE_RATE,
	/* As published for pH: normal after a time without novelty that grows with training; see guard_call_ph(). */
	GUARD_RULE_PH,
};

struct guard_rule {
	__u32 kind;
	__u32 lfc_limit;     /* anomalies in a locality frame that are too many */
	__u32 span_calls;    /* a power of two */
	__u32 spans;	     /* in a block */
	__u32 novel_limit;   /* spans of a block that may bring something new for the profile to become normal */
	__u32 anomaly_limit; /* pH: of a profile, then it trains again */
	__u32 normal_factor; /* pH: calls of training to those before the last novelty, as factor / divisor */
	__u32 normal_divisor;
	__u64 normal_wait; /* ns; pH: between frozen and normal. Rate: from the creation of a profile */
};

#define GUARD_RULE_DEFAULTS                                                                                            \
	{                                                                                                              \
		.kind = GUARD_RULE_RATE, .lfc_limit = 12, .span_calls = 1024, .spans = 128, .novel_limit = 2,          \
		.anomaly_limit = 30, .normal_factor = 128, .normal_divisor = 32, .normal_wait = 0,                     \
	}

enum guard_event {
	GUARD_ALARM_TASK = 1,	 /* too many anomalies in a locality frame */
	GUARD_ALARM_PROFILE = 2, /* more spans with anomalies than its own normal rate explains */
	GUARD_ALARM_CALL = 4,	 /* a call it never made before it was normal */
	GUARD_ALARMS = 7,
	GUARD_BECAME_NORMAL = 8,
	GUARD_BECAME_TRAINING = 16,
	GUARD_ANOMALY = 32,
	GUARD_NOVELTY = 64, /* learned while training */
};

/* What a call was. */
struct guard_verdict {
	__u32 events;  /* enum guard_event */
	__u32 missing; /* bit i: the pair with the call i + 1 places back is unknown */
	__u32 lfc;     /* of the task */
};

/* --- tasks --- */

/* Of @task, since its fork or exec. */
GUARD_INLINE __u32 guard_task_calls(const struct guard_task *task)
{
	return task->calls - task->short_calls;
}

/* The next call of @task goes the long way. */
GUARD_INLINE void guard_task_settle(struct guard_task *task)
{
	task->calls -= task->short_calls;
	task->short_calls = 0;
}

GUARD_INLINE void guard_task_calm(struct guard_task *task, const struct guard_profile *profile)
{
	task->locality[0] = 0;
	task->locality[1] = 0;
	task->lfc = 0;
	task->max_lfc = 0;
	task->flags &= ~(GUARD_TASK_ALARMED | GUARD_TASK_CALL_ALARMED);
	task->epoch = profile->epoch;
}

/* Nothing is known of @task but that @window came before, also in what handlers interrupted that it may be in. */
GUARD_INLINE void guard_task_windows(struct guard_task *task, __u64 window)
{
	__u32 i;

	task->window = window;
#pragma GCC unroll 8
	for (i = 0; i < GUARD_FRAMES; i++)
		task->frames[i] = window;
}

/* Begin with @profile, at an exec. */
GUARD_INLINE void guard_task_exec(struct guard_task *task, const struct guard_profile *profile, __u32 number)
{
	guard_task_windows(task, GUARD_WINDOW_NONE);
	task->profile = number;
	task->calls = 0;
	task->short_calls = 0;
	task->anomalies = 0;
	task->depth = 0;
	task->lost_frames = 0;
	task->unmatched = 0;
	task->flags = 0;
	guard_task_calm(task, profile);
}

/*
 * Begin with @profile in the middle of what it does: it was there before the guard. The published rule takes that for the
 * start of a process.
 */
GUARD_INLINE void guard_task_meet(const struct guard_rule *rule, struct guard_task *task,
				  const struct guard_profile *profile, __u32 number)
{
	guard_task_exec(task, profile, number);
	if (rule->kind != GUARD_RULE_PH)
		guard_task_windows(task, GUARD_WINDOW_UNSEEN);
}

/* @child goes on where its parent is: also what the parent did wrong. */
GUARD_INLINE void guard_task_fork(struct guard_task *child, const struct guard_task *parent)
{
	*child = *parent;
	child->calls = 0;
	child->short_calls = 0;
	child->anomalies = 0;
	child->lost_frames = 0;
	child->unmatched = 0;
	child->flags &= GUARD_TASK_ALARMED | GUARD_TASK_CALL_ALARMED;
}

/* A handler begins: it has a window of its own. When there are too many, the outermost is lost, and counted. */
GUARD_INLINE void guard_task_signal(struct guard_task *task)
{
	__u32 i;

#pragma GCC unroll 8
	for (i = GUARD_FRAMES - 1; i > 0; i--)
		task->frames[i] = task->frames[i - 1];
	task->frames[0] = task->window;
	task->window = GUARD_WINDOW_NONE;
	if (task->depth < GUARD_FRAMES)
		task->depth++;
	else if (task->lost_frames != 0xff)
		task->lost_frames++;
}

/* It ends: call this before rt_sigreturn itself is recorded, which belongs to what it returns to. */
GUARD_INLINE void guard_task_sigreturn(struct guard_task *task)
{
	__u32 i;

	task->window = task->frames[0];
#pragma GCC unroll 8
	for (i = 0; i < GUARD_FRAMES - 1; i++)
		task->frames[i] = task->frames[i + 1];
	task->frames[GUARD_FRAMES - 1] = GUARD_WINDOW_NONE;
	if (task->depth)
		task->depth--;
	else if (task->unmatched != 0xff)
		task->unmatched++;
}

/* The last call of @task has been judged, but did not begin, or may not have ended: it will be made again, or may be. */
GUARD_INLINE void guard_task_put_off(struct guard_task *task)
{
	guard_task_settle(task);
	task->flags &= GUARD_TASK_AGAIN - 1;
	task->flags |= GUARD_TASK_AGAIN | task->depth * GUARD_TASK_AGAIN_DEPTH;
}

/* It will not be made again after all. */
GUARD_INLINE void guard_task_give_up(struct guard_task *task)
{
	if (task->flags / GUARD_TASK_AGAIN_DEPTH == task->depth)
		task->flags &= GUARD_TASK_AGAIN - 1;
}

/*
 * Is there nothing to judge about @call, which ends a handler if @returns? It is the one that was put off, or the end of a
 * handler that came before that is made again: the window then still ends with it.
 */
GUARD_INLINE int guard_task_again(struct guard_env *env, struct guard_profile *profile, struct guard_task *task,
				  __u32 call, int returns)
{
	__u32 depth = task->flags / GUARD_TASK_AGAIN_DEPTH, id = task->window & 0xff;

	if (!(task->flags & GUARD_TASK_AGAIN))
		return 0;
	if (task->depth > depth) {
		if (!returns || task->depth > depth + 1)
			return 0;
		guard_task_sigreturn(task);
		guard_task_settle(task);
		return 1;
	}
	task->flags &= GUARD_TASK_AGAIN - 1;
	return task->depth == depth && id < GUARD_IDS && guard_call_of(env, profile, id) == call;
}

/* Shift @anomaly into the locality frame, and keep count of it. */
GUARD_INLINE void guard_task_push(struct guard_task *task, __u32 anomaly)
{
	__u32 oldest;

	if (!anomaly && !task->lfc)
		return;
	oldest = task->locality[1] >> 63;
	task->locality[1] = task->locality[1] << 1 | task->locality[0] >> 63;
	task->locality[0] = task->locality[0] << 1 | anomaly;
	task->lfc += anomaly - oldest;
	if (task->lfc > task->max_lfc)
		task->max_lfc = task->lfc;
}

/* --- what people ask for --- */

GUARD_INLINE void guard_profile_begin(struct guard_profile *profile)
{
	profile->frozen = 0;
	profile->spans = 0;
	profile->novel_spans = 0;
	profile->train_count = 0;
	profile->last_mod_count = 0;
	profile->sequences = 0;
	profile->anomalies = 0;
	profile->epoch += GUARD_EPOCH;
}

/* Accept all that was learned, and test from now on. */
GUARD_INLINE void guard_normalize(struct guard_env *env, struct guard_profile *profile)
{
	if (profile->spans >= profile->normal_spans / 2) {
		profile->normal_novel = profile->novel_spans;
		profile->normal_spans = profile->spans;
	}
	guard_drain(env, profile, 1);
	profile->accepted_ids = profile->id_count;
	profile->normal = 1;
	guard_profile_begin(profile);
}

/* Train again, from what is known. */
GUARD_INLINE void guard_train(struct guard_profile *profile)
{
	profile->normal = 0;
	guard_profile_begin(profile);
}

/* Forget what was learned since the profile was normal, or at all if it never was. */
GUARD_INLINE void guard_sensitize(struct guard_env *env, struct guard_profile *profile)
{
	guard_drain(env, profile, 0);
	guard_profile_begin(profile);
}

/* Accept what a normal profile has seen since: it raises no more alarms about that. */
GUARD_INLINE void guard_tolerize(struct guard_env *env, struct guard_profile *profile)
{
	guard_drain(env, profile, 1);
	profile->accepted_ids = profile->id_count;
	guard_profile_begin(profile);
}

/* Trained: normal at @normal_time, if nothing new comes before. */
GUARD_INLINE void guard_freeze(struct guard_profile *profile, __u64 normal_time)
{
	profile->frozen = 1;
	profile->normal_time = normal_time;
}

/*
 * Know nothing any more. What tasks that make calls at this moment still learn is known by other ids then: it may leave
 * a pair that never was.
 */
GUARD_INLINE void guard_reset(struct guard_env *env, struct guard_profile *profile)
{
	__u32 i;

	guard_train(profile);
	profile->epoch += GUARD_GENERATION;
	guard_forget(env, profile);
	for (i = 0; i < GUARD_SLOTS; i++)
		profile->slots[i] = 0;
	profile->id_count = 0;
	profile->accepted_ids = 0;
	profile->alarms = 0;
	profile->lost = 0;
}

/* --- calls --- */

/* Anomalies in so many spans of a block are too many for @profile: three standard deviations and some beyond its own
 * rate. */
GUARD_INLINE __u32 guard_span_limit(const struct guard_rule *rule, const struct guard_profile *profile)
{
	__u32 expected = 0, root = 1;

	if (profile->normal_spans)
		expected = (profile->normal_novel * rule->spans + profile->normal_spans - 1) / profile->normal_spans;
	while (root < 32 && root * root < expected + 1)
		root++;
	return expected + 4 + 3 * root;
}

/* A block of spans is complete. */
GUARD_INLINE __u32 guard_block_end(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile)
{
	__u32 arms = !profile->normal && !profile->frozen && rule->kind == GUARD_RULE_RATE &&
		     profile->novel_spans <= rule->novel_limit &&
		     guard_env_now(env) - profile->created >= rule->normal_wait;

	if (!arms) {
		if (!profile->normal) {
			profile->normal_novel = profile->novel_spans;
			profile->normal_spans = profile->spans;
		}
		profile->spans = 0;
		profile->novel_spans = 0;
		return 0;
	}
	guard_normalize(env, profile);
	return GUARD_BECAME_NORMAL;
}

/* A span of @task is complete: after enough calls, or because it ends. @calls of it were not counted yet. */
GUARD_FUNCTION __u32 guard_span_end(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				    struct guard_task *task, __u32 calls)
{
	__u32 events = 0, novel = 0;

	GUARD_CHECK(env, rule && profile && task, 0);
	__sync_fetch_and_add(&profile->calls_seen, calls);
	if (task->flags & GUARD_TASK_NOVEL) {
		task->flags &= ~GUARD_TASK_NOVEL;
		novel = __sync_fetch_and_add(&profile->novel_spans, 1) + 1;
	}
	if (profile->normal && novel && novel == guard_span_limit(rule, profile)) {
		__sync_fetch_and_add(&profile->alarms, 1);
		events = GUARD_ALARM_PROFILE;
	}
	if (__sync_fetch_and_add(&profile->spans, 1) + 1 == rule->spans)
		events |= guard_block_end(env, rule, profile);
	return events;
}

/* @task ends, or leaves its profile at an exec. */
GUARD_INLINE __u32 guard_task_exit(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				   struct guard_task *task)
{
	__u32 calls;

	guard_task_settle(task);
	calls = task->calls & (rule->span_calls - 1);
	if (!calls || rule->kind == GUARD_RULE_PH)
		return 0;
	return guard_span_end(env, rule, profile, task, calls);
}

/* The locality frame of @task got another anomaly, or calmed down. */
GUARD_INLINE __u32 guard_task_alarm(const struct guard_rule *rule, struct guard_profile *profile,
				    struct guard_task *task)
{
	if (task->lfc <= rule->lfc_limit / 2)
		task->flags &= ~GUARD_TASK_ALARMED;
	if (task->lfc <= rule->lfc_limit || task->flags & GUARD_TASK_ALARMED)
		return 0;
	task->flags |= GUARD_TASK_ALARMED;
	__sync_fetch_and_add(&profile->alarms, 1);
	return GUARD_ALARM_TASK;
}

/* A normal profile does not know this: count it, and remember it unless the task has gone wrong altogether. */
GUARD_INLINE __u32 guard_anomaly(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				 struct guard_task *task, __u32 id, __u64 window, __u32 missing)
{
	__u32 events = GUARD_ANOMALY;

	task->flags |= GUARD_TASK_NOVEL;
	task->anomalies++;
	__sync_fetch_and_add(&profile->anomalies, 1);
	guard_task_push(task, 1);
	if (id >= profile->accepted_ids && !(task->flags & GUARD_TASK_CALL_ALARMED)) {
		task->flags |= GUARD_TASK_CALL_ALARMED;
		__sync_fetch_and_add(&profile->alarms, 1);
		events |= GUARD_ALARM_CALL;
	}
	events |= guard_task_alarm(rule, profile, task);
	if (!(task->flags & GUARD_TASK_ALARMED)) {
		missing &= guard_missing(env, profile, GUARD_RECENT, id, window);
		if (missing)
			guard_learn(env, profile, id, window, missing);
	}
	return events;
}

/* A profile that trains learns. */
GUARD_INLINE __u32 guard_novelty(struct guard_env *env, struct guard_profile *profile, struct guard_task *task,
				 __u32 id, __u64 window, __u32 missing)
{
	guard_learn(env, profile, id, window, missing);
	task->flags |= GUARD_TASK_NOVEL;
	profile->frozen = 0;
	__sync_fetch_and_add(&profile->sequences, 1);
	return GUARD_NOVELTY;
}

GUARD_INLINE __u32 guard_thaw(struct guard_env *env, struct guard_profile *profile)
{
	if (guard_env_now(env) < profile->normal_time)
		return 0;
	guard_normalize(env, profile);
	return GUARD_BECAME_NORMAL;
}

GUARD_INLINE __u32 guard_call_rate(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				   struct guard_task *task, __u32 id, __u64 window, struct guard_verdict *verdict)
{
	__u32 events = 0;

	if (profile->normal) {
		verdict->missing = guard_missing(env, profile, GUARD_ACCEPTED, id, window);
		if (verdict->missing || id >= profile->accepted_ids) {
			events = guard_anomaly(env, rule, profile, task, id, window, verdict->missing);
		} else if (task->lfc) {
			guard_task_push(task, 0);
			events = guard_task_alarm(rule, profile, task);
		}
	} else {
		verdict->missing = guard_missing(env, profile, GUARD_RECENT, id, window);
		if (verdict->missing)
			verdict->missing &= guard_missing(env, profile, GUARD_ACCEPTED, id, window);
		if (verdict->missing)
			events = guard_novelty(env, profile, task, id, window, verdict->missing);
		if (profile->frozen)
			events |= guard_thaw(env, profile);
	}
	if (!(task->calls & (rule->span_calls - 1)))
		events |= guard_span_end(env, rule, profile, task, rule->span_calls);
	return events;
}

/* pH trains always, in a copy. */
GUARD_INLINE void guard_train_ph(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				 __u32 id, __u64 window, __u32 missing)
{
	__u64 before;

	__sync_fetch_and_add(&profile->train_count, 1);
	if (missing) {
		guard_learn(env, profile, id, window, missing);
		__sync_fetch_and_add(&profile->sequences, 1);
		profile->last_mod_count = 0;
		profile->frozen = 0;
		return;
	}
	__sync_fetch_and_add(&profile->last_mod_count, 1);
	before = profile->train_count - profile->last_mod_count;
	if (!profile->frozen && before && profile->train_count * rule->normal_divisor > before * rule->normal_factor)
		guard_freeze(profile, guard_env_now(env) + rule->normal_wait);
}

GUARD_INLINE __u32 guard_test_ph(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				 struct guard_task *task, __u32 missing)
{
	__u32 events = missing ? GUARD_ANOMALY : 0;

	guard_task_push(task, missing != 0);
	if (missing) {
		task->anomalies++;
		__sync_fetch_and_add(&profile->anomalies, 1);
	}
	events |= guard_task_alarm(rule, profile, task);
	if (task->lfc > rule->lfc_limit)
		guard_drain(env, profile, 0);
	if (profile->anomalies > rule->anomaly_limit) {
		profile->normal = 0;
		events |= GUARD_BECAME_TRAINING;
	}
	return events;
}

/*
 * The published rule, for comparison, with what is wrong about it: it rarely finds a real program normal, and a program
 * that makes enough anomalies gets them accepted.
 */
GUARD_INLINE __u32 guard_call_ph(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				 struct guard_task *task, __u32 id, __u64 window, struct guard_verdict *verdict)
{
	__u32 events = 0, unknown;

	__sync_fetch_and_add(&profile->calls_seen, 1);
	verdict->missing = guard_missing(env, profile, GUARD_ACCEPTED, id, window);
	unknown = verdict->missing;
	if (unknown)
		unknown &= guard_missing(env, profile, GUARD_RECENT, id, window);
	guard_train_ph(env, rule, profile, id, window, unknown);
	if (unknown)
		events = GUARD_NOVELTY;
	if (profile->frozen && guard_env_now(env) > profile->normal_time) {
		guard_normalize(env, profile);
		guard_task_calm(task, profile);
		verdict->missing = 0;
		events |= GUARD_BECAME_NORMAL;
	}
	if (profile->normal)
		events |= guard_test_ph(env, rule, profile, task, verdict->missing);
	return events;
}

/*
 * So many calls of @task may go the short way: as long as it is calm, its profile normal, and no counter is due. Where
 * one of these ends otherwise, that changes the epoch.
 */
GUARD_INLINE void guard_task_grant(const struct guard_rule *rule, const struct guard_profile *profile,
				   struct guard_task *task)
{
	__u32 calls = rule->span_calls - 1 - (task->calls & (rule->span_calls - 1));

	if (rule->kind == GUARD_RULE_PH || !profile->normal || task->lfc)
		return;
	task->short_calls = calls < 0xffff ? calls : 0xffff;
	task->calls += task->short_calls;
}

/*
 * What nearly all calls are: @task makes a @call that its normal @profile knows, with all pairs. If it is one, that is
 * done: nothing is to be told or counted. @slot: guard_slot(@call).
 */
GUARD_INLINE int guard_call_usual(const struct guard_profile *profile, struct guard_task *task, __u32 call, __u64 slot)
{
	__u32 id = profile->slots[slot] - 1;
	__u64 window = task->window;

	if (!task->short_calls || task->epoch != profile->epoch)
		return 0;
	if (id >= GUARD_TILE || profile->calls[id] != call || window & GUARD_FAR_IDS ||
	    !guard_row_knows(profile->tile[GUARD_ACCEPTED].seen[id], window))
		return 0;
	task->window = window << 8 | id;
	task->short_calls--;
	return 1;
}

/* The long way, for any call. */
GUARD_INLINE void guard_call_any(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
				 struct guard_task *task, __u32 call, struct guard_verdict *verdict)
{
	__u64 window;
	__u32 id;

	guard_task_settle(task);
	if (task->epoch != profile->epoch) {
		if ((task->epoch ^ profile->epoch) / GUARD_GENERATION)
			guard_task_windows(task, GUARD_WINDOW_UNSEEN);
		guard_task_calm(task, profile);
	}
	id = guard_id(env, profile, call);
	window = task->window;
	task->window = window << 8 | id;
	task->calls++;
	if (rule->kind == GUARD_RULE_PH)
		verdict->events = guard_call_ph(env, rule, profile, task, id, window, verdict);
	else
		verdict->events = guard_call_rate(env, rule, profile, task, id, window, verdict);
	guard_task_grant(rule, profile, task);
	verdict->lfc = task->lfc;
}

/* @task, which runs the program of @profile, makes @call. */
GUARD_INLINE void guard_call(struct guard_env *env, const struct guard_rule *rule, struct guard_profile *profile,
			     struct guard_task *task, __u32 call, struct guard_verdict *verdict)
{
	if (guard_call_usual(profile, task, call, guard_slot(call)))
		*verdict = (struct guard_verdict){};
	else
		guard_call_any(env, rule, profile, task, call, verdict);
}

#endif /* GUARD_ENGINE_H */
