#!/usr/bin/env bash
# postern inventory of a home with a million files (bench/inventory_tree.py), beside find and du on the same tree: cold (the kernel's caches of
# files are dropped before each run, which needs root and slows everybody else down for a while) and warm. docs/benchmarks.md says what the
# lines mean.
#	bench/inventory.sh [FOLDER [FILES]]    the tree is made there if it is not, and stays; by default a temporary one
set -u
cd "$(dirname "$0")/.." || exit 1
P=$PWD/build/release/postern
home=${1:-} files=${2:-1000000}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [[ ! $home ]]; then
	home=$scratch/home
fi
if [[ ! -d $home ]]; then
	echo "making a tree of $files files"
	python3 bench/inventory_tree.py "$home" "$files" || exit 1
	sync
fi
export XDG_CACHE_HOME=$scratch/cache
drop() {
	sync
	echo 3 2>/dev/null >/proc/sys/vm/drop_caches || echo '(the caches could not be dropped: this is warm)'
}
run() { # NAME COMMAND...
	local name=$1
	shift
	tests/lib/spent.py "$scratch/time" 3600 "$@" >"$scratch/out" 2>/dev/null
	read -r seconds user system memory <"$scratch/time"
	printf '%-44s %s s, %s s user, %s s system, %s kB\n' "$name" "$seconds" "$user" "$system" "$memory"
}
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors"
drop
run 'cold: find -type d' find "$home" -type d
drop
run 'cold: du -s (looks at every file)' du -s "$home"
drop
run 'cold: postern inventory, first run' "$P" inventory --root "$home" --format json
grep -oE '"(folders|files|looked_into)": [0-9]+' "$scratch/out" | tr '\n' ' '
echo
drop
run 'cold: postern inventory, second run' "$P" inventory --root "$home" --format json
run 'warm: find -type d' find "$home" -type d
run 'warm: du -s' du -s "$home"
run 'warm: postern inventory --fresh' "$P" inventory --root "$home" --format json --fresh
run 'warm: postern inventory, incremental' "$P" inventory --root "$home" --format json
run 'warm: the same, one thread' "$P" inventory --root "$home" --format json --jobs 1
for _ in {1..20}; do
	find "$home/src" -mindepth 1 -maxdepth 1 -type d | shuf -n 1 | while read -r d; do echo x >"$d/new$RANDOM.ts"; done
done
run 'warm: incremental, after 20 changes' "$P" inventory --root "$home" --format json
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
