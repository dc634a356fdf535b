#!/usr/bin/env bash
# make bench-enforce: what `postern enforce` costs, beside nothing, beside a responder that only answers, and beside fapolicyd if
# FAPOLICYD=PATH names its program. On a file system of its own, in namespaces of its own. docs/benchmarks.md says what the lines mean.
#	bench/enforce.sh [REPEATS]
set -u
cd "$(dirname "$0")/.." || exit 1
((EUID == 0)) || { echo 'bench/enforce: only root can be asked by the kernel'; exit 1; }
if [[ ! ${ENFORCE_INSIDE:-} ]]; then
	ENFORCE_INSIDE=1 exec timeout 1500 unshare -m -p -f --mount-proc bash "$0" "$@"
fi
repeats=${1:-3} build=$PWD/build/release
mount --make-rprivate / || exit 1
work=$(mktemp -d) || exit 1
readonly work
mount -t tmpfs -o mode=755 bench "$work" || exit 1
mkdir -p /var/lib/postern && mount -t tmpfs bench /var/lib/postern
fs=$work/fs
mkdir "$fs" "$work/prints"
# A kind of file system that nothing else here has: so fapolicyd can be told to watch it alone.
truncate -s 3G "$work/disk" && mkfs.ext3 -q -F "$work/disk" && mount -t ext3 -o loop "$work/disk" "$fs" || exit 1
chmod 755 "$fs"
cp "$build/postern" "$build/bench/enforce" "$build/bench/enforce_code" "$work/" || exit 1
P=$work/postern B=$work/enforce
export POSTERN_SHARE=$PWD/share LC_ALL=C.UTF-8
trap 'kill $(jobs -p) 2>/dev/null; umount -l "$fs" "$work" 2>/dev/null; rmdir "$work" 2>/dev/null' EXIT
printf 'machine: %s x %s, %s MB, Linux %s\nload before: %s\n' "$(nproc)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
	"$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(uname -r)" "$(cut -d ' ' -f 1-3 /proc/loadavg)"
printf 'organisation: example\nname: bench\nversion: 1\ntools:\n  default: permit\n  rules:\n    - {tool: claude-code, verdict: ban}\n' >"$work/policy.yaml"

answerer=
start() { # WHO
	case $1 in
	nothing) return ;;
	answering)
		"$B" answer "$fs" >"$work/log" 2>&1 &
		answerer=$! word=answering
		;;
	postern)
		"$P" enforce --policy "$work/policy.yaml" --filesystem "$fs" --ledger "$work/ledger" --run "$work/run" >"$work/log" 2>&1 &
		answerer=$! word='enforcement begins'
		;;
	fapolicyd)
		"$FAPOLICYD" --debug >"$work/log" 2>&1 &
		answerer=$! word='Starting to listen for events'
		;;
	esac
	for ((i = 0; i < 200; i++)); do grep -q "$word" "$work/log" && return; sleep 0.05; done
	echo "$1 does not begin: $(tail -3 "$work/log")"
}
stop() {
	[[ $answerer ]] || return
	kill "$answerer" && wait "$answerer" 2>/dev/null
	answerer=
}
sides=(nothing answering postern)
if [[ ${FAPOLICYD:-} ]]; then
	mkdir -p /etc/fapolicyd /var/lib/fapolicyd /run/fapolicyd
	for d in /etc/fapolicyd /var/lib/fapolicyd /run/fapolicyd; do mount -t tmpfs bench $d; done
	mkdir -p /etc/fapolicyd/trust.d
	printf 'permissive = 0\nnice_val = 14\nq_size = 800\nuid = root\ngid = root\ndo_stat_report = 0\ndetailed_report = 0\ndb_max_size = 50\nsubj_cache_size = 1549\nobj_cache_size = 8191\nwatch_fs = ext3\ntrust = file\nintegrity = none\n' >/etc/fapolicyd/fapolicyd.conf
	printf 'allow perm=any all : all\n' >/etc/fapolicyd/fapolicyd.rules
	cp /etc/fapolicyd/fapolicyd.rules /etc/fapolicyd/compiled.rules
	echo '/usr/bin/true 1 0000000000000000000000000000000000000000000000000000000000000000' >/etc/fapolicyd/fapolicyd.trust
	sides+=(fapolicyd)
fi

fill() { # N distinct small texts and programs, that nobody has looked at
	rm -rf "$fs/texts" "$fs/programs" "$fs/mine"
	mkdir "$fs/texts" "$fs/programs" "$fs/mine"
	python3 - "$fs" <<-'END'
		import os, sys
		fs = sys.argv[1]
		program = open(fs + "/short", "rb").read()
		for i in range(1000):
		    open(f"{fs}/texts/{i}", "w").write(f"// number {i}\n" + "const words = [1, 2, 3];\n" * 40)
		    open(f"{fs}/mine/{i}", "w").write(f"// mine {i}\n" + "const words = [1, 2, 3];\n" * 40)
		    os.chown(f"{fs}/mine/{i}", 12345, 12345)
		    with open(f"{fs}/programs/{i}", "wb") as f:
		        f.write(program + b"%d" % i)
		    os.chmod(f"{fs}/programs/{i}", 0o755)
	END
	sleep 0.3
}
echo 'int main(void) { return 0; }' | gcc -O1 -static -xc -o "$fs/short" - || exit 1
head -c 2000 /dev/urandom | base64 >"$fs/text"
cp "$fs/text" "$fs/theirs" && chown 12345:12345 "$fs/theirs"

for ((r = 0; r < repeats; r++)); do
	for who in "${sides[@]}"; do
		fill
		start "$who"
		line() { printf '%-10s %-34s %s\n' "$who" "$1" "$2"; }
		line 'open, not asked before' "$("$B" each "$fs/texts" 500)"
		line 'open by a runtime, not asked before' "$("$work/enforce_code" each "$fs/mine" 500)"
		line 'execution, not asked before' "$("$B" exec-each "$fs/programs" 500)"
		"$B" open "$fs/text" 50 >/dev/null
		sleep 0.5
		line 'open, root'\''s, again' "$("$B" open "$fs/text" 100000)"
		line 'open, a person'\''s, again' "$("$B" open "$fs/theirs" 20000)"
		"$B" exec "$fs/short" 20 >/dev/null
		sleep 0.3
		line 'execution, again' "$("$B" exec "$fs/short" 5000)"
		line 'executions, 2 at once' "$("$B" storm "$fs/short" 40000 2)"
		if [[ $who == postern ]]; then
			printf '%-10s %-34s %s\n' "$who" 'memory' "$(for p in $(pgrep -f 'postern enforce|--role='); do cat "/proc/$p/smaps_rollup"; done | awk '/^Pss:/ {s += $2} END {print int(s / 1024) " MB (PSS of all its processes)"}')"
		fi
		stop
	done
done

# Real work: a parallel build, and an install of packages; each in turns.
mkdir "$fs/src"
cp -r src Makefile VERSION tools share "$fs/src/" 2>/dev/null
build_once() {
	rm -rf "$fs/src/build"
	(
		cd "$fs/src" || exit
		sources=(src/base/*.c src/parse/*.c src/policy/*.c)
		sources=("${sources[@]/%.c/.o}")
		make -j2 "${sources[@]/#/build/release/}" >/dev/null 2>&1
	)
}
npm_once() {
	rm -rf "$fs/app/node_modules"
	(cd "$fs/app" && npm ci --offline --ignore-scripts --no-audit --no-fund --cache "$fs/npm" >/dev/null 2>&1)
}
have_npm=
if [[ ${NPM_PROJECT:-} ]] && command -v npm >/dev/null; then
	mkdir -p "$fs/app" && cp "$NPM_PROJECT/package.json" "$NPM_PROJECT/package-lock.json" "$fs/app/" && cp -r "${NPM_CACHE:?}" "$fs/npm" && npm_once && have_npm=1
fi
seconds() { local t=$EPOCHREALTIME; "$@"; awk -v a="$t" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.2f", b - a}'; }
build_once
for ((r = 0; r < repeats; r++)); do
	for who in nothing postern; do
		start "$who"
		((r == 0)) && build_once
		printf '%-10s %-34s %s s\n' "$who" 'a build, 2 at once' "$(seconds build_once)"
		if [[ $have_npm ]]; then
			((r == 0)) && npm_once
			printf '%-10s %-34s %s s\n' "$who" 'npm ci' "$(seconds npm_once)"
		fi
		stop
	done
done

# A large executable: what it takes the first time, and the second.
cp "$fs/short" "$fs/large"
head -c 380000000 /dev/urandom >>"$fs/large"
"$B" exec "$fs/large" 1 >/dev/null
for ((r = 0; r < repeats; r++)); do
	start postern
	touch "$fs/large"
	sleep 0.2
	printf '%-10s %-34s %s\n' postern '380 MB executable, first time' "$("$B" exec "$fs/large" 1)"
	printf '%-10s %-34s %s\n' postern '380 MB executable, again' "$("$B" exec "$fs/large" 1)"
	stop
done
printf 'load after: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
