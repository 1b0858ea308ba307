# SPDX-License-Identifier: GPL-2.0-or-later
#
# Static checks over the tracked files.

tracked = git ls-files -z --
shell_files = git grep -zlE '^\#!.*\b(ba)?sh$$' --

lint:
	$(Q)scripts/deps.sh lint
	+$(Q)$(submake) -k lint-shell lint-spdx lint-spelling lint-space

lint-shell:
	$(call say,LINT,shellcheck)
	$(Q)$(shell_files) | xargs -0r shellcheck -x

# Every file we wrote names its licence near its top.
lint-spdx:
	$(call say,LINT,SPDX)
	$(Q)files=$$($(tracked) '*.[chS]' '*.mk' '*.sh' '*.py' '*Kbuild' '*Makefile' | \
		xargs -0r grep -L 'SPDX-License-Identifier:'); \
	[ -z "$$files" ] || { echo "no SPDX line:" $$files >&2; exit 1; }

# Two macros of mdoc, one of ours, and what tests misspell on purpose.
lint-spelling:
	$(call say,LINT,codespell)
	$(Q)$(tracked) ':!LICENSES' | xargs -0r codespell --ignore-words-list nd,fo,whats,opne,prcess,raed

# Spaces before tabs, and behind lines.
lint-space:
	$(call say,LINT,white space)
	$(Q)git diff --check "$$(git hash-object -t tree /dev/null)"

.PHONY: lint lint-shell lint-spdx lint-spelling lint-space
