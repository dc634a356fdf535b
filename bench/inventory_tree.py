#!/usr/bin/env python3
"""A home folder of about N files in the shape of real ones: projects with node_modules and git objects, virtual environments, caches,
documents. With a few AI tools in it, as far as a place and metadata make one. Always the same for the same N.
	inventory_tree.py FOLDER [N]"""
import json
import os
import random
import sys
import zlib

root, want = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
r = random.Random(7)
WORDS = """return function const await module export import require object value length string number array index result error handle
stream buffer config option default parse write read create remove update event listener promise callback module path file node""".split()
TEXT = (' '.join(r.choice(WORDS) for _ in range(400000)) + '\n').encode()
made = 0


def put(folder, name, size):
    global made
    at = r.randrange(len(TEXT) - 200000)
    fd = os.open(f'{folder}/{name}', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    left = size
    while left > 0:
        left -= os.write(fd, TEXT[at:at + min(left, 200000)])
    os.close(fd)
    made += 1


def text(folder, name, data, mode=0o644):
    global made
    fd = os.open(f'{folder}/{name}', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    os.write(fd, data if isinstance(data, bytes) else data.encode())
    os.close(fd)
    made += 1


def size():
    """Of a source file: half are below 2 kB, one in some 250 above 200 kB."""
    return int(min(3000000, max(40, r.lognormvariate(7.5, 1.45))))


def package(folder, name):
    os.makedirs(folder, exist_ok=True)
    meta = {'name': name, 'version': f'{r.randrange(9)}.{r.randrange(30)}.{r.randrange(20)}', 'main': 'lib/index.js'}
    if r.random() < 0.12:
        meta['bin'] = {name: 'bin/cli.js'}
        os.makedirs(f'{folder}/bin', exist_ok=True)
        text(f'{folder}/bin', 'cli.js', '#!/usr/bin/env node\nrequire("../lib/index.js");\n', 0o755)
    text(folder, 'package.json', json.dumps(meta, indent=2))
    put(folder, 'README.md', size())
    put(folder, 'LICENSE', 1100)
    for part in ['lib'] + r.sample(['dist', 'esm', 'types', 'src', 'test'], r.randrange(3)):
        os.makedirs(f'{folder}/{part}', exist_ok=True)
        put(f'{folder}/{part}', 'index.js', size())
        for _ in range(int(min(120, r.paretovariate(0.85)))):
            put(f'{folder}/{part}', f'{r.choice(WORDS)}{r.randrange(10000)}{r.choice([".js", ".js", ".mjs", ".d.ts", ".js.map"])}', size())
        if r.random() < 0.25:
            os.makedirs(f'{folder}/{part}/internal', exist_ok=True)
            for _ in range(r.randrange(12)):
                put(f'{folder}/{part}/internal', f'{r.choice(WORDS)}{r.randrange(10000)}.js', size())


def project(n):
    base = f'{root}/src/project{n}'
    os.makedirs(f'{base}/src/deep/er', exist_ok=True)
    text(base, 'package.json', '{"name": "project", "version": "1.0.0"}')
    for i in range(200):
        put(f'{base}/src', f'file{i}.ts', size())
    if n % 5 == 0:
        text(base, 'AGENTS.md', '# Rules\nRun the tests.\n')
    for i in range(650):
        package(f'{base}/node_modules/{r.choice(WORDS)}-{i}', f'{r.choice(WORDS)}-{i}')
    for i in range(256):
        folder = f'{base}/.git/objects/{i:02x}'
        os.makedirs(folder, exist_ok=True)
        for _ in range(r.randrange(4, 12)):
            text(folder, f'{r.getrandbits(152):038x}', zlib.compress(TEXT[:r.randrange(100, 2500)], 1))


def environment(n):
    site = f'{root}/envs/env{n}/lib/python3.11/site-packages'
    for i in range(60):
        name = f'{r.choice(WORDS)}{i}'
        os.makedirs(f'{site}/{name}/__pycache__', exist_ok=True)
        os.makedirs(f'{site}/{name}-1.{i}.0.dist-info', exist_ok=True)
        text(f'{site}/{name}-1.{i}.0.dist-info', 'METADATA', f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.{i}.0\n')
        put(f'{site}/{name}-1.{i}.0.dist-info', 'RECORD', 3000)
        for k in range(r.randrange(5, 60)):
            put(f'{site}/{name}', f'm{k}.py', size())
            put(f'{site}/{name}/__pycache__', f'm{k}.cpython-311.pyc', size())


def documents(n):
    for i in range(20):
        folder = f'{root}/documents/{n}/{i}'
        os.makedirs(folder, exist_ok=True)
        for k in range(100):
            put(folder, f'note{k}.{r.choice(["md", "txt", "pdf", "png", "xlsx"])}', size())


def cache(n):
    for i in range(256):
        folder = f'{root}/.cache/store{n}/{i:02x}'
        os.makedirs(folder, exist_ok=True)
        for k in range(20):
            put(folder, f'{r.getrandbits(128):032x}', size())


def tools():
    for folder in ['.claude/skills/deploy', '.codex', '.local/lib/node_modules/@openai/codex', '.vscode/extensions/openai.chatgpt-1.2.3']:
        os.makedirs(f'{root}/{folder}', exist_ok=True)
    text(f'{root}/.claude', 'settings.json', '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "notify.sh"}]}]}}')
    text(f'{root}/.claude/skills/deploy', 'SKILL.md', '---\nname: deploy\ndescription: deploys\n---\n')
    text(f'{root}/.codex', 'config.toml', '[mcp_servers.files]\ncommand = "npx"\nargs = ["-y", "some-server@latest"]\n')
    text(f'{root}/.local/lib/node_modules/@openai/codex', 'package.json', '{"name": "@openai/codex", "version": "0.50.0"}')
    text(f'{root}/.vscode/extensions/openai.chatgpt-1.2.3', 'package.json',
         '{"name": "chatgpt", "publisher": "openai", "version": "1.2.3", "engines": {"vscode": "^1.90.0"}}')


os.makedirs(root, exist_ok=True)
tools()
n = 0
while made < want:
    project(n)
    if n % 3 == 0:
        environment(n)
    documents(n)
    if n % 2 == 0:
        cache(n)
    n += 1
folders = sum(len(d) for _, d, _ in os.walk(root))
print(f'{made} files in {folders} folders')
