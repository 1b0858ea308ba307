// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <kview/kview.h>

#include "cli.h"
#include "hooks.h"
#include "options.h"
#include "scope.h"
#include "show_print.h"

struct show {
	struct cli_options shared; /* first: see cli_parse() */
	uint32_t id;		   /* 0: all views */
	json_t *views;
};

static uint32_t parse_id(const char *word)
{
	char *end;
	unsigned long id = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || !id || id > UINT32_MAX)
		cli_usage("show: %s: not the id of a view; kview show lists them", word);
	return id;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct show *show = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (show->id)
		cli_usage("show: %s: only one view can be given", arg);
	show->id = parse_id(arg);
	return 0;
}

/* Append @json, which is taken over. */
static int append(json_t *list, json_t *json)
{
	return json_array_append_new(list, json) ? -ENOMEM : 0;
}

static int add_member(const struct kview_member_status *member, void *list)
{
	return append(list, json_pack("{s:i, s:s, s:i, s:i, s:b, s:b, s:b, s:i}", "pid", (int)member->pid, "comm", member->comm,
				      "threads", (int)member->threads, "image", (int)member->image, "added",
				      member->added, "followed", member->followed, "by_cgroup", member->by_cgroup,
				      "tid", (int)member->tid));
}

static int add_cgroup(const struct kview_cgroup_status *cgroup, void *list)
{
	return append(list, json_pack("{s:I, s:s}", "id", (json_int_t)cgroup->id, "path", cgroup->path));
}

static int add_hook(const struct kview_hook *hook, void *list)
{
	_cleanup_(json_decrefp) json_t *json = json_pack("{s:s}", "name", hook->name);

	if (hook->addr && json_object_set_new(json, "addr", json_sprintf("0x%" PRIx64, hook->addr)))
		return -ENOMEM;
	if (hooks_add_counts(json, &hook->counts, KVIEW_MODE_VIEW))
		return -ENOMEM;
	return append(list, TAKE_PTR(json));
}

/* The view whose links are being listed, as each link has to know for its hooks. */
struct link_walk {
	uint32_t view;
	json_t *list;
};

static int add_link(const struct kview_link_status *link, void *data)
{
	struct link_walk *walk = data;
	json_t *hooks = json_array();
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:i, s:s, s:s, s:i, s:o}", "id", (int)link->id, "kind", kview_kind_name(link->kind),
			 "program", link->prog_name, "prog_id", (int)link->prog_id, "hooks", hooks);
	if (!json || hooks_add_counts(json, &link->counts, KVIEW_MODE_VIEW))
		return -ENOMEM;
	return kview_each_hook_of(walk->view, link->id, add_hook, hooks) ?: append(walk->list, TAKE_PTR(json));
}

static json_t *describe_view(const struct kview_view_status *view)
{
	return json_pack("{s:i, s:s, s:i, s:i, s:i, s:I, s:I, s:I, s:i, s:{s:I, s:I, s:i}}", "id", (int)view->id, "name", view->name,
			 "owner", (int)view->owner, "text_pages", (int)view->text_pages, "table_pages",
			 (int)view->table_pages, "bytes", (json_int_t)view->bytes, "joined", (json_int_t)view->joined,
			 "unseen", (json_int_t)view->lost, "partial", (int)view->partial, "aside", "count",
			 (json_int_t)view->aside_count, "ns", (json_int_t)view->aside_ns, "now", (int)view->aside_now);
}

static int add_view(const struct kview_view_status *view, void *data)
{
	struct show *show = data;
	_cleanup_(json_decrefp) json_t *json = NULL;
	json_t *members = json_array(), *links = json_array(), *cgroups = json_array();
	struct link_walk walk = { .view = view->id, .list = links };

	if (show->id && view->id != show->id) {
		json_decref(members);
		json_decref(links);
		json_decref(cgroups);
		return 0;
	}
	json = describe_view(view);
	if (json_object_set_new(json, "members", members) || json_object_set_new(json, "cgroups", cgroups) ||
	    json_object_set_new(json, "links", links))
		return -ENOMEM;
	return kview_each_member_of(view->id, add_member, members) ?:
	       kview_each_cgroup_of(view->id, add_cgroup, cgroups) ?: kview_each_link_of(view->id, add_link, &walk) ?:
	       append(show->views, TAKE_PTR(json));
}

static int print_one(const struct show *show, const json_t *view)
{
	return show->shared.json ? cli_print_document(stdout, view) : show_print_view(view, stdout);
}

static int print_all(const struct show *show)
{
	if (show->shared.json)
		return cli_print_document(stdout, show->views);
	if (!json_array_size(show->views))
		return puts("no views") == EOF ? -EIO : 0;
	return show_print_views(show->views, stdout);
}

static int show_views(struct show *show)
{
	int err;

	err = kview_each_view(add_view, show);
	if (err)
		return cli_refused(err, kview_reason(NULL), "show");
	if (show->id && !json_array_size(show->views))
		return cli_fail(-ENOENT, "there is no such view", "view %u", show->id);
	err = show->id ? print_one(show, json_array_get(show->views, 0)) : print_all(show);
	return err ? cli_fail(err, NULL, "show") : CLI_OK;
}

static int cmd_show(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option,
		.args_doc = "[VIEW]",
		.doc = "Show the open views of this machine: members, hooks and what they have seen, pages and memory, and "
		       "for how long hooks had to be set aside. With the id of a VIEW: that one, in detail.",
	};
	_cleanup_(json_decrefp) json_t *views = json_array();
	struct show show = { .views = views };

	cli_parse(&argp, argc, argv, &show);
	return show_views(&show);
}

const struct cli_command cli_cmd_show = { "show", "show open views: members, hooks, memory", cmd_show };
