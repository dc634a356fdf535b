#!/usr/bin/env bash
# Our notes, checkpoints, trees, proofs and tiles against those of Go's checksum database (Debian's golang-golang-x-mod-dev), both ways.
# LEDGER_GO_SEED=N tries other ones.
# check: behind asan-long
set -u
cd "$(dirname "$0")/../.." || exit 2
oracle=build/${BUILD:-release}/integration/ledger_oracle
sources=/usr/share/gocode
[[ -x $oracle ]] || make -s BUILD="${BUILD:-release}" "$oracle" || exit 2
command -v go >/dev/null || { echo 'Go is not installed (Debian package golang-go)' && exit 77; }
[[ -d $sources/src/golang.org/x/mod/sumdb ]] || { echo 'its checksum database is not installed (Debian package golang-golang-x-mod-dev)' && exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/postern-ledger-go.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
# Packaged sources only: no module, no network, nothing of this machine's Go settings.
export GO111MODULE=off GOPATH=$sources GOFLAGS='' GOPROXY=off GOENV=off GOCACHE=$work/cache CGO_ENABLED=0
go build -o "$work/main" tests/integration/ledger_go/main.go || exit 1
"$work/main" "$oracle" "${LEDGER_GO_SEED:-1}"
