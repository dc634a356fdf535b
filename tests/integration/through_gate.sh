#!/bin/sh
# check: alone slow timeout=1800
# What postern vet --through-gate says of every planted specimen: that its channel is there without the gate, and closed behind it. Of one
# it must say that it is not: what is in the project stays, and one word is like another to a gate. A tool that hides nothing must work
# behind the gate, and nothing may be found there that was not there before. Usage: through_gate.sh [NAME…]
# BUILD and SPECIMEN_SEED are taken from the environment. The last line counts.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-release} seed=${SPECIMEN_SEED:-7}
postern=build/$build/postern expected=tests/specimens/expected.tsv
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM
stays=' wording-remote '
# A text, the form of JSON, what stays, and a clean one; all with --long.
if [ $# = 0 ] && [ "${POSTERN_SUITE:-long}" != long ]; then
	set -- homoglyph-locale key-order-user wording-remote clean-honest-echo
fi

command_of() {
	folder=$PWD/build/$build/specimens/$1
	if [ -x "$folder/main" ]; then
		echo "$folder/main"
	elif [ -f "$folder/main.mjs" ]; then
		printf '%s\n' "$(command -v node)" "$folder/main.mjs"
	else
		printf '%s\n' "$(python3 -c 'import sys; print(sys.executable)')" "$folder/main.py"
	fi
}

check() {
	name=$1 kind=$2 factor=$3
	if [ -f "build/$build/specimens/$name/main.mjs" ] && ! command -v node >/dev/null; then
		skipped=$((skipped + 1))
		echo "skip $name: node is not installed"
		return
	fi
	[ "$kind" = planted ] && only=$factor || only=timezone,user,hostname,project
	set -f
	# shellcheck disable=SC2046 # one word a line, and no word has a blank
	"$postern" vet --profile "tests/specimens/$name/profile.yaml" --quick --conduct none --seed "$seed" --factors "$only" --through-gate --ledger none --format json \
		-- $(command_of "$name") >"$work/$name.json" 2>"$work/$name.err"
	code=$?
	set +f
	state=$(jq -r --arg f "$factor" '[.through_gate.dependences[]? | select(.class == "covert" and .factor == $f) | .state] | unique | join(" ")' \
		"$work/$name.json" 2>/dev/null)
	new=$(jq '[.through_gate.dependences[]? | select(.state == "new")] | length' "$work/$name.json" 2>/dev/null)
	facts=$(jq -r '"\(.trials) trials, \(.through_gate.trials // 0) behind the gate, \(.seconds + (.through_gate.seconds // 0) | floor) s"' "$work/$name.json" 2>/dev/null)
	wanted=closed wanted_code=0
	case $stays in *" $name "*) wanted='not closable' wanted_code=1 ;; esac
	[ "$kind" = planted ] || wanted=
	if [ "$state" = "$wanted" ] && [ "$new" = 0 ] && [ $code = $wanted_code ]; then
		passed=$((passed + 1))
		echo "ok   $name: ${state:-clean} ($facts)"
	else
		failed=$((failed + 1))
		echo "FAIL $name: \"$state\" and not \"$wanted\", $new new, exit $code ($facts): $(jq -r '.through_gate.reason // .reason // ""' "$work/$name.json") $(tail -n 1 "$work/$name.err")"
	fi
}

[ -x "$postern" ] || { echo "through_gate.sh: $postern is not built: make BUILD=$build" >&2; exit 2; }
tab=$(printf '\t')
while IFS=$tab read -r name kind factor _; do
	case $name in '#'* | '') continue ;; esac
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	check "$name" "$kind" "$factor" </dev/null
done <"$expected"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
