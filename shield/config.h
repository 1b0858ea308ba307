/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of a shield, as people write them: kview-shield(5) in man/kview-shield.1. One statement per line:
 *
 *	interface NAME
 *	mode auto | native | generic
 *	default pass | drop
 *	without arp | nd | dhcp
 *	allow | deny [from SOURCE[,SOURCE...]] [proto NAME] [port N[-M]] [sport N[-M]] [rate N/s [burst N] [each]] [name WORD]
 *
 * SOURCE is an address, a prefix, "any", or @FILE with one of them per line.
 */
#ifndef KVIEW_SHIELD_CONFIG_H
#define KVIEW_SHIELD_CONFIG_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "shield_record.h"
#include "util/cleanup.h"

struct shield_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t len;
	uint8_t addr[16]; /* bits behind @len are 0 */
};

struct shield_ports {
	uint16_t first, last;
};

struct shield_rule {
	bool allow, each;
	struct shield_prefix *sources;
	size_t source_count; /* 0: any */
	int protocol;	     /* -1: any */
	bool has_dports, has_sports;
	struct shield_ports dports, sports;
	uint64_t rate, burst; /* packets a second, packets; rate 0: no limit */
	char *text;	      /* the statement, without its comment: tells whether two rules are the same */
	char *name;	      /* NULL: none */
	unsigned int line;
};

enum shield_mode {
	SHIELD_AUTO,
	SHIELD_NATIVE,
	SHIELD_GENERIC,
};

struct shield_config {
	char *interface; /* NULL: not said */
	enum shield_mode mode;
	bool pass;	  /* what no rule matches */
	uint32_t builtin; /* 1 << SHIELD_ARP ... */
	struct shield_rule *rules;
	size_t rule_count;
};

/* What is wrong, and where. */
struct shield_error {
	char file[256]; /* of a list of sources; "" for the configuration itself */
	unsigned int line; /* 0: about the file as a whole */
	char why[200];
};

/*
 * Read a configuration; lists of sources are looked for from the folder of @path on. -EINVAL: @ret_error tells;
 * -ENOMEM, -EIO. @ret_config is the caller's to shield_config_deinit().
 */
int shield_config_read(FILE *in, const char *path, struct shield_config *ret_config, struct shield_error *ret_error);
void shield_config_deinit(struct shield_config *config);

/* Parse "10.0.0.0/8", "::1". NULL, or what is wrong with it. */
const char *shield_prefix_parse(const char *text, struct shield_prefix *ret_prefix);

#endif /* KVIEW_SHIELD_CONFIG_H */
