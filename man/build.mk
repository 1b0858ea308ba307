# SPDX-License-Identifier: GPL-2.0-or-later

man_pages := $(wildcard man/*.[1-9])
# Each function of the library leads to its page.
man_links := $(patsubst %,$(OUT)/man/%.3,$(shell sed -n 's/^\t\(kview_[a-z0-9_]*\);$$/\1/p' lib/libkview.map))
INSTALLED += $(foreach page,$(man_pages) $(man_links),$(page):$(MANDIR)/man$(subst .,,$(suffix $(page))))

$(man_links):
	$(Q)mkdir -p $(@D)
	$(Q)ln -sf libkview.3 $@
