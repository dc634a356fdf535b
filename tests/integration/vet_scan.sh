#!/usr/bin/env bash
# check: slow timeout=400
# A vetting scans the files of what it vets, too: what is bad there makes the verdict of a tool that does nothing wrong in its trials, unless
# a policy lets it pass; what a package can do, and what was not understood, stands in the report.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/integration/scan_lib.sh
unshare -Urn true 2>/dev/null || { echo 'vet_scan: user namespaces are not allowed here'; exit 77; }
command -v node >/dev/null || { echo 'vet_scan: node is not installed'; exit 77; }
specimen=build/${BUILD:-release}/specimens/wording-gateway/main.mjs
[[ -f $specimen ]] || make -s BUILD="${BUILD:-release}" "$specimen" || exit 2
export XDG_CACHE_HOME=$work/cache XDG_CONFIG_HOME=$work/config

# package VERSION SCRIPTS: the tool without what is planted in it.
package() {
	at=$work/$1/package
	mkdir -p "$at/lib"
	cp "${specimen%/*}"/*.mjs "$at"/
	sed -i -e '1i #!/usr/bin/env node' -e "s/'modest'/'small'/" "$at/main.mjs"
	printf '{"name": "fern-tool", "version": "%s", "license": "MIT", "bin": {"fern": "main.mjs"}, "scripts": %s}\n' "$1" "$2" >"$at/package.json"
}
vet() { # VERSION CODE [FORMAT]
	tar czf "$work/fern-tool-$1.tgz" -C "$work/$1" package
	"$postern" vet --profile tests/specimens/wording-gateway/profile.yaml --quick --conduct none --seed 3 --factors gateway \
		--ledger "$work/ledger" --format "${3:-text}" --questionnaire --out "$work/out-$1" "$work/fern-tool-$1.tgz" >"$work/${3:-text}-$1" 2>"$work/err"
	check "version $1 ends with $2" test $? = "$2"
}
said() { # VERSION EXPRESSION
	check "version $1: $2" jq -e "$2" "$work/out-$1/report.json"
}

# Scripts that prepare a source tree are run by nobody who installs from a registry.
package 1.0.0 '{"prepare": "husky"}'
vet 1.0.0 0
said 1.0.0 '.verdict == "clean" and .scan.verdict == "clean" and .scan.counts.files == 3 and .scan.note == null and .scan.files == []'
said 1.0.0 '.scan.packages[0] | .name == "fern-tool" and (.capabilities.network | any(.name == "https")) and .capabilities.install == []'
said 1.0.0 '.scan.packages[0].capabilities.hosts | any(.name == "api.fernwright.example")'
said 1.0.0 '.scan.packages[0] | .path == "node_modules/fern-tool" and .score.points == ([.score.reasons[].points] | add)
	and [.score.reasons[].id] == ["code.credentials", "origin.no-source"] and .score.not_looked_at == ["whether the registry signed and attested it"]'
check 'what it can do is in the text' grep -q 'reaches the network: http (tool.mjs:' "$work/text-1.0.0"
check 'and in the page' grep -q '<section id=files ' "$work/out-1.0.0/report.html"
schema report "$work/out-1.0.0/report.json"

# What decodes what it runs lies there, and is run by nothing in a trial; a file that nobody understands is not covered.
package 2.0.0 '{"postinstall": "node lib/setup.js"}'
printf 'const s = Buffer.from("616c657274", "hex").toString();\nnew Function(s)();\n' >"$at/lib/extra.js"
printf 'require("child_process").execFileSync("make");\n' >"$at/lib/setup.js"
head -c 5000 /dev/urandom >"$at/lib/blob"
vet 2.0.0 1
said 2.0.0 '.verdict == "findings" and .counts.covert == 0 and .scan.bad and .scan.counts.bad == 1 and .scan.counts.unscanned == 1'
said 2.0.0 '.scan.files[0] | .path == "node_modules/fern-tool/lib/extra.js" and .findings[0].rule == "code.runs-decoded" and .findings[0].line == 2'
said 2.0.0 '.scan.packages[0].capabilities.install[0] | .command == "node lib/setup.js" and .reaches == ["process"]'
said 2.0.0 '.scan.packages[0].score.reasons | [.[].id] == ["files.bad", "install.runs", "code.dynamic-network", "code.credentials", "origin.no-source"]
	and .[0].evidence == "lib/extra.js: runs code that it decodes"'
said 2.0.0 '.not_covered | any(startswith("The scan of its files could not judge 1 of them, 0.0 MB: node_modules/fern-tool/lib/blob."))'
said 2.0.0 '.questionnaire[28] | .state == "answered" and (.answer | endswith("By their text, the files that it names: starts programs."))'
check 'the first words say so' grep -q '^FINDINGS  fern-tool 2.0.0: .* · 1 bad file · ' "$work/text-2.0.0"
check 'and what follows' grep -q '^  Do not approve it: in its files is what no honest program has, below.$' "$work/text-2.0.0"
schema report "$work/out-2.0.0/report.json"

# What a person's policy lets pass is told, and does not count.
mkdir -p "$work/config/postern"
printf 'version: 1\nscan:\n  rules:\n    - {rule: code.runs-decoded, verdict: report}\n' >"$work/config/postern/policy.yaml"
vet 2.0.0 0 sarif
said 2.0.0 '.verdict == "clean" and (.scan.bad | not) and .scan.counts.bad == 1 and .scan.files[0].findings[0].blocks == false'
# shellcheck disable=SC2317 # check calls it
sarif() { jq -e "$1" "$work/sarif-2.0.0"; }
check 'SARIF has a run of each' sarif '[.runs[].automationDetails.id] == ["postern-vet/fern-tool@2.0.0", "postern-scan/"]'
check 'and its place' sarif '.runs[1].results | any(.ruleId == "code.runs-decoded" and .level == "error"
	and (.locations[0].physicalLocation | .artifactLocation.uri == "node_modules/fern-tool/lib/extra.js" and .region.startLine == 2))'

# All of it is on record, under the digest of the report.
# shellcheck disable=SC2317 # and this
log() { # EXPRESSION
	"$postern" log show --limit 100000 --format json "$work/ledger" | jq -es "[.[].entry] | $1"
}
check 'an entry for the file' log 'map(select(.class_uid == 2004)) | length == 2 and all(.unmapped.postern.scan | .path == "node_modules/fern-tool/lib/extra.js"
	and .verdict == "bad" and .rules == "code.runs-decoded")'
check 'what stopped nobody is told as that' log '[.[] | select(.class_uid == 2004) | .action_id] | unique | length == 2'
check 'and in the verdict' log 'map(.unmapped.postern.vet | select(.report_sha256)) | map(.scan.bad) == [false, true, false]
	and .[1].scan.counts == {clean: 4, unscanned: 1, suspicious: 0, bad: 1, known: 0, excepted: 0}'
sum=$(sha256sum <"$work/out-2.0.0/report.json" | cut -d ' ' -f 1)
check 'by which they belong together' log "(map(.unmapped.postern.vet.report_sha256 // empty)) as \$reports | map(.unmapped.postern.scan.scan // empty)
	| length == 2 and all(IN(\$reports[])) and any(. == \"$sum\")"

# Rules of YARA that a policy names are matched, and if they cannot be, the report says that nothing was scanned.
printf 'version: 1\nscan:\n  yara: %s\n' "$work/fern.yar" >"$work/config/postern/policy.yaml"
# shellcheck disable=SC2016 # what begins with a $ is of YARA
cat >"$work/fern.yar" <<<'rule Fern { meta: severity = "high" strings: $a = "api.fernwright.example" condition: $a }'
vet 1.0.0 1
said 1.0.0 '.verdict == "findings" and .scan.bad and ([.scan.files[].findings[] | .yara.rule] | unique == ["Fern"])'
schema report "$work/out-1.0.0/report.json"
rm "$work/fern.yar"
vet 1.0.0 0
said 1.0.0 '.scan == null and (.not_covered | any(contains("fern.yar: No such file")))'
# A policy that cannot be read lets nothing pass, and is told of.
printf 'version: 1\nscan: {yra: /etc/rules}\n' >"$work/config/postern/policy.yaml"
vet 1.0.0 0
said 1.0.0 '.scan.note | startswith("The policy cannot be read, so that nothing")'
exit $failed
