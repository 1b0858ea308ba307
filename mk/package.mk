# SPDX-License-Identifier: GPL-2.0-or-later
#
# make deb: Debian packages in build/deb/, built from a copy of the tree.

deb_source = build/deb/kview-$(VERSION)
DEB_BUILD_OPTIONS ?= noautodbgsym parallel=$(shell nproc)

deb:
	$(Q)scripts/deps.sh build package
	$(call say,DEB,build/deb/)
	$(Q)rm -rf build/deb && mkdir -p $(deb_source) && \
	tar -c --exclude=./build --exclude=./.git . | tar -x -C $(deb_source)
	$(Q)cd $(deb_source) && env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u CFLAGS -u LDFLAGS \
		DEB_BUILD_OPTIONS='$(DEB_BUILD_OPTIONS)' dpkg-buildpackage -b -us -uc >../build.log 2>&1 || \
		{ tail -n 30 ../build.log >&2; echo 'all of it: build/deb/build.log' >&2; exit 1; }
	$(Q)rm -rf $(deb_source)

# What tests/vm/package.sh installs, besides: DKMS, and the module as DKMS builds it for each kernel.
package-tests: deb $(KERNELS:%=build/kernels/%/release)
	$(call say,DKMS,build/deb/kview-$(VERSION)-*.dkms.tar.gz)
	$(Q)scripts/dkms-build $(VERSION) $(KERNELS)

.PHONY: deb package-tests
