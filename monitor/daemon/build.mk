# SPDX-License-Identifier: GPL-2.0-or-later
#
# kview-monitord: its parts, as one archive for the daemon, the command and the tests.

monitord_sources := $(sort $(filter-out monitor/daemon/main.c,$(wildcard monitor/daemon/*.c monitor/probes/*.c)))
monitord_programs := $(filter %.bpf.c,$(monitord_sources))
push_messages := $(OUT)/monitor/push/otlp.pb-c $(OUT)/monitor/push/remote_write.pb-c
monitord_objects := $(call objects,$(monitord_sources)) $(push_messages:%=%.o)
monitord_libraries := -lbpf -lcap-ng -lelf -ljansson -lmicrohttpd -lprotobuf-c -lyaml

$(OUT)/monitor/daemon/libmonitord.a: $(monitord_objects)
# Each includes the skeleton of its programs, and daemon/scope.c that of scope.bpf.c.
$(monitord_objects): | $(call skeletons,$(monitord_programs))
$(OUT)/monitor/daemon/otlp.o $(OUT)/monitor/daemon/remote_write.o: override CFLAGS += -I$(OUT)
$(OUT)/monitor/daemon/otlp.o $(OUT)/monitor/daemon/remote_write.o: | $(push_messages:%=%.c)
$(OUT)/monitor/daemon/page.o: $(patsubst %,$(OUT)/%.inc,$(wildcard monitor/page/* monitor/flame.js monitor/flame.css page/*.js page/*.css))
$(OUT)/monitor/daemon/page.o: override CFLAGS += -I$(OUT)
$(OUT)/monitor/daemon/scope.o: override CFLAGS += -I$(OUT)

$(eval $(call program,monitor/daemon/kview-monitord,monitor/daemon/main.c,$(OUT)/monitor/daemon/libmonitord.a \
	$(OUT)/monitor/libmonitor.a $(OUT)/page/libpage.a $(OUT)/shield/libshield.a $(OUT)/supervise/libsupervise.a \
	$(OUT)/lib/libkview.a $(monitord_libraries) -liberty -lm))

ALL += $(OUT)/monitor/daemon/kview-monitord
INSTALLED += $(OUT)/monitor/daemon/kview-monitord:$(SBINDIR) packaging/systemd/kview-monitord.service:$(SYSTEMDIR)/systemd/system \
	     monitor/daemon/monitor.yaml:$(EXAMPLEDIR) monitor/grafana/kview-monitord.json:$(EXAMPLEDIR)

monitord_unit_tests := $(basename $(notdir $(wildcard tests/unit/test_monitord_*.c)))
$(foreach name,$(monitord_unit_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c,$(OUT)/monitor/daemon/libmonitord.a $(OUT)/supervise/libsupervise.a \
		$(OUT)/page/libpage.a $(monitord_libraries))))
# What tests/unit/monitord_prometheus.sh has scraped.
$(eval $(call program,tests/unit/monitord_metrics,tests/unit/monitord_metrics.c,$(OUT)/monitor/daemon/libmonitord.a \
	$(OUT)/monitor/libmonitor.a $(OUT)/supervise/libsupervise.a $(OUT)/page/libpage.a $(monitord_libraries) -lm))
CHECK_UNIT += $(OUT)/tests/unit/monitord_metrics

$(eval $(call fuzzer,tests/fuzz/fuzz_monitord_config,tests/fuzz/fuzz_monitord_config.c \
	$(patsubst %,monitor/daemon/%.c,config document outputs catalog hosts network),-lyaml))
$(eval $(call fuzzer,tests/fuzz/fuzz_monitord_proc,tests/fuzz/fuzz_monitord_proc.c monitor/daemon/process.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_monitord_http,tests/fuzz/fuzz_monitord_http.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_monitord_websocket,tests/fuzz/fuzz_monitord_websocket.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_monitord_dns,tests/fuzz/fuzz_monitord_dns.c))
$(eval $(call fuzzer,tests/fuzz/fuzz_monitord_gc,tests/fuzz/fuzz_monitord_gc.c monitor/probes/gc_hooks.c,-lelf))

# What tests/monitor/websocket.sh and interledger.sh run: three connectors and all they need, in the versions of the lock file.
INTERLEDGER := build/interledger/node_modules/.package-lock.json
$(INTERLEDGER): $(addprefix tests/monitor/interledger/,package.json package-lock.json)
	$(call say,NPM,build/interledger)
	$(Q)command -v npm >/dev/null || scripts/deps.sh npm
	$(Q)mkdir -p build/interledger && cp $^ build/interledger
	$(Q)cd build/interledger && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	$(Q)touch $@

# What tests/monitor/gc.sh runs.
$(OUT)/tests/monitor/gc/Collect.class: tests/monitor/gc/Collect.java
	$(call say,JAVAC,$@)
	$(Q)mkdir -p $(@D) && javac --release 17 -d $(@D) $<
