#!/usr/bin/env bash
# The test runner tells a pass from a failure, a crash, a time-out and a skip.
set -u
scratch=$(mktemp -d "${TMPDIR:-/tmp}/postern-runner.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# expect CI KIND COUNTS PATTERN BODY: a fake test with this body must count so, and the line must say that
expect() {
	local ci=$1 kind=$2 counts=$3 pattern=$4 said got
	printf '#!/usr/bin/env bash\n%s\n' "$5" >"$scratch/fake.sh"
	chmod +x "$scratch/fake.sh"
	said=$(CI=$ci tools/one-test.sh "$scratch" "$kind" "$scratch/fake.sh")
	got=$(cat "$scratch/$kind-fake.count")
	if [[ $got != "$counts" || $said != *$pattern* ]]; then
		echo "runner: \"$5\" counts \"$got\" and says \"$said\""
		exit 1
	fi
}
expect '' integration '1 0 0' 'passed' 'echo fine'
expect '' integration '0 1 0' 'code 1: it broke' 'echo it broke; exit 1'
expect '' integration '0 0 1' 'skipped integration/fake: no kernel' 'echo no kernel; exit 77'
expect true integration '0 1 0' 'not in tests/skips: no kernel' 'echo no kernel; exit 77'
expect '' integration '0 1 0' 'longer than 1 s' $'# check: timeout=1\nsleep 5'
expect '' unit '3 0 0' '3 tests' 'echo "[  PASSED  ] 3 test(s)."'
expect '' unit '2 1 0' 'FAILED' $'echo "[  PASSED  ] 2 test(s)."\necho "[  FAILED  ] 1 test(s), listed below:"\nexit 1'
expect '' unit '0 1 0' 'before its closing line' 'kill -SEGV $$'
expect '' unit '3 1 0' 'before its closing line' $'echo "[  PASSED  ] 3 test(s)."\nexit 23'
expect '' unit '0 1 0' 'ran no test' 'true'
expect '' unit '0 0 1' 'no namespaces' 'echo no namespaces; exit 77'
expect '' fuzz '1 0 0' '3 inputs replayed' 'echo 3 inputs replayed'
expect '' fuzz '0 1 0' 'code 1' 'exit 1'
echo 'runner: counts are right'
