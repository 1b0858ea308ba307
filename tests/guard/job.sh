#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What cron does every minute: job.sh FOLDER copies and packs a log there, and keeps the last three.
set -e
cd "$1"
cp log "log.$$"
gzip -f "log.$$"
# shellcheck disable=SC2012 # its own names
ls -t log.*.gz | tail -n +4 | xargs -r rm -f
