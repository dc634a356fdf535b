#!/usr/bin/env bash
# check: alone slow timeout=400
# However a vetting is stopped, it ends soon, says what is known so far, and leaves nothing: no process, no mount, no namespace, no file.
# Runs in namespaces of its own, so that whatever is seen there is the vetting's.
set -u
cd "$(dirname "$0")/../.." || exit 2
if [[ ! ${INTERRUPT_INSIDE:-} ]]; then
	apart=(unshare --mount --pid --fork --mount-proc --kill-child)
	((EUID == 0)) || apart+=(--user --map-root-user)
	"${apart[@]}" true 2>/dev/null || { echo 'interrupt: namespaces are not allowed here'; exit 77; }
	command -v python3 >/dev/null || { echo 'interrupt: there is no python3'; exit 77; }
	[[ ${POSTERN:-} ]] && export POSTERN=${POSTERN#"$PWD"/}
	# A /tmp of its own; the tree, which may lie below the real one, is seen at /mnt.
	# shellcheck disable=SC2016 # for the inner shell
	INTERRUPT_INSIDE=1 exec "${apart[@]}" bash -c 'mount --bind . /mnt && cd /mnt && mount -t tmpfs tmp /tmp && bash tests/integration/interrupt.sh "$@"' - "$@"
fi
P=$PWD/${POSTERN:-build/${BUILD:-release}/postern}
[[ ${POSTERN:-} == /* ]] && P=$POSTERN
python=$(python3 -c 'import sys; print(sys.executable)')
work=/tmp/interrupt
mkdir -p $work/cwd $work/tool
cp tests/integration/badtools/bad.py $work/tool/
sed 's/^seconds:.*/seconds: 30/' tests/integration/badtools/profile.yaml >$work/profile.yaml
failed=0
bad() {
	failed=1
	echo "FAIL $*"
}

processes() { # but this script, what it runs here, and what is dead
	ps -eo pid=,stat=,args= | awk -v us=$$ '$1 != 1 && $1 != us && $2 !~ /^Z/ && !/ps -eo|awk -v us=/ && !/bash .*interrupt\.sh/'
}
namespaces() {
	stat -Lc %i /proc/[0-9]*/ns/* 2>/dev/null | sort -u
}
here() {
	grep -v nsfs /proc/self/mountinfo
	find /tmp /dev/shm -mindepth 1 ! -path "$work/*" 2>/dev/null
	find $work -maxdepth 2 ! -path "$work/report*" | sort
}

# stop SIGNAL TOOL SECONDS: starts a vetting of the tool, and sends the signal after some seconds
stop() {
	local signal=$1 tool=$2 pid code begin ms want=3 name="$1, tool $2, after $3 s" left=
	rm -rf $work/report
	touch $work/out $work/err /tmp/before.here /tmp/after.here /tmp/before.ns /tmp/after.ns
	namespaces >/tmp/before.ns
	here >/tmp/before.here
	(cd $work/cwd && exec "$P" vet --profile $work/profile.yaml --quick --seed 7 --jobs 2 --out $work/report --ledger none --format json -- \
		"$python" $work/tool/bad.py "$tool") >$work/out 2>$work/err </dev/null &
	pid=$!
	sleep "$3"
	kill -0 $pid 2>/dev/null || { bad "$name: over before the signal: $(tail -n 1 $work/err)" && return; }
	[[ $(processes) == *postern* ]] || bad "$name: nothing runs: $(processes)"
	begin=$(date +%s%N)
	kill "-$signal" $pid
	wait $pid 2>/dev/null
	code=$?
	ms=$((($(date +%s%N) - begin) / 1000000))
	[[ $signal == KILL ]] && want=137
	((code == want)) || bad "$name: code $code, not $want: $(tail -n 1 $work/err)"
	((ms < 6000)) || bad "$name: took $ms ms"
	[[ $signal == KILL ]] || jq -e '.partial == true and .verdict == "inconclusive" and (.reason | test("interrupted"))' \
		$work/report/report.json >/dev/null || bad "$name: the report says $(jq -c '[.partial, .verdict, .reason]' $work/report/report.json 2>&1)"
	# The kernel may need a moment to take the dead down.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		left=$(processes)
		[[ $left ]] || break
		sleep 0.3
	done
	[[ ! $left ]] || bad "$name: processes are left: $left"
	here >/tmp/after.here
	namespaces >/tmp/after.ns
	diff /tmp/before.here /tmp/after.here >$work/diff || bad "$name: left behind: $(cat $work/diff)"
	rm -f $work/diff
	diff /tmp/before.ns /tmp/after.ns || bad "$name: namespaces are left"
	echo "$name: ended in $ms ms with code $code"
}

for signal in INT TERM HUP KILL; do
	stop $signal hang 2
done
for tool in stubborn forks endless huge leave; do
	stop INT $tool 1
	stop KILL $tool 1
done
stop INT fill 0.6
stop INT work 0.2
stop KILL work 0.05
stop KILL work 0.1
stop KILL work 0.2
((failed == 0)) && echo 'interrupt: nothing is left'
exit $failed
