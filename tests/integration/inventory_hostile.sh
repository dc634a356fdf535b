#!/usr/bin/env bash
# check: asan timeout=240
# postern inventory in a tree that was made against it: links and mounts that lead out or round, pipes, sockets and devices, 100,000 names in a
# folder, 5,000 folders deep, files of a TB, bombs in settings, names that act on terminals, folders that change under its feet. It must not
# hang, grow, leave the tree, or print what acts; and it must still find what is there.
set -u
cd "$(dirname "$0")/../.." || exit 2
P=${POSTERN:-build/postern}
[[ $P == /* ]] || P=$PWD/$P
work=$(mktemp -d)
shaker=
trap '[[ $shaker ]] && kill "$shaker" 2>/dev/null; umount "$work/tree/loop/in" 2>/dev/null; chmod -R u+rwX "$work/tree/dark" 2>/dev/null; rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
failed=0
bad() {
	failed=1
	echo "FAIL $*"
}
python3 - "$work" <<'END' || exit 1
import json, os, random, socket, sys
work = sys.argv[1]
t = f'{work}/tree'
os.makedirs(f'{t}/.claude')
r = random.Random(3)


def put(path, data, mode=0o644):
    os.makedirs(os.path.dirname(f'{t}/{path}'), exist_ok=True)
    with open(f'{t}/{path}', 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(f'{t}/{path}', mode)


# what must still be found
put('.codex/config.toml', '[mcp_servers.here]\ncommand = "npx"\nargs = ["x"]\n')
# links: out, round, to nothing, with the names of settings and folders
os.makedirs(f'{work}/outside/.gemini')
put('../outside/.gemini/settings.json', '{"mcpServers": {"outside": {"command": "OUTSIDE"}}}')
put('../outside/package.json', '{"name": "@openai/codex", "version": "6.6.6"}')
for name, to in (('out', '../outside'), ('.gemini', '../outside/.gemini'), ('etc', '/etc'), ('round', '.'), ('nothing', 'x/y'), ('package.json', '../outside/package.json'),
                 ('.claude/settings.json', '../../outside/.gemini/settings.json'), ('CLAUDE.md', '/etc/shadow'), ('GEMINI.md', 'GEMINI.md')):
    os.symlink(to, f'{t}/{name}')
# no files at all, with names that are looked for
for name in ('.mcp.json', 'AGENTS.md', '.claude.json', 'sub/.mcp.json'):
    os.makedirs(os.path.dirname(f'{t}/{name}') or t, exist_ok=True)
    os.mkfifo(f'{t}/{name}')
s = socket.socket(socket.AF_UNIX)
s.bind(f'{t}/.cursorrules')
os.makedirs(f'{t}/METADATA.dist-info/METADATA')
os.makedirs(f'{t}/x/package.json')
try:
    os.mknod(f'{t}/.windsurfrules', 0o20644, os.makedev(1, 5))  # /dev/zero
    os.mknod(f'{t}/model.gguf', 0o20644, os.makedev(1, 8))
except PermissionError:
    pass
# very many names, very deep
os.mkdir(f'{t}/many')
for i in range(100000):
    os.close(os.open(f'{t}/many/{i:06d}.mdc', os.O_CREAT | os.O_WRONLY, 0o644))
os.makedirs(f'{t}/folders')
for i in range(5000):
    os.mkdir(f'{t}/folders/.claude{i}')
fd = os.open(t, os.O_RDONLY)
for i in range(5000):
    os.mkdir('d' * 40, dir_fd=fd)
    new = os.open('d' * 40, os.O_RDONLY, dir_fd=fd)
    os.close(fd)
    fd = new
f = os.open('CLAUDE.md', os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd)
os.write(f, b'deep\n')
# sizes
for name in ('big/model.gguf', 'big/.mcp.json', 'big/claude', 'big/package.json', 'big/SKILL.md'):
    put(name, b'GGUF\x03\0\0\0' if name.endswith('gguf') else b'#!/bin/sh\n' if name.endswith('claude') else b'{"name": "@openai/codex"')
    os.truncate(f'{t}/{name}', 1 << 40)
os.chmod(f'{t}/big/claude', 0o755)
put('fifty/package.json', b'{"name": "@openai/codex", "x": "' + b'a' * 50000000 + b'"}')
# bombs
put('bomb1/.mcp.json', b'[' * 7000000)
put('bomb2/.mcp.json', b'{"mcpServers":' * 500000 + b'1' + b'}' * 500000)
put('bomb3/.mcp.json', b'{"mcpServers":{' + b','.join(b'"%d":{"command":"x"}' % i for i in range(200000)) + b'}}')
put('bomb4/.codex/config.toml', b'[a]\n' + b'x.y.z.w = 1\n' * 300000)
put('bomb5/.codex/config.toml', b'x = ' + b'[' * 3000000)
put('bomb6/.codex/config.toml', b''.join(b'k%d = 1\n' % i for i in range(300000)))
put('bomb7/.config/goose/config.yaml', b'a: &a [x,x,x,x]\n' + b''.join(b'%c: &%c [*%c,*%c,*%c]\n' % (98 + i, 98 + i, 97 + i, 97 + i, 97 + i) for i in range(20)))
put('bomb8/.config/goose/config.yaml', b'[' * 200000)
put('bomb9/.config/goose/config.yaml', b'? ' * 100000)
put('bomb10/.claude/settings.json', json.dumps({'hooks': {f'e{i}': [{'hooks': [{'command': 'x' * 10000}]}] for i in range(600)}}))
put('bomb11/.claude/settings.json', '{"permissions": {"allow": [' + ','.join(['"Bash"'] * 200000) + ']}}')
put('bomb12/.bashrc', b'alias claude --yolo ' * 300000)
for i in range(30):
    put(f'noise{i}/.mcp.json', r.randbytes(5000))
    put(f'noise{i}/.codex/config.toml', r.randbytes(5000))
    put(f'noise{i}/.config/goose/config.yaml', bytes(r.randrange(32, 127) for _ in range(5000)))
    put(f'noise{i}/package.json', b'{"name":' + r.randbytes(500))
    put(f'noise{i}/elf', b'\x7fELF' + r.randbytes(200000), 0o755)
    put(f'noise{i}/gguf', b'GGUF' + r.randbytes(200000))
# names and texts that act: on terminals, lines, JSON, and readers
evil = '\x1b]0;owned\x07\x1b[2J\r\n\u202egnp.\u200b"\\'
put(f'{evil}/CLAUDE.md', 'x')
put('text/.mcp.json', json.dumps({'mcpServers': {evil: {'command': evil, 'args': [evil, '\x9b31m'], 'url': 'http://' + evil, 'env': {evil: 'x'}}}}))
put('text/.claude/skills/s/SKILL.md', f'---\nname: {evil[:20]}\ndescription: \x1b[31mred\n---\n')
put(b'\xff\xfe\x1b[0m'.decode('utf-8', 'surrogateescape') + '/CLAUDE.md', 'x')
put('text/package.json', json.dumps({'name': '@openai/codex', 'version': evil, 'bin': 'x'}))
# what nobody may read
os.makedirs(f'{t}/dark/.claude')
put('dark/.claude/settings.json', '{}', 0)
os.chmod(f'{t}/dark', 0)
END
if ((EUID == 0)) && mkdir -p "$work/tree/loop/in" && mount --bind "$work/tree/loop" "$work/tree/loop/in" 2>/dev/null; then
	put_in=1
fi

look() { # NAME ARG...: bounded in time and memory, whatever it answers
	local name=$1 code
	shift
	tests/lib/spent.py "$work/$name.time" 100 "$P" inventory --root "$work/tree" "$@" >"$work/$name" 2>"$work/$name.err" </dev/null
	code=$?
	[[ $code == 1 ]] || bad "$name: code $code: $(head -c 300 "$work/$name.err")"
	read -r seconds _ _ memory <"$work/$name.time"
	[[ ${BUILD:-release} == asan ]] || ((memory < 150000)) || bad "$name: $memory kB of memory"
	[[ ${BUILD:-release} == asan ]] || awk "BEGIN {exit !($seconds < 60)}" || bad "$name: $seconds s"
}
look text --all
look json --format json
look again --format json
look one --format json --no-cache --jobs 1
look cyclonedx --format cyclonedx
look ocsf --format ocsf
# Nothing that acts: no control character but the newline, in any format; nothing that turns the direction or hides.
for name in text json cyclonedx ocsf; do
	! LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$work/$name" || bad "$name: a control character came through"
	[[ $name == ocsf ]] || ! grep -qaP '\xe2\x80\xae|\xe2\x80\x8b' "$work/$name" || bad "$name: a character that acts came through"
done
LC_ALL=C.UTF-8 grep -qax '.*' "$work/text" || bad 'text is no UTF-8'
python3 - "$work" "${put_in:-0}" <<'END' || failed=1
import json, sys
work = sys.argv[1]
bad = 0


def fail(text):
    global bad
    print('FAIL', text)
    bad = 1


docs = {n: json.load(open(f'{work}/{n}')) for n in ('json', 'again', 'one', 'cyclonedx')}
for line in open(f'{work}/ocsf'):
    json.loads(line)
d = docs['json']
paths = [f['path'] for f in d['findings']]
text = json.dumps(d)
if any(not p.startswith(f'{work}/tree') for p in paths):
    fail('it left the tree')
if 'OUTSIDE' in text or '6.6.6' in text:
    fail('a link was followed')
for must in ('/.codex/config.toml', '/big/model.gguf'):
    if not any(p.endswith(must) for p in paths):
        fail(f'{must} was not found')
if not any(p.endswith('/CLAUDE.md') and '/ddd' in p for p in paths):
    fail('what lies deep was not found')
if d['counts']['folders'] < 10000:
    fail(f'too few folders: {d["counts"]["folders"]}')
key = lambda x: sorted(json.dumps({k: v for k, v in f.items()}, sort_keys=True) for f in x['findings'])
if key(d) != key(docs['again']) or key(d) != key(docs['one']):
    a, b, c = key(d), key(docs['again']), key(docs['one'])
    fail(f'the runs differ: {[x for x in a if x not in b][:3]} {[x for x in b if x not in a][:3]} {[x for x in a if x not in c][:3]}')
sys.exit(bad)
END

# Without rights: what cannot be read is counted and told.
if ((EUID == 0)); then
	chmod 755 "$work"
	install -m 755 "$P" "$work/postern"
	POSTERN_SHARE=$PWD/share XDG_CACHE_HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups timeout -s KILL 100 "$work/postern" inventory --root "$work/tree" --format json >"$work/user.json" 2>"$work/err"
	if [[ -s $work/user.json ]]; then
		grep -A3 '"unread"' "$work/user.json" | grep -q '/dark' || bad 'what could not be read is not told'
		grep -q '"complete": false' "$work/user.json" || bad 'it says that it saw all'
	else
		echo "inventory_hostile: an ordinary user could not be tried: $(head -c 200 "$work/err")"
	fi
fi

# Folders that are exchanged for links and back while it walks.
mkdir -p "$work/tree/shake"/{a,b}/.claude
printf '{"mcpServers": {"x": {"command": "INSIDE"}}}' | tee "$work/tree/shake/a/.mcp.json" >"$work/tree/shake/b/.mcp.json"
python3 - "$work" <<'END' &
import os, sys, time
base, end = f'{sys.argv[1]}/tree/shake', time.time() + 12
os.chdir(base)
while time.time() < end:
    for name, to in (('a', '../../outside'), ('b', '/etc')):
        os.rename(name, name + '.real')
        os.symlink(to, name)
        os.unlink(name)
        os.rename(name + '.real', name)
    for f in ('a/.mcp.json',):
        os.rename(f, f + '.x')
        os.symlink('../../../outside/.gemini/settings.json', f)
        os.unlink(f)
        os.mkfifo(f)
        os.unlink(f)
        os.rename(f + '.x', f)
END
shaker=$!
for n in 1 2 3 4 5 6 7 8; do
	timeout -s KILL 30 "$P" inventory --root "$work/tree/shake" --no-cache --format json >"$work/shake$n" 2>/dev/null
	(($? < 2)) || bad 'it did not end while the tree changed'
	! grep -q OUTSIDE "$work/shake$n" || bad 'an exchanged link was followed'
done
kill $shaker 2>/dev/null
wait $shaker 2>/dev/null
shaker=

# Ctrl-C ends it at once.
"$P" inventory --root "$work/tree" --no-cache >"$work/out" 2>"$work/err" &
pid=$!
# Once its threads run: what comes before is not its own to catch.
for _ in {1..200}; do
	[[ $(sed -n 's/^Threads:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null || echo 9) -gt 2 ]] && break
	sleep 0.02
done
begin=$(date +%s%N)
kill -INT $pid 2>/dev/null
wait $pid
code=$?
late=$((($(date +%s%N) - begin) / 1000000))
if ((code != 3 && code != 1)) || ((late > 10000)); then
	bad "interrupted: code $code after $late ms"
fi
((failed)) || echo "inventory_hostile: as it should be"
exit $failed
