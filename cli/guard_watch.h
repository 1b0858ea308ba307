/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kview guard watch`, and what `kview guard serve` has in common with it. */
#ifndef KVIEW_CLI_GUARD_WATCH_H
#define KVIEW_CLI_GUARD_WATCH_H

#include "guard/programs.h"
#include "guard_requests.h"
#include "guard_server.h"
#include "guard_web.h"
#include "options.h"
#include "target_options.h"
#include "wait.h"

struct guard_watch {
	struct cli_options shared; /* first: see cli_parse() */
	struct target_options target;
	struct guard_rule rule;
	const char *file;
	bool machine, normal;
	uint32_t response; /* enum guard_response */
	char **spared;	   /* paths, NULL at the end; NULL: none */
	uint32_t spared_processes[GUARD_SPARED_MAX];
	size_t spared_process_count;
	double stop_seconds;
	struct guard_kernel *kernel;
	struct guard_store *store;
	struct guard_programs programs;
	struct kview *view;
	char *fallback;
	FILE *out;
	struct wait wait;
	/* guard_serve.c */
	const char *socket; /* NULL: it does not serve */
	double save_seconds;
	struct guard_server *server;
	struct guard_state state;
	struct guard_web *web;
	uint16_t web_port; /* 0: no page */
	struct guard_history_opts history;
	uint32_t alarm_limit; /* 0: the default */
	uint64_t tried;	      /* ns since boot: to save the profiles */
	int print_error;
	int timer;
	bool journal; /* lines for systemd's journal */
};

#define GUARD_WATCH_INIT(name)                                                                                 \
	{                                                                                                      \
		.target.targets.command = (name), .rule = GUARD_RULE_DEFAULTS, .wait = WAIT_NONE, .timer = -1, \
		.save_seconds = 60,                                                                            \
	}

/* An argp child whose input is a struct guard_watch. */
extern const struct argp guard_watch_argp;

/* From the options to the end. Prints what is wrong and returns an exit code. */
int guard_watch_run(struct guard_watch *watch);
void guard_watch_deinit(struct guard_watch *watch);

/* A loop_fn. */
int guard_watch_take_events(void *data);

/* guard_serve.c; without a socket the first two and the last do nothing. */
int guard_serve_listen(struct guard_watch *watch);
int guard_serve_begin(struct guard_watch *watch);
int guard_serve_event(struct guard_watch *watch, const struct guard_record *record);
int guard_serve_report(struct guard_watch *watch);
void guard_serve_end(struct guard_watch *watch);

#endif /* KVIEW_CLI_GUARD_WATCH_H */
