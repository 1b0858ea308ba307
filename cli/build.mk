# SPDX-License-Identifier: GPL-2.0-or-later

# Of monitor/build.mk, which is read later.
monitor_libraries := -lelf -liberty -lprotobuf-c

cli_sources := $(wildcard cli/*.c exec/*.c)

$(eval $(call program,cli/kview,$(cli_sources),$(OUT)/guard/guard.a $(OUT)/monitor/libmonitor.a \
	$(OUT)/monitor/daemon/libmonitord.a $(OUT)/page/libpage.a $(OUT)/shield/libshield.a $(OUT)/supervise/libsupervise.a \
	$(OUT)/lib/libkview.a -lbpf -ljansson -lmicrohttpd -lsqlite3 -lyaml -lz -lm \
	$(monitor_libraries)))

ALL += $(OUT)/cli/kview
INSTALLED += $(OUT)/cli/kview:$(BINDIR)

cli_test_objects := $(wildcard tests/vm/cli_objects/*.bpf.c)

$(eval $(call program,tests/vm/cli_calls,tests/vm/cli_calls.c,))
$(eval $(call program,tests/vm/exec_app,tests/vm/exec_app.c,))
$(eval $(call program,tests/vm/exec_tool,tests/vm/exec_tool.c tests/vm/exec_tool.bpf.c,-lbpf))

# Preloaded into kview by a test.
$(OUT)/tests/vm/cli_other_abi.so: tests/vm/cli_other_abi.c include/uapi/kview.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) -Wno-missing-prototypes -fPIC -shared -o $@ $<

# A static tool on Debian's cilium/ebpf, for make exec-tools alone.
$(OUT)/tests/vm/exec_go: tests/vm/exec_go/main.go
	$(call say,GO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cd $(<D) && GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(abspath $(OUT))/go-cache CGO_ENABLED=0 \
		go build -trimpath -o $(abspath $@) .

CHECK_VM += $(OUT)/tests/vm/cli_calls $(OUT)/tests/vm/exec_app $(OUT)/tests/vm/exec_tool $(OUT)/tests/vm/cli_other_abi.so \
	    $(cli_test_objects:%.c=$(OUT)/%.o)

$(eval $(call unit_test,tests/unit/test_cli_trace,tests/unit/test_cli_trace.c \
	$(patsubst %,cli/%.c,trace_print trace_json trace_shown trace_text trace_format options cli format),-ljansson))

# The guard's service, over a machine of the test's own in place of guard/kernel.c.
guard_service_sources := tests/unit/guard_machine.c \
	$(patsubst %,cli/guard_%.c,state history limit requests events server responses metrics web) \
	$(patsubst %,cli/%.c,options cli format table)
guard_service_libraries := $(OUT)/guard/guard.a $(OUT)/page/libpage.a $(patsubst %,$(OUT)/monitor/daemon/%.o,metrics prometheus) \
	$(OUT)/lib/libkview.a -lbpf -ljansson -lmicrohttpd -lsqlite3 -lz -lm
guard_service_tests := $(basename $(notdir $(wildcard tests/unit/test_cli_guard_*.c)))
$(foreach name,$(guard_service_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c tests/unit/guard_service.c $(guard_service_sources),$(guard_service_libraries))))

# The page.
$(OUT)/cli/guard_web.o: $(patsubst %,$(OUT)/%.inc,$(wildcard guard/page/* page/*.js page/*.css))
$(OUT)/cli/guard_web.o: override CFLAGS += -I$(OUT)

# For a browser: the service over a machine of its own, where something happens.
$(eval $(call program,tests/unit/guard_page,tests/unit/guard_page.c $(guard_service_sources),$(guard_service_libraries)))
CHECK_UNIT += $(OUT)/tests/unit/guard_page
