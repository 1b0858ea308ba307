# SPDX-License-Identifier: GPL-2.0-or-later

example_objects := $(patsubst %,$(OUT)/examples/%.bpf.o,syscount kprobes latency)
ALL += $(example_objects) $(OUT)/examples/trace_one
INSTALLED += $(example_objects:%=%:$(OBJECTDIR)/examples) \
	     $(foreach source,$(wildcard examples/*.c) bpf/vmlinux.h,$(source):$(EXAMPLEDIR))
$(eval $(call program,examples/trace_one,examples/trace_one.c,$(OUT)/lib/libkview.a -lbpf))
