// SPDX-License-Identifier: GPL-2.0-or-later
/* From the tool's first instruction to its end: take its calls, answer them. */
#include "supervisor.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <uapi/kview.h>

void supervisor_note(struct supervisor *sup, const char *fmt, ...)
{
	_cleanup_(freep) char *line = NULL;
	va_list args;
	char **said;

	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		line = NULL;
	va_end(args);
	for (size_t i = 0; line && i < sup->said_count; i++)
		if (!strcmp(sup->said[i], line))
			return;
	sup->options->note(sup->options->data, line ?: fmt);
	said = line ? reallocarray(sup->said, sup->said_count + 1, sizeof(*said)) : NULL;
	if (!said)
		return;
	sup->said = said;
	said[sup->said_count++] = TAKE_PTR(line);
}

bool supervisor_lets_attach(struct supervisor *sup, const struct call *call)
{
	if (call_may_attach(call))
		return true;
	supervisor_note(sup, "the tool may not attach programs: it lacks CAP_BPF and CAP_PERFMON, "
			     "which it needs by itself, too; give it both");
	return false;
}

static struct answer decide(struct supervisor *sup, const struct call *call)
{
	switch (call->notif.data.nr) {
	case SYS_bpf:
		return bpf_call(sup, call);
	case SYS_perf_event_open:
		return perf_open_call(sup, call);
	case SYS_ioctl:
		return perf_ioctl_call(sup, call);
	case SYS_setsockopt:
		return pass_socket(sup, call);
	default:
		return answer_kernel();
	}
}

static int take_call(struct supervisor *sup)
{
	struct answer answer;
	struct call call;
	int err;

	err = call_receive(sup->tool.listener, &call);
	if (err)
		return err == -ENOENT || err == -EINTR ? 0 : err;
	answer = decide(sup, &call);
	err = call_answer(&call, &answer);
	call_deinit(&call);
	return err;
}

/* Signals that end things. */
static void ending_signals(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGQUIT);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGHUP);
}

/* The terminal sends its signals to the tool as well; what somebody has sent to us alone is passed on. */
static void pass_signal(const struct supervisor *sup, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_code == SI_USER)
		kill(sup->tool.pid, info.ssi_signo);
}

static int serve(struct supervisor *sup, int signals)
{
	struct pollfd fds[] = {
		{ .fd = sup->tool.listener, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = sup->tool.pidfd, .events = POLLIN },
	};
	int err;

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents & POLLIN) {
			err = take_call(sup);
			if (err)
				return err;
		} else if (fds[0].revents) {
			fds[0].fd = -1; /* nobody is left under the filter */
		}
		if (fds[1].revents & POLLIN)
			pass_signal(sup, signals);
		if (fds[2].revents & POLLIN)
			return 0;
	}
}

static int run_tool(struct supervisor *sup, struct exec_result *result)
{
	_cleanup_(closep) int signals = -1;
	sigset_t set, old;
	int err;

	ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	err = signals < 0 ? -errno : tool_start(&sup->tool, sup->options->argv, sup->options->dry_run);
	result->started = !err;
	if (!err)
		err = serve(sup, signals);
	if (!err)
		tool_reap(&sup->tool);
	result->status = sup->tool.status;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return err;
}

static void deinit(struct supervisor *sup)
{
	tool_deinit(&sup->tool);
	closep(&sup->device);
	tracepoints_deinit(&sup->points);
	pending_deinit(&sup->pending);
	leaving_deinit(&sup->leaving);
	inherited_deinit(&sup->inherited);
	btf__free(sup->btf);
	for (size_t i = 0; i < sup->said_count; i++)
		free(sup->said[i]);
	free(sup->said);
}

int exec_run(const struct exec_options *options, struct exec_result *ret_result)
{
	struct supervisor sup = { .options = options, .tool = TOOL_NONE, .leaving = LEAVING_NONE };
	int err;

	*ret_result = (struct exec_result){};
	LIST_INIT(&sup.pending);
	LIST_INIT(&sup.inherited);
	perf_types_read(&sup.types);
	sup.device = open(KVIEW_DEVICE, O_RDWR | O_CLOEXEC);
	err = sup.device < 0 ? -errno : run_tool(&sup, ret_result);
	deinit(&sup);
	return err;
}
