// SPDX-License-Identifier: GPL-2.0-or-later
#include "outputs.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "document.h"
#include "util/clock.h"

#define JSON_EVERY_DEFAULT (10 * NS_PER_SECOND)
#define PUSH_EVERY_DEFAULT (15 * NS_PER_SECOND)
#define PUSH_TIMEOUT_DEFAULT (10 * NS_PER_SECOND)
#define PUSH_TIMEOUT_MAX (60 * NS_PER_SECOND)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* --- Prometheus asks, a file is written --------------------------------------------------------------------------- */

/* ADDRESS:PORT, [ADDRESS]:PORT */
static int parse_address(const char *text, struct sockaddr_storage *ret_address)
{
	struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *ip4 = (struct sockaddr_in *)ret_address;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2], *end;
	unsigned long port;
	size_t len;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	len = colon - text;
	if (*end || !port || port > 65535 || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(ret_address, 0, sizeof(*ret_address));
	if (host[0] == '[' && len > 2 && host[len - 1] == ']') {
		host[len - 1] = '\0';
		ip6->sin6_family = AF_INET6;
		ip6->sin6_port = htons(port);
		return inet_pton(AF_INET6, host + 1, &ip6->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	ip4->sin_family = AF_INET;
	ip4->sin_port = htons(port);
	return inet_pton(AF_INET, host, &ip4->sin_addr) == 1 ? 0 : -EINVAL;
}

static int take_listen(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_outputs *outputs = data;
	struct sockaddr_storage address;
	int err;

	err = document_copy(doc, node, "listen", &outputs->listen_text);
	if (err)
		return err;
	if (parse_address(outputs->listen_text, &address))
		return document_refuse(doc, node,
				       "listen: %.60s: expected ADDRESS:PORT, as 127.0.0.1:9464 or [::1]:9464",
				       outputs->listen_text);
	outputs->listen = address;
	return 0;
}

static bool is_host_name(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-._", *at))
			return false;
	return *name && strlen(name) < 254;
}

static int take_host(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	struct hosts *hosts = &((struct monitor_outputs *)data)->hosts;
	char *name = NULL;
	int err;

	(void)key;
	if (hosts->count == HOSTS_MAX)
		return document_refuse(doc, node, "names: more than %d", HOSTS_MAX);
	err = document_copy(doc, node, "names", &name);
	if (err)
		return err;
	hosts->names[hosts->count++] = name;
	return is_host_name(name) ? 0 :
				    document_refuse(doc, node, "names: %.60s: expected a host's name, without port",
						    name);
}

static int take_hosts(struct document *doc, yaml_node_t *node, void *data)
{
	return document_each_element(doc, node, take_host, data);
}

static int take_prometheus_part(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const struct document_statement statements[] = { { "listen", take_listen }, { "names", take_hosts } };

	return document_take(doc, key, node, data, statements, ARRAY_SIZE(statements), "prometheus");
}

static int take_prometheus(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_outputs *outputs = data;
	int err;

	err = document_each_key(doc, node, "prometheus", take_prometheus_part, data);
	if (!err && !outputs->listen.ss_family)
		return document_refuse(doc, node, "prometheus: where does it listen? listen: ADDRESS:PORT");
	return err;
}

static int take_file(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_outputs *outputs = data;
	int err;

	err = document_copy(doc, node, "file", &outputs->json);
	if (!err && outputs->json[0] != '/')
		return document_refuse(doc, node, "file: %.60s: expected a path from / on", outputs->json);
	return err;
}

static int take_every(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_outputs *outputs = data;

	return document_duration(doc, node, "every", &outputs->json_every);
}

static int take_json_part(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const struct document_statement statements[] = { { "file", take_file }, { "every", take_every } };

	return document_take(doc, key, node, data, statements, ARRAY_SIZE(statements), "json");
}

static int take_json(struct document *doc, yaml_node_t *node, void *data)
{
	struct monitor_outputs *outputs = data;
	int err;

	err = document_each_key(doc, node, "json", take_json_part, data);
	if (!err && !outputs->json)
		return document_refuse(doc, node, "json: where to? file: PATH");
	return err;
}

/* --- pushes ------------------------------------------------------------------------------------------------------- */

/* What it is called, and an address as an example. */
static const struct push_name {
	const char *word, *example;
} push_names[PUSH_KINDS] = {
	[PUSH_OTLP] = { "otlp", "http://127.0.0.1:4318/v1/metrics" },
	[PUSH_REMOTE_WRITE] = { "remote_write", "http://127.0.0.1:9090/api/v1/write" },
};

struct push_reader {
	const struct push_name *name;
	struct monitor_push_config *push;
};

/* http://HOST/PATH, with nothing in it that ends a line. */
static bool is_url(const char *text)
{
	const char *host = !strncmp(text, "http://", 7) ? text + 7 : !strncmp(text, "https://", 8) ? text + 8 : "";
	const char *path = strchr(host, '/');

	for (const char *at = text; *at; at++)
		if (!isgraph((unsigned char)*at))
			return false;
	return path && path > host && path[1];
}

static int take_url(struct document *doc, yaml_node_t *node, void *data)
{
	struct push_reader *reader = data;
	int err;

	err = document_copy(doc, node, "url", &reader->push->url);
	if (!err && !is_url(reader->push->url))
		return document_refuse(doc, node, "url: %.80s: expected http://HOST:PORT/PATH or https://, as %s",
				       reader->push->url, reader->name->example);
	return err;
}

static int take_push_every(struct document *doc, yaml_node_t *node, void *data)
{
	struct push_reader *reader = data;
	int err;

	err = document_duration(doc, node, "every", &reader->push->every);
	if (!err && reader->push->every < NS_PER_SECOND)
		return document_refuse(doc, node, "every: less than 1s");
	return err;
}

static int take_timeout(struct document *doc, yaml_node_t *node, void *data)
{
	struct push_reader *reader = data;
	int err;

	err = document_duration(doc, node, "timeout", &reader->push->timeout);
	if (!err && reader->push->timeout > PUSH_TIMEOUT_MAX)
		return document_refuse(doc, node, "timeout: more than 1m");
	return err;
}

static int take_compression(struct document *doc, yaml_node_t *node, void *data)
{
	struct push_reader *reader = data;
	const char *text;
	int err;

	err = document_text(doc, node, "compression", &text);
	if (err)
		return err;
	if (reader->name != &push_names[PUSH_OTLP])
		return document_refuse(doc, node, "compression: %s has its own", reader->name->word);
	if (strcmp(text, "gzip") && strcmp(text, "none"))
		return document_refuse(doc, node, "compression: %.40s: gzip or none is expected", text);
	reader->push->compress = !strcmp(text, "gzip");
	return 0;
}

static bool is_header_name(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("!#$%&'*+-.^_`|~", *at))
			return false;
	return *name;
}

static int take_header(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const char *const own[] = { "Content-Type", "Content-Encoding", "Content-Length", "Host" };
	struct push_reader *reader = data;
	char *before = reader->push->headers;
	const char *value;
	int err;

	if (!is_header_name(key))
		return document_refuse(doc, node, "headers: %.40s: no name of a header", key);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (!strcasecmp(own[i], key))
			return document_refuse(doc, node, "headers: %s: is set by kview-monitord itself", key);
	err = document_text(doc, node, key, &value);
	if (err)
		return err;
	for (const char *at = value; *at; at++)
		if (iscntrl((unsigned char)*at))
			return document_refuse(doc, node, "headers: %s: more than a line", key);
	if ((before ? strlen(before) : 0) + strlen(key) + strlen(value) > PUSH_ADDRESS_MAX / 2)
		return document_refuse(doc, node, "headers: more than %d bytes", PUSH_ADDRESS_MAX / 2);
	if (asprintf(&reader->push->headers, "%s%s: %s\n", before ?: "", key, value) < 0) {
		reader->push->headers = before;
		return -ENOMEM;
	}
	free(before);
	return 0;
}

static int take_headers(struct document *doc, yaml_node_t *node, void *data)
{
	return document_each_key(doc, node, "headers", take_header, data);
}

static int take_push_part(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const struct document_statement statements[] = {
		{ "url", take_url },	     { "every", take_push_every },	 { "timeout", take_timeout },
		{ "headers", take_headers }, { "compression", take_compression },
	};
	struct push_reader *reader = data;

	return document_take(doc, key, node, data, statements, ARRAY_SIZE(statements), reader->name->word);
}

static int take_push(struct document *doc, yaml_node_t *node, struct monitor_outputs *outputs, enum push_kind kind)
{
	struct push_reader reader = { &push_names[kind], &outputs->pushes[kind] };
	int err;

	err = document_each_key(doc, node, reader.name->word, take_push_part, &reader);
	if (!err && !reader.push->url)
		return document_refuse(doc, node, "%s: where to? url: %s", reader.name->word, reader.name->example);
	return err;
}

static int take_otlp(struct document *doc, yaml_node_t *node, void *data)
{
	return take_push(doc, node, data, PUSH_OTLP);
}

static int take_remote_write(struct document *doc, yaml_node_t *node, void *data)
{
	return take_push(doc, node, data, PUSH_REMOTE_WRITE);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static int take_output(struct document *doc, const char *key, yaml_node_t *node, void *data)
{
	static const struct document_statement statements[] = {
		{ "prometheus", take_prometheus },
		{ "json", take_json },
		{ "otlp", take_otlp },
		{ "remote_write", take_remote_write },
	};

	return document_take(doc, key, node, data, statements, ARRAY_SIZE(statements), "outputs");
}

int monitor_outputs_take(struct document *doc, yaml_node_t *node, struct monitor_outputs *outputs)
{
	return document_each_key(doc, node, "outputs", take_output, outputs);
}

void monitor_outputs_default(struct monitor_outputs *outputs)
{
	outputs->json_every = JSON_EVERY_DEFAULT;
	for (enum push_kind kind = 0; kind < PUSH_KINDS; kind++) {
		outputs->pushes[kind].every = PUSH_EVERY_DEFAULT;
		outputs->pushes[kind].timeout = PUSH_TIMEOUT_DEFAULT;
		outputs->pushes[kind].compress = true;
	}
}

bool monitor_outputs_any(const struct monitor_outputs *outputs)
{
	bool any = outputs->listen.ss_family || outputs->json;

	for (enum push_kind kind = 0; kind < PUSH_KINDS; kind++)
		any = any || outputs->pushes[kind].url;
	return any;
}

void monitor_outputs_deinit(struct monitor_outputs *outputs)
{
	free(outputs->listen_text);
	hosts_deinit(&outputs->hosts);
	free(outputs->json);
	for (enum push_kind kind = 0; kind < PUSH_KINDS; kind++) {
		free(outputs->pushes[kind].url);
		free(outputs->pushes[kind].headers);
	}
}
