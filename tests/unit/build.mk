# SPDX-License-Identifier: GPL-2.0-or-later

libkview_unit_tests := $(basename $(notdir $(filter-out tests/unit/test_guard_% tests/unit/test_cli_% tests/unit/test_exec_% \
	tests/unit/test_monitor_% tests/unit/test_monitord_% tests/unit/test_pmda_% tests/unit/test_push_% tests/unit/test_shield_%,$(wildcard tests/unit/test_*.c))))
$(foreach name,$(libkview_unit_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c,$(OUT)/lib/libkview.a -lbpf)))

# This one loads the shared library, too.
$(OUT)/tests/unit/test_exports: $(OUT)/lib/libkview.so
$(OUT)/tests/unit/test_exports.o: private CFLAGS += -DLIBKVIEW_SO='"$(OUT)/lib/libkview.so"'

$(eval $(call unit_test,tests/unit/test_exec_filter,tests/unit/test_exec_filter.c exec/filter.c,))
$(eval $(call unit_test,tests/unit/test_exec_words,tests/unit/test_exec_words.c exec/advice.c exec/programs.c,$(OUT)/lib/libkview.a -lbpf))
