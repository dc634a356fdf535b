#!/bin/bash
# check: behind asan
# postern scan with a baseline: what is known does not count and does not vanish, what changed counts again, what no longer matches is told.
# Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh

# A working tree with one file of each verdict.
tree=$work/tree
mkdir -p "$tree/.git" "$tree/models/deep"
cd "$tree/models" || exit 2
printf 'cposix\nsystem\n(S'\''id'\''\ntR.' >bad.pkl
printf '\200\002cunheard.of\nThing\n.' >suspicious.pkl
printf '\377\376 nothing that anybody knows' >deep/unscanned.bin
printf '\200\002}q\0.' >clean.pkl

known=$work/known.json
check 'one is written' gives 1 '.verdict == "bad"' --write-baseline "$known" .
check 'of files with findings' jq -e '[.files[].path] == ["models/bad.pkl", "models/deep/unscanned.bin", "models/suspicious.pkl"]
	and .files[0].rules == ["model.pickle.call"]' "$known"
digest() {
	[[ $(jq -r '.files[0].sha256' "$known") == "$(sha256sum <bad.pkl | cut -d ' ' -f 1)" ]]
}
check 'by their content' digest
check 'all is known' gives 0 '.verdict == "clean" and .counts.known == 3 and .counts.clean == 1 and .stale == []
	and ([.files[] | select(.verdict == "known") | .findings[] | .known] | length == 3 and all)' --baseline "$known" .
known_there() {
	(cd "$tree" && gives 0 '.counts.known == 3 and .stale == []' --baseline "$known" models) &&
		gives 0 '.counts.known == 1 and .stale == []' --baseline "$known" ./bad.pkl &&
		gives 0 '.counts.known == 1 and .stale == []' --baseline "$known" "$tree/models/deep/../bad.pkl"
}
check 'from wherever one looks' known_there
text() {
	"$postern" scan --baseline "$known" . >"$work/said" && grep -q '^clean  4 files, .*: 1 clean, 3 known$' "$work/said"
}
check 'and said' text
suppressed() {
	"$postern" scan --format sarif --baseline "$known" . >"$work/all.sarif"
	jq -e '.runs[0].results | length == 3 and all(.suppressions[0].kind == "external" and .suppressions[0].status == "accepted")' "$work/all.sarif"
}
check 'SARIF has it as suppressed' suppressed
page() {
	"$postern" scan --format html --baseline "$known" . | grep -F '<li><bdi>./bad.pkl</bdi>: model.pickle.call'
}
check 'the page names it' page

# Another content, another rule, another name.
printf '\200\002cunheard.of\nOther\n.' >suspicious.pkl
check 'a changed file has lost its pin' gives 4 '.verdict == "suspicious" and .counts.known == 2 and .stale == [{"path": "models/suspicious.pkl", "why": "its content is another"}]' --baseline "$known" .
cp bad.pkl moved.pkl
check 'a pin is one of a name' gives 1 '.counts.known == 2 and .counts.bad == 1 and (.files[] | select(.path == "./moved.pkl") | .verdict == "bad")' --baseline "$known" .
half() {
	jq '(.files[] | select(.path == "models/bad.pkl") | .rules) = ["model.trailing", "no.such-rule"]' "$known" >"$work/half.json"
	gives 1 '.verdict == "bad" and (.stale | map(select(.path == "models/bad.pkl") | .rule) | sort == [null, "model.trailing"])' --baseline "$work/half.json" bad.pkl
}
check 'and of a rule' half
rm moved.pkl suspicious.pkl
check 'what is gone is told' gives 0 '.stale == [{"path": "models/suspicious.pkl", "why": "the file is not there any more"}]' --baseline "$known" .
check 'but not of what was not looked at' gives 0 '.stale == []' --baseline "$known" deep
stale() {
	cp "$work/said" "$work/before" && "$postern" scan --baseline "$known" .. | grep -q 'no longer matches: models/suspicious.pkl: the file is not there any more'
}
check 'and of the whole tree' stale

# What cannot be pinned, and what is no baseline.
ln -s /nowhere outside
cannot() {
	"$postern" scan --write-baseline "$work/other.json" outside >"$work/said" 2>"$work/err"
	(($? == 2)) && grep -q '1 file cannot be pinned' "$work/err" && jq -e '.files == []' "$work/other.json"
}
check 'what cannot be read cannot be pinned' cannot
rm outside
no_baseline() { # TEXT
	printf '%s' "$1" >"$work/no.json"
	"$postern" scan --baseline "$work/no.json" . >"$work/said" 2>"$work/err"
	(($? == 2)) && [[ ! -s $work/said ]] && grep -q 'no baseline' "$work/err"
}
for wrong in '' '[]' '{"version": 2, "files": []}' '{"version": 1, "files": [{"path": "a"}]}' '{"version": 1, "files": [{"path": "a", "sha256": "b", "rules": []}]}'; do
	check "no baseline: $wrong" no_baseline "$wrong"
done
check 'twice the same' bash -c "'$postern' scan --write-baseline '$work/again.json' . >/dev/null; '$postern' scan --baseline '$known' --write-baseline - . >/dev/null; cmp '$work/again.json' ./-"

schema scan-baseline "$known"
schema scan "$work/before"
exit $failed
