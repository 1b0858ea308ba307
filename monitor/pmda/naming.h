/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kview-monitord's metrics are called in PCP, and what PCP has to know of them. */
#ifndef KVIEW_MONITOR_PMDA_NAMING_H
#define KVIEW_MONITOR_PMDA_NAMING_H

#include <pcp/pmapi.h>
#include <stdio.h>

#include "exposition.h"

#define NAMING_MAX 128 /* bytes of a name of a metric, with the end */

/* "kview.cpu.seconds.sum" of "kview_cpu_seconds". -EINVAL: it has no name in PCP. */
int naming_metric(const char *family, enum exposition_part part, char name[NAMING_MAX]);

/* Type, semantics and units; neither the metric's number nor its domain. */
pmDesc naming_desc(const char *family, enum exposition_type type, enum exposition_part part);

/*
 * Values of labels, as the name of an instance: "web::GET::/::200". PCP looks for a name up to its first blank; so what
 * is no visible ASCII, and ':' and '%', become "%20" and so on.
 */
void naming_instance(const struct exposition_sample *sample, FILE *out);

/*
 * The values again, of labels that are called so ("target,path"): both texts are changed, and hold them. -EINVAL: it is
 * no name of such an instance.
 */
int naming_read_instance(char *name, char *names, struct exposition_label labels[EXPOSITION_LABELS], size_t *ret_count);

/* Labels as JSON, in the order of their names, as PCP wants them. The caller's is *ret_json. -ENOMEM */
int naming_json(const struct exposition_label *labels, size_t count, char **ret_json);

#endif /* KVIEW_MONITOR_PMDA_NAMING_H */
