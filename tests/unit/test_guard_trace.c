// SPDX-License-Identifier: GPL-2.0-or-later
/* What the readers of traces understand, and what they say about the rest. */
#include <stdlib.h>
#include <string.h>

#include "guard/trace.h"
#include "unit.h"

/* Events as words: "c1:3" call 3 of process 1, "f1:2" fork, "x1:/bin/ls" exec, "s1", "r1", "e1". */
struct told {
	struct guard_names *names;
	char text[2048];
};

static int on_event(const struct guard_trace_event *event, void *data)
{
	struct told *told = data;
	size_t len = strlen(told->text);
	char *at = told->text + len;
	size_t room = sizeof(told->text) - len;
	const char *name;

	switch (event->kind) {
	case GUARD_TRACE_CALL:
		name = guard_names_name(told->names, event->number);
		if (name)
			snprintf(at, room, " c%u:%s", event->pid, name);
		else
			snprintf(at, room, " c%u:%u", event->pid, event->number);
		return 0;
	case GUARD_TRACE_FORK:
		snprintf(at, room, " f%u:%u", event->pid, event->number);
		return 0;
	case GUARD_TRACE_EXEC:
		snprintf(at, room, " x%u:%.*s", event->pid, (int)event->name_len, event->name);
		return 0;
	default:
		snprintf(at, room, " %c%u", "cfxsre"[event->kind], event -> pid);
		return 0;
	}
}

/* Reads @text from memory that ends where it ends. */
static int read_text(const char *text, enum guard_trace_format format, struct told *told,
		     struct guard_trace_error *error)
{
	size_t len = strlen(text);
	char *copy = malloc(len ?: 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, len);
	told->text[0] = '\0';
	told->names = guard_names_new();
	err = guard_trace_read(copy, len, format, told->names, on_event, told, error);
	guard_names_free(told->names);
	free(copy);
	return err;
}

static void reads(const char *text, const char *expected)
{
	struct guard_trace_error error = {};
	struct told told;

	assert_int_equal(read_text(text, GUARD_TRACE_AUTO, &told, &error), 0);
	assert_string_equal(told.text, expected);
}

static void refuses(const char *text, enum guard_trace_format format, size_t line, const char *why)
{
	struct guard_trace_error error = {};
	struct told told;

	assert_int_equal(read_text(text, format, &told, &error), -EINVAL);
	assert_int_equal(error.line, line);
	if (!strstr(error.why, why))
		fail_msg("expected \"%s\" in \"%s\"", why, error.why);
}

static void numbers(void **state)
{
	(void)state;
	reads("", "");
	reads("\n\n", "");
	reads("12 3\n12 4\n13 0\n", " c12:3 c12:4 c13:0");
	reads("12\t3\r\n\n  7 32767", " c12:3 c7:32767");
	reads("6 6 63 6 42 120\n1", " c1:6 c1:6 c1:63 c1:6 c1:42 c1:120 c1:1");
	reads("5\n6\n7\n", " c1:5 c1:6 c1:7");
	refuses("12 3\n12\n", GUARD_TRACE_AUTO, 2, "expected a process id and the number");
	refuses("12 3\n\n12 x\n", GUARD_TRACE_AUTO, 3, "expected the number of a system call, 0 to 32767");
	refuses("12 3\n12 32768\n", GUARD_TRACE_AUTO, 2, "0 to 32767");
	refuses("12 3 4\n12", GUARD_TRACE_PAIRS, 1, "expected the end of the line");
	refuses("4294967296 3\n", GUARD_TRACE_PAIRS, 1, "process id");
	refuses("12 99999999999999999999999999\n", GUARD_TRACE_PAIRS, 1, "0 to 32767");
	refuses("1 2 3\n4 -5", GUARD_TRACE_LIST, 2, "0 to 32767");
	refuses("1 2 3x", GUARD_TRACE_LIST, 1, "0 to 32767");
}

static void strace_alone(void **state)
{
	(void)state;
	reads("execve(\"/bin/true\", [\"true\"], 0x7ffe /* 3 vars */) = 0\nbrk(NULL) = 0x55\nexit_group(0) = ?\n"
	      "+++ exited with 0 +++\n",
	      " x0:/bin/true c0:brk c0:exit_group e0");
	reads("12:34:56.789 brk(NULL) = 0\n", " c0:brk");
	reads("1700000000.123456 brk(NULL) = 0\n", " c0:brk");
	reads("     0.000123 brk(NULL) = 0", " c0:brk");
	reads("77 brk(NULL) = 0", " c77:brk");
	reads("[pid 77] brk(NULL) = 0", " c77:brk");
	reads("77 12:34:56 brk(NULL) = 0", " c77:brk");
	reads("77    +0.000012 brk(NULL) = 0", " c77:brk");
	reads("strace: Process 3 attached\n3 brk(NULL) = 0\n3 \?\?\?\?( <detached ...>\n", " c3:brk");
	refuses("77 brk\n", GUARD_TRACE_STRACE, 1, "expected a line of strace");
	refuses("77 brk(NULL) = 0\nnonsense\n", GUARD_TRACE_AUTO, 2, "expected a line of strace");
}

static void strace_processes(void **state)
{
	(void)state;
	/* The parent's call returns before the child does anything, or after, or in one line. */
	reads("1 read(0) = 0\n1 fork() = 2\n2 getpid() = 2\n", " c1:read c1:fork f1:2 c2:getpid");
	reads("1 read(0) = 0\n1 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>\n"
	      "2 getpid() = 2\n1 <... clone resumed>, child_tidptr=0x7f) = 2\n1 read(0) = 1\n",
	      " c1:read c1:clone f1:2 c2:getpid c1:read");
	reads("1 read(0) = 0\n1 vfork( <unfinished ...>\n1 <... vfork resumed>) = 2\n2 getpid() = 2\n",
	      " c1:read c1:vfork f1:2 c2:getpid");
	reads("1 clone() = -1 EAGAIN (Resource temporarily unavailable)\n", " c1:clone");
	/* Programs: unsuccessful ones are calls and no more. */
	reads("1 execve(\"/x\", []) = -1 ENOENT (No such file or directory)\n1 execve(\"/y\", [], NULL) = 0\n",
	      " c1:execve x1:/y");
	reads("1 brk(0) = 0\n1 execve(\"/a b\", [\"=1\"], 0x1 <unfinished ...>\n2 brk(0) = 0\n1 <... execve resumed>) = 0\n",
	      " c1:brk c1:execve c2:brk x1:/a b");
	reads("1 brk(0) = 0\n1 +++ killed by SIGKILL +++\n", " c1:brk e1");
	/* The same names are other calls for 32-bit programs. */
	reads("1 brk(0) = 0\n1 [ Process PID=1 runs in 32 bit mode. ]\n1 brk(0) = 0\n1 fork() = 2\n2 brk(0) = 0\n",
	      " c1:brk c1:32:brk c1:32:fork f1:2 c2:32:brk");
}

static void strace_signals(void **state)
{
	(void)state;
	reads("1 --- SIGCHLD {si_signo=SIGCHLD} ---\n1 brk(0) = 0\n", " c1:brk"); /* nobody handles it */
	reads("1 rt_sigaction(SIGINT, {sa_handler=0x401, sa_mask=[]}, NULL, 8) = 0\n1 --- SIGINT {si_signo=SIGINT} ---\n"
	      "1 --- SIGTERM {} ---\n1 rt_sigreturn({mask=[]}) = 0\n",
	      " c1:rt_sigaction s1 r1 c1:rt_sigreturn");
	reads("1 rt_sigaction(SIGRT_3, {sa_sigaction=0x401}, NULL, 8) = 0\n1 --- SIGRT_3 {} ---\n",
	      " c1:rt_sigaction s1");
	reads("1 rt_sigaction(SIGINT, {sa_handler=0x401}, NULL, 8) = 0\n1 rt_sigaction(SIGINT, {sa_handler=SIG_IGN}, NULL, 8) = 0\n"
	      "1 --- SIGINT {} ---\n",
	      " c1:rt_sigaction c1:rt_sigaction");
	/* A child inherits handlers, a program does not. */
	reads("1 rt_sigaction(SIGINT, {sa_handler=0x401}, NULL, 8) = 0\n1 fork() = 2\n2 --- SIGINT {} ---\n"
	      "2 execve(\"/x\", []) = 0\n2 --- SIGINT {} ---\n",
	      " c1:rt_sigaction c1:fork f1:2 s2 c2:execve x2:/x");
}

static int number(struct guard_names *names, const char *name)
{
	return guard_names_number(names, name, strlen(name));
}

static void many_names(void **state)
{
	struct guard_names *names = guard_names_new();
	char name[16];
	int i;

	(void)state;
	assert_non_null(names);
	for (i = 0; i < 1024; i++) {
		snprintf(name, sizeof(name), "call%d", i);
		assert_int_equal(number(names, name), GUARD_TRACE_NUMBER_MAX + 1 + i);
	}
	assert_int_equal(number(names, "call5"), GUARD_TRACE_NUMBER_MAX + 6);
	assert_int_equal(number(names, "more"), -ENOSPC);
	assert_string_equal(guard_names_name(names, GUARD_TRACE_NUMBER_MAX + 6), "call5");
	assert_null(guard_names_name(names, 5));
	guard_names_free(names);
}

/* The numbers of the kernel, whatever it calls its own functions. */
static void known_names(void **state)
{
	struct guard_names *names = guard_names_new();

	(void)state;
	assert_non_null(names);
	assert_int_equal(number(names, "read"), 0);
	assert_int_equal(number(names, "fstat"), 5);
	assert_int_equal(number(names, "uname"), 63);
	assert_int_equal(number(names, "umount2"), 166);
	assert_int_equal(number(names, "execveat"), 322);
	assert_int_equal(number(names, "32:read"), GUARD_TRACE_NUMBER_MAX + 1);
	assert_int_equal(number(names, "rea"), GUARD_TRACE_NUMBER_MAX + 2);
	assert_string_equal(guard_names_name(names, 5), "fstat");
	guard_names_free(names);
}

static void formats(void **state)
{
	enum guard_trace_format format;

	(void)state;
	assert_int_equal(guard_trace_format_parse("strace", &format), 0);
	assert_int_equal(format, GUARD_TRACE_STRACE);
	assert_int_equal(guard_trace_format_parse("xml", &format), -EINVAL);
	assert_string_equal(guard_trace_format_name(GUARD_TRACE_PAIRS), "pairs");
	assert_null(guard_trace_format_name(77));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),	  cmocka_unit_test(strace_alone), cmocka_unit_test(strace_processes),
		cmocka_unit_test(strace_signals), cmocka_unit_test(many_names),	  cmocka_unit_test(known_names),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
