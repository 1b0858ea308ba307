#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What bash and zsh offer after "kview ...": all commands and options there are, and values that make sense.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

env -u MAKEFLAGS -u MAKELEVEL make -s "$kview" >"$tmp/log" 2>&1 || fail "make $kview: $(<"$tmp/log")"
[ -e /usr/share/bash-completion/bash_completion ] || skip "bash-completion is not installed"
mkdir "$tmp/bin" "$tmp/objects"
ln -s "$PWD/$kview" "$tmp/bin/kview"
touch "$tmp/objects/one.bpf.o"
PATH=$tmp/bin:$PATH

# A shell to ask: each line it reads is a command line, its answer one line of words.
cat >"$tmp/asked" <<'BASH'
. /usr/share/bash-completion/bash_completion
. completion/bash/kview
compopt() { :; } # there is no line being edited
while IFS= read -r COMP_LINE; do
	COMP_POINT=${#COMP_LINE} COMPREPLY=()
	read -ra COMP_WORDS <<<"${COMP_LINE//=/ = }"
	[[ $COMP_LINE != *' ' ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_kview 2>/dev/null
	echo " ${COMPREPLY[*]} "
done
BASH
coproc asked { bash --norc "$tmp/asked"; }

# offered LINE: sets $words
offered()
{
	echo "$1" >&"${asked[1]}"
	IFS= read -r -t 60 words <&"${asked[0]}" || fail "no answer to: $1"
}

# offers LINE WORD...
offers()
{
	local word

	offered "$1"
	for word in "${@:2}"; do
		[[ $words == *" $word "* ]] || fail "after '$1' there is no $word in:$words"
	done
}

offers 'kview ' run trace list show cost info guard flame shield monitor top help --help --version
offers 'kview sho' show
[ "$words" = ' show ' ] || fail "after 'kview sho':$words"
"$kview" --help | sed -nE 's/^  ([a-z]+) .*/\1/p' | grep -vx help >"$tmp/commands"
while read -r command; do
	mapfile -t options < <("$kview" "$command" --help | grep -oE '^  -[a-zA-Z], --[a-z-]+' | sed 's/.* //')
	[ ${#options[@]} -gt 0 ] || fail "no options in the help of $command"
	offers "kview $command --" "${options[@]}"
	offers 'kview help ' "$command"
done <"$tmp/commands"
offers 'kview guard ' replay watch serve normalize
offers 'kview guard watch --' --all --pid --respond
offers 'kview guard replay --' --train --attack
offers 'kview run --mode ' auto view ordinary
offers 'kview run --mode=v' view
offers 'kview list -f ' table json
offers "kview run --pid $$" $$
offers "kview run -p 1,$$" "1,$$"
offers 'kview list -k ' entry tp_enter tp_exit raw_enter raw_exit
offers "kview run $tmp/objects/o" "$tmp/objects/one.bpf.o"
offers 'kview trace ' syscalls: kprobe: kretprobe: func: tracepoint: rawtp:
offers 'kview trace --cg' --cgroup
offers 'kview trace -- sha256su' sha256sum
offers 'kview run x.bpf.o -- sha256su' sha256sum
offered 'kview list vf'
[ "$words" = '  ' ] || fail "too short a name brings a long list:$words"
if ! command -v zsh >/dev/null; then
	echo "zsh is not installed: its completion was not tried"
	exit
fi
# The terminal gets a size: zsh 5.9 now and then overruns its heap (1 in 20 of these runs) where a list is longer than
# what it takes for the screen, and a terminal of zpty has no rows at all.
cat >"$tmp/asked.zsh" <<'ZSH'
zmodload zsh/zpty
zpty terminal zsh -f -i
zpty -w terminal 'stty rows 200 cols 200; PS1=""; fpath=('$PWD'/completion/zsh $fpath); autoload -Uz compinit && compinit -D -u; LISTMAX=9999
	TERM=dumb; bindkey "^I" complete-word; zstyle ":completion:*" verbose no; print REA""DY'
zpty -r -m terminal answer '*READY*'
for line; do
	zpty -w -n terminal "$line"$'\t'$'\C-a'"echo EN''D "$'\n'
	zpty -r -m terminal answer '*END*'
	print -r -- "<$line> ${${answer//$'\r'/ }//$'\n'/ }"
done
ZSH
timeout 200 zsh -f "$tmp/asked.zsh" 'kview ' 'kview sho' 'kview run --' 'kview run --mode=o' 'kview list -k ' \
	'kview trace k' 'kview trace --cg' \
	'kview guard ' 'kview guard replay --a' "kview run $tmp/objects/o" >"$tmp/zsh" 2>&1 || fail "zsh: $(<"$tmp/zsh")"

# zsh_offers LINE WORD...
zsh_offers()
{
	local word answer

	answer=$(grep -aF "<$1> " "$tmp/zsh") || fail "zsh did not answer to '$1': $(<"$tmp/zsh")"
	for word in "${@:2}"; do
		[[ ${answer#"<$1>"} == *" $word "* ]] || fail "zsh does not offer $word after '$1': $answer"
	done
}

mapfile -t commands <"$tmp/commands"
mapfile -t options < <("$kview" run --help | grep -oE '^  -[a-zA-Z], --[a-z-]+' | sed 's/.* //')
zsh_offers 'kview ' "${commands[@]}" help
zsh_offers 'kview sho' show
zsh_offers 'kview run --' "${options[@]}"
zsh_offers 'kview run --mode=o' --mode=ordinary
zsh_offers 'kview guard ' replay watch serve normalize
offers 'kview guard watch --' --all --pid --respond
zsh_offers 'kview guard replay --a' --attack
zsh_offers 'kview list -k ' entry tp_enter tp_exit raw_enter raw_exit
zsh_offers 'kview trace k' kprobe:
zsh_offers 'kview trace --cg' --cgroup
zsh_offers "kview run $tmp/objects/o" "$tmp/objects/one.bpf.o"
