#!/usr/bin/env bash
# check: slow timeout=120
# An ordinary user vets as root does; where user namespaces are forbidden, one sentence names the setting.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$PWD/build/${BUILD:-release}
P=${POSTERN:-$build/postern}
[[ $P == /* ]] || P=$PWD/$P
unshare -Urn true 2>/dev/null || { echo 'rootless: user namespaces are not allowed here'; exit 77; }
# One that every user may run.
python=/usr/bin/python3
[[ -x $python ]] || { echo "rootless: there is no $python"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
bad() {
	failed=1
	echo "FAIL $*"
}
# A place that anybody can reach: the source may be in a home that is closed.
cp "$P" "$work/postern"
cp -r share "$work/share"
cp tests/integration/badtools/bad.py tests/integration/badtools/profile.yaml "$work/"
cp -r tests/specimens/zero-width-hostname "$work/"
cp tests/specimens/lib/tool.py "$work/zero-width-hostname/"
mkdir "$work/home" "$work/home/root" "$work/home/user" "$work/home/bare"
chmod -R a+rX "$work"
chmod 0777 "$work" "$work/home/user" "$work/home/bare"

as_user=()
((EUID == 0)) && as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# vet WHO COMMAND...: the report is in $work/WHO.json
vet() {
	local who=$1
	shift
	(cd "$work/home/$who" && exec env -i PATH="$PATH" HOME="$work/home/$who" POSTERN_SHARE="$work/share" "${prefix[@]}" "$work/postern" vet \
		--quick --factors hostname,user,timezone --seed 7 --ledger none --format json "$@" >"$work/$who.json" 2>"$work/$who.err" </dev/null)
}
facts() {
	jq -S '{verdict, findings: [.findings[] | {class, factor, endpoint, address}], hosts: [.hosts[] | {name, declared}] | sort_by(.name)}' "$1"
}

prefix=()
vet root --profile "$work/zero-width-hostname/profile.yaml" -- "$python" "$work/zero-width-hostname/main.py"
code=$?
((code == 1)) || bad "as the caller: code $code: $(cat "$work/root.err")"
prefix=("${as_user[@]}")
vet user --profile "$work/zero-width-hostname/profile.yaml" -- "$python" "$work/zero-width-hostname/main.py"
code=$?
((code == 1)) || bad "as an ordinary user: code $code: $(cat "$work/user.err")"
diff <(facts "$work/root.json") <(facts "$work/user.json") || bad 'the ordinary user sees something else'
[[ $(find "$work/home" -mindepth 2 | wc -l) == 0 ]] || bad "files are left in a home: $(find "$work/home" -mindepth 2)"

# forbidden SETTING: as where that limit is 0
forbidden() {
	# shellcheck disable=SC2016 # for the inner shell
	prefix=(unshare -Ur sh -c 'echo 0 >/proc/sys/user/'"$1"' && exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$@"')
	vet bare --profile "$work/profile.yaml" -- "$python" "$work/bad.py" work
	code=$?
	((code == 2)) || bad "$1 = 0: code $code, not 2: $(cat "$work/bare.err")"
	[[ $(wc -l <"$work/bare.err") == 1 && $(<"$work/bare.err") == *"user.$1 = 0"*"sysctl -w user.$1="* ]] || bad "$1 = 0: says \"$(cat "$work/bare.err")\""
	[[ ! -s $work/bare.json ]] || bad "$1 = 0: something is on standard output"
}
forbidden max_user_namespaces
forbidden max_net_namespaces
for kind in mnt pid uts ipc cgroup; do
	forbidden max_${kind}_namespaces
done
((failed == 0)) && echo 'rootless: as for root'
exit $failed
