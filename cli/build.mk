# SPDX-License-Identifier: GPL-2.0-or-later

cli_sources := $(wildcard cli/*.c)

$(eval $(call program,cli/kview,$(cli_sources),$(OUT)/lib/libkview.a -lbpf -ljansson -lm))

ALL += $(OUT)/cli/kview
INSTALL += $(OUT)/cli/kview:bin

cli_test_objects := $(wildcard tests/vm/cli_objects/*.bpf.c)

$(eval $(call program,tests/vm/cli_calls,tests/vm/cli_calls.c,))

CHECK_VM += $(OUT)/tests/vm/cli_calls $(cli_test_objects:%.c=$(OUT)/%.o)
