/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of events, profiles and counters, as lines and as JSON. */
#ifndef KVIEW_CLI_GUARD_EVENTS_H
#define KVIEW_CLI_GUARD_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "guard/programs.h"

#define GUARD_CALL_NAME 48

/* "getsid", "32:20", "x32:39", "io_uring:22": how the kernel names it, or its number. */
const char *guard_call_name(uint32_t call, char name[GUARD_CALL_NAME]);

/* Seconds since 1970 of a time since the boot, in ns. */
double guard_wall_time(uint64_t boot_ns);

/* As JSON; new references, NULL: no memory. */
json_t *guard_event_describe(const struct guard_record *record, const char *program,
			     const struct guard_profile *profile);
json_t *guard_profile_describe(const struct guard_profile *profile, const char *name);
json_t *guard_counters_describe(const struct guard_counters *counters);

/* An event as docs/guard-protocol.md has it: a line for people, or of JSON. 0 or a negative errno. */
int guard_event_print(FILE *out, const json_t *event, bool json);

/* All profiles, and what was lost. */
int guard_profiles_print(FILE *out, struct guard_programs *programs, bool json);

#endif /* KVIEW_CLI_GUARD_EVENTS_H */
