// SPDX-License-Identifier: GPL-2.0-or-later
#include "document.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "util/clock.h"


static int say(struct monitor_error *error, size_t line, const char *fmt, va_list args)
{
	error->line = line;
	vsnprintf(error->why, sizeof(error->why), fmt, args);
	return -EINVAL;
}

int document_refuse(struct document *doc, const yaml_node_t *node, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(doc->error, node ? node->start_mark.line + 1 : 0, fmt, args);
	va_end(args);
	return -EINVAL;
}

static int refuse_syntax(const yaml_parser_t *parser, struct monitor_error *error)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	error->line = parser->problem_mark.line + 1;
	/* An unreadable byte has an offset, but no line. */
	if (parser->error == YAML_READER_ERROR)
		error->line = 0;
	snprintf(error->why, sizeof(error->why), "not YAML: %s%s%s", parser->problem ?: "unreadable",
		 parser->context ? " " : "", parser->context ?: "");
	return -EINVAL;
}

int document_read(FILE *in, struct monitor_error *error, struct document *ret_doc)
{
	yaml_document_t second;
	yaml_parser_t parser;
	int err = 0;

	ret_doc->error = error;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_file(&parser, in);
	if (!yaml_parser_load(&parser, &ret_doc->yaml)) {
		err = refuse_syntax(&parser, error);
		yaml_parser_delete(&parser);
		return err;
	}
	if (yaml_document_get_root_node(&ret_doc->yaml)) {
		if (!yaml_parser_load(&parser, &second)) {
			err = refuse_syntax(&parser, error);
		} else {
			if (yaml_document_get_root_node(&second))
				err = document_refuse(ret_doc, yaml_document_get_root_node(&second),
						      "a second document; there is only one");
			yaml_document_delete(&second);
		}
	}
	yaml_parser_delete(&parser);
	if (err)
		document_deinit(ret_doc);
	return err;
}

void document_deinit(struct document *doc)
{
	yaml_document_delete(&doc->yaml);
}

yaml_node_t *document_root(struct document *doc)
{
	return yaml_document_get_root_node(&doc->yaml);
}

static const char *scalar(const yaml_node_t *node)
{
	const char *text = node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;

	return text && strlen(text) == node->data.scalar.length ? text : NULL;
}

static bool is_empty(const yaml_node_t *node)
{
	const char *text = scalar(node);

	return !node || (text && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
			 (!*text || !strcmp(text, "~") || !strcmp(text, "null")));
}

/* Whether an earlier pair of the mapping has the key of @pair. */
static bool is_repeated(struct document *doc, const yaml_node_t *node, const yaml_node_pair_t *pair, const char *key)
{
	for (const yaml_node_pair_t *before = node->data.mapping.pairs.start; before < pair; before++) {
		const char *other = scalar(yaml_document_get_node(&doc->yaml, before->key));

		if (other && !strcmp(other, key))
			return true;
	}
	return false;
}

int document_each_key(struct document *doc, yaml_node_t *node, const char *what, document_fn fn, void *data)
{
	yaml_node_pair_t *pair;
	int err = 0;

	if (is_empty(node))
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return document_refuse(doc, node, "%s: expected 'name: value' lines", what);
	for (pair = node->data.mapping.pairs.start; !err && pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key_node = yaml_document_get_node(&doc->yaml, pair->key);
		const char *key = scalar(key_node);

		if (!key)
			return document_refuse(doc, key_node, "%s: a name is expected here", what);
		if (is_repeated(doc, node, pair, key))
			return document_refuse(doc, key_node, "%.60s: said twice", key);
		err = fn(doc, key, yaml_document_get_node(&doc->yaml, pair->value), data);
	}
	return err;
}

int document_each_element(struct document *doc, yaml_node_t *node, document_fn fn, void *data)
{
	yaml_node_item_t *item;
	int err = 0;

	if (!node || node->type != YAML_SEQUENCE_NODE)
		return fn(doc, NULL, node, data);
	for (item = node->data.sequence.items.start; !err && item < node->data.sequence.items.top; item++)
		err = fn(doc, NULL, yaml_document_get_node(&doc->yaml, *item), data);
	return err;
}

int document_take(struct document *doc, const char *key, yaml_node_t *node, void *data,
		  const struct document_statement *statements, size_t count, const char *what)
{
	char words[160] = "";

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(statements[i].word, key))
			return statements[i].take(doc, node, data);
		strcat(strcat(words, i ? ", " : ""), statements[i].word);
	}
	return document_refuse(doc, node, "%.40s: nothing %s has; it has %s", key, what, words);
}

int document_text(struct document *doc, const yaml_node_t *node, const char *what, const char **ret_text)
{
	const char *text = scalar(node);

	if (!text || !*text)
		return document_refuse(doc, node, "%s: a value is expected", what);
	*ret_text = text;
	return 0;
}

int document_copy(struct document *doc, const yaml_node_t *node, const char *what, char **ret_text)
{
	const char *text = NULL;
	char *copy;
	int err;

	err = document_text(doc, node, what, &text);
	if (err)
		return err;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*ret_text);
	*ret_text = copy;
	return 0;
}

static int parse_digits(const char *text, char **ret_end, uint64_t *ret_number)
{
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*ret_number = strtoull(text, ret_end, 10);
	return errno ? -ERANGE : 0;
}

int document_number(struct document *doc, const yaml_node_t *node, const char *what, uint64_t least, uint64_t most,
		    uint64_t *ret_number)
{
	const char *text = NULL;
	uint64_t number = 0;
	char *end;
	int err;

	err = document_text(doc, node, what, &text);
	if (err)
		return err;
	if (parse_digits(text, &end, &number) || *end || number < least || number > most)
		return document_refuse(doc, node, "%s: %.40s: not a number from %llu to %llu", what, text,
				       (unsigned long long)least, (unsigned long long)most);
	*ret_number = number;
	return 0;
}

int document_duration(struct document *doc, const yaml_node_t *node, const char *what, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "ms", NS_PER_SECOND / 1000 },
		{ "s", NS_PER_SECOND },
		{ "m", 60 * NS_PER_SECOND },
		{ "h", 3600 * NS_PER_SECOND },
	};
	const char *text = NULL;
	uint64_t number;
	char *end;
	int err;

	err = document_text(doc, node, what, &text);
	if (err)
		return err;
	err = parse_digits(text, &end, &number);
	for (size_t i = 0; !err && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name) && number > 0 && number <= 1000000) {
			*ret_ns = number * units[i].ns;
			return 0;
		}
	return document_refuse(doc, node, "%s: %.40s: not a time, as 500ms, 10s, 5m or 1h", what, text);
}

int document_bool(struct document *doc, const yaml_node_t *node, const char *what, bool *ret_value)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
	const char *text = NULL;
	int err;

	err = document_text(doc, node, what, &text);
	for (size_t i = 0; !err && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(words[i], text)) {
			*ret_value = i % 2;
			return 0;
		}
	return err ?: document_refuse(doc, node, "%s: %.40s: yes or no is expected", what, text);
}
