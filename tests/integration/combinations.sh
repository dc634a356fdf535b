#!/bin/sh
# check: long alone slow timeout=1800
# Behaviour that takes two conditions at once, or a condition on some devices only: postern vet must name just these, and nothing else may
# be covert. One of them is tried behind the gate too, which does not close it and must say so. Usage: combinations.sh [NAME…]
# BUILD and SPECIMEN_SEED are taken from the environment. The last line counts.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-release} seed=${SPECIMEN_SEED:-7}
postern=build/$build/postern
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM

# name, conditions, further options
check() {
	name=$1 wanted=$2
	shift 2
	if ! command -v node >/dev/null; then
		skipped=$((skipped + 1))
		echo "skip $name: node is not installed"
		return
	fi
	"$postern" vet --profile "tests/specimens/$name/profile.yaml" --seed "$seed" --ledger none --format json "$@" \
		-- "$(command -v node)" "$PWD/build/$build/specimens/$name/main.mjs" >"$work/$name.json" 2>"$work/$name.err"
	code=$?
	found=$(jq -r '[.findings[] | select(.class == "covert") | [.conditions[].factor] - ["base"] | sort | join("+")] | join(" ")' \
		"$work/$name.json" 2>/dev/null)
	state=$(jq -r '[.through_gate.dependences[]? | select(.class == "covert") | .state] | join(" ")' "$work/$name.json" 2>/dev/null)
	facts=$(jq -r '"\(.trials) trials, \(.seconds | floor) s, q \(.findings[0].q_value), \(.findings[0].bits.estimate) bits; pairs " +
		([.coverage.combinations[] | select(.strength == 2) | "\(.covered)/\(.wanted)"] | join(", "))' "$work/$name.json" 2>/dev/null)
	if [ "$found" = "$wanted" ] && [ "$code" = 1 ] && [ "${state:-not closable}" = "not closable" ]; then
		passed=$((passed + 1))
		echo "ok   $name: $found${state:+, $state} ($facts)"
	else
		failed=$((failed + 1))
		echo "FAIL $name: \"$found\" and not \"$wanted\", exit $code${state:+, $state} ($facts): $(tail -n 1 "$work/$name.err")"
	fi
}

[ -x "$postern" ] || { echo "combinations.sh: $postern is not built: make BUILD=$build" >&2; exit 2; }
want() {
	[ -z "$names" ] && return 0
	case " $names " in *" $1 "*) return 0 ;; esac
	return 1
}
names=$*
if want both-homoglyph; then check both-homoglyph locale+timezone; fi
if want both-header; then check both-header credentials+proxy; fi
if want both-gateway-zone; then check both-gateway-zone gateway+timezone; fi
if want both-wording; then check both-wording company+git_remote --factors company,git_remote,shell --through-gate; fi
if want rollout-shell; then check rollout-shell device+shell; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
