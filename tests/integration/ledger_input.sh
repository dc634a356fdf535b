#!/usr/bin/env bash
# check: asan timeout=600
# What people get wrong with a ledger: each is refused or borne, and the message says the way out. Wrong folder, foreign keys, other versions,
# the clock set back, two writers, a medium that can only be read, names with odd characters.
set -u
P=$(realpath "${POSTERN:-build/postern}")
work=$(mktemp -d "${TMPDIR:-/tmp}/postern-input.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() {
	echo "ledger_input: $*"
	exit 1
}
# expect CODE PATTERN ARG...: exit code, and a pattern in what "postern log" says on either stream
expect() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$(timeout 60 "$P" log "$@" 2>&1 </dev/null)
	code=$?
	[[ $code == "$want" ]] || fail "log $*: code $code, not $want: $said"
	[[ $said == *$pattern* ]] || fail "log $*: says \"$said\", not \"$pattern\""
}
quiet() { # the writer of a folder has ended
	timeout 20 flock "$1/lock" true || fail "the writer of $1 does not end"
}
"$P" log init --origin example.com/input L >vkey 2>/dev/null || fail init
seq 1 3 | "$P" log append L >/dev/null || fail append
quiet L
"$P" log keygen --name example.org/w --type witness w.key >w.vkey
printf '%s\n' "log $(<vkey)" "witness one $(<w.vkey) http://127.0.0.1:9/" 'quorum one' >policy

# --- the wrong folder, with every command
mkdir empty
: >file
commands=('append' 'show' 'verify' 'checkpoint' 'rebuild' 'put' 'export' 'write' 'serve' 'erase' 'cosign --policy policy')
for c in "${commands[@]}"; do
	read -ra words <<<"$c"
	expect 2 'make one: "postern log init"' "${words[@]}" nowhere
	expect 2 'Not a directory; name the folder of a ledger' "${words[@]}" file
	expect 2 'is no ledger: it has no file config; "postern log init" makes one' "${words[@]}" empty
done
[[ -z $(ls -A empty) && ! -e nowhere ]] || fail 'something was made in the wrong folder'

# --- another version, a damaged config
cp -a L F
for format in 2 4294967295; do
	sed -i "s/^format .*/format $format/" F/config
	for c in "${commands[@]}"; do
		read -ra words <<<"$c"
		expect 2 "it has format $format, and this program knows 1; use the newer Postern that made it" "${words[@]}" F
	done
done
sed -i 's/^format .*/format 0/' F/config
expect 2 'use the older Postern that made it' append F
# shellcheck disable=SC2016 # that is what sed reads
for edit in 's/^format .*/format x/' 's/^format .*/format 01/' '/^vkey/d' 's/^origin .*/origin other/' 's/^key .*/key nowhere/' '$a more'; do
	cp L/config F/config && sed -i "$edit" F/config
	expect 2 'is damaged' append F
	expect 2 'put back a copy of that file' verify F
done
cp L/config F/config
expect 0 good verify F

# --- foreign keys
"$P" log init --origin example.com/input other >other.vkey 2>/dev/null
cp other/key F/key
expect 2 'the signing key is a foreign one: it does not belong to the verifier key in config; put back the right one, or name it with --key' append F
expect 0 '0 entries appended' append --key L/key F
quiet F
rm F/key
expect 2 'put it back, or name it with --key' append F
expect 1 "one of the two is another log's" verify --key other.vkey L
expect 2 'neither a verifier key nor a file of that name' verify --key nowhere L
"$P" log checkpoint other >other.checkpoint
expect 2 "one of the two is another log's" verify --checkpoint other.checkpoint L
"$P" log prove L 1 >proof
"$P" log check-proof --key other.vkey proof >said 2>&1 && fail 'a proof of another log passed'

# --- the clock set back: borne, said, and the time of checkpoints does not go back
cp -a L C && touch -d 2099-01-01 C/checkpoint
echo '{"a":1}' | "$P" log append C >said 2>&1 || fail "append with the clock behind: $(<said)"
grep -q 'the clock is [0-9]* s behind the last checkpoint.*set it right' said || fail "no note about the clock: $(<said)"
[[ $(date -r C/checkpoint +%Y) == 2099 ]] || fail "the checkpoint's time went back"
expect 0 'good: 4 entries' verify C

# --- two writers
"$P" log write L >ready &
writer=$!
for _ in {1..500}; do [[ -s ready ]] || sleep 0.02; done
expect 2 "another process writes to the ledger L (process $writer); a ledger has one writer at a time, and \"postern log append\" hands" write L
seq 4 6 | "$P" log append L >said || fail 'append beside a writer'
kill -TERM $writer
wait $writer || fail 'the writer has an error'

# --- a medium that can only be read
# shellcheck disable=SC2016 # the inner shell expands them
unshare -Urm bash -c '
	mkdir -p mnt && mount -t tmpfs none mnt && cp -a L mnt/L && mkdir mnt/empty && mount -o remount,ro mnt || exit 77
	P=$1
	bad() { echo "$*"; exit 1; }
	for c in append write "put" "erase" "rebuild"; do
		read -ra words <<<"$c"
		"$P" log "${words[@]}" mnt/L </dev/null >out 2>&1
		code=$?
		[[ $c == erase && $code == 0 ]] && continue # there was nothing to resume
		[[ $code == 2 ]] || bad "$c: code $code: $(<out)"
		grep -qE "Read-only file system|readonly" out || bad "$c: $(<out)"
		[[ $c != append && $c != write ]] || grep -q "when it is mounted for writing" out || bad "$c: $(<out)"
	done
	"$P" log init --origin example.com/x mnt/empty >out 2>&1 && bad "init: $(<out)"
	grep -q "Read-only file system" out || bad "init: $(<out)"
	for c in "verify mnt/L" "show mnt/L" "show --search 2 mnt/L" "prove mnt/L 1" "checkpoint mnt/L" "export mnt/L"; do
		read -ra words <<<"$c"
		"$P" log "${words[@]}" >out 2>err </dev/null || bad "$c: $(<err)"
		[[ -s out ]] || bad "$c: nothing"
	done
' - "$P" >said 2>&1
code=$?
((code == 0 || code == 77)) || fail "read-only: $(tail -n 1 said)"
((code == 0)) || echo 'ledger_input: no file system could be mounted, so none could only be read'

# --- names with odd characters: taken, and never sent raw to a terminal
odd=$'o \e[31m"\n\r\t\x7f\x9b\xff\xc2\x85'
n=0
# shellcheck disable=SC2016 # that is the name
for name in "$odd" $'\n' ' ' -dash --long $'-\e' 'Größe' "'" '$(x)' '..x'; do
	path=./$name
	"$P" log init --origin example.com/odd "$path" >said 2>&1 || fail "init in ${name@Q}: $(<said)"
	seq 1 3 | "$P" log append "$path" >>said 2>&1 || fail "append to ${name@Q}: $(<said)"
	for c in verify show checkpoint rebuild; do "$P" log $c "$path" >out 2>>said </dev/null || fail "$c of ${name@Q}: $(<said)"; done
	"$P" log show --search 2 "$path" >out 2>>said || fail "show in ${name@Q}"
	LC_ALL=C tr -d '\n' <said | LC_ALL=C grep -qaP '[\x00-\x1f\x7f\x9b\xff]|\xc2\x85' && fail "raw characters in what is said of ${name@Q}"
	n=$((n + 1))
done
expect 2 'too many words: "-dash"' verify L -- -dash
calls=(
	"verify|$odd" "verify|L|$odd" "verify|--checkpoint|$odd|L" "verify|--key|$odd|L" "verify|--policy|$odd|L" "verify|--format|$odd|L"
	"append|$odd" "append|L|$odd" "append|--key|$odd|L" "append|--signer|$odd|L" "append|--timeout|$odd|L" "write|--idle|1|$odd" "write|--key|$odd|L"
	"init|--origin|$odd|new" "init|--origin|a|--key|$odd|new1" "init|--origin|a|--signer|$odd|new2" "checkpoint|x$odd" "rebuild|x$odd"
	"prove|L|$odd" "prove|x$odd|1" "check-proof|--key|vkey|$odd" "check-proof|--key|$odd|proof" "check-proof|--key|vkey|--entry|$odd|proof"
	"put|L|$odd" "put|x$odd" "put|L|--media-type|$odd" "get|L|$odd" "get|x$odd|aa" "get|L|aa|--output|$odd/x" "erase|L|$odd" "erase|L|0|--reason|$odd"
	"show|--since|$odd|L" "show|--limit|$odd|L" "show|--format|$odd|L" "show|--tool|$odd|L" "show|--search|$odd|L" "show|--$odd|L" "show|-$odd|L"
	"export|--format|$odd|L" "export|--cursor|$odd/x|L" "ship|--to|$odd|--cursor|c|L" "ship|--to|http://127.0.0.1:9|--cursor|$odd/c|x$odd"
	"keygen|--name|$odd|k" "keygen|--name|a|$odd/k" "keygen|--name|a|--type|$odd|k" "cosign|--policy|$odd|L" "cosign|--policy|policy|--witness|$odd|L"
	"witness|--key|$odd|--log|vkey|S" "witness|--key|w.key|--log|$odd|S" "witness|--key|w.key|--log|vkey|--listen|$odd|S" "serve|--listen|$odd|L"
	"serve|x$odd" "$odd"
)
for call in "${calls[@]}"; do
	IFS='|' read -r -d '' -a args < <(printf '%s\0' "$call")
	args[-1]=${args[-1]%$'\n'}
	timeout 30 "$P" log "${args[@]}" >said 2>&1 </dev/null
	code=$?
	((code <= 3)) || fail "log ${args[*]@Q}: code $code"
	LC_ALL=C tr -d '\n' <said | LC_ALL=C grep -qaP '[\x00-\x1f\x7f\x9b\xff]|\xc2\x85' && fail "log ${args[*]@Q}: raw characters: $(cat -v said)"
done
echo "ledger_input: ${#commands[@]} commands in wrong folders, $n odd names, ${#calls[@]} odd words: each told"
