#!/usr/bin/env bash
# Runs one test for ./check: one-test.sh RESULTS KIND PATH, KIND being unit, fuzz or integration. Leaves one line
# "PASSED FAILED SKIPPED" in RESULTS/NAME.count, one "CPU WALL NAME" (both in seconds; the CPU that its processes took which somebody
# waited for) in RESULTS/NAME.time, and the output in RESULTS/NAME.log; prints one line, and all output of a failure.
set -u
. tools/lib.sh
results=$1 kind=$2 path=$3
name=$kind/$(basename "$path" .sh)
log=$results/${name/\//-}.log
count=$results/${name/\//-}.count
seconds=$(sed -n 's/^# check:.*timeout=\([0-9]*\).*/\1/p' "$path" 2>/dev/null | head -n 1)
begin=${EPOCHREALTIME/./}
passed=0 failed=0 skipped=0 why='' limit=${seconds:-300}
# Under the sanitizers all takes a few times as long.
[[ ${BUILD:-} == asan && ! $seconds ]] && limit=900
# In the gaps of others it gets a processor late.
[[ ${IN_GAPS:-} ]] && limit=$((limit * 6))

case $kind in
unit)
	timeout -k 10 "$limit" "$path" >"$log" 2>&1 </dev/null
	code=$?
	passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
	failed=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
	skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
	why="$passed tests"
	if ((code == 77)); then
		skipped=1 why=$(tail -n 1 "$log")
	elif ((code != 0 && failed == 0)); then
		failed=1 why="ended with code $code before its closing line"
	elif ((code == 0 && passed + skipped == 0)); then
		failed=1 why='ran no test'
	elif ((skipped > 0)); then
		why=$(sed -n 's/^\[  SKIPPED \] \([a-z_].*\)/\1/p' "$log" | head -n 1)
	fi
	;;
fuzz)
	timeout -k 10 "$limit" "$path" "fuzz/corpus/$(basename "$path")" >"$log" 2>&1 </dev/null
	code=$?
	why=$(tail -n 1 "$log")
	if ((code == 0)); then passed=1; else failed=1 why="ended with code $code: $why"; fi
	;;
integration)
	timeout -k 30 "$limit" bash "$path" >"$log" 2>&1 </dev/null
	code=$?
	why=$(tail -n 1 "$log")
	case $code in
	0) passed=1 ;;
	77) skipped=1 ;;
	124 | 137) failed=1 why="took longer than $limit s" ;;
	*) failed=1 why="ended with code $code: $why" ;;
	esac
	;;
esac

# A builtin, and in this very shell: in another one it would speak of that one's children.
wall=$(((${EPOCHREALTIME/./} - begin) / 100000))
times >"${count%.count}.time"
cpu=$(tail -n 1 "${count%.count}.time" | sed 's/[ms]/ /g' | awk '{printf "%.1f", $1 * 60 + $2 + $3 * 60 + $4}')
echo "$cpu $((wall / 10)).$((wall % 10)) $name" >"${count%.count}.time"

# Where everything must run, a skip that nobody has agreed to is a failure.
if ((skipped > 0)) && [[ ${CI:-} == true ]] && ! grep -q "^${name}[[:space:]]" tests/skips; then
	failed=$((failed + skipped)) skipped=0
	why="skipped, but not in tests/skips: $why"
fi
echo "$passed $failed $skipped" >"$count"
{
	flock 9
	if ((failed > 0)); then
		printf '%sFAILED%s  %s: %s\n' "$red" "$plain" "$name" "$why"
		sed 's/^/        | /' "$log" | tail -n 200
	elif ((skipped > 0)); then
		printf '%sskipped%s %s: %s\n' "$yellow" "$plain" "$name" "$why"
	else
		printf '%spassed%s  %s: %s (%d s, %d of CPU)\n' "$green" "$plain" "$name" "${why:0:100}" $((wall / 10)) "${cpu%.*}"
	fi
} 9>>"$results/lock"
