#!/bin/bash
# check: behind asan-long
# postern scan and postern provenance leave what they found in a ledger: the verdict, what was looked at and by which rules, and the report.
# Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh

mkdir -p "$work/tree/deep" && cd "$work/tree" || exit 2
printf 'cposix\nsystem\n(S'\''id'\''\ntR.' >bad.pkl
printf '\200\002cunheard.of\nThing\n.' >deep/suspicious.pkl
printf '\200\002}q\0.' >clean.pkl
# A name that is no UTF-8, and controls.
cp bad.pkl $'od\377d\033[31m.pkl'
L=$work/ledger

entries() { "$postern" log show --format json --limit 100000 "$L" | jq -c .entry; }
verdicts() { entries | jq -c 'select(.class_uid == 2007)'; }
scanned() { # CODE ARGUMENT...
	local code=$1
	shift
	"$postern" scan "$@" >"$work/out" 2>"$work/err"
	(($? == code)) || { cat "$work/out" "$work/err" && return 1; }
}

nothing() {
	scanned 1 . && [[ ! -e $XDG_DATA_HOME ]]
}
check 'without a ledger none is made' nothing
check 'one that is named is made' scanned 1 --ledger "$L" .
check 'and good' "$postern" log verify "$L"
verdict() {
	verdicts | jq -e '.unmapped.postern.scan | .verdict == "bad" and .counts == {bad: 2, suspicious: 1, unscanned: 0, clean: 1, known: 0, excepted: 0}
		and .rules == {"model.pickle.call": 2, "model.pickle.unknown-import": 1} and .asked == "." and .files == 4 and .undigested == 0
		and .untold == 0 and .stopped == false'
}
check 'the verdict is there' verdict
findings() {
	entries | jq -e 'select(.class_uid == 2004) | .unmapped.postern.scan' | jq -s -e 'length == 3 and ([.[].scan] | unique | length) == 1
		and any(.path == "bad.pkl" and .rules == "model.pickle.call" and (.evidence | contains("system")))
		and any(.path == "deep/suspicious.pkl" and .verdict == "suspicious")'
}
check 'and each file that is not clean' findings
rules() {
	[[ $(verdicts | jq -r .unmapped.postern.scan.rules_sha256) == "$("$postern" scan --rules --format json | sha256sum | cut -c1-64)" ]]
}
check 'the digest of the rules is that of their list' rules
blob() {
	"$postern" log get "$L" "$(verdicts | jq -r '.unmapped.blobs[0].id')" >"$work/report.json"
}
body() {
	blob && jq -e '.verdict == "bad" and (.files | length) == 4 and ([.files[] | select(.findings | length > 0)] | length) == 3' "$work/report.json"
}
check 'the report is its body' body
tree() {
	local said
	said=$(verdicts | jq -r .unmapped.postern.scan.tree_sha256)
	# In the order of the report: of the names.
	[[ $said == "$(printf '%s\n' bad.pkl clean.pkl deep/suspicious.pkl $'od\377d\033[31m.pkl' | while IFS= read -r f; do
		printf '%s  %s\n' "$(sha256sum <"$f" | cut -c1-64)" "$f"
	done | sha256sum | cut -c1-64)" ]]
}
check 'the digest of what was scanned can be counted again' tree
erased() {
	# Entries 0 to 2 are of files.
	"$postern" log erase "$L" 3 && ! blob && "$postern" log verify "$L"
}
check 'the report can be erased' erased
usual() {
	mkdir -p "$XDG_DATA_HOME/postern" && mv "$L" "$XDG_DATA_HOME/postern/ledger" && scanned 4 deep && L=$XDG_DATA_HOME/postern/ledger &&
		[[ $(verdicts | wc -l) == 2 ]]
}
check 'the usual one is written to if it is there' usual
none() {
	scanned 4 --ledger none deep && L=$XDG_DATA_HOME/postern/ledger && [[ $(verdicts | wc -l) == 2 ]]
}
check 'or not' none
cannot() {
	scanned 2 --ledger /proc/no/ledger deep &&
	grep -q 'not in the ledger /proc/no/ledger' "$work/err" && grep -q 'unheard.of' "$work/out"
}
check 'one that cannot be is an error, and the result is said' cannot
usual_cannot() {
	mv "$XDG_DATA_HOME/postern/ledger/config" "$work/config" && scanned 4 deep && grep -q -- '--ledger none leaves it out' "$work/err" &&
		mv "$work/config" "$XDG_DATA_HOME/postern/ledger/config"
}
check 'the usual one that cannot be is told of' usual_cannot

"$postern" scan --rules --format json >"$work/rules.json"
schema scan-rules "$work/rules.json"

provenance() {
	L=$work/other
	build=$here/build/${BUILD:-release}
	mkdir "$work/made" && "$build/integration/provenance_make" "$work/made" && echo 'what was built' >"$work/made/artefact" &&
		"$postern" provenance --ledger "$L" --bundle "$work/made/good-message/bundle.json" --trusted-root "$work/made/good-message/root.json" \
			--repository owner/tool "$work/made/artefact" && "$postern" log verify "$L" &&
		verdicts | jq -e --arg sum "$(sha256sum <"$work/made/artefact" | cut -c1-64)" '.unmapped.postern.provenance | .verdict == "verified"
			and .sha256 == $sum and .repository == "owner/tool" and (.checks | length) == 1' &&
		"$postern" log get "$L" "$(verdicts | jq -r '.unmapped.blobs[0].id')" | jq -e '.verdict == "verified"'
}
check 'provenance, too' provenance
exit $failed
