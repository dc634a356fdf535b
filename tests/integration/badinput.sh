#!/usr/bin/env bash
# check: alone slow timeout=500
# Input that cannot be used has its own message and exit code 2; a tool that does not do its work is inconclusive (3) with the true
# reason, and what it sent that no tool should is a note of the report. Usage: badinput.sh [CASE...] (of the tools; all, if none).
set -u
cd "$(dirname "$0")/../.." || exit 2
P=$PWD/${POSTERN:-build/${BUILD:-release}/postern}
[[ ${POSTERN:-} == /* ]] && P=$POSTERN
tools=$PWD/tests/integration/badtools
unshare -Urn true 2>/dev/null || { echo 'badinput: user namespaces are not allowed here'; exit 77; }
python=$(python3 -c 'import sys; print(sys.executable)') || { echo 'badinput: there is no python3'; exit 77; }
work=$(mktemp -d)
registry=
# shellcheck disable=SC2317 # the trap calls it
clean() {
	[[ $registry ]] && kill "$registry"
	rm -rf "$work"
}
trap clean EXIT
failed=0 passed=0
bad() {
	failed=$((failed + 1))
	echo "FAIL $*"
}

# refuse PATTERN ARG...: code 2, the pattern on standard error, nothing on standard output, no folder left
refuse() {
	local pattern=$1 code
	shift
	(cd "$work" && timeout 60 "$P" vet "$@" >out 2>err </dev/null)
	code=$?
	if [[ $code != 2 ]]; then
		bad "vet $*: code $code, not 2: $(tail -n 2 "$work/err")"
	elif ! grep -qF -- "$pattern" "$work/err"; then
		bad "vet $*: says \"$(cat "$work/err")\", not \"$pattern\""
	elif [[ -s $work/out || -e $work/postern-report ]]; then
		bad "vet $*: leaves something: $(head -c 300 "$work/out") $(ls -d "$work/postern-report")"
	else
		passed=$((passed + 1))
	fi
	rm -rf "$work/postern-report"
}

words() {
	refuse 'a subject is missing'
	refuse 'one subject at a time' a b
	refuse 'is neither npm:NAME@VERSION nor' frob:x
	refuse 'is neither npm:NAME@VERSION nor' npm:../x@1
	refuse 'exclude each other' --quick --thorough -- true
	refuse '--jobs takes a whole number from 1 to 64, not "0"' --jobs 0 -- true
	refuse '--jobs takes a whole number from 1 to 64, not "many"' --jobs many -- true
	refuse '--seed wants a number, not x' --seed x -- true
	refuse '--seed wants a number, not -1' --seed -1 -- true
	refuse 'did you mean covert?' --fail-on covrt -- true
	refuse '--fail-on takes disclosed' --fail-on everything -- true
	refuse 'there is no factor "hostnme"; did you mean hostname?' --factors timezone,hostnme -- true
	refuse 'there are: timezone locale' --factors weather -- true
	refuse 'there is no program no-such-command' -- no-such-command
	refuse '/no/such: No such file' -- /no/such
	refuse 'is no program that can be run' -- /etc/passwd
	refuse 'is no program that can be run' -- /etc
	refuse 'cannot open the folder /dev/null: Not a directory' --out /dev/null -- true
	refuse 'cannot make the folder /proc/x' --out /proc/x -- true
	refuse 'cannot write to the folder /sys' --out /sys -- true
	refuse 'takes no value' --keep-traces=/tmp -- true
}

profiles() {
	refuse '/nonexistent cannot be opened: No such file' --profile /nonexistent -- true
	printf 'name: x\ntitle: [\n' >"$work/a.yaml"
	refuse 'a.yaml:3:1: ' --profile a.yaml -- true
	sed 's/^seconds:.*/secnds: 3/' "$tools/profile.yaml" >"$work/b.yaml"
	refuse 'b.yaml:14:1: unknown key "secnds"; did you mean "seconds"?' --profile b.yaml -- true
	sed 's/^seconds:.*/seconds: soon/' "$tools/profile.yaml" >"$work/c.yaml"
	refuse 'c.yaml:14:10: ' --profile c.yaml -- true
	sed 's/^dialect:.*/dialect: klingon/' "$tools/profile.yaml" >"$work/d.yaml"
	refuse 'd.yaml:5:10: ' --profile d.yaml -- true
	head -c 4096 /dev/urandom >"$work/e.yaml"
	refuse 'e.yaml:' --profile e.yaml -- true
	: >"$work/f.yaml"
	refuse 'f.yaml' --profile f.yaml -- true
	refuse "$work" --profile "$work" -- true
}

archives() {
	"$python" - "$work" <<'PY'
import io, sys, tarfile
REG, SYM, LNK, CHR = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE
good = ("package/package.json", REG, "", b'{"name":"x","version":"1.0.0","bin":"a.js"}')
program = ("package/a.js", REG, "", b"#!/usr/bin/env node\n" * 200)
def make(name, *entries):
    with tarfile.open(sys.argv[1] + "/" + name + ".tgz", "w:gz") as t:
        for path, kind, link, data in entries:
            i = tarfile.TarInfo(path)
            i.type, i.linkname, i.size = kind, link, len(data)
            t.addfile(i, io.BytesIO(data))
make("whole", good, program)
make("dotdot", good, program, ("package/../../evil", REG, "", b"x"))
make("absolute", good, program, ("/tmp/postern-evil", REG, "", b"x"))
make("through", good, program, ("package/l", SYM, "/tmp", b""), ("package/l/postern-evil", REG, "", b"x"))
make("device", good, program, ("package/d", CHR, "", b""))
make("none", ("package/a.js", REG, "", b"x"))
make("json", ("package/package.json", REG, "", b'{"name":'), program)
make("name", ("package/package.json", REG, "", b'{"name":"../../x","version":"1.0.0","bin":"a.js"}'), program)
make("bin", ("package/package.json", REG, "", b'{"name":"x","version":"1.0.0","bin":"../../../bin/sh"}'), program)
make("missing", ("package/package.json", REG, "", b'{"name":"x","version":"1.0.0","bin":"no.js"}'), program)
PY
	head -c 150 "$work/whole.tgz" >"$work/cut.tgz"
	head -c 3000 /dev/urandom >"$work/junk.tgz"
	: >"$work/empty.tgz"
	export XDG_CACHE_HOME=$work/cache
	refuse 'no-such.tgz: No such file' ./no-such.tgz
	refuse 'truncated gzip input' ./cut.tgz
	refuse 'is no whole gzipped tar archive' ./junk.tgz
	refuse 'is no whole gzipped tar archive' ./empty.tgz
	refuse 'leads out of the package with ".."' ./dotdot.tgz
	refuse 'an entry has an absolute path' ./absolute.tgz
	refuse 'an entry is a device' ./device.tgz
	refuse 'it is no npm package' ./none.tgz
	refuse 'it is no npm package' ./json.tgz
	refuse 'has no valid name and version' ./name.tgz
	refuse 'has no program' ./bin.tgz
	refuse 'node_modules/x/no.js is no program for this machine' ./missing.tgz
	(cd "$work" && timeout 60 "$P" vet ./through.tgz --out "$work/through" --quick --factors hostname >/dev/null 2>&1 </dev/null)
	[[ ! -e /tmp/postern-evil ]] || bad 'an archive wrote outside of its folder'
}

packages() {
	coproc REGISTRY { exec "$python" "$tools/registry.py"; }
	registry=$REGISTRY_PID
	local port=
	read -r port <&"${REGISTRY[0]}"
	export XDG_CACHE_HOME=$work/cache npm_config_registry=http://127.0.0.1:$port/
	refuse 'the registry has no absent' npm:absent@1.0.0
	refuse 'tool has no version 9.9.9' npm:tool@9.9.9
	refuse 'does not match the digest that the registry gives' npm:tool@1.0.0
	refuse 'tool@1.1.0' npm:tool@1.1.0
	refuse 'leads out of the package' npm:tool@1.2.0
	# The port of a registry that has gone.
	kill "$registry" && wait "$registry" 2>/dev/null
	registry=
	refuse "127.0.0.1:$port" npm:tool@1.0.0
	unset npm_config_registry XDG_CACHE_HOME
}

# tool CASE CODE REASON [NOTE]: verdict and code, a pattern (of jq) in the reason, and one in a note; "-" for none
tool() {
	local name=$1 want=$2 reason=$3 note=${4:--} profile=$tools/profile.yaml jobs=6 code report=$work/$1.json begin=$SECONDS
	[[ ${only[0]:-} && " ${only[*]} " != *" $name "* ]] && return
	[[ $name == *-terminal ]] && profile=$work/terminal.yaml
	# What only takes its time.
	[[ $name =~ ^(fill|huge|many|bomb)$ ]] && profile=$work/patient.yaml jobs=2
	timeout 120 "$P" vet --profile "$profile" --quick --factors hostname --seed 7 --jobs $jobs --format json -- \
		"$python" "$tools/bad.py" "$name" >"$report" 2>"$work/err" </dev/null
	code=$?
	if [[ $code != "$want" ]]; then
		bad "tool $name: code $code, not $want: $(jq -c '[.verdict, .reason]' "$report") $(tail -n 1 "$work/err")"
	elif [[ $reason != - ]] && ! jq -e --arg p "$reason" '.reason | test($p)' "$report" >/dev/null; then
		bad "tool $name: the reason is \"$(jq -r .reason "$report")\", not \"$reason\""
	elif [[ $note != - ]] && ! jq -e --arg p "$note" '.notes | any(test($p))' "$report" >/dev/null; then
		bad "tool $name: no note says \"$note\": $(jq -c .notes "$report")"
	else
		passed=$((passed + 1))
		echo "ok   $name ($((SECONDS - begin)) s)"
	fi
}

refused_hosts() {
	local name
	for name in distrust pin-after; do
		[[ -s $work/$name.json ]] || continue
		jq -e '.hosts | any(.name == "api.bad.example" and .refused and (.ja4 | startswith("t13d")))' "$work/$name.json" >/dev/null ||
			bad "tool $name: its refusal is not with its host: $(jq -c .hosts "$work/$name.json")"
	done
}

tools() {
	sed 's/^title:.*/&\nterminal: true/' "$tools/profile.yaml" >"$work/terminal.yaml"
	sed 's/^seconds:.*/seconds: 20/' "$tools/profile.yaml" >"$work/patient.yaml"
	tool work 0 -
	tool crash 3 'signal 11' 'signal \(11\)'
	tool exit 3 'exit 0.*0 model requests; it sent nothing'
	tool fail 3 'exit 1.*something is missing'
	tool ask 3 'terms not accepted'
	tool ask-terminal 3 'time limit.*Do you accept the terms'
	tool terminal 3 'wants a terminal'
	tool with-terminal 0 -
	tool hang 3 'time limit.*sent nothing' 'stopped at the time limit'
	tool stubborn 3 'time limit'
	tool forks 3 'time limit'
	tool fill 3 'exit 5.*No space left'
	tool endless 3 'time limit.*words without end'
	tool leave 0 - 'left processes running'
	tool http 3 'malformed HTTP to api.bad.example' 'malformed HTTP'
	tool http-cut 3 'the request did not become whole' 'did not become whole'
	tool h2 3 'malformed HTTP to api.bad.example \(HTTP/2' 'HTTP/2'
	tool json 3 'malformed JSON to api.bad.example' 'malformed JSON'
	tool tls-garbage 3 'malformed TLS to api.bad.example' 'malformed TLS'
	tool tls-record 3 'malformed TLS' 'ClientHello is malformed'
	tool tls-cut 3 'malformed TLS' 'inside a ClientHello'
	tool dns-short 3 'malformed DNS' 'malformed DNS'
	tool dns-loop 3 'malformed DNS' 'malformed DNS'
	tool dns-none 3 'malformed DNS' 'malformed DNS'
	tool raw 3 'a protocol that is not known here to api.bad.example' 'not known here'
	tool distrust 3 "refused the trial's certificate authority" "refused the trial's certificate authority"
	tool pin-after 3 'clients do that refuse a certificate' "api.bad.example: the tool refused"
	tool quic 3 'UDP.*api.bad.example.*QUIC' 'QUIC'
	tool loris 3 'time limit'
	tool huge 3 'not all that the tool sent' 'a body was cut'
	tool many 3 'not all that the tool sent' 'too many connections'
	tool bomb 3 'not all that the tool sent' 'decoded body is too long'
	refused_hosts
}

only=("$@")
if [[ ! ${1:-} ]]; then
	words
	profiles
	archives
	packages
fi
tools
echo "badinput: $passed as they should be, $failed not"
((failed == 0))
