// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "monitor/daemon/config.h"
#include "monitor/daemon/key_file.h"
#include "options.h"

struct monitor_options {
	struct cli_options shared; /* first: see cli_parse() */
	const char *path;
	bool check, page;
};

static const struct argp_option options[] = {
	{ "check", 'k', NULL, 0, "Only read the configuration, and say what is wrong with it", 1 },
	{ "page", 'p', NULL, 0, "Print the address of each running kview-monitord's page, with its key", 1 },
	{},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct monitor_options *monitor = state->input;

	switch (key) {
	case 'k':
		monitor->check = true;
		return 0;
	case 'p':
		monitor->page = true;
		return 0;
	case ARGP_KEY_ARG:
		if (monitor->path)
			cli_usage("monitor: %s: one configuration, not more", arg);
		monitor->path = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static json_t *describe_probes(const struct monitor_config *config)
{
	json_t *probes = json_array();

	for (size_t i = 0; i < MONITOR_PROBES; i++)
		if (config->probes[i].on)
			json_array_append_new(probes, json_string(monitor_probes[i].name));
	return probes;
}

static json_t *describe_targets(const struct monitor_config *config)
{
	json_t *targets = json_array();

	for (size_t i = 0; i < config->target_count; i++)
		json_array_append_new(targets, json_string(config->targets[i].name));
	return targets;
}

static int print_json(const struct monitor_config *config)
{
	const struct monitor_outputs *outputs = &config->outputs;
	json_t *json = json_pack("{s:o, s:o, s:s*, s:s*, s:s*, s:s*, s:I}", "targets", describe_targets(config), "probes",
				 describe_probes(config), "prometheus", outputs->listen_text, "json", outputs->json,
				 "otlp", outputs->pushes[PUSH_OTLP].url, "remote_write",
				 outputs->pushes[PUSH_REMOTE_WRITE].url, "series", (json_int_t)config->series);
	int err = json ? cli_print_document(stdout, json) : -ENOMEM;

	json_decref(json);
	return err ? cli_fail(err, NULL, "monitor") : CLI_OK;
}

static void print_outputs(const struct monitor_outputs *outputs)
{
	const struct {
		const char *words, *where;
	} all[] = {
		{ "prometheus at", outputs->listen.ss_family ? outputs->listen_text : NULL },
		{ "json to", outputs->json },
		{ "otlp to", outputs->pushes[PUSH_OTLP].url },
		{ "remote_write to", outputs->pushes[PUSH_REMOTE_WRITE].url },
	};
	const char *before = "outputs: ";

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i].where)
			continue;
		printf("%s%s %s", before, all[i].words, all[i].where);
		before = ", ";
	}
	putchar('\n');
}

static void print_names(const struct monitor_config *config)
{
	printf("targets:");
	for (size_t i = 0; i < config->target_count; i++)
		printf(" %s", config->targets[i].name);
	printf("\nprobes:");
	for (size_t i = 0; i < MONITOR_PROBES; i++)
		if (config->probes[i].on)
			printf(" %s", monitor_probes[i].name);
	putchar('\n');
	print_outputs(&config->outputs);
}

static int check(const struct monitor_options *monitor)
{
	struct monitor_config config;
	struct monitor_error error;
	int err = monitor_config_open(monitor->path, &config, &error);

	if (err && error.line)
		return cli_fail(err, error.why, "%s:%u", monitor->path, error.line);
	if (err)
		return cli_fail(err, error.why, "%s", monitor->path);
	if (monitor->shared.json)
		err = print_json(&config);
	else
		print_names(&config);
	monitor_config_deinit(&config);
	return err;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

/* Those of others cannot be read: -EACCES. */
static int read_address(const char *path, char *address, size_t size)
{
	_cleanup_(fclosep) FILE *in = fopen(path, "re");

	if (!in)
		return -errno;
	if (!fgets(address, size, in))
		return -EIO;
	address[strcspn(address, "\n")] = '\0';
	return 0;
}

static int print_pages(const struct monitor_options *monitor)
{
	_cleanup_(json_decrefp) json_t *addresses = json_array();
	_cleanup_(globfree) glob_t found = {};
	char address[256];
	int err = 0;

	glob(KEY_FOLDER "/" KEY_PREFIX "*" KEY_SUFFIX, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int result = read_address(found.gl_pathv[i], address, sizeof(address));

		err = err ?: result;
		if (!result)
			json_array_append_new(addresses, json_string(address));
	}
	if (!json_array_size(addresses) && err)
		return cli_fail(err, "root may read it, and the group kview", "%s", found.gl_pathv[0]);
	if (!json_array_size(addresses))
		return cli_fail(-ENOENT, "no kview-monitord with an output prometheus runs", "monitor");
	if (monitor->shared.json)
		return cli_print_document(stdout, addresses) ? cli_fail(-EIO, NULL, "monitor") : CLI_OK;
	for (size_t i = 0; i < json_array_size(addresses); i++)
		puts(json_string_value(json_array_get(addresses, i)));
	return CLI_OK;
}

static int cmd_monitor(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "CONFIG\n--page",
		.doc = "Read the configuration of kview-monitord and tell what it asks for, or what is wrong with it "
		       "and where; or tell where the pages of those that run are.",
	};
	struct monitor_options monitor = {};

	cli_parse(&argp, argc, argv, &monitor);
	if (monitor.page && (monitor.check || monitor.path))
		cli_usage("monitor: --page wants no configuration");
	if (monitor.page)
		return print_pages(&monitor);
	if (!monitor.path)
		cli_usage("monitor: no configuration given; see kview monitor --help");
	if (!monitor.check)
		cli_usage("monitor: --check is expected; kview-monitord(8) does the monitoring");
	return check(&monitor);
}

const struct cli_command cli_cmd_monitor = { "monitor",
					     "check a configuration of the monitoring daemon, or find its page",
					     cmd_monitor };
