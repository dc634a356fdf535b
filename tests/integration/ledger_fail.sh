#!/usr/bin/env bash
# check: slow timeout=900
# The disk says no to every call by which a ledger is read or changed, in turn, with EIO and ENOSPC: each command succeeds or says why not,
# what was acknowledged stays, and the next start makes good. Once with calls that are made to fail in the kernel (ledger_fail.h), and once
# with libfiu, for those that it knows. One of each kind in each command, and each fourth call on average, by chance (SEED);
# with --long every one, and each block of the journal that recovery reads counts as a call of its own.
set -u
P=$(realpath "${POSTERN:-build/postern}")
driver=$(realpath "$(dirname "$P")/integration/ledger_fail")
work=$(mktemp -d "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)/postern-fail.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export SEED=${SEED:-$RANDOM}
fail() {
	echo "ledger_fail: $*, SEED=$SEED"
	exit 1
}

# --- every call
one() { # CASE: in a folder of its own
	mkdir -p "$1/base" && cd "$1/base" || return 1
	"$P" log keygen --name example.com/fail --type log log.key >log.vkey || return 1
	"$P" log keygen --name example.org/w --type witness w.key >w.vkey || return 1
	printf '%s\n' "log $(<log.vkey)" "witness one $(<w.vkey)" 'quorum one' >policy
	cd ../..
	"$driver" "$P" "$work/$1" "$1" >"$1.out" 2>&1
	echo $? >"$1.code"
	rm -rf "${work:?}/$1"
}
export -f one
export P driver work
cases=(write show rebuild append erase init put export cosign witness)
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\n' "${cases[@]}" | xargs -n 1 -P 2 bash -c 'one "$1"' -
calls=0
for c in "${cases[@]}"; do
	cat "$c.out"
	code=$(cat "$c.code" 2>/dev/null)
	[[ $code == 77 ]] && tail -n 1 "$c.out" && exit 77
	[[ $code == 0 ]] || fail "$c: code $code: $(tail -n 1 "$c.out")"
	read -r n _ < <(tail -n 1 "$c.out")
	calls=$((calls + n))
done
# Each kind was among them.
for call in openat pwritev fsync fdatasync ftruncate renameat unlinkat mkdirat read pread64 getdents64 newfstatat flock bind; do
	grep -q "^  $call " ./*.out || fail "no $call was made to fail"
done

# --- libfiu, from elsewhere
"$P" log init --origin example.com/fiu L >vkey 2>/dev/null || fail 'init'
acked=0 told=0 runs=0
# As fiu-run does, but without its FIFO, for which it starts a thread that SIGTERM would end the program through.
fiu=$(dpkg -L fiu-utils libfiu0 2>/dev/null | grep -E '/fiu_(run|posix)_preload\.so$' | sort -r | xargs)
[[ $fiu == *run*posix* ]] || fail 'libfiu is not installed'
for point in sync/fdatasync sync/fsync rw/ftruncate rw/read rw/pread dir/opendir dir/readdir oc/open; do
	for errno in 5 28; do
		for probability in 0.5 0.05; do
			: >ready
			FIU_ENABLE="enable_random name=posix/io/$point,probability=$probability,failinfo=$errno" LD_PRELOAD=$fiu "$P" log write L >ready 2>err &
			writer=$!
			for _ in {1..300}; do
				[[ -s ready ]] || ! kill -0 $writer 2>/dev/null || { sleep 0.01 && continue; }
				break
			done
			if [[ -s ready ]]; then
				for i in 1 2 3; do
					# Only to this writer: one that append starts is another.
					[[ -S L/socket ]] || break
					if said=$(seq "$i" 9 | timeout 20 "$P" log append --format json L 2>err.append); then
						last=$(jq .last <<<"$said")
						((last > acked)) && acked=$last
					fi
				done
				kill -TERM $writer 2>/dev/null
			fi
			wait $writer
			code=$?
			((code == 0 || code == 2)) || fail "libfiu, $point $errno: the writer ends with code $code"
			((code == 0)) || [[ $(<err) == 'postern log write: '* ]] || fail "libfiu, $point: the writer says \"$(<err)\""
			((told += code != 0, runs += 1))
			timeout 10 flock L/lock true || fail "libfiu, $point: a writer does not end"
			"$P" log write --idle 1 L >/dev/null 2>err || fail "libfiu, $point $errno: no start afterwards: $(<err)"
			size=$(sed -n 2p L/checkpoint)
			((acked == 0 || size > acked)) || fail "libfiu, $point $errno: entry $acked was acknowledged, and the log has $size"
			"$P" log verify --key vkey L >said || fail "libfiu, $point $errno: $(<said)"
		done
	done
done
((told >= 4)) || fail "libfiu made the writer fail only $told times"
echo "crash points: $((calls + told))"
echo "ledger_fail: $calls calls failed in turn, and the writer $told of $runs times by libfiu; nothing acknowledged was lost"
