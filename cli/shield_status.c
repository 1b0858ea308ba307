// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "options.h"
#include "shield.h"
#include "table.h"

struct ask_options {
	struct cli_options shared; /* first: see cli_parse() */
	const char *interface;
	double confirm;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct ask_options *ask = state->input;
	char *end;

	switch (key) {
	case 'c':
		ask->confirm = strtod(arg, &end);
		if (end == arg || *end || !isfinite(ask->confirm) || ask->confirm < 1 || ask->confirm > 86400)
			cli_usage("shield reload: --confirm %s: not a number of seconds from 1 to 86400", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (ask->interface)
			cli_usage("shield: %s: one interface, not more", arg);
		ask->interface = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- tables --------------------------------------------------------------------------------------------------------- */

static void add_row(struct table *table, const json_t *count, const char *what)
{
	char bytes[FORMAT_LEN];

	table_cell(table, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(count, "packets")));
	table_cell(table, "%s", format_bytes(bytes, json_integer_value(json_object_get(count, "bytes"))));
	table_cell(table, "%s", what);
}

static struct table *new_table(const char *what)
{
	struct table *table = table_new();

	if (!table)
		return NULL;
	table_column(table, TABLE_RIGHT, "PACKETS");
	table_column(table, TABLE_RIGHT, "BYTES");
	table_column(table, TABLE_LEFT, what);
	return table;
}

static int print_rules(const json_t *status)
{
	_cleanup_(table_freep) struct table *table = new_table("RULE");
	const json_t *rule;
	size_t i;

	if (!table)
		return -ENOMEM;
	json_array_foreach(json_object_get(status, "rules"), i, rule)
		add_row(table, rule, json_string_value(json_object_get(rule, "text")));
	return i ? table_print(table, stdout, 0) : 0;
}

static int print_reasons(const json_t *status)
{
	static const struct {
		const char *name, *text;
	} texts[] = {
		{ "rule_allow", "passed: a rule allows it" },
		{ "default_pass", "passed: no rule, default pass" },
		{ "arp", "passed: ARP" },
		{ "nd", "passed: neighbour discovery" },
		{ "dhcp", "passed: DHCP" },
		{ "not_ip", "passed: not IP" },
		{ "rule_deny", "dropped: a rule denies it" },
		{ "rate", "dropped: above the rate of its rule" },
		{ "default_drop", "dropped: no rule, default drop" },
		{ "malformed", "dropped: malformed" },
		{ "truncated", "dropped: truncated" },
		{ "would_drop", "of these, passed all the same: dry run" },
	};
	_cleanup_(table_freep) struct table *table = new_table("REASON");
	const json_t *reasons = json_object_get(status, "reasons"), *count;

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		count = json_object_get(reasons, texts[i].name);
		if (json_integer_value(json_object_get(count, "packets")))
			add_row(table, count, texts[i].text);
	}
	return table_print(table, stdout, 0);
}

static int print_status(const json_t *status)
{
	const json_t *left = json_object_get(status, "confirm_seconds");
	int err;

	printf("%s: %s mode, default %s%s, %s\n", json_string_value(json_object_get(status, "interface")),
	       json_string_value(json_object_get(status, "mode")),
	       json_string_value(json_object_get(status, "default")),
	       json_is_true(json_object_get(status, "dry_run")) ? ", nothing is dropped (dry run)" : "",
	       json_string_value(json_object_get(status, "config")));
	if (left)
		printf("taken back in %.0f s unless confirmed\n", json_real_value(left));
	putchar('\n');
	err = print_rules(status);
	if (!err && json_array_size(json_object_get(status, "rules")))
		putchar('\n');
	return err ?: print_reasons(status);
}

/* --- the commands --------------------------------------------------------------------------------------------------- */

static int cmd_status(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option,
		.args_doc = "[INTERFACE]",
		.doc = "What the shield of an interface, or the only one there is, has let in and dropped, and why.",
	};
	_cleanup_(json_decrefp) json_t *status = NULL;
	struct ask_options ask = {};
	int code, err;

	cli_parse(&argp, argc, argv, &ask);
	code = shield_ask(ask.interface, "status", &status);
	if (code)
		return code;
	err = ask.shared.json ? cli_print_document(stdout, status) : print_status(status);
	return err ? cli_fail(err, NULL, "shield") : CLI_OK;
}

static int cmd_reload(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "confirm", 'c', "SECONDS", 0,
		  "Go back to the old rules unless kview shield confirm is called in time", 1 },
		{},
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[INTERFACE]",
		.doc = "Read the configuration again. New rules take the place of the old ones between two packets; "
		       "when there is a "
		       "mistake in them, the old ones stay.",
	};
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct ask_options ask = {};
	char question[SHIELD_QUESTION_MAX];

	cli_parse(&argp, argc, argv, &ask);
	snprintf(question, sizeof(question), "reload %.3f", ask.confirm);
	return shield_ask(ask.interface, question, &json);
}

static int cmd_confirm(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option,
		.args_doc = "[INTERFACE]",
		.doc = "Keep rules that would be taken back otherwise (--confirm).",
	};
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct ask_options ask = {};

	cli_parse(&argp, argc, argv, &ask);
	return shield_ask(ask.interface, "confirm", &json);
}

const struct cli_command cli_shield_status = { "status", "what it has let in and dropped, and why", cmd_status };
const struct cli_command cli_shield_reload = { "reload", "read its configuration again", cmd_reload };
const struct cli_command cli_shield_confirm = { "confirm", "keep rules that would be taken back", cmd_confirm };
