#!/usr/bin/env bash
# check: timeout=180
# The machine that a tool in a trial sees is the synthetic one, by files and by system calls alike, to real programs and to one that asks
# for trouble (machine_tool.c); as the caller, and as an ordinary user. Where calls cannot be answered, the report says so.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=build/${BUILD:-release}
P=${POSTERN:-$build/postern}
[[ $P == /* ]] || P=$PWD/$P
make -s BUILD="${BUILD:-release}" "$build/integration/machine_driver" "$build/integration/machine_tool" || exit 1
unshare -Urn true 2>/dev/null || { echo 'machine: user namespaces are not allowed here'; exit 77; }
python=/usr/bin/python3
[[ -x $python ]] || { echo "machine: there is no $python"; exit 77; }
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
cp "$build/integration/machine_tool" "$work/tool/"
sed 's/^seconds:.*/seconds: 20/; s/^argv:.*/argv: []/' tests/integration/badtools/profile.yaml >"$work/profile.yaml"
chmod -R a+rX "$work"
chmod a+rwx "$work"
real=$(uname -r)
prefix=()

# trial NAME=VALUE... -- COMMAND...: its output, then how it ended
trial() {
	"${prefix[@]}" "$work/machine_driver" folder="$work/tool" "$@" 2>&1 3>"$work/end" </dev/null
	sed -n 1p "$work/end"
}
# shows WHO WANTED NAME=VALUE... -- COMMAND...
shows() {
	local who=$1 wanted=$2 got
	shift 2
	got=$(trial "$@")
	[[ $got == "$wanted"$'\n''exit 0' ]] || bad "$who: $*: \"$got\", not \"$wanted\""
}

all() {
	local who=$1 cpus release=6.99.4-machine-test
	rm -f "$work/end"
	for cpus in 1 8 64; do
		shows "$who" "$cpus" cpus=$cpus -- nproc
		shows "$who" "$cpus $cpus $cpus" cpus=$cpus -- "$python" -c \
			'import os; print(len(os.sched_getaffinity(0)), os.cpu_count(), open("/proc/cpuinfo").read().count("processor\t"))'
		shows "$who" "$cpus" cpus=$cpus -- getconf _NPROCESSORS_ONLN
	done
	shows "$who" 2 cpus=8 -- taskset -c 3,5 sh -c 'nproc'
	shows "$who" "$release" kernel=$release -- uname -r
	shows "$who" "$release" kernel=$release -- "$python" -c 'import platform; print(platform.release())'
	if [[ $(command -v node) == /usr/bin/* ]]; then
		shows "$who" "$release 8 8" kernel=$release cpus=8 -- node -p \
			'[os.release(), os.availableParallelism?.() ?? 8, os.cpus().length].join(" ")'
	fi
	# Nothing at all, of what it may read of the machine, holds the real kernel's release.
	shows "$who" 0 kernel=$release -- sh -c \
		"cat /proc/version /proc/sys/kernel/* /proc/cmdline /proc/modules /proc/config.gz /usr/lib/modules/*/modules.dep 2>&- | grep -acF -e '$real'; true"
	# Nor where its files really are, or by what name the system is known.
	shows "$who" 0 -- sh -c "cat /proc/self/mountinfo /proc/self/mounts | grep -cF '$work'; true"
	# shellcheck disable=SC2016 # for the inner shell
	shows "$who" 0 kernel=$release -- sh -c 'ls /usr/src /usr/lib/modules 2>&- | grep -c -e linux- -e "^$(uname -r)."; true'
	for cpus in 1 8 1024; do
		got=$(trial cpus=$cpus kernel=$release -- /opt/artefact/machine_tool $release $cpus)
		[[ $got =~ ^[5-9][0-9]\ as\ on\ that\ machine$'\n''exit 0'$ ]] || bad "$who: machine_tool with $cpus CPUs: $got"
	done
	# Calls without end do not stop the clock.
	got=$(trial seconds=2 -- /opt/artefact/machine_tool flood)
	[[ $got == 'timeout 0' && $(sed -n 2p "$work/end") == 2.* ]] || bad "$who: a flood of calls: $got, $(sed -n 2p "$work/end") s"
	grep -q 'answers about the machine made up; a clock' "$work/end" || bad "$who: reached: $(sed -n 3p "$work/end")"
	# Under a listener of somebody else there can be none of ours: the tool sees the real kernel, and it is said.
	shows "$who" "$real" nested kernel=$release -- uname -r
	grep -q 'made up' "$work/end" && bad "$who: nested: reached: $(sed -n 3p "$work/end")"
	shows "$who" 'Linux version 6.99.4-machine-test' nested kernel=$release -- cut -c 1-33 /proc/version
}

all 'as the caller'
if ((EUID == 0)); then
	prefix=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	all 'as an ordinary user'
fi

# A machine with kernels installed, and one with a mount below /usr, which cannot be veiled. Both as root, in a mount namespace.
as_root() {
	# shellcheck disable=SC2016 # for the inner shell
	prefix=(unshare -m sh -c 'w=$1 r=$2 extra=$3; shift 3
		mount -t tmpfs machine "$w/layer" && mkdir "$w/layer/up" "$w/layer/work" && chmod 755 "$w/layer/up" &&
			mount -t overlay -o "lowerdir=/usr,upperdir=$w/layer/up,workdir=$w/layer/work" machine /usr || exit 77
		mkdir -p "/usr/lib/modules/$r/kernel" "/usr/src/linux-headers-$r"
		test -z "$extra" || mount -t tmpfs machine /usr/local || exit 77
		exec "$@"' sh "$work" "$real" "$1")
}
mkdir "$work/layer"
for extra in '' extra; do
	as_root "$extra"
	if ((EUID)) || ! "${prefix[@]}" true 2>&-; then
		continue
	fi
	shows "kernels installed${extra:+, a mount below /usr}" $'6.99.4-machine-test\nthe same name' kernel=6.99.4-machine-test -- \
		sh -c 'ls /usr/lib/modules /usr/src | sed "/:$/d; /^$/d"; cmp /etc/os-release /usr/lib/os-release && echo the same name'
done

# What a report says.
vet() {
	(cd "$work" && HOME=$work exec "$@" "$work/postern" vet --profile "$work/profile.yaml" --quick --conduct none --factors hostname --format json -- \
		"$work/tool/machine_tool" x 1 >"$work/report.json" 2>"$work/report.err" </dev/null)
	jq -r '.confinement, (.not_covered[] | select(contains("uname(2)")))' "$work/report.json" >"$work/report.txt"
}
vet env
[[ $(<"$work/report.txt") == *'about the machine made up; a clock of its own since start'* ]] || bad "a report says $(<"$work/report.txt")"
vet "$work/machine_driver" under
[[ $(<"$work/report.txt") == *'a clock of its own since start'*'told of the real'* && $(<"$work/report.txt") != *'made up'* ]] ||
	bad "a report of nested trials says $(<"$work/report.txt")"
((failed == 0)) && echo 'machine: as the synthetic host says'
exit $failed
