// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kview-push: what kview-monitord hands over is sent to a server. It is started by kview-monitord, as
 *
 *     kview-push otlp|remote_write TIMEOUT_MS gzip|none
 *
 * with a socket as its standard input; see protocol.h. It has no privileges.
 */
#include <cap-ng.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "body.h"
#include "post.h"
#include "protocol.h"
#include "queue.h"
#include "util/clock.h"

#define QUEUE_BYTES (16 << 20) /* compressed; a day or more of some hundred series */
#define BACKOFF_FIRST 1000 /* ms; twice as long each time, up to */
#define BACKOFF_MAX 10000
#define ASKED_MAX 60000 /* what a server can ask for */

static const char *const kinds[PUSH_KINDS] = { [PUSH_OTLP] = "otlp", [PUSH_REMOTE_WRITE] = "remote_write" };

struct sender {
	enum push_kind kind;
	enum body_encoding encoding;
	uint64_t timeout_ms;
	struct post *post;
	struct queue queue;
	uint64_t retry_at, backoff; /* ms */
	uint64_t ends_at; /* ms; UINT64_MAX until the daemon has closed its end */
	struct push_state state;
	bool told; /* the daemon knows the state */
	int problem; /* what was told last, by its number; 0: all is well */
};

static uint64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

static void note(const struct sender *sender, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(const struct sender *sender, const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	fprintf(stderr, "kview-monitord: %s: %s\n", kinds[sender->kind], line);
}

/* A problem is told when it is new. */
static void note_problem(struct sender *sender, int problem, const char *why, const char *then)
{
	if (problem && problem != sender->problem)
		note(sender, "%s%s", why, then);
	if (!problem && sender->problem)
		note(sender, "it goes on");
	sender->problem = problem;
}

/* --- the daemon --------------------------------------------------------------------------------------------------- */

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *in = fopen("/proc/self/statm", "re");

	if (in) {
		if (fscanf(in, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(in);
	}
	return (uint64_t)pages * sysconf(_SC_PAGESIZE);
}

static void tell_state(struct sender *sender)
{
	struct push_state *state = &sender->state;
	struct rusage usage;

	if (sender->told)
		return;
	state->queued = sender->queue.points;
	state->resident = resident_bytes();
	if (!getrusage(RUSAGE_SELF, &usage))
		state->cpu_ns = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_SECOND +
				(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL;
	/* With the next change, where the daemon has no time to read. */
	sender->told = send(STDIN_FILENO, state, sizeof(*state), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*state);
}

/* A request and its descriptor. 0: the daemon has closed its end. */
static ssize_t receive(struct push_request *request, int *ret_fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {};
	struct iovec iov = { request, sizeof(*request) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
	};
	ssize_t got = recvmsg(STDIN_FILENO, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	*ret_fd = -1;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return got < 0 ? -errno : got;
}

static void keep(struct sender *sender, const struct push_request *request, int fd)
{
	uint8_t *bytes;
	size_t len;
	int err = body_read(fd, sender->encoding, &bytes, &len);

	sender->told = false;
	if (err) {
		sender->state.dropped += request->points;
		note(sender, "%s", strerror(-err));
		return;
	}
	sender->state.dropped += queue_add(&sender->queue, bytes, len, request->points);
}

static void take_requests(struct sender *sender)
{
	struct push_request request;
	ssize_t got;

	while (sender->ends_at == UINT64_MAX) {
		_cleanup_(closep) int fd = -1;

		got = receive(&request, &fd);
		if (got == -EAGAIN || got == -EINTR)
			return;
		if (got == sizeof(request) && fd >= 0)
			keep(sender, &request, fd);
		else
			sender->ends_at = now_ms() + sender->timeout_ms;
	}
}

/* --- the server --------------------------------------------------------------------------------------------------- */

static void wait_longer(struct sender *sender, uint64_t asked_ms)
{
	sender->backoff = !sender->backoff ? BACKOFF_FIRST : sender->backoff * 2;
	if (sender->backoff > BACKOFF_MAX)
		sender->backoff = BACKOFF_MAX;
	if (asked_ms > ASKED_MAX)
		asked_ms = ASKED_MAX;
	sender->retry_at = now_ms() + (asked_ms > sender->backoff ? asked_ms : sender->backoff);
}

static void take_result(struct sender *sender, const struct post_result *result)
{
	struct queue_entry *head = queue_head(&sender->queue);
	uint64_t rejected = result->rejected < head->points ? result->rejected : head->points;

	sender->told = false;
	switch (result->outcome) {
	case POST_LATER:
		sender->state.retries++;
		note_problem(sender, result->problem, result->why, "; it is tried again");
		wait_longer(sender, result->wait_ms);
		return;
	case POST_REFUSED:
		sender->state.dropped += head->points;
		note_problem(sender, result->problem, result->why, "; what it refuses is dropped");
		break;
	case POST_TAKEN:
		sender->state.sent += head->points - rejected;
		sender->state.dropped += rejected;
		sender->state.bytes += head->len;
		note_problem(sender, result->problem, result->why, "");
		break;
	}
	sender->backoff = 0;
	queue_remove(&sender->queue, head);
}

static void begin_next(struct sender *sender)
{
	const struct queue_entry *head = queue_head(&sender->queue);

	if (!head || post_busy(sender->post) || now_ms() < sender->retry_at)
		return;
	if (post_begin(sender->post, head->bytes, head->len))
		wait_longer(sender, 0);
}

/* Until something is to be done without anybody's word. */
static uint64_t time_left(const struct sender *sender)
{
	uint64_t now = now_ms(), until = sender->ends_at;

	if (!post_busy(sender->post) && queue_head(&sender->queue) && sender->retry_at < until)
		until = sender->retry_at;
	return until == UINT64_MAX ? BACKOFF_MAX : until > now ? until - now : 0;
}

static void run(struct sender *sender)
{
	struct post_result result;

	while (now_ms() < sender->ends_at && (sender->ends_at == UINT64_MAX || queue_head(&sender->queue))) {
		begin_next(sender);
		post_wait(sender->post, sender->ends_at == UINT64_MAX ? STDIN_FILENO : -1, time_left(sender));
		if (post_end(sender->post, &result))
			take_result(sender, &result);
		take_requests(sender);
		tell_state(sender);
	}
}

/* --- beginning ---------------------------------------------------------------------------------------------------- */

static int drop_privileges(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static int open_post(struct sender *sender)
{
	char address[PUSH_ADDRESS_MAX];
	ssize_t got = recv(STDIN_FILENO, address, sizeof(address) - 1, 0);

	if (got <= 0)
		return got ? -errno : -EPIPE;
	address[got] = '\0';
	return post_open(sender->kind, sender->encoding, address, sender->timeout_ms, &sender->post);
}

static int parse(int argc, char **argv, struct sender *sender)
{
	if (argc != 4)
		return -EINVAL;
	while (sender->kind < PUSH_KINDS && strcmp(argv[1], kinds[sender->kind]))
		sender->kind++;
	if (sender->kind == PUSH_KINDS)
		return -EINVAL;
	sender->timeout_ms = strtoull(argv[2], NULL, 10);
	sender->encoding = sender->kind == PUSH_REMOTE_WRITE ? BODY_SNAPPY :
			   strcmp(argv[3], "gzip")	     ? BODY_PLAIN :
							       BODY_GZIP;
	return 0;
}

int main(int argc, char **argv)
{
	struct sender sender = { .ends_at = UINT64_MAX };
	int err;

	if (parse(argc, argv, &sender)) {
		fputs("kview-push is started by kview-monitord\n", stderr);
		return 2;
	}
	/* The daemon tells when it ends. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	queue_init(&sender.queue, QUEUE_BYTES);
	err = drop_privileges() ?: open_post(&sender);
	if (err) {
		note(&sender, "%s", strerror(-err));
		return 1;
	}
	run(&sender);
	post_close(sender.post);
	queue_deinit(&sender.queue);
	return 0;
}
