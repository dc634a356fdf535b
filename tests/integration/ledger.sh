#!/usr/bin/env bash
# check: asan-long timeout=600
# A ledger as people and programs meet it: made, written to by many at once, checked, proven, tampered with, killed.
set -u
. tests/lib/log.sh ledger
# lines FROM TO: entries
lines() {
	seq "$1" "$2" | sed 's/.*/{"n":&,"text":"entry &","time":1764000000&}/'
}
fault() { # of verify, as a word
	"$P" log verify --format json "$@" | jq -r '.fault + " " + (.index // "-" | tostring)'
}
# The writer of a folder has ended (it does so a second after the last producer).
quiet() {
	local i
	for i in {1..200}; do
		[[ ! -e $1/socket ]] && flock -n "$1/lock" true && return
		sleep 0.05
	done
	fail "the writer of $1 does not end"
}

# --- made, appended, read
"$P" log init --origin example.com/test L >vkey 2>/dev/null || fail 'init'
[[ $(stat -c %a L/key) == 600 ]] || fail 'the key is readable by others'
expect 0 'good: 0 entries' verify --key vkey L
printf '{"b":1,"a":[1, 2.50e0],"c":"\\u00e9"}\n\n{"x":null}' | "$P" log append L >said || fail 'append'
[[ $(<said) == '2 entries appended: 0 to 1' ]] || fail "append says $(<said)"
[[ $(lines 1 1000 | "$P" log append --format json L) == '{"appended":1000,"first":2,"last":1001}' ]] || fail 'append --format json'
"$P" log checkpoint L >kept || fail 'checkpoint'
[[ $(sed -n 2p kept) == 1002 ]] || fail 'the checkpoint does not cover all entries'
expect 0 'good: 1002 entries' verify --key vkey --checkpoint kept L
[[ $("$P" log show L --limit 1 --from 0 --format raw) == '{"a":[1,2.5],"b":1,"c":"é"}' ]] || fail 'an entry is not canonical'
[[ $("$P" log show L --format raw | wc -l) == 1002 ]] || fail 'show does not show all'
[[ $("$P" log show L --search 'entry 777' --format json | jq -c .index) == 778 ]] || fail 'search'
[[ $("$P" log show L --search 'entry 777' --no-index --format json | jq -c .index) == 778 ]] || fail 'search without an index'
[[ $("$P" log show L --limit 2 --format json | jq -c .index | xargs) == '1000 1001' ]] || fail 'the last entries'
expect 0 'good' rebuild --check L

# --- proofs
for i in 0 1 255 256 1001; do
	"$P" log prove L $i >proof || fail "prove $i"
	"$P" log show L --from $i --limit 1 --format raw >entry
	expect 0 "good: the entry is number $i of the 1002" check-proof --key vkey --entry entry proof
	expect 3 'open' check-proof --key vkey proof
	printf x >>entry
	expect 1 'BAD: this entry is not in place' check-proof --key vkey --entry entry proof
done
sed 's/^index 1001/index 1000/' proof >proof2
"$P" log show L --from 1001 --limit 1 --format raw >entry
"$P" log check-proof --key vkey --entry entry proof2 >/dev/null 2>&1 && fail 'a proof with another index passed'
expect 2 'there is no entry 1002' prove L 1002
expect 2 'the index of an entry is missing' prove L x

# --- input that cannot be used
printf '{"a":1}\nnot json\n{"b":1}\n' | "$P" log append L >said 2>&1 && fail 'no JSON passed'
grep -q 'line 2 cannot be an entry.* the 1 entries before it' said || fail "bad line: $(<said)"
printf '{"a":1,"a":2}\n' | "$P" log append L >said 2>&1 && fail 'a duplicate member passed'
head -c 70000 /dev/zero | tr '\0' x | sed 's/.*/["&"]/' | "$P" log append L >said 2>&1 && fail 'a large entry passed'
grep -q 'line 1 cannot be an entry: it has 70004 bytes' said || fail "large line: $(<said)"
head -c 65531 /dev/zero | tr '\0' x | sed 's/.*/["&"]/' | "$P" log append L >said 2>&1 || fail 'the largest entry did not pass'
expect 2 'cannot open the folder' verify nowhere
mkdir empty
expect 2 'is no ledger' verify empty
expect 2 'is no ledger' append empty
expect 2 'is a ledger already' init --origin example.com/test L
expect 2 'is not empty' init --origin example.com/test .
expect 2 "cannot be a log's name" init --origin 'a b' new
expect 2 '--origin is missing' init new
quiet L
cp -a L F && sed -i 's/^format 1/format 2/' F/config
expect 2 'newer Postern' verify F
sed -i 's/^format 2/format 0/' F/config
expect 2 'older Postern' append F
sed -i 's/^format 0/format 1/' F/config
"$P" log init --origin example.com/test other >other.vkey 2>/dev/null
cp other/key F/key
expect 2 'foreign' append F
chmod 644 F/key
expect 2 'may be read by others' append F
expect 1 'bears no signature by the key' verify --key other.vkey L
[[ $(fault --key other.vkey L) == 'key -' ]] || fail 'wrong key'

# --- two writers
"$P" log write L >ready &
writer=$!
for _ in {1..500}; do [[ -s ready ]] || sleep 0.02; done
[[ $(<ready) == ready ]] || fail 'the writer does not get ready'
expect 2 "another process writes to the ledger L (process $writer)" write L
[[ $(lines 1 1 | "$P" log append L) == '1 entry appended:'* ]] || fail 'append to a running writer'
kill -TERM $writer
wait $writer || fail 'a writer that was ended has an error'
[[ -z $(find L/journal L/tmp -type f) ]] || fail 'something is left behind'

# --- names with odd characters, and long ones
odd=$'o dd\n"\xff'
long=$(printf 'd%.0s' {1..200})
mkdir "$long"
for name in "$odd" "$long/$long" -dash; do
	"$P" log init --origin example.com/odd -- "$name" >/dev/null 2>&1 && fail 'operands behind -- are not taken'
	[[ $name == -* ]] && name=./$name
	"$P" log init --origin example.com/odd "$name" >/dev/null 2>&1 || fail "init in $name"
	lines 1 3 | "$P" log append "$name" >/dev/null || fail "append to $name"
	expect 0 'good: 3 entries' verify "$name"
	expect 0 'entry 2' show --search 'entry 2' "$name"
done

# --- eight at once, and the writer killed in the middle, over and over
"$P" log init --origin example.com/crash K >/dev/null 2>&1
rounds=4
[[ ${POSTERN_SUITE:-} == long ]] && rounds=40
total=0
for ((round = 0; round < rounds; round++)); do
	pids=()
	for p in 1 2 3 4 5 6 7 8; do
		for i in {1..40}; do lines $((i * 10)) $((i * 10 + 9)); sleep 0.01; done | "$P" log append --format json K >"done.$p" 2>"err.$p" &
		pids+=($!)
	done
	sleep 0.$((RANDOM % 4 + 1))
	kill -KILL "$(cat K/lock 2>/dev/null)" 2>/dev/null
	wait "${pids[@]}"
	size=$("$P" log checkpoint K 2>err | sed -n 2p)
	[[ $size ]] || fail "no checkpoint after a kill: $(<err)"
	((size >= total)) || fail "the log shrank from $total to $size"
	total=$size
	[[ $(fault K) == 'good -' ]] || fail "after a kill: $("$P" log verify K)"
	"$P" log checkpoint K >"kept.$round"
done
for f in kept.*; do expect 0 good verify --checkpoint "$f" K; done

# Whatever was acknowledged is there: one producer counts, and the writer is killed under it.
"$P" log init --origin example.com/ack A >/dev/null 2>&1
for round in 1 2 3 4; do
	(for i in {1..200}; do lines "$round$i" "$round$i" | "$P" log append A >one 2>/dev/null && cat one >>acks; done) &
	loop=$!
	for _ in 1 2 3; do
		sleep 0.2
		kill -KILL "$(cat A/lock 2>/dev/null)" 2>/dev/null
	done
	kill $loop 2>/dev/null
	wait $loop 2>/dev/null
done
"$P" log checkpoint A >/dev/null || fail 'no checkpoint after kills'
last=$(tail -n 1 acks | sed 's/.*: //')
size=$(sed -n 2p A/checkpoint)
((size > last)) || fail "entry $last was acknowledged, and the log has only $size"
[[ $(fault A) == 'good -' ]] || fail 'after kills'

# --- read while it is written
(for i in {1..20}; do lines $((i * 100)) $((i * 100 + 99)) | "$P" log append A >/dev/null; done) &
loop=$!
for _ in {1..15}; do [[ $(fault A) == 'good -' ]] || fail "while it is written: $("$P" log verify A)"; done
wait $loop

# --- a full disk, and one that can only be read
if unshare -Urm true 2>/dev/null; then
	mkdir mnt
	# shellcheck disable=SC2016 # the inner shell expands them
	unshare -Urm bash -c '
		P=$1
		said() { echo "$*"; exit 1; }
		mount -t tmpfs -o size=8m none mnt || exit 77
		"$P" log init --origin example.com/full mnt/L >/dev/null 2>&1 || said "init on a small disk"
		for i in {1..400}; do
			seq $((i * 1000)) $((i * 1000 + 999)) | sed "s|.*|[&,123456789012345678901234567890123456789012345678901234567890]|"
		done >lines
		"$P" log append --format json mnt/L <lines >out 2>err && said "400,000 entries in 8 MB"
		grep -q "No space left on device.*Nothing that was acknowledged is lost" err || said "full: $(<err)"
		for _ in {1..100}; do [[ -e mnt/L/socket ]] && sleep 0.05; done
		mount -o remount,size=100m mnt || exit 77
		"$P" log checkpoint mnt/L >kept.full 2>err || said "after a full disk: $(<err)"
		[[ $(sed -n 2p kept.full) -gt 1000 ]] || said "nothing was kept: $(<kept.full)"
		"$P" log verify mnt/L >out || said "after a full disk: $(<out)"
		head -n 5 lines | "$P" log append mnt/L >out 2>&1 || said "after a full disk: $(<out)"
		for _ in {1..100}; do [[ -e mnt/L/socket ]] && sleep 0.05; done
		"$P" log show --search 1005 mnt/L >/dev/null || said "show"
		mount -o remount,ro mnt || exit 77
		"$P" log verify mnt/L >out || said "read-only: $(<out)"
		"$P" log show --search 1004 mnt/L >out 2>err || said "read-only: $(<err)"
		grep -q 1004 out || said "read-only: nothing is found"
		rm -f x && head -n 5 lines | "$P" log append mnt/L >out 2>err && said "read-only, and written to"
		grep -q "Read-only file system" err || said "read-only: $(<err)"
		"$P" log checkpoint mnt/L >out 2>err || said "read-only: $(<err)"
		cmp -s out mnt/L/checkpoint || said "read-only: another checkpoint"
	' - "$P" >said 2>&1
	code=$?
	((code == 0 || code == 77)) || fail "$(tail -n 3 said)"
	((code == 0)) || echo "ledger: no file system could be mounted, so none was filled"
fi

# --- tampering, each kind told apart
"$P" log init --origin example.com/t T >t.vkey 2>/dev/null
lines 1 700 | "$P" log append T >/dev/null
"$P" log checkpoint T >t.kept
lines 701 800 | "$P" log append T >/dev/null
"$P" log checkpoint T >t.new
quiet T
tamper() { # WANT COMMAND: what verify says after it
	local want=$1 got
	rm -rf X && cp -a T X
	(cd X && eval "$2") || fail "cannot tamper: $2"
	got=$(fault --key t.vkey --checkpoint t.kept X)
	[[ $got == "$want" ]] || fail "after \"$2\" verify says $got, not $want: $("$P" log verify --checkpoint t.kept X)"
}
tamper 'good -' true
tamper 'edited 300' "sed -i 's/entry 301\"/entry 999\"/' tile/entries/001"
tamper 'edited 790' "sed -i 's/entry 791\"/entry 999\"/' tile/entries/003.p/32"
tamper 'missing 256' 'rm tile/entries/001'
tamper 'missing 768' 'rm -r tile/entries/003.p'
tamper 'missing 511' 'truncate -s -5 tile/entries/001'
tamper 'tile -' 'rm tile/0/001'
tamper 'tile -' "printf x | dd of=tile/0/001 bs=1 seek=77 conv=notrunc status=none"
tamper 'tile -' "printf x | dd of=tile/1/000.p/3 bs=1 seek=77 conv=notrunc status=none"
tamper 'checkpoint -' "sed -i '2s/.*/799/' checkpoint"
tamper 'checkpoint -' 'rm checkpoint'
cat >move.py <<'END'
import sys
how, path = sys.argv[1:]
data = open(path, "rb").read()
e = []
while data:
    n = data[0] << 8 | data[1]
    e.append(data[:2 + n])
    data = data[2 + n:]
if how == "swap":
    e[10], e[20] = e[20], e[10]
elif how == "take":
    del e[10]
elif how == "put":
    e.insert(10, e[200])
elif how == "shift":
    del e[10]
    e.append(e[0])
open(path, "wb").write(b"".join(e))
END
tamper 'reordered 266' 'python3 ../move.py swap tile/entries/001'
tamper 'missing 266' 'python3 ../move.py take tile/entries/001'
tamper 'missing 266' 'python3 ../move.py shift tile/entries/001'
tamper 'inserted 266' 'python3 ../move.py put tile/entries/001'
# An entry and its tile together: the tile above still says which 256 it is.
tamper 'tree 256' "sed -i 's/entry 301\"/entry 999\"/' tile/entries/001 && printf x | dd of=tile/0/001 bs=1 seek=77 conv=notrunc status=none"
# Signed by somebody else, under the same name.
"$P" log init --origin example.com/t T2 >t2.vkey 2>/dev/null
lines 1 800 | "$P" log append T2 >/dev/null
"$P" log checkpoint T2 >/dev/null
[[ $(fault --key t.vkey T2) == 'key -' ]] || fail 'a foreign key was not noticed'
# Cut back to an older state, and two histories.
quiet T2
rm -rf R && cp -a T2 R
lines 1 5 | "$P" log append T2 >/dev/null
"$P" log checkpoint T2 >t2.new
[[ $(fault --key t2.vkey --checkpoint t2.new R) == 'rollback 800' ]] || fail 'a rollback was not noticed'
lines 11 15 | "$P" log append R >/dev/null
"$P" log checkpoint R >/dev/null
[[ $(fault --key t2.vkey --checkpoint t2.new R) == 'fork -' ]] || fail 'a fork was not noticed'

# Trees are made again from the entries; entries from nothing.
quiet T
rm -rf X && cp -a T X && rm -r X/tile/0 X/tile/1
expect 0 "tree's files were made anew" rebuild X
[[ $(fault --key t.vkey X) == 'good -' ]] || fail 'rebuild does not make the tree'
diff -r T/tile X/tile | grep -v '^Only in T' && fail 'rebuild makes other tiles'
rm X/tile/entries/001
expect 2 'nothing can be made' rebuild X
# A writer does not go on from what is damaged.
rm -rf X && cp -a T X && printf x | dd of=X/tile/0/003.p/32 bs=1 seek=77 conv=notrunc status=none
lines 1 1 | "$P" log append X >said 2>&1 && fail 'a damaged log was written to'
grep -q 'is damaged' said || fail "damaged: $(<said)"

# --- a damaged index is made again
"$P" log show T --search 'entry 500' >/dev/null
printf 'garbage garbage garbage' | dd of=T/index.sqlite bs=1 seek=4000 conv=notrunc status=none
[[ $("$P" log show T --search 'entry 500' --format json 2>/dev/null | jq .index) == 499 ]] || fail 'a damaged index'
echo nonsense >T/index.sqlite
rm -f T/index.sqlite-*
"$P" log show T --search 'entry 500' >said 2>err || fail 'an index that is none'
grep -q 'made anew' err || fail "an index that is none was not made again: $(<err)"
grep -q 'entry 500' said || fail 'a new index finds nothing'

# --- the key held by an agent
if command -v ssh-agent >/dev/null; then
	eval "$(ssh-agent -s -a "$work/agent")" >/dev/null
	ssh-keygen -q -t ed25519 -N '' -C example.com/agent -f agentkey
	ssh-add -q agentkey 2>/dev/null
	"$P" log init --origin example.com/agent --signer agent G >g.vkey 2>err || fail "init with an agent: $(<err)"
	[[ -e G/key ]] && fail 'the key of an agent is in the folder'
	lines 1 10 | "$P" log append G >/dev/null || fail 'append with an agent'
	expect 0 'good: 10 entries' verify --key g.vkey G
	quiet G
	kill "$SSH_AGENT_PID"
	lines 1 10 | "$P" log append G >said 2>&1 && fail 'append without the agent'
	grep -q 'cannot ask the signer' said || fail "no agent: $(<said)"
fi

# --- the clock set back
quiet T
touch -d '2099-01-01' T/checkpoint
lines 1 2 | "$P" log append T >/dev/null 2>said || fail "append with the clock behind: $(<said)"
grep -q 'the clock is' said || fail "no note about the clock: $(<said)"
[[ $(date -r T/checkpoint +%Y) == 2099 ]] || fail "the checkpoint's time went back"
"$P" log checkpoint T >/dev/null
[[ $(date -r T/checkpoint +%Y) == 2099 ]] || fail "the checkpoint's time went back"
echo 'ledger: as documented'
