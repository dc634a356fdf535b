#!/usr/bin/env bash
# check: slow asan timeout=300
# HTTP/2 from the tool to the server: trailers, many requests at once, bodies of any size, and servers that break the rules. In a network namespace
# that has nothing but a loopback.
# shellcheck disable=SC2016 # scripts for the shell inside
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
enter_network m
work=$(mktemp -d) || exit 2
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$work/project" "$work/server"
trap 'kill $server 2>/dev/null; [[ ${KEEP:-} ]] || rm -rf "$work"' EXIT INT TERM
kinds=(garbage silent data-first no-status bad-hpack other-stream push too-long cut pings settings continuation interim headers)
raws=()
for k in "${kinds[@]}"; do raws+=("raw-$k.example.com"); done
certify "$work/server" api.example.com old.example.com "${raws[@]}"
node tests/integration/gate_h2_server.mjs "$work/server" 8443 8444 >"$work/ready" 2>"$work/server.err" &
server=$!
for _ in {1..100}; do
	[[ -s $work/ready ]] && break
	sleep 0.1
done
cp tests/integration/gate_h2_client.mjs "$work/project/client.mjs"
cp tests/integration/gate_trailers.mjs "$work/project/after.mjs"
head -c 3000000 /dev/urandom >"$work/project/data"
sum=$(sha256sum <"$work/project/data" | cut -d ' ' -f 1)

inside() { # SCRIPT [OPTION...]
	local script=$1 to=() r
	shift
	for r in "${raws[@]}"; do to+=(--connect-to "$r:443:127.0.0.1:8444" --allow "$r"); done
	(cd "$work/project" && timeout 100 "$P" run --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 --allow api.example.com \
		--connect-to old.example.com:443:127.0.0.1:8445 --allow old.example.com "${to[@]}" "$@" \
		-- bash -c "$script") >"$work/out" 2>"$work/err" </dev/null
}
# of FILTER: what jq says of the output
of() {
	jq -r "$1" "$work/out" 2>/dev/null
}

inside 'curl -sS --http2 -H "X-Case: Kept" https://api.example.com/hello/q?a=1'
check 'a request' test "$(of '."x-case" + ."\u003apath" + ."\u003aauthority" + ."\u003ascheme"')" = 'Kept/hello/q?a=1api.example.comhttps'
check 'and nothing of the connection' test "$(of 'has("connection") or has("transfer-encoding") or has("host")')" = false
check 'it went as HTTP/2' grep -q '^stream GET /hello' "$work/server/log"
inside 'curl -sS --http1.1 https://api.example.com/old'
check 'HTTP/1.1 stays HTTP/1.1' has out one
check 'to the server, too' grep -q '^http1 /old' "$work/server/log"
inside 'curl -sS --http2 --data-binary @data https://api.example.com/up; curl -sS --http2 --data-binary "" https://api.example.com/up; curl -sS --http2 -X PUT -T data https://api.example.com/up'
check 'bodies, large and empty' test "$(grep -c "^3000000 $sum$" "$work/out")$(grep -c '^0 ' "$work/out")" = 21
inside 'curl -sS --http2 https://api.example.com/big/50000000 | wc -c; curl -sS --http2 --limit-rate 2M https://api.example.com/big/6000000 | wc -c'
check '50 MB, and a slow reader' test "$(tr '\n' ' ' <"$work/out")" = '50000000 6000000 '
inside 'node client.mjs api.example.com /trailers /only /hello/x /big/100000 /nothing'
check 'trailers' test "$(of 'select(.path == "/trailers") | .text + .trailers["grpc-status"] + .trailers["grpc-message"]')" = abc0well
check 'trailers without content end with the head' test "$(of 'select(.path == "/only") | .grpc + (.last | tostring) + (.error // "")')" = 5true
check 'that trailers are taken is told' test "$(of 'select(.path == "/hello/x") | .text | fromjson | .te')" = trailers
check 'many at once' test "$(of 'select(.path == "/big/100000") | .size')$(of 'select(.path == "/nothing") | .status')" = 100000404
inside 'curl -sSN --http2 https://api.example.com/events | while read -r d t; do [[ $d == data: ]] && echo "$t $(date +%s%3N)"; done'
check 'events arrive as they are sent' awk '{sent[NR] = $1; came[NR] = $2} END {for (i = 1; i <= 4; i++) if (came[i] >= sent[i + 6]) late++; exit !(NR == 10 && !late)}' "$work/out"
inside 'for i in 1 2 3 4 5; do echo "url = https://api.example.com/hello/$i"; done >urls; curl -sS --http2 -K urls | grep -c path'
check 'one after the other' has out 5
before=$(grep -c '^session' "$work/server/log")
inside 'for i in 1 2 3 4 5; do curl -sS --http2 https://api.example.com/hello/$i -o /dev/null; done'
check 'over one kept connection' test $(($(grep -c '^session' "$work/server/log") - before)) = 1
inside 'for i in 1 2 3; do curl -sS --http2 https://api.example.com/goaway; done'
check 'a server that says farewell' test "$(grep -c '^last$' "$work/out")" = 3
inside 'node client.mjs api.example.com /reset /refuse; curl -sS --http2 https://api.example.com/interim/3; curl -sS -o /dev/null -w "%{http_code}\n" --http2 https://api.example.com/interim/200'
check 'what the server broke off is broken off' test "$(head -n 1 "$work/out" | jq -r '.text + (.error != null | tostring)')" = halftrue
check 'what it refused is told in words' test "$(sed -n 2p "$work/out" | jq -r '(.status | tostring) + (.text | fromjson | .error.type)')" = 502postern_upstream
check 'interim replies' has out final
check 'without end' test "$(tail -n 1 "$work/out")" = 502
inside 'node client.mjs api.example.com /interim/3 /interim/60/4000; curl -sSi --http1.1 https://api.example.com/interim/1; curl -sSi --http1.0 https://api.example.com/interim/1; node client.mjs old.example.com /interim/1'
check 'they are passed on' test "$(sed -n 1p "$work/out" | jq -c '[.hints, .text]')" = '[["103 </0.css>; rel=preload","103 </1.css>; rel=preload","103 </2.css>; rel=preload"],"final\n"]'
check 'and no more of them than 64 KiB' test "$(sed -n 2p "$work/out" | jq -r '.text + (.hints | length | tostring)')" = $'final\n16'
check 'by HTTP/1.1' test "$(grep -c '^HTTP/1.1 103' "$work/out")$(grep -ci '^link: </0.css>; rel=preload' "$work/out")" = 11
check 'but not to HTTP/1.0' test "$(grep -c '^HTTP/1.1 200' "$work/out")" = 2
check 'from HTTP/1.1 to HTTP/2' test "$(tail -n 1 "$work/out" | jq -c '[.hints, .text]')" = '[["103 </0.css>; rel=preload"],"final\n"]'
inside 'node client.mjs api.example.com /up; curl -sS --http1.1 --expect100-timeout 20 -m 10 -H "Expect: 100-continue" -d abc https://api.example.com/up'
check 'who asks whether the content is wanted hears it' test "$(sed -n 1p "$work/out" | jq -r '.text[:2] + .hints[0][:3]')$(sed -n 2p "$work/out")" = '3 100one'
inside 'node client.mjs api.example.com /head/100 /head/3000'
check 'large heads' test "$(head -n 1 "$work/out" | jq .status)$(tail -n 1 "$work/out" | jq .status)" = 502502
inside 'curl -sS --http2 -w "%{http_code}\n" --data-binary @data https://api.example.com/early'
check 'an answer before the request is whole' grep -q 413 "$work/out"
inside 'curl -sSI --http2 https://api.example.com/hello'
check 'HEAD' grep -q '^HTTP/2 200' "$work/out"
inside 'curl -sS --http2 https://api.example.com/neutral' --neutral
check 'with a neutral identity it is HTTP/1.1' grep -q '^http1 /neutral' "$work/server/log"
secret=glpat-$(tr -dc A-Za-z0-9 </dev/urandom | head -c 20)
inside "curl -sS --http2 -d 'token=$secret' https://api.example.com/echo"
check 'a secret is replaced on its way out' grep -q '^body token=postern-' "$work/server/log"
check 'it does not arrive' hasnt server/log "$secret"
check 'it is put back in the reply' has out "token=$secret"
inside "curl -sS --http2 -d 'token=$secret' https://api.example.com/hinted; curl -sS --http1.1 -d 'token=$secret' https://api.example.com/hinted"
check 'behind an interim reply, too' test "$(grep -c "token=$secret" "$work/out")" = 2

# ── trailers of a request ──
inside 'node after.mjs https://api.example.com/after 2 abc "x-sum: 12" "grpc-x: a b"; node after.mjs https://api.example.com/after 1 abc "X-Sum: 12"
	node after.mjs https://old.example.com/after 2 abc "x-sum: 12" "x-two: 2"; node after.mjs https://api.example.com/after 2 "" "x-sum: 12"; node after.mjs https://api.example.com/after 1 "" "x-sum: 12"'
check 'trailers of a request, HTTP/2' test "$(sed -n 1p "$work/out" | jq -c '[.body, .after, .said, .length]')" = '["abc",["x-sum","12","grpc-x","a b"],"x-sum, grpc-x",null]'
check 'HTTP/1.1' test "$(sed -n 2p "$work/out" | jq -c '[.body, .after, .said, .coding]')" = '["abc",["X-Sum","12"],"X-Sum","chunked"]'
check 'HTTP/2 to a server that speaks HTTP/1.1' test "$(sed -n 3p "$work/out" | jq -c '[.body, .after, .said, .coding]')" = '["abc",["x-sum","12","x-two","2"],"x-sum, x-two","chunked"]'
check 'without content' test "$(sed -n 4,5p "$work/out" | jq -c '[.body, .after[1]]' | tr '\n' ' ')" = '["","12"] ["","12"] '
inside 'for v in 1 2; do node after.mjs https://api.example.com/after $v abc "host: evil.example.com" "authorization: Bearer x" "Content_Type: x" "cookie: a=b" "x-sum: 12"; node after.mjs https://api.example.com/after $v abc "cookie: a=b"; done'
check 'fields that frame, route or authenticate stay behind' test "$(jq -c '[.after, .said]' "$work/out" | sort | uniq -c | tr -s ' \n' ' ')" = ' 2 [["x-sum","12"],"x-sum"] 2 [[],null] '
: >"$work/server/log"
inside "for v in 1 2; do node after.mjs https://api.example.com/after \$v abc 'x-sum: token=$secret'; node after.mjs https://api.example.com/after \$v abc 'x-sum: $(base64 <<<"$secret")'
	node after.mjs https://api.example.com/after \$v abc 'x-$secret: 1'; done"
check 'a secret in a trailer, its name or an encoding: denied' test "$(grep -c 'it holds: GitLab token' "$work/out")" = 6
check 'and nothing arrives' hasnt server/log after
inside "for v in 1.1 2; do curl -sS --http\$v -H 'x-$secret: 1' https://api.example.com/named; curl -sS --http\$v -H '$(printf %s "$secret" | xxd -p -c 99): 1' https://api.example.com/named; done"
check 'a secret as the name of a field, or an encoding: denied' test "$(grep -c 'it holds: GitLab token' "$work/out")" = 4
check 'and does not arrive' hasnt server/log named
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'it is on record' test "$(jq -r 'select(.entry.action == "Denied") | .entry.unmapped.postern.gate.found[0].what' "$work/out" | grep -c GitLab)" = 10
inside 'for v in 1 2; do node after.mjs https://api.example.com/after $v abc "x-long: $(printf %16000s x | tr " " x)"; done'
check 'trailers up to 16 KiB' test "$(jq -c '.after[1] | length' "$work/out" | tr '\n' ' ')" = '16000 16000 '
inside 'for v in 1 2; do node after.mjs https://api.example.com/after $v abc "x-long: $(printf %9000s x | tr " " x)" "x-more: $(printf %9000s x | tr " " x)"; done; curl -sS --http2 https://api.example.com/hello/after'
check 'no more than that' test "$(grep -c 'trailer is too long\|ERR_HTTP2_STREAM_ERROR' "$work/out")" = 2
check 'and others go on' has out '"/hello/after"'
inside 'for v in 1 2; do node after.mjs https://api.example.com/after $v abc "x-sum: 12"; done' --neutral
check 'with a neutral identity none passes' test "$(jq -c '[.body, .after, .said, .coding, .length]' "$work/out" | sort -u)" = '["abc",[],null,null,"3"]'
mkdir -p "$work/config/postern"
cat >"$work/config/postern/policy.yaml" <<-X
	network: [{host: api.example.com, headers: {x-set: policy}}]
	credentials:
	  - {name: api, variable: KEY, format: "key-{random}", from: {env: REAL_KEY}, host: api.example.com, header: x-key}
X
export REAL_KEY=real-key-of-the-person-0123456789
inside 'for v in 1 2; do node after.mjs https://api.example.com/after $v abc "x-sum: $KEY" "x-key: $KEY" "x-set: tool"; done'
check 'a key goes into the head' test "$(sed -n 's/^after //p' "$work/server/log" | jq -r '.key // empty' | sort -u)" = "$REAL_KEY"
check 'and does not come back' test "$(jq -r '.key' "$work/out" | sort -u | tr -d '*' | wc -c)" = 1
check 'and into no trailer; none stands for a field of the policy' test "$(jq -c .after "$work/out" | grep -cE '^\["x-sum","key-[0-9a-f]+"\]$')" = 2
rm "$work/config/postern/policy.yaml"

# ── servers that break the rules: an answer in words, within a time, and no other connection is held up ──
for k in "${kinds[@]}"; do
	inside "curl -sS -m 20 --http2 -o said -w '%{http_code}' https://raw-$k.example.com/; echo; head -c 300 said; rm -f said; curl -sS -m 5 --http2 https://api.example.com/hello/after"
	if [[ $k == cut || $k == too-long ]]; then
		check "$k: it is not taken for whole" grep -q 'curl: (' "$work/err"
	else
		check "$k: words" bash -c 'grep -q 502 "$1" && grep -q postern_upstream "$1" && ! grep -q refused "$1"' - "$work/out"
	fi
	check "$k: others go on" has out /hello/after
done
"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/out" 2>"$work/err"
check 'all is on record' test "$(jq -r 'select(.entry.class_uid == 4002 and .entry.action == "Allowed") | .index' "$work/out" | wc -l)" -ge 50

echo "gate_h2: $ok as they should be, $failed not"
((failed == 0))
