// SPDX-License-Identifier: GPL-2.0-or-later
/* What `kview trace` makes of its events, whatever is in them; and of tracefs's declarations. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trace_format.h"
#include "cli/trace_print.h"
#include "unit.h"
#include "util/cleanup.h"

static struct trace_param params[] = {
	{ .name = "dfd", .size = 4, .show = TRACE_SHOW_FOLDER },  { .name = "filename", .size = 8, .show = TRACE_SHOW_TEXT },
	{ .name = "flags", .size = 4, .show = TRACE_SHOW_HEX },	  { .name = "mode", .size = 2, .show = TRACE_SHOW_OCTAL },
	{ .name = "size", .size = 8, .show = TRACE_SHOW_UNSIGNED }, { .name = "off", .size = 8, .show = TRACE_SHOW_SIGNED },
};

static struct trace_param fields[] = {
	{ .name = "comm", .offset = 8, .size = 16, .show = TRACE_SHOW_CHARS },
	{ .name = "file", .offset = 24, .size = 4, .show = TRACE_SHOW_LOCATION },
	{ .name = "addr", .offset = 28, .size = 4, .show = TRACE_SHOW_BYTES },
	{ .name = "pid", .offset = 32, .size = 4, .show = TRACE_SHOW_SIGNED },
};

static struct trace_hook list[] = {
	{ .kind = TRACE_KIND_SYSCALL, .name = "openat", .label = "syscalls:openat", .params = params,
	  .param_count = COUNT(params), .info = { .texts = { { .arg = 2 } }, .result = TRACE_RESULT_LONG } },
	{ .kind = TRACE_KIND_EVENT, .name = "a/b", .label = "tracepoint:a:b", .params = fields,
	  .param_count = COUNT(fields) },
	{ .kind = TRACE_KIND_RETURN, .name = "f", .label = "kretprobe:f", .info = { .result = TRACE_RESULT_INT } },
};

static const struct trace_hooks hooks = { .list = list, .count = COUNT(list) };

/* An event and room for its data. */
union record {
	struct trace_event event;
	char bytes[sizeof(struct trace_event) + TRACE_DATA_LEN];
};

static union record call_record(int64_t result, const char *text)
{
	union record record = { .event = {
		.ns = 2000000500,
		.duration_ns = 1500,
		.result = result,
		.args = { (uint32_t)-100, 0x1000, 0xffffffff00080000, 0x1ffff81a4, ~0ULL, ~0ULL },
		.pid = 7,
		.tid = 8,
		.flags = TRACE_HAS_ARGS | TRACE_HAS_RESULT | TRACE_HAS_DURATION,
		.comm = "exactly 16 bytes",
	} };

	if (text) {
		record.event.data_len = TRACE_DATA_LEN;
		record.event.sizes[0] = strlen(text) + 1;
		strcpy(record.event.data, text);
	}
	return record;
}

static void prints(const union record *record, bool json, const char *expected)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	struct trace_printer printer = { .out = open_memstream(&text, &size), .json = json, .hooks = &hooks,
					 .start_ns = 1000000000 };

	assert_non_null(printer.out);
	assert_int_equal(trace_print_event(&printer, &record->event, sizeof(*record)), 0);
	assert_int_equal(fclose(printer.out), 0);
	assert_string_equal(text, expected);
}

static void calls(void **state)
{
	union record record = call_record(3, "/a\"b\n\xff\xc3\xa4");

	(void)state;
	prints(&record, false, "    1.000001   1.50 us  exactly 16 bytes/7/8  openat(dfd: AT_FDCWD, "
	       "filename: \"/a\\\"b\\n\\xff\xc3\xa4\", flags: 0x80000, mode: 0100644, size: 18446744073709551615, off: -1) = 3\n");
	prints(&record, true, "{\"event\":\"hit\",\"seconds\":1.0000005,\"pid\":7,\"tid\":8,\"comm\":\"exactly 16 bytes\","
	       "\"hook\":\"syscalls:openat\",\"args\":{\"dfd\":-100,\"filename\":\"/a\\\\\\\"b\\\\n\\\\xff\xc3\xa4\","
	       "\"flags\":\"0x80000\",\"mode\":33188,\"size\":\"0xffffffffffffffff\",\"off\":-1},\"result\":3,"
	       "\"duration_ns\":1500}\n");
}

static void results(void **state)
{
	static const struct {
		int64_t result;
		const char *end;
	} cases[] = { { -ENOENT, " = -ENOENT\n" },     { -512, " = -ERESTARTSYS\n" },	 { -4095, " = -4095\n" },
		      { 0, " = 0\n" },		       { -5000, " = -5000\n" },		 { 0x7f0000000000, " = 0x7f0000000000\n" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		union record record = call_record(cases[i].result, NULL);
		_cleanup_(freep) char *text = NULL;
		size_t size;
		struct trace_printer printer = { .out = open_memstream(&text, &size), .hooks = &hooks };

		assert_int_equal(trace_print_event(&printer, &record.event, sizeof(record)), 0);
		assert_int_equal(fclose(printer.out), 0);
		assert_string_equal(strrchr(text, ')') + 1, cases[i].end);
	}
}

/* The upper half of a register is not an int's. */
static void int_results(void **state)
{
	union record record = call_record(0xfffffffe, NULL);

	(void)state;
	record.event.hook = 2;
	record.event.flags = TRACE_HAS_RESULT;
	record.event.tid = 7;
	prints(&record, false, "    1.000001            exactly 16 bytes/7  kretprobe:f = -ENOENT\n");
	record.event.flags = TRACE_UNFINISHED;
	prints(&record, false, "    1.000001            exactly 16 bytes/7  kretprobe:f = ?\n");
}

static union record event_record(uint16_t size, uint32_t location)
{
	union record record = call_record(0, NULL);

	record.event.hook = 1;
	record.event.flags = TRACE_HAS_RECORD;
	record.event.data_len = TRACE_DATA_LEN;
	record.event.sizes[0] = size;
	memcpy(record.event.data + 8, "sixteen letters!", 16);
	memcpy(record.event.data + 24, &location, sizeof(location));
	memcpy(record.event.data + 28, "\xc0\xa8\x00\x01", 4);
	memcpy(record.event.data + 32, &(int){ -2 }, sizeof(int));
	strcpy(record.event.data + 36, "/bin/sh");
	return record;
}

static void records(void **state)
{
	union record record = event_record(TRACE_DATA_LEN, 8 << 16 | 36);

	(void)state;
	prints(&record, false, "    1.000001            exactly 16 bytes/7/8  tracepoint:a:b(comm: \"sixteen letters!\", "
	       "file: \"/bin/sh\", addr: c0a80001, pid: -2)\n");
	/* Text that was not read, and places outside the record. */
	record = event_record(36, 8 << 16 | 36);
	prints(&record, false, "    1.000001            exactly 16 bytes/7/8  tracepoint:a:b(comm: \"sixteen letters!\", "
	       "file: 0x80024, addr: c0a80001, pid: -2)\n");
	record = event_record(TRACE_DATA_LEN, 0xffffffff);
	prints(&record, false, "    1.000001            exactly 16 bytes/7/8  tracepoint:a:b(comm: \"sixteen letters!\", "
	       "file: 0xffffffff, addr: c0a80001, pid: -2)\n");
	record = event_record(0, 0);
	prints(&record, false, "    1.000001            exactly 16 bytes/7/8  tracepoint:a:b(comm: 0, "
	       "file: \"\", addr: , pid: 0)\n");
}

static void broken_events(void **state)
{
	union record record = call_record(0, "x");
	struct trace_printer printer = { .out = stdout, .hooks = &hooks };

	(void)state;
	assert_int_equal(trace_print_event(&printer, &record.event, sizeof(record.event) - 1), -EPROTO);
	assert_int_equal(trace_print_event(&printer, &record.event, sizeof(record) - 1), -EPROTO);
	record.event.hook = COUNT(list);
	assert_int_equal(trace_print_event(&printer, &record.event, sizeof(record)), -EPROTO);
}

static void formats(void **state)
{
	static char text[] = "name: sched_switch\nformat:\n"
			     "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
			     "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
			     "\tfield:__data_loc char[] filename;\toffset:24;\tsize:4;\tsigned:1;\n"
			     "\tfield:const char * pathname;\toffset:32;\tsize:8;\tsigned:0;\n"
			     "\tfield:broken;\n"
			     "\tfield:broken;\toffset:x;\tsize:8;\tsigned:0;\n\nprint fmt: \"\"\n";
	static const struct trace_field expected[] = {
		{ "unsigned short", "common_type", 0, 2, false },
		{ "char[16]", "prev_comm", 8, 16, false },
		{ "__data_loc char[]", "filename", 24, 4, true },
		{ "const char *", "pathname", 32, 8, false },
	};
	FILE *file = fmemopen(text, strlen(text), "r");
	struct trace_field field;

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_true(trace_format_next(file, &field));
		assert_string_equal(field.type, expected[i].type);
		assert_string_equal(field.name, expected[i].name);
		assert_int_equal(field.offset, expected[i].offset);
		assert_int_equal(field.size, expected[i].size);
		assert_int_equal(field.is_signed, expected[i].is_signed);
	}
	assert_false(trace_format_next(file, &field));
	fclose(file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),   cmocka_unit_test(results),	    cmocka_unit_test(int_results),
		cmocka_unit_test(records), cmocka_unit_test(broken_events), cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
