// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration of kview-monitord: what is read; what is refused, where, and in which words. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "monitor/daemon/config.h"
#include "unit.h"

#define TARGET "targets:\n- name: a\n  pid: 1\n"
#define OTLP TARGET "outputs:\n  otlp:\n    url: http://a/b\n"
#define OUTPUT "outputs: {prometheus: {listen: '127.0.0.1:9464'}}\n"

static int read_text(const char *text, struct monitor_config *config, struct monitor_error *error)
{
	FILE *in = fmemopen((char *)text, strlen(text) ?: 1, "r");
	int err = monitor_config_read(in, config, error);

	fclose(in);
	return err;
}

/* All there is to be said. */
static const char whole[] = "# a comment\n"
			    "targets:\n"
			    "  - name: web\n"
			    "    unit: nginx.service\n"
			    "    port: [80, 443]\n"
			    "  - name: cache\n"
			    "    process: ^redis-(server|sentinel)$\n"
			    "    container: cache-1\n"
			    "    ip: [10.1.0.0/16, 192.0.2.1, 'fd00::/8', '::1', '0.0.0.0/0']\n"
			    "    interface: eth0\n"
			    "probes:\n"
			    "  cpu:\n"
			    "  http: {paths: 7}\n"
			    "  websocket: {ilp: no}\n"
			    "  syscalls: yes\n"
			    "  block: off\n"
			    "  tcp:\n"
			    "outputs:\n"
			    "  prometheus: {listen: '[::1]:9464', names: [web1, web1.example.org]}\n"
			    "  json: {file: /var/log/kview.jsonl, every: 500ms}\n"
			    "  otlp:\n"
			    "    url: https://otel.example:4318/v1/metrics\n"
			    "    every: 1m\n"
			    "    compression: none\n"
			    "    headers: {Authorization: Bearer a b, X-Tenant: 7}\n"
			    "  remote_write: {url: 'http://[::1]:9090/api/v1/write', timeout: 500ms}\n"
			    "limits: {series: 1234, forget: 2h, times: no}\n";

static void expect_web(const struct monitor_target *target)
{
	assert_string_equal(target->name, "web");
	assert_int_equal(target->line, 3);
	assert_int_equal(target->selector_count, 3);
	assert_int_equal(target->selectors[0].by, MONITOR_BY_CGROUP);
	assert_string_equal(target->selectors[0].text, "nginx.service");
	assert_int_equal(target->selectors[2].by, MONITOR_BY_PORT);
	assert_int_equal(target->selectors[2].number, 443);
}

static void expect_networks(const struct monitor_selector *selectors)
{
	static const uint8_t v4_mapped[] = { [10] = 0xff, 0xff, 10, 1, 0, 0 };

	assert_int_equal(selectors[0].by, MONITOR_BY_NETWORK);
	assert_int_equal(selectors[0].network.bits, 112);
	assert_memory_equal(selectors[0].network.address, v4_mapped, sizeof(v4_mapped));
	assert_int_equal(selectors[1].network.bits, 128);
	assert_int_equal(selectors[2].network.bits, 8);
	assert_int_equal(selectors[2].network.address[0], 0xfd);
	assert_int_equal(selectors[3].network.bits, 128);
	assert_int_equal(selectors[3].network.address[15], 1);
	assert_int_equal(selectors[4].network.bits, 96);
}

static void expect_cache(const struct monitor_target *target)
{
	assert_string_equal(target->name, "cache");
	assert_int_equal(target->selectors[0].by, MONITOR_BY_NAME);
	assert_int_equal(regexec(&target->selectors[0].regex, "redis-server", 0, NULL, 0), 0);
	assert_int_not_equal(regexec(&target->selectors[0].regex, "redis-cli", 0, NULL, 0), 0);
	assert_int_equal(target->selectors[1].by, MONITOR_BY_CONTAINER);
	expect_networks(&target->selectors[2]);
	assert_int_equal(target->selectors[7].by, MONITOR_BY_INTERFACE);
	assert_string_equal(target->selectors[7].text, "eth0");
}

static void expect_probes(const struct monitor_probe_config *probes)
{
	assert_true(probes[MONITOR_CPU].on);
	assert_true(probes[MONITOR_HTTP].on);
	assert_int_equal(probes[MONITOR_HTTP].options[MONITOR_HTTP_PATHS], 7);
	assert_true(probes[MONITOR_WEBSOCKET].on);
	assert_int_equal(probes[MONITOR_WEBSOCKET].options[MONITOR_WEBSOCKET_ILP], 0);
	assert_true(probes[MONITOR_SYSCALLS].on);
	assert_true(probes[MONITOR_TCP].on);
	assert_false(probes[MONITOR_BLOCK].on);
	assert_false(probes[MONITOR_MEMORY].on);
}

static void expect_pushes(const struct monitor_push_config *otlp, const struct monitor_push_config *remote)
{
	assert_string_equal(otlp->url, "https://otel.example:4318/v1/metrics");
	assert_string_equal(otlp->headers, "Authorization: Bearer a b\nX-Tenant: 7\n");
	assert_int_equal(otlp->every, 60000000000);
	assert_int_equal(otlp->timeout, 10000000000);
	assert_false(otlp->compress);
	assert_string_equal(remote->url, "http://[::1]:9090/api/v1/write");
	assert_null(remote->headers);
	assert_int_equal(remote->every, 15000000000);
	assert_int_equal(remote->timeout, 500000000);
}

static void expect_outputs(const struct monitor_outputs *outputs)
{
	const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)&outputs->listen;

	assert_int_equal(outputs->hosts.count, 2);
	assert_string_equal(outputs->hosts.names[1], "web1.example.org");
	assert_int_equal(ip6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(ip6->sin6_port), 9464);
	assert_string_equal(outputs->json, "/var/log/kview.jsonl");
	assert_int_equal(outputs->json_every, 500000000);
	expect_pushes(&outputs->pushes[PUSH_OTLP], &outputs->pushes[PUSH_REMOTE_WRITE]);
}

static void everything(void **state)
{
	struct monitor_config config;
	struct monitor_error error;

	(void)state;
	assert_int_equal(read_text(whole, &config, &error), 0);
	assert_int_equal(config.target_count, 2);
	expect_web(&config.targets[0]);
	expect_cache(&config.targets[1]);
	expect_probes(config.probes);
	expect_outputs(&config.outputs);
	assert_int_equal(config.series, 1234);
	assert_false(config.times);
	assert_int_equal(config.forget, 7200000000000);
	monitor_config_deinit(&config);
}

static void defaults(void **state)
{
	struct monitor_config config;
	struct monitor_error error;

	(void)state;
	assert_int_equal(read_text(TARGET OUTPUT, &config, &error), 0);
	for (size_t i = 0; i < MONITOR_PROBES; i++)
		assert_int_equal(config.probes[i].on, monitor_probes[i].on);
	assert_int_equal(config.probes[MONITOR_HTTP].options[MONITOR_HTTP_PATHS], 100);
	assert_int_equal(config.outputs.listen.ss_family, AF_INET);
	assert_null(config.outputs.json);
	assert_int_equal(config.series, 5000);
	monitor_config_deinit(&config);
}

/* What is refused, in which line and in which words. */
static const struct {
	const char *text;
	unsigned int line;
	const char *why;
} refused[] = {
	{ "\n", 0, "no targets" },
	{ OUTPUT, 0, "no targets" },
	{ TARGET, 0, "no outputs" },
	{ "targets: [\n", 2, "not YAML" },
	{ "a: b\n\tc: d\n", 2, "not YAML" },
	{ "- a\n", 1, "expected 'name: value' lines" },
	{ TARGET "---\nb: c\n", 5, "a second document" },
	{ TARGET "target:\n  a\n", 5, "target: nothing a configuration has" },
	{ TARGET "targets: []\n", 4, "targets: said twice" },
	{ "targets: web\n", 1, "expected '- name: NAME'" },
	{ "targets:\n- pid: 1\n", 2, "without a name" },
	{ "targets:\n- name: a\n", 2, "a: who belongs to it?" },
	{ "targets:\n- name: a b\n  pid: 1\n", 2, "a b: only letters" },
	{ "targets:\n- name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n  pid: 1\n", 2, "more than 32 characters" },
	{ TARGET "- name: a\n  pid: 2\n", 4, "the target of line 2 has it" },
	{ "targets:\n- name: a\n  pid: 0\n", 3, "pid: 0: not a number from 1" },
	{ "targets:\n- name: a\n  pid: -1\n", 3, "not a number from 1" },
	{ "targets:\n- name: a\n  pid: 1x\n", 3, "not a number from 1" },
	{ "targets:\n- name: a\n  port: 65536\n", 3, "port: 65536: not a number from 1 to 65535" },
	{ "targets:\n- name: a\n  port: [80, {}]\n", 3, "port: a value is expected" },
	{ "targets:\n- name: a\n  process: '(a'\n", 3, "process: (a: " },
	{ "targets:\n- name: a\n  user: b\n", 3, "user: nothing a target has" },
	{ "targets:\n- name: a\n  unit:\n", 3, "unit: a value is expected" },
	{ "targets:\n- name: a\n  ip: localhost\n", 3, "ip: localhost: expected ADDRESS or NETWORK/BITS" },
	{ "targets:\n- name: a\n  ip: 10.0.0.1/8\n", 3, "ip: 10.0.0.1/8: expected" },
	{ "targets:\n- name: a\n  ip: 10.0.0.0/33\n", 3, "ip: 10.0.0.0/33: expected" },
	{ "targets:\n- name: a\n  ip: 10.0.0.0/\n", 3, "ip: 10.0.0.0/: expected" },
	{ "targets:\n- name: a\n  ip: '::/129'\n", 3, "ip: ::/129: expected" },
	{ "targets:\n- name: a\n  interface: an-interface-or-not\n", 3, "no name of an interface" },
	{ TARGET "probes:\n  cup:\n", 5, "cup: no probe; there are cpu" },
	{ TARGET "probes:\n  cpu: maybe\n", 5, "yes or no is expected" },
	{ TARGET "probes:\n  http:\n    paths: 1001\n", 6, "paths: 1001: not a number from 0 to 1000" },
	{ TARGET "probes:\n  cpu:\n    paths: 1\n", 6, "paths: no option of the probe cpu" },
	{ TARGET "outputs:\n  prometheus:\n", 5, "where does it listen" },
	{ TARGET "outputs:\n  prometheus: {listen: localhost:1}\n", 5, "expected ADDRESS:PORT" },
	{ TARGET "outputs:\n  prometheus: {listen: '127.0.0.1:0'}\n", 5, "expected ADDRESS:PORT" },
	{ TARGET "outputs:\n  prometheus: {listen: '::1:9464'}\n", 5, "expected ADDRESS:PORT" },
	{ TARGET "outputs:\n  prometheus:\n    names: 'a:1'\n", 6, "a:1: expected a host's name, without port" },
	{ TARGET "outputs:\n  prometheus: {port: 1}\n", 5, "port: nothing prometheus has" },
	{ TARGET "outputs:\n  json: {every: 1s}\n", 5, "json: where to?" },
	{ TARGET "outputs:\n  json: {file: a}\n", 5, "a: expected a path" },
	{ TARGET "outputs:\n  json: {file: /a, every: 10}\n", 5, "every: 10: not a time" },
	{ TARGET "outputs:\n  json: {file: /a, every: 0s}\n", 5, "every: 0s: not a time" },
	{ TARGET "outputs:\n  otlp:\n", 5, "otlp: where to? url: http://127.0.0.1:4318/v1/metrics" },
	{ TARGET "outputs:\n  otlp: {url: 'http://a:1'}\n", 5, "http://a:1: expected http://HOST:PORT/PATH" },
	{ TARGET "outputs:\n  otlp: {url: 'http:///a'}\n", 5, "expected http://HOST:PORT/PATH" },
	{ TARGET "outputs:\n  otlp: {url: 'grpc://a:1/b'}\n", 5, "expected http://HOST:PORT/PATH" },
	{ TARGET "outputs:\n  otlp: {url: \"http://a/b\\nX: y\"}\n", 5, "expected http://HOST:PORT/PATH" },
	{ TARGET "outputs:\n  otlp: {url: 'http://a/b', every: 999ms}\n", 5, "every: less than 1s" },
	{ TARGET "outputs:\n  otlp: {url: 'http://a/b', timeout: 61s}\n", 5, "timeout: more than 1m" },
	{ OTLP "    compression: zip\n", 7, "zip: gzip or none is expected" },
	{ OTLP "    headers: {A b: c}\n", 7, "A b: no name of a header" },
	{ OTLP "    headers: {a: \"b\\nc\"}\n", 7, "a: more than a line" },
	{ OTLP "    headers: {host: b}\n", 7, "host: is set by" },
	{ TARGET "outputs:\n  remote_write: {url: 'http://a/b', compression: gzip}\n", 5, "has its own" },
	{ TARGET "outputs:\n  remote_write: {uri: 'http://a/b'}\n", 5, "uri: nothing remote_write has" },
	{ TARGET OUTPUT "limits: {series: 99}\n", 5, "series: 99: not a number from 100" },
	{ TARGET OUTPUT "probes: {http: yes}\n", 0, "http needs the probe tcp" },
	{ TARGET OUTPUT "probes: {websocket: }\n", 0, "websocket needs the probe tcp" },
	{ TARGET OUTPUT "probes: {tcp: , websocket: {ilp: 7}}\n", 5, "ilp" },
	{ TARGET OUTPUT "limits: {memory: 1}\n", 5, "memory: nothing limits has" },
};

static void mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct monitor_config config;
		struct monitor_error error;

		if (read_text(refused[i].text, &config, &error) != -EINVAL)
			fail_msg("taken: %s", refused[i].text);
		if (error.line != refused[i].line || !strstr(error.why, refused[i].why))
			fail_msg("%s: line %u: %s", refused[i].text, error.line, error.why);
	}
}

/* An anchor that holds itself, and more targets than there can be. */
static void excess(void **state)
{
	struct monitor_config config;
	struct monitor_error error;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	(void)state;
	assert_int_equal(read_text("targets: &a [*a]\n", &config, &error), -EINVAL);
	out = open_memstream(&text, &len);
	fputs("targets:\n", out);
	for (int i = 0; i < 65; i++)
		fprintf(out, "- {name: t%d, pid: 1}\n", i);
	fclose(out);
	assert_int_equal(read_text(text, &config, &error), -EINVAL);
	assert_int_equal(error.line, 66);
	assert_non_null(strstr(error.why, "more than 64 targets"));
	free(text);
}

static void no_file(void **state)
{
	struct monitor_config config;
	struct monitor_error error;

	(void)state;
	assert_int_equal(monitor_config_open("/nonesuch", &config, &error), -ENOENT);
	assert_string_equal(error.why, "No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything), cmocka_unit_test(defaults), cmocka_unit_test(mistakes),
		cmocka_unit_test(excess),     cmocka_unit_test(no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
