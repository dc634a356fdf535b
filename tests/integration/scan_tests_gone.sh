#!/bin/bash
# check: behind asan
# postern scan of a change that deletes tests: told with the code that it changes meanwhile, and not if they were moved, or went with what
# they tested. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh
command -v git >/dev/null || { echo 'scan_tests_gone: there is no git'; exit 77; }
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a.example GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a.example

notes() { # NOTES ARGUMENT...: nothing that blocks, and exactly these files whose tests are gone
	local notes=$1
	shift
	"$postern" scan --subject changes --format json "$@" >"$work/said" 2>"$work/err" || return 1
	cat "$work/said" "$work/err"
	[[ $(jq -r '[.files[] | .path as $p | .new[]? | select(.rule == "change.tests-deleted") | $p + "<" + .evidence] | join(" ")' "$work/said") == "$notes" ]]
}
again() { # to what was there, before each
	git reset -q --hard v1 && git clean -qfd
}

git init -q -b main "$work/tree" && cd "$work/tree" || exit 2
mkdir -p src/auth tests
seq 1 40 | sed 's/.*/def f&(x):\n    return x + &\n/' >src/auth/login.py
seq 1 40 | sed 's/.*/def test_f&():\n    assert f&(1) == 1 + &\n/' >tests/test_login.py
cp src/auth/login.py src/auth/other.py && cp tests/test_login.py tests/test_other.py && echo '# other' >>tests/test_other.py
git add . && git commit -qm one && git tag v1

echo 'y = 1' >>src/auth/login.py && git rm -q tests/test_login.py && git add .
gone='src/auth/login.py<tests/test_login.py'
check 'tests that are deleted, as it is staged' notes "$gone" --staged
check 'in the tree' notes "$gone" --since v1
check 'below a folder' notes "$gone" --since v1 src
check 'for a person' bash -c '"$1" scan --subject changes --staged | grep -q "tests deleted while what they test was changed: src/auth/login.py, .*: tests/test_login.py "' - "$postern"
git commit -qm two
check 'in a commit' notes "$gone" --diff v1 HEAD
check 'the way back brings them' notes '' --diff HEAD v1
schema scan "$work/said"

# Moved: as they are, into another file, and over two with most of it written anew.
again
echo 'y = 1' >>src/auth/login.py && mkdir tests/auth && git mv tests/test_login.py tests/auth/test_login.py && git add .
check 'moved as they are' notes '' --staged
check 'and in the tree, where nobody says so' notes '' --since v1
check 'from where it is looked at to elsewhere' notes '' --since v1 src
again
echo 'y = 1' >>src/auth/login.py && cat tests/test_login.py >>tests/test_other.py && git rm -q tests/test_login.py && git add .
check 'put into another file' notes '' --staged
check 'and in the tree' notes '' --since v1
again
echo 'y = 1' >>src/auth/login.py && git rm -q tests/test_login.py
seq 1 30 | sed 's/.*/class Case&:\n    def test(self):\n        self.same(f&(2), 2 + &)\n/' >tests/test_session.py && git add .
check 'written anew' notes '' --staged

# Gone with what they tested.
again
git rm -q tests/test_login.py src/auth/login.py && git add .
check 'the code is gone, too' notes '' --staged
again
git rm -q tests/test_login.py && head -60 src/auth/other.py >src/auth/login.py && git add .
check 'or half of it' notes '' --staged
again
echo 'def test_f40(): assert f40(0) == 40' >tests/test_login.py && git add . && git commit -qm three && git rm -q tests/test_login.py && head -117 src/auth/other.py >src/auth/login.py && git add .
check 'or the one that it tested' notes '' --staged
again
git mv src/auth/login.py src/login.py && git rm -q tests/test_login.py && git add .
check 'or the code was only moved' notes '' --staged
again
git rm -q tests/test_login.py && git add .
check 'the code is what it was' notes '' --staged
again
git rm -q tests/test_login.py && echo 'y = 1' >>src/auth/other.py && git add .
check 'other code was changed' notes '' --staged

# All that was in it taken out.
again
echo 'y = 1' >>src/auth/login.py && : >tests/test_login.py && git add .
emptied() {
	"$postern" scan --subject changes --format json "$@" >"$work/said" || return 1
	cat "$work/said"
	jq -e '[.files[] | .path as $p | .new[]? | select(.rule == "change.fewer-tests") | $p + "<" + .evidence] == ["tests/test_login.py<40 taken out, 0 assert nothing any more"]' "$work/said"
}
check 'a file of tests that is empty' emptied --staged
echo '# nothing here' >tests/test_login.py && git add .
check 'or has only a comment' emptied --staged
exit $failed
