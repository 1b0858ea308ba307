# SPDX-License-Identifier: GPL-2.0-or-later
#
# The parts of monitoring, as one archive for the command and the tests.

monitor_sources := $(sort $(wildcard monitor/*.c))
monitor_objects := $(call objects,$(filter-out %.bpf.c,$(monitor_sources))) $(OUT)/monitor/profile.pb-c.o

$(OUT)/monitor/libmonitor.a: $(monitor_objects)
$(OUT)/monitor/recorder.o: | $(OUT)/monitor/flame.skel.h

# What svg.c writes into each picture.
$(OUT)/monitor/svg.o: $(OUT)/monitor/flame.js.inc $(OUT)/monitor/flame.css.inc

# Messages of protobuf.
$(OUT)/%.pb-c.c: %.proto
	$(call say,PROTOC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)protoc-c --proto_path=$(<D) --c_out=$(@D) $<
$(OUT)/%.pb-c.o: $(OUT)/%.pb-c.c
	$(call say,CC,$@)
	$(Q)$(CC) $(c_flags) -Wno-extra -I$(@D) -c -o $@ $<
$(OUT)/monitor/pprof.o: | $(OUT)/monitor/profile.pb-c.c

# What the VM tests record: with frame pointers, with and without symbols.
flame_subject := $(OUT)/tests/vm/flame_subject
$(OUT)/tests/vm/flame_subject.o: override CFLAGS += -fno-omit-frame-pointer -fno-optimize-sibling-calls
$(eval $(call program,tests/vm/flame_subject,tests/vm/flame_subject.c,-lpthread))
$(flame_subject)_stripped: $(flame_subject)
	$(Q)strip -o $@ $<
CHECK_VM += $(flame_subject) $(flame_subject)_stripped

monitor_unit_tests := $(basename $(notdir $(wildcard tests/unit/test_monitor_*.c)))
$(foreach name,$(monitor_unit_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c,$(OUT)/monitor/libmonitor.a -lm $(monitor_libraries))))
$(OUT)/tests/unit/test_monitor_flame.o: override CFLAGS += -I$(OUT)
$(OUT)/tests/unit/test_monitor_flame.o: | $(OUT)/monitor/profile.pb-c.c

$(eval $(call fuzzer,tests/fuzz/fuzz_folded,tests/fuzz/fuzz_folded.c monitor/flame_tree.c monitor/folded.c monitor/svg.c))
build/fuzz/monitor/svg.o: build/monitor/flame.js.inc build/monitor/flame.css.inc
build/fuzz/monitor/svg.o: override DEFINES += -Ibuild/monitor
$(eval $(call fuzzer,tests/fuzz/fuzz_image,tests/fuzz/fuzz_image.c monitor/elf_file.c monitor/regions.c monitor/symtab.c, \
	-lelf -liberty))
