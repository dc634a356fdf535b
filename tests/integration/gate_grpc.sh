#!/usr/bin/env bash
# check: slow asan timeout=300
# Calls in whose middle both sides speak, with a real client and server of gRPC and with frames that no library makes: each message arrives before the next
# is said, none that must not, and each is on record. In a network namespace that has nothing but a loopback.
# shellcheck disable=SC2016 # scripts for the shell inside
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
if [[ ! ${GATE_INSIDE:-} ]]; then
	command -v npm >/dev/null || { echo 'gate_grpc: there is no npm to fetch a library of gRPC with'; exit 77; }
	modules=$(mktemp -d) || exit 2
	cp tests/integration/grpc/* "$modules/"
	npm --prefix "$modules" ci --ignore-scripts --no-audit --no-fund >"$modules/log" 2>&1 ||
		{ echo "gate_grpc: a library of gRPC cannot be fetched: $(tail -n 2 "$modules/log")"; rm -rf "$modules"; exit 77; }
	export modules
fi
enter_network m
work=$(mktemp -d) || exit 2
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$work/project" "$work/server" "$work/config/postern"
trap 'kill $server 2>/dev/null; [[ ${KEEP:-} ]] || rm -rf "$work" "$modules"' EXIT INT TERM
certify "$work/server" api.example.com connect.example.com old.example.com
node "$modules/server.mjs" "$work/server" 8443 8444 >"$work/ready" 2>"$work/server.err" &
server=$!
for _ in {1..100}; do
	[[ -s $work/ready ]] && break
	sleep 0.1
done
cp -r "$modules/"* "$work/project/"

policy=$work/config/postern/policy.yaml
inside() { # SCRIPT [OPTION...]
	: >"$work/server/log"
	(cd "$work/project" && timeout 100 "$P" run --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 --allow api.example.com \
		--connect-to connect.example.com:443:127.0.0.1:8444 --allow connect.example.com --connect-to old.example.com:443:127.0.0.1:8445 --allow old.example.com \
		"${@:2}" -- bash -c "$1") >"$work/out" 2>"$work/err" </dev/null
}
is() { # LINE FILTER VALUE
	test "$(sed -n "$1p" "$work/out" | jq -r "$2" 2>/dev/null)" = "$3"
}
arrived() { # TEXT: in the server's log
	grep -qF -- "$1" "$work/server/log"
}
not_arrived() {
	! arrived "$1"
}
records() { # FILTER
	"$P" log show --limit 100000 --format json "$work/data/postern/ledger" 2>/dev/null | jq -r "select(.entry.unmapped.postern.gate) | $1"
}

go() { # lets $run go on, whose supervisor decides nothing for a while
	kill -STOP $run
	touch "$work/project/go"
	sleep 1.5
	kill -CONT $run
	wait $run
}

# ── the calls of a real library ──
inside 'node client.mjs Chat api.example.com one two three; node client.mjs Echo api.example.com hello; node client.mjs Count api.example.com 5; node client.mjs Sum api.example.com a bb ccc'
check 'both sides speak in turn' is 1 '[.answers, .code] | tostring' '[["got one","got two","got three"],0]'
check 'one message, one answer' is 2 '[.answers, .code] | tostring' '[["echo hello "],0]'
check 'the server streams' is 3 '[.answers, .code] | tostring' '[["0","1","2","3","4"],0]'
check 'the client streams' is 4 '[.answers, .code] | tostring' '[["3 of 6"],0]'
check 'each message is on record' test "$(records 'select(.what == "stream message" or .entry.unmapped.postern.gate.what == "stream message") | .entry.action' | sort | uniq -c | tr -s ' \n' ' ')" = ' 8 Allowed '
check 'with its digest' test "$(records 'select(.entry.unmapped.postern.gate.what == "stream message") | .entry.unmapped.postern.gate.body_sha256' | grep -c "$(printf three | sha256sum | cut -d ' ' -f 1)")" = 1
inside 'node client.mjs gzip Chat api.example.com "$(printf %3000s x)" two; node client.mjs gzip Sum api.example.com @40000 @40000'
check 'compressed messages' is 1 '[.answers, .code] | tostring' '[["got 3000","got two"],0]'
check 'of a client that streams' is 2 '[.answers, .code] | tostring' '[["2 of 80000"],0]'
check 'their digest is of what they say' test "$(records 'select(.entry.unmapped.postern.gate.what == "stream message") | .entry.unmapped.postern.gate.body_sha256' | grep -c "$(printf %3000s x | sha256sum | cut -d ' ' -f 1)")" = 1
inside 'node client.mjs Chat api.example.com @8000000 @40 @16000000; node client.mjs many=60 Chat api.example.com $(printf "@400000 %.0s" {1..60}); node client.mjs many=300 Chat api.example.com $(seq 300)'
check 'large messages' is 1 '[.answers, .code] | tostring' '[["got 8000000","got a b a b a b a b a b a b a b a b a b a b ","got 16000000"],0]'
check 'in their order' is 3 '[.answers == [range(1; 301) | "got \(.)"], .code] | tostring' '[true,0]'
check 'and many at once' is 2 '[(.answers | unique), (.answers | length), .code] | tostring' '[["got 400000"],60,0]'
# Answers that take long: what more is said waits outside, and is not refused for being too much.
rm -f "$work/project/go"
(cd "$work/project" && exec "$P" run --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 --allow api.example.com -- \
	node client.mjs Chat api.example.com one wait @12000000 @12000004 @12000008) >"$work/out" 2>"$work/err" </dev/null &
run=$!
for _ in {1..200}; do
	grep -q '^chat 3 one' "$work/server/log" && break
	sleep 0.05
done
go
check 'large ones at once' is 1 '[.answers, .code] | tostring' '[["got one","got 12000000","got 12000004","got 12000008"],0]'
inside 'node client.mjs Chat api.example.com one enough; node client.mjs Chat api.example.com one cancel; node client.mjs Chat api.example.com again'
check 'the server ends it' is 1 '[.answers, .code, .details] | tostring' '[["got one"],11,"enough is enough"]'
check 'the client ends it' is 2 '[.answers, .code] | tostring' '[["got one"],1]'
check 'others go on' is 3 '.code' 0
inside 'node client.mjs Chat old.example.com one'
check 'nobody is there: unavailable, in words' is 1 '(.code | tostring) + (.details | test("^Postern: ") | tostring)' 14true

# ── what must not leave ──
secret=$(token)
inside "node client.mjs Chat api.example.com one 'token=$secret' three; node client.mjs gzip Chat api.example.com one 'token=$secret $(printf %2000s x)' three"
check 'a secret is replaced' is 1 '(.answers[1] | startswith("got token=postern-") | tostring) + (.code | tostring)' true0
check 'in a compressed message, too' is 2 '(.answers[1] | tostring | startswith("got 20") | tostring) + (.code | tostring)' true0
check 'and does not arrive' not_arrived "$secret"
check 'the rest does' arrived 'chat 5 three'
packed=$(base64 -w0 <<<"$secret")
cat >"$policy" <<-X
	network:
	  - {host: api.example.com, paths: [/test.Calls/Chat, /test.Calls/Sum, /test.Calls/Echo], max_request_bytes: 100000}
	  - {host: connect.example.com}
	dlp: {secrets: block}
X
run() { # SCRIPT: with the policy alone
	: >"$work/server/log"
	(cd "$work/project" && timeout 100 "$P" run --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 \
		--connect-to connect.example.com:443:127.0.0.1:8444 "${@:2}" -- bash -c "$1") >"$work/out" 2>"$work/err" </dev/null
}
run "node client.mjs Chat api.example.com one 'token=$secret' three; node client.mjs Chat api.example.com one 'x $packed' three; node client.mjs Chat api.example.com one 'token=${secret:0:13}' '${secret:13} ' three; node client.mjs Echo api.example.com 'token=$secret'"
for i in 1 2; do
	check 'where it is blocked the call ends, in words' is $i '[.answers, .code, (.details | test("^Postern: it holds: GitLab token"))] | tostring' '[["got one"],7,true]'
done
check 'split over two messages, too' is 3 '(.answers | index("got three") | tostring) + (.code | tostring)' null7
check 'in a call of one message, too' is 4 '(.code | tostring) + (.answers | length | tostring)' 70
check 'what came before it has arrived, and nothing after it' test "$(grep -c 'chat 3 one' "$work/server/log")$(grep -c three "$work/server/log")" = 30
run "node client.mjs many=4 Chat api.example.com one two 'token=$secret' late"
# Those before it may leave; the connection ends with the call, so that the server need not hear of them any more.
check 'of messages at once at most those before it arrive, in their order' grep -qE '^(chat 3 one (chat 3 two )?)?$' <(grep -oE 'chat (3 one|3 two|4 late)' "$work/server/log" | tr '\n' ' '; echo)
check 'and not those after it' not_arrived late
check 'and the call ends' is 1 '.code' 7
check 'nothing of it' not_arrived "${secret:13}"
check 'it is on record' test "$(records 'select(.entry.unmapped.postern.gate.what == "stream message" and .entry.action == "Denied") | .entry.unmapped.postern.gate.found[0].what' | grep -c GitLab)" = 5
run 'node client.mjs Hidden api.example.com one; node client.mjs Chat api.example.com @60000 @30000 @20000 @4; node client.mjs Chat api.example.com @40000 @40000'
check 'a call that no rule allows' is 1 '[.answers, .code, (.details | startswith("Postern: "))] | tostring' '[[],7,true]'
check 'the messages of a call together are no more than the rule permits' is 2 '[.answers, .code] | tostring' '[["got 60000","got 30000"],8]'
check 'each call has its own' is 3 '.code' 0
cat >>"$policy" <<-X
	credentials:
	  - {name: api, variable: KEY, format: "key-{random}", from: {env: REAL_KEY}, host: api.example.com, header: x-key}
X
REAL_KEY=real-key-of-the-person-0123456789 run 'node client.mjs Echo api.example.com hello'
check 'a key takes the place of its placeholder' arrived ' real-key-of-the-person-0123456789'
check 'and does not come back' is 1 '.answers[0]' 'echo hello *********************************'
REAL_KEY=real-key-of-the-person-0123456789 run 'node client.mjs Chat api.example.com "a letter r" "and real-" over'
check 'a message that ends as a key begins waits for nothing' is 1 '[.answers, .code] | tostring' '[["got a letter r","got and real-","got over"],0]'
rm "$policy"
inside 'node client.mjs Chat api.example.com @100000 @100000' --learn "$work/learned.yaml"
(cd "$work/project" && "$P" run --policy "$work/learned.yaml" --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 -- \
	node client.mjs Chat api.example.com @100000 @100000) >"$work/out" 2>"$work/err" </dev/null
check 'what was learned permits the same' is 1 '.code' 0

# ── Connect ──
inside "node raw.mjs connect.example.com application/connect+json 0000000003616263 wait 0000000003646566 wait; node raw.mjs connect.example.com application/connect+json 0000000003616263 wait \
	00$(printf %08x ${#secret})$(printf %s "$secret" | xxd -p -c 99) wait"
check 'Connect: both sides speak in turn' is 1 '(.text | test("got abc") and test("got def") | tostring)' true
check 'a secret is replaced' is 2 '(.text | test("got postern-") | tostring)' true
run "node raw.mjs connect.example.com application/connect+json 0000000003616263" --allow nothing.example.com
check 'a refusal is its own form of one' is 1 '(.status | tostring) + (.text | test("\"code\":\"permission_denied\",\"message\":\"Postern: ") | tostring)' 200true

# ── frames that no library makes: an answer, no more than that arrives, and the run goes on ──
bad() { # CODE PIECE...
	node_args="api.example.com application/grpc ${*:2}"
	inside "$MORE node raw.mjs $node_args; node client.mjs Chat api.example.com after"
	check "raw ${*:2:3}: answered" is 1 '(.code | tostring) + (.error // "")' "$1"
	check "raw ${*:2:3}: others go on" is 2 '.code' 0
}
MORE=
bad 3 0200000003616263
bad 3 00000000036162630000000003646566 wait 0200000003616263
check 'what came before it arrives' arrived 'chat 3 def'
bad 3 ff00000003616263
bad 3 000000000361
check 'the half of a message does not arrive' not_arrived 'chat 2'
bad 8 00ffffffff 1000*61
bad 8 0001000001 17000000*61
rm -f "$work/project/go"
(cd "$work/project" && exec "$P" run --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 --allow api.example.com -- \
	node raw.mjs api.example.com application/grpc go 0001000001 17000000*61) >"$work/out" 2>"$work/err" </dev/null &
run=$!
for _ in {1..200}; do
	[[ -e $work/project/ready ]] && break
	sleep 0.05
done
go
check 'refused when much of it waits: answered' is 1 '(.code | tostring) + (.error // "")' 8
bad 3 0100000003616263
check 'compressed, and nobody says how: it does not arrive' not_arrived 'chat 3 abc'
MORE="MORE='{\"grpc-encoding\":\"gzip\"}'"
bad 3 0100000003616263
bomb=$(head -c 60000000 /dev/zero | gzip -9 | xxd -p | tr -d '\n')
echo "0100$(printf %06x $((${#bomb} / 2)))$bomb" >"$work/project/bomb"
MORE="MORE='{\"grpc-encoding\":\"gzip\"}'"
inside "$MORE"' node raw.mjs api.example.com application/grpc $(head -c 100000 bomb) $(tail -c +100001 bomb); node client.mjs Chat api.example.com after'
check 'a bomb is refused' is 1 '(.code | tostring) + (.error // "")' 3
check 'others go on' is 2 '.code' 0
MORE=
inside 'node raw.mjs api.example.com application/grpc 1000*0000000000; node client.mjs Chat api.example.com after'
check 'a thousand empty messages' is 1 '(.code | tostring)' 0
check 'others go on' is 2 '.code' 0
inside 'node raw.mjs api.example.com application/grpc 0000000003616263' --neutral
check 'with a neutral identity it is one request in one form' grep -q . "$work/out"
"$P" log verify "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'the record is whole' test $? = 0

echo "gate_grpc: $ok as they should be, $failed not"
((failed == 0))
