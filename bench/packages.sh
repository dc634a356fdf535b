#!/bin/bash
# False alarms between honest versions: postern scan --diff of each pair in bench/packages.tsv, from the configured registry. A row each, with every
# finding that is suspicious or bad below it, and at the end how many pairs have one. Needs jq and a registry.
set -u
cd "$(dirname "$0")/.." || exit 2
postern=build/${BUILD:-release}/postern
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
pairs=0 odd=0 failed=0
while IFS=$'\t' read -r name old new; do
	begin=$EPOCHREALTIME
	"$postern" scan --format json --output "$work/out.json" --diff "npm:$name@$old" "npm:$name@$new" 2>"$work/err"
	took=$(echo "$EPOCHREALTIME - $begin" | bc)
	pairs=$((pairs + 1))
	if ! jq -e .change "$work/out.json" >/dev/null 2>&1; then
		failed=$((failed + 1))
		printf '%s\t%s\t%s\tnot compared: %s\n' "$name" "$old" "$new" "$(head -c 200 "$work/err")"
		continue
	fi
	jq -r '[.verdict, "\(.change.changes | length) changes", "gained " + (.change.gained | join(",")), "lost " + (.change.lost | join(","))] | join("\t")' "$work/out.json" |
		sed "s|^|$name\t$old\t$new\t$took s\t|"
	jq -r '.files[].findings[] | select(.verdict != "unscanned") | "\t" + .rule + "\t" + (.member // "") + "\t" + .evidence' "$work/out.json" >"$work/found"
	cat "$work/found"
	[[ -s $work/found ]] && odd=$((odd + 1))
done <bench/packages.tsv
echo "$pairs pairs, $odd with a finding that is suspicious or bad, $failed not compared"
