// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --pti
// vm: --no-la57
/*
 * The kernel's own page tables: while a view has private pages under a shared entry, that entry is not global; before
 * and after, each entry is exactly what it was.
 */
#include "modules.h"
#include "programs.h"
#include "subject.h"
#include "symbols.h"
#include "testlib.h"

#define LEAF "/sys/module/test_leaf/parameters/leaf"
#define GLOBAL 0x100UL
#define ACCESSED 0x20UL /* set by the CPU at any time */
#define DIRTY 0x40UL
#define SMALL 4096UL
#define LARGE (512 * SMALL)

struct leaf {
	unsigned long address, entry;
};

/* Every shared entry over kernel text. */
struct leaves {
	struct leaf list[2048];
	size_t count;
};

/* Returns how much the entry maps. */
static unsigned long read_leaf(unsigned long address, unsigned long *ret_entry)
{
	char text[32];
	unsigned int level;
	FILE *file;

	snprintf(text, sizeof(text), "%#lx", address);
	test_set(LEAF, text);
	file = fopen(LEAF, "re");
	CHECK(file && fscanf(file, "%lx %u", ret_entry, &level) == 2);
	fclose(file);
	CHECK(level == 1 || level == 2);
	*ret_entry &= ~(ACCESSED | DIRTY);
	return level == 2 ? LARGE : SMALL;
}

static void read_leaves(struct leaves *leaves)
{
	unsigned long address;
	struct kview_info info;

	kv_info(&info);
	leaves->count = 0;
	for (address = info.text_start & -SMALL; address < info.text_end;) {
		struct leaf *leaf = &leaves->list[leaves->count++];

		CHECK(leaves->count <= sizeof(leaves->list) / sizeof(leaves->list[0]));
		leaf->address = address;
		address = (address & -SMALL) + read_leaf(address, &leaf->entry);
		if (address - leaf->address == LARGE)
			address &= -LARGE;
	}
}

/* How many entries are not global any more; nothing else may have changed. */
static unsigned int count_cleared(const struct leaves *before, const struct leaves *now)
{
	unsigned int cleared = 0;

	CHECK_EQUAL(now->count, before->count);
	for (size_t i = 0; i < now->count; i++) {
		unsigned long was = before->list[i].entry, is = now->list[i].entry;

		if ((was ^ is) & ~GLOBAL)
			FAIL("entry at %lx was %lx and is %lx", now->list[i].address, was, is);
		if (!(was & GLOBAL) && is & GLOBAL)
			FAIL("entry at %lx has become global", now->list[i].address);
		cleared += was != is;
	}
	return cleared;
}

static bool is_global(const struct leaves *leaves, unsigned long address)
{
	for (size_t i = leaves->count; i--;) {
		if (leaves->list[i].address <= address)
			return leaves->list[i].entry & GLOBAL;
	}
	FAIL("%lx is no text", address);
}

static struct leaves before, now;

static void expect_cleared(unsigned int want)
{
	struct kview_info info;

	kv_info(&info);
	read_leaves(&now);
	CHECK_EQUAL(count_cleared(&before, &now), want);
	CHECK_EQUAL(info.shared_leaves, want);
}

static void begin(void)
{
	module_load_test("test_leaf");
	read_leaves(&before);
}

static bool isolated(void)
{
	struct kview_info info;

	kv_info(&info);
	return info.machine & KVIEW_MACHINE_PTI;
}

static void one_hook(void)
{
	struct subject member = subject_new(1);
	unsigned long address;
	int view, link;

	begin();
	view = kv_view();
	link = kv_entry(view, program_nothing(BPF_PROG_TYPE_KPROBE), "__x64_sys_getppid");
	expect_cleared(0);
	kv_member(view, member.pid);
	read_leaves(&now);
	address = symbol_address("__x64_sys_getppid");
	CHECK_EQUAL(is_global(&before, address), !isolated());
	CHECK(!is_global(&now, address));
	CHECK(!is_global(&now, symbol_address("begin_new_exec")));
	close(link);
	subject_call(&member, 10);
	CHECK_EQUAL(kv_try_member_remove(view, member.pid), 0);
	expect_cleared(0);
	kv_member(view, member.pid);
	close(view);
	expect_cleared(0);
}

/* A hook in each page: no entry stays global; two views, each with its own pages, and the last one counts. */
static void every_page(void)
{
	struct subject members[2] = { subject_new(1), subject_new(1) };
	struct targets all = targets_all(), pages = targets_per_page(&all);
	unsigned int cleared;
	int view[2];

	begin();
	for (int i = 0; i < 2; i++) {
		view[i] = kv_view();
		CHECK_CALL(kv_try_link(view[i], KVIEW_HOOK_ENTRY, program_nothing(BPF_PROG_TYPE_KPROBE), pages.list,
				       pages.count));
		kv_member(view[i], members[i].pid);
	}
	read_leaves(&now);
	cleared = count_cleared(&before, &now);
	test_note("%u of %zu entries not global, %zu pages hooked", cleared, now.count, pages.count);
	CHECK(isolated() ? cleared == 0 : cleared >= 5);
	for (size_t i = 0; i < pages.count; i++)
		CHECK(!is_global(&now, pages.list[i].value));
	close(view[0]);
	expect_cleared(cleared);
	subject_end(&members[1]);
	expect_cleared(0);
}

static void undo(void)
{
	module_unload("test_leaf");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST_CASE(one_hook), TEST_CASE(every_page) };

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
