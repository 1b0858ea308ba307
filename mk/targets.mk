# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people type.  Targets that need Debian packages install them first, so
# they make the rest in a second make, once the packages are there.

# With as many jobs as there are CPUs, unless -j says otherwise.
submake = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
FUZZ_SECONDS ?= 60
KVIEW_SOAK_MINUTES ?= 20

all: $(ALL)

# One folder's share of that.
PARTS := lib cli examples
$(foreach part,$(PARTS),$(eval $(part): $(filter $(OUT)/$(part)/%,$(ALL))))

help:
	@printf '%s\n' \
	'make                  the user-space programs and BPF objects, under build/' \
	'make lib              one part of them; also: cli, examples' \
	'make kmod             the module for each of: $(KERNELS)' \
	'make kmod-6.12        for one of them; kmod-host: for the kernel of this machine' \
	'make check-monitor    kview-monitord on real servers, runtimes, a disk, a network that loses packets' \
	'make demo             what kview does, shown inside a VM' \
	'make check            all tests; also: check-unit, check-vm (KERNELS="6.12")' \
	'make check-debug      the VM tests on a kernel with KASAN, lockdep and so on, which is built' \
	'                      first, and KVIEW_SOAK_MINUTES=$(KVIEW_SOAK_MINUTES) of everything at once' \
	'make check-tlb        what depends on the TLB, in Bochs, which models one' \
	'make check-guard      servers that are guarded, and attacked: some minutes on each kernel' \
	'make bench            all benchmarks, an hour or two; bench/run -- NAME: one of them' \
	'make bench-untraced   what the module costs programs that nobody traces' \
	'make bench-guard      what the guard costs a system call, a server and a build' \
	'make bench-monitor    what kview-monitord costs the server it watches, and another one, and what peers cost' \
	'make bench-shield     what dropping a packet costs kview shield, iptables and nftables' \
	'make exec-tools       run the tools of bpftrace, bcc and libbpf-tools under kview exec, in VMs of each' \
	'                      kernel, and write docs/exec-tools.md; takes hours, and goes on where it was stopped' \
	'make fuzz             fuzz the parsers, and the ioctls, for FUZZ_SECONDS=$(FUZZ_SECONDS) each' \
	'make lint             static checks' \
	'make install          to DESTDIR=$(DESTDIR) PREFIX=$(PREFIX), with BINDIR LIBDIR ... of mk/flags.mk; uninstall' \
	'make install-dkms     the sources of the module to DESTDIR$(DKMSDIR); uninstall-dkms' \
	'make deb              Debian packages, into build/deb' \
	'make compile_commands.json   for editors' \
	'make clean            remove what was built; distclean: downloaded kernels, too' \
	'' \
	'Variables: V=1 (show commands) SANITIZE=1 (into build/sanitize) KVIEW_DEBUG=y' \
	'           (self-tests in the module) KERNELS CFLAGS LDFLAGS PREFIX DESTDIR'

# The unit tests always run with sanitizers.
unit-tests: $(CHECK_UNIT)
vm-tests: all $(CHECK_VM) kmod

check:
	$(Q)scripts/deps.sh build kmod vm test package fuzz
	+$(Q)$(submake) SANITIZE=1 unit-tests
	+$(Q)$(submake) $(FUZZ)
	+$(Q)$(submake) vm-tests
	+$(Q)$(submake) package-tests
	$(Q)tests/run --unit --vm $(KERNELS)

check-unit:
	$(Q)scripts/deps.sh build test fuzz
	+$(Q)$(submake) SANITIZE=1 unit-tests
	+$(Q)$(submake) $(FUZZ)
	+$(Q)$(submake) all
	$(Q)tests/run --unit

check-vm:
	$(Q)scripts/deps.sh build kmod vm test package
	+$(Q)$(submake) vm-tests
	+$(Q)$(submake) package-tests
	$(Q)tests/run --vm $(KERNELS)

# The suite at the pace of that kernel, then one long torture, in a VM of its own.
check-debug:
	$(Q)scripts/deps.sh build kmod vm test debug
	$(Q)vm/kernel debug
	+$(Q)$(submake) KERNELS=debug vm-tests
	$(Q)tests/run --vm debug
	$(Q)$(call say_in_shell,SOAK,$(KVIEW_SOAK_MINUTES) minutes)
	$(Q)vm/run --kernel debug --timeout $$(($(KVIEW_SOAK_MINUTES) * 90 + 1200)) -- \
		env KVIEW_TORTURE_SECONDS=$$(($(KVIEW_SOAK_MINUTES) * 60)) build/tests/vm/torture

# On a processor whose TLB is modelled: exact counts, and the page tables.
check-tlb:
	$(Q)scripts/deps.sh build kmod vm test bochs
	+$(Q)$(submake) vm-tests
	$(Q)set -e; for kernel in $(KERNELS); do for pti in '' --pti; do for name in exact global_bits; do \
		$(call say_in_shell,BOCHS,$$name on $$kernel $$pti); \
		vm/bochs --kernel $$kernel $$pti -- build/tests/vm/$$name; \
	done; done; done

demo:
	$(Q)scripts/deps.sh build kmod vm demo
	+$(Q)$(submake) all kmod-6.12
	$(Q)$(or $(DEMO),$(error no folder sets DEMO))

bench:
	$(Q)scripts/deps.sh build kmod vm bench
	+$(Q)$(submake) all kmod $(OUT)/tests/vm/exec_tool
	$(Q)$(or $(BENCH),$(error no folder sets BENCH))

bench-untraced:
	$(Q)scripts/deps.sh build kmod vm
	+$(Q)$(submake) all kmod
	$(Q)$(or $(BENCH),$(error no folder sets BENCH)) -- untraced

bench-guard:
	$(Q)scripts/deps.sh build kmod vm test
	+$(Q)$(submake) all kmod $(OUT)/tests/guard/victim
	$(Q)$(or $(BENCH),$(error no folder sets BENCH)) -- guard
	$(Q)set -e; for kernel in $(KERNELS); do \
		vm/run --kernel $$kernel --icount --cpus 1 --timeout 1800 -- bench/guard.py --output build/bench/guard.jsonl; \
	done
	$(Q)bench/guard_replay.sh build/bench/guard.jsonl

# kview-monitord on real servers, in a VM of each kernel.
check-monitor:
	$(Q)scripts/deps.sh build kmod vm test monitor
	+$(Q)$(submake) all kmod $(OUT)/tests/monitor/gc/Collect.class $(PCP) $(INTERLEDGER)
	$(Q)set -e; for kernel in $(KERNELS); do for test in servers postgres cpu http files block loss targets owners listeners dns gc websocket interledger outputs pcp page; do \
		$(call say_in_shell,VM,tests/monitor/$$test.sh on $$kernel); \
		vm/run --kernel $$kernel --timeout 1200 -- tests/monitor/$$test.sh; \
	done; done

bench-monitor:
	$(Q)scripts/deps.sh build kmod vm monitor
	+$(Q)$(submake) all kmod $(PCP)
	$(Q)mkdir -p build/bench && : >build/bench/monitor.jsonl
	$(Q)set -e; for kernel in $(KERNELS); do \
		vm/run --kernel $$kernel --icount --cpus 1 --timeout 3600 -- bench/monitor.py --peers --output build/bench/monitor.jsonl; \
	done

bench-shield:
	$(Q)scripts/deps.sh build kmod vm monitor
	+$(Q)$(submake) all kmod
	$(Q)mkdir -p build/bench && : >build/bench/shield.jsonl
	$(Q)set -e; for kernel in $(KERNELS); do \
		vm/run --kernel $$kernel --icount --timeout 1800 -- bench/shield.py --output build/bench/shield.jsonl; \
	done

# Whole stories of the guard, each of some minutes.
check-guard:
	$(Q)scripts/deps.sh build kmod vm test guard
	+$(Q)$(submake) vm-tests
	$(Q)set -e; for kernel in $(KERNELS); do \
		for story in watch.sh serve.sh whom.sh deaths.sh floods.sh phases.sh 'servers.sh view' 'servers.sh machine'; do \
			echo "tests/guard/$$story on $$kernel"; \
			vm/run --kernel $$kernel --timeout 3000 -- tests/guard/$$story; \
		done; \
	done

# The whole table of tools; make check runs a few of them. A VM takes as many as it can in some minutes. What has been run
# stays in build/exec/KERNEL.json: without these files all are run again.
EXEC_VM ?= vm/run

# $(call all_tools,options of vm/run,options of exec_tools.py): in one VM after the other until there are no more.
all_tools = status=75; \
	while [ $$status -eq 75 ]; do \
		status=0; \
		$(EXEC_VM) --kernel $$kernel $(1) -- tests/vm/exec_tools.py --all $(2) || status=$$?; \
	done; \
	[ $$status -le 1 ]

exec-tools:
	$(Q)scripts/deps.sh build kmod vm test tools
	+$(Q)$(submake) vm-tests $(OUT)/bench/bystander $(OUT)/tests/vm/exec_go $(OUT)/tests/vm/exec_perf.bpf.o
	$(Q)mkdir -p build/exec docs
	$(Q)set -e; for kernel in $(KERNELS); do \
		$(call all_tools,--timeout 1800,--seconds 150 --json build/exec/$$kernel.json); \
		$(call all_tools,--icount --timeout 7200,--cost --seconds 3000 --json build/exec/$$kernel-cost.json); \
	done
	$(Q)tests/exec_table.py $(KERNELS:%=build/exec/%.json) $(KERNELS:%=build/exec/%-cost.json) >docs/exec-tools.md
	$(Q)! grep -n '\*\*failed' docs/exec-tools.md

fuzz:
	$(Q)scripts/deps.sh build fuzz kmod vm
	+$(Q)$(submake) fuzzers kmod
	$(Q)set -e; for fuzzer in $(FUZZ); do \
		$(call say_in_shell,FUZZ,$$fuzzer); \
		mkdir -p $$fuzzer.corpus; \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$$fuzzer- \
			-verbosity=0 $$fuzzer.corpus; \
	done
	$(Q)set -e; for kernel in $(KERNELS); do for fuzzer in $(FUZZ_VM); do \
		$(call say_in_shell,FUZZ,$$fuzzer on $$kernel); \
		vm/run --kernel $$kernel --timeout $$(($(FUZZ_SECONDS) + 300)) -- \
			env KVIEW_FUZZ_SECONDS=$(FUZZ_SECONDS) $$fuzzer; \
	done; done
fuzzers: $(FUZZ) $(FUZZ_VM)

# Read off the commands make would run.
compile_commands.json: FORCE
	$(Q)$(submake) -nB V=1 all $(CHECK_UNIT) $(CHECK_VM) | \
	sed -nE 's|\\|\\\\|g; s|"|\\"|g; s|^((gcc\|clang) .* -c -o ([^ ]+) ([^ ]+))$$|  {"directory": "$(CURDIR)", "file": "\4", "output": "\3", "command": "\1"}|p' | \
	sed -e '1s/^/[\n/' -e '$$!s/$$/,/' -e '$$s/$$/\n]/' >$@

clean:
	$(Q)find build -mindepth 1 -maxdepth 1 ! -name kernels ! -name vm -exec rm -rf {} + 2>/dev/null || true
	$(Q)rm -f compile_commands.json

distclean: clean
	$(Q)rm -rf build

.PHONY: all $(PARTS) help unit-tests vm-tests check check-unit check-vm check-debug check-tlb check-monitor check-guard demo bench bench-untraced bench-monitor bench-shield bench-guard exec-tools
.PHONY: fuzz fuzzers clean distclean
