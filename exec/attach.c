// SPDX-License-Identifier: GPL-2.0-or-later
/* From the tool's wish to a link of the view, and the words for what cannot be. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <kview/kview.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uapi/kview.h>

#include "advice.h"
#include "programs.h"
#include "supervisor.h"

/* The kind can run in interrupts, too, where the user has asked for that. */
static bool has_interrupts(uint32_t kind)
{
	return kind == KVIEW_HOOK_ENTRY || kind == KVIEW_HOOK_FENTRY || kind == KVIEW_HOOK_RAW_TP ||
	       kind == KVIEW_HOOK_BTF_TP;
}

int attach_link(const struct supervisor *sup, uint32_t flags, uint32_t kind, struct kview_target *targets,
		uint32_t count, int prog_fd, uint32_t *ret_why)
{
	struct kview_link_create create = {
		.size = sizeof(create),
		.flags = flags,
		.kind = kind,
		.prog_fd = prog_fd,
		.targets = (uintptr_t)targets,
		.count = count,
	};
	int fd = ioctl(kview_fd(sup->options->view), KVIEW_IOC_LINK_CREATE, &create);

	*ret_why = create.reason;
	return fd < 0 ? -errno : fd;
}

/* What the person has asked for links of this kind to do. */
static uint32_t asked_flags(const struct supervisor *sup, uint32_t kind)
{
	return sup->options->interrupts && has_interrupts(kind) ? KVIEW_LINK_INTERRUPTS : 0;
}

static const char *why_text(uint32_t why, int err)
{
	return advice_why(why) ?: strerror(-err);
}

static void tell_record(struct supervisor *sup, struct exec_record *record, int prog_fd)
{
	struct bpf_prog_info info;

	program_info(prog_fd, &info);
	record->program = info.name;
	sup->options->record(sup->options->data, record);
}

static void tell_attached(struct supervisor *sup, const char *label, int prog_fd, enum exec_scope scope, uint32_t hooks)
{
	struct exec_record record = { .hook = label, .scope = scope, .hooks = hooks };

	tell_record(sup, &record, prog_fd);
}

static int refuse(struct supervisor *sup, const char *label, int prog_fd, int err, uint32_t why, const char *text)
{
	struct bpf_prog_info info;
	char reason[512], type[64] = "";
	struct exec_record record = { .hook = label, .program = info.name, .reason = reason };

	program_info(prog_fd, &info);
	if (why == KVIEW_WHY_PROG_TYPE)
		snprintf(type, sizeof(type), " (it is %s)", program_type_name(info.type));
	snprintf(reason, sizeof(reason), "%s%s; %s", text, type, advice_todo(why));
	sup->options->record(sup->options->data, &record);
	supervisor_note(sup, "%s: %s", label, reason);
	return err;
}

int attach_nowhere(struct supervisor *sup, const char *label, enum exec_scope scope, int prog_fd, int *ret_link)
{
	struct exec_record record = { .hook = label, .scope = scope };
	int link = pending_dummy();

	if (link < 0)
		return link;
	tell_record(sup, &record, prog_fd);
	*ret_link = link;
	return 0;
}

/*
 * A link that never starts says whether the module would take the program: what it may do, and how far it reads, of which
 * the kernel would see the filter's alone.
 */
static int check_program(const struct supervisor *sup, uint32_t kind, struct kview_target *target, int prog_fd,
			 uint32_t *ret_why)
{
	int fd = attach_link(sup, KVIEW_LINK_HELD, kind, target, 1, prog_fd, ret_why);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int attach_leaving(struct supervisor *sup, const char *label, uint32_t kind, struct kview_target *target,
			  int prog_fd, int *ret_link)
{
	uint32_t why;
	int err;

	err = check_program(sup, kind, target, prog_fd, &why);
	if (err)
		return refuse(sup, label, prog_fd, err, why, why_text(why, err));
	if (sup->options->dry_run)
		return attach_nowhere(sup, label, EXEC_FILTER, prog_fd, ret_link);
	err = leaving_attach(sup, kind, prog_fd, target->cookie, ret_link);
	if (err)
		return refuse(sup, label, prog_fd, err, KVIEW_WHY_NONE,
			      err == -EINVAL ? "this program cannot run behind a filter" : strerror(-err));
	supervisor_note(sup,
			"%s: comes when a process has given up its view: it is attached for the whole machine, "
			"behind a filter that lets the program run for what is traced alone",
			label);
	tell_attached(sup, label, prog_fd, EXEC_FILTER, 1);
	return 0;
}

int attach_hook(struct supervisor *sup, const struct hook *hook, int prog_fd, uint64_t cookie, int *ret_link)
{
	struct kview_target target = {
		.name = (uintptr_t)hook->name,
		.value = hook->value,
		.cookie = cookie,
	};
	uint32_t why;
	int fd;

	if (hook->scope != EXEC_VIEW)
		return attach_nowhere(sup, hook->label, hook->scope, prog_fd, ret_link);
	if (hook->why != KVIEW_WHY_NONE)
		return refuse(sup, hook->label, prog_fd, -EOPNOTSUPP, hook->why, why_text(hook->why, 0));
	if (leaving_is_at(hook->kind, hook->name))
		return attach_leaving(sup, hook->label, hook->kind, &target, prog_fd, ret_link);
	fd = attach_link(sup, asked_flags(sup, hook->kind), hook->kind, &target, 1, prog_fd, &why);
	if (fd < 0)
		return refuse(sup, hook->label, prog_fd, fd, why, why_text(why, fd));
	tell_attached(sup, hook->label, prog_fd, EXEC_VIEW, 1);
	*ret_link = fd;
	return 0;
}

/* The function, or the tracepoint's type, that a program of type tracing was loaded for. NULL: in a module, or unknown. */
static const char *loaded_for(struct supervisor *sup, int prog_fd)
{
	struct bpf_prog_info info;
	const struct btf_type *type;

	program_info(prog_fd, &info);
	if (!sup->btf)
		sup->btf = btf__load_vmlinux_btf();
	type = sup->btf && info.attach_btf_id ? btf__type_by_id(sup->btf, info.attach_btf_id) : NULL;
	return type ? btf__name_by_offset(sup->btf, type->name_off) : NULL;
}

static const char *tracing_word(uint32_t kind)
{
	switch (kind) {
	case KVIEW_HOOK_FENTRY:
		return "fentry";
	case KVIEW_HOOK_FEXIT:
		return "fexit";
	default:
		return "tp_btf";
	}
}

static uint32_t tracing_kind(uint32_t attach_type)
{
	switch (attach_type) {
	case BPF_TRACE_FEXIT:
		return KVIEW_HOOK_FEXIT;
	case BPF_TRACE_RAW_TP:
		return KVIEW_HOOK_BTF_TP;
	default:
		return KVIEW_HOOK_FENTRY;
	}
}

/* What follows the prefix of a tracepoint's type; NULL: it is a function. */
static const char *tracepoint_name(const char *name)
{
	static const char prefix[] = "btf_trace_";

	return name && !strncmp(name, prefix, sizeof(prefix) - 1) ? name + sizeof(prefix) - 1 : NULL;
}

static int attach_tracing_as(struct supervisor *sup, uint32_t kind, const char *name, int prog_fd, uint64_t cookie,
			     int *ret_link, uint32_t *ret_why)
{
	struct kview_target target = { .cookie = cookie };
	int fd;

	if (kind == KVIEW_HOOK_BTF_TP)
		target.name = (uintptr_t)name;
	fd = attach_link(sup, asked_flags(sup, kind), kind, &target, 1, prog_fd, ret_why);
	if (fd < 0)
		return fd;
	*ret_link = fd;
	return 0;
}

static int refuse_modifier(struct supervisor *sup, const char *name, int prog_fd)
{
	char label[KVIEW_SYMBOL_LEN];

	snprintf(label, sizeof(label), "fmod_ret %s", name ?: "(of a module)");
	return refuse(sup, label, prog_fd, -EOPNOTSUPP, KVIEW_WHY_NONE,
		      "the program changes what the function returns, which no view can have");
}

/*
 * With @attach_type 0 the kernel does not tell at which end of its function the program belongs, but the module refuses
 * it by its type at the other.
 */
int attach_tracing(struct supervisor *sup, uint32_t attach_type, int prog_fd, uint64_t cookie, int *ret_link)
{
	const char *name = loaded_for(sup, prog_fd), *point = tracepoint_name(name);
	uint32_t kind = point ? KVIEW_HOOK_BTF_TP : tracing_kind(attach_type), why = KVIEW_WHY_NONE;
	struct kview_target target = { .name = (uintptr_t)point, .cookie = cookie };
	char label[KVIEW_SYMBOL_LEN];
	int err;

	if (attach_type == BPF_MODIFY_RETURN)
		return refuse_modifier(sup, name, prog_fd);
	snprintf(label, sizeof(label), "%s %s", tracing_word(kind), point ?: name ?: "(of a module)");
	if (leaving_is_at(kind, point))
		return attach_leaving(sup, label, kind, &target, prog_fd, ret_link);
	err = attach_tracing_as(sup, kind, point, prog_fd, cookie, ret_link, &why);
	if (err && !attach_type && kind == KVIEW_HOOK_FENTRY && why == KVIEW_WHY_PROG_TYPE) {
		kind = KVIEW_HOOK_FEXIT;
		err = attach_tracing_as(sup, kind, NULL, prog_fd, cookie, ret_link, &why);
		snprintf(label, sizeof(label), "%s %s", err ? "fentry or fexit" : tracing_word(kind),
			 name ?: "(of a module)");
	}
	if (err)
		return refuse(sup, label, prog_fd, err, why, why_text(why, err));
	tell_attached(sup, label, prog_fd, EXEC_VIEW, 1);
	return 0;
}

static int check(const struct supervisor *sup, uint32_t kind, struct kview_target *targets, uint32_t count,
		 uint32_t *reasons)
{
	struct kview_check check = {
		.size = sizeof(check),
		.kind = kind,
		.targets = (uintptr_t)targets,
		.reasons = (uintptr_t)reasons,
		.count = count,
	};

	return ioctl(sup->device, KVIEW_IOC_CHECK, &check) ? -errno : 0;
}

int attach_check(const struct supervisor *sup, const struct hook *hook, uint32_t *ret_why)
{
	struct kview_target target = { .name = (uintptr_t)hook->name, .value = hook->value };
	int err;

	*ret_why = KVIEW_WHY_NONE;
	err = check(sup, hook->kind, &target, 1, ret_why);
	if (err || *ret_why == KVIEW_WHY_NONE)
		return err;
	return *ret_why == KVIEW_WHY_NO_SYMBOL ? -ENOENT : -EOPNOTSUPP;
}

/* What to call one of many. */
static void function_name(const struct kview_target *function, char *text, size_t size)
{
	if (function->name)
		snprintf(text, size, "%s", (const char *)(uintptr_t)function->name);
	else
		snprintf(text, size, "0x%llx", (unsigned long long)function->value);
}

static void tell_left_out(struct supervisor *sup, const char *word, uint32_t left, uint32_t count, const char *first,
			  uint32_t why)
{
	supervisor_note(sup, "%s: %u of %u functions are left out, the first %s: %s; %s", word, left, count, first,
			why_text(why, -EOPNOTSUPP), advice_todo(why));
}

/* Move those that can be hooked to the front, and tell of the others. Returns how many there are. */
static uint32_t leave_out(struct supervisor *sup, const char *word, struct kview_target *functions, uint32_t count,
			  const uint32_t *reasons)
{
	uint32_t kept = 0, why = KVIEW_WHY_NONE;
	char first[KVIEW_SYMBOL_LEN] = "";

	for (uint32_t i = 0; i < count; i++) {
		if (reasons[i] == KVIEW_WHY_NONE) {
			functions[kept++] = functions[i];
		} else if (why == KVIEW_WHY_NONE) {
			why = reasons[i];
			function_name(&functions[i], first, sizeof(first));
		}
	}
	if (kept && kept < count)
		tell_left_out(sup, word, count - kept, count, first, why);
	return kept;
}

static const char *multi_word(uint32_t kind)
{
	switch (kind) {
	case KVIEW_HOOK_ENTRY:
		return "kprobe.multi";
	case KVIEW_HOOK_RETURN:
		return "kretprobe.multi";
	default:
		return "kprobe.session";
	}
}

int attach_many(struct supervisor *sup, uint32_t kind, struct kview_target *functions, uint32_t count, int prog_fd,
		int *ret_link)
{
	const char *word = multi_word(kind);
	_cleanup_(freep) uint32_t *reasons = calloc(count, sizeof(*reasons));
	char name[KVIEW_SYMBOL_LEN], label[KVIEW_SYMBOL_LEN + 64];
	uint32_t kept, why;
	int err, fd;

	if (!reasons)
		return -ENOMEM;
	function_name(&functions[0], name, sizeof(name));
	snprintf(label, sizeof(label), "%s %s", word, name);
	err = check(sup, kind, functions, count, reasons);
	if (err)
		return refuse(sup, label, prog_fd, err, KVIEW_WHY_NONE, strerror(-err));
	kept = leave_out(sup, word, functions, count, reasons);
	if (!kept)
		return refuse(sup, label, prog_fd, reasons[0] == KVIEW_WHY_NO_SYMBOL ? -ESRCH : -EOPNOTSUPP,
			      reasons[0], why_text(reasons[0], -EOPNOTSUPP));
	if (kept > 1)
		snprintf(label, sizeof(label), "%s %s and %u more", word, name, kept - 1);
	fd = attach_link(sup, asked_flags(sup, kind), kind, functions, kept, prog_fd, &why);
	if (fd < 0)
		return refuse(sup, label, prog_fd, fd, why, why_text(why, fd));
	tell_attached(sup, label, prog_fd, EXEC_VIEW, kept);
	*ret_link = fd;
	return 0;
}

struct description {
	char *text;
	size_t size;
};

/* Of the first hook: the others are alike. */
static int describe_hook(const struct kview_hook *hook, void *data)
{
	const struct description *to = data;
	size_t used = strlen(to->text);

	snprintf(to->text + used, to->size - used, " on %s%s%s", kview_kind_name(hook->kind), hook->name ? " " : "",
		 hook->name ?: "");
	return 1;
}

void attach_describe(const struct call *call, int theirs, char *text, size_t size)
{
	_cleanup_(closep) int link = call_take_fd(call, theirs);
	struct kview_link_info info = { .size = sizeof(info) };
	struct description to = { text, size };

	if (link < 0 || ioctl(link, KVIEW_IOC_LINK_INFO, &info)) {
		snprintf(text, size, "descriptor %d", theirs);
		return;
	}
	snprintf(text, size, "%s", info.prog_name);
	kview_each_hook_of(info.view, info.id, describe_hook, &to);
}
