# SPDX-License-Identifier: GPL-2.0-or-later

$(OUT)/supervise/libsupervise.a: $(call objects,$(wildcard supervise/*.c))
