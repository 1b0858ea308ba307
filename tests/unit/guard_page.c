// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard's service for tests of its page and socket: guard_page DATABASE SOCKET. The machine is one in memory; its
 * profiles are those of the database, what happens is said on standard input:
 *
 *   exec PID PATH	a process begins with this program
 *   calls PID CALL...	it makes these calls
 *   exit PID
 *   sleep SECONDS	for the machine, not for us
 *
 * Each line is answered by "ok"; what comes first is the address of the page.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guard_requests.h"
#include "cli/guard_web.h"
#include "guard_machine.h"

static int take(void *data, void *record, size_t size)
{
	(void)size;
	return guard_state_take(data, record);
}

static void make_calls(struct guard_kernel *machine, uint32_t pid, char *word)
{
	for (; word; word = strtok(NULL, " \n"))
		machine_call(machine, pid, atoi(word));
}

static void obey(struct guard_state *state, char *line)
{
	struct guard_kernel *machine = state->programs->kernel;
	const char *what = strtok(line, " \n");
	uint32_t number;
	char *first = strtok(NULL, " \n"), *second = strtok(NULL, " \n");

	if (!what || !first)
		return;
	if (!strcmp(what, "exec") && second) {
		guard_programs_find(state->programs, second, &number);
		machine_exec(machine, atoi(first), second);
	} else if (!strcmp(what, "calls")) {
		make_calls(machine, atoi(first), second);
	} else if (!strcmp(what, "exit")) {
		machine_exit(machine, atoi(first));
	} else if (!strcmp(what, "sleep")) {
		machine_sleep(machine, atof(first));
	}
	machine_take(machine, take, state);
	guard_state_tick(state);
	puts("ok");
	fflush(stdout);
}

static int serve(struct guard_state *state, struct guard_web *web)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = guard_web_fd(web), .events = POLLIN },
				{ .fd = guard_server_fd(state->server), .events = POLLIN } };
	char *line = NULL;
	size_t room = 0;

	setbuf(stdin, NULL); /* what poll() does not know of would wait */
	while (poll(fds, 3, 1000) >= 0) {
		if (fds[0].revents) {
			if (getline(&line, &room, stdin) < 0)
				break;
			obey(state, line);
		}
		guard_web_serve(web);
		guard_server_serve(state->server);
	}
	free(line);
	return guard_state_end(state) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct guard_rule rule = GUARD_RULE_DEFAULTS;
	struct guard_kernel *machine = machine_new(&rule, 64, 64);
	struct guard_programs programs;
	struct guard_state state = { .programs = &programs, .scope = "machine" };
	struct guard_store *store;
	struct guard_web *web;
	int code;

	if (argc != 3 || guard_store_open(argv[1], &store)) {
		fprintf(stderr, "guard_page: %s\n", argc == 3 ? guard_store_reason(NULL) : "DATABASE SOCKET");
		return 2;
	}
	state.file = argv[1];
	if (guard_server_open(argv[2], guard_answer, &state, &state.server) ||
	    guard_programs_init(&programs, machine, store, NULL) ||
	    guard_state_init(&state, &(struct guard_history_opts){}) || guard_web_open(&state, 0, argv[2], &web))
		return 1;
	puts(guard_web_address(web));
	fflush(stdout);
	code = serve(&state, web);
	guard_web_close(web);
	guard_state_deinit(&state);
	guard_server_close(state.server);
	guard_programs_deinit(&programs);
	guard_store_close(store);
	machine_free(machine);
	return code;
}
