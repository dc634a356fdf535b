#!/bin/bash
# check: behind timeout=600
# postern scan over what was made against it: bombs, very many members, deep nesting, files that are cut off, names that act, links in circles,
# and files that change while they are read. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed. Words are the names of
# checks, of which only these are made then.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh
check 'good files are made' python3 tests/integration/scan_files.py "$work/good"
python3 tests/integration/scan_hostile.py "$postern" "$work" "$work/good" "$@" || failed=1
exit $failed
