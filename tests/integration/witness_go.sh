#!/usr/bin/env bash
# Our cosign against a witness in Go, and our servers against a client in Go, with the tree and notes of Go's checksum database.
# check: asan-long
set -u
cd "$(dirname "$0")/../.." || exit 2
P=${POSTERN:-build/postern}
P=$(realpath "$P")
sources=/usr/share/gocode
command -v go >/dev/null || { echo 'Go is not installed (Debian package golang-go)' && exit 77; }
[[ -d $sources/src/golang.org/x/mod/sumdb ]] || { echo 'its checksum database is not installed (Debian package golang-golang-x-mod-dev)' && exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/postern-witness-go.XXXXXX") || exit 2
pids=()
trap '((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
# Packaged sources only: no module, no network, nothing of this machine's Go settings.
export GO111MODULE=off GOPATH=$sources GOFLAGS='' GOPROXY=off GOENV=off GOCACHE=$work/cache CGO_ENABLED=0
go build -o "$work/main" tests/integration/witness_go/main.go || exit 1
cd "$work" || exit 2
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
fail() {
	echo "witness_go: $*"
	exit 1
}
start() { # FILE COMMAND...: a server; what it says first gets into said
	local file=$1
	shift
	"$@" >"$file" 2>>servers.err &
	pids+=($!)
	for _ in {1..500}; do
		[[ -s $file ]] && break
		sleep 0.02
	done
	read -r _ said <"$file" || fail "$1 does not get ready: $(<servers.err)"
}
grow() { # FOLDER FROM TO
	seq "$2" "$3" | sed 's/.*/{"n":&}/' | "$P" log append --mode buffered "$1" >/dev/null || fail "append to $1"
	"$P" log checkpoint "$1" >/dev/null || fail "checkpoint of $1"
}
expect() { # CODE PATTERN FOLDER: of cosign
	local said code
	said=$("$P" log cosign --policy policy "$3" 2>&1)
	code=$?
	[[ $code == "$1" && $said == *$2* ]] || fail "cosign $3: code $code: $said"
}
"$P" log keygen --name example.org/log --type log log.key >vkey || fail keygen
"$P" log keygen --name example.org/w1 --type witness w1.key >w1.vkey || fail keygen
for l in L R F; do "$P" log init --origin example.org/log --key log.key $l >/dev/null 2>&1 || fail init; done
start go.ready "$work/main" witness "$(<vkey)"
read -r go_url go_vkey <<<"$said"
start w1.ready "$P" log witness --key w1.key --log vkey S1
w1_url=$said
printf '%s\n' "log $(<vkey)" "witness go $go_vkey $go_url" "witness w1 $(<w1.vkey) $w1_url" 'group g 2 go w1' 'quorum g' >policy
next=1
grow R 1 600
grow F 2 800
for size in 1 2 255 256 257 700 66000; do
	grow L $next $size
	expect 0 'that is a quorum' L
	next=$((size + 1))
	[[ $size != 700 ]] || { expect 1 'rollback  go' R && expect 1 'fork      go' F; }
done
"$P" log verify --policy policy L >/dev/null || fail 'verify --policy'
# A second witness of ours, that knows less, and a client that is not ours.
start w2.ready "$P" log witness --key w1.key --log vkey S2
w2_url=$said
sed '/^witness go/d;/^group/d;s/^quorum.*/quorum w1/' policy | sed "s|$w1_url|$w2_url|" >less
"$P" log cosign --policy less R >/dev/null || fail 'cosign by a second witness'
start serve.ready "$P" log serve --cosigned L
"$work/main" client "$said" "$(<vkey)" "$w2_url" "$(<w1.vkey)" "$go_vkey" || fail 'the client'
