#!/usr/bin/env bash
# check: slow timeout=170
# Closed hosts by cgroup BPF, and by nftables: a made network with a DNS server, TLS, proxies and datagrams, in a network namespace and a cgroup
# of its own. Closed and open names on one address and on different ones; every way around that egress.h speaks of; exceptions; what stays
# when the process dies; floods.
# shellcheck disable=SC2317,SC2016 # functions are called by names; what is in single quotes is for the shell inside
set -u
cd "$(dirname "$0")/../.." || exit 2
build=build/${BUILD:-release}
if [[ ! ${EGRESS_INSIDE:-} ]]; then
	make -s BUILD="${BUILD:-release}" "$build/integration/egress_driver" || exit 1
	((EUID == 0)) || { echo 'egress: programs for the kernel want root'; exit 77; }
	[[ -x /usr/bin/python3 ]] || { echo 'egress: there is no /usr/bin/python3'; exit 77; }
	unshare -nm true 2>/dev/null || { echo 'egress: namespaces are not allowed here'; exit 77; }
	EGRESS_INSIDE=1 exec unshare -nm bash "$0" "$@"
fi
D=$PWD/$build/integration/egress_driver
cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[[ $cgroups ]] || { echo 'egress: no cgroup file system of version 2'; exit 77; }
C=$cgroups/postern-test-egress-$$
mkdir "$C" 2>/dev/null || { echo "egress: no cgroup can be made in $cgroups"; exit 77; }
work=$(mktemp -d) driver='' world='' other=''
. tests/lib/check.sh said told
clean() {
	[[ $driver ]] && kill "$driver" 2>/dev/null
	[[ $other ]] && kill "$other" 2>/dev/null
	[[ $world ]] && kill "$world" 2>/dev/null
	wait 2>/dev/null
	rmdir "$C"/*/ "$C" 2>/dev/null
	umount "$work/bpf" 2>/dev/null
	rm -rf "$work"
}
trap clean EXIT

# ---- the network
ip link set lo up
ip link set lo mtu 1500
for a in 20.1.0.1 20.1.0.2 20.1.0.3 20.1.0.4 20.1.0.5 20.1.0.6 20.8.8.8 20.9.9.8 20.9.9.9 10.1.0.1; do
	ip address add $a/32 dev lo
done
for a in 1 2 3; do
	ip address add 2600:1::$a/128 dev lo nodad
done
sysctl -qw net.ipv4.tcp_fastopen=3
echo 'nameserver 20.9.9.9' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
mkfifo "$work/world"
/usr/bin/python3 tests/integration/egress_world.py "$work" >"$work/world" 2>"$work/world.err" &
world=$!
exec {from_world}<"$work/world"
read -r -t 20 _ <&"$from_world" || { echo 'FAIL the network does not start'; cat "$work/world.err"; exit 1; }

told() { grep -qF -- "$*" "$work/told"; }
# begin ARG...: the driver, with lines in $work/told
begin() {
	rm -f "$work/in" "$work/told"
	mkfifo "$work/in"
	timeout 150 "${inside[@]}" "$D" "$@" <"$work/in" >"$work/told" 2>&1 &
	driver=$!
	exec {to}>"$work/in"
	ends 10 told ready || { echo "FAIL it does not start: $(cat "$work/told")"; failed=$((failed + 1)); return 1; }
}
say() { # what the driver shall do; until it is done
	local n
	n=$(grep -c '^done' "$work/told")
	echo "$*" >&"$to"
	ends 5 more_done "$n"
}
more_done() { (($(grep -c '^done' "$work/told") > $1)); }
stop() { # stop|open
	echo "${1:-stop}" >&"$to"
	exec {to}>&-
	wait "$driver"
	driver=
}
group=$C
# client STEP...: in the cgroup; python=PROGRAM
client() {
	(echo "$BASHPID" >"$group/cgroup.procs" && exec timeout 60 "${inside[@]}" "${python:-/usr/bin/python3}" tests/integration/egress_client.py "$@") >"$work/said" 2>&1
}
# elsewhere: client and driver are in a network namespace of their own from here on, over a link; until home
inside=()
elsewhere() {
	unshare -n sleep 100 &
	other=$!
	ends 5 ns_is_new "$other"
	ip link add here type veth peer name there netns "$other"
	ip address add 30.0.0.1/24 dev here
	ip address add 2600:2::1/64 dev here nodad
	ip link set here up
	nsenter -t "$other" -n sh -c 'ip link set lo up; ip address add 30.0.0.2/24 dev there; ip address add 2600:2::2/64 dev there nodad; ip link set there up
		ip route add default via 30.0.0.1; ip -6 route add default via 2600:2::1'
	inside=(nsenter -t "$other" -n)
}
home() {
	kill "$other"
	wait "$other" 2>/dev/null
	inside=() other=
}
ns_is_new() { [[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" ]]; }
# the process that `timeout` has started for us
killed() {
	kill -9 "$(pgrep -P "$driver")"
	wait "$driver" 2>/dev/null
}
# expect NAME WORD STEP...: all of them end so, "open" or "closed"
expect() {
	local name=$1 word=$2 step
	shift 2
	for step in "$@"; do
		client "$step"
		check "$name: $step is $word" grep -qE "^$word" "$work/said"
	done
}
both=(banned.test '*.banned.test')
common=(--cgroup "$C" --resolver 20.9.9.9)

bpf() {
	begin --backend bpf "${common[@]}" "${both[@]}" || return

	# Nothing was resolved: the name that is asked for decides, wherever it goes.
	expect 'by name' closed tls/api.banned.test/20.1.0.1 tls/API.Banned.TEST/20.1.0.1 tls/banned.test/20.1.0.1 tls/shared.banned.test/20.1.0.2 \
		tls/api.banned.test/20.1.0.6 tls/api.banned.test/2600:1::1 tls/a.b.c.banned.test/20.1.0.3 mapped/api.banned.test/20.1.0.6 \
		connect/api.banned.test connect/only.fine.test/api.banned.test socks/api.banned.test mptcp/api.banned.test/20.1.0.6 \
		again/only.fine.test/api.banned.test/20.1.0.6 pieces/api.banned.test/20.1.0.6/1 pieces/api.banned.test/20.1.0.6/200 \
		records/api.banned.test/20.1.0.6/100
	expect 'by name' open tls/only.fine.test/20.1.0.3 tls/www.fine.test/20.1.0.2 tls/www.fine.test/2600:1::2 tls/notbanned.test/20.1.0.3 \
		tls/banned.test.fine.test/20.1.0.3 mapped/only.fine.test/20.1.0.3 connect/only.fine.test socks/only.fine.test mptcp/only.fine.test/20.1.0.6 \
		again/only.fine.test/www.fine.test/20.1.0.6 pieces/only.fine.test/20.1.0.3/300 tls/-/20.1.0.3 plain/20.1.0.1 udp/20.1.0.1/443 udp/20.1.0.3/9000
	client fastopen/only.fine.test/20.1.0.3 # gets the cookie
	expect 'data in the SYN' closed fastopen/api.banned.test/20.1.0.3
	expect 'data in the SYN' open fastopen/only.fine.test/20.1.0.3
	cp /usr/bin/python3 "$work/editor"
	python=$work/editor expect 'a renamed program' closed tls/api.banned.test/20.1.0.6
	check 'it is told by its new name' ends 2 told "event name data process="
	check 'with name, port and rule' told 'command=editor name=api.banned.test address=20.1.0.6 port=443 protocol=6 count=1 tool=tool-x rule=rule-1'
	check 'and the proxy' told 'name=api.banned.test address=20.8.8.8 port=3128'

	# What was resolved: addresses count where no name can be read.
	client lookup/api.banned.test lookup/shared.banned.test lookup/www.fine.test lookup/only.fine.test lookup/api.banned.test/AAAA/tcp
	check 'lookups' grep -qx 'open answers=1' "$work/said"
	sleep 0.3
	expect 'by address' closed tls/-/20.1.0.1 tls/-/20.1.0.2 tls/-/2600:1::1 plain/20.1.0.1 udp/20.1.0.1/443 udp/20.1.0.1/443/no udp/20.1.0.2/443 \
		udp/20.1.0.1/9000 udp/2600:1::1/443 tls/late.fine.test/20.1.0.1
	check 'the first datagram is told' ends 2 told 'event address connect'
	expect 'shared with others' open tls/www.fine.test/20.1.0.2 plain/20.1.0.2 udp/20.1.0.2/9000 tls/only.fine.test/20.1.0.3 tls/-/20.1.0.3
	client lookup/alias.banned.test
	sleep 0.3
	expect 'an alias' closed tls/-/20.1.0.4 udp/20.1.0.4/443
	client lookup/late.fine.test
	sleep 0.3
	expect 'comes to share' open tls/late.fine.test/20.1.0.1 plain/20.1.0.1
	# Answers that are lies, or nobody's whom we believe.
	client lookup/sink.banned.test lookup/hidden.banned.test/A/udp/20.9.9.8
	sleep 0.3
	expect 'a filter'"'"'s answer' open lookup/only.fine.test udp/10.1.0.1/9000
	expect 'another resolver is not believed' open tls/-/20.1.0.5

	# Hosts change.
	say hosts '*.banned.test' +shared.banned.test api.fine.test 20.1.0.6
	expect 'other hosts' closed tls/api.fine.test/20.1.0.3 tls/api.banned.test/20.1.0.3 tls/only.fine.test/20.1.0.6 udp/20.1.0.6/9000 plain/20.1.0.6
	check 'an address that is closed itself' told 'event address connect'
	expect 'other hosts' open tls/shared.banned.test/20.1.0.2 tls/banned.test/20.1.0.3 tls/only.fine.test/20.1.0.3
	say hosts 'not/a/host'
	check 'a pattern that is none' told 'done -22 "not/a/host" is no name of a host'
	expect 'the earlier ones stay' closed tls/api.banned.test/20.1.0.3
	say hosts "${both[@]}"

	# Exceptions.
	mkdir "$C/gate"
	say cgroup "$C/gate"
	group=$C/gate
	expect 'in the gate' open tls/api.banned.test/20.1.0.1 tls/-/20.1.0.4 udp/20.1.0.4/443 udp/20.1.0.4/443/no connect/api.banned.test
	group=$C
	expect 'beside it' closed tls/api.banned.test/20.1.0.1 udp/20.1.0.4/443
	mkfifo "$work/go"
	(
		echo "$BASHPID" >"$C/cgroup.procs"
		exec {go}<>"$work/go"
		echo "$BASHPID" >"$work/pid"
		read -r _ <&"$go"
		exec /usr/bin/python3 tests/integration/egress_client.py tls/api.banned.test/20.1.0.1 udp/20.1.0.4/443
	) >"$work/said" 2>&1 &
	ends 5 test -s "$work/pid"
	say process "$(cat "$work/pid")"
	echo go >"$work/go"
	wait $!
	check 'one process' [ "$(grep -c '^open' "$work/said")" = 2 ]
	say process 1999999
	check 'no such process' told 'done -3'

	# Another network namespace, over a real link: what is closed is closed there too.
	elsewhere
	expect 'in a namespace of its own' closed tls/api.banned.test/20.1.0.6 tls/-/20.1.0.4 udp/20.1.0.4/443
	check 'ended at once there too' grep -qE 'EPERM|0\.[0-9]s' "$work/said"
	expect 'in a namespace of its own' open tls/only.fine.test/20.1.0.3 tls/www.fine.test/2600:1::2
	home

	# Floods are bounded: in events, in memory, in time.
	local events
	events=$(wc -l <"$work/told")
	client flood/api.banned.test/20.1.0.6/400 udpflood/20.1.0.4/443/50000
	check 'all are refused' grep -q 'refused 400 of 400' "$work/said"
	check 'all datagrams are' grep -q 'refused 50000 of 50000' "$work/said"
	sleep 0.3
	check 'few are told' [ "$(($(wc -l <"$work/told") - events))" -le 8 ]
	say counts
	check 'memory' [ "$(awk '/VmRSS/ { print $2 }' "/proc/$(pgrep -P "$driver" || echo "$driver")/status")" -lt 30000 ]
	grep refused= "$work/told" | tail -n 1
	stop
	expect 'without it' open tls/api.banned.test/20.1.0.1
}

# Refused when it connects already; and asked for by ourselves, so that nobody else has to.
asks() {
	begin --backend bpf --at-connect --ask "${common[@]}" hidden.banned.test api.banned.test || return
	ends 8 learned
	client tls/-/20.1.0.5
	check 'refused at connect' grep -q 'closed PermissionError EPERM' "$work/said"
	stop
	begin --backend bpf --ask "${common[@]}" api.banned.test || return
	ends 8 learned
	# Their names were never seen: they are held, and asked about. One goes on.
	expect 'a name that does not live there' closed tls/only.fine.test/20.1.0.1
	# Not what says of itself where it lives: nobody has to have such a name.
	expect 'an address for a name' closed tls/20.1.0.1./20.1.0.1 tls/0x14.1.0.1/20.1.0.1
	sleep 0.3
	expect 'still closed alone' closed plain/20.1.0.1
	check 'is told' ends 5 told 'event strange data'
	expect 'a name that does' open tls/late.fine.test/20.1.0.1
	stop
}
learned() { say counts && grep -qE 'addresses=[1-9]' "$work/told"; }

# What happens when the process dies.
dies() {
	begin --backend bpf "${common[@]}" "${both[@]}" || return
	killed
	sleep 0.1
	expect 'fail-open' open tls/api.banned.test/20.1.0.1

	mkdir "$work/bpf"
	mount -t bpf none "$work/bpf" || { echo 'FAIL no BPF file system can be mounted'; failed=$((failed + 1)); return; }
	local pins=(--pins "$work/bpf/egress" --outlive)
	begin --backend bpf "${common[@]}" "${pins[@]}" "${both[@]}" || return
	client lookup/alias.banned.test
	sleep 0.2
	mkdir -p "$C/gate"
	say cgroup "$C/gate"
	killed
	expect 'fail-closed' closed tls/api.banned.test/20.1.0.3 udp/20.1.0.4/443 tls/-/20.1.0.4
	expect 'fail-closed' open tls/only.fine.test/20.1.0.3
	group=$C/gate expect 'the gate stays' open tls/api.banned.test/20.1.0.1
	# Taken over by the next, and the next, while somebody tries all the time.
	(
		echo "$BASHPID" >"$C/cgroup.procs"
		for _ in {1..60}; do
			timeout 20 /usr/bin/python3 tests/integration/egress_client.py {,,,,}tls/api.banned.test/20.1.0.3
		done
	) >"$work/tries" 2>&1 &
	local tries=$!
	for _ in 1 2 3 4 5; do
		begin --backend bpf "${common[@]}" "${pins[@]}" "${both[@]}" || return
		check 'taken over' told 'taken over from an earlier instance'
		sleep 0.2
		killed
	done
	# The next one does not ban it any more.
	kill "$tries"
	wait "$tries" 2>/dev/null
	check 'never open meanwhile' [ "$(grep -c '^open' "$work/tries")" = 0 ]
	begin --backend bpf "${common[@]}" "${pins[@]}" '*.fine.test' || return
	check 'it was tried' [ "$(grep -c '^closed' "$work/tries")" -gt 20 ]
	expect 'other hosts after it' open tls/api.banned.test/20.1.0.3
	expect 'other hosts after it' closed tls/only.fine.test/20.1.0.3
	group=$C/gate expect 'the gate is still the gate' open tls/only.fine.test/20.1.0.3
	stop
	expect 'stopped, and closed' closed tls/only.fine.test/20.1.0.3
	begin --backend bpf "${common[@]}" "${pins[@]}" '*.fine.test' || return
	stop open
	expect 'stopped, and opened' open tls/only.fine.test/20.1.0.3
	check 'nothing is left' [ -z "$(ls "$work/bpf/egress")" ]
	umount "$work/bpf"
}

# A connection that is older than we are.
older() {
	mkfifo "$work/later"
	(
		echo "$BASHPID" >"$C/cgroup.procs"
		exec timeout 30 /usr/bin/python3 tests/integration/egress_client.py waits/api.banned.test/20.1.0.1 <"$work/later"
	) >"$work/said" 2>&1 &
	local client_pid=$!
	exec {later}>"$work/later"
	ends 5 grep -q first "$work/said"
	begin --backend bpf --ask "${common[@]}" api.banned.test || return
	ends 8 learned
	echo go >&"$later"
	wait "$client_pid"
	exec {later}>&-
	check 'an older connection' grep -q '^closed' "$work/said"
	check 'is told' ends 2 told 'event address data'
	stop
}

# By address alone.
nft() {
	elsewhere
	by_nft
	home
}
by_nft() {
	if ! begin --backend nft --resolver 20.9.9.9 "${both[@]}" 20.1.0.6 >"$work/why"; then
		if grep -q 'apt-get install\|failed -95' "$work/told"; then
			failed=$((failed - 1))
			echo "nftables is not tested: $(cat "$work/told")"
			return
		fi
		cat "$work/why"
		return
	fi
	client lookup/api.banned.test lookup/shared.banned.test/A/tcp lookup/www.fine.test lookup/api.banned.test/AAAA lookup/hidden.banned.test/A/udp/20.9.9.8
	sleep 0.4
	expect 'nftables' closed tls/api.banned.test/20.1.0.1 tls/-/20.1.0.1 tls/api.banned.test/2600:1::1 udp/20.1.0.1/443 udp/20.1.0.1/9000 udp/20.1.0.2/443 \
		plain/20.1.0.1 tls/only.fine.test/20.1.0.6
	expect 'nftables' open tls/www.fine.test/20.1.0.2 plain/20.1.0.2 udp/20.1.0.2/9000 tls/only.fine.test/20.1.0.3 udp/20.1.0.3/443 plain/20.1.0.5
	check 'nftables: refused at once' told 'event address connect'
	check 'nftables: told with the name' told 'name=api.banned.test address=20.1.0.1 port=443 protocol=6 count=1 tool=tool-x'
	if [[ $C == /sys/fs/cgroup/* ]]; then
		mkdir -p "$C/gate"
		say cgroup "$C/gate"
		check 'nftables: an exception' told 'done 0'
		group=$C/gate
		expect 'nftables: in the gate' open tls/api.banned.test/20.1.0.1 udp/20.1.0.2/443
		group=$C
		expect 'nftables: beside it' closed tls/api.banned.test/20.1.0.1
	fi
	say hosts '*.fine.test'
	client lookup/only.fine.test
	sleep 0.4
	expect 'nftables: other hosts' open tls/api.banned.test/20.1.0.1 tls/only.fine.test/20.1.0.6
	expect 'nftables: other hosts' closed tls/only.fine.test/20.1.0.3
	local events
	events=$(wc -l <"$work/told")
	client udpflood/20.1.0.3/443/20000
	sleep 0.3
	check 'nftables: few are told' [ "$(($(wc -l <"$work/told") - events))" -le 4 ]
	say counts
	grep refused= "$work/told" | tail -n 1
	killed
	expect 'nftables: fail-open' open tls/only.fine.test/20.1.0.3
	begin --backend nft --outlive --resolver 20.9.9.9 "${both[@]}" || return
	client lookup/api.banned.test
	sleep 0.4
	killed
	expect 'nftables: fail-closed' closed tls/api.banned.test/20.1.0.1
	begin --backend nft --outlive --resolver 20.9.9.9 "${both[@]}" || return
	expect 'nftables: taken over' closed tls/api.banned.test/20.1.0.1
	stop open
	expect 'nftables: opened' open tls/api.banned.test/20.1.0.1
}

# By the daemon, from a policy and the catalogue of tools; and the managed settings beside it, in an /etc of our own.
daemon() {
	local P=${POSTERN:-$PWD/$build/postern} log=$work/log pid
	mkdir -p "$work/fs" "$work/up" "$work/wd"
	mount -t tmpfs none "$work/fs" || return
	mount -t tmpfs none "$work/up" && mkdir "$work/up/u" "$work/up/w"
	mount -t overlay -o "lowerdir=/etc,upperdir=$work/up/u,workdir=$work/up/w" none /etc || { echo 'the daemon is not tested: no overlay over /etc'; return; }
	mount --bind "$work/resolv.conf" /etc/resolv.conf
	# Where it keeps which versions of policies were seen.
	mount -t tmpfs none /var/lib || return
	planned() {
		printf 'organisation: example\nname: test\nversion: %s\ntools:\n  default: permit\n  rules:\n' "$1" >"$work/policy.new"
		printf '    - {%s}\n' "${@:2}" >>"$work/policy.new"
		mv "$work/policy.new" "$work/policy.yaml"
	}
	planned 1 'tool: codex, verdict: ban' 'tool: claude-code, verdict: permit' 'tool: gemini-cli, versions: "<1.0", verdict: ban' 'tool: auggie, verdict: gate'
	: >"$log"
	"$P" enforce --policy "$work/policy.yaml" --filesystem "$work/fs" --ledger "$work/ledger" --run "$work/run" --close-hosts --cgroup "$C" \
		--managed write >"$log" 2>&1 &
	pid=$!
	in_log() { grep -qF -- "$*" "$log"; }
	rm -f "$work/told" && ln -s "$log" "$work/told"
	if ! ends 40 in_log 'hosts of banned tools are closed by cgroup BPF'; then
		failed=$((failed + 1))
		echo 'FAIL the daemon does not close hosts'
		sed 's/^/     | /' "$log"
		kill "$pid" 2>/dev/null
		wait "$pid"
		umount /var/lib /etc/resolv.conf /etc "$work/up" "$work/fs"
		return
	fi
	check 'daemon: settings are written' ends 10 in_log 'managed settings /etc/claude-code/managed-settings.json: written'
	check 'daemon: only those of permitted tools' [ ! -e /etc/codex/requirements.toml ]
	expect 'daemon: banned' closed tls/chatgpt.com/20.1.0.3 tls/api.augmentcode.com/20.1.0.3
	expect 'daemon: not banned' open tls/api.anthropic.com/20.1.0.3 tls/generativelanguage.googleapis.com/20.1.0.3 tls/sentry.io/20.1.0.3 tls/github.com/20.1.0.3
	rm -f "$work/told" && ln -s "$log" "$work/told"
	check 'daemon: told' ends 5 in_log 'a connection to chatgpt.com at 20.1.0.3, port 443, TCP'
	check 'daemon: the rule is told' in_log 'closed by "tools codex: ban"'
	# The real gate goes through. What answers there speaks no HTTP, and only who has come so far hears that.
	mkdir -p "$work/project" "$work/home"
	(
		echo "$BASHPID" >"$C/cgroup.procs"
		cd "$work/project" && HOME=$work/home exec timeout 40 "$P" run --allow chatgpt.com --connect-to chatgpt.com:443:20.1.0.3:443 --trust "$work/cert.pem" \
			--ledger none --verbose -- curl -sS --max-time 20 https://chatgpt.com/
	) >"$work/said" 2>&1
	check 'daemon: the gate goes through' grep -q 'status line is not version' "$work/said"
	check 'daemon: nothing of it was refused' [ "$(grep -cE 'refused (curl|postern)' "$log")" = 0 ]
	cp /usr/bin/python3 "$work/postern-gate"
	python=$work/postern-gate expect 'daemon: who only calls itself so' closed tls/chatgpt.com/20.1.0.3
	check 'daemon: and is told of' ends 5 in_log 'refused postern-gate'
	echo '{}' >/etc/claude-code/managed-settings.json
	check 'daemon: put back' ends 5 in_log 'managed settings /etc/claude-code/managed-settings.json: put back'
	planned 2 'tool: claude-code, verdict: ban'
	kill -HUP "$pid"
	check 'daemon: another policy' ends 10 in_log 'another policy is in force'
	sleep 1
	expect 'daemon: another policy' open tls/chatgpt.com/20.1.0.3
	expect 'daemon: another policy' closed tls/claude.ai/20.1.0.3
	local child grandchild
	for child in $(pgrep -P "$pid"); do
		for grandchild in $(pgrep -P "$child"); do
			grep -qz -- '--role=outside' "/proc/$grandchild/cmdline" && kill -9 "$grandchild"
		done
	done
	check 'daemon: its process is started again' ends 10 in_log 'it is started again'
	sleep 4
	expect 'daemon: after that' closed tls/claude.ai/20.1.0.3
	kill "$pid"
	wait "$pid"
	expect 'daemon: ended' open tls/claude.ai/20.1.0.3
	check 'daemon: in the ledger' sh -c '"$1" log show --format json "$2" 2>/dev/null | grep -q "a connection to chatgpt.com"' - "$P" "$work/ledger"
	umount /var/lib /etc/resolv.conf /etc "$work/up" "$work/fs"
}

for part in "${@:-bpf asks dies older nft daemon}"; do
	for each in $part; do
		$each
	done
done
((failed == 0)) && echo "$ok passed" || echo "$ok passed, $failed failed"
((failed == 0))
