#!/bin/bash
# check: behind asan
# postern scan of packages: what they can do, what a new version can do that the one before could not, and what they are made of. The packages
# are made here. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh
files=$work/files
check 'the packages are made' python3 tests/integration/scan_package_files.py "$files"
cd "$files" || exit 2

# says FILTER ARGUMENT...: true of the result in JSON?
says() {
	local filter=$1
	shift
	"$postern" scan --format json --output "$work/out.json" "$@" 2>"$work/err"
	jq -e "$filter" "$work/out.json" >/dev/null || { jq '{packages, change, files}' "$work/out.json"; cat "$work/err"; return 1; }
}
# gives CODE PATTERN ARGUMENT...: the exit code, and a line of what is printed.
gives() {
	local code=$1 pattern=$2 got
	shift 2
	"$postern" scan "$@" >"$work/said" 2>&1
	got=$?
	cat "$work/said"
	((got == code)) && grep -qE -- "$pattern" "$work/said"
}

# --- what a package can do
nothing='([.packages[0].capabilities[] | length] | add) == 0'
check 'a package that does nothing' says "$nothing and .packages[0].name == \"pad\" and .packages[0].files == 2 and .verdict == \"clean\"" pad-1.0.0.tgz
check 'what it says of itself' says '.packages[0] | .form == "npm" and .version == "1.0.0" and .licence == "MIT" and .repository == "https://git.example/pad"
	and .maintainers == ["A <a@a.example>"] and .dependencies == [{"name": "left", "spec": "^1.0.0", "scope": "required"}]' pad-1.0.0.tgz
check 'as a folder it is the same' says "$nothing and .packages[0].name == \"pad\" and .packages[0].files == 2" pad-1.0.0
profile='.packages[0].capabilities | (.install | length) == 1 and .install[0].name == "postinstall" and .install[0].command == "node ./setup.js"
	and .install[0].line == 15 and (.install[0].reaches | sort) == ["hosts", "network", "process", "variables", "writes"]
	and .network == [{"name": "https", "file": "setup.js", "line": 1, "count": 1}] and .process[0].name == "child_process" and .process[0].line == 2
	and .writes[0].name == "createWriteStream" and .variables[0].name == "NPM_TOKEN" and .hosts[0].name == "collect.example" and .native == []'
check 'a script that is run on installation, and what it reaches' says "$profile" install.tgz
check 'the same of a folder' says "$profile" install
check 'declarations of types do nothing, and what is only for those who work on it is not run' says "$nothing" types.tgz
check 'but can be loaded as a program' says '[.packages[0].capabilities.process[].name] == ["child_process"]' types-run.tgz
check 'variables, however they are taken' says '[.packages[0].capabilities.variables[].name] == ["*", "CI", "NO_COLOR", "TERM"]' env.tgz
check 'machine code is not searched for pickles' says '[.files[].findings[] | .rule] | unique == ["scan.machine-code"]' machine.tgz
check 'what is unknown is' says '[.files[].findings[] | .rule] | index("model.pickle.extension")' data.tgz
check 'native code' says '.packages[0].capabilities.native | any(.[]; .name == "pad.node" and .detail == "ELF")' native.tgz
# This program itself: it connects, starts others, and has addresses in it.
check 'an executable that is named' says '.packages[0] | .form == "executable" and .name == "postern" and .score == null
	and ([.capabilities.network[].name] | index("connect")) and ([.capabilities.process[].name] | index("execve")) and (.capabilities.hosts | length) > 5
	and all(.capabilities[][]; .line == null)' "$postern"
mkdir "$work/tools" && cp "$(type -P true)" "$work/tools/tool"
check 'one of a folder is not' says '.packages == [] and .files[0].findings[0].rule == "scan.machine-code"' "$work/tools"
{ cat "$work/tools/tool"; printf '\0'; yes '// a line of a program' | head -n 400; echo 'fetch("https://api.example/");'; printf '\0'; } >"$work/tools/single"
check 'but one that carries a program is' says '.packages[0] | .name == "single" and .files == 2 and .capabilities.network[0].name == "fetch"
	and .capabilities.hosts[0].name == "api.example" and (.capabilities.hosts[0].file | test("^program at [0-9]+[.]js$"))' "$work/tools"
mkdir "$work/tools/package" && echo '{"name": "p", "version": "1.0.0"}' >"$work/tools/package/package.json" && cp "$postern" "$work/tools/package/tool" &&
	tar -C "$work/tools" -czf "$work/tools.tgz" package
for of in "$work/tools/package" "$work/tools.tgz"; do
	check "what one of a package takes from others is the package's: ${of##*/}" says '.packages[0] | .form == "npm" and
		any(.capabilities.network[]; .name == "connect" and .file == "tool") and any(.capabilities.native[]; .name == "tool")' "$of"
done
check 'two executables are compared' says '.change.gained == ["network"] and ([.change.changes[].kind] | unique) == ["hosts", "network"]' --diff "$work/tools/tool" "$work/tools/single"
check 'a wheel' says '.packages[0] | .form == "wheel" and .name == "Pad_It" and .version == "1.1" and .capabilities.install[0].name == "pad_it.pth"
	and [.capabilities.network[].name] == ["urllib.request"] and .capabilities.process[0].name == "subprocess" and .capabilities.writes[0].name == "open"
	and .capabilities.variables[0].name == "HOME" and (.dependencies | map(.scope)) == ["optional", "required"]' pad_it-1.1-py3-none-any.whl
check 'a source distribution' says '.packages[0] | .form == "sdist" and .name == "Pad_It" and .capabilities.install[0].command == "python setup.py"' pad_it-1.0.tar.gz
check 'an extension' says '.packages[0] | .form == "vsix" and .name == "pad" and .maintainers == ["p"] and .capabilities.install[0].command == "*"
	and .capabilities.process[0].name == "child_process"' pad.vsix
check 'what lies inside counts, fixtures do not' says '.packages[0] | [.inside[].name] == ["left", "@s/up"] and [.capabilities.install[].file] == ["node_modules/@s/up/package.json"]' inside.tgz
check 'several at once' says '[.packages[].path] == ["pad-1.0.0.tgz", "install", "same.tgz"]' pad-1.0.0.tgz install same.tgz
check 'what is no package has no profile' says '.packages == []' pad-1.0.0/index.js
check 'the report for people' gives 0 '^npm package pad 1.0.1, 3 files' install.tgz
check 'says what the command reaches' grep -q 'is run on installation or unasked: postinstall: node ./setup.js' "$work/said"
check 'and what was not seen' grep -q 'Nothing was seen of: dynamic, native, packed' "$work/said"
check 'and as a page' gives 0 'collect.example' --format html install.tgz

# --- the score: nothing but the sum of its reasons
sum='(.score.points == ([.score.reasons[].points] | add // 0))'
check 'nothing counts of a package that does nothing' says ".packages[0] | $sum and .score.points == 0 and (.score.not_looked_at | length) == 2" pad-1.0.0.tgz
check 'what is run on installation counts, with its place' says ".packages[0] | $sum and (.score.reasons | map(select(.id == \"install.network\"))[0]
	| .points == 25 and .evidence == \"postinstall: node ./setup.js (package.json:15)\") and any(.score.reasons[]; .id == \"code.credentials\")" install.tgz
check 'a folder has the same' says ".packages[0] | $sum and [.score.reasons[].id][0:2] == [\"install.network\", \"install.runs\"]" install
check 'the score is told to people' gives 0 '^  score [0-9]+, the sum of [0-9] reasons to look at it' install.tgz
check 'and each reason' grep -q '^    +25 what its installation runs reaches the network: postinstall: node' "$work/said"
check 'and in the page' gives 0 'What comes from there is in no archive that anybody can check' --format html install.tgz
delta='.change.score | .new - .old == ([.came[].points] | add // 0) - ([.went[].points] | add // 0)'
check 'of two versions what came is told' says "($delta) and .change.score.old == 0 and any(.change.score.came[]; .id == \"install.network\") and .change.score.went == []" \
	--diff pad-1.0.0.tgz install.tgz
check 'and what went' says "($delta) and .change.score.new == 0 and any(.change.score.went[]; .id == \"install.network\") and .change.score.came == []" \
	--diff install.tgz pad-1.0.0.tgz
check 'also to people' gives 0 '^  score 0, before: [0-9]+' --diff install.tgz pad-1.0.0.tgz
check 'with a sign' grep -q '^    -25 what its installation runs reaches the network' "$work/said"
schema scan "$work/out.json"

# --- two versions
same() { # OLD NEW
	gives 0 'What it can do, what it depends on and whose it is did not change' --diff "$1" "$2"
}
# odd RULE OLD NEW: this finding, and no other.
odd() {
	says ".verdict == \"suspicious\" and [.files[].findings[].rule] == [\"package.$1\"]" --diff "$2" "$3"
}
check 'no change is said to be none' same pad-1.0.0.tgz same.tgz
check 'nor is one between archive and folder' same pad-1.0.0.tgz pad-1.0.0
check 'a script on installation is gained' odd install-gained pad-1.0.0.tgz install.tgz
check 'its story is told' jq -e '.files[0].findings[0] | .member == "package.json" and .line == 15 and (.evidence | test("postinstall: node ./setup.js; what it runs reaches the network, starts programs.*hosts that are new: collect.example"))' "$work/out.json"
check 'what is gained at all is told' jq -e '.change | (.gained | sort) == ["hosts", "install", "network", "process", "variables", "writes"] and .lost == [] and (.changes | all(.step == "gained"))' "$work/out.json"
check 'of folders, too' odd install-gained pad-1.0.0 install
check 'and to people' gives 4 'gained: reaches the network https \(setup.js:1\)' --diff pad-1.0.0.tgz install.tgz
check 'the other way round it is lost' says '.verdict == "clean" and (.change.lost | length) == 6 and .change.gained == []' --diff install.tgz pad-1.0.0.tgz
check 'the same script does more' odd install-does-more setup-1.0.0.tgz setup-1.0.1.tgz
check 'or the same' same setup-1.0.0.tgz setup-1.0.2.tgz
check 'native code that is built is told, and is nothing odd' says '.verdict == "unscanned" and [.files[].findings[].rule] == ["scan.machine-code"] and .change.gained == ["native", "install"]' --diff pad-1.0.0.tgz native.tgz
check 'reaching the network alone is told, and is nothing odd' says '.verdict == "clean" and .change.gained == ["network", "hosts"]' --diff pad-1.0.0.tgz network.tgz
check 'with something that it takes along it is odd' odd reaches-out pad-1.0.0.tgz reaches.tgz
check 'code made unreadable' odd made-unreadable pad-1.0.0.tgz unreadable.tgz
check 'which is in the profile' says '.packages[0].capabilities.packed[0].name == "unreadable names"' unreadable.tgz
check 'a dependency from elsewhere' odd dependency-elsewhere pad-1.0.0.tgz elsewhere.tgz
check 'other authors, source, licence, dependencies' says '.verdict == "clean" and .change.repository == {"old": "https://git.example/pad", "new": "https://other.example/pad"}
	and .change.licence.new == "UNLICENSED" and ([.change.changes[] | .step + " " + .kind] | sort) == ["gained dependency", "gained maintainer", "lost dependency", "lost maintainer"]' \
	--diff pad-1.0.0.tgz moved.tgz
check 'a start file of Python' says '[.files[].findings[] | select(.verdict == "suspicious").rule] == ["package.install-gained"]' --diff pad_it-1.0-py3-none-any.whl pad_it-1.1-py3-none-any.whl
check 'nor by what is no code' gives 2 'compared by their code' --subject text --diff pad-1.0.0.tgz install.tgz
printf 'x' | gzip >"$work/x.gz"
check 'what is no package cannot be compared' gives 2 'the first of what is to be compared is no package' --diff "$work/x.gz" pad-1.0.0.tgz
for kind in .tgz ''; do
	check "what the old version had is no news$kind" says '.verdict == "clean" and .change.same' --diff "decodes-1$kind" "decodes-2$kind"
	check "what it had elsewhere is$kind" says '.verdict == "bad" and [.files[].findings[] | .rule] == ["code.runs-decoded"]' --diff "decodes-1$kind" "decodes-3$kind"
done
check 'SARIF has the finding' says '.runs[0].results[0].ruleId == "package.install-gained"' --format sarif --diff pad-1.0.0.tgz install.tgz

# --- hostile ones
hostile() {
	"$postern" scan hostile.tgz two.tgz >"$work/said" 2>&1
	! grep -q $'[\033\007]' "$work/said" && grep -q 'there is more than is told here' "$work/said" && "$postern" scan --format html hostile.tgz >"$work/page"
	! grep -q '<script' "$work/page"
}
check 'nothing that a package says acts' hostile
check 'what is too much is said to be cut' says '.packages[0].cut' hostile.tgz
check 'a folder of hostile names' says '.packages | length == 1' two.tgz

# --- from a registry
coproc REGISTRY { exec python3 "$here/tests/integration/badtools/registry.py"; }
registry=$REGISTRY_PID
read -r port <&"${REGISTRY[0]}"
export XDG_CACHE_HOME=$work/cache npm_config_registry=http://127.0.0.1:$port/
check 'a package that is fetched' says '.packages[0] | .name == "tool" and .version == "1.2.0" and .path == "npm:tool@1.2.0"' npm:tool@1.2.0
check 'is scanned, not unpacked' gives 4 'archive.path' npm:tool@1.2.0
check 'with another digest than the registry says it is not' gives 2 'does not match the digest' npm:tool@1.0.0
check 'nor one that there is not' gives 2 'has no version 9.9.9' npm:tool@9.9.9
check 'and two are compared' gives 2 'does not match the digest' --diff npm:tool@1.2.0 npm:tool@1.0.0
kill "$registry"
check 'what was fetched needs no registry' gives 4 '^npm package tool 1.2.0' npm:tool@1.2.0
unset npm_config_registry XDG_CACHE_HOME

# --- what they are made of
bom() { # FILTER ARGUMENT...
	local filter=$1
	shift
	"$postern" scan --sbom "$work/bom.json" "$@" >"$work/said" 2>&1
	jq -e "$filter" "$work/bom.json" >/dev/null || { cat "$work/bom.json"; return 1; }
}
sum=$(sha512sum inside.tgz | cut -d' ' -f1)
check 'a bill of materials' bom '.bomFormat == "CycloneDX" and .specVersion == "1.6" and .metadata.component.purl == "pkg:npm/pad@1.0.0"
	and [.components[].purl] == ["pkg:npm/left@1.2.3", "pkg:npm/%40s/up@2.0.0", "pkg:npm/far", "pkg:npm/maybe"]
	and (.metadata.component.hashes[] | select(.alg == "SHA-512").content) == "'"$sum"'"
	and (.dependencies[0] | .ref == "package-0" and (.dependsOn | length) == 4)' inside.tgz
cp "$work/bom.json" "$work/npm.cdx.json"
check 'of a wheel' bom '.metadata.component.purl == "pkg:pypi/pad-it@1.0" and .metadata.component.licenses[0].license.name == "MIT"' pad_it-1.0-py3-none-any.whl
cp "$work/bom.json" "$work/wheel.cdx.json"
check 'of several' bom '[.components[] | select(."bom-ref" | startswith("package-")).purl] == ["pkg:npm/pad@1.0.0", null]' inside.tgz pad.vsix
cp "$work/bom.json" "$work/several.cdx.json"
check 'of a hostile one' bom '(.components | length) == 10000' hostile.tgz
jq '.components |= .[0:20]' "$work/bom.json" >"$work/hostile.cdx.json"
check 'of none there is none' gives 2 'there is no package' --sbom "$work/none.json" pad-1.0.0/index.js

"$postern" scan --format json --output "$work/change.json" --diff pad-1.0.0.tgz moved.tgz
"$postern" scan --format json --output "$work/packages.json" inside.tgz install pad.vsix pad_it-1.1-py3-none-any.whl two.tgz
schema scan "$work/change.json"
schema scan "$work/packages.json"
# The official schema comes with a library; without a registry its structure was looked at above.
if [[ -d $work/ajv/node_modules ]] && (cd "$work" && npm pack --silent --ignore-scripts @cyclonedx/cyclonedx-library@10.3.0 >"$work/log" 2>&1); then
	mkdir "$work/cdx" && tar -xzf "$work"/cyclonedx-cyclonedx-library-10.3.0.tgz -C "$work/cdx"
	check 'they fit the schema of CycloneDX' node "$work/ajv/cyclonedx.js" "$work/cdx/package/res/schema" "$work"/{npm,wheel,several,hostile}.cdx.json
else
	echo "$test: the schema of CycloneDX was not tried, as it cannot be fetched"
fi
exit $failed
