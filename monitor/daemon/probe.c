// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <kview/kview.h>

#include "note.h"

struct monitor_attachment {
	const struct bpf_program *program;
	struct bpf_link *ordinary; /* NULL: in the view, or by the probe itself */
	struct kview_link *in_view;
};

/* What every skeleton begins with. */
struct skeleton {
	struct bpf_object_skeleton *skeleton;
	struct bpf_object *object;
};

struct bpf_object *probe_object(const struct probe *probe)
{
	return probe->skeleton ? ((const struct skeleton *)probe->skeleton)->object : NULL;
}

void probe_maps_add(struct probe_maps *maps, const char *name, const struct bpf_map *map)
{
	maps->maps[maps->count].name = name;
	maps->maps[maps->count++].fd = bpf_map__fd(map);
}

static int share_maps(struct bpf_object *object, const struct probe_maps *maps)
{
	int err = 0;

	for (size_t i = 0; !err && i < maps->count; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, maps->maps[i].name);

		if (map)
			err = bpf_map__reuse_fd(map, maps->maps[i].fd);
	}
	return err;
}

/* --- attaching ---------------------------------------------------------------------------------------------------- */

/* What runs where the targets themselves come by, and they alone if there is a view. */
static bool belongs_in_view(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return !strncmp(section, "fentry/", 7) || !strncmp(section, "fexit/", 6) ||
	       !strncmp(section, "kretprobe/", 10) || !strncmp(section, "raw_tp/", 7) ||
	       !strcmp(section, "tp_btf/sched_switch");
}

static struct monitor_attachment *new_attachment(struct probe *probe, const struct bpf_program *program)
{
	struct monitor_attachment *attachments;

	attachments = reallocarray(probe->attachments, probe->attachment_count + 1, sizeof(*attachments));
	if (!attachments)
		return NULL;
	probe->attachments = attachments;
	attachments[probe->attachment_count] = (struct monitor_attachment){ .program = program };
	return &attachments[probe->attachment_count++];
}

static int attach_in_view(struct probe *probe, struct bpf_program *program, struct monitor_attachment *attachment)
{
	struct kview *view = monitor_scope_view(probe->scope);
	int err;

	if (!view || !belongs_in_view(program))
		return -ENOENT;
	err = kview_attach_program(view, program, NULL, &attachment->in_view);
	if (err)
		monitor_note("%s: %s: attached for everybody, then", monitor_probes[probe->kind].name,
			     kview_reason(view));
	return err;
}

static int attach_program(struct probe *probe, struct bpf_program *program)
{
	struct monitor_attachment *attachment = new_attachment(probe, program);
	int err;

	if (!attachment)
		return -ENOMEM;
	err = probe->ops->attach ? probe->ops->attach(probe, program) : -ENOENT;
	if (err != -ENOENT || !attach_in_view(probe, program, attachment))
		return err == -ENOENT ? 0 : err;
	attachment->ordinary = bpf_program__attach(program);
	return attachment->ordinary ? 0 : -errno;
}

static int attach(struct probe *probe)
{
	struct bpf_object *object = probe_object(probe);
	struct bpf_program *program;
	int err = 0;

	bpf_object__for_each_program(program, object) {
		err = err ?: attach_program(probe, program);
		if (err) {
			monitor_note("%s: %s cannot be attached: %s", monitor_probes[probe->kind].name,
				     bpf_program__name(program), strerror(-err));
			break;
		}
	}
	return err;
}

static int read_records(FILE *in, size_t size, probe_record_fn fn, void *data)
{
	_cleanup_(freep) void *record = malloc(size);
	int err = record ? 0 : -ENOMEM;

	while (!err && !feof(in)) {
		if (fread(record, size, 1, in) == 1) {
			err = fn(record, data);
		} else if (ferror(in)) {
			/* The kernel takes a breath after a million without output. */
			err = errno == EAGAIN ? 0 : -errno;
			clearerr(in);
		}
	}
	return err;
}

int probe_read_iterator(struct bpf_program *program, const struct bpf_map *map, size_t size, probe_record_fn fn,
			void *data)
{
	union bpf_iter_link_info info = { .map.map_fd = map ? bpf_map__fd(map) : 0 };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	struct bpf_link *link;
	FILE *in = NULL;
	int err, fd;

	if (map) {
		opts.link_info = &info;
		opts.link_info_len = sizeof(info);
	}
	link = bpf_program__attach_iter(program, &opts);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd >= 0)
		in = fdopen(fd, "r");
	err = in ? read_records(in, size, fn, data) : -errno;
	if (in)
		fclose(in);
	else
		closep(&fd);
	bpf_link__destroy(link);
	return err;
}

int probe_run(struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
}

static int take_nothing(const void *record, void *data)
{
	(void)record;
	(void)data;
	return 0;
}

int probe_run_iterator(struct bpf_program *program)
{
	return probe_read_iterator(program, NULL, 1, take_nothing, NULL);
}

/* --- its life ----------------------------------------------------------------------------------------------------- */

static int load(struct probe *probe, const struct probe_maps *maps)
{
	struct skeleton *skeleton;
	int err;

	skeleton = probe->skeleton = probe->ops->open();
	if (!skeleton)
		return -errno;
	err = probe->ops->prepare ? probe->ops->prepare(probe) : 0;
	err = err ?: share_maps(skeleton->object, maps);
	return err ?: bpf_object__load_skeleton(skeleton->skeleton);
}

int probe_start(struct probe *probe, struct probe_maps *maps)
{
	struct bpf_map *map;
	int err = 0;

	if (probe->ops->open)
		err = load(probe, maps);
	if (!err && probe->ops->describe) {
		map = bpf_object__find_map_by_name(probe_object(probe), "samples");
		err = collector_new(map, probe->metrics, probe->ops->describe, probe, &probe->collector);
	}
	if (!err && probe->ops->open)
		err = attach(probe);
	if (!err && probe->ops->follow)
		err = probe->ops->follow(probe);
	if (err)
		probe_stop(probe);
	return err;
}

void probe_stop(struct probe *probe)
{
	if (probe->ops->deinit)
		probe->ops->deinit(probe);
	for (size_t i = 0; i < probe->attachment_count; i++) {
		bpf_link__destroy(probe->attachments[i].ordinary);
		kview_link_close(probe->attachments[i].in_view);
	}
	free(probe->attachments);
	probe->attachments = NULL;
	probe->attachment_count = 0;
	collector_free(probe->collector);
	probe->collector = NULL;
	if (probe->skeleton)
		probe->ops->destroy(probe->skeleton);
	probe->skeleton = NULL;
	probe->state = NULL;
}

int probe_collect(struct probe *probe, uint64_t now, uint64_t forget)
{
	int err = probe->ops->collect ? probe->ops->collect(probe, now) : 0;

	return err ?: probe->collector ? collector_read(probe->collector, now, forget) : 0;
}

uint64_t probe_lost(const struct probe *probe)
{
	return probe->skeleton ? probe->ops->lost(probe->skeleton) : 0;
}

int probe_each_program(const struct probe *probe, probe_program_fn fn, void *data)
{
	int err = 0;

	for (size_t i = 0; !err && i < probe->attachment_count; i++) {
		const struct monitor_attachment *attachment = &probe->attachments[i];
		struct kview_counts counts = {};

		if (attachment->in_view)
			kview_link_counts(attachment->in_view, &counts);
		err = fn(attachment->program, attachment->in_view ? &counts : NULL, data);
	}
	return err;
}
