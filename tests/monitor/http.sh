#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on HTTP that is not one request and one answer: requests that nobody answers, that come late or before
# others are answered, and paths that nobody asks for again.
# shellcheck disable=SC1091,SC2154,SC2119,SC2086 # cli.inc defines them; $client is two words
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

served=kview_http_request_seconds_count
asked=kview_http_client_request_seconds_count

# status STATUS: requests with it in nginx's own log.
status()
{
	grep -c "\" $1 " "$tmp/access.log" || true
}

# backend_has NUMBER PATH
backend_has()
{
	[ "$(grep -c "GET $2 " "$tmp/backend.out")" = "$1" ]
}

# A connection that is closed between two requests.
idle()
{
	hold kept
	exec 7>"$tmp/kept"
	echo /index.html >&7
	becomes 1 $served target=web status=200
	exec 7>&-
	wait "$held"
	becomes 0 kview_tcp_sessions target=web
	is 1 $served target=web
	is none $asked
}

# nginx asks a server that does not answer, on behalf of a client that does not wait for ever: nor does nginx, then.
gives_up()
{
	curl -s -o /dev/null http://127.0.0.1:8080/silent &
	held=$!
	wait_for backend_has 1 /silent
	sleep 1
	kill "$held"
	! wait "$held" || fail "somebody has answered"
	becomes 1 $served target=web method=GET path=/silent status=none
	becomes 1 $asked target=web method=GET path=/silent status=none
	more_than 1 kview_http_request_seconds_sum target=web status=none
	more_than 1 kview_http_client_request_seconds_sum target=web status=none
	more_than 20 kview_http_request_bytes_total target=web status=none
	is 0 kview_http_response_bytes_total target=web status=none
	is "$(status 499)" $served target=web status=none
}

# Told to go on, a client goes away.
continued()
{
	local line

	exec 7<>/dev/tcp/127.0.0.1/8080
	printf 'POST /silent HTTP/1.1\r\nHost: kview\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n' >&7
	read -r line <&7
	[ "$line" = $'HTTP/1.1 100 Continue\r' ] || fail "$line"
	exec 7>&-
	becomes 1 $served target=web method=POST path=/silent status=none
	is 1 $asked target=web
}

# What ends the connection of a client that would wait.
killed()
{
	local worker

	curl -s -o /dev/null http://127.0.0.1:8080/silent &
	held=$!
	wait_for backend_has 2 /silent
	worker=$(pgrep -P "$nginx")
	kill -9 "$worker"
	! wait "$held" || fail "somebody has answered"
	becomes 2 $served target=web method=GET path=/silent status=none
	becomes 2 $asked target=web path=/silent status=none
	wait_for is_answered
}

is_answered()
{
	[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/index.html)" = 200 ]
}

# The server that nginx asks closes the connection: nginx has an answer for its client. It says something else: so does
# nginx, and neither is counted.
backend_fails()
{
	[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/cut)" = 502 ] || fail "not 502"
	becomes 1 $served target=web path=/cut status=502
	becomes 1 $asked target=web path=/cut status=none
	curl -s -o /dev/null http://127.0.0.1:8080/noise || true
	wait_for backend_has 1 /noise
	becomes 0 kview_tcp_sessions target=web
	is 3 $asked target=web
	is 3 $served target=web status=none
	is none $served target=web path=/noise
}

# The head of each request is lost, and comes behind its body.
losses()
{
	local lost

	nft add table ip kview
	nft add chain ip kview lossy '{ type filter hook input priority 0; }'
	nft add rule ip kview lossy tcp dport 8080 meta length gt 120 numgen inc mod 2 == 0 counter drop
	$client posts 127.0.0.1 8080 10 /index.html
	lost=$(nft list chain ip kview lossy | sed -n 's/.* packets \([0-9]*\) .*/\1/p')
	nft delete table ip kview
	[ "$lost" -gt 5 ] || fail "$lost packets were lost"
	[ "$(status 405)" = 10 ] || fail "nginx has logged $(status 405) requests, not 10"
	becomes 10 $served target=web method=POST path=/index.html status=405
}

# logged METHOD PATH STATUS: such requests in nginx's own log.
logged()
{
	grep -c "\"$1 $2 HTTP/1.1\" $3 " "$tmp/access.log" || true
}

# pipe COMMAND ARGUMENT...: requests sent while others wait, and what nginx and the client say of them.
pipe()
{
	local bytes_in bytes_out sent received path

	bytes_in=$(value kview_http_request_bytes_total target=web)
	bytes_out=$(value kview_http_response_bytes_total target=web)
	$client "$1" 127.0.0.1 8080 "${@:2}" >"$tmp/piped" || fail "$*"
	read -r sent received <"$tmp/piped"
	becomes "$(grep -c HTTP/1.1 "$tmp/access.log")" $served target=web
	is "$(value $served target=web)" $asked target=asker
	for path in /index.html /large /parts.html /none; do
		is_logged GET $path 200
		is_logged HEAD $path 200
		is_logged POST $path 405
		is_logged GET $path 404
	done
	is "$(awk "BEGIN { printf \"%.9g\", $bytes_in + $sent }")" kview_http_request_bytes_total target=web
	is "$(awk "BEGIN { printf \"%.9g\", $bytes_out + $received }")" kview_http_response_bytes_total target=web
}

# is_logged METHOD PATH STATUS
is_logged()
{
	local wanted

	wanted=$(logged "$@")
	is "${wanted/#0/none}" $served target=web method="$1" path="$2" status="$3"
}

# Requests one behind the other, whatever the packets are, and answers of all kinds.
pipelined()
{
	$client piped 127.0.0.1 8080 1 1 10000 GET:/index.html >"$tmp/piped"
	becomes 1 $served target=web
	pipe piped 64 16 100000 GET:/index.html
	pipe piped 30 10 1 GET:/index.html GET:/none
	pipe piped 60 12 37 GET:/index.html HEAD:/index.html POST:/index.html GET:/none GET:/parts.html
	pipe piped 60 20 100000 GET:/large GET:/parts.html HEAD:/large GET:/none
	pipe piped 300 300 100000 GET:/index.html
	pipe piped 40 1 100 GET:/index.html POST:/index.html
	pipe interrupt GET:/large GET:/index.html
	pipe interrupt GET:/large GET:/index.html HEAD:/large GET:/none
}

# The first request comes with what makes the connection.
deferred()
{
	curl -s -o /dev/null -o /dev/null http://127.0.0.1:8081/index.html{,} || fail "no answer"
	becomes 1 $served target=web method=other path=other status=200
	is "$(status 200)" $served target=web status=200
	more_than 1 kview_http_request_bytes_total target=web path=other
}

# What comes before an answer comes in the same packet.
early_hints()
{
	curl -s -o /dev/null -o /dev/null -o /dev/null http://127.0.0.1:8090/early{,,} || fail "no answer"
	becomes 3 $served target=asker path=/early status=200
	is 3 $served target=asker
}

# One of those that wait is answered, and then nobody waits any more.
pipelined_in_vain()
{
	exec 7<>/dev/tcp/127.0.0.1/8080
	printf 'GET /%s HTTP/1.1\r\nHost: kview\r\n\r\n' index.html silent index.html index.html >&7
	wait_for backend_has 3 /silent
	exec 7>&-
	becomes 1 $served target=web path=/silent status=none
	is 2 $served target=web path=/index.html status=none
	is_logged GET /index.html 200
}

pipelines()
{
	bpftool -j map dump name pipelines | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'
}

has_pipelines()
{
	[ "$(pipelines)" = "$1" ]
}

# Nobody asks any more whose the connection is.
pipelined_for_nobody()
{
	has_pipelines 0 || fail "$(pipelines) pipelines are left of sessions that have ended"
	exec 7<>/dev/tcp/127.0.0.1/8080
	printf 'GET /%s HTTP/1.1\r\nHost: kview\r\n\r\n' silent index.html >&7
	wait_for backend_has 4 /silent
	has_pipelines 1 || fail "$(pipelines) pipelines of one session"
	sed -i 's/nginx/&x/' "$conf"
	kill -HUP "$daemon"
	wait_for reloaded
	exec 7>&-
}

# It takes looks until the last of it is gone.
reloaded()
{
	look
	has_pipelines 0
}

# Paths of a scanner have had all places: they are free when their series are forgotten.
scanned()
{
	hold old
	exec 7>"$tmp/old"
	$client requests 127.0.0.1 8080 3 /a /b /c
	becomes 3 $served target=web status=404
	for path in /a /b /c; do
		is 1 $served target=web path=$path
	done
	echo /index.html >&7
	becomes 1 $served target=web path=other
	becomes none $served target=web
	# What has been dropped at this look has a place until the next one.
	look
	$client requests 127.0.0.1 8080 2 /index.html
	becomes 2 $served target=web path=/index.html
	echo /index.html >&7
	exec 7>&-
	wait "$held"
	becomes 3 $served target=web path=/index.html
	is none $served target=web path=other
}

write_conf()
{
	cat >"$conf" <<-CONF
		targets: [{name: web, process: ^nginx$}]
		probes: {tcp: , http: {paths: $1}}
		outputs: {prometheus: {listen: '127.0.0.1:9464'}}
		limits: {forget: $2}
	CONF
}

ends()
{
	is 0 kview_monitor_lost_total
	kill "$daemon"
	wait "$daemon"
}

ip link set lo up
cat >"$tmp/backend.location" <<-CONF
	location ~ ^/(silent|cut|noise)$ { proxy_pass http://127.0.0.1:8090; proxy_read_timeout 1h; }
	location /parts.html { ssi on; default_type text/html; }
CONF
python3 tests/monitor/backend.inc 8090 >"$tmp/backend.out" &
wait_for grep -q ready "$tmp/backend.out"
start_nginx
echo '<!--# echo var="request_uri" --> and <!--# echo var="remote_addr" -->' >"$tmp/www/parts.html"
write_conf 10 1h
start_monitord
for step in idle gives_up continued killed backend_fails losses ends; do
	echo "$step"
	$step
done
true >"$tmp/access.log"
sed -i 's/}]/}, {name: asker, process: ^python3$}]/' "$conf"
start_monitord
for step in pipelined early_hints pipelined_in_vain deferred pipelined_for_nobody ends; do
	echo "$step"
	$step
done
write_conf 3 10s
start_monitord
for step in scanned ends; do
	echo "$step"
	$step
done
