/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cmocka wants included before it. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The path of a file of the repository; the tests run at its top. */
#define FIXTURE(name) "tests/unit/fixtures/" name

#endif /* TESTS_UNIT_UNIT_H */
