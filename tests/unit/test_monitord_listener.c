// SPDX-License-Identifier: GPL-2.0-or-later
/* By which sockets a connection can have come in, as kview-monitord's programs look for them. */
#include <arpa/inet.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#include "monitor/probes/tcp_listener.h"

/* @address, and with "6" behind it, where no connection of version 4 comes in. */
static struct tcp_listener parse(const char *text)
{
	struct tcp_listener at = { .netns = 1, .port = 80 };
	char address[INET6_ADDRSTRLEN] = "";
	char only = 0;

	assert_true(sscanf(text, "%45s %c", address, &only) >= 1);
	assert_int_equal(inet_pton(AF_INET6, address, at.address), 1);
	tcp_place_of_socket(&at, only == '6');
	return at;
}

static void expect(const char *address, const char *const places[TCP_PLACES])
{
	struct tcp_listener at = parse(address);
	int version4 = tcp_is_version4(&at);

	for (int i = 0; i < TCP_PLACES; i++) {
		struct tcp_listener wanted = parse(places[i]);

		if (i)
			tcp_next_place(&at, i, version4);
		assert_memory_equal(&at, &wanted, sizeof(at));
		assert_true(tcp_is_same_place(&at, &wanted));
	}
}

static void comes_in_by_version4(void **state)
{
	(void)state;
	expect("::ffff:127.0.0.2", (const char *const[]){ "::ffff:127.0.0.2", "::ffff:0.0.0.0", "::" });
	expect("::ffff:255.255.255.255", (const char *const[]){ "::ffff:255.255.255.255", "::ffff:0.0.0.0", "::" });
}

static void comes_in_by_version6(void **state)
{
	(void)state;
	expect("::1", (const char *const[]){ "::1", "::", ":: 6" });
	expect("fd00::ffff:7f00:1", (const char *const[]){ "fd00::ffff:7f00:1", "::", ":: 6" });
	expect("::fffe:127.0.0.1", (const char *const[]){ "::fffe:127.0.0.1", "::", ":: 6" });
	expect("::1:ffff:127.0.0.1", (const char *const[]){ "::1:ffff:127.0.0.1", "::", ":: 6" });
}

/* A socket of one address of version 6 is none of all, whatever it says about version 4. */
static void says_only_of_all(void **state)
{
	struct tcp_listener one = parse("fd00::1"), same = parse("fd00::1 6");

	(void)state;
	assert_memory_equal(&one, &same, sizeof(one));
	assert_int_equal(parse(":: 6").only, 1);
	assert_int_equal(parse("::").only, 0);
}

static void tells_places_apart(void **state)
{
	struct tcp_listener one = parse("::"), others[] = { one, one, one, one };

	(void)state;
	others[0].netns++;
	others[1].port++;
	others[2].only++;
	others[3].address[15]++;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(tcp_is_same_place(&one, &others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_in_by_version4),
		cmocka_unit_test(comes_in_by_version6),
		cmocka_unit_test(says_only_of_all),
		cmocka_unit_test(tells_places_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
