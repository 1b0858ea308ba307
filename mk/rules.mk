# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a folder's build.mk can say.  Paths are from the top; $(OUT) is build, or
# build/sanitize with SANITIZE=1.
#
#   ALL += $(OUT)/lib/libkview.a        make this in `make all`
#   CHECK_VM += $(OUT)/tests/vm/helper  and this before the VM tests
#   FUZZ_VM += $(OUT)/tests/fuzz/ioctl  `make fuzz` runs this in a VM
#   INSTALLED += $(OUT)/cli/kview:$(BINDIR)
#                                       `make install` puts FILE into this folder
#   DEMO = examples/demo.sh             the command `make demo` runs
#   BENCH = bench/run                   and `make bench`
#
#   $(call objects,SOURCES)             the objects of .c files
#   $(eval $(call program,NAME,SOURCES,LIBRARIES))
#                                       link $(OUT)/NAME.  SOURCES are .c files;
#                                       a .bpf.c among them becomes the skeleton
#                                       NAME.skel.h they can include.  LIBRARIES
#                                       are archives from $(OUT) and -l flags
#   $(eval $(call unit_test,NAME,SOURCES,LIBRARIES))
#                                       a program linked with cmocka that
#                                       `make check-unit` builds and runs
#   $(eval $(call fuzzer,NAME,SOURCES,LIBRARIES))
#                                       a libFuzzer program `make fuzz` runs; all
#                                       of its C code must be in SOURCES
#   $(OUT)/lib/%.o: private CFLAGS += -fPIC
#                                       flags of one folder
#
# Pattern rules: $(OUT)/x.o from x.c, $(OUT)/x.bpf.o from x.bpf.c,
# $(OUT)/x.skel.h from that, $(OUT)/x.inc from x: a text as strings of C.

ALL :=
CHECK_UNIT :=
CHECK_VM :=
FUZZ :=
FUZZ_VM :=
INSTALLED :=

objects = $(patsubst %.c,$(OUT)/%.o,$(filter-out %.bpf.c,$(1)))
skeletons = $(patsubst %.bpf.c,$(OUT)/%.skel.h,$(filter %.bpf.c,$(1)))

define program
$(call objects,$(2)): | $(call skeletons,$(2))
$(OUT)/$(strip $(1)): $(call objects,$(2)) $(filter-out -l%,$(3))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ld_flags) -o $$@ $(call objects,$(2)) $(3)
endef

define unit_test
$(call program,$(1),$(2),$(3) -lcmocka)
CHECK_UNIT += $(OUT)/$(strip $(1))
endef

# The fuzzed code has to be instrumented, so it is compiled apart.
fuzz_objects = $(patsubst %.c,build/fuzz/%.o,$(1))
fuzz_flags = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all

define fuzzer
build/fuzz/$(strip $(1)): $(call fuzz_objects,$(2))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CLANG) -g $$(fuzz_flags) -fsanitize=fuzzer -o $$@ $$^ $(3)
FUZZ += build/fuzz/$(strip $(1))
endef

build/fuzz/%.o: %.c
	$(call say,FUZZCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -std=gnu11 $(DEFINES) $(INCLUDES) $(WARNINGS) -g $(fuzz_flags) \
		-fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

# Objects depend on the flags they were compiled with.
$(OUT)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(CC) $(c_flags) $(bpf_flags)' | cmp -s - $@ || \
		echo '$(CC) $(c_flags) $(bpf_flags)' >$@

$(OUT)/%.o: %.c $(OUT)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) -I$(@D) -MMD -MP -c -o $@ $<

$(OUT)/%.bpf.o: %.bpf.c $(OUT)/flags
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_flags) -MMD -MP -MF $(@:.o=.d) -MT $@ -c -o $@ $<

$(OUT)/%.skel.h: $(OUT)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$(notdir $*)) >$@

$(OUT)/%.inc: %
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

$(OUT)/%.a:
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

.SECONDARY:
-include $(foreach depth,* */* */*/*,$(wildcard $(OUT)/$(depth).d build/fuzz/$(depth).d))

FORCE:
.PHONY: FORCE
