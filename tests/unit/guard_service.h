/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's service over a machine in memory, with a database in a folder of its own, for its tests. */
#ifndef TESTS_UNIT_GUARD_SERVICE_H
#define TESTS_UNIT_GUARD_SERVICE_H

#include "cli/guard_requests.h"
#include "guard_machine.h"

#define PROFILES 64 /* that there is room for */
#define SERVER "/srv/nowhere/server"

struct service {
	char folder[32], path[64];
	struct guard_rule rule;
	struct guard_kernel *machine;
	struct guard_store *store;
	struct guard_programs programs;
	struct guard_state state;
	struct guard_history_opts history;
	char **spared;
};

/* A service begins with what the one before it has saved; nothing is saved at its end. */
void service_begin(struct service *service);
void service_end(struct service *service);

/* Each test has a service of its own, which has begun. */
int service_setup(void **state);
int service_teardown(void **state);
#define SERVICE_TEST(function) cmocka_unit_test_setup_teardown(function, service_setup, service_teardown)

/* The service takes what the machine has recorded. */
void service_take(struct service *service);

/* The service knows the program @path: one that is nowhere it cannot find in /proc. */
void service_name_profile(struct service *service, const char *path);

/* A process does what SERVER usually does. */
void service_run_server(struct service *service, uint32_t tgid);

/* A process of @path does what no other of it did, calls from @first on. */
void service_run_odd(struct service *service, uint32_t tgid, const char *path, uint32_t first);

/* The answer to @request, which is taken over. */
extern const struct guard_asker service_root, service_guest;
json_t *service_ask(struct service *service, const struct guard_asker *asker, json_t *request);

/* An operator's command, which must succeed. */
void service_command(struct service *service, const char *what, const char *profile);

/* What the status has under @name. */
json_int_t service_number(struct service *service, const char *name);

/* The events that @request, which is taken over, asks for. */
json_t *service_events(struct service *service, json_t *request);

/* How many of all events have @word. */
size_t service_count_word(struct service *service, const char *word);

#endif /* TESTS_UNIT_GUARD_SERVICE_H */
