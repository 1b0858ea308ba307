// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* A program gets its cookie, the function's address, registers, stack and current task as the kernel would give them. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "ordinary.h"
#include "ordinary_context.skel.h"
#include "ordinary_record.h"

static uint64_t symbol_address(const char *wanted)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char name[512], type;
	uint64_t address;

	EXPECT(file, "%m");
	while (fscanf(file, "%lx %c %511s%*[^\n]", &address, &type, name) == 3)
		if (!strcmp(name, wanted))
			break;
	fclose(file);
	EXPECT(!strcmp(name, wanted), "%s", wanted);
	return address;
}

static struct given given_for(struct ordinary_context *skel, uint64_t cookie)
{
	struct given given = {};

	bpf_map_lookup_elem(bpf_map__fd(skel->maps.given), &cookie, &given);
	return given;
}

/* The first of the kernel's frames of a stack. */
static uint64_t top_frame(struct ordinary_context *skel, const struct given *given)
{
	uint32_t id = given->stack;
	uint64_t frames[127] = {};

	EXPECT(given->stack >= 0, "%lld", given->stack);
	bpf_map_lookup_elem(bpf_map__fd(skel->maps.stacks), &id, frames);
	return frames[0];
}

static void check_task(const struct given *given)
{
	EXPECT(given->pid_tgid == ((uint64_t)getpid() << 32 | (uint32_t)syscall(SYS_gettid)), "%llx", given->pid_tgid);
	EXPECT(!strcmp(given->comm, "ordinary_contex"), "%s", given->comm);
}

static void check_entry(struct ordinary_context *skel, const char *name, uint64_t cookie, uint64_t number)
{
	struct given given = given_for(skel, cookie);
	uint64_t address = symbol_address(name), frame = top_frame(skel, &given);

	EXPECT(given.number == number, "%llu", given.number);
	EXPECT(given.func_ip == address, "%s: %llx is not %lx", name, given.func_ip, address);
	EXPECT(given.ip >= address && given.ip < address + 16, "%llx", given.ip);
	EXPECT(given.sp >> 47 == 0x1ffff || given.sp >> 56 == 0xff, "%llx", given.sp);
	EXPECT(frame >= address && frame < address + 16, "%s: %lx is not near %lx", name, frame, address);
	check_task(&given);
}

static struct ordinary_context *load(void)
{
	struct ordinary_context *skel = ordinary_context__open();
	struct bpf_program *prog;

	EXPECT(skel, "the object opens");
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, true);
	EXPECT(!ordinary_context__load(skel), "the object loads");
	return skel;
}

static void attach(struct kview *view, struct ordinary_context *skel)
{
	static const char *const names[] = { "__x64_sys_getpriority", "__x64_sys_getuid" };
	static const uint64_t cookies[] = { 0x1111222233334444, ~0ULL };
	struct kview_attach_opts opts = { .sz = sizeof(opts), .cookie = 3 };

	EXPECT(!kview_attach_entries(view, bpf_program__fd(skel->progs.on_entry), names, cookies, 2, NULL), "%s",
	       kview_reason(view));
	EXPECT(!kview_attach_program(view, skel->progs.on_enter, &opts, NULL), "%s", kview_reason(view));
	opts.cookie = 4;
	EXPECT(!kview_attach_program(view, skel->progs.on_exit, &opts, NULL), "%s", kview_reason(view));
}

static int check_hook(const struct kview_hook *hook, void *data)
{
	(void)data;
	EXPECT_EQUAL(hook->counts.runs, 1);
	EXPECT(hook->addr == 0 || hook->addr == symbol_address(hook->name), "%s", hook->name);
	return 0;
}

static int check_link(struct kview_link *link, void *data)
{
	return kview_each_hook(link, check_hook, data);
}

static void context(enum kview_mode mode)
{
	struct ordinary_context *skel = load();
	struct kview *view = test_open(mode);
	struct given given;

	attach(view, skel);
	EXPECT(!kview_add_pid(view, getpid()), "%s", kview_reason(view));
	syscall(SYS_getpriority, 1, 0);
	syscall(SYS_getuid);
	EXPECT(!kview_remove_pid(view, getpid()), "%s", kview_reason(view));

	check_entry(skel, "__x64_sys_getpriority", 0x1111222233334444, SYS_getpriority);
	check_entry(skel, "__x64_sys_getuid", ~0ULL, SYS_getuid);
	for (uint64_t cookie = 3; cookie <= 4; cookie++) {
		given = given_for(skel, cookie);
		EXPECT_EQUAL(given.number, SYS_getpriority);
		check_task(&given);
	}
	EXPECT_EQUAL(kview_each_link(view, check_link, NULL), 0);
	kview_close(view);
	ordinary_context__destroy(skel);
}

int main(void)
{
	return test_modes(context);
}
