# SPDX-License-Identifier: GPL-2.0-or-later
#
# Static checks over the tracked files.

tracked = git ls-files -z --
c_files = $(tracked) '*.c' '*.h'
shell_files = git grep -zlE '^\#!.*\b(ba)?sh$$' --

lint:
	$(Q)scripts/deps.sh lint
	+$(Q)$(submake) -k lint-shell lint-spdx lint-spelling lint-format

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

lint-format:
	$(call say,LINT,clang-format)
	$(Q)[ ! -e .clang-format ] || $(c_files) | xargs -0r clang-format --dry-run -Werror

format:
	$(Q)$(c_files) | xargs -0r clang-format -i

.PHONY: lint lint-shell lint-spdx lint-spelling lint-format format
