// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/*
 * One object, attached by libbpf and by libkview to the same process that does the same: its maps are the same, byte for
 * byte. Programs of every kind write down their arguments, results, addresses and cookies.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "ordinary.h"
#include "ordinary_differential.h"
#include "ordinary_differential.skel.h"

struct logs {
	struct differential_log of[DIFFERENTIAL_PROGRAMS];
};

static int null_fd, zero_fd;
static char buffer[256];

/* Nothing here may differ from one time to the next: descriptors, buffers and the mapping stay where they are. */
static void do_things(bool *on)
{
	void *place = (void *)0x100000000000, *mapped;
	char name[] = "name0";

	prctl(PR_SET_NAME, name);
	signal(SIGUSR1, SIG_IGN);
	*on = true;
	for (int i = 0; i < 5; i++) {
		syscall(SYS_read, zero_fd, buffer, 100 + i);
		syscall(SYS_read, null_fd, buffer, i);
		syscall(SYS_getpriority, PRIO_PROCESS, 0);
		syscall(SYS_getpriority, 77, i);
		mapped = mmap(place, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		EXPECT(mapped == place, "%p", mapped);
		munmap(place, 4096);
		name[4]++;
		prctl(PR_SET_NAME, name);
		kill(getpid(), SIGUSR1);
	}
	*on = false;
}

static struct ordinary_differential *load(void)
{
	struct ordinary_differential *skel = ordinary_differential__open();

	EXPECT(skel, "the object opens");
	skel->rodata->process = getpid();
	EXPECT(!ordinary_differential__load(skel), "the object loads");
	return skel;
}

static void read_logs(struct ordinary_differential *skel, struct logs *logs)
{
	for (uint32_t i = 0; i < DIFFERENTIAL_PROGRAMS; i++)
		EXPECT(!bpf_map_lookup_elem(bpf_map__fd(skel->maps.logs), &i, &logs->of[i]), "%m");
}

static void by_libbpf(struct logs *logs)
{
	struct ordinary_differential *skel = load();

	EXPECT(!ordinary_differential__attach(skel), "%m");
	do_things(&skel->bss->on);
	ordinary_differential__detach(skel);
	read_logs(skel, logs);
	ordinary_differential__destroy(skel);
}

static void by_libkview(enum kview_mode mode, struct logs *logs)
{
	struct ordinary_differential *skel = load();
	struct kview *view = test_open(mode);
	size_t count;

	EXPECT(!kview_attach_object(view, skel->obj, &count), "%s", kview_reason(view));
	EXPECT_EQUAL(count, DIFFERENTIAL_PROGRAMS);
	EXPECT(!kview_add_pid(view, getpid()), "%s", kview_reason(view));
	do_things(&skel->bss->on);
	kview_close(view);
	read_logs(skel, logs);
	ordinary_differential__destroy(skel);
}

static void compare_events(unsigned int program, unsigned int at, const struct differential_event *kernel,
			   const struct differential_event *own)
{
	for (int i = 0; i < DIFFERENTIAL_ARGS; i++)
		EXPECT(own->args[i] == kernel->args[i], "program %u, event %u, argument %d: %llx is not %llx", program, at, i,
		       own->args[i], kernel->args[i]);
	EXPECT(own->result == kernel->result, "program %u, event %u: result %llx is not %llx", program, at, own->result,
	       kernel->result);
	EXPECT(own->func_ip == kernel->func_ip, "program %u, event %u: address %llx is not %llx", program, at, own->func_ip,
	       kernel->func_ip);
	EXPECT(own->cookie == kernel->cookie, "program %u, event %u: cookie %llx is not %llx", program, at, own->cookie,
	       kernel->cookie);
}

static void compare(enum kview_mode mode)
{
	static struct logs kernel, own;

	null_fd = open("/dev/null", O_RDONLY);
	zero_fd = open("/dev/zero", O_RDONLY);
	EXPECT(null_fd >= 0 && zero_fd >= 0, "%m");
	by_libbpf(&kernel);
	by_libkview(mode, &own);
	for (unsigned int i = 0; i < DIFFERENTIAL_PROGRAMS; i++) {
		EXPECT(kernel.of[i].events >= 5, "program %u: %llu", i, kernel.of[i].events);
		EXPECT(kernel.of[i].events <= DIFFERENTIAL_EVENTS, "program %u: %llu", i, kernel.of[i].events);
		EXPECT(own.of[i].events == kernel.of[i].events, "program %u: %llu events, not %llu", i, own.of[i].events,
		       kernel.of[i].events);
		for (unsigned int at = 0; at < DIFFERENTIAL_EVENTS; at++)
			compare_events(i, at, &kernel.of[i].event[at], &own.of[i].event[at]);
	}
	EXPECT(!memcmp(&kernel, &own, sizeof(own)), "the same bytes");
	close(null_fd);
	close(zero_fd);
}

int main(void)
{
	return test_modes(compare);
}
