# SPDX-License-Identifier: GPL-2.0-or-later
#
# Plain GNU make.  `make help` lists the targets.  Everything made lies under
# build/.  Each folder describes what it has to build in a build.mk of its own;
# mk/rules.mk explains what such a file can say.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
SHELL := /bin/bash

# Kernels the module is built and tested with (see vm/kernel).
SUPPORTED_KERNELS := 6.12 6.1
KERNELS ?= $(SUPPORTED_KERNELS)

include mk/flags.mk
include mk/rules.mk
include $(sort $(wildcard */build.mk) $(wildcard */*/build.mk))
include mk/kmod.mk
include mk/targets.mk
include mk/install.mk
include mk/package.mk
include mk/lint.mk
