#!/usr/bin/env bash
# check: slow timeout=900
# The power goes while a ledger is written to: an ext4 file system on a loop device is shut down without a flush of its log, at a random
# moment, over and over. Nothing acknowledged is lost, and the log stays good. With syncs that do nothing (libeatmydata) the same test must
# find losses: else it would find none of ours. SEED and SECONDS may be given.
set -u
P=$(realpath "${POSTERN:-build/postern}")
driver=$(realpath "$(dirname "$P")/integration/ledger_power")
seconds=25
[[ ${POSTERN_SUITE:-} == long ]] && seconds=600
seconds=${SECONDS_OF_POWER:-$seconds} seed=${SEED:-$RANDOM}
skip() {
	echo "ledger_power: $*"
	exit 77
}
[[ $(id -u) == 0 ]] || skip 'mounting needs root'
[[ -e /dev/loop-control ]] || mknod /dev/loop-control c 10 237 2>/dev/null || skip 'there is no /dev/loop-control'
work=$(mktemp -d "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)/postern-power.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

"$P" log keygen --name example.org/power --type log log.key >log.vkey || exit 1
"$P" log keygen --name example.org/w --type witness w.key >w.vkey || exit 1
printf '%s\n' "log $(<log.vkey)" "witness one $(<w.vkey)" 'quorum one' >policy
printf example.org/power | sha256sum | cut -c1-64 >origin

"$driver" "$P" "$work" "$seconds" "$seed" >said 2>&1
code=$?
tail -n 25 said
((code == 77)) && exit 77
((code == 0)) || { echo "ledger_power: code $code with SEED=$seed: $(tail -n 1 said)" && exit 1; }
read -r points _ < <(tail -n 1 said)
bodies=$(sed -n 's/ bodies, .*//p' said) logs=$(sed -n 's/.* checkpoints, \([0-9]*\) of .*/\1/p' said)
((points > 10 && bodies > 0 && logs > 0)) || { echo "ledger_power: too little was tried: $(tail -n 2 said | xargs)" && exit 1; }

# The control.
"$driver" "$P" "$work" 20 "$seed" libeatmydata.so >control 2>&1
code=$?
lost=$(sed -n '$s/.* \([0-9]*\) lost.*/\1/p' control)
((code == 1 && ${lost:-0} > 0)) || { tail -n 5 control && echo 'ledger_power: syncs that do nothing went unnoticed' && exit 1; }
echo "crash points: $points"
echo "ledger_power: $(tail -n 1 said); with syncs that do nothing: $lost lost"
