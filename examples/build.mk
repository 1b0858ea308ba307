# SPDX-License-Identifier: GPL-2.0-or-later

example_objects := $(OUT)/examples/syscount.bpf.o $(OUT)/examples/kprobes.bpf.o
ALL += $(example_objects) $(OUT)/examples/trace_one
INSTALLED += $(example_objects:%=%:$(OBJECTDIR)/examples) \
	     $(foreach source,$(wildcard examples/*.c) bpf/vmlinux.h,$(source):$(EXAMPLEDIR))
$(eval $(call program,examples/trace_one,examples/trace_one.c,$(OUT)/lib/libkview.a -lbpf))
