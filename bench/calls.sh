#!/usr/bin/env bash
# bench/calls.sh [REPEATS]: what each message of a streaming call (gRPC) costs through the gate, beside the same without, in turns; the ledger lies on the disk of
# the source tree. docs/benchmarks.md says what the lines mean.
set -u
cd "$(dirname "$0")/.." || exit 1
if [[ ! ${GATE_INSIDE:-} ]]; then
	modules=$(mktemp -d) || exit 1
	cp tests/integration/grpc/* bench/calls.mjs "$modules/"
	npm --prefix "$modules" ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1 || { echo 'bench/calls: no library of gRPC can be fetched'; exit 1; }
	export modules
fi
. tests/lib/gate.sh
enter_network '' "$@"
mkdir -p build/bench
work=$(mktemp -d "$PWD/build/bench/calls.XXXXXX") || exit 1
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$work/server"
# The writer of the ledger stays a second longer.
trap 'kill $server 2>/dev/null; sleep 2; rm -rf "$work" "$modules"' EXIT
certify "$work/server" api.example.com
sed -i 's/^const log = .*/const log = () => {};/' "$modules/server.mjs"
node "$modules/server.mjs" "$work/server" 8443 8444 >"$work/ready" 2>/dev/null &
server=$!
for _ in {1..100}; do
	[[ -s $work/ready ]] && break
	sleep 0.1
done
printf 'machine: %s processors, Linux %s, load before %s\n' "$(nproc)" "$(uname -r)" "$(cut -d ' ' -f 1-3 /proc/loadavg)"
cp "$work/ca.pem" "$modules/"
cd "$modules" || exit 1
echo 'bytes open | bare: p50 us, p99 us, a second | through the gate'
for ((i = 0; i < ${1:-5}; i++)); do
	for what in '2000 100 1' '4000 100 32' '1000 65536 8'; do
		read -r n bytes open <<<"$what"
		bare=$(node calls.mjs 127.0.0.1:8443 ca.pem "$n" "$bytes" "$open")
		# shellcheck disable=SC2016 # for the shell inside
		through=$("$P" run --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 --allow api.example.com -- \
			bash -c 'node calls.mjs api.example.com "${SSL_CERT_FILE:-$NODE_EXTRA_CA_CERTS}" "$@"' - "$n" "$bytes" "$open" 2>"$work/err") || { cat "$work/err"; exit 1; }
		echo "$bytes $open | $bare | $through"
	done
done
