#!/bin/bash
# check: behind asan
# postern provenance over evidence that is made here, good and bad; each bad one must be refused for its own reason, and every value of the good
# ones that is changed must be noticed. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317 # called through check
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh
build=$here/build/${BUILD:-release}
[[ -x $build/integration/provenance_make && -x $build/integration/provenance_driver ]] || make -s BUILD="${BUILD:-release}" integration || exit 2

# gives CODE PATTERN ARGUMENT...: the exit code, and a line of what is printed.
gives() {
	local code=$1 pattern=$2 got
	shift 2
	"$postern" provenance "$@" >"$work/said" 2>&1
	got=$?
	cat "$work/said"
	((got == code)) && grep -qE -- "$pattern" "$work/said"
}

made=$work/made
mkdir "$made"
check 'the evidence is made' "$build/integration/provenance_make" "$made"
check 'each case gives its own reason' python3 tests/integration/provenance_check.py "$postern" "$made" cases
check 'every value that is changed is noticed' python3 tests/integration/provenance_check.py "$build/integration/provenance_driver" "$made" changes

good=$made/good-message file=$made/artefact
with=(--bundle "$good/bundle.json" --trusted-root "$good/root.json")
check 'who signed is shown' gives 0 '^    repository https://github.com/owner/tool$' "${with[@]}" --repository owner/tool "$file"
check 'a digest in place of the file' gives 0 '^  verified: bundle' "${with[@]}" --repository owner/tool "sha256:$(sha256sum "$file" | cut -c1-64)"
check 'another digest' gives 1 'artefact-mismatch' "${with[@]}" --repository owner/tool "sha256:$(printf '0%.0s' {1..64})"
cp "$file" "$work/tool" && cp "$good/bundle.json" "$work/tool.sigstore.json"
check 'the bundle beside the file' gives 0 '^  verified: bundle' --trusted-root "$good/root.json" --repository owner/tool "$work/tool"
printf 'x' >>"$work/tool"
check 'another file' gives 1 'artefact-mismatch' --trusted-root "$good/root.json" --repository owner/tool "$work/tool"
check 'nobody is pinned' gives 2 'say who may have signed' "${with[@]}" "$file"
check 'an identity without an issuer' gives 2 'say who may have signed' "${with[@]}" --identity x "$file"
check 'a repository elsewhere without an issuer' gives 2 'say who may have signed' "${with[@]}" --repository https://git.example/owner/tool "$file"
check 'a key and an identity' gives 2 'not both' "${with[@]}" --key "$good/key.pem" --repository owner/tool "$file"
check 'no trusted root' gives 2 'name the trusted root' --bundle "$good/bundle.json" --repository owner/tool "$file"
check 'a trusted root that is none' gives 2 'no trusted root' --bundle "$good/bundle.json" --trusted-root "$good/bundle.json" --repository owner/tool "$file"
check 'a key that is none' gives 2 'no PUBLIC KEY' "${with[@]}" --key "$good/root.json" "$file"
check 'what is not there' gives 2 'nowhere' "${with[@]}" --repository owner/tool "$work/nowhere"
mkfifo "$work/pipe"
check 'a pipe' gives 2 'no regular file' "${with[@]}" --repository owner/tool "$work/pipe"
check 'a folder' gives 2 'no regular file' "${with[@]}" --repository owner/tool "$work"
check 'a package without a version' gives 2 'an @ and a version' --npm-document "$made/npm-good/doc.json" --package @scope/tool "$file"
check 'no file' gives 2 'name one file' "${with[@]}"
check 'a digest of npm evidence' gives 2 'name the package itself' --npm-document "$made/npm-good/doc.json" "sha256:$(sha256sum "$file" | cut -c1-64)"
printf '{"mediaType":"\033[31m' >"$work/escape.json"
check 'nothing reaches the terminal raw' bash -c "! '$postern' provenance --bundle '$work/escape.json' --trusted-root '$good/root.json' --repository a/b '$file' | grep -q $'\033'"
# Who must have built it stands in a policy.
printf 'version: 1\norganisation: example.com\norigins:\n  - {package: "npm:@scope/*", repository: owner/tool, workflow: release.yml}\n' >"$work/policy.yaml"
printf '  - {file: "art*", repository: owner/other}\n' >>"$work/policy.yaml"
chmod 644 "$work/policy.yaml"
npm_evidence=(--npm-document "$made/npm-good/doc.json" --npm-keys "$made/npm-good/keys.json" --npm-attestations "$made/npm-good/att.json"
	--trusted-root "$made/npm-good/root.json")
check 'a package that a policy pins' gives 0 '^  verified: build provenance' --organisation "$work/policy.yaml" "${npm_evidence[@]}" \
	--package @scope/tool@1.2.3 "$file"
check 'a file that a policy pins' gives 1 'repository-mismatch' --organisation "$work/policy.yaml" "${with[@]}" "$file"
check 'a policy of a person' gives 1 'repository-mismatch' --policy "$work/policy.yaml" "${with[@]}" "$file"
check 'a policy, and something else' gives 2 'policy.yaml:5 says who' --policy "$work/policy.yaml" "${with[@]}" --repository owner/tool "$file"
check 'what a policy pins and is not there' gives 3 'no-attestation' --policy "$work/policy.yaml" "$file"
check 'what no policy pins' gives 2 'say who may have signed' --policy "$work/policy.yaml" "${with[@]}" "sha256:$(printf '0%.0s' {1..64})"

# Nesting and lengths without end.
python3 -c 'print("{\"a\":" * 100000)' >"$work/deep.json"
check 'nesting without end' gives 1 'bundle-malformed' --bundle "$work/deep.json" --trusted-root "$good/root.json" --repository owner/tool "$file"
truncate -s 20M "$work/large.json"
check 'a bundle without end' gives 2 'large.json' --bundle "$work/large.json" --trusted-root "$good/root.json" --repository owner/tool "$file"

"$postern" provenance -f json "${npm_evidence[@]}" --repository owner/tool "$file" >"$work/good.json"
"$postern" provenance -f json "${with[@]}" --repository other/tool --workflow x "$file" >"$work/bad.json"
"$postern" provenance -f json "$file" >"$work/none.json"
for one in good bad none; do
	schema provenance "$work/$one.json"
done
exit $failed
