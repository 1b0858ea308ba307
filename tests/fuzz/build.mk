# SPDX-License-Identifier: GPL-2.0-or-later

$(eval $(call fuzzer,tests/fuzz/fuzz_section,tests/fuzz/fuzz_section.c lib/section.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_context,tests/fuzz/fuzz_context.c lib/context.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_near,tests/fuzz/fuzz_near.c lib/near.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_proc,tests/fuzz/fuzz_proc.c lib/file.c lib/symbols.c lib/process.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_container,tests/fuzz/fuzz_container.c lib/container.c lib/conmon.c lib/file.c))

# Runs where the module is: in a VM.
$(eval $(call program,tests/fuzz/ioctl,$(wildcard tests/fuzz/ioctl*.c),$(OUT)/tests/vm/testlib.a -lbpf))
CHECK_VM += $(OUT)/tests/fuzz/ioctl
FUZZ_VM += $(OUT)/tests/fuzz/ioctl
