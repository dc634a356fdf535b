#!/usr/bin/env bash
# check: timeout=3000
# Every single bit of a log, turned over, is noticed: 20 entries, and with --long 1,000.
set -u
P=$(realpath "${POSTERN:-build/postern}")
driver=$(realpath "$(dirname "$P")/integration/ledger_bits")
work=$(mktemp -d "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)/postern-bits.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n=20
[[ ${POSTERN_SUITE:-} == long ]] && n=1000
"$P" log init --origin example.com/bits L >vkey 2>/dev/null || exit 1
# In two steps, so that a partial tile of an earlier checkpoint is there, too.
seq 1 $((n / 2)) | sed 's/.*/{"n":&}/' | "$P" log append L >/dev/null || exit 1
seq $((n / 2 + 1)) "$n" | sed 's/.*/{"n":&}/' | "$P" log append L >/dev/null || exit 1
for _ in {1..100}; do [[ -e L/socket ]] && sleep 0.05; done
"$driver" L vkey >said 2>&1 || { tail -n 20 said && echo 'ledger_bits: a change was not noticed' && exit 1; }
echo "ledger_bits: $n entries: $(tail -n 1 said)"
