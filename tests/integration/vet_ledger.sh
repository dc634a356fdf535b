#!/usr/bin/env bash
# check: slow timeout=240
# A vetting is on record: its trials, its findings and its verdict are in the ledger when the command ends.
set -u
cd "$(dirname "$0")/../.." || exit 2
P=${POSTERN:-$PWD/build/release/postern}
[[ $P == /* ]] || P=$PWD/$P
fail() {
	echo "vet_ledger: $*"
	exit 1
}
unshare -Urn true 2>/dev/null || { echo 'vet_ledger: user namespaces are not allowed here'; exit 77; }
node=$(command -v node) || { echo 'vet_ledger: node is not installed'; exit 77; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM
specimen=wording-gateway
tool=(-- "$node" "$PWD/build/${BUILD:-release}/specimens/$specimen/main.mjs")
vet() { # ARG...
	"$P" vet --profile "tests/specimens/$specimen/profile.yaml" --quick --conduct none --seed 3 --out "$work/report" "$@" "${tool[@]}" >"$work/out" 2>"$work/err"
}

# A ledger that is named, and not there yet.
vet --factors gateway --ledger "$work/named"
code=$?
((code == 1)) || fail "code $code, not 1: $(tail -n 2 "$work/err")"
trials=$(jq .trials "$work/report/report.json")
"$P" log verify --format json "$work/named" >"$work/verified" || fail "the ledger is not good: $(cat "$work/verified")"
entries=$("$P" log show --limit 100000 --format json "$work/named" | jq -s length)
((entries == trials + 2)) || fail "$entries entries of $trials trials, a finding and a verdict"
"$P" log show --format json --search vetted "$work/named" >"$work/verdict"
sum=$(sha256sum <"$work/report/report.json" | cut -d ' ' -f 1)
[[ $(jq -r .entry.unmapped.postern.vet.report_sha256 "$work/verdict") == "$sum" ]] || fail 'the verdict does not carry the digest of the report'
[[ $(jq -r .entry.unmapped.postern.vet.verdict "$work/verdict") == findings ]] || fail 'the verdict is another one'
[[ $("$P" log show --format json --search covert "$work/named" | jq -rs '[.[] | select(.entry.class_uid == 2004)] | length') == 1 ]] || fail 'the finding is not there'
grep -q "On record: entries 0 to $((entries - 1)) of $work/named" "$work/err" || fail "the command does not say so: $(tail -n 3 "$work/err")"

# The default one, with a second vetting behind the first.
for _ in 1 2; do
	XDG_DATA_HOME=$work/data vet --factors hostname
	code=$?
	((code == 0 || code == 1)) || fail "with the default ledger: code $code: $(tail -n 2 "$work/err")"
done
[[ $("$P" log show --format json --search vetted "$work/data/postern/ledger" | jq -s length) == 2 ]] || fail 'the default ledger does not hold both verdicts'

# None; one that cannot be.
XDG_DATA_HOME=$work/none vet --factors hostname --ledger none
[[ ! -e $work/none ]] || fail '--ledger none made a ledger'
vet --factors hostname --ledger /proc/no/ledger
code=$?
((code == 2)) || fail "a ledger that cannot be: code $code"
grep -q 'not in the ledger /proc/no/ledger' "$work/err" || fail "a ledger that cannot be: says \"$(tail -n 1 "$work/err")\""
[[ -s $work/report/report.json ]] || fail 'the report is gone with the ledger'
XDG_DATA_HOME=/proc/no vet --factors hostname
code=$?
((code == 0 || code == 1)) || fail "a default ledger that cannot be: code $code"
grep -q -- '--ledger none' "$work/err" || fail 'a default ledger that cannot be is not told of'
echo "vet_ledger: $entries entries of a vetting are there and good"
