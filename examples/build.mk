# SPDX-License-Identifier: GPL-2.0-or-later

ALL += $(OUT)/examples/syscount.bpf.o $(OUT)/examples/kprobes.bpf.o $(OUT)/examples/trace_one
$(eval $(call program,examples/trace_one,examples/trace_one.c,$(OUT)/lib/libkview.a -lbpf))
