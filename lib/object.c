// SPDX-License-Identifier: LGPL-2.1-or-later
/* From programs and objects of libbpf to links. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "program.h"

static int out_of_memory(struct kview *view)
{
	return kview_refuse(view, -ENOMEM, "out of memory");
}

/* Programs of type tracing are loaded for one kind of hook, too. */
static bool program_fits(const struct bpf_program *prog, enum kview_kind kind)
{
	const struct kview_kind_info *info = kview_kind_info(kind);

	return bpf_program__type(prog) == info->prog_type &&
	       (!info->attach_type || bpf_program__expected_attach_type(prog) == info->attach_type);
}

static int find_name(struct kview *view, const struct bpf_program *prog, char **ret_name)
{
	const char *section = bpf_program__section_name(prog);
	struct kview_tracing tracing;
	int err;

	err = kview_tracing_read(bpf_program__fd(prog), &tracing);
	if (err == -ENOTSUP)
		return kview_refuse_why(view, -EOPNOTSUPP, KVIEW_WHY_NOT_IN_KERNEL, section, "");
	if (err)
		return kview_refuse(view, err, "%s: cannot find out what the program was loaded for: %s", section,
				    strerror(-err));
	*ret_name = TAKE_PTR(tracing.name);
	kview_tracing_deinit(&tracing);
	return 0;
}

/* The program's section as one that can be attached in this way; the name is the caller's to free. */
static int parse_section(struct kview *view, const struct bpf_program *prog, struct kview_section *ret_section)
{
	const char *name = bpf_program__section_name(prog);
	int err;

	err = kview_section_parse(name, ret_section);
	if (err == -ENOMEM)
		return out_of_memory(view);
	if (err)
		return kview_refuse(view, err, "%s: %s", name, ret_section->why);
	if (program_fits(prog, ret_section->kind))
		return ret_section->name ? 0 : find_name(view, prog, &ret_section->name);
	free(ret_section->name);
	return kview_refuse_why(view, -EINVAL, KVIEW_WHY_PROG_TYPE, name, "");
}

/* Where the section says. */
static int find_sites(struct kview *view, const struct bpf_program *prog, const struct kview_section *section,
		      struct kview_found *ret_found)
{
	struct kview_found one = { .count = 1 };

	if (section->multi && kview_is_pattern(section->name))
		return kview_pattern_find(view, section->kind, bpf_program__section_name(prog), section->name, ret_found);
	one.names = malloc(sizeof(*one.names));
	if (!one.names)
		return out_of_memory(view);
	one.names[0] = strdup(section->name);
	*ret_found = one;
	return one.names[0] ? 0 : out_of_memory(view);
}

static int program_link_new(struct kview *view, const struct bpf_program *prog, enum kview_kind kind,
			    struct kview_found *found, const struct kview_attach_opts *opts, struct kview_link **ret_link)
{
	_cleanup_(kview_link_discardp) struct kview_link *link = NULL;

	if (kview_link_new(view, kind, found->count, &link))
		return out_of_memory(view);
	kview_link_take(link, found, opts->cookie);
	link->put_off = opts->put_off;
	link->prog = prog;
	link->prog_fd = bpf_program__fd(prog);
	link->program = strdup(bpf_program__name(prog));
	link->section = strdup(bpf_program__section_name(prog));
	if (!link->program || !link->section)
		return out_of_memory(view);
	*ret_link = TAKE_PTR(link);
	return 0;
}

/* Attach, but do not start. */
static int attach_program(struct kview *view, const struct bpf_program *prog, const struct kview_attach_opts *opts,
			  struct kview_link **ret_link)
{
	_cleanup_(kview_link_discardp) struct kview_link *link = NULL;
	_cleanup_(kview_found_deinit) struct kview_found found = {};
	struct kview_section section;
	int err;

	if (bpf_program__fd(prog) < 0)
		return kview_refuse(view, -EINVAL, "%s: the program is not loaded", bpf_program__section_name(prog));
	err = parse_section(view, prog, &section);
	if (err)
		return err;
	err = find_sites(view, prog, &section, &found) ?:
	      program_link_new(view, prog, section.kind, &found, opts, &link);
	free(section.name);
	if (err)
		return err;
	err = kview_link_attach(link);
	if (err)
		return err;
	*ret_link = TAKE_PTR(link);
	return 0;
}

int kview_attach_program(struct kview *view, const struct bpf_program *prog, const struct kview_attach_opts *user_opts,
			 struct kview_link **ret_link)
{
	struct kview_attach_opts opts;
	struct kview_link *link;
	int err;

	kview_reason_clear(view);
	if (kview_opts_copy(&opts, sizeof(opts), user_opts))
		return kview_refuse(view, -EINVAL, "options that libkview %s does not know", kview_version());
	err = attach_program(view, prog, &opts, &link) ?: kview_link_start(link);
	if (err)
		return err;
	if (ret_link)
		*ret_link = link;
	return 0;
}

/* Close the links that came after @last (NULL: all). The reason of the failure stays. */
static void close_links_after(struct kview *view, const struct kview_link *last)
{
	struct kview_link *link;

	while ((link = TAILQ_LAST(&view->links, kview_links)) != last)
		kview_link_close(link);
}

static int attach_programs(struct kview *view, const struct bpf_object *obj, size_t *count)
{
	const struct kview_attach_opts opts = { .sz = sizeof(opts) };
	struct bpf_program *prog;
	struct kview_link *link;
	int err;

	bpf_object__for_each_program(prog, obj) {
		if (!bpf_program__autoload(prog) || !bpf_program__autoattach(prog))
			continue;
		err = attach_program(view, prog, &opts, &link);
		if (err)
			return err;
		(*count)++;
	}
	if (!*count)
		return kview_refuse(view, -ENOENT, "%s: the object has no program to attach", bpf_object__name(obj));
	return 0;
}

int kview_attach_object(struct kview *view, const struct bpf_object *obj, size_t *ret_count)
{
	struct kview_link *last = TAILQ_LAST(&view->links, kview_links);
	size_t count = 0;
	int err;

	kview_reason_clear(view);
	err = attach_programs(view, obj, &count);
	if (err) {
		close_links_after(view, last);
		return err;
	}
	err = kview_link_start(last ? TAILQ_NEXT(last, entry) : TAILQ_FIRST(&view->links));
	if (err)
		return err;
	if (ret_count)
		*ret_count = count;
	return 0;
}
