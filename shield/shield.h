/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shield: the program in front of an interface, its rules and its counts. It ends with its owner, however that
 * ends.
 */
#ifndef KVIEW_SHIELD_SHIELD_H
#define KVIEW_SHIELD_SHIELD_H

#include "config.h"
#include "util/cleanup.h"

struct shield;

/* Load the program. -EPERM: needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. Else libbpf's errors, which it has explained. */
int shield_open(struct shield **ret_shield);
void shield_close(struct shield *shield);
DEFINE_CLEANUP(struct shield *, shield_close)

/*
 * Put @config in force, all of it between two packets; with @dry nothing is dropped, only counted. On success @config
 * is taken over and {}. What was in force before is kept for shield_revert(). Rules with the same text go on
 * counting.
 */
int shield_install(struct shield *shield, struct shield_config *config, bool dry);

/* Put in force what was before the last shield_install(). -ENOENT: nothing was. */
int shield_revert(struct shield *shield);

/* What is in force; NULL: nothing yet. */
const struct shield_config *shield_config(const struct shield *shield);
bool shield_is_dry(const struct shield *shield);

/*
 * Attach to an interface. SHIELD_AUTO takes the generic mode where the driver has no native one; *ret_why is the
 * error it gave, or 0. -EBUSY: it has another XDP program; -EMEDIUMTYPE: what it carries are no Ethernet frames.
 */
int shield_attach(struct shield *shield, int ifindex, enum shield_mode mode, enum shield_mode *ret_mode, int *ret_why);
void shield_detach(struct shield *shield);

/* Whether it is attached, and the interface still there: one that vanishes takes the program with it, not its owner. */
bool shield_is_attached(const struct shield *shield);

/* What a rule of shield_config(), or a reason, has counted so far. */
int shield_count_rule(const struct shield *shield, size_t rule, struct shield_count *ret_count);
int shield_count_reason(const struct shield *shield, enum shield_reason reason, struct shield_count *ret_count);

/* A word: "arp", "truncated"... */
const char *shield_reason_name(enum shield_reason reason);

#endif /* KVIEW_SHIELD_SHIELD_H */
