# SPDX-License-Identifier: GPL-2.0-or-later

man_pages := $(wildcard man/*.[1-9])
INSTALL += $(foreach page,$(man_pages),$(page):share/man/man$(subst .,,$(suffix $(page))))
