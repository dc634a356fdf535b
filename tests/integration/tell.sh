#!/bin/sh
# check: alone long timeout=240
# A subject that tries to tell the trial from a person's machine, in more than sixty ways (tell_tool.py). What tells is known: docs/threat-model.md
# lists it, and so does `known` below. A way that is not there must not tell; one that is there and tells no more must be struck off, but
# for what chance decides.
set -u
cd "$(dirname "$0")/../.." || exit 2
postern=$PWD/build/${BUILD:-release}/postern passed=0 failed=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM

# Names answer and servers take everything because what a tool would say there must be heard; the model is a script; a box is a box.
known="name-that-nobody-has domain-of-no-registry other-kinds-of-record no-ipv6-anywhere address-of-nobody
one-authority-for-all certificate-without-proof-of-log certificate-says-nowhere-to-ask variables-for-an-authority
any-port-answers any-address-answers one-server-stack path-that-nobody-has
model-cannot-count model-says-the-same model-repeats-a-word any-key-is-good any-model-is-there counts-of-tokens
few-processes parent mounts made-up-files-in-proc cgroup processes-older-than-the-machine devices no-disk filtered-calls no-new-privileges
user-namespace system-owned-by-nobody no-capability-to-be-had slow-calls disk-too-small no-terminal"
# These may say either on a busy machine, or where a kernel lacks something.
either="slow-calls network-too-near all-equally-near no-firmware hypervisor machine-just-started clocks-disagree date-of-servers"

mkdir "$work/tool"
cp tests/integration/tell_tool.py "$work/tool/main.py"
cat >"$work/profile.yaml" <<'END'
name: tell
title: Fern, which looks around
packages: []
dialect: anthropic
model_hosts: [api.fernwright.example]
prompt: What does this project do?
argv: []
env:
  FERN_API_KEY: "fern-{key}"
seconds: 60
declares: []
END
python=$(python3 -c 'import sys; print(sys.executable)')
"$postern" vet --profile "$work/profile.yaml" --quick --factors machine_id --jobs 1 --seed 1 --format json --ledger none --keep-traces --out "$work/out" -- \
	"$python" "$work/tool/main.py" >"$work/report.json" 2>"$work/err" || { cat "$work/err"; exit 2; }
PYTHONPATH=bench/vet_score python3 -B - "$work/out/traces/t001.trace" >"$work/table" <<'END'
import json, sys, traces
for kind, f in traces.records(open(sys.argv[1], "rb").read()):
    if kind == "HTTP" and b'"table"' in f.get("BODY", b""):
        print(json.loads(f["BODY"])["table"].rstrip())
END
[ -s "$work/table" ] || { echo "FAIL no table came out of the trial"; echo '0 passed, 1 failed'; exit 1; }

tab=$(printf '\t')
listed() { case " $(echo "$2" | tr '\n' ' ') " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
say() { printf '%-4s %s\n' "$1" "$2"; }
while IFS=$tab read -r name says weight seen; do
	if listed "$name" "$either"; then
		passed=$((passed + 1))
		say ok "$name: $says ($weight): $seen"
	elif [ "$says" = tell ] && ! listed "$name" "$known"; then
		failed=$((failed + 1))
		say FAIL "$name tells ($weight): $seen"
	elif [ "$says" = no-tell ] && listed "$name" "$known"; then
		failed=$((failed + 1))
		say FAIL "$name tells no more ($seen): strike it off here and in docs/threat-model.md"
	else
		passed=$((passed + 1))
		say ok "$name: $says ($weight): $seen"
	fi
done <"$work/table"
for name in $known; do
	grep -q "^$name$tab" "$work/table" || { failed=$((failed + 1)) && say FAIL "$name was not tried"; }
done
echo "$(grep -c "${tab}tell$tab" "$work/table") of $(wc -l <"$work/table") ways tell"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
