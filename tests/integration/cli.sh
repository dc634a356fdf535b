#!/usr/bin/env bash
# check: asan
# The program as a person meets it: help, version, slips, completion.
set -u
P=${POSTERN:-build/postern}
fail() {
	echo "cli: $*"
	exit 1
}
# expect CODE PATTERN ARG...: exit code, and a pattern in what it says on either stream
expect() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$("$P" "$@" 2>&1 </dev/null)
	code=$?
	[[ $code == "$want" ]] || fail "postern $*: code $code, not $want: $said"
	[[ $said == *$pattern* ]] || fail "postern $*: says \"$said\", not \"$pattern\""
}
expect 0 "postern $(cat VERSION)" --version
expect 0 'Commands:' --help
expect 0 'Commands:' help
expect 2 'Commands:'
expect 2 'did you mean completion?' completoin
expect 2 'there is no command "xyzzy"' xyzzy
expect 2 'before a command' --xyzzy
expect 0 'usage: postern completion' help completion
expect 0 'usage: postern completion' completion --help
expect 0 'usage: postern policy bundle make' help policy bundle make
expect 0 'usage: postern policy bundle COMMAND' policy bundle --help
expect 2 'did you mean make?' policy bundle mkae
expect 2 'one command at a time' help completion policy
expect 2 'did you mean --help?' completion --hepl
expect 2 'name one shell' completion
expect 2 'did you mean bash?' completion bsh
expect 2 'there is no role' --role=king

# Standard output carries results only, standard error messages only.
[[ -z $("$P" completion bsh 2>/dev/null) ]] || fail 'a message went to standard output'
[[ -z $("$P" --help 2>&1 >/dev/null) ]] || fail 'a result went to standard error'
"$P" --help >/dev/full 2>/dev/null && fail 'a full disk went unnoticed'

# Every shell that is here can read its script, and bash completes with it.
for shell in bash zsh fish; do
	"$P" completion $shell | { ! command -v $shell >/dev/null || $shell -n /dev/stdin; } || fail "the script for $shell does not parse"
done
completed=$(bash -c '
	source <("$1" completion bash)
	COMP_WORDS=(postern "$2") COMP_CWORD=1
	_postern
	echo "${COMPREPLY[*]}"' - "$P" comp)
[[ $completed == completion ]] || fail "bash completes \"comp\" to \"$completed\""
# Values of options complete too, also the last of a list.
completes() {
	local got
	got=$(bash -c '
		source <("$1" completion bash)
		COMP_WORDS=(postern "${@:2}") COMP_CWORD=$(($# - 1))
		_postern
		echo "${COMPREPLY[*]}"' - "$P" "${@:2}")
	[[ $got == "$1" ]] || fail "bash completes \"${*:2}\" to \"$got\""
}
completes '--quick' vet --qui
completes 'bundle' policy bu
completes 'make' policy bundle ma
completes '--expires' policy bundle make --ex
completes 'disclosed undeclared hashed covert' vet --fail-on ''
completes 'json' vet --format j
completes 'timezone' vet --factors ti
completes 'gateway,timezone' vet --factors gateway,ti
[[ $("$P" vet --help | awk '{ if (length($0) > 80) print }') == '' ]] || fail 'the help of vet is wider than 80 columns'
echo 'cli: as documented'
