#!/usr/bin/env bash
# check: asan-long
# Bodies beside a ledger, as people meet them: kept, read, erased; what is erased is gone, and every proof still holds.
set -u
. tests/lib/log.sh ledger_blob

"$P" log init --origin example.com/blob L >vkey 2>/dev/null || fail 'init'
echo 'a secret prompt of Bob' >prompt
head -c 300000 /dev/urandom >large
"$P" log put L prompt --media-type text/plain >ref1 || fail 'put'
"$P" log put L <large >ref2 || fail 'put of standard input'
[[ $(jq -c '[.media_type, .size]' ref1) == '["text/plain",23]' ]] || fail "put says $(<ref1)"
id1=$(jq -r .id ref1) id2=$(jq -r .id ref2)
jq -nc --slurpfile a ref1 --slurpfile b ref2 '{message: "two", unmapped: {blobs: ($a + $b)}}' | "$P" log append L >/dev/null || fail 'append'
jq -nc --slurpfile b ref2 '{message: "one", unmapped: {blobs: $b}}' | "$P" log append L >/dev/null || fail 'append'
echo '{"message":"none"}' | "$P" log append L >/dev/null || fail 'append'

# --- readable for who has the key, and for nobody else
[[ $("$P" log get L "$id1") == "$(<prompt)" ]] || fail 'get'
"$P" log get L "$id2" --output got || fail 'get of the large one'
cmp -s got large || fail 'the large one came back otherwise'
[[ $(stat -c %a got) == 600 && $(stat -c %a L/keys) == 700 && $(stat -c %a "L/keys/${id1:0:2}/${id1:2}") == 600 ]] || fail 'others can read'
grep -rq 'secret prompt' L && fail 'the text lies in the folder'
grep -rq "$(sha256sum <prompt | cut -c1-64)" L && fail 'the digest of the text lies in the folder'
[[ $(sha256sum <"L/blobs/${id1:0:2}/${id1:2}" | cut -c1-64) == "$id1" ]] || fail 'the id is not the digest of the file'
expect 2 'lower-case hex' get L ../../key
expect 2 'there is no body' get L "${id1//[0-9]/f}"
expect 2 'is no media type' put L prompt --media-type 'a"b/c'

# --- erased
for i in 0 1; do "$P" log prove L $i >"proof$i" && "$P" log show L --from $i --limit 1 --format raw >"entry$i"; done
"$P" log checkpoint L >kept
expect 2 'names no body' erase L 2
expect 2 'there is no entry 77' erase L 0 77
expect 2 'is no index' erase L one
expect 0 'a secret prompt' get L "$id1"
[[ $("$P" log erase L 0 1 --reason 'request 17' --format json) == '{"erased":2,"named":3,"resumed":false}' ]] || fail 'erase'
expect 2 'there is no body' get L "$id1"
expect 2 'there is no body' get L "$id2"
expect 0 'gone already' erase L 0 1
expect 0 'nothing to resume' erase L
[[ $("$P" log show L --format raw | jq -s 'length') == 5 ]] || fail 'not one entry for each body'
"$P" log show L --search "$id1" --from 3 --format raw | jq -e --arg id "$id1" --arg me "$(id -un)" '
	.class_uid == 1001 and .activity_name == "Delete" and .type_uid == 100104 and .file.uid == $id and .unmapped.erasure.reason == "request 17"
	and .unmapped.erasure.entry == 0 and (.actor.user.name | length > 0) and (.device.hostname | length > 0) and .time > 1700000000000' \
	>/dev/null || fail "the entry of an erasure: $("$P" log show L --search "$id1" --format raw)"

# --- and all holds
expect 0 'good: 5 entries' verify --key vkey --checkpoint kept L
for i in 0 1; do expect 0 'good' check-proof --key vkey --entry entry$i proof$i; done
# --- damage
"$P" log put L prompt >ref3
id3=$(jq -r .id ref3)
printf x | dd of="L/blobs/${id3:0:2}/${id3:2}" bs=1 seek=50 conv=notrunc status=none
expect 2 'damaged' get L "$id3"
# --- no ledger, no writing
expect 2 'is no ledger' put . prompt
expect 2 'is no ledger' erase . 0
echo ok
