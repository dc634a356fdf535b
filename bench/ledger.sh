#!/usr/bin/env bash
# make bench-ledger: what a durable entry costs, and what it costs to check a log. Writes some gigabytes below FOLDER (build/bench), and
# removes them again. docs/benchmarks.md says what the lines mean.
#	bench/ledger.sh [FOLDER [ENTRIES]]
set -u
cd "$(dirname "$0")/.." || exit 1
folder=${1:-build/bench} entries=${2:-10000000}
mkdir -p "$folder"
work=$(mktemp -d "$folder/ledger.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
printf 'machine: %s x %s, %s MB, Linux %s, %s\n' "$(nproc)" "${processor:-unknown processor}" \
	"$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(uname -r)" "$(stat -f -c %T "$work")"
printf 'load before: %s (1, 5 and 15 minutes)\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
build/release/bench/ledger "$work" 3 3 64 || exit 1
build/release/bench/ledger_read "$work" "$entries" 256 || exit 1
printf 'load after: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
