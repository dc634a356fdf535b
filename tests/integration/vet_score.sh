#!/bin/sh
# check: alone timeout=400
# The generator of specimens (bench/vet_score): the set of a seed is always the same, and every seed makes one; a small sample is vetted and
# counted. What the whole set gives is not tested but measured: docs/vet-score.md.
set -u
cd "$(dirname "$0")/../.." || exit 2
postern=$PWD/build/${BUILD:-release}/postern passed=0 failed=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM
ok() { passed=$((passed + 1)) && echo "ok   $1"; }
no() { failed=$((failed + 1)) && echo "FAIL $1"; }

for seed in 1 2 3 4 5 6; do
	if bench/vet-score --seed $seed --list >"$work/list$seed" 2>"$work/err" && [ "$(cut -f 2 "$work/list$seed" | grep -c planted)" -ge 48 ] &&
		[ "$(cut -f 2 "$work/list$seed" | grep -c clean)" -ge 24 ] && bench/vet-score --seed $seed --list | cmp -s - "$work/list$seed"; then
		ok "seed $seed makes a set, and the same again"
	else
		no "seed $seed: $(tail -n 1 "$work/err")"
	fi
done
if cmp -s "$work/list1" "$work/list2"; then no 'two seeds make one set'; else ok 'another seed makes another set'; fi
for trigger in plain mined pair rollout; do
	if [ "$(awk -F '\t' -v t=$trigger '$4 == t' "$work/list1" | wc -l)" -ge 12 ]; then ok "twelve carriers with trigger $trigger"; else no "too few of $trigger"; fi
done

if bench/vet-score --postern "$postern" --effort quick --only wording-plain --only clean-01 --out "$work/out" >"$work/text" 2>&1 &&
	jq -e '.summary | .planted == 1 and .clean == 1 and .found == 1 and .false_on_clean == [] and .naive.clean_flagged == 1' "$work/out/score.json" >"$work/jq"; then
	ok 'a planted one is found, a clean one is not accused, and the naive method accuses it'
else
	no "the sample: $(tail -n 3 "$work/text")"
fi
before=$(date +%s)
if bench/vet-score --postern "$postern" --effort quick --only wording-plain --only clean-01 --out "$work/out" >"$work/text" 2>&1 && [ $(($(date +%s) - before)) -le 5 ]; then
	ok 'what is known is not run again'
else
	no 'results are not kept'
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
