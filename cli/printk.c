// SPDX-License-Identifier: GPL-2.0-or-later
#include "printk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "printk_code.h"
#include "printk_line.h"
#include "scope.h"

#include "printk.skel.h"

struct printk_stream {
	struct printk *bpf;
	struct ring_buffer *ring;
	FILE *out;
	bool json;
	uint64_t start; /* see printk_start() */
};

static bool prints(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0 &&
	       (insn->imm == BPF_FUNC_trace_printk || insn->imm == BPF_FUNC_trace_vprintk);
}

/* Loaded programs contain the subprograms they call. */
bool printk_is_used(const struct bpf_object *obj)
{
	const struct bpf_insn *insns;
	struct bpf_program *prog;
	size_t i;

	bpf_object__for_each_program(prog, obj) {
		insns = bpf_program__insns(prog);
		for (i = 0; insns && i < bpf_program__insn_cnt(prog); i++)
			if (prints(&insns[i]))
				return true;
	}
	return false;
}

static int print_json(struct printk_stream *printk, const struct printk_line *line, double seconds)
{
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:s, s:f, s:i, s:i, s:s%, s:s}", "event", "printk", "seconds", seconds, "pid",
			 (int)line->tgid, "tid", (int)line->tid, "comm", line->comm,
			 strnlen(line->comm, sizeof(line->comm)), "text", line->text);
	/* Programs can print bytes that are no UTF-8, which JSON cannot hold. */
	if (!json)
		json = json_pack("{s:s, s:f, s:i, s:i, s:n}", "event", "printk", "seconds", seconds, "pid",
				 (int)line->tgid, "tid", (int)line->tid, "text");
	return json ? cli_print_record(printk->out, json) : -ENOMEM;
}

static int print_line(void *data, void *record, size_t size)
{
	const struct printk_line *line = record;
	struct printk_stream *printk = data;
	double seconds = (int64_t)(line->ns - printk->start) / 1e9;

	if (size < sizeof(*line))
		return 0;
	if (printk->json)
		return print_json(printk, line, seconds);
	fprintf(printk->out, "%12.6f  %.*s-%u  %.*s\n", seconds, PRINTK_COMM_LEN, line->comm, line->tid,
		(int)strcspn(line->text, "\n"), line->text);
	return 0;
}

static int load(struct printk *bpf, const struct printk_code *code)
{
	uint8_t value = 1;
	size_t i;
	int err;

	err = bpf_map__set_max_entries(bpf->maps.code, code->count ? code->count : 1);
	if (!err)
		err = printk__load(bpf);
	for (i = 0; !err && i < code->count; i++)
		err = bpf_map__update_elem(bpf->maps.code, &code->chunks[i], sizeof(code->chunks[i]), &value,
					   sizeof(value), BPF_ANY);
	return err;
}

int printk_open(const struct bpf_object *obj, FILE *out, bool json, struct printk_stream **ret_printk)
{
	_cleanup_(printk_closep) struct printk_stream *printk = calloc(1, sizeof(*printk));
	_cleanup_(printk_code_deinit) struct printk_code code = {};
	int err;

	if (!printk)
		return -ENOMEM;
	*printk = (struct printk_stream){ .out = out, .json = json };
	printk->bpf = printk__open();
	if (!printk->bpf)
		return -errno;
	err = printk_code_read(obj, &code);
	if (err && err != -EACCES)
		return err;
	printk->bpf->bss->everybody = err == -EACCES;
	err = load(printk->bpf, &code);
	if (!err)
		err = printk__attach(printk->bpf);
	if (err)
		return err;
	printk->ring = ring_buffer__new(bpf_map__fd(printk->bpf->maps.lines), print_line, printk, NULL);
	if (!printk->ring)
		return -errno;
	*ret_printk = TAKE_PTR(printk);
	return 0;
}

void printk_close(struct printk_stream *printk)
{
	ring_buffer__free(printk->ring);
	printk__destroy(printk->bpf);
	free(printk);
}

bool printk_of_everybody(const struct printk_stream *printk)
{
	return printk->bpf->bss->everybody;
}

void printk_start(struct printk_stream *printk, uint64_t ns)
{
	printk->start = ns;
}

static int print_ready(void *data)
{
	struct printk_stream *printk = data;
	int count = ring_buffer__consume(printk->ring);

	fflush(printk->out);
	return count < 0 ? count : 0;
}

int printk_watch(struct printk_stream *printk, struct loop *loop)
{
	return loop_add(loop, ring_buffer__epoll_fd(printk->ring), print_ready, printk);
}

void printk_drain(struct printk_stream *printk)
{
	ring_buffer__consume(printk->ring);
}

uint64_t printk_lost(const struct printk_stream *printk)
{
	return printk->bpf->bss->lost;
}
