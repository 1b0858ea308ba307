#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord's targets, of each kind: those that begin while it runs join by themselves; those that were there before,
# with their connections, are found. Each is an nginx, whose own log is compared with what is counted.
# shellcheck disable=SC1091,SC2154,SC2119,SC2046,SC2086,SC2206 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/podman.inc
. tests/monitor/daemon.inc

targets=(pid process port cgroup unit container)
# "nobody" is no target; who asks it at certain addresses, or through an interface, is.
declare -A port=([pid]=8101 [process]=8102 [port]=8103 [cgroup]=8104 [unit]=8105 [container]=8106 [nobody]=8107)
top=/sys/fs/cgroup/kview-targets
unit=/sys/fs/cgroup/kview.slice/kview-test.service
servers=() holders=()

finish()
{
	local dir

	[ -z "$(podman ps -q 2>/dev/null)" ] || podman rm -f -t 0 kview-box >/dev/null || true
	for pid in "${servers[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	for dir in $top/deep $top $unit ${unit%/*}; do
		[ ! -d "$dir" ] || rmdir "$dir" || true
	done
	monitord_exit
}
trap finish EXIT

# The configuration of the server NAME, in $tmp/NAME, which the container has as /srv.
configure()
{
	local place=$tmp/$1

	mkdir "$place"
	echo "$1" >"$place/index.html"
	[ "$1" != container ] || place=/srv
	cat >"$tmp/$1/nginx.conf" <<-CONF
		user root;
		daemon off;
		master_process off;
		error_log $place/error.log;
		pid $place/pid;
		events {}
		http {
			access_log $place/access.log;
			# Connections are held for longer than the minute it waits for a request.
			client_header_timeout 1h;
			client_body_temp_path $place/body;
			proxy_temp_path $place/proxy;
			fastcgi_temp_path $place/fastcgi;
			uwsgi_temp_path $place/uwsgi;
			scgi_temp_path $place/scgi;
			server { listen ${port[$1]}; listen [::]:${port[$1]}; root $place; }
		}
	CONF
}

# serve NAME CGROUP [PROGRAM]
serve()
{
	(
		[ -z "$2" ] || echo "$BASHPID" >"$2/cgroup.procs"
		exec "${3:-/usr/sbin/nginx}" -e "$tmp/$1/error.log" -c "$tmp/$1/nginx.conf"
	) &
	servers+=($!)
}

is_up()
{
	[ -s "$tmp/$1/pid" ] && grep -q . "$tmp/$1/pid"
}

# The network that $1 is asked in, as words to put before a command.
network_of()
{
	[ "$1" != container ] || echo "nsenter --target $(podman inspect -f '{{.State.Pid}}' kview-box) --net"
}

logged_by()
{
	grep -c . "$tmp/$1/access.log" || true
}

# asks NAME ADDRESS [COMMAND...]: three requests over one connection.
asks()
{
	local url="http://$2:${port[$1]}/"

	"${@:3}" curl -sf -o /dev/null "$url" -o /dev/null "$url" -o /dev/null "$url" || fail "$1 does not answer at $2"
}

# hold NAME ADDRESS [COMMAND...]: a connection for one request, as soon as there is a line in $tmp/go.
hold()
{
	# shellcheck disable=SC2016 # its own shell expands them
	"${@:3}" bash -c '
		exec 7<>"/dev/tcp/$1/$2" && echo held && read -r -N 1 _ <&9 && cat "$3" >&7 && read -r line <&7 && echo "$line"
	' hold "$2" "${port[$1]}" "$tmp/request" >"$tmp/held.${#holders[@]}" 9<"$tmp/go" &
	holders+=($!)
	wait_for grep -q held "$tmp/held.$((${#holders[@]} - 1))"
}

clients_network()
{
	unshare --net sleep 1000 &
	clients=$!
	wait_for is_apart
	ip link add kv0 type veth peer name kv1 netns $clients
	ip addr add 10.8.0.1/24 dev kv0
	ip link set kv0 up
	nsenter --target $clients --net ip addr add 10.8.0.2/24 dev kv1
	nsenter --target $clients --net ip link set kv1 up
	ip addr add fd00:9::1/64 dev lo nodad
	in_clients=(nsenter --target $clients --net)
}

is_apart()
{
	[ "$(readlink /proc/$clients/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}

# What begins while the daemon runs.
newcomers()
{
	for name in "${targets[@]}"; do
		becomes 0 kview_tcp_sessions target=$name
	done
	echo go >"$tmp/begin"
	cp /usr/sbin/nginx "$tmp/kv-named"
	serve process '' "$tmp/kv-named"
	serve port ''
	serve nobody ''
	mkdir -p $top/deep $unit
	serve cgroup $top/deep
	serve unit $unit
	podman_run kview-box -v "$tmp/container:/srv" -- /usr/sbin/nginx -e /srv/error.log -c /srv/nginx.conf >/dev/null
	for name in "${targets[@]}"; do
		echo "$name"
		wait_for is_up $name
		becomes 1 kview_processes target=$name
		asks $name 127.0.0.1 $(network_of $name)
		becomes 3 kview_http_request_seconds_count target=$name status=200
		becomes 0 kview_tcp_sessions target=$name
		is 1 kview_tcp_session_seconds_count target=$name
		more_than 0 kview_cpu_seconds_count target=$name
	done
}

# Connections of a server that is nobody's.
links()
{
	wait_for is_up nobody
	asks nobody 127.0.0.1
	asks nobody 127.9.1.1
	asks nobody '[fd00:9::1]'
	asks nobody 10.8.0.1 "${in_clients[@]}"
	# Both ends are here, and the client's and the server's requests the same.
	becomes 6 kview_http_request_seconds_count target=ip
	becomes 6 kview_http_client_request_seconds_count target=ip
	becomes 4 kview_tcp_session_seconds_count target=ip
	becomes 3 kview_http_request_seconds_count target=interface
	becomes 1 kview_tcp_session_seconds_count target=interface
	is none kview_http_client_request_seconds_count target=interface
	is $((3 * ${#targets[@]} + 9)) kview_http_request_seconds_count
	[ "$(logged_by nobody)" = 12 ] || fail "nginx has logged $(logged_by nobody) requests, not 12"
}

hold_connections()
{
	local name

	printf 'GET / HTTP/1.1\r\nHost: kview\r\n\r\n' >"$tmp/request"
	mkfifo "$tmp/go"
	exec 8<>"$tmp/go"
	for name in "${targets[@]}"; do
		hold $name 127.0.0.1 $(network_of $name)
	done
	hold nobody 127.0.0.1
	hold nobody 127.9.1.1
	hold nobody 10.8.0.1 "${in_clients[@]}"
}

# The same servers, seen by a daemon that has begun after them.
found()
{
	local name i

	for name in "${targets[@]}"; do
		becomes 1 kview_processes target=$name
		becomes 1 kview_tcp_sessions target=$name
	done
	becomes 2 kview_tcp_sessions target=ip
	becomes 1 kview_tcp_sessions target=interface
	printf '%*s' ${#holders[@]} '' >&8
	for i in "${!holders[@]}"; do
		wait "${holders[i]}" || fail "holder $i: $(cat "$tmp/held.$i")"
		grep -q '200 OK' "$tmp/held.$i" || fail "holder $i: $(cat "$tmp/held.$i")"
	done
	for name in "${targets[@]}" ip interface; do
		becomes 1 kview_http_request_seconds_count target=$name status=200
		becomes 0 kview_tcp_sessions target=$name
	done
	becomes 1 kview_http_client_request_seconds_count target=ip
	asks pid 127.0.0.1
	becomes 4 kview_http_request_seconds_count target=pid
	is $((${#targets[@]} + 2 + 3)) kview_http_request_seconds_count
}

# More begins than there is room for news, while nobody reads them.
missed()
{
	local i

	kill "${servers[1]}"
	becomes 0 kview_processes target=process
	kill -STOP "$daemon"
	for ((i = 0; i < 3000; i++)); do
		/bin/true
	done
	rm -f "$tmp/process/pid"
	serve process '' "$tmp/kv-named"
	wait_for is_up process
	kill -CONT "$daemon"
	becomes 1 kview_processes target=process
	more_than 0 kview_monitor_lost_total probe=scope
}

command -v podman >/dev/null || skip "podman is not installed"
prepare_podman
clients_network
for name in "${!port[@]}"; do
	configure $name
done
mkfifo "$tmp/begin"
(
	read -r _ <"$tmp/begin"
	exec /usr/sbin/nginx -e "$tmp/pid/error.log" -c "$tmp/pid/nginx.conf"
) &
servers+=($!)
cat >"$conf" <<-CONF
	targets:
	- {name: pid, pid: $!}
	- {name: process, process: '^kv-n[a-z]+$'}
	- {name: port, port: ${port[port]}}
	- {name: cgroup, cgroup: $top}
	- {name: unit, unit: kview-test.service}
	- {name: container, container: kview-box}
	- {name: ip, ip: [127.9.0.0/16, 'fd00:9::/64']}
	- {name: interface, interface: kv0}
	probes: {cpu: , memory: , tcp: , http: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
echo newcomers
newcomers
echo links
links
kill "$daemon"
wait "$daemon"
echo hold_connections
hold_connections
start_monitord
echo found
found
is 0 kview_monitor_lost_total
echo missed
missed
kill "$daemon"
wait "$daemon"
