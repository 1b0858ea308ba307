# SPDX-License-Identifier: GPL-2.0-or-later

bench_sources := $(sort $(wildcard bench/*.c))

$(eval $(call program,bench/bench,$(filter-out %.bpf.c,$(bench_sources)),$(OUT)/guard/guard.a $(OUT)/lib/libkview.a \
	-lbpf -lsqlite3 -lz))
$(call objects,bench/programs.c): | $(OUT)/bench/function_programs.skel.h $(OUT)/bench/syscall_programs.skel.h
$(call objects,bench/servers.c): | $(OUT)/bench/server_programs.skel.h
$(call objects,bench/ends.c): | $(OUT)/bench/end_programs.skel.h

ALL += $(OUT)/bench/bench
BENCH = bench/run $(KERNELS)
