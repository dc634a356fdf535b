#!/usr/bin/env bash
# check: timeout=180
# postern inventory on a system with everything in it that it looks for: found, once, as it should be; again from the cache, and after changes;
# no value of a key anywhere; nothing executed; what runs; the four formats and their schemas; real packages under other names.
set -u
cd "$(dirname "$0")/../.." || exit 2
P=${POSTERN:-build/postern}
[[ $P == /* ]] || P=$PWD/$P
((EUID == 0)) || { echo 'inventory: the test needs root, for files of several accounts'; exit 77; }
work=$(mktemp -d)
pids=()
trap '((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_DATA_HOME=$work/data
failed=0
bad() {
	failed=1
	echo "FAIL $*"
}
take() { # FILE CODE ARG...
	local file=$1 want=$2 code
	shift 2
	"$P" inventory "$@" >"$file" 2>"$work/err" </dev/null
	code=$?
	[[ $code == "$want" ]] || bad "inventory $*: code $code, not $want: $(head -c 500 "$work/err")"
}
right() {
	python3 tests/integration/inventory_check.py "$work/system.expect.json" "$1" "${@:2}" >"$work/said" || bad "$1: $(cat "$work/said")"
}

python3 tests/integration/inventory_tree.py "$work/system" || exit 1
# What is found must not be run: each of these would leave a mark.
for program in home/anna/.local/bin/goose home/anna/.local/bin/claude usr/local/bin/codex opt/z; do
	mkdir -p "$(dirname "$work/system/$program")"
	{ printf '#!/bin/sh\n: >%s\n' "$work/executed"; head -c 30000 /dev/zero | tr '\0' '#'; } >"$work/system/$program"
	chmod 755 "$work/system/$program"
done
python3 - "$work/system.expect.json" "$work/system" <<'END'
import json, sys
want = json.load(open(sys.argv[1]))
for tool, path in (('claude-code', 'home/anna/.local/bin/claude'), ('codex', 'usr/local/bin/codex')):
    want.append({'kind': 'program', 'tool': tool, 'path': f'{sys.argv[2]}/{path}', 'risks': [], 'members': {'by': 'place', 'confidence': 'weak'}})
json.dump(want, open(sys.argv[1], 'w'))
END

# Afresh, from the cache, without one: the same. What changed just now is not trusted, so that folders must be a little older.
sleep 2.2
take "$work/1.json" 1 --root "$work/system" --format json
right "$work/1.json"
take "$work/2.json" 1 --root "$work/system" --format json
right "$work/2.json"
grep -q '"incremental": true' "$work/2.json" || bad 'the second run used no cache'
python3 - "$work/2.json" <<'END' || bad 'the second run read folders again'
import json, sys
c = json.load(open(sys.argv[1]))['counts']
sys.exit(c['folders'] != c['unchanged_folders'])
END
take "$work/3.json" 1 --root "$work/system" --format json --no-cache --jobs 1
right "$work/3.json"

# Changes: a file's content without its folder, a new file, a file that is gone, a folder that is gone.
sed -i 's/"never"/"on-request"/' "$work/system/srv/people/bruno/.codex/config.toml" # a new file in its place
python3 - "$work/system/home/anna/.config/Code/User/settings.json" <<'END'
import sys
open(sys.argv[1], 'r+').write('{"chat.tools.autoApprove": 0000}'.replace('0000', 'null')) # in place
open(sys.argv[1], 'r+').truncate(32)
END
echo new >"$work/system/home/anna/code/GEMINI.md"
rm "$work/system/home/anna/code/site/CLAUDE.md"
rm -r "$work/system/home/anna/.nvm"
take "$work/4.json" 1 --root "$work/system" --format json
take "$work/5.json" 1 --root "$work/system" --format json --fresh
for n in 4 5; do
	python3 -c 'import json, sys
print(json.dumps(json.load(open(sys.argv[1]))["findings"], indent=1))' "$work/$n.json" >"$work/$n.findings"
done
diff "$work/4.findings" "$work/5.findings" >"$work/said" || bad "after changes the cache leads to something else: $(head -n 20 "$work/said")"
grep -q 'code/GEMINI.md' "$work/4.json" || bad 'a new file was not seen'
! grep -q -e site/CLAUDE.md -e .nvm "$work/4.json" || bad 'what is gone is still told'
[[ $(grep -c '"kind": "settings", "tool": "codex".*.codex/config.toml.*auto-approve' "$work/4.json") == 0 ]] || bad 'a change of settings was not seen'
[[ $(grep -c 'vscode.*auto-approve' "$work/4.json") == 0 ]] || bad 'a change in place was not seen'

# A cache that is damaged, or that others can write to, is not believed.
cache=$(echo "$work"/cache/postern/inventory-*.cache)
printf X | dd of="$cache" bs=1 seek=300 conv=notrunc 2>/dev/null
take "$work/6.json" 1 --root "$work/system" --format json
grep -q '"incremental": false' "$work/6.json" || bad 'a damaged cache was used'
chmod 666 "$cache"
take "$work/6.json" 1 --root "$work/system" --format json
grep -q '"incremental": false' "$work/6.json" || bad "another's cache was used"

# All formats; no value of a key in any of them, in the cache, or in a ledger.
for format in text json cyclonedx ocsf; do
	take "$work/out.$format" 1 --root "$work/system" --format $format --all
done
take "$work/ledger.txt" 1 --root "$work/system" --ledger "$work/ledger"
! grep -rlaE 'CANARY' "$work"/out.* "$work"/*.json "$work/cache" "$work/ledger" "$work/err" --exclude='*.expect.json' | grep . || bad 'the value of a key is shown'
"$P" log verify "$work/ledger" >"$work/said" 2>&1 || bad "the ledger: $(cat "$work/said")"
python3 - "$work/out.ocsf" "$work/out.json" <<'END' || bad 'the events do not fit the findings'
import json, sys
events = [json.loads(l) for l in open(sys.argv[1])]
found = json.load(open(sys.argv[2]))['findings']
good = len(events) == len(found) and {e['class_uid'] for e in events} == {5020, 2004}
good = good and all(e['type_uid'] // 100 == e['class_uid'] and e['unmapped']['postern']['inventory']['kind'] for e in events)
sys.exit(not good)
END
grep -q 'What to look at first' "$work/out.text" || bad 'text: no risks'

# Nothing is executed, no other process is touched, nothing is sent: by what was left behind, and by the system calls.
[[ ! -e $work/executed ]] || bad 'something that was found was executed'
if command -v strace >/dev/null && strace -f -o "$work/trace" -e trace=execve,execveat,fork,vfork,clone,clone3,socket,connect,ptrace,kill "$P" inventory --root "$work/system" --no-cache >/dev/null 2>&1 || [[ -s $work/trace ]]; then
	[[ $(grep -cE 'execve(at)?\(' "$work/trace") == 1 ]] || bad "it executes: $(grep -E 'execve' "$work/trace")"
	! grep -E '(fork|socket|connect|ptrace|kill)\(' "$work/trace" || bad 'it does more than look'
	! grep -E 'clone3?\(' "$work/trace" | grep -v CLONE_THREAD || bad 'it starts processes'
else
	echo 'inventory: there is no strace here, so what it executes was told by marks alone'
fi

# What runs, in a network of its own: a server by its name, what it listens on, and nothing of its key.
cp "$(python3 -c 'import sys; print(sys._base_executable if hasattr(sys, "_base_executable") else sys.executable)')" "$work/ollama"
if unshare -n true 2>/dev/null; then
	home=$(python3 -c 'import sys; print(sys.base_prefix)')
	# shellcheck disable=SC2016 # the inner shell expands them
	unshare -n bash -c 'cd "$1"; PYTHONHOME=$3 OLLAMA_API_KEY=CANARYCANARYCANARY "$1/ollama" -c "
import socket, time
a = socket.create_server((\"0.0.0.0\", 11434)); open(\"$1/ready\", \"w\").close(); time.sleep(60)" --api-key CANARYCANARYCANARY & echo $! >"$1/pid"
		for i in {1..100}; do [[ -e $1/ready ]] && break; sleep 0.1; done
		# A pipe, and a link to one, among the arguments of an interpreter: whoever opens it lets its writer go on.
		mkfifo "$1/pipe" "$1/idle"; ln -s "$1/pipe" "$1/link"
		(exec 3>"$1/pipe"; : >"$1/opened") & writer=$!
		bash -c "read -rt 60 <>\"\$2\"" "$1/pipe" "$1/link" "$1/idle" & reader=$!
		"$2" inventory --format json --only-processes >"$1/run.json" 2>"$1/run.err"; kill "$(cat "$1/pid")" $writer $reader' - "$work" "$P" "$home"
	grep -q '"kind": "process", "tool": "ollama"' "$work/run.json" || bad "a process was not found: $(head -c 300 "$work/run.err")"
	grep -q '"kind": "model-server", "tool": "ollama"' "$work/run.json" || bad 'a model server was not found'
	grep -q '"risk": "open-port"' "$work/run.json" || bad 'an open port is no risk'
	grep -q 'OLLAMA_API_KEY' "$work/run.json" || bad 'a key in the environment was not seen'
	! grep -q CANARY "$work/run.json" || bad 'the value of a key of a process is shown'
	[[ ! -e $work/opened ]] || bad 'a pipe that a process names was opened'
else
	echo 'inventory: there are no network namespaces here, so what runs was not tried'
fi

# Codes.
mkdir "$work/empty"
take "$work/out" 0 --root "$work/empty"
grep -q 'No AI tools were found' "$work/out" || bad 'an empty folder'
take "$work/out" 2 --root "$work/nothing"
take "$work/out" 2 operand
take "$work/out" 1 --root "$work/system" --output "$work/file" --format json
[[ ! -s $work/out && $(stat -c %a "$work/file") == 600 ]] || bad '--output'

# Schemas, and real packages under other names.
if ! command -v npm >/dev/null; then
	echo 'inventory: the schemas and real packages were not tried, as there is no npm'
	exit $failed
fi
cp -R tests/integration/ajv "$work/ajv"
rm -rf "$work/ajv/node_modules"
npm --prefix "$work/ajv" ci --ignore-scripts >"$work/npm" 2>&1 || bad "ajv cannot be installed: $(tail -n 3 "$work/npm")"
node "$work/ajv/validate.js" share/schema/inventory.schema.json "$work"/[1-6].json "$work/out.json" >"$work/said" 2>&1 || bad "json does not fit its schema: $(head -n 20 "$work/said")"
mkdir "$work/real" "$work/cdx"
cd "$work/real" || exit 1
npm pack --silent --ignore-scripts @cyclonedx/cyclonedx-library@10.3.0 @google/gemini-cli@0.10.0 >"$work/npm" 2>&1 || bad "packages cannot be fetched: $(tail -n 3 "$work/npm")"
tar -xzf cyclonedx-cyclonedx-library-10.3.0.tgz -C "$work/cdx"
node "$work/ajv/cyclonedx.js" "$work/cdx/package/res/schema" "$work/out.cyclonedx" >"$work/said" 2>&1 || bad "CycloneDX does not fit its schema: $(head -n 20 "$work/said")"
cd - >/dev/null || exit 1
mkdir -p "$work/home/lib/node_modules/left-pad" "$work/home/tools"
tar -xzf "$work/real/google-gemini-cli-0.10.0.tgz" -C "$work/home/lib/node_modules/left-pad" --strip-components=1
cp -R "$work/home/lib/node_modules/left-pad" "$work/home/lib/node_modules/plain"
find "$work/home/lib/node_modules/left-pad" -name package.json -exec sed -i 's|"@google/gemini-cli"|"left-pad"|' {} +
# The same in images of containers: as "docker save" writes them, and in a folder by OCI.
mkdir -p "$work/layer/usr/lib/node_modules/x" "$work/home/oci/blobs/sha256"
tar -xzf "$work/real/google-gemini-cli-0.10.0.tgz" -C "$work/layer/usr/lib/node_modules/x" --strip-components=1
tar -cf "$work/layer.tar" -C "$work/layer" .
python3 - "$work/layer.tar" "$work/home" <<'END'
import gzip, hashlib, io, json, sys, tarfile
layer = open(sys.argv[1], 'rb').read()
name = f'blobs/sha256/{hashlib.sha256(layer).hexdigest()}'
with tarfile.open(f'{sys.argv[2]}/saved.tar', 'w') as t:
    for path, data in ((name, layer), ('manifest.json', json.dumps([{'Layers': [name]}]).encode())):
        info = tarfile.TarInfo(path)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
packed = gzip.compress(layer)
open(f'{sys.argv[2]}/oci/blobs/sha256/{hashlib.sha256(packed).hexdigest()}', 'wb').write(packed)
END
take "$work/real.json" 1 --root "$work/home" --format json
python3 - "$work/real.json" "$work/home" <<'END' || bad 'a real package, or one under another name'
import json, sys
got = {f['path'][len(sys.argv[2]):]: f for f in json.load(open(sys.argv[1]))['findings'] if f['kind'] == 'program'}
a, b = got.get('/lib/node_modules/plain'), got.get('/lib/node_modules/left-pad')
images = [f for p, f in got.items() if p == '/saved.tar' or p.startswith('/oci/')]
sys.exit(not (a and b and len(images) == 2 and all((f['tool'], f['by']) == ('gemini-cli', 'content') for f in images) and (a['tool'], a['version'], a['by'], a['risks']) == ('gemini-cli', '0.10.0', 'content', []) and
              (b['tool'], b['by'], [r['risk'] for r in b['risks']]) == ('gemini-cli', 'content', ['disguised'])))
END
((failed)) || echo "inventory: everything is found, and nothing else"
exit $failed
