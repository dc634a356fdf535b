"""Each bundle of sigstore-conformance, as its test/assets/bundle-verify/README.md says: names that end in _fail must be refused, all others
verified; with the file, and with its digest. Usage: provenance_conformance.py SUITE TRUSTED_ROOT POSTERN."""
import hashlib
import os
import subprocess
import sys

IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
    "extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"


def text(path, otherwise):
    if not os.path.exists(path):
        return otherwise
    with open(path, encoding="utf-8") as f:
        return f.read().strip()


def arguments(folder, root):
    own = os.path.join(folder, "trusted_root.json")
    key = os.path.join(folder, "key.pub")
    out = ["--bundle", os.path.join(folder, "bundle.sigstore.json"), "--trusted-root", own if os.path.exists(own) else root]
    if os.path.exists(key):
        return [*out, "--key", key]
    return [
        *out,
        "--identity",
        text(os.path.join(folder, "identity"), IDENTITY),
        "--issuer",
        text(os.path.join(folder, "issuer"), ISSUER),
    ]


def main():
    suite, root, postern = sys.argv[1:4]
    top = os.path.join(suite, "test", "assets", "bundle-verify")
    cases = wrong = refused = 0
    for name in sorted(os.listdir(top)):
        folder = os.path.join(top, name)
        if not os.path.isdir(folder):
            continue
        file = os.path.join(folder, "artifact")
        file = file if os.path.exists(file) else os.path.join(top, "a.txt")
        with open(file, "rb") as f:
            digest = "sha256:" + hashlib.sha256(f.read()).hexdigest()
        cases += 1
        refused += name.endswith("_fail")
        codes = []
        for operand in (file, digest):
            done = subprocess.run([postern, "provenance", *arguments(folder, root), operand], capture_output=True, text=True, timeout=60)
            codes.append(done.returncode)
        # 1: refused. 2: what is trusted is itself no key or root, which two cases are about. Nothing else is a refusal.
        good = codes[0] == codes[1] and (codes[0] in (1, 2) if name.endswith("_fail") else codes[0] == 0)
        if not good:
            wrong += 1
            print(f"{name}: exit codes {codes}\n{done.stdout}{done.stderr}")
    print(f"{cases - wrong} of {cases} as expected, {refused} of them to be refused")
    name = "ok" if cases >= 70 and not wrong else "not ok"
    print(f"{name} - provenance_conformance: {cases} bundles")
    sys.exit(0 if name == "ok" else 1)


main()
