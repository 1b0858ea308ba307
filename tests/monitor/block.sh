#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on a block device: requests and bytes are those the device has counted, each for whom it was made.
# shellcheck disable=SC1091,SC2154,SC2119,SC2015 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

disk=/dev/nullb0
cgroup=/sys/fs/cgroup/kview-disk

finish()
{
	exec 4<&-
	[ ! -e $cgroup ] || wait_for rmdir $cgroup
	echo '-io -memory' >/sys/fs/cgroup/cgroup.subtree_control || true
	monitord_exit
	rmmod null_blk || true
}
trap finish EXIT

# device FIELD: 1 reads, 3 sectors read, 5 writes, 7 sectors written, since remember().
device()
{
	local now

	read -ra now </sys/block/nullb0/stat
	echo $((now[$1 - 1] - before[$1 - 1]))
}

remember()
{
	read -ra before </sys/block/nullb0/stat
}

# counted TARGET OPERATION FIELD: what the target has asked for is all that the device has done since remember().
counted()
{
	[ "$(device "$3")" -gt 0 ] || fail "the device has done nothing"
	becomes "$(device "$3")" kview_block_io_seconds_count "target=$1" "operation=$2"
	is $(($(device $(($3 + 2))) * 512)) kview_block_io_bytes_total "target=$1" "operation=$2"
}

# When there is a byte on that descriptor.
copy_when_told()
{
	read -r -N 1 _ <&3
	exec dd "$@" status=none
}

# One request at a time, each for five milliseconds: the others wait, and an interrupt issues the next one.
modprobe null_blk nr_devices=1 gb=1 submit_queues=1 hw_queue_depth=1 irqmode=2 completion_nsec=5000000
wait_for [ -b $disk ]
grep -q mq-deadline /sys/block/nullb0/queue/scheduler && echo mq-deadline >/sys/block/nullb0/queue/scheduler
echo '+io +memory' >/sys/fs/cgroup/cgroup.subtree_control
mkdir $cgroup
mkfifo "$tmp/go"
exec 3<>"$tmp/go"
copy_when_told if=$disk of=/dev/null bs=4096 count=60 iflag=direct &
reader=$!
copy_when_told if=/dev/zero of=$disk bs=8192 count=60 oflag=direct &
writer=$!
copy_when_told if=$disk of=/dev/null bs=16384 count=40 skip=4096 iflag=direct &
nobody=$!
cat >"$conf" <<-CONF
	targets:
	- {name: reader, pid: $reader}
	- {name: writer, pid: $writer}
	- {name: group, cgroup: kview-disk}
	probes: {block: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
remember
printf xyz >&3
wait $reader $writer $nobody

[ "$(device 1)" -ge 100 ] || fail "the device has read $(device 1) times, not 100"
becomes 60 kview_block_io_seconds_count target=reader operation=read
is $((60 * 4096)) kview_block_io_bytes_total target=reader operation=read
is none kview_block_io_seconds_count target=reader operation=write
becomes "$(device 5)" kview_block_io_seconds_count target=writer operation=write
is $((60 * 8192)) kview_block_io_bytes_total target=writer operation=write
is none kview_block_io_seconds_count target=writer operation=read
is none kview_block_io_seconds_count target=group
is 0 kview_block_io_seconds_bucket target=reader le=0.004194304
more_than 0.3 kview_block_io_seconds_sum target=reader

# In the cgroup, with and without the page cache; then nobody who belongs to it writes what it has left there.
in_cgroup()
{
	(echo "$BASHPID" >$cgroup/cgroup.procs && exec dd "$@" status=none)
}

remember
in_cgroup if=$disk of=/dev/null bs=4096 count=30 iflag=direct
in_cgroup if=$disk of=/dev/null bs=65536 count=8 skip=64
counted group read 1
remember
exec 4<$disk # who closes it last writes it back
in_cgroup if=/dev/zero of=$disk bs=65536 count=16 conv=notrunc
sync
counted group write 5
is 60 kview_block_io_seconds_count target=reader
is 0 kview_monitor_lost_total
kill "$daemon"
wait "$daemon"
