# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the servers of pages share; users link with -lmicrohttpd.

$(OUT)/page/libpage.a: $(call objects,$(wildcard page/*.c))
