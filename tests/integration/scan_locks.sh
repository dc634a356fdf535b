#!/bin/bash
# check: behind asan
# postern scan of lock files in real repositories: the manifest that lies beside one is had as it is on the new side of a change, whichever
# way the change is named, and whatever lies there instead. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh
command -v git >/dev/null || { echo 'scan_locks: there is no git'; exit 77; }
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a.example GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a.example

lock() { # VERSION DIGEST
	printf '{"lockfileVersion": 3, "packages": {"": {"dependencies": {"left": "^1.0.0"}}, "node_modules/left": {"version": "%s", ' "$1"
	printf '"resolved": "https://r.example/left/-/left-%s.tgz", "integrity": "sha512-%s"}}}\n' "$1" "$2"
}
asks() { # RANGE
	printf '{"dependencies": {"left": "%s"}}\n' "$1"
}
found() { # CODE RULES ARGUMENT...: the exit code, and exactly these findings
	local code=$1 rules=$2 got
	shift 2
	"$postern" scan --subject changes --format json "$@" >"$work/said" 2>"$work/err"
	got=$?
	cat "$work/said" "$work/err"
	((got == code)) && [[ $(jq -r '[.files[] | .path as $p | .findings[] | $p + "=" + .rule] | join(" ")' "$work/said") == "$rules" ]]
}

git init -q -b main "$work/tree" && cd "$work/tree" || exit 2
mkdir app && asks '^1.0.0' >app/package.json && lock 1.0.0 aaaa >app/package-lock.json
printf 'm.example/a v1.0.0 h1:aaaa=\n' >go.sum
git add . && git commit -qm one && git tag v1
lock 1.5.0 bbbb >app/package-lock.json
check 'a version that is asked for' found 0 '' --since v1
lock 2.0.0 bbbb >app/package-lock.json && git add .
odd='app/package-lock.json=change.lock-manifest'
check 'one that is not, in the tree' found 4 "$odd" --since v1
check 'as it is staged' found 4 "$odd" --staged
asks '^2.0.0' >app/package.json
check 'the manifest of the tree asks for it' found 0 '' --since v1
check 'that which is staged does not' found 4 "$odd" --staged
git commit -qm two && git add . && git commit -qm three
check 'in a commit' found 4 "$odd" --diff v1 HEAD~
check 'and in both it is right' found 0 '' --diff v1 HEAD
check 'from below' bash -c 'cd app && "$1" scan --subject changes --diff v1 HEAD~ . | grep -q "left 2.0.0: the manifest asks for ^1.0.0"' - "$postern"

# Moved as a whole, and beside what is no manifest.
git mv app 'a p
p' && git commit -qm four
check 'what was moved is what it was' found 0 '' --diff HEAD~ HEAD
mkdir -p odd/package.json 'with space' && touch odd/package.json/x && lock 1.0.0 aaaa >odd/package-lock.json && lock 2.0.0 bbbb >'with space/package-lock.json'
asks '^1.0.0' >'with space/package.json'
mkdir link && ln -s '../with space/package.json' link/package.json && lock 2.0.0 bbbb >link/package-lock.json
mkdir none && lock 2.0.0 bbbb >none/package-lock.json
git add .
odd='with space/package-lock.json=change.lock-manifest'
check 'a folder, a link or nothing instead' found 4 "$odd" --staged
check 'and in the tree' found 4 "$odd" --since HEAD
git commit -qm five
check 'and in a commit' found 4 "$odd" --diff HEAD~ HEAD

# The same version, other bytes.
printf 'm.example/a v1.0.0 h1:bbbb=\nm.example/b v1.0.0 h1:aaaa=\n' >go.sum
lock 2.0.0 cccc >none/package-lock.json
check 'a digest that became another one' found 4 'go.sum=change.lock-digest none/package-lock.json=change.lock-digest' --since HEAD
check 'is shown beside what it was' grep -q 'm.example/a v1.0.0: h1:bbbb=, and was h1:aaaa=' "$work/said"
schema scan "$work/said"
exit $failed
