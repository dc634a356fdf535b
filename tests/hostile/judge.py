"""Says what became of the cases of tests/integration/gate_hostile.sh. usage: judge.py FOLDER STUB [--table] [--some]

FOLDER: cases (client.py), ordinary (ordinary.py), watch (watch.py). STUB/seen: what arrived at the server. The bounds stand here. What is
known and not mended yet stands in `open` beside this file, a pattern of names and the reason; it is shown in every run."""
import fnmatch
import json
import os
import sys

GATE_MIB = 896        # resident, of the gate's process, whatever is done to it
SUPERVISOR_MIB = 256  # and of the supervisor
P99_S = 1.0           # of ordinary requests, in each kind of case
MAX_S = 4.0           # and the longest one
IDLE_S = 0.3          # of processor in a second in which nothing is asked of it
if os.environ.get("BUILD") == "asan":  # its runtime keeps what is freed
    GATE_MIB, SUPERVISOR_MIB = GATE_MIB * 3, SUPERVISOR_MIB * 3
FEWEST = 100          # cases; fewer than that are no suite

folder, stub = sys.argv[1], sys.argv[2]
cases = [json.loads(line) for line in open(os.path.join(folder, "cases"))]
seen = [json.loads(line) for line in open(os.path.join(stub, "seen"))]
ordinary = []
for line in open(os.path.join(folder, "ordinary")):
    part = line.split(" ", 2)
    if len(part) == 3:
        ordinary.append((float(part[0]), float(part[1]), part[2].strip()))
watch = [[float(x) for x in line.split()] for line in open(os.path.join(folder, "watch")) if len(line.split()) == 5]
by_case = {}
for s in seen:
    by_case.setdefault(s["path"].split("?")[0].split("/")[1], []).append(s)
known = [line.split(None, 1) for line in open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "open")) if line.strip() and line[0] != "#"]
wrong, still_open = 0, {}


def no(name, *what):
    global wrong
    for pattern, why in known:
        if fnmatch.fnmatch(name, pattern):
            still_open.setdefault((pattern, why.strip()), set()).add(name)
            return
    wrong += 1
    print("FAIL", name, *what)


def p99(values):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * 0.99))] if values else 0.0


kinds = {}
heavy = [c for c in cases if c["kind"] not in ("smuggling", "desync", "h2", "tls", "names", "socks", "reply", "slow", "idle")]
for c in cases:
    if c["kind"] == "idle":
        inside = [w for w in watch if c["begin"] <= w[0] <= c["end"]]
        for i, who in ((2, "the gate"), (4, "the supervisor")):
            used = inside[-1][i] - inside[0][i] if len(inside) > 1 else 9.0
            if used > IDLE_S:
                no("idle:", who, "uses %.2f s of processor in a second without work" % used)
        continue
    name = c["kind"] + "/" + c["name"]
    k = kinds.setdefault(c["kind"], {"n": 0, "times": [], "mib": 0, "super": 0, "cpu": 0.0, "seconds": 0.0})
    k["n"] += 1
    k["seconds"] += c["end"] - c["begin"]
    if not c["ok"]:
        no(name, c["why"][:500])
    came = by_case.pop(c["name"], [])
    for s in came:
        if "bad" in s:
            no(name, "arrived in no canonical form:", s["bad"])
    got = sorted([s["method"], s["path"], s["sha"]] for s in came)
    want = sorted(list(x) for x in c["sees"])
    # A request that may be repeated is, once, when a connection that was kept ends under it.
    if c["kind"] in ("reply", "websocket") and [g for i, g in enumerate(got) if i == 0 or g != got[i - 1]] == want and {g[0] for g in got} <= {"GET", "HEAD"}:
        got = want
    loose = [list(x) for x in c["loose"]]
    if not c["any"] and (any(g[:2] not in loose for g in got) if loose else got != want):
        no(name, "arrived:", [g[:2] for g in got][:5], len(got), "and should have:", [w[:2] for w in want or loose][:5], len(want or loose))
    during = [t for b, t, _ in ordinary if b + t >= c["begin"] and b <= c["end"]]
    k["times"] += during
    c["max"] = max(during, default=0.0)
    # What is large is laid at the door of the large ones.
    beside = c not in heavy and any(x["begin"] - 1 <= c["end"] and x["end"] + 1 >= c["begin"] for x in heavy)
    if not beside and c["max"] > MAX_S:
        no(name, "an ordinary request took %.2f s" % c["max"])
    inside = [w for w in watch if c["begin"] - 0.1 <= w[0] <= c["end"] + 0.2]
    c["mib"] = max((w[1] for w in inside), default=0) / 1024
    # What the next one makes it hold is the next one's.
    own = [w[1] / 1024 for w in inside if not any(c["begin"] < x["begin"] < w[0] for x in cases)]
    if c["more_mib"] and os.environ.get("BUILD") != "asan" and max(own) - own[0] > c["more_mib"]:
        no(name, "the gate grew from %.0f to %.0f MiB" % (own[0], max(own)))
    c["super"] = max((w[3] for w in inside), default=0) / 1024
    c["cpu"] = inside[-1][2] - inside[0][2] if inside else 0.0
    k["mib"], k["super"], k["cpu"] = max(k["mib"], c["mib"]), max(k["super"], c["super"]), k["cpu"] + c["cpu"]
    if not beside and (c["mib"] > GATE_MIB or c["super"] > SUPERVISOR_MIB):
        no(name, "held %.0f MiB in the gate, %.0f in the supervisor" % (c["mib"], c["super"]))
for name, came in by_case.items():
    no("nobody's", "arrived at", name, came[0])
for b, t, why in ordinary:
    if why != "-":
        at = [c["name"] for c in cases if c["begin"] <= b + t and c["end"] >= b]
        no("ordinary request", why, "during", at[:4])
if len(ordinary) < 50:
    no("ordinary requests:", len(ordinary))
for name, k in kinds.items():
    if name in {c["kind"] for c in heavy} and p99(k["times"]) > P99_S:
        no(name, "p99 of ordinary requests is %.2f s" % p99(k["times"]))
print("%-10s %5s %8s %12s %9s %9s %9s %9s" % ("kind", "cases", "seconds", "gate cpu s", "gate MiB", "super MiB", "p99 ms", "max ms"))
for name, k in kinds.items():
    print("%-10s %5d %8.1f %12.1f %9.0f %9.0f %9.0f %9.0f" % (name, k["n"], k["seconds"], k["cpu"], k["mib"], k["super"], p99(k["times"]) * 1000, max(k["times"], default=0) * 1000))
if "--table" in sys.argv:
    for c in sorted((c for c in cases if "mib" in c), key=lambda c: c["begin"] - c["end"])[:60]:
        print("%-40s %6.1f s  cpu %5.1f  gate %5.0f  super %4.0f  max %5.0f ms" % (c["kind"] + "/" + c["name"], c["end"] - c["begin"], c["cpu"], c["mib"], c["super"], c["max"] * 1000))
total = sum(k["n"] for k in kinds.values())
if total < FEWEST and "--some" not in sys.argv:
    no("only", total, "cases")
for (pattern, why), names in still_open.items():
    print("OPEN %s (%d): %s" % (pattern, len(names), why))
print("gate_hostile: %d cases, %d ordinary requests beside them, %d not as they should be" % (total, len(ordinary), wrong))
sys.exit(wrong > 0)
