/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words for what the module refuses: why, and what a person who runs somebody else's tool can do about it. */
#ifndef KVIEW_EXEC_ADVICE_H
#define KVIEW_EXEC_ADVICE_H

#include <stdint.h>

/* Why, for a KVIEW_WHY_*; NULL for an unknown one. */
const char *advice_why(uint32_t why);

/* What to do. Never NULL: the least is to run the tool by itself. */
const char *advice_todo(uint32_t why);

#endif /* KVIEW_EXEC_ADVICE_H */
