#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on PostgreSQL under pgbench: sessions, synchronisations and bytes are those PostgreSQL and both ends have
# counted, on a connection that is older than the daemon, too.
# shellcheck disable=SC1091,SC2154,SC2119,SC2015 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || fail "there is no PostgreSQL"
cgroup=/sys/fs/cgroup/kview-bench
disk=$tmp/disk
data=$disk/data
device=''
port=5433

finish()
{
	[ ! -s "$data/postmaster.pid" ] || as_postgres "$bin/pg_ctl" stop -s -m immediate -D "$data" || true
	if [ -n "$device" ]; then
		umount -l "$disk" || true
		losetup --detach "$device"
	fi
	monitord_exit
	[ ! -e $cgroup ] || wait_for rmdir $cgroup
}
trap finish EXIT

as_postgres()
{
	(cd / && exec setpriv --reuid postgres --regid postgres --clear-groups "$@")
}

# On a file system of its own, on a device of its own, in memory; nobody else listens at its socket's place.
start_postgres()
{
	truncate -s 600M "$tmp/image"
	mkfs.ext4 -q "$tmp/image"
	mkdir "$disk"
	modprobe loop
	device=$(losetup --find --show "$tmp/image")
	mount -t ext4 "$device" "$disk"
	install -d -o postgres -g postgres -m 700 "$data"
	chmod 711 "$tmp"
	as_postgres "$bin/initdb" -A trust -E UTF8 --locale=C --no-sync --no-instructions -D "$data" >"$tmp/initdb"
	# Nothing that writes by itself.
	cat >>"$data/postgresql.conf" <<-CONF
		port = $port
		listen_addresses = '127.0.0.1'
		unix_socket_directories = '$data'
		shared_buffers = 64MB
		autovacuum = off
		checkpoint_timeout = 1d
		wal_level = minimal
		max_wal_senders = 0
	CONF
	as_postgres "$bin/postgres" -D "$data" >"$tmp/postgres.log" 2>&1 &
	wait_for as_postgres "$bin/pg_isready" -q -h "$data" -p $port
	as_postgres "$bin/createdb" -h "$data" -p $port bench
	as_postgres "$bin/pgbench" -i -q -h "$data" -p $port bench >"$tmp/init" 2>&1 || fail "pgbench: $(<"$tmp/init")"
	told checkpoint
}

# told QUERY: by another database, and not over TCP: no session of those that are counted.
told()
{
	as_postgres "$bin/psql" -qAtX -h "$data" -p $port -d postgres -c "$1"
}

sessions()
{
	told "select sessions from pg_stat_database where datname = 'bench'"
}

synced()
{
	told 'select wal_sync from pg_stat_wal'
}

# The device's writes.
written()
{
	awk '{ print $5 }' "/sys/class/block/${device#/dev/}/stat"
}

# A connection that was there before the daemon.
old_connection()
{
	mkfifo "$tmp/fifo"
	"$bin/psql" -qAtX -h 127.0.0.1 -p $port -U postgres -d bench <"$tmp/fifo" >"$tmp/held" &
	holder=$!
	exec 3>"$tmp/fifo"
	query 1
}

has_answered()
{
	[ "$(tail -n 1 "$tmp/held")" = "$1" ]
}

# query NUMBER: over that connection.
query()
{
	echo "select $1 from repeat('x', 3000);" >&3
	wait_for has_answered "$1"
}

# held DIRECTION: bytes its client has sent, or received, as the kernel's own tool tells.
held()
{
	ss -Htni state established "( dport = :$port )" | grep -o "bytes_$1:[0-9]*" | cut -d: -f2
}

use_old_connection()
{
	local sent received i

	sent=$(held sent)
	received=$(held received)
	becomes 1 kview_tcp_sessions target=db
	for ((i = 2; i < 12; i++)); do
		query $i
	done
	sent=$(($(held sent) - sent))
	received=$(($(held received) - received))
	[ $sent -gt 300 ] && [ $received -gt 100 ] || fail "the client has sent $sent and received $received bytes"
	becomes $sent kview_tcp_received_bytes_total target=db
	becomes $received kview_tcp_sent_bytes_total target=db
	is none kview_tcp_session_seconds_count target=db
	old_sent=$sent old_received=$received
}

# pgbench OPTION...: in its cgroup.
pgbench()
{
	(echo "$BASHPID" >$cgroup/cgroup.procs && exec "$bin/pgbench" -n -h 127.0.0.1 -p $port -U postgres "$@" bench) >"$tmp/pgbench" 2>&1 ||
		fail "pgbench: $(<"$tmp/pgbench")"
	grep 'actually processed' "$tmp/pgbench"
}

is_synced()
{
	local told

	told=$(synced)
	look && [ $((told - syncs)) = "$(value kview_syscall_seconds_count target=db syscall=fdatasync)" ]
}

# Each transaction on a connection of four that stay, then each on one of its own.
load()
{
	local before opened bytes

	before=$(sessions)
	pgbench -c 4 -t 25
	pgbench -C -S -c 2 -t 10
	becomes 1 kview_tcp_sessions target=db
	becomes 0 kview_tcp_sessions target=bench
	opened=$(($(sessions) - before))
	[ $opened -ge 24 ] || fail "PostgreSQL has had $opened sessions"
	becomes $opened kview_tcp_session_seconds_count target=db
	is $opened kview_tcp_accept_seconds_count target=db
	is $opened kview_tcp_session_seconds_count target=bench
	is $opened kview_tcp_connect_seconds_count target=bench
	is none kview_tcp_connect_failures_total
	# What one end has sent the other one has received; and what the old connection had carried.
	bytes=$(value kview_tcp_sent_bytes_total target=bench)
	[ "$bytes" -gt 10000 ] || fail "pgbench has sent $bytes bytes"
	is $((bytes + old_sent)) kview_tcp_received_bytes_total target=db
	is $(($(value kview_tcp_received_bytes_total target=bench) + old_received)) kview_tcp_sent_bytes_total target=db
}

# A hundred transactions have been committed.
storage()
{
	wait_for is_synced
	syncs=$(value kview_syscall_seconds_count target=db syscall=fdatasync)
	[ "$syncs" -ge 25 ] || fail "$syncs synchronisations for a hundred transactions"
	# Each follows a write of the log, of pages; some pages may have been written to the device by others.
	more_than $((syncs - 1)) kview_file_io_seconds_count target=db operation=write
	more_than $((syncs * 8192 - 1)) kview_file_io_bytes_total target=db operation=write
	more_than 0 kview_file_io_seconds_count target=db operation=read
	more_than $((syncs / 2)) kview_block_io_seconds_count target=db operation=write
	more_than $((syncs * 4096 / 2)) kview_block_io_bytes_total target=db operation=write
	[ "$(value kview_block_io_seconds_count target=db operation=write)" -le $(($(written) - writes)) ] || fail "more writes than the device's"
	more_than 0 kview_cpu_seconds_sum target=db
	more_than 100 kview_cpu_off_seconds_count target=db
}

ends()
{
	local before

	look
	before=$(value kview_tcp_session_seconds_count target=db)
	# The daemon has this end of the pipe, too.
	echo '\q' >&3
	wait "$holder"
	becomes 0 kview_tcp_sessions target=db
	# When it began is not known.
	is "$before" kview_tcp_session_seconds_count target=db
	is 0 kview_monitor_lost_total
	as_postgres "$bin/pg_ctl" stop -s -m fast -D "$data"
	becomes 0 kview_processes target=db
	kill "$daemon"
	wait "$daemon"
}

ip link set lo up
start_postgres
mkdir $cgroup
cat >"$conf" <<-CONF
	targets: [{name: db, process: ^postgres$}, {name: bench, cgroup: kview-bench}]
	probes: {cpu: , memory: , file: , block: , tcp: , syscalls: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
old_connection
syncs=$(synced)
writes=$(written)
start_monitord
for step in use_old_connection load storage ends; do
	echo "$step"
	$step
done
