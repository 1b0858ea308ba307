#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
#
# A short run of the fuzzer of the ioctl ABI; make fuzz runs it for longer.

exec build/tests/fuzz/ioctl
