#!/usr/bin/env bash
# check: part
# The body of world.sh: runs as root of a user, network and mount namespace of its own, which is the world's; a child has the tool's.
set -u
driver=$1
cd "$2" || exit 2

unshare -n sleep 600 &
tool=$!
driver_pid=
trap 'kill $tool $driver_pid 2>/dev/null' EXIT
while [ "$(readlink /proc/$tool/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
in_tool() { nsenter -n -t "$tool" timeout 20 "$@"; }

set -e
ip link set lo up
ip link add outer type veth peer name eth0 netns "$tool"
ip link add inner0 type veth peer name inner1
ip link set inner1 address 02:50:6f:73:74:01
# Frames on these two are for the relay alone: the kernel answers neither ARP nor neighbour discovery there.
for i in outer inner0; do
	sysctl -qw "net.ipv6.conf.$i.disable_ipv6=1"
	ip link set "$i" arp off up
done
ip addr add 10.20.30.1/24 dev inner1
ip link set inner1 up
ip -6 addr add 2001:db8:20::1/64 dev inner1 nodad
# In the main table: there the tool's own network is more specific. In the local table, IPv6 would take the tool's address for ours.
ip route add local 0.0.0.0/0 dev lo table main
ip -6 route add local ::/0 dev lo table main
in_tool ip link set lo up
in_tool ip link set eth0 address 02:42:ac:11:00:02
in_tool ip addr add 10.20.30.2/24 dev eth0
in_tool ip link set eth0 up
in_tool ip -6 addr add 2001:db8:20::2/64 dev eth0 nodad
in_tool ip route add default via 10.20.30.1
in_tool ip -6 route add default via 2001:db8:20::1
if [ "${WORLD_OFFLOADS:-on}" = off ]; then
	in_tool ethtool -K eth0 tx off gso off tso off >/dev/null
	ethtool -K inner1 tx off gso off tso off >/dev/null
fi
mkfifo stdin
"$driver" ca.pem trace <stdin >driver.log 2>&1 &
driver_pid=$!
exec 9>stdin
for _ in $(seq 100); do grep -q ^start driver.log && break; sleep 0.02; done
printf 'nameserver 10.20.30.1\n' >resolv.conf
mount --bind resolv.conf /etc/resolv.conf
set +e

failed=0 passed=0
# check NAME COMMAND…: what it prints must match the extended regular expression $want.
check() {
	local name=$1 got
	shift
	got=$("$@" 2>&1)
	if printf '%s' "$got" | grep -Eqz -- "$want"; then
		passed=$((passed + 1))
		echo "ok $name"
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n  wanted: %s\n  got: %s\n' "$name" "$want" "$got"
	fi
}
# traced NAME REGEX: a record of the trace must match.
traced() {
	want=$2
	check "trace: $1" grep -Em1 -- "$2" trace
}
curl_in() { in_tool curl -sS -m 10 --cacert ca.pem "$@"; }

want='^(([0-9]+\.){3}[0-9]+)$'
check "DNS over UDP" in_tool dig +short +tries=1 Api.Example.COM
check "DNS over TCP" in_tool dig +short +tcp +tries=1 api.example.com
want='NOERROR.*ANSWER: 0'
check "AAAA is empty" in_tool dig +tries=1 api.example.com AAAA
check "HTTPS is empty" in_tool dig +tries=1 api.example.com TYPE65
want='NXDOMAIN'
check "PTR is unknown" in_tool dig +tries=1 -x 104.16.1.1
check "single label is unknown" in_tool dig +tries=1 printer A
check "public name with the search domain is unknown" in_tool dig +tries=1 api.example.com.corp.example A
want='NOERROR.*ANSWER: 1'
check "host of the search domain" in_tool dig +tries=1 build7.corp.example A
check "configured single label" in_tool dig +tries=1 gateway A

want='^GET http://api.example.com:80/a\?b=c HTTP/1.1 headers=3 body=0'
check "HTTP/1.1" curl_in 'http://api.example.com/a?b=c'
want='^GET https://api.example.com:443/ HTTP/1.1'
check "TLS 1.3 with HTTP/1.1" curl_in --http1.1 https://api.example.com/
check "TLS 1.2" curl_in --http1.1 --tls-max 1.2 https://api.example.com/
want='^GET https://api.example.com:443/two h2 headers=2 body=0'
check "HTTP/2" curl_in --http2 https://api.example.com/two
want='^GET http://api.example.com:8080/pk h2'
check "HTTP/2 in the clear" curl_in --http2-prior-knowledge http://api.example.com:8080/pk
want='^GET https://93.184.1.2:8443/ h2'
check "TLS to an address" curl_in https://93.184.1.2:8443/
want='^GET http://2001:4860:4860::8888:81/ HTTP/1.1'
check "IPv6 address" curl_in 'http://[2001:4860:4860::8888]:81/'
want='^GET https://2001:4860:4860::8888:443/ h2'
check "TLS to an IPv6 address" curl_in 'https://[2001:4860:4860::8888]/'
want='event: e0.data: ....event: e1.data: ..{2}'
check "streamed reply" curl_in -i http://api.example.com/stream
check "streamed reply over HTTP/2" curl_in https://api.example.com/stream
want='^32000[0-9][0-9]$'
check "long reply" curl_in -o /dev/null -w '%{size_download}' http://api.example.com/big
check "long reply over HTTP/2" curl_in -o /dev/null -w '%{size_download}' https://api.example.com/big
want='content-length: [1-9][0-9]*.*0 $'
check "HEAD has no body" curl_in -I -w '%{size_download} ' http://api.example.com/
want='HTTP/1.1 204 No Content'
check "204" curl_in -i http://api.example.com/204

head -c 300000 /dev/urandom | base64 -w0 >body
printf '{"prompt":"hello hello hello"}' >small
gzip -k small
want='^POST .* body=30'
check "gzip body" curl_in -H 'content-encoding: gzip' --data-binary @small.gz http://api.example.com/gz
node -e 'const z=require("zlib"),f=require("fs"),s=f.readFileSync("small");f.writeFileSync("small.br",z.brotliCompressSync(s));f.writeFileSync("small.z",z.deflateSync(s));f.writeFileSync("bomb.gz",z.gzipSync(Buffer.alloc(64<<20)))'
zstd -q small
check "brotli body" curl_in -H 'content-encoding: br' --data-binary @small.br http://api.example.com/br
check "deflate body" curl_in -H 'content-encoding: deflate' --data-binary @small.z http://api.example.com/deflate
check "zstd body over HTTP/2" curl_in -H 'content-encoding: zstd' --data-binary @small.zst https://api.example.com/zstd
want='^POST .* body=33554432'
check "decompression bomb is cut" curl_in -H 'content-encoding: gzip' --data-binary @bomb.gz http://api.example.com/bomb
want='^POST .* body=400000'
check "long body with Expect" curl_in -H 'Expect: 100-continue' --data-binary @body http://api.example.com/long
check "chunked body" curl_in -H 'Transfer-Encoding: chunked' --data-binary @body http://api.example.com/chunked
want='200 OK'
check "hand-made chunks" in_tool bash -c 'exec 3<>/dev/tcp/api.example.com/80; printf "POST /chunks HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0A;x=y\r\n0123456789\r\n0A\r\n0123456789\r\n0A\r\n0123456789\r\n3\r\nend\r\n0\r\nX-T: 1\r\n\r\n" >&3; timeout 2 cat <&3'
want='^POST .* body=400000'
check "long body over HTTP/2" curl_in --data-binary @body https://api.example.com/long2

want='^GET https://inner.example.com:443/c h2'
check "CONNECT proxy" curl_in -x http://proxy.example.com:3128 https://inner.example.com/c
want='^GET http://inner.example.com:80/abs HTTP/1.1'
check "absolute form" curl_in -x http://proxy.example.com:3128 http://inner.example.com/abs
want='^GET https://inner.example.com:443/s5 h2'
check "SOCKS5" curl_in --socks5-hostname proxy.example.com:1080 https://inner.example.com/s5
want='^GET http://inner.example.com:80/pw HTTP/1.1'
check "SOCKS5 with a password" curl_in -x socks5h://me:secret@proxy.example.com:1080 http://inner.example.com/pw
want='^GET https://inner.example.com:443/tt h2'
check "CONNECT in TLS" curl_in -x https://proxy.example.com:8443 --proxy-cacert ca.pem https://inner.example.com/tt
want='^GET http://inner.example.com:80/tp HTTP/1.1'
check "plain HTTP tunnelled in TLS" curl_in -p -x https://proxy.example.com:8443 --proxy-cacert ca.pem http://inner.example.com/tp

want='self-signed|unable to get local issuer'
check "client that refuses the authority" in_tool curl -sS -m 5 https://pinned.example.com/
want='self-signed'
check "Node that refuses the authority" in_tool node -e 'fetch("https://node-pinned.example.com/").catch(e => console.log(e.cause.message))'
want='HTTP/1.1 400 Bad Request'
check "malformed HTTP" in_tool bash -c 'exec 3<>/dev/tcp/api.example.com/80; printf "GET /x HTTP/9\r\nhost: a\r\n\r\n" >&3; timeout 2 cat <&3'
check "both framings" in_tool bash -c 'exec 3<>/dev/tcp/api.example.com/80; printf "POST /x HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n" >&3; timeout 2 cat <&3'
want='(HTTP/1.1 200 OK.*){3}'
check "pipelining" in_tool bash -c 'exec 3<>/dev/tcp/api.example.com/80; printf "GET /1 HTTP/1.1\r\nhost: a\r\n\r\nPOST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nxxGET /3 HTTP/1.0\r\n\r\n" >&3; timeout 2 cat <&3'
want='^sent'
check "raw bytes" in_tool bash -c 'exec 3<>/dev/tcp/raw.example.com/9000; printf "\001\002hello" >&3; sleep 0.1; echo sent'
check "unfinished request" in_tool bash -c 'exec 3<>/dev/tcp/raw.example.com/9001; printf "POST /cut HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc" >&3; sleep 0.1; echo sent'
check "broken ClientHello" in_tool bash -c 'exec 3<>/dev/tcp/raw.example.com/9002; printf "\026\003\001\000\005\001\000\000\001\377" >&3; sleep 0.1; echo sent'
check "UDP to any port" in_tool bash -c 'echo ping >/dev/udp/93.184.1.9/40123; echo six >/dev/udp/2001:db8:77::5/40124; echo sent'
check "UDP to a group" in_tool bash -c 'echo mdns >/dev/udp/224.0.0.251/5353; echo sent'
# Node 18, which Debian 12 has, knows no WebSocket.
websocket=no
node --experimental-websocket -e 0 2>/dev/null && websocket=yes
if [ $websocket = yes ]; then
want='echo:hello echo:[0-9]+ closed 1000'
check "WebSocket" in_tool env NODE_EXTRA_CA_CERTS=ca.pem node --no-warnings --experimental-websocket -e '
const w = new WebSocket("wss://ws.example.com/ws?x=1"), out = [];
w.onopen = () => w.send("hello");
w.onmessage = m => { out.push("echo:" + (out.length ? m.data.length : m.data)); if (out.length == 1) w.send("x".repeat(100000)); else w.close(1000, "bye"); };
w.onclose = e => { out.push("closed " + e.code); console.log(out.join(" ")); };
w.onerror = e => console.log("error", e.message);'
fi
want='^fetch 200 GET https://node.example.com:443/n'
check "fetch of Node" in_tool env NODE_EXTRA_CA_CERTS=ca.pem node -e 'fetch("https://node.example.com/n").then(async r => console.log("fetch", r.status, await r.text()))'
want='^50$'
# shellcheck disable=SC2016 # the inner shell expands them
check "50 requests at once" in_tool bash -c 'for i in $(seq 50); do curl -sS -m 15 --cacert ca.pem "https://p$i.example.com/$i" & done | grep -c "^GET https://p"'
want='^connected 2300'
check "2300 ports, one after the other" in_tool node -e '
const net = require("net");
const one = port => new Promise(r => { const s = net.connect(port, "93.184.7.7", () => { s.destroy(); r(1); }); s.on("error", () => r(0)); });
(async () => { let n = 0; for (let p = 20000; p < 22300; p += 100) for (const x of await Promise.all([...Array(100).keys()].map(i => one(p + i)))) n += x;
console.log("connected", n); })()'
want='Verify return code: 0'
check "chain verifies" in_tool bash -c 'openssl s_client -connect 93.184.1.3:443 -servername v.example.com -verify_hostname v.example.com -CAfile ca.pem </dev/null 2>/dev/null'

exec 9>&-
wait $driver_pid
driver_pid=
want='exit 0 signal 0 trace ok'
check "clean end" cat driver.log
traced DNS '^dns .*addr="[0-9.]+" proto="udp" qname="Api.Example.COM" qtype="A"'
traced "DNS over TCP" '^dns .*proto="tcp" qname="api.example.com"'
traced "connection" '^conn .*port="80" host="api.example.com"'
traced "TLS" '^tls .*proto="TLSv1.3" sni="api.example.com" alpn="h2,http/1.1" ja4="t13d[0-9]{4}h2_[0-9a-f]{12}_[0-9a-f]{12}"'
traced "TLS 1.2" '^tls .*proto="TLSv1.2"'
traced "refused authority" '^tls .*sni="pinned.example.com".*reason="tlsv1 alert unknown ca"'
traced "refused by Node" '^close .*reason="closed by the client after the handshake without a request"'
traced "many ports" '^note .*listeners are reused'
traced "HTTP/2 headers" '^http .*host="api.example.com" scheme="https" proto="h2" method="GET" target="/two" headers=":method: GET\\x0d\\x0a:path: /two\\x0d\\x0a:scheme: https\\x0d\\x0a:authority: api.example.com\\x0d\\x0auser-agent'
traced "exact HTTP/1 headers" 'target="/a\?b=c" headers="Host: api.example.com\\x0d\\x0aUser-Agent: curl/[^"]*\\x0d\\x0a\\x0d\\x0a"'
traced "decoded body" '^http .*target="/gz" .*body="\{\\x22prompt\\x22:\\x22hello hello hello\\x22\}" encoding="gzip"'
traced "gzip header" '^http .*target="/gz" .*form="packed=[0-9]+\\x0azlib level=[0-9]\\x0agzip header=flags 8, time [0-9]+, system 3, 736d616c6c00'
traced "form of chunks" '^http .*target="/chunks" .*form="chunk blocks=0A\\x0achunk sizes=upper case, zeros in front\\x0achunk extensions=;x=y\\x0atrailer=X-T: 1\\x0apieces=[0-9]+\\x0a'
traced "HTTP/2 settings" '^http .*target="/two" .*form="settings=3:100 4:[0-9]+ 2:0\\x0awindow=[0-9]+\\x0a'
traced "form of a ClientHello" '^tls .*form="ciphers=1302,1303,1301,'
traced "EDNS" '^dns .*qname="Api.Example.COM" .*form="flags=01[0-9a-f]{2}\\x0aid=[0-9a-f]{4}\\x0aEDNS=1232 bytes, 00000000, 000a0008[0-9a-f]{16}"'
traced "brotli" '^http .*target="/br" .*hello hello.*encoding="br"'
traced "zstd" '^http .*target="/zstd" .*hello hello.*encoding="zstd"'
traced "bomb" '^http .*target="/bomb" .*reason="the decoded body is too long".*lost='
traced "via CONNECT" '^http .*host="inner.example.com" .*target="/c" .*via="connect"'
traced "the CONNECT" '^http .*host="inner.example.com" .*method="CONNECT" target="inner.example.com:443" .*status="200"'
traced "via absolute" '^http .*host="inner.example.com" .*target="http://inner.example.com/abs" .*via="absolute"'
traced "via SOCKS5" '^http .*target="/s5" .*via="socks5"'
traced "SOCKS5 password" '^raw .*secret.*reason="SOCKS5 name and password"'
traced "malformed HTTP" '^raw .*data="GET /x HTTP/9.*reason="unknown version of HTTP"'
traced "both framings" '^raw .*reason="both content-length and transfer-encoding"'
traced "raw bytes" '^raw .*port="9000" host="raw.example.com" .*wire_size="7" data="\\x01\\x02hello" reason="unknown protocol"'
traced "unfinished request" '^http .*target="/cut" .*body="abc" .*reason="the request did not become whole"'
traced "broken ClientHello" '^raw .*port="9002" .*reason="ClientHello is malformed"'
traced "UDP" '^udp .*addr="93.184.1.9" port="40123" .*data="ping'
traced "UDP over IPv6" '^udp .*addr="2001:db8:77::5" port="40124" .*data="six'
traced "UDP to a group" '^udp .*addr="224.0.0.251" port="5353" .*data="mdns'
[ $websocket = no ] || traced "WebSocket upgrade" '^http .*target="/ws\?x=1" .*status="101"'
[ $websocket = no ] || traced "WebSocket message" '^ws .*host="ws.example.com" target="/ws\?x=1" body="hello" reason="text"'
[ $websocket = no ] || traced "WebSocket close" '^ws .*body="\\x03\\xe8bye" reason="close"'
traced "close" '^close .*reason="closed by the client"'

# Again with room for little: the trace ends with whole records, one note, and the closes.
mv trace trace.1
WORLD_TRACE_MAX=20000 "$driver" ca.pem trace <stdin >driver.log 2>&1 &
driver_pid=$!
exec 9>stdin
for _ in $(seq 100); do grep -q ^start driver.log && break; sleep 0.02; done
want='^3 *$'
check "trace that is too small" in_tool bash -c 'for i in 1 2 3; do curl -sS -m 5 --data-binary @body http://93.184.1.2/; done | grep -c body=400000'
exec 9>&-
wait $driver_pid
driver_pid=
want='exit 0 signal 0 trace ok'
check "clean end with a full trace" cat driver.log
want='^1$'
check "one note of it" grep -c '^note .*the trace is full' trace
want='^3$'
check "connections are still closed in it" grep -c ^close trace
cat driver.log
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
