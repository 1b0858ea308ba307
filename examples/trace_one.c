// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run the programs of an object for one process, for a few seconds. Compile:
 *
 *	cc -o trace_one trace_one.c $(pkg-config --cflags --libs libkview)
 */
#include <bpf/libbpf.h>
#include <kview/kview.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int print_link(struct kview_link *link, void *data)
{
	struct kview_counts counts;
	int err = kview_link_counts(link, &counts);

	(void)data;
	if (!err)
		printf("%-40s ran %llu times\n", kview_link_section(link), (unsigned long long)counts.runs);
	return err;
}

static int trace(struct kview *view, struct bpf_object *obj, pid_t pid, unsigned int seconds)
{
	int err = kview_attach_object(view, obj, NULL);

	if (!err)
		err = kview_add_pid(view, pid);
	if (err)
		return err;
	printf("pid %d, %s mode, %u seconds\n", pid, kview_mode_name(kview_mode(view)), seconds);
	fflush(stdout);
	sleep(seconds);
	return kview_each_link(view, print_link, NULL);
}

int main(int argc, char **argv)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "trace_one" };
	struct bpf_object *obj;
	struct kview *view;
	int err;

	if (argc != 4) {
		fprintf(stderr, "usage: %s OBJECT.bpf.o PID SECONDS\n", argv[0]);
		return 2;
	}
	err = kview_open(&opts, &view);
	if (err) {
		fprintf(stderr, "trace_one: %s\n", kview_reason(NULL));
		return 1;
	}
	obj = bpf_object__open(argv[1]);
	err = obj ? bpf_object__load(obj) : -1;
	if (!err) {
		err = trace(view, obj, atoi(argv[2]), atoi(argv[3]));
		if (err)
			fprintf(stderr, "trace_one: %s\n", kview_reason(view));
	}
	kview_close(view);
	bpf_object__close(obj);
	return err ? 1 : 0;
}
