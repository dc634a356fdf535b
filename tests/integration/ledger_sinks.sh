#!/usr/bin/env bash
# check: asan-long timeout=600
# Entries are shipped to a NATS server, to brokers of Kafka and to PostgreSQL. All of them are killed again and again, and so is the shipper:
# in the end each entry is there once, in order, byte for byte.
set -u
. tests/lib/log.sh ledger_sinks
export LC_ALL=C.UTF-8
programs=$here/build/${BUILD:-release}/integration
# The newest that is there.
postgres=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
PATH=$PATH:/usr/sbin # where Debian has the server of NATS
command -v nats-server >/dev/null || { echo 'there is no server of NATS (Debian package nats-server)' && exit 77; }
[[ -x $postgres/initdb ]] || { echo 'there is no server of PostgreSQL (Debian package postgresql-15)' && exit 77; }
entries=4000 phases=2
[[ ${BUILD:-} == asan ]] && entries=1500
[[ ${POSTERN_SUITE:-} == long ]] && entries=20000 phases=4
chmod 711 "$work"

lines() { # FROM TO: entries, some of them odd
	python3 - "$1" "$2" <<'END'
import json, random, sys
first, last = int(sys.argv[1]), int(sys.argv[2])
random.seed(first)
odd = ['\u0000', '\\', '\\u0000', 'tab\t\r\nline', '\\N', '\\.', "it's \"x\"", 'é€😀', '\u2028\ufeff', '', 'x' * 3000]
for i in range(first, last + 1):
    e = {'class_uid': 1007, 'device': {'hostname': 'h\tost'}, 'message': f'entry {i} {random.choice(odd) if i % 9 == 0 else ""}', 'severity_id': 2,
         'time': 1764000000000 + i, 'n': random.choice([1, 0.1, 1e300, -7]), 'unmapped': {'tool': {'name': odd[i % 10], 'version': '1'}}}
    if i == 50: e['message'] = 'é' * 30000
    print(json.dumps(e if i % 101 else random.choice([e['message'], [i], i, None])))
END
}

# --- the services. For each: start, kill and URL; what it has, as lines "index<tab>bytes", in order.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

nats_port=$(free_port)
nats_start() {
	nats-server -a 127.0.0.1 -p "$nats_port" -js -sd "$work/nats" >>nats.log 2>&1 &
	service=$!
	disown "$service"
	pids+=("$service")
	wait_for nats_ready || fail "nats-server does not start: $(tail -n 3 nats.log)"
}
nats_ready() {
	"$programs/nats_dump" "nats://127.0.0.1:$nats_port" AUDIT >/dev/null 2>&1
	(($? != 2))
}
nats_kill() {
	kill -KILL "$service"
	forget "$service"
}
nats_has() { "$programs/nats_dump" "nats://127.0.0.1:$nats_port" AUDIT | cut -f3-; }

# Its server does not run as root.
as_postgres=()
(($(id -u) == 0)) && as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
postgres_start() {
	if [[ ! -d pg ]]; then
		mkdir pg
		(($(id -u) == 0)) && chown postgres pg
		"${as_postgres[@]}" "$postgres/initdb" -D "$work/pg/data" -A trust -U tester --no-sync -E UTF8 --locale=C >initdb.log 2>&1 || fail "initdb: $(tail -n 3 initdb.log)"
	fi
	while :; do
		# After a crash the processes of the one before may need a moment to go.
		"${as_postgres[@]}" "$postgres/postgres" -D "$work/pg/data" -k "$work/pg" -c listen_addresses= -c fsync=off -c max_connections=20 >>pg.log 2>&1 &
		service=$!
		disown "$service"
		pids+=("$service")
		while kill -0 "$service" 2>/dev/null; do
			question 'SELECT 1' >/dev/null 2>&1 && return
			sleep 0.05
		done
		sleep 0.1
		((SECONDS < 500)) || fail "PostgreSQL does not start: $(tail -n 3 pg.log)"
	done
}
postgres_kill() {
	local children
	children=$(ps -o pid= --ppid "$service")
	# shellcheck disable=SC2086 # a list
	kill -KILL "$service" $children 2>/dev/null
	forget "$service"
}
question() { psql -X -h "$work/pg" -U tester postgres -v ON_ERROR_STOP=1 -Atc "$1"; }
postgres_has() {
	psql -X -h "$work/pg" -U tester postgres -At -F $'\t' -c 'SELECT index, raw FROM postern_entries ORDER BY index'
}

# The brokers are those of librdkafka's mock cluster; it is not the process that is killed, but its connections and listeners.
kafka_start() {
	if [[ ! -p kafka.in ]]; then
		mkfifo kafka.in
		"$programs/kafka_mock" audit 1 <kafka.in >kafka.out 2>kafka.err &
		service=$!
		disown "$service"
		pids+=("$service")
		exec {kafka_in}>kafka.in
		wait_for test -s kafka.out || fail "the brokers do not start: $(<kafka.err)"
		kafka_answers=1
		kafka_addresses=$(sed -n 's/^ready //p' kafka.out)
		return
	fi
	kafka 'up 1' && kafka 'up 2' && kafka 'up 3'
}
kafka_answered() { (($(wc -l <kafka.out) >= kafka_answers)); }
kafka() { # COMMAND
	echo "$1" >&"$kafka_in"
	kafka_answers=$((kafka_answers + 1))
	wait_for kafka_answered || fail "the brokers do not answer: $(<kafka.err)"
	[[ $(sed -n "${kafka_answers}p" kafka.out) == ok ]] || fail "brokers: $1: $(sed -n "${kafka_answers}p" kafka.out)"
}
kafka_kill() {
	case $((RANDOM % 3)) in
	0) kafka 'down 1' && kafka 'down 2' && kafka 'down 3' ;;
	1) kafka "down $((RANDOM % 3 + 1))" ;;
	2) # request timed out, not enough replicas, broker not available; then a coordinator that moves
		kafka 'produce 7 3' && kafka 'produce 19 2' && kafka 'end 15 2' && kafka 'end 14 2' ;;
	esac
}
kafka_has() {
	kafka "dump $work/kafka.dump"
	# The key names the entry, too.
	awk -F '\t' '$1 != "example.com/sinks/" $3 || $2 != "example.com/sinks" {print "a wrong key: " $1; exit}' kafka.dump
	cut -f3- kafka.dump
}

url() { # KIND
	case $1 in
	nats) echo "nats://127.0.0.1:$nats_port/AUDIT" ;;
	kafka) echo "kafka://$kafka_addresses/audit" ;;
	postgres) echo "postgresql:///postgres?host=$work/pg&user=tester" ;;
	esac
}
ship() { # KIND: until all is there, in the background
	"$P" log ship L --to "$(url "$1")" --once --batch "$batch" --timeout 3000 2>>"$1.ship.err" &
	shipper=$!
	pids+=("$shipper")
}
pause() { # MOST, in milliseconds
	sleep "$(printf '0.%03d' $((RANDOM % $1 + 3)))"
}
# Until everything has arrived: start the shipper, kill it; every third time the service first.
storm() { # KIND
	local round=0 code
	while :; do
		ship "$1"
		# On a busy machine it needs longer to get anywhere.
		((round < 9 || reach > 950)) || reach=$((reach + 30))
		pause "$reach"
		if ((round++ % 3 == 2)); then
			"$1_kill"
			service_kills=$((service_kills + 1))
			pause 40
			"$1_start"
			pause 60
		fi
		kill -KILL "$shipper" 2>/dev/null
		wait "$shipper" 2>/dev/null
		code=$?
		forget "$shipper"
		# It may have been through just then.
		case $code in
		137) shipper_kills=$((shipper_kills + 1)) ;;
		0) return ;;
		*) fail "$1: the shipper ended by itself: $(tail -n 2 "$1.ship.err")" ;;
		esac
		((SECONDS < 550)) || fail "$1: no end"
	done
}
whole() { # KIND: what arrived is what the log has
	timeout 100 "$P" log ship L --to "$(url "$1")" --once --timeout 5000 2>>"$1.ship.err" || fail "$1: $(tail -n 1 "$1.ship.err")"
	"$P" log show L --format raw | awk '{printf "%d\t%s\n", NR - 1, $0}' >want
	"$1_has" >"$1.has"
	cmp -s "$1.has" want && return
	cut -f1 "$1.has" | sort -n | uniq -d | head -n 3 | sed 's/^/twice: /'
	comm -13 <(cut -f1 "$1.has" | sort -u) <(cut -f1 want | sort -u) | head -n 3 | sed 's/^/lost: /'
	fail "$1: what arrived ($(wc -l <"$1.has")) is not what the log has ($(wc -l <want))"
}

"$P" log init --origin example.com/sinks L >vkey 2>/dev/null || fail 'init'
nats_service='' postgres_service=''
for kind in nats kafka postgres; do
	"${kind}_start"
	declare "${kind}_service=$service" "${kind}_kills=0" "${kind}_ships=0"
done
# Its window of duplicates is shorter than any pause here: nothing depends on it.
"$programs/nats_dump" "nats://127.0.0.1:$nats_port" AUDIT make AUDIT || fail 'the stream cannot be made'

enough() { # was each killed often enough?
	local kind kills ships
	for kind in nats kafka postgres; do
		kills=${kind}_kills ships=${kind}_ships
		((${!kills} >= 2 && ${!ships} >= 4)) || return
	done
}
# On a fast machine some more; the mock cluster forgets what is older than 5 MB.
for ((phase = 0; phase < phases || (phase < phases + 4 && $(enough && echo 0 || echo 1)); phase++)); do
	lines $((phase * entries)) $(((phase + 1) * entries - 1)) | "$P" log append --mode buffered L >/dev/null || fail 'append'
	for kind in nats kafka postgres; do
		case $kind in
		nats) batch=3 reach=90 ;;
		kafka) batch=15 reach=250 ;;
		postgres) batch=4 reach=110 ;;
		esac
		service_kills=0 shipper_kills=0
		declare -n its=${kind}_service kills=${kind}_kills ships=${kind}_ships
		service=$its
		storm "$kind"
		its=$service
		kills=$((kills + service_kills)) ships=$((ships + shipper_kills))
		whole "$kind"
		declare +n its kills ships
	done
done
enough || fail 'too fast to be killed'
total=$(wc -l <want)
said="$total entries each"
for kind in nats kafka postgres; do
	declare -n kills=${kind}_kills ships=${kind}_ships
	said+="; $kind: $kills kills of the service, $ships of the shipper"
	declare +n kills ships
done

# --- two at once: the second finds that the position has moved. Not with the mock cluster: it takes what a producer writes that was shut
# out, and shows transactions that were broken off to everyone.
lines 500000 500799 | "$P" log append --mode buffered L >/dev/null || fail 'append'
for kind in nats postgres; do
	batch=7
	ship "$kind"
	one=$shipper
	ship "$kind"
	wait "$one" || fail "$kind: the first of two: $(tail -n 1 "$kind.ship.err")"
	wait "$shipper" || fail "$kind: the second of two: $(tail -n 1 "$kind.ship.err")"
	forget "$one"
	forget "$shipper"
	whole "$kind"
done
whole kafka

# --- a service that was emptied, and one that has forgotten the position too
nats="nats://127.0.0.1:$nats_port"
"$programs/nats_dump" "$nats" AUDIT purge || fail 'purge'
question 'DELETE FROM postern_entries' >/dev/null
lines 600000 600009 | "$P" log append L >/dev/null || fail 'append'
for kind in nats postgres; do
	expect 0 '' ship L --to "$(url "$kind")" --once
	"${kind}_has" >has
	"$P" log show L --format raw | awk '{printf "%d\t%s\n", NR - 1, $0}' | tail -n 10 | cmp -s - has || fail "$kind: emptied, and it has $(wc -l <has)"
done
lines 0 19 >some
{ "$P" log init --origin example.com/small S 2>&1 && "$P" log append S <some; } >small.said || fail "a small log: $(<small.said)"
"$programs/nats_dump" "$nats" SHARED make 'a.>' b || fail 'a stream of several subjects'
expect 0 '' ship S --to "$nats/SHARED/a.x" --once
expect 0 '' ship S --to "$nats/SHARED/b" --once --batch 3
expect 0 '' ship S --to "$nats/SHARED/b" --once
expect 2 'does not take the subject c' ship S --to "$nats/SHARED/c" --once --tries 1
"$P" log show S --format raw >want
for half in 1 21; do
	"$programs/nats_dump" "$nats" SHARED | cut -f4- | sed -n "$half,$((half + 19))p" | cmp -s - want || fail 'a stream of several subjects has something else'
done
(($("$programs/nats_dump" "$nats" SHARED | wc -l) == 40)) || fail 'a stream of several subjects has more'
"$programs/nats_dump" "$nats" SHARED purge || fail 'purge'
expect 2 '--from says where to begin' ship S --to "$nats/SHARED/b" --once
# The stream takes a message for one that it had within its window of 100 ms, also after it was purged.
sleep 0.5
expect 0 '' ship S --to "$nats/SHARED/b" --once --from 15
# The server tells of what it has just taken in a moment.
for _ in {1..20}; do
	(($("$programs/nats_dump" "$nats" SHARED | wc -l) == 5)) && break
	sleep 0.2
done
(($("$programs/nats_dump" "$nats" SHARED | wc -l) == 5)) || fail '--from'

# --- several logs in one place; and records of somebody else at the end
expect 0 '' ship S --to "$(url kafka)" --once
kafka 'put 700 example.com/another'
echo '{"message":"after them"}' | "$P" log append S >/dev/null || fail 'append'
expect 0 '' ship S --to "$(url kafka)" --once
expect 0 '' ship S --to "$(url postgres)" --once
kafka "dump $work/kafka.dump"
(($(grep -c '^example.com/small/' kafka.dump) == 21)) || fail "kafka: two logs in one topic: $(grep -c '^example.com/small/' kafka.dump)"
(($(question "SELECT count(*) FROM postern_entries WHERE origin = 'example.com/small'") == 21)) || fail 'postgres: two logs in one table'

# --- another log, or one that was changed
for i in 1 2; do
	"$P" log init --origin example.com/twin "T$i" >/dev/null 2>&1 || fail 'twins'
	seq 1 3 | sed "s/.*/{\"n\":&,\"log\":$i}/" | "$P" log append "T$i" >/dev/null || fail 'twins'
done
head -n 2 some | "$P" log append T1 >/dev/null
kafka_two="kafka://$kafka_addresses/audit"
for to in "$nats/TWIN" "$kafka_two" "$(url postgres)"; do
	expect 0 '' ship T1 --to "$to" --once
	expect 2 'another log, or was cut back' ship T2 --to "$to" --once
done
head -n 2 some | "$P" log append T2 >/dev/null
echo '{"n":4,"log":1}' | "$P" log append T1 >/dev/null
echo '{"n":4,"log":2}' | "$P" log append T2 >/dev/null
for to in "$nats/TWIN" "$kafka_two" "$(url postgres)"; do
	expect 0 '' ship T1 --to "$to" --once
	expect 2 'entry 5 is another one at the service' ship T2 --to "$to" --once
done
expect 2 'has entries of another log, example.com/twin' ship S --to "$nats/TWIN" --once

# --- tables of another shape
question 'CREATE TABLE t1 (a int); CREATE TABLE t2 (LIKE postern_entries); CREATE VIEW t3 AS SELECT * FROM postern_entries;
	CREATE TABLE t4 (LIKE postern_entries INCLUDING ALL); ALTER TABLE t4 ADD COLUMN more int NOT NULL;
	CREATE TABLE t5 (LIKE postern_entries INCLUDING ALL); ALTER TABLE t5 ALTER COLUMN entry TYPE text;
	CREATE TABLE t6 (LIKE postern_entries INCLUDING ALL); ALTER TABLE t6 ADD COLUMN arrived timestamptz DEFAULT now(); CREATE SCHEMA s' >/dev/null || fail 'tables'
to=$(url postgres)
expect 2 'another shape: it lacks columns' ship S --to "$to" --once --table t1
expect 2 'another shape: (origin, index) is no key' ship S --to "$to" --once --table t2
expect 2 'another shape' ship S --to "$to" --once --table t3
expect 2 'its column more wants a value' ship S --to "$to" --once --table t4
expect 2 'its column entry is text and not jsonb' ship S --to "$to" --once --table t5
expect 0 '' ship S --to "$to" --once --table t6
expect 0 '' ship S --to "$to" --once --table s.entries
(($(question 'SELECT (SELECT count(*) FROM t6) + (SELECT count(*) FROM s.entries)') == 42)) || fail 'other tables'
expect 2 'schema "nowhere" does not exist' ship S --to "$to" --once --table nowhere.entries
expect 2 'of small letters' ship S --to "$to" --once --table 'a"b'
expect 2 'database "nowhere" does not exist' ship S --to "postgresql:///nowhere?host=$work/pg&user=tester" --once --tries 1
[[ $(question "SELECT entry->>'n' FROM postern_entries WHERE origin = 'example.com/twin' AND index = 5") == 4 ]] || fail 'jsonb'

# --- what cannot be
echo s3cret >token
expect 2 'keeps the position itself' ship S --to "$nats/X" --cursor c
for url in nats://a:b@127.0.0.1/X kafka://a:b@127.0.0.1/x postgresql://a:b@127.0.0.1/x 'postgresql://127.0.0.1/x?password=b'; do
	expect 2 'can be read by everyone' ship S --to "$url" --once
done
for url in nats://nats.example/X kafka://me@kafka.example/x 'postgresql://db.example/x?sslmode=prefer' nats://127.0.0.1.example/X 'postgresql:///x?host=127.0.0.1,db.example&sslmode=allow'; do
	expect 2 'a token goes over TLS only' ship S --to "$url" --once --token-file token
done
expect 2 'ends with /STREAM' ship S --to 'nats://127.0.0.1/a.b' --once
expect 2 'ends with /STREAM' ship S --to 'nats://127.0.0.1/a/b.*' --once
expect 2 'ends with /TOPIC' ship S --to 'kafka://127.0.0.1/a/b' --once
expect 2 'and nothing else' ship S --to 'kafka://127.0.0.1/a?acks=0' --once
expect 2 'a character that does not belong there' ship S --to 'kafka://127.0.0.1;x/a' --once
expect 2 'has no partition 7' ship S --to "kafka://$kafka_addresses/audit?partition=7" --once
expect 2 'could not be shipped: no connection' ship S --to 'nats://127.0.0.1:1/X' --once --tries 2
expect 2 'could not be shipped: no producer' ship S --to 'kafka://127.0.0.1:1/x' --once --tries 1 --timeout 1000
expect 2 'could not be shipped: no connection' ship S --to 'postgresql://127.0.0.1:1/x' --once --tries 2

# --- one that says nothing any more
kill -STOP "$nats_service" "$postgres_service"
for url in "$nats/X" "$to"; do
	expect 2 'could not be shipped' ship S --to "$url" --once --tries 1 --timeout 700
done
kill -CONT "$nats_service" "$postgres_service"

# --- a library that is not what it should be
mkdir lib
for lib in libnats.so.3.4 librdkafka.so.1 libpq.so.5; do
	gcc -shared -o "lib/$lib" "-Wl,-soname,$lib" -x c /dev/null || fail 'gcc'
done
export LD_LIBRARY_PATH=$work/lib
for url in "$nats/X" "$kafka_two" "$to"; do
	expect 2 'another version of the package' ship S --to "$url" --once
done
unset LD_LIBRARY_PATH

# --- TLS and a token
ca() { openssl "$@" >>openssl.log 2>&1 || fail "openssl: $(tail -n 3 openssl.log)"; }
ca req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=authority'
ca req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj '/CN=server'
echo 'subjectAltName = DNS:localhost' >san
ca x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile san
tls_port=$(free_port)
cat >tls.conf <<END
listen: 127.0.0.1:$tls_port
jetstream { store_dir: "$work/tls" }
tls { cert_file: "$work/server.pem", key_file: "$work/server.key" }
authorization { token: s3cret }
END
nats-server -c tls.conf >>nats.log 2>&1 &
pids+=("$!")
disown "$!"
shipped() { "$P" log ship S --to "nats+tls://localhost:$tls_port/X" --tls-ca ca.pem --token-file token --once --tries 1 2>/dev/null; }
wait_for shipped || fail 'over TLS'
expect 2 'could not be shipped: no connection' ship S --to "nats+tls://localhost:$tls_port/X" --token-file token --once --tries 1
expect 2 'could not be shipped: no connection' ship S --to "nats+tls://127.0.0.1:$tls_port/X" --tls-ca ca.pem --token-file token --once --tries 1
expect 2 'could not be shipped: no connection' ship S --to "nats+tls://localhost:$tls_port/X" --tls-ca ca.pem --once --tries 1
echo wrong >token
expect 2 'could not be shipped: no connection' ship S --to "nats+tls://localhost:$tls_port/X" --tls-ca ca.pem --token-file token --once --tries 1
echo "$said; nothing lost, nothing twice"
