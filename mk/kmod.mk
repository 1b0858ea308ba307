# SPDX-License-Identifier: GPL-2.0-or-later
#
# The module, built by Kbuild for each stock kernel: build/kmod/RELEASE/kview.ko.
# Before v6.13 Kbuild has no output folder for modules outside the kernel, so it
# works in a folder of links to the sources.  It decides itself what is stale.
# KVIEW_DEBUG=y compiles the self-tests in.

KVIEW_DEBUG ?=
kbuild_in = $(MAKE) --no-print-directory $(if $(filter 1,$(V)),,-s) -C $(1) M=$(2) \
	KVIEW_TOP=$(CURDIR) KVIEW_VERSION=$(VERSION) KVIEW_DEBUG=$(KVIEW_DEBUG) V=$(V) modules

kmod: $(KERNELS:%=kmod-%)

kmod-%: build/kernels/%/release FORCE
	+$(Q)dir=$(CURDIR)/build/kmod/$$(<$<) && \
	$(call say_in_shell,KBUILD,build/kmod/$$(<$<)/kview.ko) && \
	mkdir -p $$dir && cp -rsf $(CURDIR)/kmod/. $$dir/ && find $$dir -xtype l -delete && \
	$(call kbuild_in,build/kernels/$*/headers,$$dir)

# For the kernel that runs here (or KDIR=...), with its installed headers.
KDIR ?= /lib/modules/$(shell uname -r)/build
kmod-host: FORCE
	+$(Q)dir=$(CURDIR)/build/kmod/$$(make -s -C $(KDIR) kernelrelease) && \
	mkdir -p $$dir && cp -rsf $(CURDIR)/kmod/. $$dir/ && find $$dir -xtype l -delete && \
	$(call kbuild_in,$(KDIR),$$dir)

build/kernels/%/release:
	$(Q)vm/kernel $*

.PRECIOUS: build/kernels/%/release
.PHONY: kmod kmod-host
