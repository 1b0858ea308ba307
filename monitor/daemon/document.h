/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A YAML file as a tree whose nodes know their lines, and the values a configuration has. */
#ifndef KVIEW_MONITOR_DOCUMENT_H
#define KVIEW_MONITOR_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <yaml.h>

#include "config.h"

struct document {
	yaml_document_t yaml;
	struct monitor_error *error;
};

/* Called for each key of a mapping, or each element of a list (@key NULL). */
typedef int (*document_fn)(struct document *doc, const char *key, yaml_node_t *node, void *data);

/* -EINVAL: no YAML, and @error tells where; -ENOMEM. */
int document_read(FILE *in, struct monitor_error *error, struct document *ret_doc);
void document_deinit(struct document *doc);

/* The outermost node; NULL: an empty file. */
yaml_node_t *document_root(struct document *doc);

/* Say what is wrong with @node. -EINVAL */
int document_refuse(struct document *doc, const yaml_node_t *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* -EINVAL unless @node is a mapping of different words; NULL and "" are empty ones. */
int document_each_key(struct document *doc, yaml_node_t *node, const char *what, document_fn fn, void *data);

/* The elements of a list; a single value is a list of one. */
int document_each_element(struct document *doc, yaml_node_t *node, document_fn fn, void *data);

/* A word of a mapping, and what takes its value. */
struct document_statement {
	const char *word;
	int (*take)(struct document *doc, yaml_node_t *node, void *data);
};

/* Hand @node to the one whose word is @key; -EINVAL: @what has no such word. */
int document_take(struct document *doc, const char *key, yaml_node_t *node, void *data,
		  const struct document_statement *statements, size_t count, const char *what);

/* A value that is no list or mapping, and not empty. */
int document_text(struct document *doc, const yaml_node_t *node, const char *what, const char **ret_text);
int document_copy(struct document *doc, const yaml_node_t *node, const char *what, char **ret_text);
int document_number(struct document *doc, const yaml_node_t *node, const char *what, uint64_t least, uint64_t most,
		    uint64_t *ret_number);

/* "500ms", "10s", "5m" or "1h", in nanoseconds. */
int document_duration(struct document *doc, const yaml_node_t *node, const char *what, uint64_t *ret_ns);

/* true, yes, on; false, no, off. */
int document_bool(struct document *doc, const yaml_node_t *node, const char *what, bool *ret_value);

#endif /* KVIEW_MONITOR_DOCUMENT_H */
