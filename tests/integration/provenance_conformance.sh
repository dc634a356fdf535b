#!/bin/bash
# postern provenance over the public suite of Sigstore's clients, as it was at one commit: each bundle, with the file and with its digest. The suite
# and the trusted root of the public instance are fetched; SIGSTORE_CONFORMANCE (a folder) and SIGSTORE_TRUSTED_ROOT (a file) name them where
# they are at hand. Exit 77: neither can be had.
set -u
cd "$(dirname "$0")/../.." || exit 2
postern=$PWD/build/${BUILD:-release}/postern
[[ -x $postern ]] || make -s BUILD="${BUILD:-release}" all || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
suite=${SIGSTORE_CONFORMANCE:-} root=${SIGSTORE_TRUSTED_ROOT:-}

# fetch NAME COMMIT: a repository of the project, at one commit.
fetch() {
	git init -q "$work/$1" && timeout 60 git -C "$work/$1" fetch -q --depth 1 "https://github.com/sigstore/$1" "$2" &&
		git -C "$work/$1" checkout -q FETCH_HEAD
}

if [[ -z $suite ]]; then
	suite=$work/sigstore-conformance
	if ! GIT_TERMINAL_PROMPT=0 fetch sigstore-conformance a73de4970176d258e0154c530b89d20b89444e4d 2>/dev/null; then
		echo 'the public suite cannot be fetched, and SIGSTORE_CONFORMANCE does not name it'
		exit 77
	fi
fi
if [[ -z $root ]]; then
	root=$work/root-signing/targets/trusted_root.json
	if ! GIT_TERMINAL_PROMPT=0 fetch root-signing 60cf2ce8b2e45d600dc17c4421e8c751e75772be 2>/dev/null; then
		echo 'the trusted root cannot be fetched, and SIGSTORE_TRUSTED_ROOT does not name it'
		exit 77
	fi
fi
python3 tests/integration/provenance_conformance.py "$suite" "$root" "$postern"
