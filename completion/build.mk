# SPDX-License-Identifier: GPL-2.0-or-later

INSTALLED += completion/bash/kview:$(DATADIR)/bash-completion/completions completion/zsh/_kview:$(ZSHDIR)
