#!/usr/bin/env bash
# check: timeout=240
# Randomness and calendar of a trial as chosen: real programs of several runtimes draw the same in two trials of one stream and something
# else in another; the calendar runs from where it was told to; and a tool that asks for trouble (noise_tool.c) gets it, and no more. As
# the caller, and as an ordinary user.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=build/${BUILD:-release}
P=${POSTERN:-$build/postern}
[[ $P == /* ]] || P=$PWD/$P
make -s BUILD="${BUILD:-release}" "$build/integration/machine_driver" "$build/integration/noise_tool" || exit 1
unshare -Urn true 2>/dev/null || { echo 'noise: user namespaces are not allowed here'; exit 77; }
python=/usr/bin/python3
[[ -x $python ]] || { echo "noise: there is no $python"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
bad() {
	failed=1
	echo "FAIL $*"
}
mkdir "$work/tool"
cp "$P" "$work/postern"
cp "$build/integration/machine_driver" "$work/"
cp "$build/integration/noise_tool" "$work/tool/"
cat >"$work/tool/still.c" <<'END'
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
int main(void)
{
	unsigned b[4];
	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return 1;
	printf("%08x%08x%08x%08x %s\n", b[0], b[1], b[2], b[3], (time(NULL) - 2000000000ul) < 30 ? "2033" : "now");
	return 0;
}
END
cat >"$work/tool/draw.py" <<'END'
import os, random, secrets, ssl, tempfile, time, uuid
print(os.urandom(8).hex(), uuid.uuid4(), random.random(), secrets.token_hex(8), hash("x"), tempfile.mktemp(), ssl.RAND_bytes(8).hex(),
      time.gmtime().tm_year)
END
cat >"$work/tool/draw.mjs" <<'END'
import crypto from 'node:crypto';
const later = await new Promise((r) => crypto.randomBytes(8, (e, b) => r(b.toString('hex'))));
console.log(crypto.randomUUID(), Math.random(), crypto.randomBytes(8).toString('hex'), later, process.pid, new Date().getUTCFullYear());
END
# Statically linked, so that there is no loader that begins for it.
cc=${CC:-gcc}
"$cc" -O1 -static -o "$work/tool/still" "$work/tool/still.c" 2>/dev/null || echo 'noise: no static C library; that program is left out'
chmod -R a+rX "$work"
chmod a+rwx "$work"
prefix=()
start=2000000000 # 18 May 2033

# trial NAME=VALUE... -- COMMAND...: its output, then how it ended
trial() {
	"${prefix[@]}" "$work/machine_driver" folder="$work/tool" "$@" 2>&1 3>"$work/end" </dev/null
	sed -n 1p "$work/end"
}
reached() {
	grep -q "$2" "$work/end" || bad "$1: reached: $(sed -n 3p "$work/end")"
}
# same WHO WHAT YEAR COMMAND...: in two trials of one stream, and not in one of another, nor in one without
same() {
	local who=$1 what=$2 year=$3 a b c d
	shift 3
	a=$(trial stream=1 start=$start -- "$@")
	reached "$who: $what" 'randomness as chosen; a calendar as chosen'
	b=$(trial stream=1 start=$start -- "$@")
	c=$(trial stream=2 start=$start -- "$@")
	d=$(trial -- "$@")
	[[ $a == *"$year"*'exit 0' ]] || bad "$who: $what: \"$a\""
	[[ $a == "$b" ]] || bad "$who: $what: twice the same stream, and \"$a\" and \"$b\""
	[[ $a != "$c" && $a != "$d" && $c != "$d" ]] || bad "$who: $what: another stream, or none, and \"$a\""
}

all() {
	local who=$1 got words
	same "$who" draws '' /opt/artefact/noise_tool draws
	got=$(trial stream=1 start=$start -- /opt/artefact/noise_tool draws | tail -n 3)
	[[ $got == 'large 3000000 '*$'\n''device 1 1'$'\n''exit 0' ]] ||
		bad "$who: a large draw: \"$got\""
	same "$who" python 2033 "$python" /opt/artefact/draw.py
	[[ -x $work/tool/still ]] && same "$who" 'a static program' 2033 /opt/artefact/still
	if [[ $(command -v node) == /usr/bin/* ]]; then
		same "$who" node 2033 node /opt/artefact/draw.mjs
	fi
	# shellcheck disable=SC2016 # for the inner shell
	same "$who" 'a shell' 2033 sh -c 'head -c 8 /dev/urandom | od -An -tx1; mktemp -u; cat /proc/sys/kernel/random/uuid; date +%Y'

	[[ $(trial stream=1 start=$start -- /opt/artefact/noise_tool wrong) =~ ^[23][0-9]\ as\ it\ should\ be$'\n''exit 0'$ ]] ||
		bad "$who: calls with wrong arguments: $(trial stream=1 start=$start -- /opt/artefact/noise_tool wrong)"
	got=$(trial stream=1 start=$start -- /opt/artefact/noise_tool forks 100)
	[[ $got == $'800 processes, 0 alike\nexit 0' ]] || bad "$who: forks: $got"
	got=$(trial stream=1 start=$start -- /opt/artefact/noise_tool calendar $start)
	[[ $got == $'35 as it should be\nexit 0' ]] || bad "$who: the calendar: $got"
	got=$(trial start=1000000000 -- /opt/artefact/noise_tool calendar 1000000000)
	[[ $got == $'35 as it should be\nexit 0' ]] || bad "$who: a calendar of the past: $got"
	[[ $(trial start=$start speed=60000 -- /opt/artefact/noise_tool elapsed) == 12[0-9]$'\n''exit 0' ]] || bad "$who: sixty times the speed"
	[[ $(trial start=$start speed=0 -- /opt/artefact/noise_tool elapsed) == 0$'\n''exit 0' ]] || bad "$who: a calendar that stands still"
	got=$(trial stream=1 start=$start -- /opt/artefact/noise_tool signals)
	[[ $got == $'4 as it should be\nexit 0' ]] || bad "$who: signals: $got"
	# Debuggers work, and so do programs that they run.
	got=$(trial stream=1 start=$start -- /opt/artefact/noise_tool trace /bin/date +%Y)
	[[ $got == $'2033\nstopped often, ended 0\nexit 0' ]] || bad "$who: traced: $got"
	# Set-user-id programs; and what may be run and not read, into which nobody may look: that is said.
	got=$(trial stream=1 start=$start -- sh -c 'su --version >/dev/null && umask 022 && cp /bin/date /tmp/d && chmod 111 /tmp/d && /tmp/d +%Y')
	[[ $got == 20??$'\n''exit 0' ]] || bad "$who: a program that may not be read: $got"
	if [[ $got == 2033* ]]; then reached "$who: a program that may not be read" 'a calendar as chosen'
	else grep -q 'calendar as chosen' "$work/end" && bad "$who: a program that may not be read: reached: $(sed -n 3p "$work/end")"; fi
	# Without end, from many processes and threads: the time limit holds.
	for words in swing 'many 100000000'; do
		# shellcheck disable=SC2086 # two words
		got=$(trial seconds=2 stream=1 start=$start -- /opt/artefact/noise_tool $words)
		[[ $got == 'timeout 0' && $(sed -n 2p "$work/end") == 2.* ]] || bad "$who: $words: $got, $(sed -n 2p "$work/end") s"
	done
	# Under a listener of somebody else nothing can be chosen, and it is said.
	got=$(trial nested stream=1 start=$start -- date +%Y)
	[[ $got == "$(date +%Y)"$'\n''exit 0' ]] || bad "$who: nested: $got"
	grep -q 'as chosen' "$work/end" && bad "$who: nested: reached: $(sed -n 3p "$work/end")"
	# Nothing chosen, nothing changed.
	got=$(trial -- date +%Y)
	[[ $got == "$(date +%Y)"$'\n''exit 0' ]] || bad "$who: nothing chosen: $got"
}

all 'as the caller'
if ((EUID == 0)); then
	prefix=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	all 'as an ordinary user'
fi
((failed == 0)) && echo 'noise: as chosen'
exit $failed
