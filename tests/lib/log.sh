# shellcheck shell=bash
# What the scripts about ledgers share. Sourced from the top of the source tree: . tests/lib/log.sh NAME-OF-THE-SCRIPT
#
# Then $P is the program, $here the source tree, and the working folder, $work, a new one. At the end the processes in the array pids are
# killed, and the folder goes.
P=$(realpath "${POSTERN:-build/postern}")
here=$PWD
export P here
script=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/postern-${script//_/-}.XXXXXX")
pids=()
cleanup() {
	((${#pids[@]})) && kill -KILL "${pids[@]}" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
# forget PID: it has ended, and its number may be another's soon
forget() {
	local p kept=()
	for p in "${pids[@]}"; do
		[[ $p == "$1" ]] || kept+=("$p")
	done
	pids=("${kept[@]}")
}
cd "$work" || exit 1

fail() {
	echo "$script: $*"
	exit 1
}

# expect CODE PATTERN ARG...: exit code, and a pattern in what "postern log" says on either stream
expect() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$(timeout 120 "$P" log "$@" 2>&1 </dev/null)
	code=$?
	[[ $code == "$want" ]] || fail "log $*: code $code, not $want: $said"
	[[ $said == *$pattern* ]] || fail "log $*: says \"$said\", not \"$pattern\""
}

# wait_for COMMAND...: until it succeeds, for 60 s
wait_for() {
	local i
	for ((i = 0; i < 1200; i++)); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}
