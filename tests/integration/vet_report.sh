#!/usr/bin/env bash
# check: slow timeout=480
# What an enterprise files: two versions of a small tool are vetted as packages, the questionnaire is answered, the verdict is signed and
# checked by OpenSSL too, the versions are compared, and SARIF fits its shape.
set -u
cd "$(dirname "$0")/../.." || exit 2
P=${POSTERN:-$PWD/build/${BUILD:-release}/postern}
[[ $P == /* ]] || P=$PWD/$P
passed=0
fail() {
	echo "vet_report: $*"
	exit 1
}
ok() {
	passed=$((passed + 1))
}
unshare -Urn true 2>/dev/null || { echo 'vet_report: user namespaces are not allowed here'; exit 77; }
command -v node >/dev/null || { echo 'vet_report: node is not installed'; exit 77; }
specimen=build/${BUILD:-release}/specimens/wording-gateway/main.mjs
[[ -f $specimen ]] || make -s BUILD="${BUILD:-release}" "$specimen" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM
export XDG_CACHE_HOME=$work/cache

# package VERSION PLANTED: the first version does the same everywhere and runs nothing when it is installed.
package() {
	local at=$work/$1/package
	mkdir -p "$at"
	cp "${specimen%/*}"/*.mjs "$at"/
	sed -i '1i #!/usr/bin/env node' "$at/main.mjs"
	local scripts='{}'
	if [[ $2 == yes ]]; then
		scripts='{"postinstall": "node setup.mjs"}'
		mkdir -p "$at/node_modules/inner"
		echo '{"name": "inner", "version": "0.0.7"}' >"$at/node_modules/inner/package.json"
	else
		sed -i "s/'modest'/'small'/" "$at/main.mjs"
	fi
	printf '{"name": "fern-tool", "version": "%s", "license": "MIT", "bin": {"fern": "main.mjs"}, "scripts": %s}\n' "$1" "$scripts" >"$at/package.json"
	tar czf "$work/fern-tool-$1.tgz" -C "$work/$1" package
}
package 1.0.0 no
package 2.0.0 yes
"$P" log keygen --name example.com/vet --type log "$work/key" >"$work/vkey" || fail 'no key'
"$P" log keygen --name example.com/vet --type log "$work/other" >"$work/other.vkey" || fail 'no second key'
vet() { # VERSION CODE
	"$P" vet --profile tests/specimens/wording-gateway/profile.yaml --quick --seed 3 --factors gateway --ledger none --questionnaire \
		--sign "$work/key" --out "$work/out-$1" "$work/fern-tool-$1.tgz" >"$work/text-$1" 2>"$work/err"
	local code=$?
	((code == $2)) || fail "version $1: code $code, not $2: $(tail -n 2 "$work/err")"
}
vet 1.0.0 0
vet 2.0.0 1
ok

# --- the questionnaire
for v in 1.0.0 2.0.0; do
	jq -e '(.questionnaire | length == 46) and ([.questionnaire[].number] == [range(1; 47)])
		and all(.questionnaire[]; .answer != "" and (.maps | length > 0))
		and ([.questionnaire[40:][].state] | unique == ["not observable"])' "$work/out-$v/report.json" >/dev/null || fail "the questionnaire of $v"
done
answer() { # NUMBER VERSION: "STATE CONCERN ANSWER"
	jq -r ".questionnaire[$1 - 1] | \"\(.state) \(.concern) \(.answer)\"" "$work/out-$2/report.json"
}
[[ $(answer 1 2.0.0) == 'answered false 3 hosts in '* ]] || fail "hosts: $(answer 1 2.0.0)"
[[ $(answer 13 1.0.0) == 'answered false '* ]] || fail "factors of 1.0.0: $(answer 13 1.0.0)"
[[ $(answer 13 2.0.0) == 'answered true '*'gateway host name (covert, p = '* ]] || fail "factors of 2.0.0: $(answer 13 2.0.0)"
[[ $(answer 29 1.0.0) == 'answered false No.'* ]] || fail "install scripts of 1.0.0: $(answer 29 1.0.0)"
[[ $(answer 29 2.0.0) == 'answered true Yes, 1: postinstall of fern-tool@2.0.0: node setup.mjs.'* ]] || fail "install scripts of 2.0.0: $(answer 29 2.0.0)"
[[ $(answer 30 2.0.0) == *'inner@0.0.7'* ]] || fail "what is inside: $(answer 30 2.0.0)"
# It came as a file: the registry has not been asked, and nothing of it is claimed.
for q in 27 28 32; do
	[[ $(answer $q 2.0.0) == 'not observed false '* ]] || fail "question $q of a file: $(answer $q 2.0.0)"
done
grep -q '^QUESTIONNAIRE  46 questions' "$work/text-2.0.0" || fail 'the text has no questionnaire'
while read -r question; do
	tr '\n' ' ' <"$work/text-2.0.0" | tr -s ' ' | grep -qF "$question" || fail "the text lacks: $question"
done < <(jq -r '.questionnaire[].question' "$work/out-2.0.0/report.json")
ok

# --- the statement
S=$work/out-2.0.0/verdict.intoto.json
"$P" vet --verify "$S" --key "$work/vkey" "$work/fern-tool-2.0.0.tgz" >"$work/verified" 2>"$work/err"
code=$?
((code == 1)) || fail "a good statement with findings: code $code: $(cat "$work/err")"
grep -q 'signed by example.com/vet' "$work/verified" || fail 'the signer is not named'
"$P" vet --verify "$work/out-1.0.0/verdict.intoto.json" --key "$work/vkey" "$work/fern-tool-1.0.0.tgz" >/dev/null || fail 'a good and clean one'
# The program that runs is a subject too.
"$P" vet --verify "$work/out-1.0.0/verdict.intoto.json" --key "$work/vkey" "$work/1.0.0/package/main.mjs" >/dev/null || fail 'the program'
refused() { # WORDS SAYS
	local says=$1
	shift
	"$P" vet --verify "$@" >/dev/null 2>"$work/err"
	local code=$?
	((code == 2)) || fail "code $code, not 2, for: $*"
	grep -q "$says" "$work/err" || fail "\"$says\" is not said of $*: $(cat "$work/err")"
}
refused 'is not about' "$S" --key "$work/vkey" "$work/fern-tool-1.0.0.tgz"
refused 'signed by 0 of the keys' "$S" --key "$work/other.vkey"
# One bit of what is said, with the signature as it was.
jq -c '.payload |= (@base64d | gsub("\"verdict\":\"findings\""; "\"verdict\":\"clean\"") | @base64)' "$S" >"$work/forged"
refused 'signed by 0 of the keys' "$work/forged" --key "$work/vkey"
jq -c '.payloadType = "text/plain"' "$S" >"$work/forged"
refused 'signed by 0 of the keys' "$work/forged" --key "$work/vkey"
echo '{"payload": [' >"$work/forged"
refused 'is no envelope' "$work/forged" --key "$work/vkey"
"$P" vet --verify "$S" >"$work/unverified" 2>&1
code=$?
((code == 3)) || fail "without a key: code $code"
grep -q 'NOT VERIFIED' "$work/unverified" || fail 'without a key it does not say so'
# The statement is about this report and these bytes.
payload() { # FILE
	jq -r .payload "$1" | base64 -d
}
payload "$S" | jq -e --arg report "$(sha256sum <"$work/out-2.0.0/report.json" | cut -d ' ' -f 1)" \
	--arg archive "$(sha256sum <"$work/fern-tool-2.0.0.tgz" | cut -d ' ' -f 1)" --arg sha512 "$(sha512sum <"$work/fern-tool-2.0.0.tgz" | cut -d ' ' -f 1)" '
	._type == "https://in-toto.io/Statement/v1" and .predicateType == "urn:postern:vetting:v1"
	and .subject[0] == {"name": "pkg:npm/fern-tool@2.0.0", "digest": {"sha256": $archive, "sha512": $sha512}}
	and .predicate.report.sha256 == $report and .predicate.verdict == "findings" and .predicate.counts.covert == 1
	and .predicate.failOn == "covert" and .predicate.plan.effort == "quick" and (.predicate.coverage.notCovered | length > 0)
	and (.predicate.findings | map(select(.class == "covert")) | .[0].factor == "gateway")' >/dev/null || fail 'what the statement says'
ok

# --- the same signature, by OpenSSL: the public key as SubjectPublicKeyInfo of RFC 8410, the message as DSSE's PAE
raw=$(cut -d + -f 3- "$work/vkey" | base64 -d | od -An -v -tx1 | tr -d ' \n')
printf '302a300506032b6570032100%s' "${raw:2}" | sed 's/../\\x&/g' | xargs -0 printf '%b' >"$work/public.der"
type=$(jq -r .payloadType "$S")
payload "$S" >"$work/body"
{
	printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(wc -c <"$work/body")"
	cat "$work/body"
} >"$work/pae"
jq -r '.signatures[0].sig' "$S" | base64 -d >"$work/signature"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/public.der" -rawin -in "$work/pae" -sigfile "$work/signature" >"$work/log" 2>&1 ||
	fail "OpenSSL does not take the signature: $(cat "$work/log")"
# And one that OpenSSL made is taken here.
openssl genpkey -algorithm ed25519 -outform DER -out "$work/private.der" 2>/dev/null || fail 'no key of OpenSSL'
openssl pkeyutl -sign -keyform DER -inkey "$work/private.der" -rawin -in "$work/pae" -out "$work/signature" || fail 'OpenSSL does not sign'
public=$(openssl pkey -inform DER -in "$work/private.der" -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n')
id=$({ printf 'openssl\n\001'; printf '%s' "$public" | sed 's/../\\x&/g' | xargs -0 printf '%b'; } | sha256sum | cut -c 1-8)
printf 'openssl+%s+%s\n' "$id" "$(printf '01%s' "$public" | sed 's/../\\x&/g' | xargs -0 printf '%b' | base64 -w 0)" >"$work/openssl.vkey"
jq -c --arg sig "$(base64 -w 0 "$work/signature" | tr '+/' '-_')" '.signatures = [{"keyid": "whoever", "sig": $sig}]' "$S" >"$work/by-openssl"
"$P" vet --verify "$work/by-openssl" --key "$work/openssl.vkey" "$work/fern-tool-2.0.0.tgz" >"$work/verified" 2>"$work/err"
code=$?
((code == 1)) || fail "a signature by OpenSSL: code $code: $(cat "$work/err")"
ok

# --- a policy that admits by it: the version that was found clean, and by its bytes alone
mkdir -p "$work/etc/vetted" "$work/home"
policy() { # VKEY
	cat >"$work/etc/policy.yaml" <<-EOT
		organisation: example.com
		version: 1
		tools:
		  default: ban
		  vetted: {keys: ["$(cat "$1")"], max_days: 90}
		  rules:
		    - {vetted: true, verdict: gate}
	EOT
}
policy "$work/vkey"
explain() { # DIGEST
	HOME=$work/home "$P" policy explain --organisation "$work/etc/policy.yaml" --format json --tool fern --digest "$1" 2>"$work/err"
}
clean=$(sha256sum <"$work/1.0.0/package/main.mjs" | cut -d ' ' -f 1)
planted=$(sha256sum <"$work/2.0.0/package/main.mjs" | cut -d ' ' -f 1)
explain "$clean" | jq -e '.tool == "banned"' >/dev/null || fail "without a statement: $(explain "$clean") $(cat "$work/err")"
cp "$work/out-1.0.0/verdict.intoto.json" "$work/etc/vetted/fern-1.intoto.json"
cp "$work/out-2.0.0/verdict.intoto.json" "$work/etc/vetted/fern-2.intoto.json"
explain "$clean" | jq -e '.tool == "permitted only inside the gate" and (.vetted.file | endswith("fern-1.intoto.json"))' >/dev/null ||
	fail "with its statement: $(explain "$clean") $(cat "$work/err")"
explain "$planted" | jq -e '.tool == "banned" and (has("vetted") | not)' >/dev/null || fail "the planted one: $(explain "$planted")"
grep -q 'fern-2.intoto.json.*admits nothing: its verdict is that there are findings' "$work/err" || fail "why not is not told: $(cat "$work/err")"
policy "$work/other.vkey"
explain "$clean" | jq -e '.tool == "banned"' >/dev/null || fail "with another key: $(explain "$clean") $(cat "$work/err")"
ok

# --- what changed
compare() { # CODE A B ARG...
	local want=$1
	shift
	"$P" vet --compare "$@" >"$work/compared" 2>"$work/err"
	local code=$?
	((code == want)) || fail "compare $*: code $code, not $want: $(cat "$work/err")"
}
compare 1 "$work/out-1.0.0" "$work/out-2.0.0/report.json" --format json --out "$work/comparison"
cmp -s "$work/compared" "$work/comparison/compare.json" || fail 'what is printed is not what is written'
jq -e '(.alarms == 2) and ([.sections[] | select(.items | any(.alarm)) | .id] == ["channels", "scripts"])
	and (.sections[] | select(.id == "channels") | .items | map(select(.alarm)) | length == 1 and (.[0].what | startswith("gateway host name → POST http://{gateway}/v1/messages")))
	and (.sections[] | select(.id == "packages") | .items | any(.what == "inner" and .kind == "new"))' "$work/compared" >/dev/null ||
	fail "what changed: $(cat "$work/compared")"
compare 0 "$work/out-2.0.0" "$work/out-1.0.0"
grep -q 'nothing that the first does not do' "$work/compared" || fail 'the other way round'
grep -qF '  -  gateway host name' "$work/compared" || fail 'what is gone is not told'
compare 0 "$work/out-2.0.0" "$work/out-2.0.0"
compare 1 "$work/out-1.0.0" "$work/out-2.0.0" --format html
grep -q '<h1><bdi>fern-tool 2.0.0 against 1.0.0: 2 things' "$work/compared" || fail 'the page of the comparison'
compare 2 "$work/out-1.0.0" "$work/text-2.0.0"
grep -q 'the second report cannot be read' "$work/err" || fail "no report: $(cat "$work/err")"
# A subject that was not vetted yet is vetted for it.
compare 1 "$work/out-1.0.0" "$work/fern-tool-2.0.0.tgz" --profile tests/specimens/wording-gateway/profile.yaml --quick --seed 3 --factors gateway
grep -q 'gateway host name' "$work/compared" || fail 'a subject that is vetted now'
ok
echo "$passed passed"
