#!/usr/bin/env bash
# Vets the versions of bench/field-versions.txt and writes docs/field-results.md. What was vetted already (build/bench/field) is not vetted
# again; a version that cannot be fetched is told and left out. Nothing of a tool is run but by postern vet.
#	bench/field.sh [--quick | --thorough] [WORD...]
# WORD: only lines that have it in them; the table is of all that is there. It has nothing of conduct, so no trials are spent on it. POSTERN
# names another program than build/release/postern.
set -u
cd "$(dirname "$0")/.." || exit 1
out=build/bench/field postern=${POSTERN:-build/release/postern} effort=
[[ ${1:-} == --quick || ${1:-} == --thorough ]] && effort=$1 && shift
mkdir -p "$out"
while read -r package version; do
	[[ -z $package || $package == '#'* ]] && continue
	wanted=$(($# == 0))
	for word in "$@"; do [[ "$package $version" == *"$word"* ]] && wanted=1; done
	file=$out/$(tr '/@' '__' <<<"$package-$version").json
	((wanted)) || continue
	[[ -s $file ]] && continue
	began=$SECONDS
	# shellcheck disable=SC2086 # no effort is no word
	"$postern" vet "npm:$package@$version" $effort --seed 1 --conduct none --format json --ledger none >"$file.new" 2>"$file.err" </dev/null
	code=$?
	if ((code == 0 || code == 1 || code == 3)) && [[ -s $file.new ]]; then
		mv "$file.new" "$file"
		rm -f "$file.err"
		echo "$package $version: code $code, $((SECONDS - began)) s"
	else
		rm -f "$file.new"
		echo "$package $version: not vetted (code $code): $(tail -n 1 "$file.err")"
	fi
done <bench/field-versions.txt
# What follows under other headings is measured elsewhere, and stays.
{ python3 -B bench/field.py "$out" bench/field-truth.tsv && echo && awk '/^# /{n++} n > 1' docs/field-results.md; } >docs/field-results.md.new && mv docs/field-results.md.new docs/field-results.md && echo docs/field-results.md
