#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord's probe of files: reads, writes and syncs are those a program has made, and their bytes.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

mkfifo "$tmp/go"
exec 3<>"$tmp/go"
python3 - "$tmp/file" <<-'PROGRAM' &
	import os, sys
	os.read(3, 1)
	plain = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
	for i in range(7):
	    os.pwrite(plain, bytes(4096), 4096 * i)
	    os.fsync(plain)
	for i in range(3):
	    os.fdatasync(plain)
	for i in range(4):
	    os.pread(plain, 1000, i)
	synced = os.open(sys.argv[1], os.O_WRONLY | os.O_DSYNC)
	for i in range(5):
	    os.pwrite(synced, bytes(100), i)
	os.mkdir(sys.argv[1] + ".done")
	os.read(3, 1)
PROGRAM
program=$!
cat >"$conf" <<-CONF
	targets:
	- {name: program, pid: $program}
	probes: {file: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
printf x >&3
wait_for [ -d "$tmp/file.done" ]
# A write that syncs is one write.
becomes 12 kview_file_io_seconds_count target=program operation=write
is $((7 * 4096 + 5 * 100)) kview_file_io_bytes_total target=program operation=write
is 4 kview_file_io_seconds_count target=program operation=read
is 4000 kview_file_io_bytes_total target=program operation=read
is 10 kview_file_io_seconds_count target=program operation=sync
is none kview_file_io_bytes_total target=program operation=sync
is 0 kview_monitor_lost_total
printf x >&3
wait "$program"
kill "$daemon"
wait "$daemon"
