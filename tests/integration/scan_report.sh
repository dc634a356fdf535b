#!/bin/bash
# check: behind slow
# What postern scan says to others: SARIF by its schema and by what code hosts check it with, an output that is stopped, and the same
# result from however many processes. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh

# A working tree: its root is where .git is, wherever one stands in it.
tree=$work/tree
mkdir -p "$tree/.git" "$tree/sub dir"
python3 tests/integration/scan_files.py "$tree/files" || exit 2
printf '{{ "".__class__ }}\n' >"$tree/sub dir/chat.jinja"
printf '\200\002cposix\n[a](https://b.example)<b>\\\n.' >"$tree/sub dir/link.pkl"
cd "$tree/sub dir" || exit 2
scan() {
	"$postern" scan "$@"
}
all() { # FORMAT OUT ARGUMENT...
	local format=$1 out=$2
	shift 2
	scan --format "$format" "$@" ../files . >"$out" 2>"$work/err"
	(($? == 1))
}

# --- however many processes there are
check 'one process' all json "$work/one.json" --jobs 1
check 'eight' all json "$work/eight.json" --jobs 8
check 'say the same' cmp "$work/one.json" "$work/eight.json"
check 'one for each processor' all json "$work/cores.json"
check 'says the same, too' cmp "$work/one.json" "$work/cores.json"

# --- SARIF
check 'SARIF' all sarif "$work/all.sarif"
log() { # FILTER: must be true of the log
	jq -e "$1" "${2:-$work/all.sarif}" >/dev/null || { jq "${3:-.runs[0].invocations}" "${2:-$work/all.sarif}"; return 1; }
}
check 'a result for each finding' log \
	"(.runs[0].results | length) == $(jq '[.files[].findings | length] | add' "$work/one.json")"
check 'by the rules that it lists' log '.runs[0] | .tool.driver.rules as $rules | all(.results[]; .ruleId == $rules[.ruleIndex].id)
	and all($rules[]; .help.text != "" and .shortDescription.text != "" and (.defaultConfiguration.level | IN("note", "warning", "error")))'
check 'levels' log 'all(.runs[0].results[]; .level == {"bad": "error", "suspicious": "warning", "unscanned": "note"}[.properties.verdict])
	and ([.runs[0].results[].level] | unique) == ["error", "note", "warning"] and all(.runs[0].results[]; .kind == "fail")'
check 'places are relative to the working tree' log 'all(.runs[0].results[].locations[0].physicalLocation.artifactLocation;
	.uriBaseId == "%SRCROOT%" and (.uri | startswith("files/") or startswith("sub%20dir/")))'
check 'artifacts are those of the results' log '.runs[0] | .artifacts as $a | all(.results[].locations[0].physicalLocation.artifactLocation;
	.uri == $a[.index].location.uri)'
digests() {
	jq -r '.runs[0].artifacts[] | select(.location.uri | test("^[a-z0-9/.-]*$")) | .hashes["sha-256"] + "  " + .location.uri' "$work/all.sarif" >"$work/sums"
	(($(wc -l <"$work/sums") > 100)) && (cd "$tree" && sha256sum --quiet -c "$work/sums")
}
check 'digests are those of the files' digests
check 'a text has a line' log 'any(.runs[0].results[]; .ruleId == "model.template.internals"
	and .locations[0].physicalLocation == {"artifactLocation": .locations[0].physicalLocation.artifactLocation, "region": {"startLine": 1, "startColumn": 7}})' '' \
	'.runs[0].results[] | select(.ruleId == "model.template.internals") | .locations'
check 'bytes have an offset' log 'any(.runs[0].results[]; .ruleId == "model.pickle.call" and .locations[0].physicalLocation.artifactLocation.uri == "files/pickle/call-0.pkl"
	and .locations[0].physicalLocation.region == {"startLine": 1, "byteOffset": 22, "byteLength": 1})'
check 'a member is a logical location' log 'any(.runs[0].results[].locations[0]; .logicalLocations[0].kind == "member"
	and (.physicalLocation.region | has("byteOffset") | not))'
check 'evidence makes no link' log 'any(.runs[0].results[]; (.message.text | contains("\\[a\\](https://b.example)<b>\\\\")) and (.properties.evidence | contains("[a](https")))' '' \
	'.runs[0].results[] | select(.properties.evidence | contains("b.example"))'
check 'what is unscanned is told' log 'any(.runs[0].invocations[0].toolExecutionNotifications[]; .level == "warning" and (.message.text | contains("not to be taken for clean")))'
fingerprint() {
	scan --format sarif chat.jinja | jq -r '.runs[0].results[0].partialFingerprints["scanFinding/v1"]'
}
before=$(fingerprint)
sed -i '1i {# a line #}' chat.jinja
moved() {
	scan chat.jinja | grep 'line 2' && [[ $(fingerprint) == "$before" && ${#before} == 32 ]]
}
check 'a fingerprint stays when lines move' moved
printf '{{ "".__bases__ }}\n' >chat.jinja
another() {
	[[ $(fingerprint) != "$before" ]]
}
check 'and is another for another finding' another
unique() {
	[[ -z $(jq -r '.runs[0].results[] | .partialFingerprints["scanFinding/v1"]' "$work/all.sarif" | sort | uniq -d) ]]
}
check 'no two have the same' unique
outside() {
	(cd "$work" && scan --format sarif tree/files/pickle/call-0.pkl | jq -e '.runs[0].results[0].locations[0].physicalLocation.artifactLocation | .uri == "tree/files/pickle/call-0.pkl"') &&
		(cd "$work/tree" && cp files/pickle/call-0.pkl "$work/out.pkl" && scan --format sarif ../out.pkl |
			jq -e --arg uri "file://$work/out.pkl" '.runs[0].results[0].locations[0].physicalLocation.artifactLocation | .uri == $uri and (has("uriBaseId") | not)')
}
check 'outside of a tree' outside

# --- where it goes
to_file() {
	scan --format sarif --output "$work/to" ../files >"$work/said" 2>&1
	(($? == 1)) && [[ ! -s $work/said ]] && jq -e . "$work/to" >/dev/null && [[ $(stat -c %a "$work/to") == 600 ]]
}
check '--output' to_file
not_to_file() {
	scan --output "$work/nowhere/to" ../files/good
	(($? == 2))
}
check 'one that cannot be written' not_to_file

# --- the page, as Chromium reads it, without a network: what it holds, and what is seen of it when boxes are unticked
printf '\200\002cposix\n</bdi></style><script>alert(1)</script><img src=x onerror=alert(2)>&"\342\200\256\n.' >"$work/<h3><script>evil.pkl" # U+202E
check 'HTML' all html "$work/all.html" "$work/<h3><script>evil.pkl"
browse() {
	timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --disable-dev-shm-usage --host-resolver-rules='MAP * ~NOTFOUND' \
		--user-data-dir="$work/profile" --virtual-time-budget=3000 --allow-file-access-from-files --dump-dom "file://$1" 2>"$work/chromium.log"
}
cat >"$work/look.html" <<-EOT
	<iframe id=f width=390 height=900 src="all.html"></iframe><p id=out></p><script>
	onload = () => {
		const d = f.contentDocument, n = q => d.querySelectorAll(q).length, seen = () => [...d.querySelectorAll("article")].filter(e => e.offsetHeight).length;
		const all = seen(), left = ["bad", "suspicious", "unscanned", "clean"].map(v => { d.getElementById("v-" + v).click(); return all - seen(); });
		out.textContent = "measured scroll=" + (d.documentElement.scrollWidth <= 390 ? "none" : d.documentElement.scrollWidth)
			+ " resources=" + f.contentWindow.performance.getEntriesByType("resource").length
			+ " foreign=" + n("script,img,link,iframe,object,embed,form,a,svg,base,video,audio")
			+ " handlers=" + [...d.querySelectorAll("*")].filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).length
			+ " all=" + all + " left=" + left + " hidden=" + n("span.h") + ";";
	};
	</script>
EOT
page() { # articles of each verdict: clean files are one, and text without a model another; what packages can do is always seen
	local bad suspicious unscanned packages
	packages=$(jq ".packages | length" "$work/one.json")
	bad=$(jq '.counts.bad + 1' "$work/one.json") suspicious=$(jq .counts.suspicious "$work/one.json")
	unscanned=$(($(jq '[.files[] | select(.verdict == "unscanned" and (.findings | all(.rule != "scan.text")))] | length' "$work/one.json") + 1))
	browse "$work/look.html" >"$work/dom"
	grep -o 'measured scroll=[^;]*;' "$work/dom" | grep -v textContent
	grep -qF "measured scroll=none resources=0 foreign=0 handlers=0 all=$((bad + suspicious + unscanned + 1 + packages)) left=$bad,$((bad + suspicious)),$((bad + suspicious + unscanned)),$((bad + suspicious + unscanned + 1)) hidden=3;" "$work/dom" ||
		{ echo "wanted: $bad $suspicious $unscanned"; return 1; }
}
if command -v chromium >/dev/null; then
	check 'in Chromium' page
else
	echo 'not ok - scan_report: chromium is not installed (Debian package chromium)'
	failed=1
fi
check 'it may load nothing' grep -qF "default-src 'none'; style-src 'unsafe-inline'" "$work/all.html"
check 'evidence is text' grep -qF '&lt;/bdi&gt;&lt;/style&gt;&lt;script&gt;alert(1)' "$work/all.html"
check 'a name is text' grep -qF '&lt;h3&gt;&lt;script&gt;evil.pkl' "$work/all.html"

# --- stopped: the second file takes longer than anybody waits
mkdir "$work/long" && cp ../files/pickle/call-0.pkl "$work/long/a.pkl" && cp ../files/good/plain.pkl "$work/long/b.pkl"
python3 - "$work/long/c.safetensors" <<-EOT
	import json, struct, sys
	n = 200 << 30
	head = json.dumps({"t": {"dtype": "F32", "shape": [n // 4], "data_offsets": [0, n]}}).encode()
	with open(sys.argv[1], "wb") as f:
	    f.write(struct.pack("<Q", len(head)) + head)
	    f.truncate(8 + len(head) + n)
EOT
stop() { # SIGNAL CODE FORMAT FILE...
	local signal=$1 want=$2 format=$3 code
	shift 3
	rm -f "$work/stopped"
	"$postern" scan --deep --jobs 1 --format "$format" --output "$work/stopped" "$@" 2>"$work/err" &
	local pid=$!
	sleep 1
	kill "-$signal" "$pid" || return 1
	wait "$pid"
	code=$?
	cat "$work/err"
	pgrep -P "$pid" && return 1
	((code == want)) && grep -q interrupted "$work/err"
}
check 'stopped: what was found counts' stop INT 1 json "$work/long"
check 'and is told as not all' jq -e '.stopped and .counts.files == 3 and .counts.unscanned == 1 and .verdict == "bad"' "$work/stopped"
check 'stopped without a finding' stop TERM 3 text "$work/long/b.pkl" "$work/long/c.safetensors"
check 'says so' grep -q 'It was stopped' "$work/stopped"
check 'stopped, as SARIF' stop INT 3 sarif "$work/long/b.pkl" "$work/long/c.safetensors"
check 'is no success' jq -e '.runs[0].invocations[0].executionSuccessful == false' "$work/stopped"
cp "$work/stopped" "$work/stopped.sarif"
scan --write-baseline "$work/known.json" ../files >"$work/log"
scan --format sarif --baseline "$work/known.json" ../files >"$work/known.sarif"

# --- by those who read it
schema scan "$work/one.json"
if [[ ! -d $work/ajv/node_modules ]]; then
	echo 'scan_report: SARIF was not tried, as there is nothing to try it with'
	exit $failed
fi
cd "$work" || exit 2
fetched() { # PACKAGE FILE SHA256
	npm pack --silent "$1" && sha256sum --quiet -c - <<<"$3  $2" && tar -xzf "$2"
}
if fetched @microsoft/jest-sarif@1.0.0-beta.0 microsoft-jest-sarif-1.0.0-beta.0.tgz \
	748e2c3d1a842e7bb258416685c7ea3a0da40005b72267b2052c2856d48ad102 >fetch.out 2>&1; then
	check "SARIF fits OASIS's schema" node ajv/sarif.js package/lib/schemas/sarif-2.1.0-rtm.5.json all.sarif known.sarif
else
	echo "scan_report: OASIS's schema was not tried, as it cannot be fetched"
fi
# One run, as it takes long to start. What is left to wish: the address of a site about the program.
multitool() { # LOG...: which of them has what kind of fault
	DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 package/Sarif.Multitool validate "$@" --rule-kind 'Sarif;Ghas' --output valid.sarif --log ForceOverwrite
	jq -r '.runs[0] | if .results then .results[] else empty end | select(.ruleId != "SARIF2005") | .ruleId + " " + .locations[0].physicalLocation.artifactLocation.uri' valid.sarif |
		sed 's|\(.* \).*/|\1|' | sort | uniq >faults
	cat faults
}
if fetched @microsoft/sarif-multitool-linux@5.7.0 microsoft-sarif-multitool-linux-5.7.0.tgz \
	27d8e3e96dde578a23b7c45035b8d741fece5731e2700aa068015b8c44d1514e >fetch.out 2>&1 && chmod +x package/Sarif.Multitool; then
	# Two results of each rule: it takes a minute and more for those of all files, and each is made like the others of its rule.
	for log in all known; do
		jq -c '.runs[0].results |= (group_by(.ruleId) | map(.[0:2]) | add)' "$log.sarif" >"each-$log.sarif"
	done
	jq -c '.runs[0].results[0].ruleIndex = 9999' each-all.sarif >wrong.sarif
	jq -c '.runs[0].results[0].ruleIndex = 9999' stopped.sarif >wrong-large.sarif
	multitool each-all.sarif each-known.sarif stopped.sarif wrong.sarif wrong-large.sarif >multitool.out 2>&1
	check 'sarif-multitool looks at each' grep -q '5 files scanned' multitool.out
	check 'and minds one that is wrong, only' grep -qxE 'SARIF[0-9]+ wrong.sarif' faults
	check 'also where there is a file that is larger than its numbers' grep -qxE 'SARIF[0-9]+ wrong-large.sarif' faults
	check 'nothing in the others' bash -c '! grep -v " wrong" faults'
else
	echo 'scan_report: sarif-multitool was not tried, as it cannot be fetched'
fi
exit $failed
