// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configurations of shields: what is read, what is refused and where; and that the sets of rules mean the first rule
 * that matches.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shield/ruleset.h"
#include "unit.h"

static int read_text(const char *text, struct shield_config *config, struct shield_error *error)
{
	FILE *in = fmemopen((char *)text, strlen(text) ?: 1, "r");
	int err = shield_config_read(in, "tests/unit/fixtures/none", config, error);

	fclose(in);
	return err;
}

static void everything(void **state)
{
	static const char text[] = "# a comment\n"
				   "interface eth0\nmode native\ndefault drop\nwithout dhcp\n\n"
				   "deny from 192.0.2.0/24,2001:db8::/32 name bad # not these\n"
				   "  allow proto tcp port 80-443 rate 100/s burst 7 each\n"
				   "allow proto 132 sport 5\n";
	struct shield_config config;
	struct shield_error error;

	(void)state;
	assert_int_equal(read_text(text, &config, &error), 0);
	assert_string_equal(config.interface, "eth0");
	assert_int_equal(config.mode, SHIELD_NATIVE);
	assert_false(config.pass);
	assert_int_equal(config.builtin, 1 << SHIELD_ARP | 1 << SHIELD_ND);
	assert_int_equal(config.rule_count, 3);
	assert_false(config.rules[0].allow);
	assert_int_equal(config.rules[0].source_count, 2);
	assert_int_equal(config.rules[0].sources[1].family, 6);
	assert_int_equal(config.rules[0].sources[1].len, 32);
	assert_string_equal(config.rules[0].name, "bad");
	assert_string_equal(config.rules[0].text, "deny from 192.0.2.0/24,2001:db8::/32 name bad");
	assert_int_equal(config.rules[1].dports.first, 80);
	assert_int_equal(config.rules[1].dports.last, 443);
	assert_int_equal(config.rules[1].rate, 100);
	assert_int_equal(config.rules[1].burst, 7);
	assert_true(config.rules[1].each);
	assert_int_equal(config.rules[2].line, 9);
	assert_int_equal(config.rules[2].protocol, 132);
	shield_config_deinit(&config);
}

/* What is refused, in which line and in which words. */
static const struct {
	const char *text;
	unsigned int line;
	const char *why;
} refused[] = {
	{ "\n", 0, "default drop, or default pass" },
	{ "allow\n", 0, "default drop, or default pass" },
	{ "default drop\ndefualt drop\n", 2, "no statement" },
	{ "default drop\ndefault pass\n", 2, "twice" },
	{ "default maybe\n", 1, "maybe" },
	{ "default\n", 1, "needs a value" },
	{ "default drop now\n", 1, "now: nothing is expected" },
	{ "interface this-name-is-too-long\n", 1, "no interface has such a name" },
	{ "interface a\ninterface b\n", 2, "twice" },
	{ "mode fast\n", 1, "fast" },
	{ "without ipv4\n", 1, "ipv4" },
	{ "allow from 10.0.0.1/8\n", 1, "bits behind its length" },
	{ "allow from 10.0.0.0/33\n", 1, "0 to 32" },
	{ "allow from ::/129\n", 1, "0 to 128" },
	{ "allow from 10.0.0.0/\n", 1, "0 to 32" },
	{ "allow from 10.0.0\n", 1, "not an address" },
	{ "allow from 1.2.3.4,\n", 1, "not an address" },
	{ "allow from\n", 1, "needs a value" },
	{ "allow from 1.1.1.1 from 2.2.2.2\n", 1, "twice" },
	{ "allow from @nonesuch\n", 1, "fixtures/nonesuch: No such file" },
	{ "allow proto tpc\n", 1, "not a protocol" },
	{ "allow proto 256\n", 1, "not a protocol" },
	{ "allow port 80\n", 1, "need a protocol" },
	{ "allow proto icmp port 80\n", 1, "need a protocol" },
	{ "allow proto tcp port 80-\n", 1, "not a port" },
	{ "allow proto tcp port 80-79\n", 1, "not a range" },
	{ "allow proto tcp port 65536\n", 1, "not a port" },
	{ "allow proto tcp port -1\n", 1, "not a port" },
	{ "deny rate 5/s\n", 1, "belongs to allow" },
	{ "allow rate 5\n", 1, "not a rate" },
	{ "allow rate 0/s\n", 1, "not a rate" },
	{ "allow burst 5\n", 1, "need a rate" },
	{ "allow each\n", 1, "need a rate" },
	{ "allow rate 5/s burst 0\n", 1, "not a number of packets" },
	{ "allow proto udp name a\nallow name a\n", 2, "line 1 has it" },
	{ "allow name a;b\n", 1, "letters" },
	{ "deny from 10.0.0.1\nallow\n  deny from 10.0.0.1 # again\n", 3, "the rule of line 1 says the same" },
	{ "allow fast\n", 1, "no part of a rule" },
};

static void mistakes(void **state)
{
	struct shield_config config;
	struct shield_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_int_equal(read_text(refused[i].text, &config, &error), -EINVAL);
		assert_int_equal(error.line, refused[i].line);
		if (!strstr(error.why, refused[i].why))
			fail_msg("%s: %s", refused[i].text, error.why);
	}
}

static void too_many_rules(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct shield_config config;
	struct shield_error error;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs("default drop\n", out);
	for (int i = 0; i < SHIELD_RULES; i++)
		fprintf(out, "allow proto tcp port %d\n", i);
	fflush(out);
	assert_int_equal(read_text(text, &config, &error), 0);
	assert_int_equal(config.rule_count, SHIELD_RULES);
	shield_config_deinit(&config);
	fputs("allow\n", out);
	fclose(out);
	assert_int_equal(read_text(text, &config, &error), -EINVAL);
	assert_int_equal(error.line, SHIELD_RULES + 2);
}

static void lists(void **state)
{
	char path[] = "/tmp/kview-list-XXXXXX", text[100];
	struct shield_config config;
	struct shield_error error;
	int fd = mkstemp(path);
	FILE *list = fdopen(fd, "w");

	(void)state;
	fputs("# list\n10.0.0.0/8 # ten\n\n2001:db8::1\n", list);
	fflush(list);
	snprintf(text, sizeof(text), "default drop\nallow from 1.1.1.1,@%s\n", path);
	assert_int_equal(read_text(text, &config, &error), 0);
	assert_int_equal(config.rules[0].source_count, 3);
	assert_int_equal(config.rules[0].sources[1].len, 8);
	shield_config_deinit(&config);
	fputs("10.0.0.300\n", list);
	fflush(list);
	assert_int_equal(read_text(text, &config, &error), -EINVAL);
	assert_string_equal(error.file, path);
	assert_int_equal(error.line, 5);
	assert_non_null(strstr(error.why, "10.0.0.300: not an address"));
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(read_text(text, &config, &error), -EINVAL);
	assert_non_null(strstr(error.why, "no source in this list"));
	fclose(list);
	unlink(path);
}

/* --- the sets of rules against the definition ----------------------------------------------------------------------- */

static bool prefix_has(const struct shield_prefix *prefix, int family, const uint8_t *addr)
{
	if (prefix->family != family)
		return false;
	for (size_t bit = 0; bit < prefix->len; bit++)
		if ((prefix->addr[bit / 8] ^ addr[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool rule_matches(const struct shield_rule *rule, int family, const uint8_t *addr, int protocol, int sport,
			 int dport)
{
	bool from = !rule->source_count;

	for (size_t i = 0; i < rule->source_count; i++)
		from |= prefix_has(&rule->sources[i], family, addr);
	return from && (rule->protocol < 0 || rule->protocol == protocol) &&
	       (!rule->has_sports || (sport >= rule->sports.first && sport <= rule->sports.last)) &&
	       (!rule->has_dports || (dport >= rule->dports.first && dport <= rule->dports.last));
}

/* What the kernel's longest-prefix match finds. */
static const struct shield_bits *longest(const struct shield_ruleset *set, int family, const uint8_t *addr)
{
	const struct shield_source_bits *best = NULL;

	for (size_t i = 0; i < set->source_count; i++)
		if (prefix_has(&set->sources[i].prefix, family, addr) &&
		    (!best || set->sources[i].prefix.len > best->prefix.len))
			best = &set->sources[i];
	assert_non_null(best);
	return &best->bits;
}

static int first_by_sets(const struct shield_ruleset *set, int family, const uint8_t *addr, int protocol, int sport,
			 int dport)
{
	const struct shield_bits *from = longest(set, family, addr);
	uint64_t word;

	for (int i = 0; i < SHIELD_WORDS; i++) {
		word = from->words[i] & set->protocols[protocol].words[i] & set->sports[sport].words[i] &
		       set->dports[dport].words[i];
		if (word)
			return i * 64 + __builtin_ctzll(word);
	}
	return -1;
}

static int first_by_definition(const struct shield_config *config, int family, const uint8_t *addr, int protocol,
			       int sport, int dport)
{
	for (size_t i = 0; i < config->rule_count; i++)
		if (rule_matches(&config->rules[i], family, addr, protocol, sport, dport))
			return i;
	return -1;
}

/* A rule over few addresses and ports, so that rules overlap and lie in each other. Its name makes it unlike others. */
static void random_rule(FILE *out, int number)
{
	static const int lens[] = { 0, 1, 7, 8, 9, 15, 16, 17, 24, 31, 32 };
	int len = lens[rand() % COUNT(lens)];
	uint32_t addr = htonl((0x0a000000 | (rand() & 0x81) << 16 | (rand() & 3) << 8 | (rand() & 3)) &
			      (len ? ~0U << (32 - len) : 0));
	char text[INET_ADDRSTRLEN];

	fprintf(out, "%s", rand() % 2 ? "allow" : "deny");
	if (rand() % 4)
		fprintf(out, " from %s/%d", inet_ntop(AF_INET, &addr, text, sizeof(text)), len);
	else if (rand() % 2)
		fprintf(out, " from fd00:%x::/%d", rand() % 3, 32 + 16 * (rand() % 2));
	if (rand() % 3)
		fprintf(out, " proto %s port %d-%d", rand() % 2 ? "tcp" : "udp", rand() % 4, 4 + rand() % 4);
	fprintf(out, " name r%d\n", number);
}

static void compare(const struct shield_config *config, const struct shield_ruleset *set)
{
	uint8_t addr[16] = { 10 };
	int family, protocol, sport, dport;

	for (int i = 0; i < 2000; i++) {
		family = rand() % 2 ? 4 : 6;
		memset(addr, 0, sizeof(addr));
		addr[0] = family == 4 ? 10 : 0xfd;
		addr[1] = family == 4 ? rand() & 0x81 : 0;
		addr[2] = family == 4 ? rand() & 3 : 0;
		addr[3] = rand() & 3;
		protocol = rand() % 2 ? 6 : 17;
		sport = rand() % 9;
		dport = rand() % 9;
		assert_int_equal(first_by_sets(set, family, addr, protocol, sport, dport),
				 first_by_definition(config, family, addr, protocol, sport, dport));
	}
}

static void first_match(void **state)
{
	struct shield_ruleset set;
	struct shield_config config;
	struct shield_error error;

	(void)state;
	srand(7);
	for (int round = 0; round < 10; round++) {
		_cleanup_(freep) char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		fputs("default pass\n", out);
		for (int i = rand() % 200; i >= 0; i--)
			random_rule(out, i);
		fclose(out);
		assert_int_equal(read_text(text, &config, &error), 0);
		assert_int_equal(shield_ruleset_build(&config, &set), 0);
		compare(&config, &set);
		shield_ruleset_deinit(&set);
		shield_config_deinit(&config);
	}
}

static void rates(void **state)
{
	struct shield_ruleset set;
	struct shield_config config;
	struct shield_error error;

	(void)state;
	assert_int_equal(read_text("default drop\nallow rate 1000/s burst 5\nallow rate 50/s\ndeny proto tcp port 1\n",
				   &config, &error),
			 0);
	assert_int_equal(shield_ruleset_build(&config, &set), 0);
	assert_int_equal(set.actions[0].interval_ns, 1000000);
	assert_int_equal(set.actions[0].burst_ns, 4000000);
	assert_int_equal(set.actions[1].burst_ns, 4 * 20000000);
	/* Later fragments: not what is denied by ports. */
	assert_int_equal(set.settings.fragments.words[0], 3);
	shield_ruleset_deinit(&set);
	shield_config_deinit(&config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything), cmocka_unit_test(mistakes), cmocka_unit_test(too_many_rules),
		cmocka_unit_test(lists),      cmocka_unit_test(first_match), cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
