# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tools, flags and where things go.

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
CFLAGS ?= -O2 -g
LDFLAGS ?=
c_flags = -std=gnu11 -D_GNU_SOURCE $(INCLUDES) $(WARNINGS) $(CFLAGS) $(SANITIZE_FLAGS)
ld_flags = $(CFLAGS) $(SANITIZE_FLAGS) $(LDFLAGS)

# The multiarch folder has <asm/types.h>, which clang does not search for a
# target without a libc.
BPF_CFLAGS ?= -O2 -g
bpf_flags = -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Ibpf $(INCLUDES) \
	    -idirafter /usr/include/x86_64-linux-gnu -Wall -Wno-missing-declarations $(BPF_CFLAGS)

PREFIX ?= /usr/local
DESTDIR ?=
