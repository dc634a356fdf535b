#!/usr/bin/env bash
# Fuzzes every target in FOLDER for SECONDS each (make fuzz builds them). The corpus is read, not changed; new inputs go to
# build/fuzz/corpus/NAME, inputs that break something to build/fuzz/found. usage: tools/fuzz.sh FOLDER SECONDS [NAME...]
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/lib.sh
folder=${1:-build/fuzz/fuzz} seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
passed=0 failed=0
mkdir -p build/fuzz/found
for source in fuzz/*.c; do
	name=$(basename "$source" .c)
	[[ $name == replay ]] && continue
	(($#)) && [[ " $* " != *" $name "* ]] && continue
	mkdir -p "build/fuzz/corpus/$name"
	dict=()
	[[ -e fuzz/$name.dict ]] && dict=("-dict=fuzz/$name.dict")
	if timeout -k 10 $((seconds + 60)) "$folder/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/found/$name-" "${dict[@]}" "build/fuzz/corpus/$name" "fuzz/corpus/$name" >"build/fuzz/$name.log" 2>&1; then
		passed=$((passed + 1))
		printf '%spassed%s  fuzz/%s: %s runs\n' "$green" "$plain" "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")"
	else
		failed=$((failed + 1))
		printf '%sFAILED%s  fuzz/%s\n' "$red" "$plain" "$name"
		grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|INITED)' "build/fuzz/$name.log" | tail -n 60 | sed 's/^/        | /'
	fi
done
last_line $passed $failed 0
((failed == 0))
