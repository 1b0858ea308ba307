# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install, uninstall: INSTALLED, which is said where things are built.
# make install-dkms, uninstall-dkms: the module's sources, from which DKMS builds
# it for each kernel of a machine.  Folders are created as needed; uninstalling
# removes those that are kview's own.

# Of a list of FILE:FOLDER: its files, its folders, those for one folder, and where they end up.
files_of = $(foreach pair,$(1),$(firstword $(subst :, ,$(pair))))
folders_of = $(sort $(foreach pair,$(1),$(lastword $(subst :, ,$(pair)))))
files_for = $(patsubst %:$(2),%,$(filter %:$(2),$(1)))
paths_of = $(foreach folder,$(call folders_of,$(1)),$(addprefix $(DESTDIR)$(folder)/,$(notdir $(call files_for,$(1),$(folder)))))
own_folders = $(EXAMPLEDIR) $(DATADIR)/doc/kview $(OBJECTDIR)/examples $(OBJECTDIR) \
	      $(INCLUDEDIR)/kview/uapi $(INCLUDEDIR)/kview $(PMDADIR)

# Put files into a folder: links as they are, programs executable.
define install_into
	$(call say,INSTALL,$(DESTDIR)$(1))
	$(Q)set -e; links=() programs=() others=(); \
	for file in $(2); do \
		if [ -L $$file ]; then links+=($$file); \
		elif [ -x $$file ]; then programs+=($$file); \
		else others+=($$file); fi; \
	done; \
	mkdir -p $(DESTDIR)$(1); \
	[ $${#links[@]} = 0 ] || cp -df -t $(DESTDIR)$(1) $${links[@]}; \
	[ $${#programs[@]} = 0 ] || install -m 755 -t $(DESTDIR)$(1) $${programs[@]}; \
	[ $${#others[@]} = 0 ] || install -m 644 -t $(DESTDIR)$(1) $${others[@]}

endef

install_list = $(foreach folder,$(call folders_of,$(1)),$(call install_into,$(folder),$(call files_for,$(1),$(folder))))

define uninstall_list
	$(call say,REMOVE,$(words $(call paths_of,$(1))) files below $(DESTDIR)$(2))
	$(Q)rm -f $(call paths_of,$(1))
	$(Q)for folder in $(addprefix $(DESTDIR),$(3)); do \
		[ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; \
	done
endef

install: installed
	$(call install_list,$(INSTALLED))

# What will be installed, and nothing else.
installed: $(call files_of,$(INSTALLED))

uninstall:
	$(call uninstall_list,$(INSTALLED),$(PREFIX),$(own_folders))

# The tree DKMS builds in looks like this one: kmod/ and the header it shares with user space.
dkms_tree := $(wildcard kmod/Kbuild kmod/*.[chS] kmod/*/*.[chS]) include/uapi/kview.h
dkms_installed = $(foreach file,$(dkms_tree),$(file):$(DKMSDIR)/$(patsubst %/,%,$(dir $(file)))) \
		 $(OUT)/packaging/dkms.conf:$(DKMSDIR)
dkms_folders = $(patsubst %,$(DKMSDIR)/%,kmod/compat kmod/selftest kmod include/uapi include) $(DKMSDIR)

install-dkms: $(OUT)/packaging/dkms.conf
	$(call install_list,$(dkms_installed))

uninstall-dkms:
	$(call uninstall_list,$(dkms_installed),$(DKMSDIR),$(dkms_folders))

empty :=
$(OUT)/packaging/dkms.conf: packaging/dkms.conf.in debian/changelog Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/@version@/$(VERSION)/g; s/@kernels@/$(subst $(empty) ,|,$(subst .,\\.,$(SUPPORTED_KERNELS)))/' $< >$@

.PHONY: install installed uninstall install-dkms uninstall-dkms
