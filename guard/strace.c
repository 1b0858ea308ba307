// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `strace -f` writes. A call counts when it begins: where its line is, or where it is "<unfinished ...>". What it
 * leads to, a child or another program, is known when it returns. A signal counts if a handler for it was set before.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "guard/pids.h"
#include "guard/trace_internal.h"

enum pending {
	PENDING_NONE,
	PENDING_FORK,
	PENDING_EXEC,
};

struct process {
	uint32_t pid;
	uint64_t handled;     /* signals with a handler: bit NUMBER - 1 */
	const char *prefix;   /* of names of calls: of other than 64-bit ones */
	enum pending pending; /* an unfinished call */
	const char *path;     /* that an unfinished execve names */
	size_t path_len;
};

struct strace {
	struct guard_reader *reader;
	struct guard_pids pids;
	struct process *processes;
	size_t count, room;
	uint32_t forking; /* the last process with an unfinished fork, + 1 */
};

/* A line without its break, and what of it is still to be read. */
struct line {
	const char *at, *end;
};

static bool take(struct line *line, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(line->end - line->at) < len || memcmp(line->at, word, len))
		return false;
	line->at += len;
	return true;
}

static const char *find(const struct line *line, const char *word)
{
	return memmem(line->at, line->end - line->at, word, strlen(word));
}

static void skip_blanks(struct line *line)
{
	while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
		line->at++;
}

static bool take_number(struct line *line, uint32_t *ret_number)
{
	struct guard_reader reader = { .at = line->at, .end = line->end };

	if (guard_reader_number(&reader, UINT32_MAX, ret_number))
		return false;
	line->at = reader.at;
	return true;
}

static int add_process(struct strace *strace, uint32_t pid, uint32_t *ret_index)
{
	struct process *processes, *process;
	int err;

	if (strace->count == strace->room) {
		processes = reallocarray(strace->processes, 2 * strace->room + 16, sizeof(*processes));
		if (!processes)
			return -ENOMEM;
		strace->processes = processes;
		strace->room = 2 * strace->room + 16;
	}
	err = guard_pids_set(&strace->pids, pid, strace->count);
	if (err)
		return err;
	process = &strace->processes[strace->count];
	*process = (struct process){ .pid = pid, .prefix = "" };
	*ret_index = strace->count++;
	return 0;
}

static int emit(struct strace *strace, const struct guard_trace_event *event)
{
	return strace->reader->fn(event, strace->reader->data);
}

/* @child of process @parent was there before anybody told, or is now. */
static int fork_process(struct strace *strace, uint32_t parent, uint32_t pid, uint32_t *ret_index)
{
	struct guard_trace_event event = { .kind = GUARD_TRACE_FORK, .number = pid };
	struct process *from, *child;
	int err;

	err = add_process(strace, pid, ret_index);
	if (err)
		return err;
	from = &strace->processes[parent];
	child = &strace->processes[*ret_index];
	child->handled = from->handled;
	child->prefix = from->prefix;
	event.pid = from->pid;
	return emit(strace, &event);
}

/* The process that is meant by @pid. One that appears while another forks is its child. */
static int find_process(struct strace *strace, uint32_t pid, uint32_t *ret_index, bool *ret_new)
{
	uint32_t index = guard_pids_find(&strace->pids, pid), parent = strace->forking;
	int err;

	*ret_new = false;
	if (index != GUARD_PIDS_NONE) {
		*ret_index = index;
		return 0;
	}
	if (parent) {
		strace->forking = 0;
		strace->processes[parent - 1].pending = PENDING_NONE;
		return fork_process(strace, parent - 1, pid, ret_index);
	}
	err = add_process(strace, pid, &index);
	if (err)
		return err;
	*ret_index = index;
	*ret_new = true;
	return 0;
}

/* "SIGCHLD", "SIGRT_3" -> its bit; 0 for what is none. */
static uint64_t signal_bit(struct line *line)
{
	const char *start = line->at;
	char name[24];
	size_t len;
	uint32_t number;
	int i;

	while (line->at < line->end && (isalnum((unsigned char)*line->at) || *line->at == '_'))
		line->at++;
	len = line->at - start;
	if (len < 4 || len >= sizeof(name) || memcmp(start, "SIG", 3))
		return 0;
	memcpy(name, start + 3, len - 3);
	name[len - 3] = '\0';
	for (i = 1; i < 32; i++)
		if (sigabbrev_np(i) && !strcmp(sigabbrev_np(i), name))
			return 1ULL << (i - 1);
	if (!strcmp(name, "RTMIN"))
		return 1ULL << 31;
	if (strncmp(name, "RT_", 3))
		return 0;
	number = atoi(name + 3);
	return number <= 32 ? 1ULL << (31 + number) : 0;
}

/* What follows "rt_sigaction(": "SIGINT, {sa_handler=0x4011, ..." */
static void note_handler(struct process *process, struct line line)
{
	uint64_t bit = signal_bit(&line);

	if (!take(&line, ", {") || !(take(&line, "sa_handler=") || take(&line, "sa_sigaction=")))
		return;
	if (take(&line, "SIG_DFL") || take(&line, "SIG_IGN"))
		process->handled &= ~bit;
	else
		process->handled |= bit;
}

/* What the call whose line this is returned. False: nothing, or an error. */
static bool result(const struct line *line, uint32_t *ret_value)
{
	struct line rest = { line->end, line->end };

	while (rest.at > line->at && rest.at[-1] != '=')
		rest.at--;
	skip_blanks(&rest);
	return rest.at > line->at && take_number(&rest, ret_value);
}

static void note_path(struct process *process, const struct line *line)
{
	const char *begin = find(line, "\""), *end;

	process->path = NULL;
	if (!begin)
		return;
	end = memchr(begin + 1, '"', line->end - begin - 1);
	if (!end)
		return;
	process->path = begin + 1;
	process->path_len = end - process->path;
}

static int finish_exec(struct strace *strace, struct process *process)
{
	struct guard_trace_event event = {
		.kind = GUARD_TRACE_EXEC,
		.pid = process->pid,
		.name = process->path,
		.name_len = process->path_len,
	};

	process->handled = 0;
	return process->path ? emit(strace, &event) : 0;
}

/* The call that process @index had begun has returned. */
static int finish(struct strace *strace, uint32_t index, enum pending pending, const struct line *line)
{
	struct process *process = &strace->processes[index];
	uint32_t value;

	process->pending = PENDING_NONE;
	if (strace->forking == index + 1)
		strace->forking = 0;
	if (!result(line, &value))
		return 0;
	if (pending == PENDING_EXEC && !value)
		return finish_exec(strace, process);
	if (pending == PENDING_FORK && value && guard_pids_find(&strace->pids, value) == GUARD_PIDS_NONE)
		return fork_process(strace, index, value, &value);
	return 0;
}

static enum pending kind_of(const char *name, size_t len)
{
	static const char *const forks[] = { "clone", "clone2", "clone3", "fork", "vfork" };
	size_t i;

	for (i = 0; i < sizeof(forks) / sizeof(forks[0]); i++)
		if (len == strlen(forks[i]) && !memcmp(name, forks[i], len))
			return PENDING_FORK;
	if ((len == 6 && !memcmp(name, "execve", 6)) || (len == 8 && !memcmp(name, "execveat", 8)))
		return PENDING_EXEC;
	return PENDING_NONE;
}

static int emit_call(struct strace *strace, const struct process *process, const char *name, size_t len)
{
	struct guard_trace_event event = { .pid = process->pid };
	char full[64];
	int number, err;

	snprintf(full, sizeof(full), "%s%.*s", process->prefix, (int)len, name);
	number = guard_names_number(strace->reader->names, full, strlen(full));
	if (number == -ENOSPC)
		return guard_reader_fail(strace->reader, "expected fewer names of system calls: %.*s is one too many",
					 (int)len, name);
	if (number < 0)
		return number;
	if ((len == 12 && !memcmp(name, "rt_sigreturn", 12)) || (len == 9 && !memcmp(name, "sigreturn", 9))) {
		event.kind = GUARD_TRACE_SIGRETURN;
		err = emit(strace, &event);
		if (err)
			return err;
	}
	event.kind = GUARD_TRACE_CALL;
	event.number = number;
	return emit(strace, &event);
}

/* "NAME(..." */
static int read_call(struct strace *strace, uint32_t index, bool is_new, struct line *line)
{
	struct process *process = &strace->processes[index];
	const char *name = line->at;
	enum pending pending;
	size_t len;
	int err;

	while (line->at < line->end && (isalnum((unsigned char)*line->at) || *line->at == '_'))
		line->at++;
	len = line->at - name;
	if (!len || !take(line, "("))
		return guard_reader_fail(strace->reader, "expected a line of strace: PID NAME(ARGUMENTS) = RESULT");
	pending = kind_of(name, len);
	if (pending == PENDING_EXEC)
		note_path(process, line);
	/* The first line of a trace is how the program began. */
	if (!(is_new && pending == PENDING_EXEC)) {
		err = emit_call(strace, process, name, len);
		if (err)
			return err;
	}
	if (len == 12 && !memcmp(name, "rt_sigaction", 12))
		note_handler(process, *line);
	if (!pending || !find(line, "<unfinished ...>"))
		return pending ? finish(strace, index, pending, line) : 0;
	process->pending = pending;
	if (pending == PENDING_FORK)
		strace->forking = index + 1;
	return 0;
}

static int read_signal(struct strace *strace, const struct process *process, struct line *line)
{
	struct guard_trace_event event = { .kind = GUARD_TRACE_SIGNAL, .pid = process->pid };

	return process->handled & signal_bit(line) ? emit(strace, &event) : 0;
}

static int read_end(struct strace *strace, const struct process *process, const struct line *line)
{
	struct guard_trace_event event = { .kind = GUARD_TRACE_EXIT, .pid = process->pid };

	return find(line, "exited with") || find(line, "killed by") || find(line, "superseded") ? emit(strace, &event)
												: 0;
}

static void note_mode(struct process *process, const struct line *line)
{
	if (find(line, "32 bit mode"))
		process->prefix = "32:";
	else if (find(line, "x32 mode"))
		process->prefix = "x32:";
	else if (find(line, "64 bit mode"))
		process->prefix = "";
}

/* "12:34:56", "12:34:56.789", "1700000000.123456", "+0.000123" */
static void skip_time(struct line *line)
{
	const char *at = line->at;

	if (at < line->end && *at == '+')
		at++;
	while (at < line->end && (isdigit((unsigned char)*at) || *at == ':' || *at == '.'))
		at++;
	if (at > line->at && at[-1] == '+')
		at = line->at;
	if (at > line->at && at < line->end && *at == ' ')
		line->at = at;
	skip_blanks(line);
}

/* "PID " or "[pid PID] ", or neither: then it is process 0. A number with a point or a colon in it is a time. */
static uint32_t take_pid(struct line *line)
{
	struct line rest = *line;
	bool bracket = take(&rest, "[pid");
	uint32_t pid;

	skip_blanks(&rest);
	if (!take_number(&rest, &pid) || (bracket && !take(&rest, "]")) || rest.at == rest.end ||
	    (*rest.at != ' ' && *rest.at != '\t'))
		return 0;
	*line = rest;
	skip_blanks(line);
	return pid;
}

static int read_line(struct strace *strace, struct line line)
{
	uint32_t index, pid;
	bool is_new;
	int err;

	skip_blanks(&line);
	if (line.at == line.end || take(&line, "strace: "))
		return 0;
	pid = take_pid(&line);
	skip_time(&line);
	err = find_process(strace, pid, &index, &is_new);
	if (err)
		return err;
	if (take(&line, "--- "))
		return read_signal(strace, &strace->processes[index], &line);
	if (take(&line, "+++ "))
		return read_end(strace, &strace->processes[index], &line);
	if (take(&line, "<... "))
		return finish(strace, index, strace->processes[index].pending, &line);
	if (take(&line, "[ ")) {
		note_mode(&strace->processes[index], &line);
		return 0;
	}
	return take(&line, "?") ? 0 : read_call(strace, index, is_new, &line);
}

static int read_lines(struct strace *strace)
{
	struct guard_reader *reader = strace->reader;
	struct line line;
	int err = 0;

	for (; !err && reader->at < reader->end; reader->line++) {
		line.at = reader->at;
		line.end = memchr(line.at, '\n', reader->end - line.at) ?: reader->end;
		reader->at = line.end + (line.end < reader->end);
		err = read_line(strace, line);
	}
	return err;
}

int guard_strace_read(struct guard_reader *reader)
{
	struct strace strace = { .reader = reader };
	int err;

	err = read_lines(&strace);
	guard_pids_deinit(&strace.pids);
	free(strace.processes);
	return err;
}
