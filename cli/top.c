// SPDX-License-Identifier: GPL-2.0-or-later
/* The two ways to look: a screen that is drawn anew, and frames one after the other. */
#include "top.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "loop.h"

#define ALTERNATE "\033[?1049h\033[?25l" /* another screen, no cursor */
#define BACK "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define END_OF_LINE "\033[K\n"
#define END_OF_SCREEN "\033[J"
#define REVERSE "\033[7m"
#define PLAIN "\033[0m"

struct top {
	struct top_options *options;
	struct loop *loop;
	struct top_snapshot before, after;
	char why[160]; /* why @after is old */
	unsigned long frames;
	int timer, signals;
	struct termios terminal;
};

/* Ask once more. */
static int fetch(struct top *top)
{
	struct top_snapshot snapshot;
	int err;

	*top->why = '\0';
	err = top_fetch(top->options->address, &snapshot, top->why, sizeof(top->why));
	if (err)
		return err;
	top_snapshot_deinit(&top->before);
	top->before = top->after;
	top->after = snapshot;
	return 0;
}

static int get_rows(struct top *top, struct top_rows *ret_rows)
{
	int err = top_rows_new(&top->before, &top->after, ret_rows);

	if (!err)
		top_rows_sort(ret_rows, top->options->sort, top->options->ascending);
	return err;
}

/* --- frames ------------------------------------------------------------------------------------------------------- */

static int print_frame(struct top *top)
{
	double seconds = top->after.time - top->before.time;
	struct top_rows rows;
	json_t *json;
	int err;

	err = get_rows(top, &rows);
	if (err)
		return err;
	if (top->options->shared.json) {
		json = top_rows_describe(&rows, top->after.time, seconds);
		err = json ? cli_print_record(stdout, json) : -ENOMEM;
		json_decref(json);
	} else {
		if (top->frames)
			putchar('\n');
		err = top_rows_print(&rows, -1, stdout);
	}
	top_rows_deinit(&rows);
	return err ?: fflush(stdout) ? -errno : 0;
}

static int take_batch_timer(void *data)
{
	struct top *top = data;
	uint64_t expirations;
	int err;

	if (read(top->timer, &expirations, sizeof(expirations)) < 0)
		return 0;
	err = fetch(top) ?: print_frame(top);
	if (err)
		return err;
	if (++top->frames == top->options->frames)
		loop_end(top->loop);
	return 0;
}

/* --- a screen ----------------------------------------------------------------------------------------------------- */

/* Lines of @text, cut where the terminal ends; the second one has the columns' titles. */
static void draw_lines(char *text, unsigned int width, unsigned int height)
{
	char *line = text, *end;

	for (unsigned int i = 0; *line && i + 1 < height; i++, line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		printf("%s%.*s%s%s", i == 1 ? REVERSE : "", (int)width, line, i == 1 ? PLAIN : "", END_OF_LINE);
	}
}

static int write_screen(struct top *top, FILE *out)
{
	struct top_rows rows;
	int err;

	err = get_rows(top, &rows);
	if (err)
		return err;
	fprintf(out, "kview top  %s  %zu target%s by %s%s   q: end  < >: sort by another  r: reverse\n",
		top->options->address, rows.count, rows.count == 1 ? "" : "s", top_column_name(top->options->sort),
		top->options->ascending ? ", from the least" : "");
	err = top_rows_print(&rows, top->options->sort, out);
	if (*top->why)
		fprintf(out, "\n%s\n", top->why);
	top_rows_deinit(&rows);
	return err;
}

static int draw(struct top *top)
{
	struct winsize size = {};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err = out ? write_screen(top, out) : -ENOMEM;

	if (out && fclose(out))
		err = -ENOMEM;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	if (!err) {
		fputs(HOME, stdout);
		draw_lines(text, size.ws_col, size.ws_row);
		fputs(END_OF_SCREEN, stdout);
		fflush(stdout);
	}
	free(text);
	return err;
}

static int take_timer(void *data)
{
	struct top *top = data;
	uint64_t expirations;

	if (read(top->timer, &expirations, sizeof(expirations)) < 0)
		return 0;
	/* A daemon that is away may come back. */
	if (fetch(top) == -ENOMEM)
		return -ENOMEM;
	if (!*top->why && ++top->frames == top->options->frames)
		loop_end(top->loop);
	return draw(top);
}

static int take_keys(void *data)
{
	struct top *top = data;
	struct top_options *options = top->options;
	char keys[64];
	ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

	if (count <= 0)
		return count && errno == EAGAIN ? 0 : LOOP_DONE;
	for (ssize_t i = 0; i < count; i++) {
		if (keys[i] == 'q' || keys[i] == 'Q')
			loop_end(top->loop);
		else if (keys[i] == 'r')
			options->ascending = !options->ascending;
		else if (keys[i] == '>' || keys[i] == '.')
			options->sort = (options->sort + 1) % TOP_COLUMNS;
		else if (keys[i] == '<' || keys[i] == ',')
			options->sort = (options->sort + TOP_COLUMNS - 1) % TOP_COLUMNS;
	}
	return draw(top);
}

static void open_screen(struct top *top)
{
	struct termios raw = top->terminal;

	/* Signals stay signals, but for the one that would leave the terminal like this. */
	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(ALTERNATE, stdout);
}

static void close_screen(const struct top *top)
{
	fputs(BACK, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &top->terminal);
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static int take_signal(void *data)
{
	struct top *top = data;
	struct signalfd_siginfo info;

	if (read(top->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo != SIGWINCH)
		loop_end(top->loop);
	else if (!top->options->batch)
		return draw(top);
	return 0;
}

static int open_events(struct top *top)
{
	double whole = floor(top->options->delay);
	struct itimerspec every = { .it_interval.tv_sec = whole,
				    .it_interval.tv_nsec = (top->options->delay - whole) * 1e9 };
	sigset_t set;

	every.it_value = every.it_interval;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	top->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	top->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (top->signals < 0 || top->timer < 0 || timerfd_settime(top->timer, 0, &every, NULL))
		return -errno;
	return loop_new(&top->loop) ?: loop_add(top->loop, top->signals, take_signal, top) ?:
	       loop_add(top->loop, top->timer, top->options->batch ? take_batch_timer : take_timer, top);
}

static int run_screen(struct top *top)
{
	int err = loop_add(top->loop, STDIN_FILENO, take_keys, top);

	if (err)
		return err;
	open_screen(top);
	err = draw(top) ?: loop_run(top->loop);
	close_screen(top);
	return err;
}

int top_run(struct top_options *options)
{
	struct top top = { .options = options, .timer = -1, .signals = -1 };
	int err;

	if (!options->batch && (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &top.terminal)))
		return cli_fail(-EINVAL, "no terminal to draw on; see --batch", "top");
	/* Rates need two looks; what cannot be asked at all is said at once. */
	err = fetch(&top) ?: open_events(&top);
	err = err ?: options->batch ? loop_run(top.loop) : run_screen(&top);
	loop_free(top.loop);
	closep(&top.timer);
	closep(&top.signals);
	top_snapshot_deinit(&top.before);
	top_snapshot_deinit(&top.after);
	return err ? cli_fail(err, top.why, "top: %s", options->address) : CLI_OK;
}
