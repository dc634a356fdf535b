#!/usr/bin/env bash
# check: slow timeout=200
# A contained run with --neutral: two persons on two machines, root and an ordinary user, see the same to the byte; what is theirs is at its
# neutral place and nowhere else; and model hosts keep their official names. In a network namespace that has nothing but a loopback.
# shellcheck disable=SC2016,SC2088 # scripts for the shell inside, and a home that is found there
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
export POSTERN_SHARE=${POSTERN_SHARE:-$PWD/share}
enter_network um
hostname wks-marisol7 || exit 2
work=$(mktemp -d) || exit 2
# Outside of /tmp and the like, which are private in any run.
away=$(mktemp -d "$build/neutral.XXXXXX") || exit 2
chmod 755 "$work" "$away"
trap 'kill $stub 2>/dev/null; rm -rf "$work" "$away"' EXIT INT TERM
# Two persons. The first has the project in the home, the second elsewhere.
mkdir -p "$work/a/home/marisol7/src/orchid-payroll" "$away/users/zhangwei88" "$away/repos/lattice-9q4" "$work/stub"
echo 'SECRET=1' >"$work/a/home/marisol7/src/orchid-payroll/.env"
echo 'SECRET=1' >"$away/repos/lattice-9q4/.env"
for p in "$work/a/home/marisol7" "$away/users/zhangwei88"; do
	mkdir "$p/.tool"
	echo set >"$p/.tool/settings"
done
other=()
if ((EUID == 0)) && setpriv --reuid 4242 --regid 4242 --clear-groups unshare -Ur true 2>/dev/null; then
	other=(setpriv --reuid 4242 --regid 4242 --clear-groups)
	chown -R 4242:4242 "$away"
fi
first() { # OPTION... -- COMMAND...
	(cd "$work/a/home/marisol7/src/orchid-payroll" && exec env -i PATH="$PATH" POSTERN_SHARE="$POSTERN_SHARE" HOME="$work/a/home/marisol7" USER=marisol7 \
		LOGNAME=marisol7 TZ=America/Bogota LANG=es_CO.UTF-8 TERM=xterm-kitty COLORTERM=truecolor SHELL=/bin/zsh EDITOR=vi CI=true \
		HTTPS_PROXY=http://proxy.corp.example:3128 XDG_DATA_HOME="$work/a/data" "${extra[@]}" \
		"${before[@]}" timeout 60 "$P" run "$@") >"$work/out" 2>"$work/err" </dev/null
	code=$?
}
second() {
	(cd "$away/repos/lattice-9q4" && exec env -i PATH="$PATH" POSTERN_SHARE="$POSTERN_SHARE" HOME="$away/users/zhangwei88" USER=zhangwei88 TZ=Asia/Shanghai \
		LC_ALL=zh_CN.UTF-8 TERM=dumb GIT_AUTHOR_EMAIL=zhangwei88@corp.example XDG_DATA_HOME="$away/data" \
		"${other[@]}" timeout 60 "$P" run "$@") >"$work/out" 2>"$work/err" </dev/null
	code=$?
}
extra=(A=1) before=()

# What a tool can ask. The one value that is made for each run is left out.
cat >"$work/probe" <<'X'
env | grep -v '^LEGACY_SERVICE_TOKEN=' | sort
id; whoami; pwd; hostname; domainname; uname -a; nproc; free | head -n 2 | cut -c 1-30
for f in passwd group hostname hosts machine-id nsswitch.conf resolv.conf timezone os-release profile; do echo "== $f"; cat /etc/$f; done
readlink /etc/localtime; date +%Z%z; locale 2>/dev/null
ls -a /etc /home /root /var/log /var/lib/dbus /boot 2>&1
(cd ~ && find . -path ./project -prune -o -print | sort)
cat /proc/version /proc/cmdline /proc/cpuinfo /proc/sys/kernel/hostname /proc/sys/kernel/domainname /proc/sys/kernel/osrelease /proc/sys/kernel/random/boot_id
find /sys -type f -exec cat {} +
ip -o addr | sed 's/ tentative//'; ip route; cat /sys/class/net/*/address
tr '\0' '\n' </proc/self/cmdline
python3 -c 'import os, pwd, socket, time; print(pwd.getpwuid(os.getuid()), socket.gethostname(), time.tzname, os.path.expanduser("~"), os.cpu_count())'
git config --list 2>&1
X
cp "$work/probe" "$work/a/home/marisol7/src/orchid-payroll/probe"
cp "$work/probe" "$away/repos/lattice-9q4/probe"
same() { cmp -s "$work/first" "$work/second"; }
first --neutral --ledger none --ro '~/.tool' -- bash probe
check 'the first runs' test "$code" = 0
cp "$work/out" "$work/first"
hostname bj-rd-4x9
second --neutral --ledger none --ro '~/.tool' -- bash probe
check 'the second runs' test "$code" = 0
cp "$work/out" "$work/second"
diff "$work/first" "$work/second" >"$work/out" 2>&1
check 'both see the same' same
check 'and something' test "$(wc -l <"$work/first")" -gt 100
cp "$work/first" "$work/out"
for word in marisol orchid kitty wks- Bogota es_CO corp.example "$work" "${away##*/}" POSTERN_; do
	check "nothing of $word" hasnt out "$word"
done
check 'the home' has out 'HOME=/home/user'
check 'the project' has out 'PWD=/home/user/project'
check 'the number' has out 'uid=1000(user)'
first --ledger none --ro '~/.tool' -- bash probe
cp "$work/out" "$work/first"
second --ledger none --ro '~/.tool' -- bash probe
cp "$work/out" "$work/second"
check 'without --neutral they do not' bash -c "! cmp -s '$work/first' '$work/second'"

# ── the files are the person's, at another place ──
first --neutral --ledger none --rw '~/.tool' -- bash -c 'echo new >made; cat ~/.tool/settings; echo more >>~/.tool/settings; cat .env; ls -d '"$work"'/a/home/marisol7'
check 'what it writes is in the project' test "$(stat -c %u "$work/a/home/marisol7/src/orchid-payroll/made")" = "$(id -u)"
check 'a folder of the home that is named' has out set
check 'it can be written to' grep -q more "$work/a/home/marisol7/.tool/settings"
check 'secrets are covered there too' hasnt out SECRET
first --neutral --ledger none -- bash -c 'mkdir later && echo SECRET=2 >later/.env; for i in {1..50}; do cat later/.env >/dev/null 2>&1 || break; sleep 0.1; done; cat later/.env'
check 'and one that comes later' hasnt out SECRET
check 'which is told by its real name' has err orchid-payroll/later/.env
check 'the real place is not there' hasnt out marisol7
echo "cat $away/repos/lattice-9q4/probe; ls $away/repos $away/users; echo x >made; ls -ln made" >"$away/repos/lattice-9q4/look"
second --neutral --ledger none -- bash look
check 'nor that of a project elsewhere' hasnt out machine-id
check 'nor the names beside it' hasnt out zhangwei88
check 'what it writes is there' test -e "$away/repos/lattice-9q4/made"
(cd "$work/a/home/marisol7/src/orchid-payroll" && git init -q . && git add made && git -c user.name=a -c user.email=a@b.example commit -qm x)
first --neutral --ledger none -- bash -c 'git status --short | head -n 3; echo planted7 >.git/hooks/pre-commit; echo planted7 >>.git/config'
check 'git works' has out '?? probe'
check 'and is guarded' bash -c "! grep -rq planted7 '$work/a/home/marisol7/src/orchid-payroll/.git'"
first --neutral --ledger none -- bash -c 'cat "$1" | head -c 3' - "$work/a/home/marisol7/src/orchid-payroll/made"
check 'a path of the command line leads there' has out new
extra=(XDG_STATE_HOME="$work/a/state")
first --neutral --ledger none --review -- bash -c 'echo copy >copied; pwd'
check 'a copy of the project' test ! -e "$work/a/home/marisol7/src/orchid-payroll/copied"
check 'at the same place' has out /home/user/project
check 'which can be reviewed' bash -c "grep -rq copy '$work/a/state'"
mkdir "$work/a/home/marisol7/bin"
cp "$(type -P true)" "$work/a/home/marisol7/bin/evil"
cat >"$work/policy.yaml" <<X
version: 1
exec:
  default: allow
  rules:
    - {path: "$work/a/home/marisol7/bin/evil", verdict: deny}
identity: {neutral: true}
X
extra=(A=1)
first --policy "$work/policy.yaml" --ledger none --ro '~/bin' -- bash -c '/home/user/bin/evil && echo ran; echo $HOME'
check 'a rule about a program is about the real one' hasnt out ran
check 'a policy says it too' has out /home/user
echo 'version: 1
identity: {neutral: [time_zone]}' >"$work/policy.yaml"
first --policy "$work/policy.yaml" --ledger none -- bash -c 'echo $TZ $USER; readlink /etc/localtime; pwd'
check 'one thing alone' has out 'UTC marisol7'
check 'and the rest as it is' has out orchid-payroll

first --neutral --ledger none -e TZ -e PATH -- bash -c 'echo "$TZ $PATH $USER"'
check 'a variable that is named stays' has out 'America/Bogota'
check 'and no other' has out ' user'
# Where nobody may make a user namespace there is no other identity, and nothing that looks like one.
before=(unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$@"')
first --no-network --best-effort --ledger none -- bash -c 'echo ran as $USER'
check 'without namespaces it runs' has out 'ran as marisol7'
first --neutral --no-network --best-effort --ledger none -- bash -c 'echo ran as $USER'
check 'but does not pretend' hasnt out 'ran as'
check 'and says why' has err 'no other identity can be shown'
before=()

# ── official names ──
certify "$work/stub" llm.corp.example api.anthropic.com
python3 tests/integration/gate_stub.py "$work/stub" 8443 >"$work/ready" 2>"$work/stub.err" &
stub=$!
for _ in {1..100}; do
	[[ -s $work/ready ]] && break
	sleep 0.1
done
extra=(ANTHROPIC_BASE_URL=https://llm.corp.example:9443/anthropic/)
net=(--trust "$work/ca.pem" --connect-to llm.corp.example:9443:127.0.0.1:8443 --connect-to api.anthropic.com:443:127.0.0.1:8443)
first --neutral "${net[@]}" --allow llm.corp.example:9443 -e 'ANTHROPIC_*' -- bash -c 'echo "base: $ANTHROPIC_BASE_URL"; curl -sS https://api.anthropic.com/v1/messages?beta=true'
check 'the gateway is not told of' has out 'base: '
check 'no variable has it' bash -c "! grep -q '^base: .' '$work/out'"
check 'what is for the official name goes there' has out '"path": "/anthropic/v1/messages?beta=true"'
check 'under the name that it has' has out '["host", "llm.corp.example:9443"]'
check 'which is said' has err 'api.anthropic.com goes to llm.corp.example'
"$P" log show --limit 1000 --format json "$work/a/data/postern/ledger" >"$work/out"
check 'the record names the real place' has out '"hostname":"llm.corp.example"'
first --neutral "${net[@]}" --allow api.anthropic.com --ledger none -- curl -sS https://api.anthropic.com/v1/messages
check 'rules are about the real place' has out postern_denied
extra=(A=1)
first --neutral "${net[@]}" --allow llm.corp.example:9443 --ledger none --upstream api.fern.example/v1=https://llm.corp.example:9443/fern -- \
	curl -sS https://api.fern.example/v1/x https://api.fern.example/v2/x
check 'an option leads too' has out '"path": "/fern/x"'
check 'below its path alone' has out postern_denied
first --neutral --ledger none --upstream api.fern.example=ftp://x -- true
check 'no address' has err 'begins with http'
check 'is no run' test "$code" = 125

# ── one form of requests ──
cat >"$work/a/home/marisol7/src/orchid-payroll/send" <<'X'
# usage: send WAY: the same request, written in one way or another.
import base64, json, os, socket, ssl, sys, uuid
way = sys.argv[1]
quote, date, dash, gap = ("\u2019", "2026/11/23", "\u2014", "\u00a0 ") if way == "b" else ("'", "2026-11-23", "-", " ")
sid = "11111111-2222-3333-4444-555555555555" if way == "a" else "11111111-2222-7333-f444-555555555556"
body = {"model": "m", "max_tokens": 4096.0 if way == "b" else 4096, "stop_sequences": ["x", "y"] if way == "a" else ["y", "x"],
        "system": [{"type": "text", "text": "Today%ss date is %s %s ok.%s" % (quote, date, dash, gap.rstrip(" "))}],
        "tools": [{"name": "Read", "description": "Reads%sa file\u200b." % gap if way == "b" else "Reads a file.", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "<system-reminder>\nIt%ss %s.\n</system-reminder>" % (quote, date)},
                                                  {"type": "text", "text": "the person\u2019s  words\u200b 2026/11/23"}]}],
        "metadata": {"user_id": sid}}
if way == "b":
    body = dict(reversed(body.items()))
text = json.dumps(body, ensure_ascii=way == "b", separators=None if way == "b" else (",", ":")).encode()
heads = [("Content-Type", "application/json"), ("X-Session-Id", sid), ("Accept", "*/*"), ("Anthropic-Beta", "one,two"), ("X-Tool", "1")]
if way == "b":
    heads = [(k.swapcase(), "two, one" if k == "Anthropic-Beta" else v) for k, v in reversed(heads)]
if way == "signed":
    heads.append(("Content-MD5", "AAAA"))
context = ssl.create_default_context()
def open_connection():
    return context.wrap_socket(socket.create_connection(("llm.corp.example", 9443)), server_hostname="llm.corp.example")
s = open_connection()
head = "POST /echo HTTP/1.1\r\nHost: llm.corp.example:9443\r\n" + "".join("%s: %s\r\n" % h for h in heads)
if way == "b":
    s.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
    for i in range(0, len(text), 100):
        d = text[i:i + 100]
        s.sendall(b"%x\r\n" % len(d) + d + b"\r\n")
    s.sendall(b"0\r\n\r\n")
else:
    s.sendall((head + "Content-Length: %d\r\n\r\n" % len(text)).encode() + text)
reply = s.recv(65536)
print(reply.split(b"\r\n")[0].decode())
if way != "signed":
    s = open_connection()
    s.sendall(b"GET /ws HTTP/1.1\r\nHost: llm.corp.example:9443\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"0123456789abcdef") + b"\r\n\r\n")
    s.recv(4096)
    message = json.dumps({"input": [], "instructions": "it%ss" % quote} if way == "a" else {"instructions": "it%ss" % quote, "input": []}).encode()
    s.sendall(bytes([129, 128 | len(message), 1, 2, 3, 4]) + bytes(x ^ (i % 4 + 1) for i, x in enumerate(message)))
    print(s.recv(200)[2:].decode())
X
sent() { # NAME WAY OPTION...: what the server saw
	local name=$1 way=$2
	shift 2
	: >"$work/stub/seen"
	: >"$work/stub/bodies"
	first "${net[@]}" --allow llm.corp.example:9443 --policy "$work/policy.yaml" --ledger none "$@" -- python3 send "$way"
	cat "$work/stub/seen" "$work/stub/bodies" >"$work/sent.$name"
	# The ids of a run are mapped by a key of the run.
	sed -E 's/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/ID/g' "$work/sent.$name" >"$work/same.$name"
}
cat >"$work/policy.yaml" <<'X'
version: 1
network:
  - {host: llm.corp.example, ports: [9443], websocket: true}
X
for search in 'secrets: redact' 'secrets: "off", entropy: "off", fingerprints: "off", canaries: "off", plant_canaries: false'; do
	sed -i '/^dlp/d' "$work/policy.yaml"
	echo "dlp: {$search}" >>"$work/policy.yaml"
	sent a a --neutral
	check 'it arrives' has out '200 OK'
	check 'over a WebSocket too' has out "it's"
	sent b b --neutral
	check 'written otherwise too' has out '200 OK'
	diff "$work/same.a" "$work/same.b" >"$work/out" 2>&1
	check 'both ways arrive as one' cmp -s "$work/same.a" "$work/same.b"
	check 'with what the tool wrote in one form' grep -qF "Today's date is 2026-11-23 - ok." "$work/sent.b"
	check 'a tag in a message too' grep -qF "It's 2026-11-23." "$work/sent.b"
	check 'and the words of the person as they are' grep -qF $'the person\u2019s  words\u200b 2026/11/23' "$work/sent.b"
	check 'no id of the tool' bash -c "! grep -q 111111 '$work/sent.a' '$work/sent.b'"
	check 'one id is one' test "$(grep -oE '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}' "$work/sent.a" | sort -u | wc -l)" = 1
done
# Large ones are done by a thread that may do little.
python3 -c 'import json, sys; json.dump({"z": ["it\u2019s ok"] * 60000, "session_id": "8d1f5a04-3c52-7b0e-9f4e-6b2d1c7a9e30", "input": [], "instructions": "it\u2019s"}, sys.stdout)' \
	>"$work/a/home/marisol7/src/orchid-payroll/large"
sed -i '/^dlp/d' "$work/policy.yaml"
: >"$work/stub/bodies"
first "${net[@]}" --allow llm.corp.example --policy "$work/policy.yaml" --ledger none --neutral -- \
	curl -sS -o /dev/null -H 'content-type: application/json' --data-binary @large https://llm.corp.example:9443/echo
check 'a large request has its form too' grep -q '^{"input":\[\],"instructions":"it'"'"'s","session_id":"' "$work/stub/bodies"
check 'and its ids' bash -c "! grep -q 8d1f5a04 '$work/stub/bodies'"
check 'and all of it' test "$(grep -o 's ok"' "$work/stub/bodies" | wc -l)" = 60000
sent plain b
check 'without --neutral it stays as it is' bash -c "grep -q 111111 '$work/sent.plain' && ! cmp -s '$work/same.a' '$work/same.plain'"
check 'in a field name too' grep -q 'x-tOOL' "$work/sent.plain"
sent signed signed --neutral
check 'what is signed is not changed' grep -q '^{"model"' "$work/sent.signed"
check 'not an id either' grep -q 11111111-2222-7333 "$work/sent.signed"

echo "neutral: $ok as they should be, $failed not"
((failed == 0))
