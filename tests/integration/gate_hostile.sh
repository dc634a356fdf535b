#!/usr/bin/env bash
# check: slow alone timeout=400
# A hostile client inside of a contained run and a hostile server outside, some 540 attacks one after the other (tests/hostile/): what must be
# refused is, what passes arrives in the one canonical form, the gate's and the supervisor's memory stay below a bound, and an ordinary
# client beside them notices nothing. Words after the name choose cases by a part of their name; POSTERN_SUITE=long has larger ones.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
enter_network '' "$@"
# In memory: what is measured is the gate and not a disk.
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 2
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$work/project" "$work/stub"
trap 'kill $stub $stub2 $run 2>/dev/null; [[ ${KEEP:-} ]] && cp -r "$work" "$KEEP"; rm -rf "$work"' EXIT INT TERM
certify "$work/stub" api.example.com other.example.com
: >"$work/stub/seen"
run=
# It is another machine's: what its threads take of this one's processors is not the gate's either, so it takes what the gate leaves.
nice -n 10 python3 tests/hostile/server.py "$work/stub" 8443 >"$work/ready" 2>"$work/stub.err" &
stub=$!
# The ordinary client has a server of its own: how busy the hostile one is says nothing of the gate.
mkdir "$work/stub2" && cp "$work"/stub/*.pem "$work/stub2"
python3 tests/hostile/server.py "$work/stub2" 8453 >"$work/ready2" 2>"$work/stub2.err" &
stub2=$!
for _ in {1..100}; do
	[[ -s $work/ready && -s $work/ready2 ]] && break
	sleep 0.1
done
cp tests/hostile/{client,wire,ordinary}.py "$work/project"
options=()
[[ ${POSTERN_SUITE:-} == long ]] && options+=(--long)
(cd "$work/project" && exec "$P" run --trust "$work/ca.pem" --connect-to api.example.com:443:127.0.0.1:8443 --allow api.example.com \
	--connect-to other.example.com:443:127.0.0.1:8453 --allow other.example.com \
	-- python3 client.py "$work/project" "${options[@]}" "$@") >"$work/out" 2>"$work/err" </dev/null &
run=$!
python3 tests/hostile/watch.py $run "$work/project/watch" &
wait $run
code=$?
((code == 0)) || { echo "FAIL the run ended with $code" && tail -n 5 "$work/out" "$work/err"; }
touch "$work/project/"{cases,ordinary,watch}
python3 tests/hostile/judge.py "$work/project" "$work/stub" ${TABLE:+--table} ${1:+--some} && ((code == 0))
