# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tools, flags and where things go.

# The one place that names the version is the newest entry of debian/changelog.
VERSION := $(shell sed -n '1s/^kview (\([0-9.]*\)).*/\1/p' debian/changelog)
$(if $(VERSION),,$(error debian/changelog does not begin with "kview (VERSION)"))

CC := gcc
CLANG := clang
BPFTOOL := $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
AR := ar

# make V=1 shows whole commands.
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say_in_shell = $(if $(filter 1,$(V)),:,printf "  %-7s %s\n" "$(1)" "$(2)")
say = @$(say_in_shell)

# make SANITIZE=1 builds the same things with sanitizers, elsewhere.
SANITIZE ?= 0
ifeq ($(SANITIZE),1)
OUT := build/sanitize
SANITIZE_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
OUT := build
SANITIZE_FLAGS :=
endif

INCLUDES := -Iinclude -Iinclude/uapi -I.
WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes \
	    -Werror=implicit-function-declaration -Werror=implicit-int \
	    -Werror=incompatible-pointer-types -Werror=int-conversion
CPPFLAGS ?=
CFLAGS ?= -O2 -g
LDFLAGS ?=
DEFINES := -D_GNU_SOURCE -DKVIEW_VERSION='"$(VERSION)"'
c_flags = -std=gnu11 $(DEFINES) $(INCLUDES) $(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(SANITIZE_FLAGS)
ld_flags = $(CFLAGS) $(SANITIZE_FLAGS) $(LDFLAGS)

# The multiarch folder has <asm/types.h>, which clang does not search for a
# target without a libc.
BPF_CFLAGS ?= -O2 -g
bpf_flags = -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Ibpf $(INCLUDES) \
	    -idirafter /usr/include/x86_64-linux-gnu -Wall -Wno-missing-declarations $(BPF_CFLAGS)

# Where `make install` puts things.
DESTDIR ?=
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
ZSHDIR ?= $(DATADIR)/zsh/site-functions
EXAMPLEDIR ?= $(DATADIR)/doc/kview/examples
# Objects to run, and what udev and systemd read: the same for all architectures of a multiarch system.
OBJECTDIR ?= $(PREFIX)/lib/kview
SYSTEMDIR ?= $(PREFIX)/lib
# Where Performance Co-Pilot looks for its agents.
PMDADIR ?= /var/lib/pcp/pmdas/kview
DKMSDIR ?= /usr/src/kview-$(VERSION)
