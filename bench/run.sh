#!/usr/bin/env bash
# make bench: what a vetting costs. Prints one line a measurement; docs/benchmarks.md says what each means.
set -u
cd "$(dirname "$0")/.." || exit 1
subject=${1:-npm:@anthropic-ai/claude-code@2.1.196}
postern=build/release/postern
out=build/bench
mkdir -p "$out"
printf 'machine: %s processors, %s MB, Linux %s\n' "$(nproc)" "$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(uname -r)"
if ! "$postern" help vet >/dev/null 2>&1; then
	echo 'vet: not measured: this build has no such command'
	exit 0
fi
"$postern" vet "$subject" --quick --out "$out" >"$out/text" 2>&1
code=$?
if ((code != 0 && code != 1)); then
	tail -n 5 "$out/text"
	echo "vet: not measured: the vetting ended with code $code"
	exit 1
fi
# The figures are in the report; a report without one of them says so.
python3 - "$out/report.json" <<'END'
import json, sys
r = json.load(open(sys.argv[1]))
rows = r.get("trial_rows") or []
def line(name, value, unit=""):
    print(f"{name}: not in the report" if value is None else f"{name}: {value:g} {unit}".rstrip())
line("trials", r.get("trials"))
line("wall clock", r.get("seconds"), "s")
cost = r.get("cost") or r
own, tool = cost.get("own_cpu_s"), cost.get("tool_cpu_s")
line("processor time of the tool", tool, "s")
line("processor time of Postern", own, "s")
line("Postern against the tool", None if not own or not tool else round(100 * own / tool, 1), "%")
rss = cost.get("own_rss_kb")
line("memory of Postern", None if rss is None else round(rss / 1024), "MB")
END
