#!/usr/bin/env bash
# What the constants of real packages hold (postern vet --mine), and what reading them costs: nothing is run. docs/benchmarks.md says what the
# columns mean. Downloads what is not in the cache.
#	bench/mine.sh [SUBJECT...]      by default the tools of docs/benchmarks.md
set -u
cd "$(dirname "$0")/.." || exit 1
P=$PWD/build/release/postern
[[ -x $P ]] || { echo "build it first: make" >&2 && exit 1; }
(($#)) || set -- npm:@anthropic-ai/claude-code@2.1.{90,91,112,196,198,330} npm:@openai/codex@0.169.0 npm:@google/gemini-cli@0.61.0 \
	npm:opencode-ai@1.18.33 npm:@github/copilot@1.0.102 npm:@qwen-code/qwen-code@0.15.10
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '%-44s %6s %6s %8s %9s %7s %7s %s\n' subject files MB seconds 'CPU s' 'peak MB' hidden 'of which lists of'
for subject; do
	# Once for the download.
	"$P" vet --mine --format json "$subject" >"$scratch/out" 2>"$scratch/err"
	(($? > 1)) && { printf '%-44s %s\n' "$subject" "$(tail -n 1 "$scratch/err")" && continue; }
	tests/lib/spent.py "$scratch/time" 600 "$P" vet --mine --format json "$subject" >"$scratch/out" 2>/dev/null
	read -r seconds user system memory <"$scratch/time"
	printf '%-44s %6s %6.0f %8s %9.1f %7.0f %7s %s\n' "$subject" "$(jq .files "$scratch/out")" "$(jq '.bytes / 1e6' "$scratch/out")" "$seconds" \
		"$(echo "$user + $system" | bc)" "$((memory / 1000))" "$(jq '[.lists[] | select(.hidden)] | length' "$scratch/out")" \
		"$(jq -r '[.lists[] | select(.hidden) | "\(.total) \(.class) (\(.encoding))"] | join(", ")' "$scratch/out")"
done
