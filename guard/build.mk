# SPDX-License-Identifier: GPL-2.0-or-later

guard_sources := $(sort $(filter-out %.bpf.c,$(wildcard guard/*.c)))

$(OUT)/guard/guard.a: $(call objects,$(guard_sources))

guard_unit_tests := $(basename $(notdir $(wildcard tests/unit/test_guard_*.c)))
$(foreach name,$(guard_unit_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c,$(OUT)/guard/guard.a -lm)))
