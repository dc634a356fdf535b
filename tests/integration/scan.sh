#!/bin/bash
# check: behind asan
# postern scan over attacks that are made here, one a file; its exit codes, forms, and what it does not follow. Prints "ok - NAME" or
# "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317 # called through check
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh

# gives CODE PATTERN ARGUMENT...: the exit code, and a line of what is printed.
gives() {
	local code=$1 pattern=$2 got
	shift 2
	"$postern" scan "$@" >"$work/said" 2>&1
	got=$?
	cat "$work/said"
	((got == code)) && grep -qE -- "$pattern" "$work/said"
}

files=$work/files
check 'the files are made' python3 tests/integration/scan_files.py "$files"
"$postern" scan --format json "$files" >"$work/out.json" 2>"$work/err"
check 'every attack is found, and nothing else' python3 tests/integration/scan_check.py "$files" "$work/out.json"
"$postern" scan --rules --format json >"$work/rules.json"
check 'each rule has a file that it must find, and one that it must not' python3 tests/integration/scan_rules.py "$files" "$work/out.json" "$work/rules.json"
check 'nothing is said beside the result' test ! -s "$work/err"

# One verdict an exit code, the worst of several.
check 'clean is 0' gives 0 '^clean' "$files/good/plain.pkl"
check 'bad is 1' gives 1 '^bad  2 files' "$files/good/plain.pkl" "$files/pickle/call-0.pkl"
check 'wrong use is 2' gives 2 'name a file or a folder'
check 'what is not there is 2' gives 2 'nowhere' "$work/nowhere"
check 'and unscanned' gives 2 '^unscanned  1 file' "$work/nowhere"
check 'unscanned is 3' gives 3 '^unscanned' "$files/names/unknown.bin" "$files/good/plain.pkl"
check 'suspicious is 4' gives 4 '^suspicious' "$files/pickle/unknown.pkl" "$files/names/unknown.bin"
check 'text is left out where models are asked for' gives 0 '^1 file was left out' --subject models "$files/names/README.md" "$files/good/plain.pkl"
check 'what is no text is left out where text is asked for' gives 0 '^1 file was left out' --subject text "$files/names/unknown.bin" "$files/names/README.md"
check 'clean text is said to be clean of one thing' gives 0 'searched for what is hidden in text, and for nothing else' "$files/names/README.md"
check 'the place is a line and a column' gives 1 'line 2, column 4 ' "$files/text/early-two.py"
check 'what tags say is shown' gives 1 '6 characters say "run id"' "$files/text/tags.md"
check 'hidden characters are shown by number' gives 1 'is<U\+200B>Admin' "$files/text/name.rs"
check 'what configuration lets tools do is told' gives 0 '^1 file of AI tools. configuration: 1 run commands at events' "$files/agents/good/.claude/settings.json"
check 'what is no configuration is left out where it is asked for' gives 0 '^1 file was left out' --subject agents "$files/agents/good/README.md" "$files/agents/good/CLAUDE.md"
check 'a configuration is found in an archive' gives 1 'in a/.claude/settings.json' "$files/text/agents.zip"
check 'the call is shown' gives 1 'posix.system\("id"\)' "$files/pickle/call-4.pkl"
check 'what to do is said' gives 1 '→ Do not load it' "$files/pickle/call-4.pkl"

# Nothing a file says reaches the terminal raw.
printf '\200\002cposix\nsys\033[31mtem\n.' >"$work/escape.pkl"
check 'evidence is made safe' bash -c "! '$postern' scan '$work/escape.pkl' | grep -q $'\033'"

# Links, pipes, and what cannot be read.
mkdir "$work/links" && cp "$files/good/plain.pkl" "$work/links/" && ln -s plain.pkl "$work/links/inside" && ln -s . "$work/links/loop"
mkfifo "$work/links/pipe"
check 'links inside and pipes are passed over' gives 0 '^clean  1 file,' "$work/links"
ln -s "$files/pickle/call-0.pkl" "$work/links/outside"
check 'a link that leads out is unscanned' gives 3 'a link that leads out' "$work/links"
check 'one that is named is followed' gives 1 'posix.system' "$work/links/outside"

# A file of 20 GB with nothing in it costs no time, and one that shrinks while it is read is clean when it was empty, else unscanned.
truncate -s 20G "$work/hole.bin"
check 'a large file' timeout 60 bash -c "'$postern' scan '$work/hole.bin'; (( \$? == 3 ))"
other() {
	for _ in 1 2 3 4 5 6; do
		timeout 60 "$postern" scan "$work/moves.bin" >"$work/said" 2>&1
		local code=$?
		((code == 0 || code == 3)) || return 1
	done
}
(while [[ -e $work/files ]]; do truncate -s 40M "$work/moves.bin" && truncate -s 0 "$work/moves.bin"; done) 2>/dev/null &
moving=$!
check 'a file that changes while it is read' other
kill "$moving"
check 'twice the same' bash -c "'$postern' scan --format json '$files' | cmp - '$work/out.json'"

schema scan "$work/out.json"
exit $failed
