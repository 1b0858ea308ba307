/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The number of the metrics' domain, for Install; of those PCP leaves to others. */
#define KVIEW 408
