#!/bin/bash
# check: asan-long
# What blocks of what postern scan finds: what a policy says, and exceptions that are pinned to rule, path and content, signed, and end. The
# use of one is told in every format and is on record. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh

tree=$work/tree org=$work/org
mkdir -p "$tree/.git" "$tree/models" "$org"
cd "$tree" || exit 2
printf 'cposix\nsystem\n(S'\''id'\''\ntR.' >models/bad.pkl
printf '\200\002cunheard.of\nThing\n.' >suspicious.pkl
printf '\377\376 nothing that anybody knows' >unscanned.bin
printf '\200\002}q\0.' >clean.pkl

says() { # CODE PATTERN COMMAND...
	local code=$1 pattern=$2 got
	shift 2
	"$postern" "$@" >"$work/out" 2>&1
	got=$?
	cat "$work/out"
	((got == code)) && grep -qF -- "$pattern" "$work/out"
}
policy() { # NAME: of a person, from stdin
	cat >"$work/$1.yaml" && chmod 644 "$work/$1.yaml"
}

# Without a policy all of it blocks, and nothing is said of one.
check 'all blocks' gives 1 '.verdict == "bad" and (has("policy") | not)' .
check 'also what is unscanned' gives 3 '.verdict == "unscanned"' unscanned.bin
policy mild <<<'scan: {block: [bad, suspicious]}'
check 'a policy can let the unscanned be' gives 0 '.verdict == "unscanned" and .policy.blocks == false and .files[0].findings[0].blocks == false' --policy "$work/mild.yaml" unscanned.bin
check 'and still says so' says 0 'Nothing is found that the policy' scan --policy "$work/mild.yaml" unscanned.bin
check 'and the rest blocks' gives 1 '.policy.blocks and .policy.files == 2' --policy "$work/mild.yaml" .
check 'by its own code' gives 4 '.policy.blocks and .policy.files == 1' --policy "$work/mild.yaml" suspicious.pkl unscanned.bin
policy rules <<<'scan: {block: [], rules: [{rule: model.pickle.unknown-import, verdict: block}]}'
check 'a rule can be named' gives 4 '.verdict == "bad" and .policy.files == 1' --policy "$work/rules.yaml" .
policy wrong <<<'scan: {rules: [{rule: model.pickel.call, verdict: report}]}'
check 'one that there is not is warned of' says 0 'no rule is called "model.pickel.call"' policy check "$work/wrong.yaml"
policy none <<<'scan: {block: [harmless]}'
check 'no policy' gives 2 true --policy "$work/none.yaml" .
printf 'scan: {block: []}\n' >.postern.yaml
check 'the tree has no say' gives 1 '(has("policy") | not)' models
check 'and cannot have one' says 1 'cannot say what of it is harmless' policy check .postern.yaml
rm .postern.yaml

# An organisation, and who may grant exceptions.
"$postern" log keygen --type log --name example.com/sec "$work/sec.key" >"$work/sec.pub" 2>"$work/err" || cat "$work/err"
"$postern" log keygen --type log --name example.com/other "$work/other.key" >"$work/other.pub" 2>"$work/err"
cat >"$org/policy.yaml" <<YAML
organisation: example.com
version: 1
tools:
  default: permit
  exceptions: {keys: ["$(cat "$work/sec.pub")"], max_days: 100}
YAML
chmod 644 "$org/policy.yaml"
with=(--organisation "$org/policy.yaml")
sum=$(sha256sum <models/bad.pkl | cut -c1-64)
except() { # CODE PATTERN ARGUMENT...
	local code=$1 pattern=$2
	shift 2
	says "$code" "$pattern" policy except "${with[@]}" --ledger "$work/ledger" --reason 'ticket 7' "$@"
}
finding=(--rule model.pickle.call --path models/bad.pkl --digest "$sum")
check 'an exception needs a content' except 2 '--digest' --rule model.pickle.call --path models/bad.pkl --until 9d --key "$work/sec.key"
check 'and a rule that there is' except 2 'no such --rule' --rule model.pickle --path models/bad.pkl --digest "$sum" --until 9d --key "$work/sec.key"
check 'and an end' except 2 'max_days' "${finding[@]}" --until 101d --key "$work/sec.key"
check 'and a good key' except 2 'signed by no key' "${finding[@]}" --until 9d --key "$work/other.key"
check 'and no tool' except 2 'for everybody' "${finding[@]}" --tool codex --until 9d --key "$work/sec.key"
check 'before it, it blocks' gives 1 '.policy.blocks and .policy.refused == []' "${with[@]}" models
check 'one is granted' except 0 'for model.pickle.call in models/bad.pkl' "${finding[@]}" --until 9d --key "$work/sec.key"
check 'and listed' says 0 'model.pickle.call in models/bad.pkl' policy exceptions "${with[@]}"
id=$("$postern" policy exceptions "${with[@]}" --format json | jq -r '.[0].id')
check 'and on record' says 0 'what model.pickle.call finds in models/bad.pkl is let pass until 9d: ticket 7' log show "$work/ledger"
check 'it is let pass' gives 0 '.verdict == "clean" and .counts.excepted == 1 and .counts.known == 0 and .policy.blocks == false
	and .files[0].verdict == "excepted" and .files[0].findings[0].exception.id == "'"$id"'" and .files[0].findings[0].exception.by == "example.com/sec"
	and .files[0].findings[0].exception.reason == "ticket 7"' "${with[@]}" models
cp "$work/said" "$work/excepted.json"
check 'from wherever one looks' gives 0 '.counts.excepted == 2' "${with[@]}" models/bad.pkl "$tree/models/../models"
check 'the text says by whom' says 0 "Let pass: models/bad.pkl, model.pickle.call: exception $id until" scan "${with[@]}" models
sarif() {
	"$postern" scan --format sarif "${with[@]}" . >"$work/all.sarif"
	jq -e --arg id "$id" '.runs[0].results | (map(select(.ruleId == "model.pickle.call")) | length == 1
		and (.[0].suppressions[0] | .kind == "external" and .status == "accepted" and (.justification | contains($id) and contains("ticket 7"))))
		and all(.ruleId == "model.pickle.call" or .suppressions == [])' "$work/all.sarif"
}
check 'SARIF has it as suppressed' sarif
page() {
	"$postern" scan --format html "${with[@]}" . | grep -F "model.pickle.call, <bdi>exception $id"
}
check 'the page names it' page
record() {
	"$postern" scan --ledger "$work/ledger" "${with[@]}" models && "$postern" log show --format json "$work/ledger" | jq -c .entry >"$work/entries" &&
		jq -s -e --arg id "$id" 'map(select(.class_uid == 2004)) | length == 1 and (.[0].unmapped.postern.scan | .verdict == "excepted"
			and .exceptions[0].id == $id and .exceptions[0].rule == "model.pickle.call")' "$work/entries" &&
		jq -s -e --arg sum "$(jq -r .policy.sha256 "$work/excepted.json")" 'map(select(.class_uid == 2007))[0] | .policy.uid == $sum and .action == "Allowed"
			and (.unmapped.postern.scan | .blocked == 0 and .counts.excepted == 1)' "$work/entries"
}
check 'its use is on record' record
check 'the rest still counts' gives 4 '.verdict == "suspicious" and .policy.files == 2' "${with[@]}" .

# It is of this rule, this path and this content.
cp models/bad.pkl models/moved.pkl
check 'another path' gives 1 '.counts.bad == 1 and .counts.excepted == 1' "${with[@]}" models
rm models/moved.pkl
printf '\n' >>models/bad.pkl
check 'another content' gives 1 '.verdict == "bad" and .policy.refused == [{"exception": "'"$id"'", "path": "models/bad.pkl", "rule": "model.pickle.call", "why": "the content is another"}]' "${with[@]}" models
check 'is said' says 1 "The exception $id does not count: the content is another: model.pickle.call, models/bad.pkl" scan "${with[@]}" models
cp "$work/said" "$work/refused.json"
truncate -s -1 models/bad.pkl
check 'and back' gives 0 '.counts.excepted == 1' "${with[@]}" models

# It ends by itself, can be revoked, and is no longer one if it was changed.
rm "$org/exceptions/"*.note
check 'one that is short' except 0 'for model.pickle.call' "${finding[@]}" --until "$(date -u +%FT%TZ -d '+3 seconds')" --key "$work/sec.key"
check 'counts' gives 0 '.counts.excepted == 1' "${with[@]}" models
ended() {
	local tries
	for tries in {1..40}; do
		gives 1 '.policy.refused[0].why == "it has ended"' "${with[@]}" models >"$work/log2" && return 0
		sleep 0.2
	done
	echo "$tries" && cat "$work/log2" && return 1
}
check 'and ends' ended
rm "$org/exceptions/"*.note
check 'one more' except 0 'for model.pickle.call' "${finding[@]}" --until 9d --key "$work/sec.key"
note=$(echo "$org/exceptions/"*.note)
cp "$note" "$work/note"
sed -i 's/model.pickle.call/model.pickle.import/' "$note"
check 'one that was changed' gives 1 '.counts.excepted == 0' "${with[@]}" models
cp "$work/note" "$note"
check 'as it was signed' gives 0 '.counts.excepted == 1' "${with[@]}" models
sed -i "s/max_days: 100/max_days: 100, revoked: [$(basename "$note" .note)]/" "$org/policy.yaml"
check 'one that is revoked' gives 1 '.policy.refused[0].why == "the organisation has revoked it"' "${with[@]}" models

# A person may have more block than the organisation, and not less; a record may be required.
cat >"$org/policy.yaml" <<YAML
organisation: example.com
version: 2
scan: {block: [bad]}
ledger: {required: true, folder: $work/required}
YAML
check 'the organisation says' gives 0 '.policy.blocks == false' "${with[@]}" suspicious.pkl
check 'the person adds' gives 4 '.policy.blocks' "${with[@]}" --policy "$work/rules.yaml" suspicious.pkl
check 'and takes nothing away' gives 1 '.policy.blocks' "${with[@]}" --policy "$work/rules.yaml" models
check 'the record is required' gives 2 true "${with[@]}" --ledger none models
check 'and was made' says 0 'scanned: suspicious' log show "$work/required"

schema scan "$work/excepted.json"
schema scan "$work/refused.json"
exit $failed
