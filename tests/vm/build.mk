# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tests of the module: every tests/vm/NAME.c with a "// vm:" line becomes a
# program; NAME.bpf.c, where there is one, its skeleton.  Tests of the library
# and the command are built next to what they test.

module_vm_tests := $(basename $(notdir $(shell grep -l '^// vm:' /dev/null \
	$(filter-out tests/vm/cli% tests/vm/guard% tests/vm/ordinary%,$(wildcard tests/vm/*.c)))))
module_vm_library := $(OUT)/tests/vm/testlib.a

$(module_vm_library): $(call objects,$(patsubst %,tests/vm/%.c,attacher cgroups crew faults forkers kv leaks \
	modules patchers programs requests scene storm subject symbols tally testlib tracepoints watch))

libraries_of_workers := -luring
sources_of_context := tests/vm/observer.c
sources_of_context_calls := tests/vm/observer.c tests/vm/context.bpf.c

$(foreach name,$(module_vm_tests),$(eval $(call program,tests/vm/$(name), \
	tests/vm/$(name).c $(wildcard tests/vm/$(name).bpf.c) $(sources_of_$(name)), \
	$(module_vm_library) -lbpf $(libraries_of_$(name)))))

CHECK_VM += $(module_vm_tests:%=$(OUT)/tests/vm/%)

# Modules of the tests, built like the one they test (mk/kmod.mk).
CHECK_VM += test-modules
test-modules: $(KERNELS:%=test-modules-%)

test-modules-%: build/kernels/%/release FORCE
	+$(Q)dir=$(CURDIR)/build/tests/vm/kmod/$$(<$<) && \
	$(call say_in_shell,KBUILD,build/tests/vm/kmod/$$(<$<)) && \
	mkdir -p $$dir && cp -rsf $(CURDIR)/tests/vm/kmod/. $$dir/ && find $$dir -xtype l -delete && \
	$(call kbuild_in,build/kernels/$*/headers,$$dir)

.PHONY: test-modules
