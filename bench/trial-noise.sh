#!/usr/bin/env bash
# What it costs, and what it gives, to choose the randomness and the calendar of a trial: calls and programs, the start of runtimes, and how
# much of what a real tool sends is then the same in two trials.
#	bench/trial-noise.sh [all|calls|start|same [SUBJECT [BUN]]]
# BUN: an executable of Bun, to be measured beside node and python3. docs/benchmarks.md says what the lines mean.
set -u
cd "$(dirname "$0")/.." || exit 1
part=${1:-all} subject=${2:-npm:@anthropic-ai/claude-code@2.1.196} bun=${3:-}
build=build/release
make -s BUILD=release all "$build/bench/noise" "$build/integration/machine_driver" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/tool"
cp "$build/bench/noise" "$work/tool/" || exit 1
cp "$build/integration/machine_driver" "$work/" || exit 1
[[ -n $bun ]] && { cp "$bun" "$work/tool/bun" || exit 1; }
echo '0' >"$work/tool/nothing.mjs"
chmod -R a+rX "$work"
printf 'machine: %s x %s, Linux %s, load %s\n' "$(nproc)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(uname -r)" \
	"$(cut -d ' ' -f 1-3 /proc/loadavg)"
modes=('' 'stream=1' 'stream=1 start=2000000000')
trial() {
	local mode=$1
	shift
	# shellcheck disable=SC2086 # one word each
	"$work/machine_driver" folder="$work/tool" $mode -- "$@" 3>"$work/end" </dev/null
}

calls() {
	echo
	echo 'calls and programs, nanoseconds (nothing chosen, randomness, both):'
	for i in 0 1 2; do trial "${modes[i]}" /opt/artefact/noise >"$work/calls$i" || exit 1; done
	paste "$work/calls0" "$work/calls1" "$work/calls2" | awk -F '\t' '{printf "%-44s %10.0f %10.0f %10.0f\n", $1, $2, $4, $6}'
}

starts() {
	echo
	echo 'from the start of a program to its end, milliseconds, the quickest of 15 in turns (nothing chosen, randomness, both):'
	one() {
		local name=$1
		shift
		for i in 0 1 2; do : >"$work/times$i"; done
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
			for i in 0 1 2; do
				trial "${modes[i]}" "$@" >/dev/null 2>&1
				sed -n 2p "$work/end" >>"$work/times$i"
			done
		done
		printf '%-10s' "$name"
		for i in 0 1 2; do sort -n "$work/times$i" | awk 'NR == 1 {printf " %8.0f", $1 * 1000}'; done
		echo
	}
	one true /bin/true
	one python3 /usr/bin/python3 -c 0
	[[ $(command -v node) == /usr/bin/* ]] && one node /usr/bin/node /dev/null
	[[ -n $bun ]] && one bun /opt/artefact/bun /opt/artefact/nothing.mjs
}

same() {
	echo
	echo "what $subject sends: values that differ between a trial of one level and a baseline, the closest one and the others:"
	for how in free chosen; do
		"$build/postern" vet "$subject" --quick --seed 7 --randomness $how --keep-traces --ledger none --out "$work/$how" >"$work/text" 2>&1
		code=$?
		((code == 0 || code == 1)) || { tail -n 3 "$work/text"; echo "not measured: the vetting ended with code $code"; exit 1; }
	done
	python3 - "$work" <<'END'
import collections, json, os, re, struct, sys
HOST, METHOD, TARGET, BODY = 5, 8, 9, 11  # src/wire/trace.h
def records(path):
    data, at = open(path, "rb").read(), 0
    while at + 5 <= len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        rest, kind, fields = data[at + 5:at + 4 + n], data[at + 4], {}
        at += 4 + n
        while rest:
            tag, size = struct.unpack(">BI", rest[:5])
            fields[tag], rest = rest[5:5 + size], rest[5 + size:]
        yield kind, fields
def leaves(value, path):
    if isinstance(value, str) and value[:1] in "{[":
        try: value = json.loads(value)
        except ValueError: pass
    if isinstance(value, dict):
        for k, v in value.items(): yield from leaves(v, path + "." + k)
    elif isinstance(value, list):
        for i, v in enumerate(value): yield from leaves(v, path + f"[{i}]")
    else: yield path, value
def values(path):
    out, seen = {}, collections.Counter()
    for kind, f in records(path):
        if kind != 5 or not f.get(BODY): continue
        name = "%s %s%s" % tuple(f.get(t, b"").decode(errors="replace") for t in (METHOD, HOST, TARGET))
        name = re.sub(r"[0-9a-f-]{16,}", "…", name)
        seen[name] += 1
        try: body = json.loads(f[BODY])
        except ValueError: continue
        for p, v in leaves(body, ""): out[name, seen[name], p] = v
    return out
kinds = (("time", re.compile(r"^\d{4}-\d\d-\d\dT|^1[0-9]{12}(\.\d+)?$|^1[0-9]{9}$")),
         ("random", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16,}|^[A-Za-z0-9_-]{20,}$")))
def kind(v):
    return next((n for n, r in kinds if r.search(v)), "number" if re.fullmatch(r"-?[0-9.e+-]+", v) else "other")
for how in ("free", "chosen"):
    folder = f"{sys.argv[1]}/{how}/traces"
    # number, base, whether it confirms, start, whether the tool worked, levels
    rows = [l.rstrip("\n").split("\t") for l in open(folder + "/trials.tsv")]
    trials = {r[0]: (r[1], r[5] == "-", values(f"{folder}/t{int(r[0]):03d}.trace")) for r in rows if r[2] == "0" and r[4] == "1"}
    sums, n = (collections.Counter(), collections.Counter()), [0, 0]
    for base, is_baseline, a in trials.values():
        if is_baseline: continue
        found = []
        for other, also, b in trials.values():
            if also and other == base:
                found.append(collections.Counter(kind(str(b[k])) for k in a.keys() & b.keys() if a[k] != b[k]))
        found.sort(key=lambda c: sum(c.values()))
        for i, c in enumerate(found):
            sums[i > 0].update(c)
            n[i > 0] += 1
    for i, name in enumerate(("the closest", "the others")):
        print(f"{how}, {name}: " + ", ".join(f"{sums[i][k] / n[i]:.0f} {k}" for k in ("random", "time", "number", "other")))
END
}

case $part in
all) calls && starts && same ;;
calls) calls ;;
start) starts ;;
same) same ;;
*) sed -n 's/^#\t//p' "$0"; exit 2 ;;
esac
