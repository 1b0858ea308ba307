// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe_set.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "note.h"

static const struct probe_ops *const all_ops[MONITOR_PROBES] = {
	[MONITOR_CPU] = &probe_cpu,	      [MONITOR_MEMORY] = &probe_memory, [MONITOR_FILE] = &probe_file,
	[MONITOR_BLOCK] = &probe_block,	      [MONITOR_TCP] = &probe_tcp,	[MONITOR_HTTP] = &probe_http,
	[MONITOR_SYSCALLS] = &probe_syscalls, [MONITOR_DNS] = &probe_dns,	[MONITOR_GC] = &probe_gc,
	[MONITOR_SHIELD] = &probe_shield,     [MONITOR_WEBSOCKET] = &probe_websocket,
};

static int start_probe(struct probe_set *set, enum monitor_probe kind, const struct monitor_probe_config *config)
{
	struct probe *probe = &set->probes[kind];
	struct probe_maps maps = {};
	int err;

	*probe = (struct probe){ .kind = kind,
				 .ops = all_ops[kind],
				 .scope = set->scope,
				 .metrics = set->metrics,
				 .config = *config };
	probe_maps_add(&maps, "scope_tasks", monitor_scope_tasks(set->scope));
	probe_maps_add(&maps, "scope_cgroups", monitor_scope_cgroups(set->scope));
	if (monitor_probes[kind].needs_tcp)
		probe_maps_add(&maps, "sessions",
			       bpf_object__find_map_by_name(probe_object(&set->probes[MONITOR_TCP]), "sessions"));
	err = probe_start(probe, &maps);
	if (err)
		monitor_note("probe %s: %s", monitor_probes[kind].name, strerror(-err));
	set->running[kind] = !err;
	return err;
}

static void stop_probe(struct probe_set *set, enum monitor_probe kind)
{
	if (set->running[kind])
		probe_stop(&set->probes[kind]);
	set->running[kind] = false;
}

int probe_set_apply(struct probe_set *set, const struct monitor_probe_config *wanted)
{
	int err = 0, failed;

	for (enum monitor_probe kind = 0; kind < MONITOR_PROBES; kind++) {
		bool needs = monitor_probes[kind].needs_tcp;
		bool same = !memcmp(set->probes[kind].config.options, wanted[kind].options,
				    sizeof(wanted[kind].options));

		if (set->running[kind] && (!wanted[kind].on || !same))
			stop_probe(set, kind);
		if (!wanted[kind].on || set->running[kind])
			continue;
		/* Without the one that failed it has no connections. */
		failed = needs && !set->running[MONITOR_TCP] ? -ENODEV : start_probe(set, kind, &wanted[kind]);
		err = err ?: failed;
	}
	return err;
}

void probe_set_stop(struct probe_set *set)
{
	/* Those that use others' maps first. */
	for (size_t i = MONITOR_PROBES; i-- > 0;)
		stop_probe(set, i);
}

void probe_set_follow(struct probe_set *set)
{
	int err;

	for (enum monitor_probe kind = 0; kind < MONITOR_PROBES; kind++) {
		err = set->running[kind] && all_ops[kind]->follow ? all_ops[kind]->follow(&set->probes[kind]) : 0;
		if (err)
			monitor_note("probe %s: %s", monitor_probes[kind].name, strerror(-err));
	}
}

int probe_set_collect(struct probe_set *set, uint64_t now, uint64_t forget)
{
	int err = 0;

	for (enum monitor_probe kind = 0; !err && kind < MONITOR_PROBES; kind++)
		if (set->running[kind])
			err = probe_collect(&set->probes[kind], now, forget);
	return err;
}

size_t probe_set_running(struct probe_set *set, struct probe **ret_probes)
{
	size_t count = 0;

	for (enum monitor_probe kind = 0; kind < MONITOR_PROBES; kind++)
		if (set->running[kind])
			ret_probes[count++] = &set->probes[kind];
	return count;
}
