/* SPDX-License-Identifier: GPL-2.0-or-later */
/* _cleanup_() for the things of the libraries the command uses. */
#ifndef KVIEW_CLI_SCOPE_H
#define KVIEW_CLI_SCOPE_H

#include <bpf/libbpf.h>
#include <jansson.h>
#include <kview/kview.h>

#include "util/cleanup.h"

DEFINE_CLEANUP(struct bpf_object *, bpf_object__close)
DEFINE_CLEANUP(struct kview *, kview_close)

#endif /* KVIEW_CLI_SCOPE_H */
