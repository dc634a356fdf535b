#!/bin/bash
# check: behind asan
# postern scan of changes in real repositories: what a commit brings that was not there, and what it only moves. Prints "ok - NAME" or
# "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh
command -v git >/dev/null || { echo 'scan_change: there is no git'; exit 77; }
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a.example GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a.example

git init -q -b main "$work/tree" && cd "$work/tree" || exit 2
mkdir src tests
seq 1 60 | sed 's/^/line = /' >src/fetch.py
echo 'r = session.get(u, verify=False)' >>src/fetch.py
echo 'const x = 1;' >src/app.js
git add . && git commit -qm one && git tag v1

said() { # CODE NOTES FINDINGS ARGUMENT...: the exit code, and exactly these rules with their places
	local code=$1 notes=$2 findings=$3 got
	shift 3
	"$postern" scan --format json "$@" >"$work/said" 2>"$work/err"
	got=$?
	cat "$work/said" "$work/err"
	((got == code)) && [[ $(jq -r '[.files[] | .path as $p | .new[]? | $p + ":" + (.line | tostring) + "=" + .rule] | join(" ")' "$work/said") == "$notes" ]] &&
		[[ $(jq -r '[.files[] | .path as $p | .findings[] | $p + ":" + (.line | tostring) + "=" + .rule] | join(" ")' "$work/said") == "$findings" ]]
}

# Moved, and a line more.
git mv src/fetch.py src/get.py && echo 'import socket' >>src/get.py && git add .
check 'a file that was moved is what it was' said 0 'src/get.py:62=change.adds-network' '' --staged
git commit -qm two
check 'and so in a commit' said 0 'src/get.py:62=change.adds-network' '' --diff v1 main
printf '%s\n' 'const https = require("https");' 'const a = new https.Agent({ rejectUnauthorized: false });' >>src/app.js
cp src/app.js tests/app.js
check 'a check that is turned off, in the tree' said 4 'src/app.js:2=change.adds-network tests/app.js:2=change.adds-network tests/app.js:3=change.weak-test' \
	'src/app.js:3=change.tls-verification' --since main
git add .
check 'as it is staged' said 4 'src/app.js:2=change.adds-network' 'src/app.js:3=change.tls-verification' --staged src
schema scan "$work/said"
git commit -qm three
check 'in a commit' said 4 'src/app.js:2=change.adds-network' 'src/app.js:3=change.tls-verification' --diff HEAD~ HEAD src
check 'the way back brings nothing' said 0 '' '' --diff HEAD HEAD~
check 'for a person' bash -c '"$1" scan --diff HEAD~ HEAD | tee "$2" | grep -q "newly takes any certificate" && grep -q "network: src/app.js, line 2" "$2"' - "$postern" "$work/text"
whole() {
	"$postern" scan --format json . >"$work/said"; jq -e '.subjects == ["models", "text", "agents", "code"] and all(.files[]; has("new") | not)' "$work/said"
}
check 'a whole tree is not a change' whole
asked() {
	"$postern" scan --subject changes . >"$work/text" 2>&1
	(($? == 2)) && grep -q -- '--staged, --since or --diff' "$work/text"
}
check 'nor can it be asked for as one' asked
sarif() {
	"$postern" scan --format sarif --diff HEAD~ HEAD >"$work/sarif"
	jq -e '[.runs[0].results[].ruleId] == ["change.tls-verification"]' "$work/sarif"
}
check 'notes are no alerts of a code host' sarif

# What is depended on, and what runs by itself, as git gives it.
mkdir -p .github/workflows .husky && printf '{"dependencies": {"lodash": "^4"}}' >package.json && git add . && git commit -qm four
printf '{"dependencies": {"lodash": "^4", "lodahs": "^4", "chalk": "^5"}}' >package.json
printf '%s\n' 'on: pull_request_target' 'jobs:' '  a:' '    steps:' '      - uses: actions/checkout@v4' '        with:' \
	'          ref: ${{ github.event.pull_request.head.sha }}' >.github/workflows/a.yml
echo 'curl -s https://h.example/x -o "$x"' >.husky/post-merge
printf '\177ELF\2\1\1\0' >tool
git add .
check 'dependencies, workflows, hooks, programs' said 4 \
	'.husky/post-merge:1=change.adds-hook .husky/post-merge:1=change.adds-network package.json:1=change.adds-dependency package.json:1=change.adds-dependency' \
	'.github/workflows/a.yml:7=change.workflow-head .husky/post-merge:1=change.hook-network package.json:1=change.look-alike-dependency tool:1=change.program tool:null=scan.machine-code' \
	--staged --subject changes
git commit -qm five
check 'and none of it once it is there' said 0 '' '' --since HEAD --subject changes .husky .github package.json

# Secrets: of a known format, new, and not in a test. What is there in two parts here is one in the file.
token=glpat-$(printf '%s' 'x7Kq2ZbV9mTfW' '4RjNcLs')
printf 'token = "%s"\n' "$token" >src/config.py && mkdir -p tests/data && cp src/config.py tests/data/config.py && git add src tests
check 'a token' said 4 'tests/data/config.py:1=change.test-secret' 'src/config.py:1=change.secret' --staged --subject changes src/config.py tests/data
hidden() {
	! grep -q "$token" "$work/said" && grep -q 'glpat-' "$work/said"
}
check 'which is not shown' hidden
git commit -qm six && printf 'a = 1\ntoken = "%s"\n' "$token" >src/config.py && git add src
check 'one that was there is not new' said 0 '' '' --staged --subject changes src/config.py
exit $failed
