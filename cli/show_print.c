// SPDX-License-Identifier: GPL-2.0-or-later
/* `kview show` for people. */
#include "show_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "format.h"
#include "table.h"

static int64_t number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static const char *text(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static void put_number(struct table *table, const json_t *json, const char *name)
{
	table_cell(table, "%" PRId64, number(json, name));
}

static void put_text(struct table *table, const json_t *json, const char *name)
{
	table_cell(table, "%s", text(json, name));
}

/* Processes outside our pid namespace have no number here. */
static void put_pid(struct table *table, const json_t *json, const char *name)
{
	if (number(json, name))
		put_number(table, json, name);
	else
		table_cell(table, "-");
}

/* The title of each column; those that begin with '<' hold text. */
static struct table *new_table(const char *const *titles)
{
	struct table *table = table_new();

	for (; table && *titles; titles++)
		table_column(table, **titles == '<' ? TABLE_LEFT : TABLE_RIGHT, *titles + (**titles == '<'));
	return table;
}

/* Sum of member @name over a list: how many hooks a view's links have, how often they ran. */
static int64_t sum(const json_t *list, const char *name)
{
	const json_t *value;
	int64_t total = 0;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		value = json_object_get(item, name);
		total += json_is_array(value) ? (int64_t)json_array_size(value) : json_integer_value(value);
	}
	return total;
}

static void format_aside(char buf[FORMAT_LEN], const json_t *view)
{
	const json_t *aside = json_object_get(view, "aside");

	if (number(aside, "count"))
		format_ns(buf, number(aside, "ns"));
	else
		snprintf(buf, FORMAT_LEN, "never");
}

static void put_view(struct table *table, const json_t *view)
{
	const json_t *links = json_object_get(view, "links");
	char buf[FORMAT_LEN];

	put_number(table, view, "id");
	put_text(table, view, "name");
	put_pid(table, view, "owner");
	table_cell(table, "%zu", json_array_size(json_object_get(view, "members")));
	table_cell(table, "%zu", json_array_size(links));
	table_cell(table, "%" PRId64, sum(links, "hooks"));
	table_cell(table, "%" PRId64, sum(links, "runs"));
	table_cell(table, "%" PRId64, number(view, "text_pages") + number(view, "table_pages"));
	table_cell(table, "%s", format_bytes(buf, number(view, "bytes")));
	format_aside(buf, view);
	table_cell(table, "%s", buf);
}

int show_print_views(const json_t *views, FILE *out)
{
	static const char *const titles[] = { "VIEW", "<NAME", "OWNER", "MEMBERS", "LINKS",	"HOOKS",
					      "RUNS", "PAGES", "MEMORY", "SET ASIDE", NULL };
	_cleanup_(table_freep) struct table *table = new_table(titles);
	json_t *view;
	size_t i;

	if (!table)
		return -ENOMEM;
	json_array_foreach((json_t *)views, i, view)
		put_view(table, view);
	return table_print(table, out, 0);
}

static void print_members_summary(const json_t *view, FILE *out)
{
	int64_t joined = number(view, "joined"), now = json_array_size(json_object_get(view, "members"));
	json_t *cgroup;
	size_t i;

	/* In the middle of an exec, a process is there twice. */
	fprintf(out, "processes: %" PRId64 " joined, %" PRId64 " left", joined, joined > now ? joined - now : 0);
	if (number(view, "unseen"))
		fprintf(out, ", %" PRId64 " unseen for lack of memory", number(view, "unseen"));
	fputc('\n', out);
	json_array_foreach(json_object_get(view, "cgroups"), i, cgroup)
		fprintf(out, "cgroup: %s\n", text(cgroup, "path"));
}

static void print_summary(const json_t *view, FILE *out)
{
	const json_t *aside = json_object_get(view, "aside");
	char buf[FORMAT_LEN];

	fprintf(out, "view %" PRId64 ": %s", number(view, "id"), text(view, "name"));
	if (number(view, "owner"))
		fprintf(out, ", owned by process %" PRId64, number(view, "owner"));
	fprintf(out, "\npages: %" PRId64 " of text, %" PRId64 " of page tables; memory: %s\n", number(view, "text_pages"),
		number(view, "table_pages"), format_bytes(buf, number(view, "bytes")));
	print_members_summary(view, out);
	format_aside(buf, view);
	fprintf(out, "set aside for other patchers: %s", buf);
	if (number(aside, "count"))
		fprintf(out, " in %" PRId64 " window%s", number(aside, "count"), format_plural(number(aside, "count")));
	fputs(number(aside, "now") ? ", and right now\n" : "\n", out);
	if (number(view, "partial"))
		fprintf(out, "unseen: what modules loaded since call of %" PRId64 " hooked tracepoint%s\n",
			number(view, "partial"), format_plural(number(view, "partial")));
}

static bool is(const json_t *json, const char *name)
{
	return json_is_true(json_object_get(json, name));
}

/* Why it is a member. */
static const char *reason_of(const json_t *member)
{
	const char *by_pid = number(member, "tid") ? "tid" : is(member, "followed") ? "pid, followed" : is(member, "added") ? "pid" : "";

	if (!is(member, "by_cgroup"))
		return by_pid;
	return !*by_pid ? "cgroup" : is(member, "followed") ? "pid, followed, cgroup" : "pid, cgroup";
}

static int print_members(const json_t *members, FILE *out)
{
	static const char *const titles[] = { "MEMBER", "THREAD", "<COMMAND", "THREADS", "IMAGE", "<BY", NULL };
	_cleanup_(table_freep) struct table *table = new_table(titles);
	json_t *member;
	size_t i;

	if (!table)
		return -ENOMEM;
	json_array_foreach((json_t *)members, i, member) {
		put_pid(table, member, "pid");
		put_pid(table, member, "tid");
		put_text(table, member, "comm");
		put_number(table, member, "threads");
		put_pid(table, member, "image");
		table_cell(table, "%s", reason_of(member));
	}
	return table_print(table, out, 0);
}

static void put_hooks(struct table *table, const json_t *link)
{
	json_t *hook;
	size_t i;

	json_array_foreach(json_object_get(link, "hooks"), i, hook) {
		put_number(table, link, "id");
		put_text(table, link, "program");
		put_text(table, link, "kind");
		put_text(table, hook, "name");
		put_number(table, hook, "runs");
		put_number(table, hook, "missed");
		put_number(table, hook, "skipped");
	}
}

static int print_hooks(const json_t *links, FILE *out)
{
	static const char *const titles[] = { "LINK", "<PROGRAM", "<KIND", "<HOOK", "RUNS", "MISSED", "SKIPPED", NULL };
	_cleanup_(table_freep) struct table *table = new_table(titles);
	json_t *link;
	size_t i;

	if (!table)
		return -ENOMEM;
	json_array_foreach((json_t *)links, i, link)
		put_hooks(table, link);
	return table_print(table, out, 0);
}

int show_print_view(const json_t *view, FILE *out)
{
	const json_t *members = json_object_get(view, "members"), *links = json_object_get(view, "links");
	int err = 0;

	print_summary(view, out);
	if (json_array_size(members)) {
		fputc('\n', out);
		err = print_members(members, out);
	}
	if (!err && json_array_size(links)) {
		fputc('\n', out);
		err = print_hooks(links, out);
	}
	return err;
}
