#!/usr/bin/env bash
# check: asan-long timeout=300
# Two witnesses and a server of tiles on this host: cosigned up to a quorum, rollback and fork refused, killed, spoken to badly.
set -u
. tests/lib/log.sh witness
declare -A pid=() url=()
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
# start NAME ARG...: a server; its address gets into url[NAME]
start() {
	local name=$1
	shift
	: >"$name.ready"
	"$P" log "$@" >"$name.ready" 2>>"$name.err" &
	pid[$name]=$!
	pids+=($!)
	for _ in {1..500}; do
		[[ -s $name.ready ]] && break
		sleep 0.02
	done
	url[$name]=$(sed -n 's/^ready //p' "$name.ready")
	[[ ${url[$name]} ]] || fail "$name does not get ready: $(<"$name.err")"
}
stop() { # SIGNAL NAME: ends with code 0 after TERM
	local code
	kill "-$1" "${pid[$2]}"
	{ wait "${pid[$2]}"; } 2>/dev/null
	code=$?
	forget "${pid[$2]}"
	unset "pid[$2]"
	[[ $1 != TERM || $code == 0 ]] || fail "$2 ends with code $code after SIGTERM: $(<"$2.err")"
}
port() { # of a server
	local p=${url[$1]##*:}
	echo "${p%/}"
}
grow() { # FOLDER FROM TO: entries, under a checkpoint
	seq "$2" "$3" | sed 's/.*/{"n":&}/' | "$P" log append "$1" >/dev/null || fail "append to $1"
	"$P" log checkpoint "$1" >/dev/null || fail "checkpoint of $1"
}
# ask WITNESS METHOD PATH [CURL OPTION...]: the status; body in out, head in head
ask() {
	local name=$1 method=$2 path=$3
	shift 3
	[[ $method == HEAD ]] && set -- -I "$@"
	curl -s -m 10 -o out -D head -w '%{http_code}' -X "$method" "$@" "${url[$name]}$path"
}
code() { # WANT WHAT WITNESS METHOD PATH...
	local want=$1 what=$2 got
	shift 2
	got=$(ask "$@")
	[[ $got == "$want" ]] || fail "$what: status $got, not $want: $(<out)"
}
size_of() { sed -n 2p "$1"; }

# --- keys
"$P" log keygen --name example.org/w1 w1.key >w1.both || fail keygen
[[ $(stat -c %a w1.key) == 600 ]] || fail 'the key is readable by others'
[[ $(cut -d+ -f1 w1.both | sort | uniq -c | xargs) == '2 example.org/w1' && $(cut -d+ -f3 w1.both | cut -c1 | xargs) == 'A B' ]] || fail "keygen says $(<w1.both)"
sed -n 2p w1.both >w1.vkey
expect 2 'cannot make the file' keygen --name example.org/w1 w1.key
expect 2 'none that a key can have' keygen --name 'a b' x.key
expect 2 '--name is missing' keygen x.key
"$P" log keygen --name example.org/w2 --type witness w2.key >w2.vkey || fail keygen
"$P" log keygen --name example.org/log --type log log.key >log.vkey || fail keygen
"$P" log init --origin example.org/log --key log.key L >vkey 2>/dev/null || fail init
cmp -s vkey log.vkey || fail 'init prints another verifier key than keygen'

# --- two witnesses
expect 2 '--key is missing' witness S
expect 2 'no log is named' witness --key w1.key S
expect 2 'is no key of a log' witness --key w1.key --log w1.vkey S
expect 2 'is no address to listen at' witness --key w1.key --log vkey --listen nowhere S
chmod 644 w1.key
expect 2 'may be read by others' witness --key w1.key --log vkey S
chmod 600 w1.key
start w1 witness --key w1.key --log vkey S1
printf 'log %s\nquorum none\n' "$(<vkey)" >w2.logs
start w2 witness --key w2.key --policy w2.logs S2
expect 2 'another witness works with the folder S1' witness --key w1.key --log vkey S1
policy() { # FILE QUORUM
	printf '%s\n' "log $(<vkey)" "witness one $(<w1.vkey) ${url[w1]}" "witness two $(<w2.vkey) ${url[w2]}" "group g $2 one two" 'quorum g' >"$1"
}
policy both.policy 2
policy any.policy 1

# --- a quorum of two, over several checkpoints
grow L 1 3
expect 1 'no checkpoint was cosigned' verify --policy both.policy L
expect 0 'that is a quorum' cosign --policy both.policy L
expect 0 '3 of 3 entries were cosigned by one, two' verify --policy both.policy L
[[ $(grep -c '^— example.org/w' L/checkpoint.cosigned) == 2 ]] || fail 'there are not two cosignatures'
grow L 4 700
expect 0 '3 of 700 entries were cosigned' verify --policy both.policy L
expect 0 'cosigned 700 entries' cosign --policy both.policy L
expect 0 '700 of 700' verify --policy both.policy L
expect 0 'that is a quorum' cosign --policy both.policy L
[[ $("$P" log cosign --format json --policy both.policy L | jq -r '[.quorum, .signed, .size, .witnesses[].answer] | join(" ")') == 'true 2 700 signed signed' ]] || fail 'cosign --format json'
cp L/checkpoint.cosigned kept.700

# One who asks without knowing what a witness has is told.
cp L/checkpoint.cosigned save && rm L/checkpoint.cosigned
expect 0 'that is a quorum' cosign --policy both.policy L
# What a witness has can be fetched by everybody.
hash=$(printf 'example.org/log' | sha256sum | cut -c1-64)
code 200 'the monitor' w1 GET "$hash/checkpoint"
[[ $(size_of out) == 700 && $(grep -c '^— ' out) == 2 ]] || fail 'the witness serves another checkpoint'
code 404 'an unknown origin' w1 GET "${hash//[0-9]/0}/checkpoint"
code 404 'another file' w1 GET "$hash"

# --- one is down
stop TERM w2
grow L 701 900
expect 3 'that is no quorum. Nothing was kept' cosign --policy both.policy L
[[ $(size_of L/checkpoint.cosigned) == 700 ]] || fail 'a checkpoint without its quorum was kept'
expect 0 'cosigned by 1; that is a quorum' cosign --policy any.policy L
expect 0 '900 of 900 entries were cosigned by one' verify --policy any.policy L
expect 1 'are no quorum: one' verify --policy both.policy L
[[ $("$P" log verify --format json --policy both.policy L | jq -r .fault) == quorum ]] || fail 'the word for a missing quorum'
start w2 witness --key w2.key --policy w2.logs S2
policy both.policy 2
policy any.policy 1
expect 0 'that is a quorum' cosign --policy both.policy L
cp L/checkpoint.cosigned kept.900

# --- a proof that carries the cosignatures
"$P" log show L --from 700 --limit 1 --format raw >entry
"$P" log prove --cosigned L 700 >proof || fail 'prove --cosigned'
expect 0 'good: the entry is number 700 of the 900 in the signed log, cosigned by one, two' check-proof --policy both.policy --entry entry proof
grep -v '^— example.org/w2 ' proof >proof1
expect 0 'cosigned by one' check-proof --policy any.policy --entry entry proof1
expect 1 'are no quorum: one' check-proof --policy both.policy --entry entry proof1
"$P" log prove L 700 >proof0 || fail prove
expect 1 'are no quorum: nobody' check-proof --policy any.policy --entry entry proof0
expect 0 'good: the entry is number 700' check-proof --key vkey --entry entry proof0
echo 'quorum none' >none.policy
expect 2 'does not name the log' check-proof --policy none.policy --entry entry proof0

# --- killed in the middle of its work, again and again: the state is what went out last, or one step further
for round in 1 2 3 4 5 6; do
	grow L $((900 + round)) $((900 + round))
	"$P" log cosign --policy any.policy L >killed.out 2>&1 &
	asking=$!
	sleep 0.0$((round % 3))
	stop KILL w1
	wait $asking
	start w1 witness --key w1.key --log vkey S1
	policy both.policy 2
	policy any.policy 1
	stored=$(size_of "S1/$hash")
	if grep -q '^signed .* one ' killed.out; then
		[[ $stored == $((900 + round)) ]] || fail "a witness has signed $((900 + round)) entries and remembers $stored"
	fi
	expect 0 'that is a quorum' cosign --policy both.policy L
	[[ $(size_of "S1/$hash") == $((900 + round)) ]] || fail 'the state is not the latest'
done
rm -f S1/*.new

# --- a log that is rolled back, and one that is forked: refused by witnesses, told apart by verify
cp -a L good
"$P" log init --origin example.org/log --key log.key R >/dev/null 2>&1
grow R 1 700
cp S1/"$hash" before
expect 1 'rollback  one' cosign --policy both.policy R
expect 1 'it has cosigned 906 entries, and the log has only 700' cosign --policy both.policy R
[[ ! -e R/checkpoint.cosigned ]] || fail 'a rolled back log was cosigned'
cp L/checkpoint.cosigned R/
expect 1 'the log was longer: 906 entries were cosigned by one, two' verify --policy both.policy R
[[ $("$P" log verify --format json --policy both.policy R | jq -r '.fault, .index' | xargs) == 'rollback 700' ]] || fail 'the word for a rollback'
expect 1 'it was rolled back' cosign --policy both.policy R
"$P" log init --origin example.org/log --key log.key F >/dev/null 2>&1
grow F 2 1200
expect 1 'fork      one' cosign --policy both.policy F
[[ ! -e F/checkpoint.cosigned ]] || fail 'a fork was cosigned'
cp L/checkpoint.cosigned F/
expect 1 'two histories were signed: at 906 entries' verify --policy both.policy F
[[ $("$P" log verify --format json --policy both.policy F | jq -r .fault) == fork ]] || fail 'the word for a fork'
expect 1 'it is a fork' cosign --policy both.policy F
cmp -s S1/"$hash" before || fail 'a refused checkpoint changed the state'
grep -q 'not shown to extend' w1.err || fail 'the witness does not tell of a fork'
expect 0 '906 of 906' verify --policy both.policy L

# --- requests by hand: what the specification says, case by case
request() { # OLD FILE [PROOF LINE...]
	local old=$1 note=$2
	shift 2
	printf 'old %s\n' "$old"
	(($# == 0)) || printf '%s\n' "$@"
	printf '\n'
	cat "$note"
}
zero=$(head -c 32 /dev/zero | base64)
post=(w1 POST add-checkpoint --data-binary @req)
request 906 L/checkpoint >req
code 200 'the same once more' "${post[@]}"
[[ $(<out) == '— example.org/w1 '* && $(wc -l <out) == 1 ]] || fail "not one line of a cosignature: $(<out)"
request 906 L/checkpoint "$zero" >req
code 422 'the same with a proof' "${post[@]}"
request 0 L/checkpoint >req
code 409 'an old size that is not the one' "${post[@]}"
[[ $(<out) == 906 ]] || fail 'a 409 without the size'
grep -qi '^content-type: text/x.tlog.size.$' head || fail 'a 409 without its type'
request 907 L/checkpoint >req
code 400 'an old size past the new one' "${post[@]}"
request 906 F/checkpoint >req
code 422 'no proof' "${post[@]}"
request 906 R/checkpoint >req
code 400 'a smaller checkpoint' "${post[@]}"
request 700 R/checkpoint >req
code 409 'a smaller checkpoint from its own size' "${post[@]}"
sed 's/^example.org\/log$/example.org\/other/' L/checkpoint >note
request 906 note >req
code 404 'an unknown log' "${post[@]}"
sed '3s/^./A/;3s/^\(.\)./\1B/' L/checkpoint >note
request 906 note >req
code 403 'a bad signature' "${post[@]}"
"$P" log keygen --name example.org/log --type log k2 >/dev/null
"$P" log init --origin example.org/log --key k2 K2 >/dev/null 2>&1
request 906 K2/checkpoint >req
code 403 'a foreign key' "${post[@]}"
for bad in 'old' 'old x' 'old 01' 'old -1' 'old 906 ' 'new 906' 'old 99999999999999999999'; do
	{
		printf '%s\n\n' "$bad"
		cat L/checkpoint
	} >req
	code 400 "\"$bad\"" "${post[@]}"
done
request 906 L/checkpoint AAAA >req
code 400 'a short hash' "${post[@]}"
mapfile -t many < <(yes "$zero" | head -64)
request 906 L/checkpoint "${many[@]}" >req
code 400 '64 lines of proof' "${post[@]}"
: >req
code 400 'no body' "${post[@]}"
head -c 70000 /dev/zero >req
code 413 'a large body' "${post[@]}"
code 413 'a large body in pieces' "${post[@]}" -H 'Transfer-Encoding: chunked'
request 906 L/checkpoint >req
code 200 'in pieces' "${post[@]}" -H 'Transfer-Encoding: chunked'
code 200 'after leave' "${post[@]}" -H 'Expect: 100-continue'
code 405 'GET of it' w1 GET add-checkpoint
grep -qi '^allow: POST' head || fail 'a 405 without Allow'
code 405 'another method' w1 DELETE "$hash/checkpoint"
code 404 'nothing' w1 GET ''
code 431 'a large head' w1 GET '' -H "X: $(head -c 20000 /dev/zero | tr '\0' x)"
raw() { # bytes to a server; what it says
	timeout 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$(port "$1") && printf '$2' >&3 && cat <&3"
}
[[ $(raw w1 'nonsense\r\n\r\n') == 'HTTP/1.1 400 '* ]] || fail 'nonsense is no 400'
[[ $(raw w1 'GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n' | grep -c '^HTTP/1.1 404 ') == 2 ]] || fail 'two requests at once'
[[ $(raw w1 'POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n') == 'HTTP/1.1 400 '* ]] || fail 'a bad chunk'
# Slow ones get their time, and hold nobody up; too many at once wait.
raw w1 'POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold' >slow &
slow=$!
code 200 'beside a slow one' "${post[@]}"
exec {held}<>/dev/tcp/127.0.0.1/"$(port w1)"
fds=()
for _ in {1..80}; do
	exec {fd}<>/dev/tcp/127.0.0.1/"$(port w1)"
	fds+=("$fd")
done
for fd in "${fds[@]}"; do exec {fd}>&-; done
exec {held}>&-
code 200 'after many' "${post[@]}" -m 15
wait $slow
[[ $(<slow) == 'HTTP/1.1 408 '* ]] || fail "a slow request ends with $(head -1 slow)"

# --- a state that cannot be stored: 500, and no signature
stop TERM w1
cp -a S1 S3
start w3 witness --key w1.key --log vkey S3
grow L 907 907
mkdir "S3/$hash.new"
printf '%s\n' "log $(<vkey)" "witness one $(<w1.vkey) ${url[w3]}" 'quorum one' >w3.policy
expect 3 'status 500' cosign --policy w3.policy L
rmdir "S3/$hash.new"
[[ $(size_of "S3/$hash") == 906 ]] || fail 'the state changed though it could not be stored'
expect 0 'cosigned 907 entries' cosign --policy w3.policy L
stop TERM w3
sed -i '2s/907/906/' "S3/$hash"
expect 2 'is damaged, or was cosigned with another key' witness --key w1.key --log vkey S3
cp -a S1 S4
expect 2 'is damaged, or was cosigned with another key' witness --key w2.key --log vkey S4

# --- a witness that lies: an answer by another key is none
printf '%s\n' "log $(<vkey)" "witness one $(<w1.vkey) ${url[w2]}" 'quorum one' >lie.policy
expect 0 'no cosignature by a key of the policy' cosign --policy lie.policy good # it has one of the same checkpoint from before
rm good/checkpoint.cosigned
expect 3 'no cosignature by a key of the policy' cosign --policy lie.policy good
"$P" log init --origin example.org/else E >/dev/null 2>&1
expect 2 'does not name the log "example.org/else"' cosign --policy lie.policy E
expect 2 'there is no witness to ask' cosign --policy w2.logs L
expect 2 'cannot read the policy' cosign --policy nowhere L
expect 2 '--policy is missing' cosign L
start w1 witness --key w1.key --log vkey S1
expect 0 'signed    one' cosign --policy any.policy --witness "${url[w1]}" L

# --- served to everybody
start tiles serve L
code 200 'the checkpoint' tiles GET checkpoint
cmp -s out L/checkpoint || fail 'another checkpoint is served'
grep -qi '^content-type: text/plain; charset=utf-8' head || fail 'the type of a checkpoint'
grep -qi '^cache-control: .*max-age=[0-5]\b' head || fail 'the cache of a checkpoint'
for t in tile/0/000 tile/0/002 tile/0/003.p/139 tile/1/000.p/3 tile/entries/001 tile/entries/003.p/139; do
	code 200 "$t" tiles GET "$t"
	cmp -s out "L/$t" || fail "$t is served as something else"
	grep -qi '^content-type: application/octet-stream' head || fail "the type of $t"
	grep -qi '^cache-control: .*immutable' head || fail "the cache of $t"
	code 200 "HEAD of $t" tiles HEAD "$t"
done
for t in key config index.sqlite journal/ checkpoint.cosigned tile tile/ tile/0/ tile/0/0 tile/0/000.p/0 tile/0/000.p/256 tile/0/x000/000 tile/00/000 \
	tile/64/000 tile/0/999 tile/0/../../key checkpoint/ checkpoint?a checkpoint%00 %2e%2e/key '' tile/entries/000/; do
	code 404 "\"$t\"" tiles GET "$t" --path-as-is
done
code 405 'POST' tiles POST checkpoint
code 413 'a body' tiles GET checkpoint -d x
ln -s ../../../key L/tile/0/900
code 500 'a link' tiles GET tile/0/900
rm L/tile/0/900
stop TERM tiles
start tiles serve --cosigned L
code 200 'the cosigned checkpoint' tiles GET checkpoint
cmp -s out L/checkpoint.cosigned || fail 'the cosigned checkpoint is not the one'
stop TERM tiles
stop TERM w1
stop TERM w2
for f in kept.*; do expect 0 good verify --key vkey --checkpoint "$f" L; done
echo 'witness: two witnesses, a server, all as the specifications say'
