# SPDX-License-Identifier: GPL-2.0-or-later

shield_sources := $(sort $(filter-out %.bpf.c,$(wildcard shield/*.c)))

$(OUT)/shield/libshield.a: $(call objects,$(shield_sources))
$(OUT)/shield/shield.o: | $(OUT)/shield/filter.skel.h

shield_unit_tests := $(basename $(notdir $(wildcard tests/unit/test_shield_*.c)))
$(foreach name,$(shield_unit_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c,$(OUT)/shield/libshield.a -lbpf)))

$(eval $(call fuzzer,tests/fuzz/fuzz_shield_config,tests/fuzz/fuzz_shield_config.c shield/config.c shield/ruleset.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_shield_packet,tests/fuzz/fuzz_shield_packet.c))
