# SPDX-License-Identifier: GPL-2.0-or-later
#
# pmdakview: the metrics of kview-monitord for Performance Co-Pilot, an agent of pmcd.

pmda_sources := $(filter-out monitor/pmda/main.c,$(wildcard monitor/pmda/*.c))
pmda_libraries := -lpcp_pmda -lpcp -ljansson -lcurl

$(OUT)/monitor/pmda/libpmda.a: $(call objects,$(pmda_sources))
$(eval $(call program,monitor/pmda/pmdakview,monitor/pmda/main.c,$(OUT)/monitor/pmda/libpmda.a $(pmda_libraries) -lcap-ng))

ALL += $(OUT)/monitor/pmda/pmdakview
INSTALLED += $(addsuffix :$(PMDADIR),$(OUT)/monitor/pmda/pmdakview $(addprefix monitor/pmda/,Install Remove root_kview domain.h)) \
	     monitor/grafana/kview-pcp.json:$(EXAMPLEDIR)

pmda_unit_tests := $(basename $(notdir $(wildcard tests/unit/test_pmda_*.c)))
$(foreach name,$(pmda_unit_tests),$(eval \
	$(call unit_test,tests/unit/$(name),tests/unit/$(name).c,$(OUT)/monitor/pmda/libpmda.a $(pmda_libraries))))

$(eval $(call fuzzer,tests/fuzz/fuzz_pmda_exposition,tests/fuzz/fuzz_pmda_exposition.c monitor/pmda/exposition.c monitor/pmda/naming.c,-ljansson))

# What tests/monitor/pcp.sh needs of PCP. Its package wants systemd, and would start things: it is unpacked.
PCP := build/pcp/unpacked/usr/bin/pmlogger
$(PCP):
	$(call say,UNPACK,build/pcp/unpacked)
	$(Q)rm -rf build/pcp && mkdir -p build/pcp && cd build/pcp && apt-get -qq download pcp 2>/dev/null || \
		{ echo 'apt-get cannot download pcp' >&2; exit 1; }
	$(Q)dpkg -x build/pcp/pcp_*.deb build/pcp/unpacked
