#!/usr/bin/env bash
# What the search for secrets finds, what it finds where there is none, and how fast it is; beside plain expressions with the same prefixes
# (grep -P). docs/benchmarks.md says what the lines mean.
#	bench/dlp.sh [FOLDER...]    of ordinary files; by default what the system has
set -u
cd "$(dirname "$0")/.." || exit 1
P=build/release/integration/dlp_scan
(($#)) || set -- /usr/include /usr/lib/python3 /usr/lib/python3.11 /usr/share/doc /usr/share/perl src docs
list=$(mktemp)
trap 'rm -f "$list" "$list.p"' EXIT
find "$@" -type f -size -2000k \( -name '*.[ch]' -o -name '*.py' -o -name '*.js' -o -name '*.ts' -o -name '*.go' -o -name '*.json' -o -name '*.md' -o -name '*.txt' \
	-o -name '*.p[lm]' -o -name '*.html' -o -name '*.y*ml' -o -name '*.sum' -o -name copyright \) 2>/dev/null | sort >"$list"
echo "== found, of a labelled set (seeds 1 and 2, fed whole and in pieces)"
python3 tests/integration/dlp_recall.py "$P" --seed 1 --rounds 5 --report
python3 tests/integration/dlp_recall.py "$P" --seed 2 --rounds 5 --mode pieces
echo "== found in ordinary files ($(wc -l <"$list"))"
"$P" whole - <"$list" | tail -n 1
"$P" whole - <"$list" | awk -F'\t' '/^=/ {next} {for (i = 2; i <= NF; i++) {split($i, f, " "); n[f[1]]++}} END {for (k in n) print n[k], k}' | sort -rn | head -n 20
echo "== plain expressions on the same files: lines, seconds of processor time"
python3 tests/integration/dlp_recall.py "$P" --pattern >"$list.p"
TIMEFORMAT='%U s'
time tr '\n' '\0' <"$list" | LC_ALL=C xargs -0 grep -aPhc -f "$list.p" 2>/dev/null | awk '{n += $1} END {print n}'
echo "== speed"
grep -E '\.py$' "$list" | head -n 300 | xargs build/release/bench/dlp share/rules/secrets.yaml
grep -E '\.[ch]$' "$list" | head -n 1500 | xargs build/release/bench/dlp share/rules/secrets.yaml
