#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real servers under kview guard serve: nginx, Redis, sshd, cron with a job, and a service in Perl, learned under traffic
# until that brings nothing new. Then code that is put into a process, a program that was changed, and an interpreter that is
# made to do something else. Told, and slowed, stopped, killed or kept from a shell as was asked for; and in between the
# same traffic raises nothing.
#
#   servers.sh view|machine     KVIEW_GUARD_ROUNDS: of traffic to learn from, at most; 40
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/guard/service.inc

scope=${1:?}
intruder=$PWD/build/tests/guard/intruder
stories=$PWD/tests/guard
group=/sys/fs/cgroup/kview-servers
web=7710 cache=7711 shell=7712 calculator=7713 back=7714
stop_time=10 # seconds
rounds=${KVIEW_GUARD_ROUNDS:-40}
redis_program=$tmp/bin/redis-server
programs=(nginx "$redis_program" sshd perl cron)

[ "$scope" = machine ] || has_module || skip "the module is not loaded"

finish()
{
	if [ -e $group ]; then
		xargs -r kill -9 <$group/cgroup.procs 2>/dev/null || true
	fi
	cli_exit
}
trap finish EXIT

# --- servers ---

# in_group COMMAND... &: among those that are guarded, and $! is its process
in_group()
{
	exec bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' $group "$@"
}

is_served()
{
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

prepare_nginx()
{
	mkdir "$tmp/www"
	echo hello >"$tmp/www/index.html"
	head -c 300000 /dev/zero >"$tmp/www/large"
	cat >"$tmp/nginx.conf" <<-CONF
		user root;
		worker_processes 1;
		daemon off;
		error_log $tmp/error.log;
		pid $tmp/nginx.pid;
		events {}
		http {
			access_log $tmp/access.log;
			client_body_temp_path $tmp/body;
			server { listen 127.0.0.1:$web; root $tmp/www; location /old { return 302 /index.html; } }
		}
	CONF
}

start_nginx()
{
	in_group /usr/sbin/nginx -e "$tmp/error.log" -c "$tmp/nginx.conf" &
	nginx=$!
	wait_for is_served $web
}

# A program of our own, for it will be changed.
start_redis()
{
	mkdir -p "$tmp/bin"
	[ -e "$redis_program" ] || cp "$(realpath "$(command -v redis-server)")" "$redis_program"
	in_group "$redis_program" --port $cache --save '' --dir "$tmp" --daemonize no >>"$tmp/redis.log" 2>&1 &
	redis=$!
	wait_for is_served $cache
}

prepare_sshd()
{
	mkdir -p /run/sshd "$tmp/ssh"
	chmod 755 "$tmp" # for the user that sshd gives its privileges up for
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/ssh/host"
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/ssh/user"
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/ssh/stranger"
	cp "$tmp/ssh/user.pub" "$tmp/ssh/authorized"
	cat >"$tmp/sshd.conf" <<-CONF
		ListenAddress 127.0.0.1:$shell
		HostKey $tmp/ssh/host
		AuthorizedKeysFile $tmp/ssh/authorized
		PidFile $tmp/sshd.pid
		StrictModes no
		PermitRootLogin yes
		UsePAM no
		Subsystem sftp internal-sftp
	CONF
}

start_sshd()
{
	in_group /usr/sbin/sshd -D -e -f "$tmp/sshd.conf" >>"$tmp/sshd.log" 2>&1 &
	sshd=$!
	wait_for is_served $shell
}

start_calculator()
{
	in_group /usr/bin/perl "$stories/calculator.pl" $calculator "$tmp/calculated" &
	perl=$!
	wait_for is_served $calculator
}

start_cron()
{
	mkdir -p "$tmp/job" /var/spool/cron/crontabs
	seq 2000 >"$tmp/job/log"
	echo "* * * * * $stories/job.sh $tmp/job" | crontab -
	in_group /usr/sbin/cron -f >"$tmp/cron.log" 2>&1 &
}

# --- traffic ---

web_traffic()
{
	local url=http://127.0.0.1:$web

	curl -sf "$url/index.html" | grep -q hello || fail "no page"
	curl -sf -r 100-200 -o /dev/null "$url/large"
	curl -s -o /dev/null -o /dev/null "$url/none" "$url/old"
	curl -s -I "$url/index.html" >"$tmp/head"
	curl -s -H 'Connection: close' -o /dev/null "$url/large"
	curl -s -d 'some=thing' -o /dev/null "$url/index.html"
	wrk -t 1 -c 3 -d 1 "$url/index.html" >"$tmp/wrk" 2>&1
}

cache_traffic()
{
	redis-benchmark -p $cache -t set,get,lpush -n 1000 -c 4 -q >"$tmp/benchmark" 2>&1
	redis-cli -p $cache set name "$RANDOM" >"$tmp/redis-cli"
	redis-cli -p $cache info >"$tmp/redis-cli"
	printf 'incr n\nhset h a 1\nnonsense\n' | redis-cli -p $cache >"$tmp/redis-cli"
}

remote()
{
	ssh -F none -p $shell -i "$tmp/ssh/$1" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o BatchMode=yes \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR 127.0.0.1 "${@:2}"
}

shell_traffic()
{
	[ "$(remote user 'echo here')" = here ] || fail "no shell over ssh"
	! remote stranger 'echo here' 2>"$tmp/stranger" || fail "a stranger got a shell"
}

# reckon EXPRESSION...
reckon()
{
	local expression value

	exec 5<>"/dev/tcp/127.0.0.1/$calculator"
	for expression; do
		echo "$expression" >&5
		read -r -t 100 value <&5 || value=nothing
		echo "$value"
	done
	exec 5>&-
}

calculator_traffic()
{
	[ "$(reckon '6 * 7' "2 ** $((RANDOM % 20 + 1))" 'join "-", 1 .. 3' '(' | sed '2d' | xargs)" = '42 1-2-3 no expression' ] ||
		fail "not what was to be reckoned"
}

traffic()
{
	web_traffic
	cache_traffic
	shell_traffic
	calculator_traffic
}

# --- what the guard has made of it ---

# known PROGRAM: how many pairs, at how many distances, its profile has
known()
{
	ask show "$1" -f json | python3 -c '
import json, sys
j = json.load(sys.stdin)
print(sum(bin(pair[2]).count("1") for pair in j["accepted"] + j["recent"]))'
}

all_known()
{
	local program

	for program in "${programs[@]}"; do
		known "$program"
	done | xargs
}

count_known()
{
	local programs_known

	programs_known=$(all_known)
	echo $((${programs_known// /+}))
}

# stop PID
stop()
{
	kill "$1"
	wait "$1" || true
}

# A worker that stops, and one that ends: what its master makes of that is no attack.
lose_worker()
{
	local worker

	worker=$(pgrep -P $nginx)
	kill -STOP "$worker"
	sleep 0.2
	kill -CONT "$worker"
	kill -KILL "$worker"
	wait_for has_other_worker "$worker"
}

has_other_worker()
{
	local worker

	worker=$(pgrep -P $nginx) && [ "$worker" != "$1" ]
}

restart_all()
{
	lose_worker
	stop $nginx
	start_nginx
	stop $redis
	start_redis
	stop $sshd
	start_sshd
	stop $perl
	start_calculator
}

# As an operator would, until rounds bring nothing that could raise an alarm: a task makes 13 anomalies for one, of each of which
# a pair at least is new; and a new call has pairs with all calls around it.
train()
{
	local round before=0 now calm=0 start=$SECONDS

	for ((round = 1; calm < 3; round++)); do
		[ $round -le "$rounds" ] || fail "$rounds rounds of traffic still brought something new: $(all_known)"
		traffic
		[ $round -gt 2 ] || restart_all
		now=$(count_known)
		if [ $((now - before)) -le 12 ]; then
			calm=$((calm + 1))
		else
			calm=0
		fi
		before=$now
	done
	patiently has_run_job
	echo "$scope: $((round - 1)) rounds of traffic in $((SECONDS - start)) s; known of ${programs[*]}: $(all_known)"
}

# The whole of it, also what cron does when it ends: the last of three may not have ended.
has_run_job()
{
	[ "$(find "$tmp/job" -name 'log.*.gz' | wc -l)" -ge 3 ]
}

# field COMMAND SUBSCRIPT
field()
{
	# shellcheck disable=SC2086 # a command with what it takes
	ask $1 -f json | python3 -c "import json, sys; print(json.load(sys.stdin)$2)"
}

count() { field status "['counters']['$1']"; }

# all_of FIELD: of each program
all_of()
{
	local program

	for program in "${programs[@]}"; do
		field "show $program" "['$1']"
	done | xargs
}

# The same traffic raises no alarm and gets nobody held, killed or refused.
is_as_usual()
{
	local before after

	before="$(all_of alarms) $(count held) $(count killed) $(count refused)"
	traffic
	after="$(all_of alarms) $(count held) $(count killed) $(count refused)"
	[ "$before" = "$after" ] || fail "$1: usual traffic raised something: $before, then $after: $(ask events)"
	echo "$scope: $1: nothing; anomalies so far of ${programs[*]}: $(all_of anomalies)"
}

# It knows them as before, and they are in the middle of what they do.
restart_guard()
{
	local before

	before=$(count_known)
	stop_guard
	start_guard "${options[@]}"
	[ "$(count_known)" -ge "$before" ] || fail "after a restart less is known than before: $(all_known)"
	[ "$(all_of state | xargs -n 1 | sort -u)" = normal ] || fail "after a restart: $(all_of state)"
}

# --- attacks ---

# expect_shell COMMAND: wait for it in the background, $listener
expect_shell()
{
	"$stories/listener.py" $back "$1" >"$tmp/shell" 2>&1 &
	listener=$!
	wait_for grep -q listens "$tmp/shell"
}

# Nobody came, and nobody will.
no_shell()
{
	! grep -q connected "$tmp/shell" || fail "a shell came: $(<"$tmp/shell")"
	kill $listener
	wait $listener 2>/dev/null || true
}

# told PROGRAM WORDS: an event says so
told()
{
	ask events --profile "$1" >"$tmp/told"
	grep -q "$2" "$tmp/told"
}

is_stopped() { [ "$(ps -o stat= -p "$1" | cut -c1)" = T ]; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
runs() { kill -0 "$1" 2>/dev/null && ! is_stopped "$1"; }

# Code put into nginx' worker, which is slowed: the more it does, the longer.
slow_injected()
{
	local worker before start

	worker=$(pgrep -P $nginx)
	ask set nginx slow
	before=$(count held)
	expect_shell 'echo taken over'
	start=$(date +%s%N)
	"$intruder" process "$worker" $back
	patiently grep -q 'taken over' "$tmp/shell"
	echo "$scope: nginx, injected code: slowed $(($(count held) - before)) times," \
		"$((($(date +%s%N) - start) / 1000000)) ms to a shell"
	# 20, 40, 80, 160 and 320 ms before the last dup2.
	[ $((($(date +%s%N) - start) / 1000000)) -ge 620 ] || fail "nginx was not slowed"
	[ $(($(count held) - before)) -ge 5 ] || fail "nginx was slowed $(($(count held) - before)) times"
	patiently told nginx 'ALARM: a call it never made before, slowed'
	wait $listener
	ask set nginx log
	patiently runs "$worker"
	web_traffic
	# What it did among its last calls stays with it, so it is not left as it is.
	stop $nginx
	start_nginx
}

# Code put into sshd, which is stopped, and goes on when the time is over.
stop_injected()
{
	local start

	ask set sshd stop
	expect_shell 'echo taken over'
	start=$(date +%s%N)
	"$intruder" process $sshd $back
	patiently is_stopped $sshd
	if [ "$scope" = view ]; then
		! grep -q connected "$tmp/shell" || fail "the call that raised the alarm was made"
	fi
	patiently told sshd 'ALARM: a call it never made before, stopped'
	patiently runs $sshd
	echo "$scope: sshd, injected code: stopped for $((($(date +%s%N) - start) / 1000000)) ms"
	[ $((($(date +%s%N) - start) / 1000000)) -ge $((stop_time * 1000)) ] || fail "released before its time"
	patiently grep -q 'taken over' "$tmp/shell"
	wait $listener
	ask set sshd log
	shell_traffic
	stop $sshd
	start_sshd
}

# A program that was changed where it is: it is the same file, and known.
kill_modified()
{
	stop $redis
	"$intruder" file "$redis_program" $back
	ask set "$redis_program" kill
	expect_shell 'echo taken over'
	in_group "$redis_program" --port $cache --save '' --dir "$tmp" >>"$tmp/redis.log" 2>&1 &
	redis=$!
	patiently is_gone $redis
	wait $redis && fail "the changed program ended as if nothing had been"
	no_shell
	patiently told redis-server 'ALARM: a call it never made before, killed'
	echo "$scope: redis, changed file: killed"
	# As it was.
	cat "$(realpath "$(command -v redis-server)")" >"$redis_program"
	start_redis
}

# Another file at its path, as in an upgrade: told, and it trains again from what was known.
replace_file()
{
	local before

	before=$(known "$redis_program")
	stop $redis
	cp "$redis_program" "$tmp/bin/new"
	mv "$tmp/bin/new" "$redis_program"
	start_redis
	patiently told redis-server 'its file was replaced'
	[ "$(known "$redis_program")" -ge "$before" ] || fail "what was known of redis was forgotten"
	ask_json "j['state'] == 'training' and j['respond'] == 'kill'" show "$redis_program"
	traffic
	ask normalize "$redis_program"
	echo "$scope: redis, another file: told"
}

# An interpreter that is made to do something else than its script.
refuse_abused()
{
	ask set perl refuse-exec
	expect_shell 'echo taken over'
	reckon "socket(my \$s, 2, 1, 0); connect(\$s, pack('SnC4x8', 2, $back, 127, 0, 0, 1)); open(STDIN, '<&', \$s); \
open(STDOUT, '>&', \$s); exec('/bin/sh'); 7" >"$tmp/reckoned"
	patiently told perl 'may start no program'
	! grep -q 'taken over' "$tmp/shell" || fail "perl became a shell"
	stop $perl
	wait $listener || true
	echo "$scope: perl, abused: no shell"
	ask set perl log
	start_calculator
}

mkdir $group
options=(--stop-time "$stop_time" --alarm-limit 1000)
if [ "$scope" = view ]; then
	options+=(--mode view --cgroup "$group")
else
	options+=(--all)
fi
start_guard "${options[@]}"
prepare_nginx
prepare_sshd
start_nginx
start_redis
start_sshd
start_calculator
start_cron
train
for program in "${programs[@]}"; do
	ask normalize "$program"
done
is_as_usual 'after training'
restart_guard
is_as_usual 'after the guard began again'
slow_injected
is_as_usual 'after nginx was attacked'
stop_injected
is_as_usual 'after sshd was attacked'
kill_modified
is_as_usual 'after redis was changed'
replace_file
is_as_usual 'after redis was replaced'
refuse_abused
is_as_usual 'after perl was abused'
ask profiles
ask_json "j['counters']['lost_events'] == 0 and j['counters']['not_held'] == 0" status
stop_guard
