// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <bpf/bpf.h>

#include "cli.h"
#include "cost.h"
#include "options.h"
#include "scope.h"
#include "util/clock.h"

static const struct argp_option options[] = {
	{ "duration", 'd', "SECONDS", 0, "Look at what happens in this time; 1 by default, with -i for ever", 1 },
	{ "interval", 'i', "SECONDS", 0, "Tell again and again, each time for so long", 1 },
	{ "quick", 'q', NULL, 0, "Do not measure what hooks cost, which attaches empty programs for some moments", 1 },
	{},
};

struct cost_options {
	struct cli_options shared; /* first: see cli_parse() */
	double duration, interval; /* seconds; 0: not given */
	bool quick;
};

static double parse_seconds(const char *option, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds))
		cli_usage("cost: --%s %s: not a number of seconds", option, text);
	if (seconds < 0.01 || seconds > 1e6)
		cli_usage("cost: --%s %s: must lie between 0.01 and 1000000", option, text);
	return seconds;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct cost_options *cost = state->input;

	switch (key) {
	case 'd':
		cost->duration = parse_seconds("duration", arg);
		return 0;
	case 'i':
		cost->interval = parse_seconds("interval", arg);
		return 0;
	case 'q':
		cost->quick = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static double now(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1e9;
}

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal)
{
	(void)signal;
	interrupted = true;
}

/* Until the time is over or somebody presses Ctrl-C, who gets what there is so far. */
static void sleep_for(double seconds)
{
	struct timespec time = { .tv_sec = (time_t)seconds };
	struct sigaction action = { .sa_handler = note_interrupt, .sa_flags = SA_RESETHAND };

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	sigaction(SIGINT, &action, NULL);
	nanosleep(&time, NULL);
}

/* The counters at the begin of the interval. */
struct counters {
	struct cost_programs programs;
	struct cost_views views;
};

static void counters_deinit(struct counters *counters)
{
	cost_programs_deinit(&counters->programs);
	cost_views_deinit(&counters->views);
}

/* The kernel keeps times of programs as long as somebody holds this descriptor, and stops when it is closed. */
static int observe(struct cost_report *report, double seconds)
{
	_cleanup_(closep) int statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	_cleanup_(counters_deinit) struct counters before = {};
	double start;
	int err;

	if (statistics < 0)
		return statistics;
	err = cost_programs_read(&before.programs) ?: cost_views_read(&before.views);
	if (err)
		return err;
	start = now();
	sleep_for(seconds);
	err = cost_programs_read(&report->programs) ?: cost_views_read(&report->views);
	report->seconds = now() - start;
	cost_programs_subtract(&report->programs, &before.programs);
	cost_views_subtract(&report->views, &before.views);
	return err ?: cost_find_places(&report->programs) ?: cost_find_holders(&report->programs);
}

static void report_deinit(struct cost_report *report)
{
	cost_programs_deinit(&report->programs);
	cost_views_deinit(&report->views);
}

static int print(const struct cost_options *options, const struct cost_report *report)
{
	_cleanup_(json_decrefp) json_t *json = cost_json(report);
	int err;

	if (!json)
		return cli_fail(-ENOMEM, NULL, "cost");
	if (!options->shared.json)
		err = cost_print(json, stdout);
	else
		err = options->interval ? cli_print_record(stdout, json) : cli_print_document(stdout, json);
	return err || fflush(stdout) ? cli_fail(err ?: -errno, NULL, "cost") : CLI_OK;
}

static int show_for(const struct cost_options *options, struct cost_report *report, double seconds)
{
	int err = observe(report, seconds);

	if (err == -EPERM)
		return cli_fail(err, "looking at all programs of the machine needs CAP_SYS_ADMIN", "cost");
	return err ? cli_fail(err, NULL, "cost") : print(options, report);
}

/* Measured once: it does not change, and takes longer than to look. */
static int show_again(const struct cost_options *options, const struct cost_report *first)
{
	double end = options->duration ? now() + options->duration : INFINITY;
	int code = CLI_OK;

	while (code == CLI_OK && !interrupted && now() < end) {
		_cleanup_(report_deinit) struct cost_report report = *first;

		code = show_for(options, &report, fmin(options->interval, fmax(end - now(), 0)));
		if (code == CLI_OK && !options->shared.json)
			putchar('\n');
	}
	return code;
}

static int show_cost(const struct cost_options *options)
{
	_cleanup_(report_deinit) struct cost_report report = {};
	int code;

	if (!options->quick) {
		code = cost_measure(&report.measurement);
		if (code)
			return code;
		report.measured = true;
	}
	return options->interval ? show_again(options, &report) : show_for(options, &report, options->duration ?: 1);
}

static int cmd_cost(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Tell what tracing costs now, and who pays: for the programs of each view and for all others of the "
		       "machine, how often they run and how long; and what hooks of each kind take, measured by a process of "
		       "kview's own, as a member of a view and outside.",
	};
	struct cost_options cost = {};

	cli_parse(&argp, argc, argv, &cost);
	return show_cost(&cost);
}

const struct cli_command cli_cmd_cost = { "cost", "tell what tracing costs now, and who pays", cmd_cost };
