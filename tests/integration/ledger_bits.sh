#!/usr/bin/env bash
# check: behind slow timeout=3000
# Every single bit of a log of 1,000 entries, turned over, is noticed: bundles, tiles, the tile that an earlier checkpoint left, the
# checkpoint; without --long one bit of each byte, by chance (SEED). And bits of its index: what is found through it is in the log, or the
# index is made anew or refused; one bit in 16 bytes by chance, with --long all of them.
set -u
P=$(realpath "${POSTERN:-build/postern}")
drivers=$(realpath "$(dirname "$P")/integration")
work=$(mktemp -d "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)/postern-bits.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n=1000 every=16 seed=${SEED:-$RANDOM} parts=2 of_each=1
bits_seed=$((seed + 1)) # 0 is all
[[ ${POSTERN_SUITE:-} == long ]] && every=0 bits_seed=0 of_each=8
fail() {
	echo "ledger_bits: $*"
	exit 1
}
quiet() { # the writer of a folder has ended
	timeout 20 flock "$1/lock" true || fail "the writer of $1 does not end"
}
"$P" log init --origin example.com/bits L >vkey 2>/dev/null || fail init
# In two steps, so that a partial tile of an earlier checkpoint is there, too.
seq 1 $((n / 2)) | sed 's/.*/{"n":&}/' | "$P" log append L >/dev/null || fail append
seq $((n / 2 + 1)) "$n" | sed 's/.*/{"n":&}/' | "$P" log append L >/dev/null || fail append
"$P" log init --origin example.com/index I >/dev/null 2>&1 || fail init
jq -nc "range($n)|{message:\"entry \\(.)\",time:(1764000000000+.),unmapped:{tool:{name:\"tool-\\(.%50)\"}}}" | "$P" log append I >/dev/null || fail append
"$P" log show --search 'entry 777' I >/dev/null || fail show
quiet L
quiet I

# What FTS5's own check passes over: a search that begins behind what it looks for. All words still stand there.
cp -a I J
python3 -c '
import sqlite3
db = sqlite3.connect("J/index.sqlite")
# The last page begins with "tool"; "entry" is the end of the one before, and the only word between.
n = db.execute("UPDATE words_idx SET term = ? WHERE term = ?", (b"0d", b"0t")).rowcount
db.commit()
exit(n != 1)' || fail 'no word to lead astray'
"$P" log rebuild --check I >/dev/null || fail 'the index is not good to begin with'
said=$("$P" log rebuild --check J)
[[ $? == 1 && $said == BAD:* ]] || fail "a search that is led astray is not noticed: $said"
rm -rf J

run() { # NAME PROGRAM FOLDER ARG...: in parts, each on a copy; sums up the last lines
	local name=$1 program=$2 folder=$3 part code=0 pids=()
	shift 3
	for ((part = 0; part < parts; part++)); do
		cp -a "$folder" "$name.$part" || return 1
		"$drivers/$program" "$name.$part" "$@" $part $parts >"$name.out.$part" 2>&1 &
		pids+=($!)
	done
	for ((part = 0; part < parts; part++)); do
		wait "${pids[$part]}" || code=1
	done
	tail -n 20 "$name".out.*
	((code == 0)) || fail "$name: $(tail -qn 1 "$name".out.* | xargs), SEED=$seed"
	tail -qn 1 "$name".out.* | awk '{n += $1} END {print n}' >"$name.n"
}
run log ledger_bits L vkey "$bits_seed"
run index ledger_bits_index I $every "$seed"
bytes=$(find L/tile L/checkpoint -type f -printf '%s\n' | awk '{n += $1} END {print n}')
(($(<log.n) == of_each * bytes)) || fail "$(<log.n) bits were turned over, and there are $((8 * bytes))"
echo "ledger_bits: $n entries: $(<log.n) of $((8 * bytes)) bits turned over, all noticed; $(<index.n) bits of the index, none of which shows what is not in the log"
