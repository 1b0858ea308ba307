// SPDX-License-Identifier: LGPL-2.1-or-later
/* What has to be settled before the programs of an object are loaded: what those for many functions are loaded as. */
#include <bpf/libbpf.h>
#include <errno.h>

#include "internal.h"

/*
 * A plain kprobe sees the same there: registers, function and cookie. Only what its helpers read them from differs, so
 * that it has to be loaded for the one or the other.
 */
static unsigned int attach_type(const struct kview *view, enum kview_kind kind)
{
	if (kind == KVIEW_KIND_SESSION)
		return kview_kind_info(kind)->attach_type;
	return view->ops->features(view) & KVIEW_FEATURE_MULTI ? BPF_TRACE_KPROBE_MULTI : 0;
}

static int prepare(struct kview *view, struct bpf_program *prog, enum kview_kind kind)
{
	if (kind == KVIEW_KIND_SESSION && !(view->ops->features(view) & KVIEW_FEATURE_SESSION))
		return kview_refuse(view, -EOPNOTSUPP, "%s: not supported: this kernel, or this mode, has no sessions",
				    bpf_program__section_name(prog));
	bpf_program__set_type(prog, kview_kind_info(kind)->prog_type);
	bpf_program__set_expected_attach_type(prog, attach_type(view, kind));
	return 0;
}

int kview_prepare_object(struct kview *view, struct bpf_object *obj)
{
	struct kview_section section;
	struct bpf_program *prog;
	int err;

	kview_reason_clear(view);
	bpf_object__for_each_program(prog, obj) {
		if (!bpf_program__autoload(prog) || bpf_program__fd(prog) >= 0)
			continue;
		/* What is wrong with a section is told when it is attached. */
		if (kview_section_parse(bpf_program__section_name(prog), &section))
			continue;
		err = section.multi ? prepare(view, prog, section.kind) : 0;
		free(section.name);
		if (err)
			return err;
	}
	return 0;
}
