// SPDX-License-Identifier: GPL-2.0-or-later
/* kview guard replay: recorded traces, and how well attacks among them are found. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "guard.h"
#include "guard/replay.h"
#include "guard/score.h"
#include "options.h"
#include "scope.h"

#define LABELLED_MAX 64 /* paths given with --train, --normal, --attack */
#define ROOT_LEN 4096

enum key {
	KEY_RULE = CLI_KEY_FIRST,
	KEY_MODEL,
	KEY_TRACE_FORMAT,
	KEY_LFC,
	KEY_PROCESSES,
	KEY_LOAD,
	KEY_SAVE,
};

static const struct argp_option options[] = {
	{ "train", 't', "PATH", 0, "Learn from this trace, or all in this folder; can be repeated", 1 },
	{ "normal", 'n', "PATH", 0, "Then judge these, which are normal", 1 },
	{ "attack", 'a', "PATH", 0, "... and these, which are attacks", 1 },
	{ "rule", KEY_RULE, "RULE", 0, "When training ends: rate (default) or ph, as published for pH", 2 },
	{ "model", KEY_MODEL, "MODEL", 0, "pairs (default), or stide for comparison", 2 },
	{ "lfc", KEY_LFC, "LIMIT", 0, "Anomalies among 128 calls (stide: 20) that raise no alarm yet; default 12", 2 },
	{ "trace-format", KEY_TRACE_FORMAT, "NAME", 0, "auto (default), pairs, list or strace", 3 },
	{ "load", KEY_LOAD, "FILE", 0, "Begin with the profiles that were saved to this file", 2 },
	{ "save", KEY_SAVE, "FILE", 0, "Save what was learned to this file", 2 },
	{ "processes", KEY_PROCESSES, NULL, 0, "Also tell of each process that was judged", 4 },
	{},
};

struct labelled {
	enum guard_label label;
	const char *path;
};

struct replay {
	struct cli_options shared; /* first: see cli_parse() */
	struct guard_replay_opts opts;
	struct labelled labelled[LABELLED_MAX];
	size_t labelled_count;
	char **paths; /* of argv */
	int path_count;
	bool processes;
	const char *load, *save; /* NULL: no */
};

static void add_labelled(struct replay *replay, enum guard_label label, const char *path)
{
	if (replay->labelled_count == LABELLED_MAX)
		cli_usage("guard replay: %s: expected at most %d of --train, --normal and --attack", path,
			  LABELLED_MAX);
	replay->labelled[replay->labelled_count++] = (struct labelled){ label, path };
}

static enum guard_model parse_model(const char *word)
{
	if (!strcmp(word, "stide"))
		return GUARD_MODEL_STIDE;
	if (strcmp(word, "pairs"))
		cli_usage("guard replay: --model %s: expected pairs or stide", word);
	return GUARD_MODEL_PAIRS;
}

/* How traces are read and judged. */
static error_t parse_model_option(int key, char *arg, struct replay *replay)
{
	switch (key) {
	case KEY_RULE:
		replay->opts.rule.kind = guard_parse_rule("replay", arg);
		return 0;
	case KEY_MODEL:
		replay->opts.model = parse_model(arg);
		return 0;
	case KEY_LFC:
		replay->opts.rule.lfc_limit = guard_parse_lfc("replay", arg);
		return 0;
	case KEY_TRACE_FORMAT:
		if (guard_trace_format_parse(arg, &replay->opts.format))
			cli_usage("guard replay: --trace-format %s: expected auto, pairs, list or strace", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct replay *replay = state->input;

	switch (key) {
	case 't':
		add_labelled(replay, GUARD_LABEL_TRAIN, arg);
		return 0;
	case 'n':
		add_labelled(replay, GUARD_LABEL_NORMAL, arg);
		return 0;
	case 'a':
		add_labelled(replay, GUARD_LABEL_ATTACK, arg);
		return 0;
	case KEY_PROCESSES:
		replay->processes = true;
		return 0;
	case KEY_LOAD:
		replay->load = arg;
		return 0;
	case KEY_SAVE:
		replay->save = arg;
		return 0;
	case ARGP_KEY_ARGS:
		replay->paths = state->argv + state->next;
		replay->path_count = state->argc - state->next;
		return 0;
	default:
		return parse_model_option(key, arg, replay);
	}
}

/* --- one data set as JSON --- */

/* null where there is no number. */
static json_t *real(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

static json_t *describe_labels(const uint64_t *counts, bool labelled)
{
	if (!labelled)
		return json_integer(counts[GUARD_LABEL_NONE]);
	return json_pack("{s:I, s:I, s:I}", "train", (json_int_t)counts[GUARD_LABEL_TRAIN], "normal",
			 (json_int_t)counts[GUARD_LABEL_NORMAL], "attack", (json_int_t)counts[GUARD_LABEL_ATTACK]);
}

static json_t *describe_criterion(const struct guard_criterion *found)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "dr", real(guard_share_rate(found->attacks)), "dr_processes",
			 real(guard_share_rate(found->attack_processes)), "far", real(guard_share_rate(found->normal)),
			 "attacks", (json_int_t)found->attacks.count, "attack_processes",
			 (json_int_t)found->attack_processes.count, "false_alarms", (json_int_t)found->normal.count);
}

static json_t *describe_points(const struct guard_score *score)
{
	json_t *list = json_array(), *point;
	uint32_t i;

	for (i = 0; i < score->point_count; i++) {
		point = describe_criterion(&score->points[i].found);
		json_object_set_new(point, "lfc", json_integer(score->points[i].lfc));
		json_array_append_new(list, point);
	}
	return list;
}

/* When a profile became normal by its rule, and what it then knew of its rate. */
static json_t *describe_normal(const struct guard_replay_profile *profile)
{
	if (!profile->normal_after)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:f}", "calls", (json_int_t)profile->normal_after, "processes",
			 (json_int_t)profile->normal_processes, "times", (json_int_t)profile->normal_count,
			 "expected_rate", guard_rate_bound(profile->expected_novel, profile->expected_spans));
}

static json_t *describe_profile(const struct guard_replay_profile *profile)
{
	const struct guard_profile *its = profile->profile;
	json_t *json;

	json = json_pack("{s:s, s:I, s:I, s:o}", "name", profile->name, "calls", (json_int_t)profile->calls,
			 "processes", (json_int_t)profile->processes, "normal_after", describe_normal(profile));
	if (its)
		json_object_update_new(json, json_pack("{s:i, s:I, s:i, s:b}", "distinct_calls",
						       its->id_count < GUARD_IDS ? (int)its->id_count : GUARD_IDS,
						       "anomalies", (json_int_t)its->anomalies, "lost", (int)its->lost,
						       "normal", its->normal));
	if (profile->alarm_after)
		json_object_set_new(json, "alarm_after",
				    json_pack("{s:I, s:I}", "calls", (json_int_t)profile->alarm_after, "processes",
					      (json_int_t)profile->alarm_processes));
	return json;
}

static json_t *describe_profiles(const struct guard_replay *replay)
{
	const struct guard_replay_profile *profiles;
	json_t *list = json_array();
	size_t i, count;

	profiles = guard_replay_profiles(replay, &count);
	for (i = 0; i < count; i++)
		json_array_append_new(list, describe_profile(&profiles[i]));
	return list;
}

static json_t *describe_alarms(uint32_t events)
{
	json_t *list = json_array();

	if (events & GUARD_ALARM_TASK)
		json_array_append_new(list, json_string("task"));
	if (events & GUARD_ALARM_PROFILE)
		json_array_append_new(list, json_string("profile"));
	if (events & GUARD_ALARM_CALL)
		json_array_append_new(list, json_string("call"));
	return list;
}

static json_t *describe_process(const struct guard_process *process, const struct guard_trace_file *file,
				const char *profile)
{
	json_t *json;

	json = json_pack("{s:s, s:I, s:s, s:I, s:I, s:i, s:o}", "trace", file->path, "pid", (json_int_t)process->pid,
			 "profile", profile, "calls", (json_int_t)process->calls, "anomalies",
			 (json_int_t)process->anomalies, "max_lfc", (int)process->max_lfc, "alarms",
			 describe_alarms(process->events));
	if (process->first_anomaly)
		json_object_set_new(json, "first_anomaly", json_integer(process->first_anomaly));
	if (process->first_alarm)
		json_object_set_new(json, "first_alarm", json_integer(process->first_alarm));
	return json;
}

/* Of traces without a label those are judged that had something to be judged by. */
static json_t *describe_processes(const struct guard_replay *replay)
{
	const struct guard_replay_profile *profiles;
	const struct guard_process *processes;
	const struct guard_trace_file *files;
	json_t *list = json_array();
	size_t i, count, ignored;

	files = guard_replay_files(replay, &ignored);
	profiles = guard_replay_profiles(replay, &ignored);
	processes = guard_replay_processes(replay, &count);
	for (i = 0; i < count; i++)
		if (files[processes[i].trace].label != GUARD_LABEL_TRAIN)
			json_array_append_new(list, describe_process(&processes[i], &files[processes[i].trace],
								     profiles[processes[i].profile].name));
	return list;
}

/* For each way to tell: the rates; @task's are those of the data set. */
static void describe_scores(json_t *json, const struct guard_score *score)
{
	json_object_update_new(json,
			       json_pack("{s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o}", "dr",
					 real(guard_share_rate(score->alarm.attacks)), "far",
					 real(guard_share_rate(score->alarm.normal)), "criteria", "any_anomaly",
					 describe_criterion(&score->any), "task", describe_criterion(&score->task),
					 "alarm", describe_criterion(&score->alarm), "auc", real(score->auc),
					 "thresholds", describe_points(score)));
	if (score->alarm_calls[2])
		json_object_set_new(json, "calls_to_alarm",
				    json_pack("{s:I, s:I, s:I}", "least", (json_int_t)score->alarm_calls[0], "median",
					      (json_int_t)score->alarm_calls[1], "most",
					      (json_int_t)score->alarm_calls[2]));
}

static json_t *describe_set(const struct replay *replay, const char *name, const struct guard_replay *guard,
			    const struct guard_score *score, double seconds)
{
	bool labelled = !score->traces[GUARD_LABEL_NONE], stide = replay->opts.model == GUARD_MODEL_STIDE;
	uint64_t calls = 0;
	json_t *json;
	int i;

	for (i = 0; i < GUARD_LABELS; i++)
		calls += score->calls[i];
	json = json_pack("{s:s, s:s, s:s*, s:I, s:i, s:f, s:o, s:o, s:o}", "name", name, "model",
			 stide ? "stide" : "pairs", "rule",
			 stide					   ? NULL
			 : replay->opts.rule.kind == GUARD_RULE_PH ? "ph"
								   : "rate",
			 "calls", (json_int_t)calls, "lfc_limit", (int)replay->opts.rule.lfc_limit, "cpu_seconds",
			 seconds, "traces", describe_labels(score->traces, labelled), "processes",
			 describe_labels(score->processes, labelled), "profiles", describe_profiles(guard));
	if (json && labelled)
		describe_scores(json, score);
	if (json && (replay->processes || !labelled))
		json_object_set_new(json, "judged", describe_processes(guard));
	return json;
}

/* --- replaying --- */

static double cpu_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int replay_label(const struct labelled *labelled, size_t count, enum guard_label label,
			struct guard_replay *guard)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < count; i++)
		if (labelled[i].label == label)
			err = guard_replay_path(guard, labelled[i].path, label);
	return err;
}

/* What is to train comes first, and is all that is saved. */
static int replay_labelled(const struct replay *replay, const struct labelled *labelled, size_t count,
			   struct guard_replay *guard)
{
	int err;

	err = replay_label(labelled, count, GUARD_LABEL_TRAIN, guard);
	if (err)
		return err;
	guard_replay_test(guard);
	err = replay->save ? guard_replay_save(guard, replay->save) : 0;
	if (!err)
		err = replay_label(labelled, count, GUARD_LABEL_NORMAL, guard);
	return err ? err : replay_label(labelled, count, GUARD_LABEL_ATTACK, guard);
}

static int replay_unlabelled(const struct replay *replay, const char *path, struct guard_replay *guard)
{
	int err;

	err = guard_replay_path(guard, path, GUARD_LABEL_NONE);
	return err || !replay->save ? err : guard_replay_save(guard, replay->save);
}

static bool is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

/* The folders train, normal and attack of a data set; 0: it is none. */
static size_t find_folders(const char *path, char folders[3][ROOT_LEN], struct labelled labelled[3])
{
	static const struct labelled parts[] = {
		{ GUARD_LABEL_TRAIN, "train" },
		{ GUARD_LABEL_NORMAL, "normal" },
		{ GUARD_LABEL_ATTACK, "attack" },
	};
	size_t i, count = 0;

	for (i = 0; i < 3; i++) {
		snprintf(folders[i], ROOT_LEN, "%s/%s", path, parts[i].path);
		if (is_folder(folders[i]))
			labelled[count++] = (struct labelled){ parts[i].label, folders[i] };
		else if (parts[i].label == GUARD_LABEL_TRAIN)
			return 0;
	}
	return count;
}

static int replay_path(const struct replay *replay, const char *path, struct guard_replay *guard)
{
	char folders[3][ROOT_LEN];
	struct labelled labelled[3];
	size_t count = find_folders(path, folders, labelled);

	return count ? replay_labelled(replay, labelled, count, guard) : replay_unlabelled(replay, path, guard);
}

/* Replay a data set and append its description to @list. @path NULL: what the options name. */
static int replay_set(const struct replay *replay, const char *path, json_t *list)
{
	_cleanup_(guard_replay_freep) struct guard_replay *guard = NULL;
	struct guard_score score;
	double start = cpu_seconds();
	json_t *json;
	int err;

	err = guard_replay_new(&replay->opts, &guard);
	if (err)
		return cli_fail(err, NULL, "guard replay");
	if (replay->load)
		err = guard_replay_load(guard, replay->load);
	if (!err)
		err = path ? replay_path(replay, path, guard)
			   : replay_labelled(replay, replay->labelled, replay->labelled_count, guard);
	if (err) {
		cli_note("guard replay: %s", guard_replay_reason(guard));
		return cli_exit_code(err);
	}
	err = guard_score(guard, replay->opts.rule.lfc_limit, &score);
	if (err)
		return cli_fail(err, NULL, "guard replay");
	json = describe_set(replay, path ?: replay->labelled[0].path, guard, &score, cpu_seconds() - start);
	return json && !json_array_append_new(list, json) ? CLI_OK : cli_fail(-ENOMEM, NULL, "guard replay");
}

static int replay_all(const struct replay *replay, json_t *list)
{
	int i, status;

	if (replay->labelled_count)
		return replay_set(replay, NULL, list);
	for (i = 0, status = CLI_OK; !status && i < replay->path_count; i++)
		status = replay_set(replay, replay->paths[i], list);
	return status;
}

static void check(const struct replay *replay)
{
	if (!replay->labelled_count && !replay->path_count)
		cli_usage(
			"guard replay: expected a trace, a folder of traces, or --train; see kview guard replay --help");
	if (replay->labelled_count && replay->path_count)
		cli_usage("guard replay: %s: expected no path besides those of --train, --normal and --attack",
			  replay->paths[0]);
	if (replay->labelled_count && !replay->load && replay->labelled[0].label != GUARD_LABEL_TRAIN)
		cli_usage("guard replay: expected --train before --normal and --attack, or --load");
	if (replay->opts.model == GUARD_MODEL_STIDE && (replay->load || replay->save))
		cli_usage("guard replay: --model stide: expected neither --load nor --save: they are for pairs");
	if (replay->save && replay->path_count > 1)
		cli_usage("guard replay: --save %s: expected one data set, not %d", replay->save, replay->path_count);
	if (replay->opts.model == GUARD_MODEL_STIDE && replay->path_count == 1 && !is_folder(replay->paths[0]))
		cli_usage(
			"guard replay: --model stide: expected labelled traces: it has no rule for when training ends");
}

static int cmd_replay(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[PATH...]",
		.doc = "Run recorded system calls through the engine that guards programs. PATH is a trace, a folder "
		       "of them, or a data set: a folder that has the folders train, normal and attack. Of labelled "
		       "traces it tells how many attacks are found and how many normal processes raise a false alarm.",
	};
	_cleanup_(json_decrefp) json_t *list = json_array();
	struct replay replay = { .opts.rule = GUARD_RULE_DEFAULTS };
	const json_t *set;
	size_t i;
	int status;

	cli_parse(&argp, argc, argv, &replay);
	check(&replay);
	if (!list)
		return cli_fail(-ENOMEM, NULL, "guard replay");
	status = replay_all(&replay, list);
	if (status)
		return status;
	json_array_foreach(list, i, set)
		if (replay.shared.json ? cli_print_record(stdout, set) : guard_replay_print(set))
			return cli_fail(-EIO, NULL, "guard replay");
	return CLI_OK;
}

const struct cli_command cli_guard_replay = { "replay", "recorded traces, and how well attacks among them are found",
					      cmd_replay };
