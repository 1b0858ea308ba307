# SPDX-License-Identifier: GPL-2.0-or-later

INSTALLED += packaging/udev/60-kview.rules:$(SYSTEMDIR)/udev/rules.d packaging/sysusers.d/kview.conf:$(SYSTEMDIR)/sysusers.d \
	     packaging/modules-load.d/kview.conf:$(SYSTEMDIR)/modules-load.d \
	     packaging/systemd/kview-guardd.service:$(SYSTEMDIR)/systemd/system \
	     packaging/systemd/kview-shield@.service:$(SYSTEMDIR)/systemd/system \
	     packaging/systemd/kview-guardd-web.conf:$(EXAMPLEDIR)
