"""Every rule of postern scan has a file that it must find something in, and one that is near to that and in which it must not. The former are the
rows of expected.tsv, the latter stand here, or beside the former as NAME-good.END. Arguments: the folder of scan_files.py, what postern scan said of it, what --rules said. A line for each
rule without one, or that does not do what it must; exit 1 then."""
import json
import os
import re
import sys

# Of no content, but of files that cannot be read, of a process that ended, and of a scan that was stopped: scan.sh and scan_bounds.sh have those.
WITHOUT = {"scan.unreadable", "scan.process", "scan.stopped"}

# What is new in a change, or in a version, is no rule of one file, and rules of YARA are given: rows of the one and checks of the other name the rule.
ELSEWHERE = {"change.": ("tests/unit/scan_change.c", "tests/unit/scan_change_lock.c", "tests/integration/scan_change.sh",
                         "tests/integration/scan_tests_gone.sh"),
             "package.": ("tests/integration/scan_package.sh",),
             "yara.": ("tests/integration/scan_yara.sh",)}

# Honest, and as near as can be: the same format, the same functions, the same words in another place.
NEAR = {
    "scan.unknown": "good/plain.pkl",
    "scan.machine-code": "good/plain.pkl",
    "scan.text": "names/README.md",
    "scan.limit": "many/good.pt",
    "scan.several-formats": "zip/good.zip",
    "model.disguised": "names/README.md",
    "model.pickle.call": "good/latin1.pkl",
    "model.pickle.import": "good/ordered.pkl",
    "model.pickle.unknown-call": "good/torch.pt",
    "model.pickle.unknown-import": "good/ordered.pkl",
    "model.pickle.computed-import": "good/joblib.joblib",
    "model.pickle.computed-call": "good/torch.pt",
    "model.pickle.extension": "pickle/joblib-chance.joblib",
    "model.pickle.changes-import": "good/joblib-aligned.joblib",
    "model.pickle.loaders-differ": "good/framed.pkl",
    "model.pickle.broken": "good/two.pkl",
    "model.trailing": "tar/good.tar",
    "model.pickle.code": "good/bytes.pkl",
    "model.embedded-pickle": "pickle/joblib-chance.joblib",
    "archive.headers-differ": "zip/good-64.pt",
    "archive.checksum": "zip/good.zip",
    "archive.hidden-member": "zip/good.zip",
    "archive.path": "tar/good.tar",
    "archive.encrypted": "zip/good.zip",
    "archive.unread": "zip/good-64.pt",
    "model.tensor.layout": "safetensors/good.safetensors",
    "model.tensor.overflow": "gguf/good.gguf",
    "model.tensor.header": "numpy/good-dates.npy",
    "model.template.internals": "template/in-comment.jinja",
    "model.template.call": "template/good.jinja",
    "model.template.computed": "template/good.jinja",
    "model.template.include": "template/good.jinja",
    "model.template.broken": "template/in-comment.jinja",
    "model.remote-code": "template/local-code/config.json",
    "model.keras.lambda": "keras/relu/config.json",
    "model.keras.import": "keras/good/config.json",
    "model.keras.unknown": "keras/good/config.json",
    "model.hdf5.unread": "hdf5/good.h5",
    "model.external-data": "graph/good.onnx",
    "model.external-path": "graph/beside.onnx",
    "model.graph.operation": "graph/good/saved_model.pb",
    "model.graph.custom": "graph/good.onnx",
    "model.graph.broken": "graph/good.onnx",
    "text.encoding": "text/persian.txt",
    "text.bidi": "text/hebrew.py",
    "text.bidi-text": "text/path.txt",
    "text.invisible-name": "text/persian.py",
    "text.invisible": "text/hindi.js",
    "text.hidden-data": "text/emoji.md",
    "text.hidden-run": "text/ideograph.txt",
    "text.look-alike": "text/greek.jl",
    "text.look-alike-text": "text/russian.py",
    "text.styled-name": "text/greek.jl",
    "text.off-screen": "text/table.py",
    "agent.unread": "agents/good/.vscode/settings.json",
    "agent.download-and-run": "agents/task-later/.vscode/tasks.json",
    "agent.installer": "agents/good/CLAUDE.md",
    "agent.encoded-command": "agents/good/.mcp.json",
    "agent.reverse-shell": "agents/good/.claude/settings.json",
    "agent.sends-secrets": "agents/good/.claude/settings.json",
    "agent.disguised-program": "agents/good/.vscode/tasks.json",
    "agent.tells-download": "agents/good/CLAUDE.md",
    "agent.tells-secrets": "agents/good/CLAUDE.md",
    "agent.tells-reverse-shell": "agents/good-decoded/AGENTS.md",
    "agent.tells-encoded": "agents/good-decoded/AGENTS.md",
    "agent.comment": "agents/good/CLAUDE.md",
    "agent.code-in-data": "agents/good/CLAUDE.md",
    "agent.tunnel": "agents/good/.mcp.json",
    "agent.api-host": "agents/good/.claude/settings.json",
    "agent.api-host-plain": "agents/good/.claude/settings.json",
    "agent.preload": "agents/good/.claude/settings.json",
    "agent.auto-approval": "agents/good/.vscode/settings.json",
    "code.limit": "code/good-minified.js",
    "code.runs-decoded": "code/good.py",
    "code.runs-fetched": "code/good.py",
    "code.sends-secrets": "code/good.js",
    "code.reverse-shell": "code/good.py",
    "code.command": "code/good.sh",
    "code.command-fetches": "code/good.sh",
    "code.starts-decoded": "code/good.js",
    "code.install-script": "code/good/package.json",
    "code.plain-dependency": "code/good/package.json",
    "code.virus-test": "code/good.sh",
}

folder, said, rules = sys.argv[1:]
must = {}
for line in open(os.path.join(folder, "expected.tsv")):
    name, _, rule = line.rstrip("\n").split("\t")
    must.setdefault(rule, []).append(name)
found = {os.path.relpath(f["path"], folder): {x["rule"] for x in f["findings"]} for f in json.load(open(said))["files"]}
names = [r["rule"] for r in json.load(open(rules))]
wrong = []
tables = dict(re.findall(r'SCAN_RULE\((\w+), "([^"]+)"', open("src/inspect/scan_rule_table.h").read()))
symbol = {rule: f"SCAN_RULE_{name}" for name, rule in tables.items()}
elsewhere = {begin: "".join(open(file).read() for file in files) for begin, files in ELSEWHERE.items()}


def near_of(rule):
    """The one that is named, or the one beside a file that it must find."""
    beside = ("-good".join(os.path.splitext(name)) for name in must.get(rule, ()))
    return NEAR.get(rule) or next((name for name in beside if name in found), None)


for rule in names:
    if rule in WITHOUT:
        continue
    begin = next((begin for begin in ELSEWHERE if rule.startswith(begin)), None)
    if begin:
        if not re.search(rf"\b{symbol[rule]}\b|\b{re.escape(rule)}\b|\b{re.escape(rule[len(begin):])}\b", elsewhere[begin]):
            wrong.append(f"{rule}: not in {' nor '.join(ELSEWHERE[begin])}")
        continue
    if not any(rule in found.get(name, ()) for name in must.get(rule, ())):
        wrong.append(f"{rule}: no file in which it must find something")
    near = near_of(rule)
    if near is None or near not in found:
        wrong.append(f"{rule}: no file in which it must not")
    elif rule in found[near]:
        wrong.append(f"{rule}: finds something in {near}")
wrong += [f"{rule}: there is no such rule" for rule in sorted(set(NEAR) | WITHOUT) if rule not in names]
print("\n".join(wrong + [f"{len(names)} rules, {len(WITHOUT & set(names))} of no content, {len(wrong)} without their files"]))
sys.exit(bool(wrong))
