#!/usr/bin/env bash
# check: slow timeout=120
# A tool that wants something out, or a key back, in the parts of a request and a reply that are easily forgotten: second fields of a name, names
# of fields and hosts, control frames, what a server repeats, fields that make a request another one. In a network namespace that has nothing
# but a loopback.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
enter_network m
work=$(mktemp -d) || exit 2
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$work/project" "$work/stub" "$work/config/postern"
trap 'kill $stub 2>/dev/null; rm -rf "$work"' EXIT INT TERM
certify "$work/stub" api.example.com paths.example.com '*.wild.example.net'
python3 tests/integration/gate_leak_server.py "$work/stub" 8443 >"$work/ready" 2>"$work/stub.err" &
stub=$!
for _ in {1..100}; do
	[[ -s $work/ready ]] && break
	sleep 0.1
done
random() { # BYTES ALPHABET
	head -c 4000 /dev/urandom | LC_ALL=C tr -dc "$2" | head -c "$1"
}
pack() {
	node -e 'const c = []; process.stdin.on("data", d => c.push(d)).on("end", () => process.stdout.write(require("zlib").brotliCompressSync(Buffer.concat(c))))'
}
# Values are made here, so that none is in the source. Pieces of the canary have 13 and 12 bytes.
secret=$(token)
CANARY=$(random 25 A-Z)
REAL_KEY=real-$(random 30 A-Za-z0-9)
export REAL_KEY
printf '%s' "$CANARY" >"$work/project/canary.txt"
printf '%s' "$secret" >"$work/project/token.txt"
printf 'the key is %s, and there are words behind it, and words behind the words' "$secret" | pack >"$work/project/packed.br"
printf 'there are words, and words behind the words, and words behind those' | pack >"$work/project/harmless.br"
for _ in {1..40}; do random 6 a-z; printf ' '; done >"$work/project/plan.txt"
cp tests/integration/gate_leak.py "$work/project/"
policy() { # MORE CANARIES
	cat >"$work/config/postern/policy.yaml" <<-X
		network:
		  - {host: api.example.com, websocket: true, headers: {x-org: ours}}
		  - {host: '*.wild.example.net'}
		  - {host: paths.example.com, methods: [POST], paths: ["/v1/**"]}
		dlp: {secrets: block, canaries: block, fingerprints: block, canary_values: [$CANARY$1], fingerprint_files: [$work/project/plan.txt]}
		credentials:
		  - {name: api, variable: API_KEY, format: "key-{random}", from: {env: REAL_KEY}, host: api.example.com, header: authorization, prefix: "Bearer "}
	X
}
policy ''
to=()
for host in api.example.com paths.example.com {a,b,"$(printf '%s' "$CANARY" | xxd -p -c 100)"}.wild.example.net; do
	to+=(--connect-to "$host:443:127.0.0.1:8443")
done
options=()
run() { # WAY...
	(cd "$work/project" && timeout 100 "$P" run --trust "$work/ca.pem" "${to[@]}" "${options[@]}" -- python3 gate_leak.py "$@") >"$work/out" 2>"$work/err" </dev/null
}
here() {
	grep -qaF -- "$2" "$work/$1"
}
nothere() {
	! here "$@"
}

# ── what must not leave ──
: >"$work/stub/log"
ways=(identity-and-br nothing-and-br names-of-fields names-of-trailers name-of-host two-hosts other-hosts-between two-bodies ping
	pong-in-message pings-in-pieces close utf-16 quoted-printable)
for way in "${ways[@]}"; do
	run "$way"
	check "refused: $way" has out "$way refused"
	check "does not arrive: $way" bash -c "! grep -qaiF -e '${CANARY:13}' -e '${secret:14}' -e br '$work/stub/log' '$work/stub/messages' 2>/dev/null"
	[[ $way == two-hosts || $way == other-hosts-between || $way == two-bodies ]] || check "nor its first half: $way" nothere stub/log "${CANARY:0:13}"
	: >"$work/stub/log"
	rm -f "$work/stub/messages"
done
for way in other-method other-path; do
	run "$way"
	check "refused where rules look at methods and paths: $way" has out "$way refused"
done
check 'and nothing arrives' test ! -s "$work/stub/log"

# ── what must work ──
run works works-packed works-steered works-set works-control
check 'all of them' test "$(grep -c ' went$' "$work/out")" = 5
check 'a coding that is none leaves the body whole' here stub/log 'all of it'
check 'one that is one is removed' here stub/log 'words behind those'
check 'a field for another method, where no rule looks at it' here stub/log 'X-HTTP-Method-Override'
check 'none for another host' nothere stub/log evil.example
check 'what the policy sets has one spelling' bash -c "grep -qa '^x-org: ours' '$work/stub/log' && ! grep -qa theirs '$work/stub/log'"
check 'messages of a WebSocket' bash -c "grep -qa '^1 hello ' '$work/stub/messages' && grep -qa '^0 world' '$work/stub/messages' && grep -qa '^1 and on' '$work/stub/messages'"
check 'pings, in a message and between' test "$(grep -ca '^9 ' "$work/stub/messages")" = 3

# ── a key that comes back ──
rm -f "$work/project/replies"
: >"$work/stub/log"
ways=(key-packed key-ws key-h2-trailer)
for path in body slow field redirect hint error; do ways+=("key-$path" "key-h2-$path"); done
run "${ways[@]}"
check 'all are answered' test "$(grep -c ' went$' "$work/out")" = "${#ways[@]}"
check 'the server has the key' test "$(grep -ca "^[Aa]uthorization: Bearer $REAL_KEY" "$work/stub/log")" = "${#ways[@]}"
check 'nothing packed was asked for' bash -c "! grep -qai '^accept-encoding' '$work/stub/log'"
check 'it does not come back' nothere project/replies "$REAL_KEY"
check 'but the place where it stood' test "$(grep -oa "Bearer[ +]$(printf '%s' "$REAL_KEY" | tr -c '\n' '*' | sed 's/\*/[*]/g')" "$work/project/replies" | wc -l)" -ge "${#ways[@]}"

# ── one form of requests ──
options=(--neutral)
: >"$work/stub/log"
run works-host works-types works-control
options=()
check 'they work' test "$(grep -c ' went$' "$work/out")" = 3
check 'how a host is written is not told' bash -c "test \"\$(grep -aci '^host: ' '$work/stub/log')\" = 3 && test \"\$(grep -ac '^host: api.example.com.\$' '$work/stub/log')\" = 3"
check 'of two types the one that has a form counts' here stub/log '{"a":2,"b":1}'
check 'nor how frames are masked' bash -c "! grep -qaP '\x01\x02\x03\x04' '$work/stub/log'"

# ── the record of what was rewritten ──
sed -i 's/secrets: block/secrets: redact/' "$work/config/postern/policy.yaml"
: >"$work/stub/log"
run works-rewritten
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/entries" 2>"$work/err"
sent=$(tail -c +$(($(grep -abo $'\r\n\r\n' "$work/stub/log" | head -n 1 | cut -d : -f 1) + 1)) "$work/stub/log" | sed -n '/^the token is/p')
check 'it was' bash -c "[[ '$sent' == 'the token is postern-gitlab-token-'*', and that is all' ]]"
check 'with the digest of what left' test "$(jq -r '.entry.unmapped.postern.gate.rewritten_sha256 // empty' "$work/entries")" = "$(printf '%s' "$sent" | sha256sum | cut -c 1-64)"
check 'and its length' test "$(jq -r '.entry.unmapped.postern.gate.rewritten_bytes // empty' "$work/entries")" = "${#sent}"

# ── the record of paths that are no text, or long ──
run path-of-bytes path-that-is-cut path-of-nobody path-that-is-long
check 'they are decided by their rules' test "$(cut -d ' ' -f 2 "$work/out" | tr '\n' ' ')" = 'went went refused went '
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/entries" 2>"$work/err"
path_of() { # JQ
	jq -r "select(.entry.class_uid == 4002) | .entry | select($1) | .unmapped.postern.gate.path_bytes // .action" "$work/entries" | head -n 1
}
check 'one that is no UTF-8 is on record' test "$(path_of '.http_request.url.path | startswith("/no-")')" = Allowed
check 'one that is cut in a letter' test "$(path_of '.http_request.url.path | startswith("/aaaa")')" = Allowed
check 'one that is denied' test "$(path_of '.http_request.url.path | startswith("/denied-")')" = Denied
check 'a long one with its length' test "$(path_of '.http_request.url.path | startswith("/long/")')" = 2010
check 'and digest' test "$(jq -r '.entry.unmapped.postern.gate.path_sha256 // empty' "$work/entries" | head -n 1)" = "$(printf '/long/%s/end' "$(printf '%2000s' '' | tr ' ' a)" | sha256sum | cut -c 1-64)"

# ── fingerprints, wherever their index begins in what the gate is given ──
for more in '' ', "12345678"' ', "123456789"' ', "1234567890"'; do
	policy "$more"
	run works
	check "a file that is confidential, and more to look for: ${more:-nothing}" has out 'works went'
done

echo "gate_leak: $ok as they should be, $failed not"
((failed == 0))
