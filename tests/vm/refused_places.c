// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/* Places that cannot be hooked: the errno, the reason, which of the list, and that none of the list is attached. */
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "programs.h"
#include "scene.h"
#include "symbols.h"

/* Alone, and as the last of a list: then none of the list is attached. */
static void refuse_function(struct kview_target target, int err, __u32 why)
{
	struct kview_target list[] = { good_target, { .name = (unsigned long)"vfs_read" }, target };

	if (reason_of(KVIEW_HOOK_ENTRY, &target) != why)
		FAIL("%s, %llx: %s, not %s", target.name ? (char *)target.name : "", target.value,
		     kv_reason_name(reason_of(KVIEW_HOOK_ENTRY, &target)), kv_reason_name(why));
	refuse_link(KVIEW_HOOK_ENTRY, scene.prog, &target, 1, err, why, 0);
	refuse_link(KVIEW_HOOK_ENTRY, scene.prog, list, 3, err, why, 2);
}

static void refuse_name(const char *name, int err, __u32 why)
{
	refuse_function((struct kview_target){ .name = (unsigned long)name }, err, why);
}

static void refuse_address(unsigned long addr, int err, __u32 why)
{
	refuse_function((struct kview_target){ .value = addr }, err, why);
}

static void no_symbol(void)
{
	char longest[512];

	scene_new();
	refuse_name("no_such_function", ENOENT, KVIEW_WHY_NO_SYMBOL);
	refuse_name("", ENOENT, KVIEW_WHY_NO_SYMBOL);
	refuse_name("jiffies", ENOENT, KVIEW_WHY_NO_SYMBOL); /* data */
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	refuse_name(longest, ENOENT, KVIEW_WHY_NO_SYMBOL);
}

#define SYMBOLS_MAX 200000

struct symbol {
	unsigned long addr;
	char name[80];
};

struct symbols {
	struct symbol *list;
	size_t count;
};

/* The kernel's functions; names that do not fit are left out. */
static struct symbols read_functions(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	struct symbols symbols = { .list = calloc(SYMBOLS_MAX, sizeof(*symbols.list)) };
	struct kview_info info;
	char line[1024], type;

	kv_info(&info);
	CHECK(file && symbols.list);
	while (fgets(line, sizeof(line), file) && symbols.count < SYMBOLS_MAX) {
		struct symbol *symbol = &symbols.list[symbols.count];

		if (strlen(line) > sizeof(symbol->name) + 18 || strchr(line, '['))
			continue;
		if (sscanf(line, "%lx %c %79s", &symbol->addr, &type, symbol->name) != 3 || !strchr("tTwW", type))
			continue;
		symbols.count += symbol->addr >= info.text_start && symbol->addr < info.text_end;
	}
	fclose(file);
	return symbols;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static void ambiguous(void)
{
	struct symbols symbols = read_functions();
	size_t i = 1;

	scene_new();
	qsort(symbols.list, symbols.count, sizeof(*symbols.list), compare_names);
	while (i < symbols.count && (compare_names(&symbols.list[i - 1], &symbols.list[i]) ||
				     symbols.list[i - 1].addr == symbols.list[i].addr))
		i++;
	CHECK(i < symbols.count);
	test_note("%s", symbols.list[i].name);
	refuse_name(symbols.list[i].name, ENOTUNIQ, KVIEW_WHY_AMBIGUOUS);
}

static void module_text(void)
{
	unsigned long addr = symbol_address("kview_view_new");

	scene_new();
	CHECK(addr);
	refuse_name("kview_view_new", EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT);
	refuse_address(addr, EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT);
}

static void not_text(void)
{
	struct kview_info info;

	scene_new();
	kv_info(&info);
	refuse_address(0, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address((unsigned long)&info, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(symbol_address("jiffies"), EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(info.text_start - 1, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(info.text_end, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(-1, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(1UL << 63, EINVAL, KVIEW_WHY_NOT_TEXT);
}

static void not_traceable(void)
{
	scene_new();
	refuse_name("do_syscall_64", EOPNOTSUPP, KVIEW_WHY_NOT_TRACEABLE);
	refuse_address(symbol_address("do_syscall_64"), EOPNOTSUPP, KVIEW_WHY_NOT_TRACEABLE);
}

static void not_entry(void)
{
	unsigned long addr;

	scene_new();
	addr = symbol_address("vfs_read");
	CHECK(addr);
	refuse_address(addr + 1, EINVAL, KVIEW_WHY_NOT_ENTRY);
	refuse_address(addr + 4, EINVAL, KVIEW_WHY_NOT_ENTRY); /* the patchable bytes behind an endbr64 */
	refuse_address(addr + 9, EINVAL, KVIEW_WHY_NOT_ENTRY);
}

/* Ask about all functions there are; 0 when none is refused for this reason. */
static unsigned long find_by_reason(__u32 why)
{
	struct symbols symbols = read_functions();
	struct kview_target *targets = calloc(symbols.count, sizeof(*targets));
	__u32 *reasons = calloc(symbols.count, sizeof(*reasons));
	struct kview_check check = { .size = sizeof(check), .kind = KVIEW_HOOK_ENTRY };

	for (size_t i = 0; i < symbols.count; i++)
		targets[i].value = symbols.list[i].addr;
	for (size_t done = 0; done < symbols.count; done += check.count) {
		check.targets = (unsigned long)(targets + done);
		check.reasons = (unsigned long)(reasons + done);
		check.count = symbols.count - done < KVIEW_TARGETS_MAX ? symbols.count - done : KVIEW_TARGETS_MAX;
		CHECK_CALL(ioctl(scene.device, KVIEW_IOC_CHECK, &check));
	}
	for (size_t i = 0; i < symbols.count; i++) {
		if (reasons[i] == why) {
			test_note("%s", symbols.list[i].name);
			return symbols.list[i].addr;
		}
	}
	return 0;
}

static void crosses_page(void)
{
	unsigned long addr;

	scene_new();
	addr = find_by_reason(KVIEW_WHY_CROSSES_PAGE);
	if (addr)
		refuse_address(addr, EOPNOTSUPP, KVIEW_WHY_CROSSES_PAGE);
	else
		test_note("this kernel has no such function");
}

static void no_such_syscall(void)
{
	static const unsigned long numbers[] = {
		400, /* in the gap before the numbers that all architectures share */
		600, KVIEW_SYSCALL_MAX, KVIEW_SYSCALL_MAX + 1, KVIEW_SYSCALL_ALL - 1, 1UL << 32 | SYS_getppid,
	};
	int prog = program_nothing(BPF_PROG_TYPE_TRACEPOINT);

	scene_new();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct kview_target list[] = { { .value = SYS_getppid }, { .value = numbers[i] } };

		for (__u32 kind = KVIEW_HOOK_TP_ENTER; kind <= KVIEW_HOOK_TP_EXIT; kind++) {
			CHECK_EQUAL(reason_of(kind, &list[1]), KVIEW_WHY_NO_SUCH_SYSCALL);
			refuse_link(kind, prog, list, 2, ENOENT, KVIEW_WHY_NO_SUCH_SYSCALL, 1);
		}
	}
}

static void duplicate(void)
{
	struct kview_target functions[] = {
		{ .name = (unsigned long)SCENE_OTHER_FUNCTION },
		{ .name = (unsigned long)SCENE_FUNCTION },
		{ .value = symbol_address(SCENE_OTHER_FUNCTION) }, /* by its address */
	};
	struct kview_target numbers[] = { { .value = SYS_read }, { .value = SYS_write }, { .value = SYS_read } };
	int prog = program_nothing(BPF_PROG_TYPE_TRACEPOINT);

	scene_new();
	refuse_link(KVIEW_HOOK_ENTRY, scene.prog, functions, 3, EINVAL, KVIEW_WHY_DUPLICATE, 2);
	refuse_link(KVIEW_HOOK_TP_ENTER, prog, numbers, 3, EINVAL, KVIEW_WHY_DUPLICATE, 2);
	refuse_link(KVIEW_HOOK_TP_EXIT, prog, numbers, 3, EINVAL, KVIEW_WHY_DUPLICATE, 2);
}

/* As many targets as one link may have, of which the last cannot be hooked. */
static void longest_list(void)
{
	struct kview_target *targets = calloc(KVIEW_TARGETS_MAX, sizeof(*targets));

	scene_new();
	CHECK(targets);
	for (int i = 0; i < KVIEW_TARGETS_MAX - 1; i++)
		targets[i] = good_target;
	refuse_link(KVIEW_HOOK_ENTRY, scene.prog, targets, KVIEW_TARGETS_MAX, EINVAL, KVIEW_WHY_NOT_TEXT,
		    KVIEW_TARGETS_MAX - 1);
}

static const struct test_case cases[] = {
	TEST_CASE(no_symbol), TEST_CASE(ambiguous), TEST_CASE(module_text), TEST_CASE(not_text),
	TEST_CASE(not_traceable), TEST_CASE(not_entry), TEST_CASE(crosses_page), TEST_CASE(no_such_syscall),
	TEST_CASE(duplicate), TEST_CASE(longest_list),
};

int main(int argc, char **argv)
{
	test_undo = scene_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
