#!/usr/bin/env bash
# Everything that can be said about the source without running it. One line a check; the last line is "N passed, N failed, N skipped".
# With words as arguments only the checks of these names: layers headers banned format tidy shell man places words packages.
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/lib.sh
export LC_ALL=C.UTF-8
passed=0 failed=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/postern-lint.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

mapfile -t files < <(git ls-files -co --exclude-standard 2>/dev/null | while read -r f; do [[ -f $f ]] && echo "$f"; done)
((${#files[@]})) || mapfile -t files < <(find . -path ./build -prune -o -type f -printf '%P\n')
of() { # files whose name fits an extended pattern
	printf '%s\n' "${files[@]}" | grep -E "$1"
}

# Which floor may include which (src/FLOOR: the floors below it that it may use). vet reads identify's profiles, report reads the
# model of vet, and cmd all.
declare -A below=(
	[base]=''
	[sys]='base'
	[parse]='base'
	[crypto]='base sys parse'
	[confine]='base sys parse crypto'
	[wire]='base sys parse crypto'
	[ledger]='base sys parse crypto'
	[identify]='base sys parse crypto'
	[obtain]='base sys parse crypto'
	[inspect]='base sys parse crypto'
	[review]='base sys parse crypto'
	[policy]='base sys parse crypto'
	[world]='base sys parse crypto confine wire ledger identify obtain inspect policy review'
	[gate]='base sys parse crypto confine wire ledger identify obtain inspect policy review'
	[vet]='base sys parse crypto confine wire ledger identify obtain inspect policy review'
	[guard]='base sys parse crypto confine wire ledger identify obtain inspect policy review'
	[report]='base sys parse crypto confine wire ledger identify obtain inspect policy review vet/model.h vet/compare.h'
	[cmd]='base sys parse crypto confine wire ledger identify obtain inspect policy review world gate vet guard report'
)
check_layers() {
	local bad=0 file floor line header
	while read -r file; do
		floor=${file#src/} floor=${floor%%/*}
		[[ -v below[$floor] ]] || { echo "$file: tools/lint.sh knows no floor \"$floor\"" && bad=1 && continue; }
		while IFS=: read -r line header; do
			[[ $header == *'"gen/'* ]] && continue # made by the build
			header=${header#*\"} header=${header%%\"*}
			[[ ${header%%/*} == "$floor" || " ${below[$floor]} " == *" ${header%%/*} "* || " ${below[$floor]} " == *" $header "* ]] && continue
			echo "$file:$line: $floor may not include $header" && bad=1
		done < <(grep -nE '^[[:space:]]*#[[:space:]]*include "[a-z]+/' "$file")
	done < <(of '^src/[^/]+/[^/]+\.[ch]$')
	# Only crypto speaks to OpenSSL; TLS engines need its types too.
	of '^src/.*\.[ch]$' | grep -vE '^src/(crypto|wire)/' | xargs grep -nE '#include <openssl/' && echo 'only src/crypto and src/wire may include OpenSSL' && bad=1
	return $bad
}

check_headers() {
	# shellcheck disable=SC2016 # the inner shell expands it
	of '^src/.*\.h$' | grep -v '_table\.h$' | # rows of a table, included inside one
		xargs -P "$(jobs_here)" -n 20 bash -c '
			bad=0
			for header; do
				printf "#include \"%s\"\n#include \"%s\"\n" "${header#src/}" "${header#src/}" |
					gcc -std=gnu2x -D_GNU_SOURCE -Isrc -Wall -Wextra -Werror -fsyntax-only -xc - || { echo "$header cannot stand alone" && bad=1; }
			done
			exit $bad' -
}

# Functions that cannot be used safely, or that hide a shell.
check_banned() {
	! of '^(src|fuzz|tests)/.*\.[ch]$' | xargs grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|alloca|atoi|atol|atof|system|popen|tmpnam|mktemp)[[:space:]]*\(' /dev/null |
		grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)'
}

check_format() {
	of '^(src|fuzz|tests/unit)/.*\.[ch]$' | grep -v '_table\.h$' | xargs -P "$(jobs_here)" -n 20 clang-format --dry-run -Werror >"$scratch/format" 2>&1 && return
	# Those that are not as clang-format has them are told once each; all that is said, if that is something else.
	sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error: .*/\1: run clang-format -i on it (or make format)/p' "$scratch/format" | sort -u | grep . || cat "$scratch/format"
	return 1
}

check_tidy() {
	local flags
	mapfile -t flags < <(make -s print-flags | tr ' ' '\n' | grep -E '^-[DIs]')
	# Headers that the build makes must be there, also in a fresh clone.
	make -s build/release/gen/report_css.h || return 1
	export flags_line="${flags[*]}"
	# To start it takes several times as long as to read a file: many files a process.
	# shellcheck disable=SC2016 # the inner shell expands them
	of '^src/.*\.c$' | xargs -P "$(jobs_here)" -n 15 bash -c '
		said=$(clang-tidy --quiet "$@" -- $flags_line 2>/dev/null)
		code=$?
		[[ ! $said ]] || { printf "%s\n" "$said" && code=1; }
		exit $((code != 0))' -
}

check_shell() {
	local scripts
	mapfile -t scripts < <(grep -lE '^#!.*\b(ba)?sh\b|^# shellcheck shell=' "${files[@]}" 2>/dev/null)
	shellcheck -x "${scripts[@]}"
}

check_man() {
	local bad=0 page
	while read -r page; do
		mandoc -Tlint -W warning "$page" || bad=1
	done < <(of '^man/.*\.[1-9]$')
	return $bad
}

# What belongs to one machine, or to one registry, has no place in the source. The one default registry is the constant in
# src/obtain/npmrc.c; the simulated Internet, test data and profiles quote what is on the wire.
check_places() {
	local bad=0 machine='(^|[^a-zA-Z0-9_.])/(work|root|tmp/bash)[/_.]|/home/[a-z]+/(src|git|work)' host='registry\.(npm|yarn)|npmmirror\.|deb\.debian\.|\.nodesource\.|pypi\.(org|io)|pythonhosted\.|crates\.io|proxy\.golang'
	grep -nEI "$machine" "${files[@]}" | grep -vE '^(tools/lint\.sh|tests/integration/escape_tool\.c|LICENSE):' && echo 'a path of one machine' && bad=1
	grep -nEI "$host" "${files[@]}" | grep -vE '^(tools/lint\.sh|src/obtain/npmrc\.c|src/inspect/scan_registry_table\.h|src/world/[a-z_]*\.[ch]|tests/unit/[^:]*|fuzz/[^:]*|share/profiles/[^:]*|tests/data/[^:]*|fuzz/corpus/[^:]*):' && echo 'the host of a package registry' && bad=1
	return $bad
}

check_words() {
	! grep -nEIw 'TODO|FIXME|XXX' "${files[@]}" | grep -vE '^(tools/lint\.sh|LICENSE|tests/data/|fuzz/corpus/)'
}

# Every package that is installed is explained, and nothing else is.
check_packages() {
	# shellcheck disable=SC2016 # the quotes are those of Markdown
	diff <(sed -n 's/^[a-z][a-z]* \([a-z0-9.+-]*\)$/\1/p' tools/packages.txt | sort -u) <(sed -n 's/^| `\([a-z0-9.+-]*\)` .*/\1/p' docs/dependencies.md | sort -u)
}

checks=(layers headers banned format tidy shell man places words packages)
(($#)) && checks=("$@")
for name in "${checks[@]}"; do
	begin=$SECONDS
	if "check_$name" >"$scratch/out" 2>&1; then
		passed=$((passed + 1))
		printf '%spassed%s  lint/%s (%d s)\n' "$green" "$plain" "$name" $((SECONDS - begin))
	else
		failed=$((failed + 1))
		printf '%sFAILED%s  lint/%s\n' "$red" "$plain" "$name"
		sed 's/^/        | /' "$scratch/out" | head -n 100
	fi
done
last_line $passed $failed 0
((failed == 0))
