#!/usr/bin/env bash
# make bench-gate: what a contained run costs. docs/benchmarks.md says what the lines mean.
#	bench/gate.sh [FOLDER [REPEATS]]
# With SRT=PATH also sandbox-runtime's command is started.
set -u
cd "$(dirname "$0")/.." || exit 1
if [[ ! ${GATE_INSIDE:-} ]]; then
	how=-n
	((EUID == 0)) || how=-Urn
	GATE_INSIDE=1 exec unshare "$how" bash "$0" "$@"
fi
for c in bwrap nginx mitmdump wrk h2load rg openssl; do
	command -v "$c" >/dev/null || { echo "bench/gate: $c is not installed"; exit 1; }
done
folder=${1:-build/bench} repeats=${2:-5}
ip link set lo up
mkdir -p "$folder"
work=$(mktemp -d "$PWD/$folder/gate.XXXXXX") || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
printf 'machine: %s x %s, %s MB, Linux %s, %s\n' "$(nproc)" "${processor:-unknown processor}" \
	"$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(uname -r)" "$(stat -f -c %T "$work")"
printf 'load before: %s (1, 5 and 15 minutes)\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -days 2 -subj '/CN=bench'
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key.pem" -out "$work/csr" -subj '/CN=api.example.com'
	openssl x509 -req -in "$work/csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/cert.pem" \
		-extfile <(echo 'subjectAltName=DNS:api.example.com,IP:127.0.0.1')
} >/dev/null 2>&1
mkdir "$work/www" "$work/tmp"
head -c 1024 /dev/zero >"$work/www/1k"
head -c 10000000 /dev/zero >"$work/www/10m"
head -c 200000 /dev/zero >"$work/www/slow"
cat >"$work/nginx.conf" <<X
daemon off; $( ((EUID == 0)) && echo 'user root;') pid $work/nginx.pid; error_log $work/error.log crit; worker_processes 1; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
	access_log off; client_max_body_size 10m; client_body_buffer_size 256k; keepalive_requests 1000000; sendfile on;
	client_body_temp_path $work/tmp/a; proxy_temp_path $work/tmp/b; fastcgi_temp_path $work/tmp/c; uwsgi_temp_path $work/tmp/d; scgi_temp_path $work/tmp/e;
	ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem;
	server {
		listen 127.0.0.1:8443 ssl backlog=4096; root $work/www;
		location /ok { if (\$request_method = POST) { return 200 "{}\n"; } return 200 "ok\n"; }
		location /slow { limit_rate 4k; }
	}
	upstream real { server 127.0.0.1:8443; keepalive 64; }
	server {
		listen 127.0.0.1:9443 ssl backlog=4096;
		location / { proxy_pass https://real; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host api.example.com;
			proxy_ssl_verify on; proxy_ssl_trusted_certificate $work/ca.pem; proxy_ssl_name api.example.com; proxy_ssl_server_name on; }
	}
}
X
nginx -p "$work" -c "$work/nginx.conf" 2>"$work/nginx.err" &
pids+=($!)
HOME=$work/home mitmdump -q --mode reverse:https://127.0.0.1:8443 --listen-host 127.0.0.1 --listen-port 9444 --set confdir="$work/mitm" --ssl-insecure >"$work/mitm.log" 2>&1 &
pids+=($!)
for _ in {1..100}; do
	curl -sk -o /dev/null https://127.0.0.1:9443/1k && curl -sk -o /dev/null https://127.0.0.1:9444/1k && break
	sleep 0.2
done
python3 bench/gate.py "$PWD/build/release/postern" "$work" "$repeats" "${SRT:-}" || exit 1
printf '\nload after: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
