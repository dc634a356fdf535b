#!/usr/bin/env bash
# check: asan-long
# What is exported is read by others: Python's csv, a reader of RFC 5424, jq for SARIF and OCSF. In parts it is the same as at once.
set -u
. tests/lib/log.sh ledger_export

"$P" log init --origin example.com/export L >vkey 2>/dev/null || fail 'init'
python3 - >events <<'END'
import json, random
random.seed(4)
common = {"metadata": {"product": {"name": "Postern", "version": "0"}, "version": "1.8.0"}, "device": {"hostname": "build-7", "type_id": 0},
          "actor": {"user": {"name": "ada"}}}
odd = ['=cmd|"/c calc"!A1', '+1', '-2+3', '@SUM(A1)', '\t=1', '\r=1', ' =1+1', '\uff1d1', 'two\nlines', 'a,b;=1', 'say "x"', "it's", '\\ ] " [', 'é€😀',
       '\u0000\u001b[31mred\u007f', '', '-', '  ', '\u0085', 'x' * 3000, '=' ]
n = 0
for i, text in enumerate(odd):
    print(json.dumps({**common, "class_uid": 1007, "class_name": "Process Activity", "category_uid": 1, "activity_id": 1, "activity_name": "Launch",
        "type_uid": 100701, "severity": "Low", "severity_id": 2, "time": 1764000000000 + 1001 * i, "message": text, "action_id": 2,
        "disposition_id": 2, "unmapped": {"tool": {"name": text, "version": "1.2", "sha256": "ab" * 32}, "confinement": "full"}}))
for i in range(12):
    f = {"uid": f"finding-{i}", "title": f"title {i}"}
    if i % 3: f["analytic"] = {"uid": f"rule/{i % 3}", "type_id": 1}
    if i == 7: f["types"] = ["x"]
    e = {**common, "class_uid": 2004, "class_name": "Detection Finding", "category_uid": 2, "activity_id": 1, "activity_name": "Create",
         "type_uid": 200401, "severity_id": i % 7, "time": 1765000000000 + i, "finding_info": f, "status": "New", "status_id": 1,
         "unmapped": {"tool": {"name": "acme", "version": "2"}}}
    if i % 2: e["message"] = f"a \"secret\" left \u0001 {i}"
    if i == 4: e["evidences"] = [{"file": {"path": "/home/a b/ä%.txt"}}]
    if i == 5: e["evidences"] = [{"file": {"path": "src/x.c"}}]
    print(json.dumps(e))
print('[1,"no object"]')
print('"text"')
print('{"time":-5,"severity_id":99,"class_uid":1e3,"message":7,"device":[],"unmapped":{"tool":"x"}}')
print('{"time":9007199254740991,"device":{"hostname":"h ö\\nst"},"message":"far"}')
END
"$P" log append L <events >/dev/null || fail 'append'
n=$(wc -l <events)

# --- ocsf: the entries
"$P" log export L >all.ocsf || fail 'export'
"$P" log show L --format raw >all.raw
cmp -s all.ocsf all.raw || fail 'ocsf is not the entries'
jq 'select(type == "object" and .metadata) | (.class_uid * 100 + .activity_id == .type_uid) and (.class_uid / 1000 | floor) == .category_uid
	and (.time | type == "number") and (.severity_id | type == "number") and (.metadata.product.name and .metadata.version)' all.ocsf >ok ||
	fail 'ocsf lacks what every event has'
[[ $(sort -u ok) == true ]] || fail 'ocsf lacks what every event has'

# --- csv and syslog, read by others
"$P" log export L --format csv >all.csv || fail 'csv'
"$P" log export L --format syslog >all.syslog || fail 'syslog'
"$P" log export L --format syslog --framing octets >all.octets || fail 'syslog with octets'
python3 - <<'END' || fail 'what was exported is not what was put in'
import csv, json, re, sys
entries = [json.loads(l) for l in open('all.raw', encoding='utf-8').read().split('\n') if l]
get = lambda e, *p: (get(e[p[0]], *p[1:]) if isinstance(e, dict) and p[0] in e else None) if p else e
text = lambda v: v if isinstance(v, str) else ''
data = open('all.csv', 'rb').read()
assert data.endswith(b'\r\n')
rows = list(csv.DictReader(open('all.csv', encoding='utf-8', newline=''), strict=True))
assert list(rows[0]) == 'index time class_uid class activity severity verdict host person tool version tool_sha256 policy_sha256 confinement finding message'.split()
assert len(rows) == len(entries), (len(rows), len(entries))
plain = lambda s: re.sub('[\0-\x08\x0b\x0c\x0e-\x1f\x7f]', ' ', s)
danger = '=+-@\t\r\n＝＋－＠'
guarded = 0
for i, (r, e) in enumerate(zip(rows, entries)):
    assert r['index'] == str(i)
    for name, value in r.items():
        assert not value.lstrip(' ') or value.lstrip(' ')[0] not in danger, (name, value)
    for name, path in (('message', ['message']), ('tool', ['unmapped', 'tool', 'name']), ('host', ['device', 'hostname']), ('person', ['actor', 'user', 'name']),
            ('tool_sha256', ['unmapped', 'tool', 'sha256']), ('confinement', ['unmapped', 'confinement']), ('finding', ['finding_info', 'uid'])):
        want = plain(text(get(e, *path)))
        if name == 'message' and get(e, 'message') is None: want = text(get(e, 'finding_info', 'title'))
        got = r[name]
        if want.lstrip(' ')[:1] and want.lstrip(' ')[0] in danger:
            guarded += 1
            want = "'" + want
        assert got == want, (i, name, got, want)
    t = get(e, 'time')
    assert bool(r['time']) == (t is not None and 0 < t < 253402300800000), (t, r['time'])
    assert not r['time'] or re.fullmatch(r'20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', r['time'])
assert guarded >= 18, guarded
assert rows[0]['verdict'] == 'deny' and rows[0]['class'] == 'Process Activity' and rows[1]['time'] == '2025-11-24T16:00:01.001Z'

# RFC 5424, section 6
name = r'[!#-<>-\\^-~]{1,32}'
value = r'"((?:[^"\\\]]|\\["\\\]])*)"'
line = re.compile(rf'<(\d{{1,3}})>1 (-|\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{1,6}}Z) (-|[!-~]{{1,255}}) (-|[!-~]{{1,48}}) (-|[!-~]{{1,128}}) (-|[!-~]{{1,32}}) '
    rf'\[({name})((?: {name}={value})*)\] (.*)', re.S)
def check(message, i):
    m = line.fullmatch(message)
    assert m, message[:200]
    pri = int(m[1])
    assert pri // 8 == 13 and pri % 8 == {0: 5, 1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 1}.get(get(entries[i], 'severity_id'), 5), (pri, entries[i])
    assert m[7] == 'postern@32473' and json.loads(m[10]) == entries[i]
    params = {k: re.sub(r'\\(["\\\]])', r'\1', v) for k, v in re.findall(rf' ({name})={value}', m[8])}
    assert params['index'] == str(i) and params['origin'] == 'example.com/export'
    want = text(get(entries[i], 'unmapped', 'tool', 'name'))
    assert params.get('tool', '') == re.sub('[\0-\x1f\x7f]', ' ', want), (params, want)
    assert re.fullmatch('[!-~]+', m[3]) and (m[3] == 'build-7' or i >= 33), m[3]
lines = open('all.syslog', encoding='utf-8', newline='').read().split('\n')
assert lines.pop() == '' and len(lines) == len(entries)
for i, l in enumerate(lines): check(l, i)
data, i = open('all.octets', 'rb').read(), 0
while data:
    count, _, data = data.partition(b' ')
    assert re.fullmatch(b'[1-9][0-9]*', count) and int(count) <= len(data)
    check(data[:int(count)].decode(), i)
    data, i = data[int(count):], i + 1
assert i == len(entries)
END

# --- sarif
"$P" log export L --format sarif >all.sarif || fail 'sarif'
jq -e '
	def all_in($list): . as $v | $list | index([$v]) != null;
	.version == "2.1.0" and (.["$schema"] | test("sarif-schema-2.1.0.json$")) and (.runs | length == 1) and (.runs[0] |
		(.tool.driver.name == "Postern") and (.tool.driver.version | length > 0) and (.automationDetails.id == "example.com/export") and
		(.tool.driver.rules as $r | ([$r[].id] | unique | length) == ($r | length) and
		(.results | length == 12) and all(.results[];
			(.message.text | length > 0) and (.ruleId == $r[.ruleIndex].id) and (.level | . == "none" or . == "note" or . == "warning" or . == "error")
			and (.partialFingerprints["findingUid/v1"] | startswith("finding-")) and (.properties.ledgerIndex >= 21)
			and (.locations[0].logicalLocations[0].name == "acme")
			and ((keys - ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "provenance", "properties"]) == []))))
' all.sarif >/dev/null || fail 'the shape of sarif'
[[ $(jq -c '[.runs[0].tool.driver.rules[].id]' all.sarif) == '["finding","rule/1","rule/2"]' ]] || fail 'rules of sarif'
[[ $(jq -c '[.runs[0].results[].level]' all.sarif) == '["warning","note","note","warning","error","error","error","warning","note","note","warning","error"]' ]] || fail 'levels of sarif'
[[ $(jq -c '[.runs[0].results[].locations[0].physicalLocation.artifactLocation.uri // empty]' all.sarif) == '["file:///home/a%20b/%C3%A4%25.txt","src/x.c"]' ]] || fail 'places of sarif'
[[ $(jq -r '.runs[0].results[1].message.text' all.sarif | od -An -c | tr -d ' \n') == 'a"secret"left0011\n' ]] || fail "texts of sarif"
"$P" log export L --format sarif --to 3 | jq -e '.runs[0].results == [] and .runs[0].tool.driver.rules == []' >/dev/null || fail 'sarif of nothing'

# --- in parts
for range in '--to 9' '--from 10 --to 29' '--from 30'; do
	# shellcheck disable=SC2086 # words
	"$P" log export L $range >>parts || fail "export $range"
done
cmp -s parts all.ocsf || fail 'parts are not the whole'
"$P" log export L --format csv --to 9 >parts || fail 'the first part of csv'
"$P" log export L --format csv --no-header --from 10 >>parts || fail 'the second part of csv'
cmp -s parts all.csv || fail 'parts of csv are not the whole'
: >parts
for to in 4 4 20 99999; do "$P" log export L --format syslog --cursor at --to $to >>parts || fail "cursor to $to"; done
cmp -s parts all.syslog || fail 'parts with a cursor are not the whole'
[[ $(cat at) == "$n" ]] || fail "the cursor says $(cat at)"
echo '{"message":"later"}' | "$P" log append L >/dev/null
[[ $("$P" log export L --cursor at) == '{"message":"later"}' ]] || fail 'the cursor does not go on'
[[ -z $("$P" log export L --cursor at) ]] || fail 'the cursor exports twice'
[[ $("$P" log export L --since 2025-12-01 | jq -s 'length') == 13 ]] || fail 'since'

# --- what cannot be done
echo 10000 >far
expect 2 'another log, or was cut back' export L --cursor far
echo x >bad
expect 2 'holds no index' export L --cursor bad
[[ $(<bad) == x && $(<far) == 10000 ]] || fail 'a cursor was changed by a failure'
expect 2 'exclude each other' export L --cursor at --from 1
expect 2 'is for --format csv' export L --no-header
expect 2 'is for --format syslog' export L --framing octets
expect 2 'is no ledger' export .
expect 2 'cannot write' export L --output nowhere/file
echo old >file
"$P" log export L --to 0 --output file || fail 'output'
[[ $(wc -l <file) == 1 && ! -e file.new ]] || fail 'output'
rm -f at
if [[ -w /dev/full ]]; then
	"$P" log export L --cursor at >/dev/full 2>said && fail 'a full disk passed'
	grep -q 'cannot write' said || fail "full: $(<said)"
	[[ ! -e at ]] || fail 'the cursor moved, and nothing was written'
fi
"$P" log export L --cursor at | head -c 1 >/dev/null
# A damaged log: no file, and the cursor stays.
for _ in {1..200}; do
	flock -n L/lock true && break
	sleep 0.05
done
find L/tile/entries -type f | while read -r bundle; do printf x | dd of="$bundle" bs=1 seek=300 conv=notrunc status=none; done
rm -f at
expect 2 'entry 0' export L --cursor at --output damaged
[[ ! -e at && ! -e damaged && ! -e damaged.new ]] || fail 'a damaged log was exported'

# --- sarif against OASIS's schema
if ! command -v npm >/dev/null; then
	echo 'ok, but the schema of SARIF was not tried, as there is no npm to fetch it with'
	exit 0
fi
cp -R "$here/tests/integration/ajv" ajv && rm -rf ajv/node_modules
npm --prefix ajv ci --ignore-scripts >npm.log 2>&1 || fail "ajv cannot be installed: $(tail -n 3 npm.log)"
npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 >npm.log 2>&1 || fail "the schema cannot be fetched: $(tail -n 3 npm.log)"
sha256sum --quiet -c - <<<'748e2c3d1a842e7bb258416685c7ea3a0da40005b72267b2052c2856d48ad102  microsoft-jest-sarif-1.0.0-beta.0.tgz' ||
	fail 'this is another schema'
tar -xzf microsoft-jest-sarif-1.0.0-beta.0.tgz package/lib/schemas/sarif-2.1.0-rtm.5.json || fail 'the schema cannot be unpacked'
node ajv/sarif.js package/lib/schemas/sarif-2.1.0-rtm.5.json all.sarif || fail 'sarif does not fit its schema'
echo ok
