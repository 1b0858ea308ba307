# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install, uninstall.  What is installed is said where it is built, by
# INSTALLED.  Folders are created as needed; uninstalling removes those that are
# kview's own.

pair_file = $(firstword $(subst :, ,$(1)))
pair_folder = $(lastword $(subst :, ,$(1)))
installed_files = $(foreach pair,$(INSTALLED),$(call pair_file,$(pair)))
installed_folders = $(sort $(foreach pair,$(INSTALLED),$(call pair_folder,$(pair))))
installed_paths = $(foreach pair,$(INSTALLED),$(DESTDIR)$(call pair_folder,$(pair))/$(notdir $(call pair_file,$(pair))))
files_for = $(patsubst %:$(1),%,$(filter %:$(1),$(INSTALLED)))
own_folders = $(EXAMPLEDIR) $(DATADIR)/doc/kview $(OBJECTDIR)/examples $(OBJECTDIR) \
	      $(INCLUDEDIR)/kview/uapi $(INCLUDEDIR)/kview

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

install: $(installed_files)
	$(foreach folder,$(installed_folders),$(call install_into,$(folder),$(call files_for,$(folder))))

uninstall:
	$(call say,REMOVE,$(words $(installed_paths)) files below $(DESTDIR)$(PREFIX))
	$(Q)rm -f $(installed_paths)
	$(Q)for folder in $(addprefix $(DESTDIR),$(own_folders)); do \
		[ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; \
	done

.PHONY: install uninstall
