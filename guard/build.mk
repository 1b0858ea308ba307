# SPDX-License-Identifier: GPL-2.0-or-later

guard_sources := $(sort $(filter-out %.bpf.c,$(wildcard guard/*.c)))

$(OUT)/guard/guard.a: $(call objects,$(guard_sources))

guard_unit_tests := $(basename $(notdir $(wildcard tests/unit/test_guard_*.c)))
$(foreach name,$(guard_unit_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c,$(OUT)/guard/guard.a $(OUT)/lib/libkview.a -lbpf -lsqlite3 -lz -lm)))

$(eval $(call fuzzer,tests/fuzz/fuzz_trace,tests/fuzz/fuzz_trace.c guard/trace.c guard/strace.c guard/names.c guard/pids.c))

# A server that can be taken over: nothing that compilers do against it.
$(OUT)/tests/guard/victim: tests/guard/victim.c $(OUT)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -g -fno-stack-protector -U_FORTIFY_SOURCE -fcf-protection=none \
		-fno-pie -no-pie -z execstack -o $@ $<

# What gets into other programs.
$(OUT)/tests/guard/intruder: tests/guard/intruder.c tests/guard/payload.S $(OUT)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -g -o $@ $(filter %.c %.S,$^)

CHECK_UNIT += $(OUT)/tests/guard/victim
CHECK_VM += $(OUT)/tests/guard/victim $(OUT)/tests/guard/intruder

$(OUT)/guard/kernel.o: | $(OUT)/guard/guard.skel.h

guard_vm_tests := guard_kernel guard_respond
$(foreach name,$(guard_vm_tests),$(eval $(call program,tests/vm/$(name), \
	$(patsubst %,tests/vm/%.c,$(name) guard_fixture guard_subject), \
	$(OUT)/tests/vm/testlib.a $(OUT)/guard/guard.a $(OUT)/lib/libkview.a -lbpf -lsqlite3 -lz -lm)))
CHECK_VM += $(guard_vm_tests:%=$(OUT)/tests/vm/%)
