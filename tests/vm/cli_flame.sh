#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150
# kview flame: stacks of programs whose stacks are known.
# shellcheck disable=SC1091,SC2154,SC2015 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

subject=build/tests/vm/flame_subject
out=$tmp/out.folded

# flame ARGUMENT...: record to $out, with the summary as JSON in $tmp/out.
flame()
{
	run 0 "$kview" flame -f json -F 199 -o "$out" "$@"
}

# share PATTERN [OF]: percent of the values in stacks that match, among those that match OF, or all.
share()
{
	awk -v pattern="$1" -v of="${2-}" '$0 ~ of { all += $NF; if ($0 ~ pattern) part += $NF }
		END { printf "%d", all ? 100 * part / all : -1 }' "$out"
}

# between PATTERN LOW HIGH [OF]
between()
{
	local percent

	percent=$(share "$1" "${4-}")
	[ "$percent" -ge "$2" ] && [ "$percent" -le "$3" ] || fail "$1 has $percent %, not $2 to $3: $(cat "$out")"
}

# begin MODE [PROGRAM]: start one to look at; end: end it.
begin()
{
	"${2-$subject}" "$1" 60 &
	subject_pid=$!
	sleep 0.5
}

end()
{
	kill "$subject_pid" 2>/dev/null || true
	wait "$subject_pid" 2>/dev/null || true
}

on_cpu()
{
	# Long enough for what it costs to load it to be the lesser part.
	flame -- $subject burn "${KVIEW_SLOW:-1}"
	between '^flame_subject;.*;main;work;burn_most[ ;]' 60 88 ';work;'
	between '^flame_subject;.*;main;work;burn_rest[ ;]' 12 40 ';work;'
	between ';work;' 50 100
	is_json 'j["samples"] > 60 and j["kind"] == "on-cpu" and j["lost"] == 0 and j["processes"] == 1' <"$tmp/out"
	# Loading the program takes its time, too, where all is emulated.
	is_json 'j["functions"][0]["name"] == "burn_most" and j["ended"] == "exit"' <"$tmp/out"
}

# Three quarters of two seconds, and one, in microseconds; longer where the machine is slow to wake it.
off_cpu()
{
	local long short

	flame --off-cpu -- $subject sleep 2
	long=$(awk '/;wait_here;sleep_long;/ { sum += $NF } END { print int(sum / 1000) }' "$out")
	short=$(awk '/;wait_here;sleep_short;/ { sum += $NF } END { print int(sum / 1000) }' "$out")
	[ "$long" -ge 1450 ] && [ "$long" -gt "$short" ] || fail "sleep_long: $long ms: $(cat "$out")"
	[ "$short" -ge 480 ] || fail "sleep_short: $short ms: $(cat "$out")"
	is_json "($long + $short) / 1000 < j['seconds'] and j['unit'] == 'ns'" <"$tmp/out"
	grep -Eq 'sleep_long;.*nanosleep.*_\[k\];__schedule_\[k\] [0-9]+$' "$out" || fail "no kernel frames: $(cat "$out")"
	[ "$(bpftool link show)" = "" ] || fail "links are left"
}

# One that never wakes while it is recorded has waited, too.
still_asleep()
{
	flame --off-cpu -d 2 -- sh -c 'sleep 50 & wait'
	between '^sleep;.*nanosleep' 5 70
}

# Children and threads, unless they are not wanted.
families()
{
	flame -- $subject child 0.5
	between ';main;work;burn_' 30 100
	flame --no-follow -- $subject child 0.5
	[ "$(share burn_)" -le 0 ] || fail "the child was recorded: $(cat "$out")"
	begin thread
	flame -d 1 --pid "$subject_pid"
	between ';thread;work;burn_' 80 100
	end
	sh -c "$subject burn 60 & echo \$! >$tmp/child; wait" &
	subject_pid=$!
	sleep 0.5
	flame -d 1 --pid "$subject_pid"
	[ "$(share burn_)" -le 0 ] || fail "--pid followed: $(cat "$out")"
	flame -d 1 --tree "$subject_pid"
	between ';main;work;burn_' 80 100
	kill "$(cat "$tmp/child")"
	end
}

made_at_run_time()
{
	flame -- $subject jit 0.5
	between ';run_made;made<at>:run&time_[[]j[]]( |;.*_[[]k[]] )' 30 100
	rm -f /tmp/perf-*.map
}

# Without symbols there are no names, but the file's; never wrong ones.
stripped()
{
	flame -- ${subject}_stripped burn 0.5
	between '[[]flame_subject_stripped[]]' 30 100
	[ "$(share burn_)" = 0 ] || fail "names out of nothing: $(cat "$out")"
}

# A file that only its mount namespace has, and one that nobody has any more.
out_of_sight()
{
	unshare --mount sh -c "mount -t tmpfs hidden /mnt && cp $subject /mnt/inside && exec /mnt/inside burn 60" &
	subject_pid=$!
	wait_for grep -q /mnt/inside "/proc/$subject_pid/maps"
	flame -d 1 --pid "$subject_pid"
	between '^inside;.*;work;burn_' 60 100
	end
	cp $subject "$tmp/gone"
	begin burn "$tmp/gone"
	rm "$tmp/gone"
	flame -d 1 --pid "$subject_pid"
	between '^gone;.*;work;burn_' 80 100
	end
}

cgroup()
{
	local dir=/sys/fs/cgroup/flame other

	# The kernel gives cgroups perf events once any controller is, which systemd sees to at each boot.
	echo +pids >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $dir
	begin burn
	other=$subject_pid
	begin burn
	echo "$subject_pid" >$dir/cgroup.procs
	flame -d 1 --cgroup flame
	is_json 'j["processes"] == 1 and j["samples"] > 5' <"$tmp/out"
	between '^flame_subject;.*;work;burn_' 80 100
	end
	begin sleep
	echo "$subject_pid" >$dir/cgroup.procs
	flame --off-cpu -d 1 --cgroup flame
	is_json 'j["processes"] == 1' <"$tmp/out"
	between '^flame_subject;.*;wait_here;sleep_' 60 100
	end
	subject_pid=$other
	end
	wait_for rmdir $dir
}

pictures()
{
	run 0 "$kview" flame -F 199 -o "$tmp/a.svg" -- $subject burn 0.3
	grep -q 'burn_most' "$tmp/out" || fail "no table: $(cat "$tmp/out")"
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$tmp/a.svg" || fail "no XML"
	grep -q 'data-name="burn_most"' "$tmp/a.svg" || fail "no frame"
	run 0 "$kview" flame -F 199 -o - -t folded -- $subject burn 0.3
	grep -Eq '^flame_subject;.*burn_most [0-9]+$' "$tmp/out" || fail "standard output: $(cat "$tmp/out")"
	printf 'a;b 3\na;c 1\n' >"$tmp/1"
	printf 'a;b 1\na;d 1\n' >"$tmp/2"
	run 0 "$kview" flame diff "$tmp/1" "$tmp/2" -o "$tmp/d.folded"
	[ "$(cat "$tmp/d.folded")" = $'a;b 3 1\na;c 1 0\na;d 0 1' ] || fail "diff: $(cat "$tmp/d.folded")"
	run 0 "$kview" flame diff "$tmp/1" "$tmp/2" -o "$tmp/d.svg"
	grep -q '<title>b (1 sample, 50.00 %; before 75.00 %, -25.00 points)</title>' "$tmp/d.svg" || fail "diff: no title"
}

refusals()
{
	one_line 2 'nothing to trace' "$kview" flame
	one_line 2 'frequency 0' "$kview" flame -F 0 -p 1
	one_line 2 'frequency 1x' "$kview" flame -F 1x -p 1
	one_line 2 'type gif' "$kview" flame -t gif -p 1
	one_line 1 'pid 4000000: there is no such process' "$kview" flame -p 4000000
	one_line 1 '/nonesuch/x: No such file' "$kview" flame -o /nonesuch/x -p 1
	one_line 1 'nonesuch: there is no such cgroup' "$kview" flame -o /dev/null --cgroup nonesuch
	one_line 127 'nonesuch: cannot be executed' "$kview" flame -o /dev/null -- nonesuch
	one_line 2 'two files' "$kview" flame diff "$tmp/1"
	one_line 2 'not more' "$kview" flame diff 1 2 3
	printf 'a 1\nb\n' >"$tmp/bad"
	one_line 1 'bad:2: no line of folded stacks: no number at its end' "$kview" flame diff "$tmp/1" "$tmp/bad"
	one_line 3 'CAP_BPF' setpriv --reuid 65534 --clear-groups "$kview" flame -o /dev/null -- true
}

on_cpu
off_cpu
still_asleep
families
made_at_run_time
stripped
out_of_sight
cgroup
pictures
refusals
