"""Runs postern provenance over what provenance_make made: each case must give its own reason. Then every value of the good ones is changed,
one at a time, and each change must be refused. Usage: provenance_check.py POSTERN FOLDER cases, or
provenance_check.py PROVENANCE_DRIVER FOLDER changes."""
import base64
import copy
import json
import os
import re
import subprocess
import sys

ARTEFACT = b"what was built\n"
VERDICT = {0: "verified", 1: "refused", 3: "no evidence"}
# Nobody has signed these, and nothing follows from them: hints for those who look for a key.
FREE = {"hint", "keyid"}


def run(postern, folder, arguments, bundle):
    command = [postern, "provenance", "--format", "json"]
    words = arguments.split()
    if bundle:
        words += ["--bundle", bundle]
    if os.path.exists(os.path.join(folder, "root.json")) and ("att.json" in words or bundle):
        words += ["--trusted-root", "root.json"]
    done = subprocess.run(command + words + ["../artefact"], cwd=folder, capture_output=True, text=True, timeout=60)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = None
    return done.returncode, said, done.stderr


def cases(postern, top):
    bad = 0
    names = sorted(n for n in os.listdir(top) if os.path.isdir(os.path.join(top, n)))
    seen = set()
    for name in names:
        folder = os.path.join(top, name)
        with open(os.path.join(folder, "case"), encoding="utf-8") as f:
            reason, arguments = f.read().split("\n")[:2]
        bundle = "bundle.json" if os.path.exists(os.path.join(folder, "bundle.json")) else None
        code, said, error = run(postern, folder, arguments, bundle)
        if not reason:
            ok = code == 2 and said is None
        elif not said or VERDICT.get(code) != said["verdict"]:
            ok = False
        else:
            reasons = {c["reason"] for c in said["checks"]}
            if reason == "verified":
                ok = code == 0 and reasons == {"verified"}
            elif reason == "no-evidence":
                ok = code == 3 and not said["checks"]
            else:
                # Others may hold; nothing else may fail.
                ok = reasons - {"verified"} == {reason} and code in (1, 3)
            seen |= reasons
        if not ok:
            bad += 1
            print(f"{name}: {reason} expected, exit code {code}: {said and said['checks']} {error}")
    with open("src/inspect/provenance_reason_table.h", encoding="utf-8") as f:
        unseen = set(re.findall(r'^PROVENANCE_REASON\(\w+, "([a-z-]+)"', f.read(), re.M)) - seen - {"no-evidence"}
    print(f"{len(names)} cases, {bad} wrong, reasons seen: {len(seen)}, not seen: {' '.join(sorted(unseen))}")
    return bad == 0 and not unseen


def leaves(value, path=()):
    if isinstance(value, dict):
        for k, v in value.items():
            yield path + (k,), v, "member"
            yield from leaves(v, path + (k,))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield path + (i,), v, "element"
            yield from leaves(v, path + (i,))


def put(value, path, new):
    for k in path[:-1]:
        value = value[k]
    if new is None:
        del value[path[-1]]
    else:
        value[path[-1]] = new


def changed(v):
    """Other values of the same kind."""
    if isinstance(v, str) and v.isdigit():
        yield str(int(v) + 1)
        return
    if not isinstance(v, str):
        return
    try:
        raw = bytearray(base64.b64decode(v, validate=True))
    except ValueError:
        raw = None
    if raw:
        for at in sorted({len(raw) * i // 16 for i in range(16)} | {len(raw) - 1}):
            other = bytearray(raw)
            other[at] ^= 1
            yield base64.b64encode(other).decode()
        yield base64.b64encode(raw[:-1]).decode()
        yield base64.b64encode(raw + b"\0").decode()
    elif len(v) > 1:
        middle = len(v) // 2
        yield v[:middle] + ("a" if v[middle] != "a" else "b") + v[middle + 1:]


def variants(good):
    """Each value of the bundle changed or left out, with what was done."""
    for path, _value, _ in leaves(good):
        if path[-1] in FREE or path[-1] == "messageDigest":
            continue
        value = good
        for k in path:
            value = value[k]
        ways = ["SHA2_384"] if path[-1] == "algorithm" else [*changed(value), None]
        for new in ways:
            other = copy.deepcopy(good)
            put(other, path, new)
            yield ".".join(map(str, path)) + " = " + str(new)[:60], other


def changes(driver, top):
    """Of each bundle as it is made, of a bundle whose timestamp holds no certificate: that one nobody looks at, as the root has it."""
    bad = tried = 0
    for name in ("good-message", "good-stamp-without-certificate", "good-dsse", "good-dsse2", "good-intoto", "good-key"):
        folder = os.path.join(top, name)
        with open(os.path.join(folder, "bundle.json"), encoding="utf-8") as f:
            good = json.load(f)
        what = [("as it is", good), *variants(good)]
        command = [driver, os.path.join(folder, "root.json"), os.path.join(top, "artefact")]
        if name == "good-key":
            command.append(os.path.join(folder, "key.pem"))
        lines = "".join(json.dumps(b) + "\n" for _, b in what)
        said = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60).stdout.split()
        if len(said) != len(what) or said[0] != "verified":
            print(f"{name}: {len(said)} answers to {len(what)} bundles, the first is {said[:1]}")
            bad += 1
        for (change, _), reason in list(zip(what, said))[1:]:
            tried += 1
            if reason == "verified":
                bad += 1
                print(f"{name}: {change}")
    print(f"{tried} changes, {bad} not refused")
    return bad == 0 and tried > 1000


def main():
    program, top, what = sys.argv[1:4]
    with open(os.path.join(top, "artefact"), "wb") as f:
        f.write(ARTEFACT)
    sys.exit(0 if {"cases": cases, "changes": changes}[what](os.path.abspath(program), top) else 1)


main()
