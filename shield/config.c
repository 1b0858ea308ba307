// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>

#define RATE_MAX 1000000000ULL /* packets a second: one in a nanosecond */
#define SPACES " \t\r\n"

/* A configuration being read. */
struct reader {
	struct shield_config *config;
	struct shield_error *error;
	const char *path;
	unsigned int line;
	char *at; /* the rest of the line */
	bool said_default, said_mode;
};

static int refuse(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int refuse(struct reader *r, const char *fmt, ...)
{
	va_list args;

	r->error->line = r->line;
	r->error->file[0] = '\0';
	va_start(args, fmt);
	vsnprintf(r->error->why, sizeof(r->error->why), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* The next word of the line; NULL: there is none. */
static char *next_word(struct reader *r)
{
	char *word;

	r->at += strspn(r->at, SPACES);
	if (!*r->at)
		return NULL;
	word = r->at;
	r->at += strcspn(r->at, SPACES);
	if (*r->at)
		*r->at++ = '\0';
	return word;
}

static int need_word(struct reader *r, const char *after, char **ret_word)
{
	*ret_word = next_word(r);
	return *ret_word ? 0 : refuse(r, "'%s' needs a value", after);
}

static int parse_number(const char *text, uint64_t max, char **ret_end, uint64_t *ret_number)
{
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*ret_number = strtoull(text, ret_end, 10);
	return errno || *ret_number > max ? -ERANGE : 0;
}

/* --- sources -------------------------------------------------------------------------------------------------------- */

static void clear_host_bits(struct shield_prefix *prefix)
{
	for (size_t i = 0; i < sizeof(prefix->addr); i++) {
		unsigned int first = i * 8;

		if (first >= prefix->len)
			prefix->addr[i] = 0;
		else if (prefix->len - first < 8)
			prefix->addr[i] &= 0xff << (8 - (prefix->len - first));
	}
}

const char *shield_prefix_parse(const char *text, struct shield_prefix *ret_prefix)
{
	struct shield_prefix prefix = {}, before;
	const char *slash = strchr(text, '/');
	char addr[INET6_ADDRSTRLEN], *end;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t bits;

	if (len >= sizeof(addr))
		return "not an address";
	memcpy(addr, text, len);
	addr[len] = '\0';
	prefix.family = strchr(addr, ':') ? 6 : 4;
	if (inet_pton(prefix.family == 6 ? AF_INET6 : AF_INET, addr, prefix.addr) != 1)
		return "not an address";
	bits = prefix.family == 6 ? 128 : 32;
	if (slash && (parse_number(slash + 1, bits, &end, &bits) || *end))
		return prefix.family == 6 ? "its length must be 0 to 128" : "its length must be 0 to 32";
	prefix.len = bits;
	before = prefix;
	clear_host_bits(&prefix);
	if (memcmp(before.addr, prefix.addr, sizeof(prefix.addr)))
		return "it has bits behind its length";
	*ret_prefix = prefix;
	return NULL;
}

static int add_prefix(struct shield_rule *rule, const struct shield_prefix *prefix)
{
	struct shield_prefix *sources;

	/* The size doubles at each power of two. */
	if (!(rule->source_count & (rule->source_count - 1))) {
		sources =
			reallocarray(rule->sources, rule->source_count ? rule->source_count * 2 : 1, sizeof(*sources));
		if (!sources)
			return -ENOMEM;
		rule->sources = sources;
	}
	rule->sources[rule->source_count++] = *prefix;
	return 0;
}

static int refuse_list(struct reader *r, const char *file, unsigned int line, const char *text, const char *why)
{
	snprintf(r->error->file, sizeof(r->error->file), "%s", file);
	r->error->line = line;
	snprintf(r->error->why, sizeof(r->error->why), "%.60s%s%s", text, *text ? ": " : "", why);
	return -EINVAL;
}

static int take_list_line(struct reader *r, struct shield_rule *rule, const char *file, unsigned int line, char *text)
{
	struct shield_prefix prefix;
	const char *why;

	text[strcspn(text, "#")] = '\0';
	text += strspn(text, SPACES);
	text[strcspn(text, SPACES)] = '\0';
	if (!*text)
		return 0;
	if (rule->source_count == SHIELD_PREFIXES)
		return refuse_list(r, file, line, "", "more sources than a shield can have (262144)");
	why = shield_prefix_parse(text, &prefix);
	return why ? refuse_list(r, file, line, text, why) : add_prefix(rule, &prefix);
}

static int read_list(struct reader *r, struct shield_rule *rule, const char *name)
{
	_cleanup_(freep) char *path = NULL, *text = NULL;
	_cleanup_(fclosep) FILE *in = NULL;
	const char *slash = strrchr(r->path, '/');
	size_t before = rule->source_count, size = 0;
	unsigned int line = 0;
	int err = 0;

	if (asprintf(&path, "%.*s%s", *name != '/' && slash ? (int)(slash - r->path + 1) : 0, r->path, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	in = fopen(path, "re");
	if (!in)
		return refuse(r, "%.100s: %s", path, strerror(errno));
	while (!err && getline(&text, &size, in) > 0)
		err = take_list_line(r, rule, path, ++line, text);
	/* An empty list would make the rule match everybody. */
	if (!err && rule->source_count == before)
		err = refuse_list(r, path, 0, "", "no source in this list");
	return err;
}

static int take_source(struct reader *r, struct shield_rule *rule, const char *text)
{
	struct shield_prefix prefix;
	const char *why;

	if (*text == '@')
		return read_list(r, rule, text + 1);
	if (!strcmp(text, "any"))
		return add_prefix(rule, &(struct shield_prefix){ .family = 4 }) ?:
			       add_prefix(rule, &(struct shield_prefix){ .family = 6 });
	why = shield_prefix_parse(text, &prefix);
	return why ? refuse(r, "from %.60s: %s", text, why) : add_prefix(rule, &prefix);
}

static int take_from(struct reader *r, struct shield_rule *rule)
{
	char *list, *source;
	int err;

	if (rule->source_count)
		return refuse(r, "'from' twice; several sources stand behind one, with commas");
	err = need_word(r, "from", &list);
	while (!err && (source = strsep(&list, ",")))
		err = take_source(r, rule, source);
	return err;
}

/* --- the other parts of a rule -------------------------------------------------------------------------------------- */

static int take_proto(struct reader *r, struct shield_rule *rule)
{
	static const struct {
		const char *name;
		int number;
	} names[] = { { "tcp", 6 },    { "udp", 17 }, { "icmp", 1 }, { "icmpv6", 58 },
		      { "sctp", 132 }, { "gre", 47 }, { "esp", 50 } };
	uint64_t number;
	char *word, *end;
	int err;

	err = need_word(r, "proto", &word);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, word)) {
			rule->protocol = names[i].number;
			return 0;
		}
	if (parse_number(word, 255, &end, &number) || *end)
		return refuse(r,
			      "proto %.40s: not a protocol; tcp, udp, icmp, icmpv6, sctp, gre, esp or a number up to "
			      "255",
			      word);
	rule->protocol = number;
	return 0;
}

static int take_ports(struct reader *r, const char *what, bool *has, struct shield_ports *ports)
{
	uint64_t first, last;
	char *word, *end;
	int err;

	err = need_word(r, what, &word);
	if (err)
		return err;
	if (parse_number(word, 65535, &end, &first))
		return refuse(r, "%s %.40s: not a port; 0 to 65535, or FIRST-LAST", what, word);
	last = first;
	if (*end == '-' && parse_number(end + 1, 65535, &end, &last))
		return refuse(r, "%s %.40s: not a port; 0 to 65535, or FIRST-LAST", what, word);
	if (*end || last < first)
		return refuse(r, "%s %.40s: not a range of ports; FIRST-LAST", what, word);
	*has = true;
	*ports = (struct shield_ports){ first, last };
	return 0;
}

static int take_dport(struct reader *r, struct shield_rule *rule)
{
	return take_ports(r, "port", &rule->has_dports, &rule->dports);
}

static int take_sport(struct reader *r, struct shield_rule *rule)
{
	return take_ports(r, "sport", &rule->has_sports, &rule->sports);
}

static int take_rate(struct reader *r, struct shield_rule *rule)
{
	char *word, *end;
	int err;

	err = need_word(r, "rate", &word);
	if (err)
		return err;
	if (parse_number(word, RATE_MAX, &end, &rule->rate) || strcmp(end, "/s") || !rule->rate)
		return refuse(r, "rate %.40s: not a rate; packets a second, as 1000/s", word);
	return 0;
}

static int take_burst(struct reader *r, struct shield_rule *rule)
{
	char *word, *end;
	int err;

	err = need_word(r, "burst", &word);
	if (err)
		return err;
	if (parse_number(word, RATE_MAX, &end, &rule->burst) || *end || !rule->burst)
		return refuse(r, "burst %.40s: not a number of packets", word);
	return 0;
}

static int take_each(struct reader *r, struct shield_rule *rule)
{
	(void)r;
	rule->each = true;
	return 0;
}

static int take_name(struct reader *r, struct shield_rule *rule)
{
	char *word;
	int err;

	err = need_word(r, "name", &word);
	if (err)
		return err;
	if (strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != strlen(word) ||
	    strlen(word) > 32)
		return refuse(r, "name %.40s: at most 32 letters, digits, '_', '.' and '-'", word);
	free(rule->name);
	rule->name = strdup(word);
	return rule->name ? 0 : -ENOMEM;
}

static const struct {
	const char *word;
	int (*take)(struct reader *r, struct shield_rule *rule);
} parts[] = {
	{ "from", take_from }, { "proto", take_proto }, { "port", take_dport }, { "sport", take_sport },
	{ "rate", take_rate }, { "burst", take_burst }, { "each", take_each },	{ "name", take_name },
};

static int take_part(struct reader *r, struct shield_rule *rule, const char *word)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(parts[i].word, word))
			return parts[i].take(r, rule);
	return refuse(r, "%.40s: no part of a rule; from, proto, port, sport, rate, burst, each or name", word);
}

static bool has_ports(int protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

/* No two rules may be the same, nor have the same name: the second would never match, and it would share counts. */
static int check_unique(struct reader *r, const struct shield_rule *rule)
{
	for (size_t i = 0; i < r->config->rule_count; i++) {
		const struct shield_rule *other = &r->config->rules[i];

		if (!strcmp(other->text, rule->text))
			return refuse(r, "%.60s: the rule of line %u says the same", rule->text, other->line);
		if (rule->name && other->name && !strcmp(other->name, rule->name))
			return refuse(r, "name %s: the rule of line %u has it", rule->name, other->line);
	}
	return 0;
}

static int check_rule(struct reader *r, const struct shield_rule *rule)
{
	if ((rule->has_dports || rule->has_sports) && !has_ports(rule->protocol))
		return refuse(r, "ports need a protocol that has them: proto tcp, udp or sctp");
	if (rule->rate && !rule->allow)
		return refuse(r, "deny drops all; a rate belongs to allow");
	if (!rule->rate && (rule->burst || rule->each))
		return refuse(r, "'burst' and 'each' need a rate");
	return check_unique(r, rule);
}

static void rule_deinit(struct shield_rule *rule)
{
	free(rule->sources);
	free(rule->text);
	free(rule->name);
}

static int keep_rule(struct reader *r, struct shield_rule *rule)
{
	struct shield_config *config = r->config;
	struct shield_rule *rules;

	if (config->rule_count == SHIELD_RULES)
		return refuse(r, "more than %d rules; sources of one rule can stand in a list (from @FILE)",
			      SHIELD_RULES);
	rules = reallocarray(config->rules, config->rule_count + 1, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	config->rules = rules;
	rules[config->rule_count++] = *rule;
	*rule = (struct shield_rule){};
	return 0;
}

/* A tenth of a second's worth, if nothing else is said. */
static void fill_burst(struct shield_rule *rule)
{
	if (rule->rate && !rule->burst)
		rule->burst = rule->rate < 10 ? 1 : rule->rate / 10;
}

static int take_rule(struct reader *r, bool allow, const char *text)
{
	_cleanup_(rule_deinit) struct shield_rule rule = { .allow = allow, .protocol = -1, .line = r->line };
	char *word;
	int err = 0;

	rule.text = strdup(text);
	if (!rule.text)
		return -ENOMEM;
	while (!err && (word = next_word(r)))
		err = take_part(r, &rule, word);
	fill_burst(&rule);
	return err ?: check_rule(r, &rule) ?: keep_rule(r, &rule);
}

/* --- the other statements ------------------------------------------------------------------------------------------- */

static int choose(struct reader *r, const char *what, const char *const *words, size_t *ret_choice)
{
	char *word;
	int err;

	err = need_word(r, what, &word);
	for (*ret_choice = 0; !err && words[*ret_choice]; ++*ret_choice)
		if (!strcmp(words[*ret_choice], word))
			return 0;
	return err ?: refuse(r, "%s %.40s: not one of those it can be (see kview-shield(1))", what, word);
}

static int take_interface(struct reader *r)
{
	char *word;
	int err;

	err = need_word(r, "interface", &word);
	if (err)
		return err;
	if (r->config->interface)
		return refuse(r, "'interface' twice");
	if (strlen(word) >= IF_NAMESIZE || strchr(word, '/'))
		return refuse(r, "interface %.40s: no interface has such a name", word);
	r->config->interface = strdup(word);
	return r->config->interface ? 0 : -ENOMEM;
}

static int take_mode(struct reader *r)
{
	static const char *const words[] = { "auto", "native", "generic", NULL };
	size_t choice;
	int err;

	if (r->said_mode)
		return refuse(r, "'mode' twice");
	err = choose(r, "mode", words, &choice);
	r->said_mode = true;
	r->config->mode = choice;
	return err;
}

static int take_default(struct reader *r)
{
	static const char *const words[] = { "drop", "pass", NULL };
	size_t choice;
	int err;

	if (r->said_default)
		return refuse(r, "'default' twice");
	err = choose(r, "default", words, &choice);
	r->said_default = true;
	r->config->pass = choice;
	return err;
}

static int take_without(struct reader *r)
{
	static const char *const words[] = { "arp", "nd", "dhcp", NULL };
	size_t choice;
	int err;

	err = choose(r, "without", words, &choice);
	if (!err)
		r->config->builtin &= ~(1U << (SHIELD_ARP + choice));
	return err;
}

static int take_statement(struct reader *r, const char *word, const char *text)
{
	static const struct {
		const char *word;
		int (*take)(struct reader *r);
	} statements[] = { { "interface", take_interface },
			   { "mode", take_mode },
			   { "default", take_default },
			   { "without", take_without } };
	int err;

	if (!strcmp(word, "allow") || !strcmp(word, "deny"))
		return take_rule(r, !strcmp(word, "allow"), text);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (strcmp(statements[i].word, word))
			continue;
		err = statements[i].take(r);
		word = err ? NULL : next_word(r);
		return word ? refuse(r, "%.40s: nothing is expected here", word) : err;
	}
	return refuse(r, "%.40s: no statement; interface, mode, default, without, allow or deny", word);
}

static int take_line(struct reader *r, char *line, size_t len)
{
	_cleanup_(freep) char *text = NULL;
	char *end, *word;

	if (strlen(line) != len)
		return refuse(r, "it holds a zero byte");
	line[strcspn(line, "#")] = '\0';
	line += strspn(line, SPACES);
	for (end = line + strlen(line); end > line && strchr(SPACES, end[-1]); end--)
		;
	*end = '\0';
	text = strdup(line);
	if (!text)
		return -ENOMEM;
	r->at = line;
	word = next_word(r);
	return word ? take_statement(r, word, text) : 0;
}

int shield_config_read(FILE *in, const char *path, struct shield_config *ret_config, struct shield_error *ret_error)
{
	struct shield_config config = { .builtin = 1U << SHIELD_ARP | 1U << SHIELD_ND | 1U << SHIELD_DHCP };
	struct reader r = { .config = &config, .error = ret_error, .path = path };
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, in)) > 0) {
		r.line++;
		err = take_line(&r, line, len);
	}
	if (!err && ferror(in))
		err = -EIO;
	r.line = 0;
	/* A word forgotten here would lock everybody out, or let everybody in. */
	if (!err && !r.said_default)
		err = refuse(&r, "it does not say what happens to the rest: default drop, or default pass");
	if (err) {
		shield_config_deinit(&config);
		return err;
	}
	*ret_config = config;
	return 0;
}

void shield_config_deinit(struct shield_config *config)
{
	for (size_t i = 0; i < config->rule_count; i++)
		rule_deinit(&config->rules[i]);
	free(config->rules);
	free(config->interface);
	*config = (struct shield_config){};
}
