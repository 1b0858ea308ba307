// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "document.h"
#include "util/clock.h"

#define SELECTORS_MAX 64 /* of one target; more is a list that wants a regular expression or a cgroup */
#define NAME_MAX_LEN 32
#define SERIES_DEFAULT 5000
#define SERIES_MAX 1000000
#define FORGET_DEFAULT (600 * NS_PER_SECOND)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* --- targets ------------------------------------------------------------------------------------------------------ */

struct target_reader {
	struct monitor_config *config;
	struct monitor_target *target;
	enum monitor_select by;
	const char *word;
};

static void selector_deinit(struct monitor_selector *selector)
{
	if (selector->by == MONITOR_BY_NAME)
		regfree(&selector->regex);
	free(selector->text);
}

static int keep_selector(struct document *doc, const yaml_node_t *node, struct monitor_target *target,
			 const struct monitor_selector *selector)
{
	struct monitor_selector *selectors;

	if (target->selector_count == SELECTORS_MAX)
		return document_refuse(doc, node, "more than %d things in one target", SELECTORS_MAX);
	selectors = reallocarray(target->selectors, target->selector_count + 1, sizeof(*selectors));
	if (!selectors)
		return -ENOMEM;
	target->selectors = selectors;
	selectors[target->selector_count++] = *selector;
	return 0;
}

static int check_process_name(struct document *doc, const yaml_node_t *node, const char *text, regex_t *regex)
{
	char why[100];
	int err = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);

	if (!err)
		return 0;
	regerror(err, regex, why, sizeof(why));
	return document_refuse(doc, node, "process: %.60s: %s", text, why);
}

static int fill_selector(struct document *doc, const yaml_node_t *node, const char *word,
			 struct monitor_selector *selector)
{
	uint64_t number = 0;
	int err = 0;

	switch (selector->by) {
	case MONITOR_BY_NAME:
		return check_process_name(doc, node, selector->text, &selector->regex);
	case MONITOR_BY_PID:
		err = document_number(doc, node, word, 1, 1 << 22, &number);
		break;
	case MONITOR_BY_PORT:
		err = document_number(doc, node, word, 1, 65535, &number);
		break;
	case MONITOR_BY_NETWORK:
		if (monitor_network_parse(selector->text, &selector->network))
			return document_refuse(doc, node, "ip: %.60s: expected ADDRESS or NETWORK/BITS, as 10.0.0.0/8",
					       selector->text);
		break;
	case MONITOR_BY_INTERFACE:
		if (strlen(selector->text) >= IFNAMSIZ || strchr(selector->text, '/'))
			return document_refuse(doc, node, "interface: %.60s: no name of an interface",
					       selector->text);
		break;
	case MONITOR_BY_CONTAINER:
	case MONITOR_BY_CGROUP:
		break;
	}
	selector->number = number;
	return err;
}

static int take_selector(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	struct target_reader *reader = data;
	struct monitor_selector selector = { .by = reader->by };
	int err;

	(void)key;
	err = document_copy(doc, node, reader->word, &selector.text);
	if (err)
		return err;
	err = fill_selector(doc, node, reader->word, &selector);
	if (err) {
		free(selector.text);
		return err;
	}
	err = keep_selector(doc, node, reader->target, &selector);
	if (err)
		selector_deinit(&selector);
	return err;
}

static int take_name(struct document *doc, yaml_node_t *node, struct target_reader *reader)
{
	const char *text;
	int err;

	err = document_text(doc, node, "name", &text);
	if (err)
		return err;
	if (strlen(text) > NAME_MAX_LEN)
		return document_refuse(doc, node, "name: %.40s...: more than %d characters", text, NAME_MAX_LEN);
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@:-")])
		return document_refuse(doc, node, "name: %.40s: only letters, digits and _ . @ : -", text);
	for (size_t i = 0; i < reader->config->target_count; i++)
		if (!strcmp(reader->config->targets[i].name, text))
			return document_refuse(doc, node, "name: %s: the target of line %u has it", text,
					       reader->config->targets[i].line);
	return document_copy(doc, node, "name", &reader->target->name);
}

static int take_target_part(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const struct {
		const char *word;
		enum monitor_select by;
	} words[] = {
		{ "unit", MONITOR_BY_CGROUP }, { "cgroup", MONITOR_BY_CGROUP },	 { "container", MONITOR_BY_CONTAINER },
		{ "pid", MONITOR_BY_PID },     { "process", MONITOR_BY_NAME },	 { "port", MONITOR_BY_PORT },
		{ "ip", MONITOR_BY_NETWORK },  { "interface", MONITOR_BY_INTERFACE },
	};
	struct target_reader *reader = data;

	if (!strcmp(key, "name"))
		return take_name(doc, node, reader);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, key))
			continue;
		reader->by = words[i].by;
		reader->word = key;
		return document_each_element(doc, node, take_selector, reader);
	}
	return document_refuse(doc, node,
			       "%.40s: nothing a target has; it has name, unit, cgroup, container, pid, process, port, "
			       "ip, interface",
			       key);
}

static void target_deinit(struct monitor_target *target)
{
	for (size_t i = 0; i < target->selector_count; i++)
		selector_deinit(&target->selectors[i]);
	free(target->selectors);
	free(target->name);
}

static int keep_target(struct monitor_config *config, struct monitor_target *target)
{
	struct monitor_target *targets = reallocarray(config->targets, config->target_count + 1, sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	config->targets = targets;
	targets[config->target_count++] = *target;
	*target = (struct monitor_target){};
	return 0;
}

static int take_target(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	struct monitor_config *config = data;
	_cleanup_(target_deinit) struct monitor_target target = {};
	struct target_reader reader = { .config = config, .target = &target };
	int err;

	(void)key;
	if (!node || node->type != YAML_MAPPING_NODE)
		return document_refuse(doc, node, "targets: expected '- name: NAME' and who belongs to it");
	target.line = node->start_mark.line + 1;
	if (config->target_count == MONITOR_TARGETS)
		return document_refuse(doc, node, "more than %d targets", MONITOR_TARGETS);
	err = document_each_key(doc, node, "target", take_target_part, &reader);
	if (err)
		return err;
	if (!target.name)
		return document_refuse(doc, node, "a target without a name");
	if (!target.selector_count)
		return document_refuse(doc, node,
				       "%s: who belongs to it? unit, cgroup, container, pid, process, port, ip or "
				       "interface",
				       target.name);
	return keep_target(config, &target);
}

static int take_targets(struct document *doc, yaml_node_t *node, void *data)
{
	return document_each_element(doc, node, take_target, data);
}

/* --- probes ------------------------------------------------------------------------------------------------------- */

struct option_reader {
	const struct monitor_probe_info *info;
	struct monitor_probe_config *probe;
};

static int take_switch(struct document *doc, yaml_node_t *node, const char *word, uint64_t *option)
{
	bool value;
	int err = document_bool(doc, node, word, &value);

	if (!err)
		*option = value;
	return err;
}

static int take_option(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	struct option_reader *reader = data;

	for (size_t i = 0; i < MONITOR_OPTIONS; i++) {
		const struct monitor_option *option = &reader->info->options[i];

		if (option->name && !strcmp(option->name, key))
			return option->is_switch ? take_switch(doc, node, key, &reader->probe->options[i]) :
						   document_number(doc, node, key, option->least, option->most,
								   &reader->probe->options[i]);
	}
	return document_refuse(doc, node, "%.40s: no option of the probe %s", key, reader->info->name);
}

static int take_probe(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	struct monitor_config *config = data;
	char words[160] = "";

	for (size_t i = 0; i < MONITOR_PROBES; i++) {
		struct option_reader reader = { &monitor_probes[i], &config->probes[i] };

		strcat(strcat(words, i ? ", " : ""), monitor_probes[i].name);
		if (strcmp(monitor_probes[i].name, key))
			continue;
		reader.probe->on = true;
		if (node && node->type == YAML_SCALAR_NODE && node->data.scalar.length)
			return document_bool(doc, node, key, &reader.probe->on);
		return document_each_key(doc, node, key, take_option, &reader);
	}
	return document_refuse(doc, node, "%.40s: no probe; there are %s", key, words);
}

static int take_probes(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_config *config = data;

	for (size_t i = 0; i < MONITOR_PROBES; i++)
		config->probes[i].on = false;
	return document_each_key(doc, node, "probes", take_probe, config);
}

/* --- outputs and limits ------------------------------------------------------------------------------------------- */

static int take_outputs(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_config *config = data;

	return monitor_outputs_take(doc, node, &config->outputs);
}

static int take_series(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_config *config = data;

	return document_number(doc, node, "series", 100, SERIES_MAX, &config->series);
}

static int take_forget(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_config *config = data;

	return document_duration(doc, node, "forget", &config->forget);
}

static int take_times(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_config *config = data;

	return document_bool(doc, node, "times", &config->times);
}

static int take_limit(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const struct document_statement statements[] = { { "series", take_series },
						       { "forget", take_forget },
						       { "times", take_times } };

	return document_take(doc, key, node, data, statements, ARRAY_SIZE(statements), "limits");
}

static int take_limits(struct document *doc, yaml_node_t *node, void *data)
{
	return document_each_key(doc, node, "limits", take_limit, data);
}

static int take_part(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const struct document_statement statements[] = {
		{ "targets", take_targets },
		{ "probes", take_probes },
		{ "outputs", take_outputs },
		{ "limits", take_limits },
	};

	return document_take(doc, key, node, data, statements, ARRAY_SIZE(statements), "a configuration");
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void set_defaults(struct monitor_config *config)
{
	config->times = true;
	config->series = SERIES_DEFAULT;
	config->forget = FORGET_DEFAULT;
	monitor_outputs_default(&config->outputs);
	for (size_t i = 0; i < MONITOR_PROBES; i++) {
		config->probes[i].on = monitor_probes[i].on;
		for (size_t j = 0; j < MONITOR_OPTIONS; j++)
			config->probes[i].options[j] = monitor_probes[i].options[j].value;
	}
}

static int check_whole(struct document *doc, const struct monitor_config *config)
{
	if (!config->target_count)
		return document_refuse(doc, NULL, "no targets: nothing would be monitored");
	if (!monitor_outputs_any(&config->outputs))
		return document_refuse(doc, NULL, "no outputs: outputs: prometheus, json, otlp or remote_write");
	for (size_t i = 0; i < MONITOR_PROBES; i++)
		if (monitor_probes[i].needs_tcp && config->probes[i].on && !config->probes[MONITOR_TCP].on)
			return document_refuse(doc, NULL, "the probe %s needs the probe tcp, which finds the connections",
					       monitor_probes[i].name);
	return 0;
}

int monitor_config_read(FILE *in, struct monitor_config *ret_config, struct monitor_error *ret_error)
{
	_cleanup_(monitor_config_deinit) struct monitor_config config = {};
	struct document doc;
	int err;

	*ret_error = (struct monitor_error){};
	set_defaults(&config);
	err = document_read(in, ret_error, &doc);
	if (err)
		return err;
	err = document_each_key(&doc, document_root(&doc), "configuration", take_part, &config);
	err = err ?: check_whole(&doc, &config);
	document_deinit(&doc);
	if (err)
		return err;
	*ret_config = config;
	config = (struct monitor_config){};
	return 0;
}

int monitor_config_open(const char *path, struct monitor_config *ret_config, struct monitor_error *ret_error)
{
	_cleanup_(fclosep) FILE *in = fopen(path, "re");
	int err;

	if (in)
		return monitor_config_read(in, ret_config, ret_error);
	err = -errno;
	*ret_error = (struct monitor_error){};
	snprintf(ret_error->why, sizeof(ret_error->why), "%s", strerror(-err));
	return err;
}

void monitor_config_deinit(struct monitor_config *config)
{
	for (size_t i = 0; i < config->target_count; i++)
		target_deinit(&config->targets[i]);
	free(config->targets);
	monitor_outputs_deinit(&config->outputs);
}
