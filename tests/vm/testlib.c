// SPDX-License-Identifier: GPL-2.0-or-later
#include "testlib.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#define SKIPPED 77

void (*test_undo)(void);

/* Where the case stands, for the message of one that does not end as it should. */
static const char *case_name = "";

static void print(const char *format, va_list args)
{
	printf("  %s: ", case_name);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
}

void test_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("%s:%d:", file, line);
	va_start(args, format);
	print(format, args);
	va_end(args);
	_exit(1);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
	_exit(SKIPPED);
}

int test_wait(pid_t pid)
{
	int status;

	CHECK_CALL(waitpid(pid, &status, 0));
	return status;
}

static int run_in_child(const struct test_case *test)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		test->run();
		fflush(stdout);
		_exit(0);
	}
	status = test_wait(pid);
	if (WIFSIGNALED(status)) {
		printf("%s: killed by signal %d\n", test->name, WTERMSIG(status));
		return 1;
	}
	return WEXITSTATUS(status);
}

static bool nothing_left(struct kview_info *ret_info)
{
	kv_info(ret_info);
	return !ret_info->views && !ret_info->members && !ret_info->links && !ret_info->images &&
	       !ret_info->text_pages && !ret_info->shared_leaves && !ret_info->retired;
}

static int check_nothing_left(void)
{
	struct kview_info info;
	long tries = 1500 * test_slow();

	while (!nothing_left(&info) && --tries)
		usleep(10000);
	if (tries)
		return 0;
	printf("%s: left behind: views %u, members %u, links %u, images %u, text_pages %u, shared_leaves %u, retired %u\n",
	       case_name, info.views, info.members, info.links, info.images, info.text_pages, info.shared_leaves,
	       info.retired);
	return 1;
}

static bool wanted(int argc, char **argv, const char *name)
{
	if (argc < 2)
		return true;
	for (int i = 1; i < argc; i++) {
		if (!fnmatch(argv[i], name, 0))
			return true;
	}
	return false;
}

static int run_case(const struct test_case *test)
{
	long start = test_now();
	int result;

	case_name = test->name;
	result = run_in_child(test);
	if (test_undo)
		test_undo();
	if (kv_loaded() && !test_parameter("KVIEW_SHARED", 0) && check_nothing_left())
		result = 1;
	printf("%s %s (%ld ms)\n", result == SKIPPED ? "skipped" : result ? "FAILED" : "ok", test->name,
	       test_now() - start);
	fflush(stdout);
	return result;
}

/* The name under which this program is a caller, and nothing else. */
static const char caller_name[] = "getppid";

void test_exec_caller(unsigned int calls)
{
	char number[16];
	char *argv[] = { (char *)caller_name, number, NULL };

	snprintf(number, sizeof(number), "%u", calls);
	execve("/proc/self/exe", argv, environ);
}

static _Noreturn void be_caller(unsigned int calls)
{
	while (calls--)
		syscall(SYS_getppid);
	_exit(0);
}

int test_main(int argc, char **argv, const struct test_case *cases, size_t count)
{
	unsigned int failed = 0, skipped = 0;
	const char *skipped_name = NULL;

	if (argc == 2 && !strcmp(argv[0], caller_name))
		be_caller(atoi(argv[1]));
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < count; i++) {
		int result = wanted(argc, argv, cases[i].name) ? run_case(&cases[i]) : 0;

		failed += result && result != SKIPPED;
		if (result == SKIPPED) {
			skipped_name = cases[i].name;
			skipped++;
		}
	}
	if (failed)
		return 1;
	if (skipped)
		printf("%u of %zu cases, %s one of them; see its output\n", skipped, count, skipped_name);
	return skipped ? SKIPPED : 0;
}

long test_read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long number;

	if (!file)
		FAIL("%s: %s", path, strerror(errno));
	if (fscanf(file, "%li", &number) != 1)
		FAIL("%s: no number", path);
	fclose(file);
	return number;
}

int test_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	char line[256];
	int err;

	if (fd < 0)
		return -errno;
	/* tracefs takes a word without an end for the beginning of one, and then keeps quiet about what is wrong with it. */
	snprintf(line, sizeof(line), "%s\n", text);
	err = write(fd, line, strlen(line)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

void test_set(const char *path, const char *text)
{
	int err = test_write(path, text);

	if (err)
		FAIL("write '%s' to %s: %s", text, path, strerror(-err));
}

long test_parameter(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtol(value, NULL, 0) : otherwise;
}

long test_slow(void)
{
	return test_parameter("KVIEW_SLOW", 1);
}

long test_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int test_kernel(void)
{
	struct utsname name;
	int major, minor;

	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) != 2)
		FAIL("release %s", name.release);
	return major * 100 + minor;
}
