#!/usr/bin/env bash
# The search for secrets: a labelled set that is made anew (200 kinds, 33 encodings), fed whole, in pieces, and redacted; and what it finds in
# ordinary code, which should be next to nothing.
set -u
cd "$(dirname "$0")/../.." || exit 2
P=build/${BUILD:-release}/integration/dlp_scan
failed=0
python3 tests/integration/dlp_recall.py "$P" --seed 1 --least 99 || failed=1
python3 tests/integration/dlp_recall.py "$P" --seed 2 --mode pieces --least 99 || failed=1
# Redacted, there is next to nothing left to find, and restoring gives every byte back.
python3 tests/integration/dlp_recall.py "$P" --seed 3 --mode redact --most 1 || failed=1

# Hits in a million bytes of what every system has, test data with real keys included.
report=$(find /usr/include /usr/lib/python3 /usr/lib/python3.11 /usr/share/doc /usr/share/perl src docs -type f -size -2000k \
	\( -name '*.[ch]' -o -name '*.py' -o -name '*.md' -o -name '*.txt' -o -name '*.p[lm]' -o -name '*.html' -o -name '*.json' -o -name copyright \) \
	2>/dev/null | "$P" whole - | tail -n 1)
read -r _ bytes _ hits _ <<<"$report"
echo "ordinary files: $report"
((bytes > 1000000)) || { echo 'FAIL: there was next to nothing to search' && failed=1; }
((hits * 2 <= bytes / 1000000 + 8)) || { echo 'FAIL: more than one hit in two million bytes of ordinary files' && failed=1; }
if ((failed)); then
	echo 'FAILED'
	exit 1
fi
echo "all found that should be; $hits hits in $((bytes / 1000000)) MB of ordinary files"
