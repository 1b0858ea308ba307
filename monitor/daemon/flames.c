// SPDX-License-Identifier: GPL-2.0-or-later
#include "flames.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perf_opener.h"
#include "monitor/recorder.h"
#include "monitor/svg.h"
#include "monitor/threads.h"
#include "util/clock.h"

#define SECONDS 5 /* of one recording */
#define HZ 99
#define REFRESH_MS 200 /* how often to look what has been mapped */
#define KEEP (30 * NS_PER_SECOND) /* a picture that nobody has asked for since */

struct flames {
	const struct monitor_scope *scope;
	struct metrics *metrics;
	struct metric *cpu;	  /* NULL: nothing has been recorded yet */
	pid_t child;		  /* 0: nothing is being recorded */
	uint32_t recorded, shown; /* targets: the child's; the picture's, 0: there is none */
	int recording, picture;	  /* files in memory */
	int result;		  /* of the picture: -EIO, it tells what is wrong */
	uint64_t asked;
};

static const struct metric_desc cpu = { "kview_monitor_flame_cpu_seconds_total",
					"CPU time of processes that recorded flame graphs for the page.",
					METRIC_COUNTER,
					1e-9,
					{} };

int flames_new(const struct monitor_scope *scope, struct metrics *metrics, struct flames **ret_flames)
{
	struct flames *flames = calloc(1, sizeof(*flames));

	if (!flames)
		return -ENOMEM;
	flames->scope = scope;
	flames->metrics = metrics;
	flames->recording = flames->picture = -1;
	*ret_flames = flames;
	return 0;
}

static void forget_picture(struct flames *flames)
{
	closep(&flames->picture);
	flames->picture = -1;
	flames->shown = 0;
}

void flames_reset(struct flames *flames)
{
	if (flames->child) {
		kill(flames->child, SIGKILL);
		waitpid(flames->child, NULL, 0);
		flames->child = 0;
		closep(&flames->recording);
		flames->recording = -1;
	}
	forget_picture(flames);
}

void flames_free(struct flames *flames)
{
	if (!flames)
		return;
	flames_reset(flames);
	metrics_put(flames->metrics, flames->cpu);
	free(flames);
}

/* --- the process that records ------------------------------------------------------------------------------------- */

struct members {
	struct thread_list list;
	uint32_t target;
};

static int add_member(pid_t pid, uint32_t target, void *data)
{
	struct members *members = data;

	return target == members->target ? thread_list_add(&members->list, pid) : 0;
}

/* Some of them may have ended by now. */
static int add_processes(struct recorder *recorder, const struct thread_list *list)
{
	size_t added = 0;
	int err = 0;

	for (size_t i = 0; !err && i < list->count; i++) {
		err = recorder_add_process(recorder, list->list[i], false);
		added += !err;
		err = err == -ESRCH ? 0 : err;
	}
	return err ?: added ? 0 : -ESRCH;
}

static int run(struct recorder *recorder)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + SECONDS * NS_PER_SECOND;
	int err = 0;

	while (!err && clock_ns(CLOCK_MONOTONIC) < end) {
		struct pollfd news = { .fd = recorder_fd(recorder), .events = POLLIN };

		poll(&news, 1, REFRESH_MS);
		err = recorder_read(recorder) ?: recorder_refresh(recorder);
	}
	return err;
}

static int write_picture(const char *name, const struct flame_tree *tree, const struct recorder_stats *stats, FILE *out)
{
	char title[160], note[200] = "";
	struct svg_options options = { .title = title, .note = note, .bare = true };

	snprintf(title, sizeof(title), "%.100s: CPU time, %d s at %d Hz", name, SECONDS, HZ);
	if (!stats->samples)
		snprintf(note, sizeof(note), "It has used no CPU time, or less than a sample sees.");
	else if (stats->truncated)
		snprintf(note, sizeof(note), "%.1f %% of the stacks have frames missing: code without frame pointers",
			 100.0 * stats->truncated / stats->samples);
	return svg_write(tree, &options, out);
}

static void say_why(int err, const char *name, FILE *out)
{
	if (err == -ESRCH)
		fprintf(out, "%s: no process of it runs\n", name);
	else if (err == -EACCES && perf_opener_is_needed())
		fputs("the daemon may not sample: it began without CAP_SYS_ADMIN, or before kernel.perf_event_paranoid was raised\n",
		      out);
	else if (err == -ENOSYS)
		fputs("the daemon may not sample: its kview-perf has ended\n", out);
	else if (err)
		fprintf(out, "%s: cannot be recorded: %s\n", name, strerror(-err));
}

static int record(const struct thread_list *list, const char *name, FILE *out)
{
	const struct recorder_options options = { .hz = HZ };
	_cleanup_(recorder_closep) struct recorder *recorder = NULL;
	_cleanup_(flame_tree_freep) struct flame_tree *tree = NULL;
	struct recorder_stats stats;
	int err;

	err = recorder_open(&options, &recorder);
	err = err ?: add_processes(recorder, list);
	err = err ?: run(recorder);
	err = err ?: recorder_finish(recorder, &tree, &stats);
	err = err ?: write_picture(name, tree, &stats, out);
	say_why(err, name, out);
	return err;
}

/* It has nothing of the daemon but its rights: none of the daemon's programs and maps live longer for it. */
static _Noreturn void be_child(const struct flames *flames, int file, pid_t daemon)
{
	struct members members = { .target = flames->recorded };
	const char *name = monitor_scope_name(flames->scope, flames->recorded);
	sigset_t none;
	FILE *out;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon)
		_exit(EXIT_FAILURE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "kview-flame");
	err = monitor_scope_each_process(flames->scope, add_member, &members);
	if (dup2(file, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, ~0U, 0))
		_exit(EXIT_FAILURE);
	out = fdopen(STDERR_FILENO + 1, "w");
	if (!out)
		_exit(EXIT_FAILURE);
	err = err ?: record(&members.list, name, out);
	_exit(fclose(out) || err ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int start(struct flames *flames, uint32_t target)
{
	int file = memfd_create("flame", MFD_CLOEXEC);
	pid_t daemon = getpid(), child;
	int err;

	if (file < 0)
		return -errno;
	flames->recorded = target;
	child = fork();
	if (child < 0) {
		err = -errno;
		close(file);
		return err;
	}
	if (!child)
		be_child(flames, file, daemon);
	flames->child = child;
	flames->recording = file;
	return 0;
}

/* --- who asks ----------------------------------------------------------------------------------------------------- */

static uint32_t find_target(const struct flames *flames, const char *name)
{
	for (uint32_t i = 1; i <= MONITOR_TARGETS; i++) {
		const char *found = monitor_scope_name(flames->scope, i);

		if (found && !strcmp(found, name))
			return i;
	}
	return 0;
}

static int copy(int file, FILE *out)
{
	char piece[4096];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(file, piece, sizeof(piece), at)) > 0) {
		if (fwrite(piece, 1, got, out) != (size_t)got)
			return -ENOMEM;
		at += got;
	}
	return got < 0 ? -errno : 0;
}

static uint64_t ns_of(const struct timeval *time)
{
	return time->tv_sec * NS_PER_SECOND + time->tv_usec * 1000;
}

static void count_cost(struct flames *flames, const struct rusage *usage)
{
	if (!flames->cpu && metrics_get(flames->metrics, &cpu, NULL, &flames->cpu))
		return;
	metric_add(flames->cpu, ns_of(&usage->ru_utime) + ns_of(&usage->ru_stime));
}

void flames_look(struct flames *flames, uint64_t now)
{
	struct rusage usage;
	int status;

	if (flames->child && wait4(flames->child, &status, WNOHANG, &usage) == flames->child) {
		count_cost(flames, &usage);
		forget_picture(flames);
		flames->child = 0;
		flames->picture = TAKE_FD(flames->recording);
		flames->shown = flames->recorded;
		flames->result = status ? -EIO : 0;
	}
	if (flames->shown && now - flames->asked > KEEP)
		forget_picture(flames);
}

static int answer(const struct flames *flames, uint32_t target, FILE *out)
{
	int err;

	if (flames->shown != target) {
		fprintf(out, "it is recorded for %d s\n", SECONDS);
		return -EINPROGRESS;
	}
	err = copy(flames->picture, out);
	return err ?: flames->result;
}

int flames_ask(struct flames *flames, const char *name, uint64_t now, FILE *out)
{
	uint32_t target = find_target(flames, name);
	int err = 0;

	flames_look(flames, now);
	if (!target) {
		fputs("there is no such target\n", out);
		return -ENOENT;
	}
	if (flames->child && flames->recorded != target) {
		fprintf(out, "%s is being recorded\n",
			monitor_scope_name(flames->scope, flames->recorded) ?: "another");
		return -EBUSY;
	}
	flames->asked = now;
	if (!flames->child)
		err = start(flames, target);
	if (err) {
		fprintf(out, "it cannot be recorded: %s\n", strerror(-err));
		return -EIO;
	}
	return answer(flames, target, out);
}
