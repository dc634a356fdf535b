#!/usr/bin/env bash
# check: asan-long
# Entries are shipped to services that refuse, delay, forget to answer and are killed, by a shipper that is killed too: nothing is lost; and
# what arrives twice is there once, by the name that the log gives it.
set -u
. tests/lib/log.sh ledger_ship
stub=$here/tests/integration/ship_stub.py
entries() { # FROM TO
	seq "$1" "$2" | sed 's/.*/{"class_uid":1007,"device":{"hostname":"h"},"message":"entry & \\"é\\"","severity_id":2,"time":176400000&001}/'
}
cursor_is() { # KIND AT-LEAST
	[[ -s $1.cursor ]] && (($(cat "$1.cursor") >= $2))
}
start_stub() { # KIND PORT SEED; sets port and stub_pid
	rm -f "$1.store.port"
	python3 "$stub" "$1" "$2" "$1.store" "$3" s3cret 2>>stub.err &
	stub_pid=$!
	pids+=("$stub_pid")
	wait_for test -s "$1.store.port" || fail "the stub does not start: $(cat stub.err)"
	port=$(cat "$1.store.port")
}
start_ship() { # KIND PORT; sets ship_pid
	"$P" log ship L --sink "$1" --to "http://127.0.0.1:$2/in" --token-file token --cursor "$1.cursor" --batch 40 --timeout 700 --poll 20 2>>ship.err &
	ship_pid=$!
	pids+=("$ship_pid")
}

echo s3cret >token
"$P" log init --origin example.com/ship L >vkey 2>/dev/null || fail 'init'
{ entries 1000 1298 && echo '"no object"'; } | "$P" log append L >/dev/null || fail 'append'

one() { # KIND
	local kind=$1 port stub_pid ship_pid
	start_stub "$kind" 0 1
	start_ship "$kind" "$port"
	wait_for cursor_is "$kind" 60 || fail "$kind: nothing is shipped: $(cat ship.err)"
	kill -KILL "$stub_pid"
	sleep 0.3
	start_stub "$kind" "$port" 2
	wait_for cursor_is "$kind" 140 || fail "$kind: the service came back, and nothing is shipped"
	kill -KILL "$ship_pid"
	start_ship "$kind" "$port"
	wait_for cursor_is "$kind" 300 || fail "$kind: the shipper came back, and nothing is shipped"
	wait_for test -e more.done || fail 'no more entries'
	wait_for cursor_is "$kind" 400 || fail "$kind: new entries are not shipped"
	kill -KILL "$ship_pid" "$stub_pid"
	wait "$ship_pid" "$stub_pid" 2>/dev/null
	return 0
}
for kind in elastic splunk otlp; do
	one "$kind" >"$kind.said" 2>/dev/null &
	jobs+=($!)
done
sleep 2
entries 2000 2099 | "$P" log append L >/dev/null || fail 'append'
touch more.done
i=0
for kind in elastic splunk otlp; do
	wait "${jobs[i]}" || fail "$(cat "$kind.said") $(cat stub.err)"
	i=$((i + 1))
done
"$P" log show L --format raw >entries
python3 - <<'END' || fail 'what arrived is not what the log has'
import json
want = {f'example.com/ship/{i}': json.loads(line) for i, line in enumerate(open('entries', encoding='utf-8'))}
assert len(want) == 400
for kind in 'elastic', 'splunk', 'otlp':
    got, times = {}, 0
    # A stub that was killed may have left half a line.
    for line in open(kind + '.store', encoding='utf-8'):
        e = json.loads(line)
        assert got.setdefault(e['id'], e['entry']) == e['entry']
        times += 1
    assert got == want, (kind, len(got), sorted(set(want) - set(got))[:5])
    print(kind, times, 'arrived, of', len(got))
    # _id is exact; elsewhere the name of an entry has to be used.
    assert times == 400 if kind == 'elastic' else times > 400, (kind, times)
END
grep -qE '^(Assertion|Key|json|Type|Value|Index)' stub.err && fail "a request is wrong: $(tail -n 3 stub.err)"

# --- what cannot be done
start_stub otlp 0 3
expect 2 'refuses entries from 0 on: the answer was 401' ship L --sink otlp --to "http://127.0.0.1:$port/" --cursor new.cursor --once
[[ ! -e new.cursor ]] || fail 'the cursor moved, and nothing was taken'
kill -KILL "$stub_pid"
wait "$stub_pid" 2>/dev/null
expect 2 'could not be shipped' ship L --to "http://127.0.0.1:$port/" --cursor new.cursor --once --tries 2
expect 0 '' ship L --to "http://127.0.0.1:$port/" --cursor elastic.cursor --once
expect 2 'https only' ship L --to http://es.example/ --token-file token --cursor new.cursor --once
expect 2 '--cursor is missing' ship L --to http://127.0.0.1:1/
expect 2 'is no address of a service' ship L --to file:///etc/passwd --cursor new.cursor --once --tries 1
echo 99999 >far.cursor
expect 2 'another log, or was cut back' ship L --to http://127.0.0.1:1/ --cursor far.cursor --once
flock new.cursor.lock sleep 2 &
holder=$!
sleep 0.3
expect 2 'another process ships' ship L --to http://127.0.0.1:1/ --cursor new.cursor --once
wait $holder
echo ok
