// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols.h"

#include "testlib.h"

#define CHUNK KVIEW_TARGETS_MAX

/* Call @see for each symbol until it returns true. */
static void walk_symbols(bool (*see)(unsigned long addr, char type, const char *name, void *data), void *data)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[1024];

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		char *rest, *name;
		unsigned long addr = strtoul(line, &rest, 16);

		/* " T name\n", and after a tab the module it belongs to */
		if (strlen(rest) < 4)
			continue;
		name = rest + 3;
		name[strcspn(name, "\t\n")] = 0;
		if (see(addr, rest[1], name, data))
			break;
	}
	fclose(file);
}

struct wanted {
	const char *name;
	unsigned long addr;
};

static bool find_name(unsigned long addr, char type, const char *name, void *data)
{
	struct wanted *wanted = data;

	(void)type;
	if (strcmp(name, wanted->name))
		return false;
	wanted->addr = addr;
	return true;
}

unsigned long symbol_address(const char *name)
{
	struct wanted wanted = { .name = name };

	walk_symbols(find_name, &wanted);
	return wanted.addr;
}

struct text {
	unsigned long start, end;
	struct targets targets;
	size_t room;
};

static bool add_function(unsigned long addr, char type, const char *name, void *data)
{
	struct text *text = data;

	(void)name;
	if (addr < text->start || addr >= text->end || !strchr("tTwW", type))
		return false;
	if (text->targets.count == text->room) {
		text->room = text->room ? text->room * 2 : 65536;
		text->targets.list = realloc(text->targets.list, text->room * sizeof(*text->targets.list));
		CHECK(text->targets.list);
	}
	text->targets.list[text->targets.count++] = (struct kview_target){ .value = addr };
	return false;
}

static int compare_targets(const void *a, const void *b)
{
	const struct kview_target *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

/* Sort, and leave one of those that share an address. */
static void sort_targets(struct targets *targets)
{
	size_t left = 0;

	qsort(targets->list, targets->count, sizeof(*targets->list), compare_targets);
	for (size_t i = 0; i < targets->count; i++) {
		if (!left || targets->list[left - 1].value != targets->list[i].value)
			targets->list[left++] = targets->list[i];
	}
	targets->count = left;
}

static void ask(__u32 kind, const struct kview_target *list, size_t count, __u32 *reasons)
{
	struct kview_check check = {
		.size = sizeof(check),
		.kind = kind,
		.targets = (unsigned long)list,
		.reasons = (unsigned long)reasons,
		.count = count,
	};

	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_CHECK, &check));
}

static void keep_hookable(__u32 kind, struct targets *targets)
{
	__u32 *reasons = calloc(targets->count, sizeof(*reasons));
	size_t left = 0;

	CHECK(reasons);
	for (size_t done = 0; done < targets->count; done += CHUNK)
		ask(kind, targets->list + done, targets->count - done < CHUNK ? targets->count - done : CHUNK, reasons + done);
	for (size_t i = 0; i < targets->count; i++) {
		if (!reasons[i])
			targets->list[left++] = targets->list[i];
	}
	targets->count = left;
	free(reasons);
}

struct targets targets_of(__u32 kind)
{
	struct text text = {};
	struct kview_info info;

	kv_info(&info);
	text.start = info.text_start;
	text.end = info.text_end;
	walk_symbols(add_function, &text);
	sort_targets(&text.targets);
	keep_hookable(kind, &text.targets);
	return text.targets;
}

struct targets targets_all(void)
{
	return targets_of(KVIEW_HOOK_ENTRY);
}

static struct targets targets_room(size_t count)
{
	struct targets targets = { .list = calloc(count, sizeof(*targets.list)) };

	CHECK(targets.list);
	return targets;
}

struct targets targets_per_page(const struct targets *all)
{
	struct targets targets = targets_room(all->count);
	unsigned long page = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].value >> 12 == page)
			continue;
		page = all->list[i].value >> 12;
		targets.list[targets.count++] = all->list[i];
	}
	return targets;
}

size_t targets_find(const struct targets *targets, unsigned long addr)
{
	for (size_t i = 0; i < targets->count; i++) {
		if (targets->list[i].value == addr)
			return i;
	}
	FAIL("%lx is no target", addr);
}
