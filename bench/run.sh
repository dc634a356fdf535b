#!/usr/bin/env bash
# make bench: what a vetting costs. Prints one line a measurement; docs/benchmarks.md says what each means.
#	bench/run.sh [SUBJECT [REPEATS]]
set -u
cd "$(dirname "$0")/.." || exit 1
subject=${1:-npm:@anthropic-ai/claude-code@2.1.196}
repeats=${2:-3}
postern=build/release/postern
out=build/bench
rm -rf "$out"
mkdir -p "$out"
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
printf 'machine: %s x %s, %s MB, Linux %s\n' "$(nproc)" "${processor:-unknown processor}" \
	"$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(uname -r)"
printf 'load before: %s (1, 5 and 15 minutes)\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"

# The figures are in the report; the median of the repeats is printed, and the range.
for ((i = 1; i <= repeats; i++)); do
	"$postern" vet "$subject" --quick --seed "$i" --keep-traces --out "$out/$i" >"$out/text$i" 2>&1
	code=$?
	if ((code != 0 && code != 1)); then
		tail -n 5 "$out/text$i"
		echo "vet: not measured: the vetting ended with code $code"
		exit 1
	fi
done
python3 - "$out"/[0-9]*/report.json <<'END'
import json, statistics, sys
reports = [json.load(open(p)) for p in sys.argv[1:]]
def line(name, unit, value):
    v = [value(r) for r in reports]
    print(f"{name}: {statistics.median(v):.4g} {unit}  ({min(v):.4g} to {max(v):.4g}, {len(v)} runs)")
line("trials", "", lambda r: r["trials"])
line("wall clock", "s", lambda r: r["seconds"])
line("processor time of the tool", "s", lambda r: r["cpu"]["tool_seconds"])
line("processor time of Postern", "s", lambda r: r["cpu"]["postern_seconds"])
line("Postern against the tool", "%", lambda r: 100 * r["cpu"]["postern_seconds"] / r["cpu"]["tool_seconds"])
line("memory of Postern", "MB", lambda r: r["cpu"]["postern_rss_kb"] * 1024 / 1e6)
# What the tool itself takes, from its start to its end: what the trials would take one after the other without any of our work.
line("the tool alone, all trials", "s", lambda r: sum(t["seconds"] for t in r["trial_list"]))
line("wall clock against the tool alone", "", lambda r: r["seconds"] / sum(t["seconds"] for t in r["trial_list"]))
END

echo
echo 'parsers, on what those trials sent, by processor time:'
build/release/bench/micro "$out/body.json" "$out"/1/traces/t00*.trace || exit 1
python3 - "$out/body.json" <<'END'
import json, statistics, sys, time
text = open(sys.argv[1], "rb").read()
def once():
    t = time.process_time(); json.loads(text); return time.process_time() - t
print(f"python3 json.loads: {len(text) / 1e6 / statistics.median(once() for _ in range(9)):.0f} MB/s")
END
if command -v jq >/dev/null; then
	# Ten copies, so that the start of the program weighs little.
	for _ in 1 2 3 4 5 6 7 8 9 10; do cat "$out/body.json"; done >"$out/ten.json"
	TIMEFORMAT=%U
	seconds=$({ time jq -c . "$out/ten.json" >/dev/null; } 2>&1)
	awk -v n="$(stat -c %s "$out/ten.json")" -v s="$seconds" 'BEGIN {printf "jq: %.0f MB/s (parses and prints)\n", s ? n / 1e6 / s : 0}'
else
	echo 'jq: not installed'
fi

echo
echo 'what the ledger does with every entry, beside SHA-256 alone, by processor time:'
build/release/bench/merkle || exit 1

echo
echo 'what a decision of a policy costs, by processor time:'
build/release/bench/policy tests/integration/policy_full.yaml || exit 1

echo
echo 'an empty trial (true as the tool), one at a time:'
"$postern" vet --quick --jobs 1 --seed 1 --format json -- /bin/true >"$out/true.json" 2>/dev/null
python3 - "$out/true.json" <<'END'
import json, sys
r = json.load(open(sys.argv[1]))
print(f"Postern: {1000 * r['seconds'] / r['trials']:.0f} ms, of these {1000 * r['cpu']['postern_seconds'] / r['trials']:.0f} ms of processor time "
      f"({r['trials']} trials)")
END
if command -v bwrap >/dev/null; then
	from=$(date +%s%N)
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true || exit 1
	done
	to=$(date +%s%N)
	echo "bwrap --unshare-all, without a world: $(((to - from) / 20000000)) ms (20 runs)"
else
	echo 'bwrap: not installed (Debian package bubblewrap)'
fi
printf 'load after: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
