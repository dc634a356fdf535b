#!/bin/sh
# check: alone slow timeout=1800
# Vets every specimen and compares with tests/specimens/expected.tsv. A planted one must give exactly one covert finding, and that one
# must name the right factor; a clean one none. Usage: specimens.sh [NAME…] (all, if none is named). BUILD, SPECIMEN_EFFORT
# (--quick by default, empty for the normal one) and SPECIMEN_SEED are taken from the environment. The last line counts.
# A fifth column of expected.tsv names those that --quick has too few trials for. What hides in time (delay-hostname) shows on a machine that is
# not busy with other things: elsewhere the report says how small a delay may be and not be noticed.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-release} effort=${SPECIMEN_EFFORT---quick} seed=${SPECIMEN_SEED:-7}
postern=build/$build/postern expected=tests/specimens/expected.tsv
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM

# Within ./check only what is listed as found by now; all with --long.
if [ $# = 0 ] && [ "${POSTERN_SUITE:-long}" != long ]; then
	# shellcheck disable=SC2046 # one name a line
	set -- $(grep -v "^#" tests/specimens/default.txt)
fi
for name in "$@"; do
	grep -q "^$name	" "$expected" || { echo "specimens.sh: no specimen \"$name\"; see $expected" >&2; exit 2; }
done

# The command of a specimen, one word a line.
command_of() {
	folder=$PWD/build/$build/specimens/$1
	if [ -x "$folder/main" ]; then
		echo "$folder/main"
	elif [ -f "$folder/main.mjs" ]; then
		printf '%s\n' "$(command -v node)" "$folder/main.mjs"
	else
		# The real one: what PATH finds may be the shim of a version manager, which a trial does not have.
		printf '%s\n' "$(python3 -c 'import sys; print(sys.executable)')" "$folder/main.py"
	fi
}

check() {
	name=$1 kind=$2 factor=$3 carrier=$4 how=$effort
	[ -n "$5" ] && how=
	folder=build/$build/specimens/$name
	if [ -f "$folder/main.mjs" ] && ! command -v node >/dev/null; then
		skipped=$((skipped + 1))
		echo "skip $name: node is not installed"
		return
	fi
	set -f
	# shellcheck disable=SC2046 # one word a line, and no word has a blank
	"$postern" vet --profile "tests/specimens/$name/profile.yaml" ${how:+"$how"} --conduct none --seed "$seed" --format json -- $(command_of "$name") \
		>"$work/$name.json" 2>"$work/$name.err"
	code=$?
	set +f
	if ! found=$(jq -r '[.findings[] | select(.class == "covert") | .factor] | unique | join(" ")' "$work/$name.json" 2>/dev/null); then
		failed=$((failed + 1))
		echo "FAIL $name: no report (exit $code): $(tail -n 1 "$work/$name.err")"
		return
	fi
	count=$(jq '[.findings[] | select(.class == "covert")] | length' "$work/$name.json")
	verdict=$(jq -r .verdict "$work/$name.json")
	facts="$(jq -r '"\(.trials) trials, \(.seconds) s"' "$work/$name.json"), verdict $verdict, exit $code, covert: $count ${found:+($found)}"
	good=no
	if [ "$kind" = planted ]; then
		[ "$count" = 1 ] && [ "$found" = "$factor" ] && [ "$code" = 1 ] && good=yes
		facts="$facts; planted: $carrier by $factor"
	else
		[ "$count" = 0 ] && [ "$code" = 0 ] && [ "$verdict" != inconclusive ] && good=yes
	fi
	if [ $good = yes ]; then
		passed=$((passed + 1))
		echo "ok   $name: $facts"
	else
		failed=$((failed + 1))
		echo "FAIL $name: $facts"
	fi
}

[ -x "$postern" ] || { echo "specimens.sh: $postern is not built: make BUILD=$build" >&2; exit 2; }
tab=$(printf '\t')
while IFS=$tab read -r name kind factor carrier needs; do
	case $name in '#'* | '') continue ;; esac
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	check "$name" "$kind" "$factor" "$carrier" "${needs:-}" </dev/null
done <"$expected"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
