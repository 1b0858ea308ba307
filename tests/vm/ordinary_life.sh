#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
exec build/tests/vm/ordinary_life
