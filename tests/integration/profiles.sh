#!/usr/bin/env bash
# check: long alone timeout=3400
# Every shipped profile, proven with the real tool of the registry: from both bases the tool works to the end, asks the model more than
# once, and reads, runs and writes what the model wants. With words as arguments only the packages whose names hold one of them.
set -u
cd "$(dirname "$0")/../.." || exit 1
P=${POSTERN:-build/postern}
packages=(
	@anthropic-ai/claude-code@2.1.90 @anthropic-ai/claude-code@2.1.91 @anthropic-ai/claude-code@2.1.196
	@anthropic-ai/claude-code@2.1.198 @anthropic-ai/claude-code@2.1.330 @openai/codex@0.169.0 @qwen-code/qwen-code@0.15.10
	@google/gemini-cli@0.61.0 opencode-ai@1.18.33 @github/copilot@1.0.102
)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

skip() {
	echo "$*"
	exit 77
}
registry=$(npm config get registry 2>/dev/null) || skip 'npm is not installed'
command -v node >/dev/null || skip 'node is not installed'
curl -sfo /dev/null -m 20 "${registry%/}/opencode-ai" || skip 'no registry of npm can be reached'

# How often one of these stands in a trace.
count() { # TRACE PATTERN
	LC_ALL=C grep -aoE "$2" "$1" | wc -l
}
# The first trial of a base that is no confirmation.
trial_of() { # FOLDER BASE
	awk -F '\t' -v base="$2" '$2 == base && $3 == 0 {printf "t%03d.trace", $1; exit}' "$1/trials.tsv"
}
prove() {
	local package=$1 folder=$work/out/traces report=$work/report.json code bad base trace models results
	rm -rf "$folder"
	"$P" vet "npm:$package" --quick --factors hostname --seed 1 --format json --keep-traces --out "$work/out" >"$report" 2>"$work/err"
	code=$?
	((code == 0 || code == 1)) || { echo "exit $code: $(tail -n 1 "$work/err") $(jq -r '.reason // ""' "$report" 2>/dev/null)" && return 1; }
	bad=$(jq -r '[.trial_list[] | select(.end != "exit 0") | "\(.id) \(.end)"] | join(", ")' "$report")
	[[ $bad ]] && echo "trials that did not end well: $bad" && return 1
	for base in 0 1; do
		trace=$folder/$(trial_of "$folder" $base)
		[[ -f $trace ]] || { echo "no trial of base $base" && return 1; }
		models=$(count "$trace" 'anthropic\.messages|openai\.chat|openai\.responses|gemini\.stream|"type":"response\.create"')
		((models > 3)) || { echo "base $base: $models requests to the model" && return 1; }
		# Read, command and write each come back; over HTTP the earlier ones again with each request.
		results=$(count "$trace" '"type":"(tool_result|function_call_output|custom_tool_call_output)"|"role":"tool"|"functionResponse"')
		((results >= 3)) || { echo "base $base: $results results of the model's wishes" && return 1; }
		(($(count "$trace" '"is_error":true') == 0)) || { echo "base $base: a wish of the model was refused" && return 1; }
		(($(count "$trace" 'LICENSE') > 0)) || { echo "base $base: the command did not list the project" && return 1; }
	done
	jq -r '"\(.verdict), \(.trials) trials, \(.seconds) s"' "$report"
}

failed=0 done=0
for package in "${packages[@]}"; do
	chosen=$(($# == 0))
	for word in "$@"; do [[ $package == *"$word"* ]] && chosen=1; done
	((chosen)) || continue
	done=$((done + 1))
	if said=$(prove "$package"); then
		echo "ok   $package: $said"
	else
		echo "FAIL $package: $said"
		failed=$((failed + 1))
	fi
done
echo "$((done - failed)) of $done tools work to the end from both bases"
((failed == 0 && done > 0))
