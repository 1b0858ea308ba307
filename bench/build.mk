# SPDX-License-Identifier: GPL-2.0-or-later

bench_sources := $(filter-out bench/bystander.c,$(sort $(wildcard bench/*.c)))

$(eval $(call program,bench/bench,$(filter-out %.bpf.c,$(bench_sources)),$(OUT)/guard/guard.a $(OUT)/lib/libkview.a \
	-lbpf -lsqlite3 -lz))
$(call objects,bench/programs.c): | $(OUT)/bench/function_programs.skel.h $(OUT)/bench/syscall_programs.skel.h
$(call objects,bench/servers.c): | $(OUT)/bench/server_programs.skel.h
$(call objects,bench/ends.c): | $(OUT)/bench/end_programs.skel.h

$(eval $(call program,bench/bystander,bench/bystander.c bench/calls.c bench/insns.c,))

ALL += $(OUT)/bench/bench $(OUT)/bench/bystander
BENCH = bench/run $(KERNELS)
