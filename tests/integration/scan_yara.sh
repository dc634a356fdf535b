#!/bin/bash
# check: behind asan-long
# postern scan --yara: rules of YARA beside the own ones. What matches and what does not, where, how grave; rules that cannot be used, with
# file, line and the way out; rules that never end; a large file; members of archives; without libyara. Prints "ok - NAME" or "not ok - NAME" for each
# check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh

mkdir -p "$work/rules/deep" "$work/files/in" && cd "$work" || exit 2
cat >rules/first.yar <<'EOT'
import "math"
import "hash"
rule Grave { meta: severity = "high" author = "A. Nobody" description = "a \x1b[31mmarker" strings: $a = "MARKER" $b = { fe ed fa 00 } condition: any of them }
rule Tagged : critical { strings: $a = "by-tag" condition: $a }
rule Middle { meta: severity = 40 strings: $x = /mid[a-z]{2}e-word/ condition: $x }
rule Little { meta: severity = "low" strings: $a = "little" condition: $a }
rule Named { condition: filename == "named.txt" and extension == ".txt" and filepath contains "files/" }
private rule Hidden { strings: $a = "MARKER" condition: $a }
rule Entropy { condition: filesize > 100 and math.entropy(0, filesize) < 0.5 and hash.md5(0, filesize) != "" }
EOT
# The same name in another file is another rule.
echo 'rule Grave { strings: $a = "second" condition: $a }' >rules/deep/second.yara
echo 'no rule at all' >rules/README.md
printf 'one line\nand a MARKER in the second\n' >files/grave.txt
printf 'by-tag and middle-word\n' >files/tagged.txt
printf 'a little\n' >files/little.txt
printf 'nothing that a rule says, mark\n' >files/honest.txt
printf 'x\n' >files/named.txt
printf '\xfe\xed\xfa\x00\x01' >files/bytes.bin
printf '%200s' '' >files/blank.txt
cp files/grave.txt files/in/
python3 - <<'EOT'
import io, tarfile, zipfile
text = b"one line\nand a MARKER in the second\n"
with zipfile.ZipFile("files/inner.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("deep/grave.txt", text * 2)
with tarfile.open("files/outer.tgz", "w:gz") as t:
    t.add("files/inner.zip", "inner.zip")
EOT

rules=(--yara rules/first.yar)
check 'what is grave is bad' gives 1 '.verdict == "bad" and .yara_rules == 7 and ([.files[0].findings[] | select(.rule == "yara.bad")] | length == 1)' "${rules[@]}" files/grave.txt
check 'with the name of the rule and what it says of itself' jq -e '.files[0].findings[0].yara == {"rule": "Grave", "namespace": "first", "severity": "high", "author": "A. Nobody",
	"description": "a \\x1b[31mmarker"}' "$work/said"
check 'and where' jq -e '.files[0].findings[0] | .at == 15 and .bytes == 6 and .line == 2 and .column == 7 and (.evidence | contains("first:Grave") and contains("$a = \"MARKER\""))' "$work/said"
check 'a tag can say how grave' gives 1 '[.files[0].findings[] | [.rule, .yara.rule]] == [["yara.bad", "Tagged"], ["yara.suspicious", "Middle"]]' "${rules[@]}" files/tagged.txt
check 'what is low is a note' gives 0 '.files[0] | .findings == [] and [.notes[].yara.rule] == ["Little"]' "${rules[@]}" files/little.txt
check 'what does not match is clean' gives 0 '.files[0] | .verdict == "clean" and .findings == [] and .notes == []' "${rules[@]}" files/honest.txt
check 'a rule can ask for the name' gives 4 '.files[0].findings[0].yara.rule == "Named"' "${rules[@]}" files/named.txt
check 'modules that read the file are there' gives 4 '.files[0].findings[0].yara.rule == "Entropy"' "${rules[@]}" files/blank.txt
check 'of bytes the place is an offset' gives 1 '.files[0].findings[] | select(.rule == "yara.bad") | .at == 0 and .line == null and (.evidence | contains("{fe ed fa 00 }"))' "${rules[@]}" files/bytes.bin
check 'members of archives in archives' gives 1 '[.files[0].findings[] | select(.rule == "yara.bad") | .member] | index("gzip > inner.zip > deep/grave.txt")' "${rules[@]}" files/outer.tgz
check 'a folder of rules, each file its own names' gives 1 '.yara_rules == 8 and ([.files[].findings[].yara | select(.rule == "Grave") | .namespace] | unique == ["first", "second"])' --yara rules files
echo second >files/second.txt
check 'and the second one' gives 4 '.files[0].findings[0].yara | .rule == "Grave" and .namespace == "second"' --yara rules files/second.txt
check 'beside other subjects' gives 1 '.files[0].verdict == "bad" and .counts.left_out == 0' --subject agents "${rules[@]}" files/grave.txt
check 'own findings are the same with and without' bash -c "
	'$postern' scan --format json files | jq '[.files[] | .findings]' >without
	'$postern' scan --format json --yara rules files | jq '[.files[] | .findings | map(select(.rule | startswith(\"yara.\") | not))]' | cmp - without"
check 'more processes find the same' bash -c "
	'$postern' scan --jobs 1 --format json --yara rules files >one; '$postern' scan --jobs 3 --format json --yara rules files | cmp - one"
sarif() {
	"$postern" scan --format sarif "${rules[@]}" files/grave.txt >said.sarif
	jq -e '.runs[0].results[0] | .ruleId == "yara.bad" and .properties.yara.rule == "Grave" and .locations[0].physicalLocation.region.startLine == 2' said.sarif
}
check 'SARIF has them' sarif
text() { # PATTERN ARGUMENT...
	local pattern=$1
	shift
	"$postern" scan "$@" >said.txt
	cat said.txt
	grep -qE -- "$pattern" said.txt && ! grep -q $'\033' said.txt
}
check 'text names the rule' text 'first:Grave: a .*marker' "${rules[@]}" files/grave.txt
check 'and says how many there were' text 'Looked for: .*; 7 rules of YARA' "${rules[@]}" files/honest.txt
check 'and tells notes apart from news' text 'What rules of YARA match that find nothing grave' "${rules[@]}" files/little.txt
check 'one page has them' bash -c "'$postern' scan --format html ${rules[*]} files/little.txt files/grave.txt | grep -q 'first:Little'"
check 'a baseline pins them' bash -c "
	'$postern' scan --write-baseline known.json ${rules[*]} files/grave.txt; '$postern' scan --baseline known.json ${rules[*]} files/grave.txt"

# Rules that cannot be used: nothing is scanned.
wrong() { # PATTERN TEXT
	printf '%b' "$2" >wrong.yar
	"$postern" scan "${rules[@]}" --yara wrong.yar files/honest.txt >said.txt 2>err.txt
	local code=$?
	cat said.txt err.txt
	((code == 2)) && [[ ! -s said.txt ]] && grep -qE -- "$1" err.txt
}
check 'a mistake has file, line and the way out' wrong 'wrong.yar:2: undefined string "\$b"; mend the rule, or leave the file out' 'rule a { condition: true }\nrule b { strings: $a = "x" condition: $b }\n'
check 'no rule language at all' wrong 'wrong.yar:1: ' 'this is none\n'
check 'include is refused' wrong 'wrong.yar:3: .*include.*--yara' '\n\ninclude "/etc/passwd"\n'
check 'a module that asks the machine' wrong 'wrong.yar:2: the module "cuckoo" looks at more than the file' '\nimport "cuckoo"\nrule a { condition: true }\n'
check 'another' wrong 'wrong.yar:1: the module "magic"' 'import "magic"\nrule a { condition: magic.type() contains "x" }\n'
check 'a module that is none' wrong 'wrong.yar:1: .*leave out the rules' 'import "nowhere"\n'
check 'what was compiled' wrong 'wrong.yar: .*give the rules themselves' 'YARA\0\0\0'
check 'a name twice' wrong 'wrong.yar:1: duplicated identifier' 'rule a { condition: true } rule a { condition: true }'
check 'what is not there' bash -c "'$postern' scan --yara nowhere.yar files/honest.txt 2>&1 | grep -q 'nowhere.yar: No such file'"
mkdir none
check 'a folder without rules' bash -c "'$postern' scan --yara none files/honest.txt 2>&1 | grep -q 'none: no rules of YARA'"

# Rules that a policy asks for: of the organisation and the person, beside those that are named; without them nothing is scanned.
printf 'organisation: example.com\nversion: 1\nscan: {yara: %s}\n' "$work/rules/first.yar" >org.yaml
printf 'scan: {yara: [%s]}\n' "$work/rules/deep" >person.yaml
printf 'scan: {yara: %s}\n' "$work/nowhere.yar" >missing.yaml
echo 'rule Own { strings: $a = "honest" condition: $a }' >own.yar
asked() { "$postern" scan --format json --organisation org.yaml --policy person.yaml "$@" | tee said.json; }
check 'a policy names rules' bash -c "$(declare -f asked); postern='$postern'; asked files |
	jq -e '.yara_rules == 8 and ([.files[].findings[].yara | select(.rule == \"Grave\") | .namespace] | unique == [\"first\", \"second\"])'"
check 'and a person more' bash -c "$(declare -f asked); postern='$postern'; asked --yara own.yar files/honest.txt | jq -e '.yara_rules == 9'"
check 'what the policy names and is not there' bash -c "'$postern' scan --policy missing.yaml files/honest.txt >said.txt 2>err.txt; (( \$? == 2 )) &&
	[[ ! -s said.txt ]] && grep -q 'the policy asks for rules of YARA.*nowhere.yar: No such file' err.txt"
check 'a policy tells which' bash -c "'$postern' policy explain --policy person.yaml | grep -q '^  rules of YARA in $work/rules/deep\$' &&
	'$postern' policy explain --format json --policy person.yaml | jq -e '[.. | objects | .scan? // empty | .yara] == [[\"$work/rules/deep\"]]'"

# Rules that take as long as they like, and what matches a million times.
echo 'rule Endless { condition: for all i in (1..1000000000) : ( for all j in (1..1000000000) : ( i + j > 0 ) ) } rule Quick { strings: $a = "MARKER" condition: $a }' >endless.yar
endless() {
	local begin=$SECONDS
	gives 3 '[.files[].findings[] | .rule] == ["yara.unfinished", "yara.unfinished"]' --jobs 1 --yara endless.yar files/grave.txt files/inner.zip && ((SECONDS - begin < 90))
}
check 'a rule that never ends is unscanned, once a file' endless
echo 'rule Often { strings: $a = "a" $b = /[a-z]/ condition: #a > 10 and #b > 10 }' >often.yar
python3 -c 'open("often.txt", "w").write("a" * 20000000)'
check 'what matches a million times' gives 4 '[.files[0].findings[].rule] | index("yara.unfinished") and index("yara.suspicious")' --subject text --yara often.yar often.txt
truncate -s 400M large.bin && printf 'MARKER' >>large.bin
check 'a large file' gives 1 '[.files[0].findings[] | select(.rule == "yara.bad") | .at] == [419430400]' --subject text "${rules[@]}" large.bin

# Without the library everything else is as before, and the message names the package.
library=$(ldconfig -p | awk '$1 == "libyara.so.9" {print $NF; exit}')
if unshare -m true 2>/dev/null; then
	without() { unshare -m bash -c 'mount --bind /dev/null "$1" && shift && exec "$@"' - "$(readlink -f "$library")" "$postern" scan "$@"; }
	check 'no rules need no libyara' without files/honest.txt
	check 'rules name the package' bash -c "$(declare -f without); library='$library' postern='$postern'; without ${rules[*]} files/honest.txt 2>&1 | grep -q 'apt-get install libyara9'"
else
	echo "$test: a machine without libyara was not tried, as no mount name space can be made"
fi

"$postern" scan --format json --yara rules files >yara.json
schema scan "$work/yara.json"
exit $failed
