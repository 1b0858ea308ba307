# SPDX-License-Identifier: GPL-2.0-or-later

libkview_sources := $(sort $(wildcard lib/*.c))
libkview_objects := $(call objects,$(libkview_sources))
libkview_so := $(OUT)/lib/libkview.so.$(VERSION)
libkview_names := $(OUT)/lib/libkview.so.0 $(OUT)/lib/libkview.so

ALL += $(OUT)/lib/libkview.a $(libkview_names) $(OUT)/lib/libkview.pc
INSTALLED += $(foreach library,$(OUT)/lib/libkview.a $(libkview_so) $(libkview_names),$(library):$(LIBDIR)) \
	     $(OUT)/lib/libkview.pc:$(LIBDIR)/pkgconfig include/kview/kview.h:$(INCLUDEDIR)/kview \
	     include/uapi/kview.h:$(INCLUDEDIR)/kview/uapi

# The same objects serve both libraries.
# Private: the file of flags, which objects depend on, is the same for all.
$(OUT)/lib/%.o: private override CFLAGS += -fPIC

$(OUT)/lib/libkview.a: $(libkview_objects)

# A sanitized library leaves the sanitizers' functions to the program.
$(libkview_so): $(libkview_objects) lib/libkview.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(ld_flags) -shared -Wl,-soname,libkview.so.0 -Wl,--version-script=lib/libkview.map \
		$(if $(SANITIZE_FLAGS),,-Wl,-z,defs) -o $@ $(libkview_objects) -lbpf

$(libkview_names): $(libkview_so)
	$(Q)ln -sf $(<F) $@

$(OUT)/lib/libkview.pc: lib/libkview.pc.in FORCE
	$(Q)mkdir -p $(@D)
	$(Q)sed 's|@prefix@|$(PREFIX)|; s|@libdir@|$(LIBDIR)|; s|@includedir@|$(INCLUDEDIR)|; s|@version@|$(VERSION)|' $< >$@

$(OUT)/lib/syscalls.o: $(OUT)/lib/syscalls.inc
$(OUT)/lib/syscalls.inc: lib/syscalls.sh
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)lib/syscalls.sh $(CC) >$@

# Tests of what the library does, in both modes: each is a program with a script of the same name that runs it.
libkview_vm_tests := $(basename $(notdir $(filter-out %.bpf.c,$(wildcard tests/vm/ordinary_*.c))))
$(libkview_vm_tests:%=$(OUT)/tests/vm/%.o): | $(patsubst %.bpf.c,$(OUT)/%.skel.h,$(wildcard tests/vm/ordinary*.bpf.c))
$(foreach name,$(libkview_vm_tests),$(eval $(call program,tests/vm/$(name), \
	tests/vm/$(name).c tests/vm/ordinary.c,$(OUT)/lib/libkview.a -lbpf)))
CHECK_VM += $(libkview_vm_tests:%=$(OUT)/tests/vm/%)
