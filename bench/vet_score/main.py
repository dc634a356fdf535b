"""bench/vet-score: how many planted dependences `postern vet` finds, and whether it finds any where there is none."""
import argparse
import hashlib
import json
import os
import queue
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import design
import plot
import specimens
import traces

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def arguments():
    p = argparse.ArgumentParser(prog="vet-score", description="Vets planted and clean specimens and counts what is found. Seed 1 is the set of docs/vet-score.md.")
    p.add_argument("--seed", type=int, default=1, help="which specimens: other carriers, triggers, names, values, encodings, runtimes (1)")
    p.add_argument("--sample", type=int, help="only so many: planted ones of all triggers and a third clean ones")
    p.add_argument("--only", action="append", default=[], help="only specimens whose name has this in it; may be repeated")
    p.add_argument("--effort", choices=("quick", "normal", "thorough"), default="normal")
    p.add_argument("--vet", default="", help="further options for postern vet, as one word")
    p.add_argument("--at-once", type=int, default=2, help="specimens at once, each with one trial at a time (2)")
    p.add_argument("--minutes", type=float, default=40, help="start none after so many minutes; the rest is counted as not run (40)")
    p.add_argument("--out", help="folder of the results (build/bench/vet-score-SEED); what is there of the same postern and options is not run again")
    p.add_argument("--postern", default=os.path.join(ROOT, "build/release/postern"))
    p.add_argument("--keep", action="store_true", help="keep the traces and the specimens")
    p.add_argument("--list", action="store_true", help="say what the specimens are, and run none")
    p.add_argument("--source", metavar="NAME", help="print the source of one and end")
    p.add_argument("--check", action="store_true", help="try the specimens themselves, not postern: does each run, is each trigger off and on as it should, does each carrier show")
    p.add_argument("--why", action="store_true", help="run what was missed once more, with a twin whose exit code says whether its trigger was on: in how many trials was there anything to see")
    return p.parse_args()


def chosen(a):
    all_ = specimens.the_set(a.seed)
    if a.only:
        all_ = [s for s in all_ if any(o in s.name for o in a.only)]
    if a.sample:
        planted = [s for s in all_ if s.kind == "planted"]
        clean = [s for s in all_ if s.kind == "clean"]
        n = max(1, a.sample * 2 // 3)
        # With a step that is no multiple of the number of triggers, so that all occur.
        step = max(1, len(planted) // n) | 1
        picked = [planted[i * step % len(planted)] for i in range(n)]
        all_ = [s for s in planted if s in picked] + clean[:a.sample - n]
    return all_


def vet(a, s, command, folder, more=(), traces_too=True):
    """The report as a dictionary, or one with "error"."""
    effort = [] if a.effort == "normal" else ["--" + a.effort]
    words = [a.postern, "vet", "--profile", folder + "/profile.yaml", *effort, "--jobs", "1", "--seed", str(a.seed), "--format", "json", "--ledger", "none",
             *(["--keep-traces", "--out", folder + "/out"] if traces_too else []), *shlex.split(a.vet), *more, "--", *command]
    started = time.monotonic()
    p = subprocess.run(words, capture_output=True, text=True, timeout=900)
    try:
        r = json.loads(p.stdout)
    except ValueError:
        return {"error": f"no report (code {p.returncode}): {p.stderr.strip()[-300:]}"}
    r["wall"] = time.monotonic() - started
    return r


def right(s, f):
    """Whether a finding speaks of what decides."""
    text = " ".join([f["factor"], *f.get("factors", []), *map(str, f.get("levels", [])), json.dumps(f.get("conditions", ""))])
    return f["factor"] in s.factors or any(x in s.factors for x in f.get("factors", [])) or any(v in text for v in s.values)


def score(a, s):
    """Vets one; everything that the tables need of it."""
    folder = tempfile.mkdtemp(prefix="vet-score-")
    try:
        command = specimens.build(s, folder + "/tool")
        shutil.move(folder + "/tool/profile.yaml", folder + "/profile.yaml")
        r = vet(a, s, command, folder)
        out = {"name": s.name, "kind": s.kind, "carrier": s.carrier, "trigger": s.trigger, "runtime": s.runtime, "does": s.words, "factors": list(s.factors)}
        if "error" in r:
            return out | {"error": r["error"]}
        found = [f for f in r["findings"] if f["class"] == "covert"]
        good = [f for f in found if right(s, f)]
        other = [f for f in r["findings"] if f["class"] in ("undeclared", "hashed")]
        differs = traces.naive(folder + "/out/traces")
        levels = traces.tried(folder + "/out/traces")
        varied = [tuple(sorted(len(n) for n in v.values())) for v in levels.values()]
        # What could have been varied: all of the table, and of what was mined what was varied.
        table = design.table(os.path.join(ROOT, "src/vet/factor_table.c"))
        possible = [tuple(sorted(n + len([x for x in v.get(f, ()) if x >= n]) for f, (n, only) in table.items() if b == "1" or not only)) for b, v in levels.items()]
        return out | {
            "verdict": r["verdict"], "reason": r["reason"], "trials": r["trials"], "trials_failed": r["trials_failed"], "seconds": round(r["wall"], 2),
            "covert": [{"factor": f["factor"], "levels": f["levels"], "endpoint": f["endpoint"], "address": f["address"], "before": f["before"], "after": f["after"],
                        "p": f.get("p_value"), "right": f in good} for f in found],
            "other": sorted({f"{f['class']} {f['factor']}" for f in other}),
            "seen_otherwise": any(right(s, f) for f in other),
            "found": bool(good) and s.kind == "planted", "all_factors": s.kind == "planted" and set(s.factors) <= {x for f in good for x in (f["factor"], *f.get("factors", []))},
            "wrong": len(found) - len(good),
            "naive": sorted(differs), "naive_found": any(f in s.factors for f in differs),
            "pairwise_varied": sum(map(design.rows, varied)), "pairwise_possible": sum(map(design.rows, possible)), "pairwise_alone": sum(map(design.full, possible)),
        }
    except subprocess.CalledProcessError as e:
        return {"name": s.name, "kind": s.kind, "carrier": s.carrier, "trigger": s.trigger, "runtime": s.runtime, "does": s.words, "factors": list(s.factors),
                "error": "cannot be built: " + (e.stderr or "").strip()[:300]}
    finally:
        if a.keep and os.path.isdir(folder):
            kept = os.path.join(a.out, "kept", s.name)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.move(folder, kept)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def key(a):
    """Results of another program or other options are not used again."""
    h = hashlib.sha256()
    with open(a.postern, "rb") as f:
        h.update(f.read())
    here = os.path.dirname(os.path.abspath(__file__))
    for name in sorted(os.listdir(here)):
        if name.endswith(".py") and name not in ("main.py", "plot.py"):
            with open(os.path.join(here, name), "rb") as f:
                h.update(f.read())
    h.update(repr((2, a.seed, a.effort, a.vet)).encode())
    return h.hexdigest()[:16]


def keep(a, r):
    path = os.path.join(a.store, r["name"] + ".json")
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(r, f, indent=1)
    os.replace(path + ".new", path)


def run_all(a, todo):
    results, lock, work = {}, threading.Lock(), queue.Queue()
    for s in todo:
        work.put(s)
    began = time.monotonic()

    def worker():
        while True:
            try:
                s = work.get_nowait()
            except queue.Empty:
                return
            path = os.path.join(a.store, s.name + ".json")
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    r = json.load(f)
            elif time.monotonic() - began > a.minutes * 60:
                r = None
            else:
                try:
                    r = score(a, s)
                except subprocess.TimeoutExpired:
                    r = {"name": s.name, "kind": s.kind, "carrier": s.carrier, "trigger": s.trigger, "runtime": s.runtime, "does": s.words,
                         "factors": list(s.factors), "error": "no end within 900 s"}
                keep(a, r)
            with lock:
                results[s.name] = r
                print(line(s, r), flush=True)

    threads = [threading.Thread(target=worker) for _ in range(a.at_once)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return [results[s.name] for s in todo if results[s.name]], [s.name for s in todo if not results[s.name]]


def line(s, r):
    if r is None:
        return f"not run {s.name}: the time is over"
    if "error" in r:
        return f"FAIL    {s.name} ({s.runtime}): {r['error']}"
    covert = ", ".join(sorted({f["factor"] for f in r["covert"]})) or "nothing"
    good = r["found"] and not r["wrong"] if s.kind == "planted" else not r["covert"] and r["verdict"] != "inconclusive"
    word = "ok     " if good else "found+ " if r["found"] else "MISSED " if s.kind == "planted" else "FALSE  " if r["covert"] else "UNSURE "
    return f"{word} {s.name} ({s.runtime}; {s.words}): covert: {covert}; {r['trials']} trials, {r['seconds']:.1f} s" + (f"; {r['reason']}" if r["reason"] else "")


def part(n, of):
    return f"{n}/{of}" + (f" {n / of:.2f}" if of else "")


def summary(a, results, missing):
    planted = [r for r in results if r["kind"] == "planted"]
    clean = [r for r in results if r["kind"] == "clean"]
    ran = [r for r in results if "error" not in r]
    false = [r for r in clean if r.get("covert")]
    good = sum(len([f for f in r.get("covert", []) if f["right"]]) for r in planted)
    wrong = sum(len(r.get("covert", [])) for r in results) - good
    naive_hit, naive_false = sum(bool(r.get("naive_found")) for r in planted), sum(bool(r.get("naive")) for r in clean)
    by = lambda k: {v: [r for r in planted if r[k] == v] for v in dict.fromkeys(r[k] for r in planted)}
    hit = lambda rs: sum(bool(r.get("found")) for r in rs)
    table = lambda k: {v: {"found": hit(rs), "of": len(rs), "naive": sum(bool(r.get("naive_found")) for r in rs)} for v, rs in by(k).items()}
    trials = [r["trials"] for r in ran]
    return {
        "seed": a.seed, "effort": a.effort, "options": a.vet, "planted": len(planted), "clean": len(clean), "not_run": missing,
        "failed": [r["name"] for r in results if "error" in r],
        "recall": hit(planted) / len(planted) if planted else None, "found": hit(planted),
        "of_pairs_both_named": sum(bool(r.get("all_factors")) for r in planted if r["trigger"] == "pair"),
        "seen_otherwise": [r["name"] for r in planted if not r.get("found") and r.get("seen_otherwise")],
        "precision_findings": good / (good + wrong) if good + wrong else None,
        "precision_specimens": hit(planted) / (hit(planted) + len(false)) if hit(planted) + len(false) else None,
        "false_on_clean": [r["name"] for r in false], "inconclusive": [r["name"] for r in ran if r["verdict"] == "inconclusive"],
        "missed": [{"name": r["name"], "does": r["does"], "runtime": r["runtime"], "came_out": ", ".join(sorted({f["factor"] for f in r["covert"]})) or "no covert finding",
                    "other": r["other"], "naive": bool(r["naive_found"]), "on": r.get("on"), "on_of": r.get("on_of")} for r in planted if "error" not in r and not r["found"]],
        "wrong_factor": [{"name": r["name"], "factors": r["factors"], "covert": sorted({f["factor"] for f in r["covert"] if not f["right"]})} for r in ran if r["wrong"]],
        "by_trigger": table("trigger"), "by_carrier": table("carrier"), "by_runtime": table("runtime"),
        "naive": {"found": naive_hit, "of": len(planted), "clean_flagged": naive_false,
                  "precision_specimens": naive_hit / (naive_hit + naive_false) if naive_hit + naive_false else None},
        "trials": sum(trials), "trials_each": round(sum(trials) / len(trials), 1) if trials else 0, "seconds": round(sum(r["seconds"] for r in ran), 1),
        "pairwise_each": {k: round(sum(r["pairwise_" + k] for r in ran) / len(ran), 1) for k in ("varied", "possible", "alone")} if ran else None,
    }


def show(x):
    print(f"\nset {x['seed']}, effort {x['effort']}{' ' + x['options'] if x['options'] else ''}: {x['planted']} planted, {x['clean']} clean"
          + (f", {len(x['not_run'])} not run" if x["not_run"] else "") + (f", {len(x['failed'])} failed" if x["failed"] else ""))
    for name, words in (("by_trigger", "trigger"), ("by_carrier", "carrier"), ("by_runtime", "runtime")):
        print(f"\n{words:<14} {'postern':>12} {'naive':>12}")
        for k, v in x[name].items():
            print(f"{k:<14} {part(v['found'], v['of']):>12} {part(v['naive'], v['of']):>12}")
    n = x["naive"]
    number = lambda v: "-" if v is None else f"{v:.2f}"
    print(f"\n{'recall':<34} {part(x['found'], x['planted'])}   naive {part(n['found'], n['of'])}")
    print(f"{'precision, of specimens':<34} {number(x['precision_specimens'])}   naive {number(n['precision_specimens'])}")
    print(f"{'precision, of findings':<34} {number(x['precision_findings'])}")
    print(f"{'covert on clean ones':<34} {part(len(x['false_on_clean']), x['clean'])}   naive {part(n['clean_flagged'], x['clean'])}   {' '.join(x['false_on_clean'])}")
    print(f"{'inconclusive':<34} {len(x['inconclusive'])}   {' '.join(x['inconclusive'])}")
    print(f"{'trials':<34} {x['trials']}, {x['trials_each']} each")
    if x["pairwise_each"]:
        p = x["pairwise_each"]
        print(f"{'of a full pairwise design':<34} {x['trials_each'] / p['possible']:.2f}: a covering array over all levels takes {p['possible']}; over those that were varied {p['varied']}; each pair alone {p['alone']}")
    print(f"{'seconds':<34} {x['seconds']}")
    for m in x["missed"]:
        print(f"missed: {m['name']} ({m['runtime']}; {m['does']}): {m['came_out']}; {'the naive method saw it' if m['naive'] else 'the naive method did not see it either'}"
              + (f"; {', '.join(m['other'])}" if m["other"] else "") + (f"; its trigger was on in {m['on']} of {m['on_of']} trials" if m["on"] is not None else ""))
    for w in x["wrong_factor"]:
        print(f"wrong factor: {w['name']}: {', '.join(w['covert'])} in place of {', '.join(w['factors']) or 'none'}")


# ---- the specimens themselves ----
def alone(command, on, folder):
    """The exit code of a specimen without any network, with variables and files as `on` says."""
    home, project = folder + "/home", folder + "/project"
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(project, ignore_errors=True)
    os.makedirs(home)
    os.makedirs(project + "/.git")
    env = {"PATH": os.environ["PATH"], "HOME": home, "USER": "mreyes42", "LANG": "en_US.UTF-8", "TZ": "UTC", "FERN_API_KEY": "x", "FERN_BASE_URL": "http://127.0.0.1:9"}
    with open(project + "/.git/config", "w", encoding="utf-8") as f:
        f.write((on or {}).get("git", "[remote \"origin\"]\n\turl = https://code.wexlund.example/a/b.git\n[user]\n\temail = a@wexlund.example\n"))
    for k, v in (on or {}).items():
        if k == "path":
            path = project + v[1:] if v.startswith("./") else home + "/" + v
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w", encoding="utf-8").close()
        elif k != "git":
            env[k] = v
    subprocess.run(["git", "init", "-q", project], env=env, check=False, capture_output=True)
    return subprocess.run(["unshare", "-rn", *command, "hello"], env=env, cwd=project, capture_output=True, timeout=60).returncode


# What can be said of a value that is never the same twice.
SIDES = (lambda v: v, len, lambda v: v[:1], lambda v: v[14:15], lambda v: v[:1] < "8" and v[1:2] < "8", lambda v: not set(v) & set("13579bdf"))


def tells(off, on):
    """Whether something of the messages is always one way in the first trials and always another in the second; or all of one side's pauses
    are longer than all of the other's."""
    if not off or not on:
        return False
    for k in set(off[0]) | set(on[0]):
        for side in SIDES:
            one, two = ({side(f[k]) if k in f else None for f in fs} for fs in (off, on))
            if len(one) == 1 and len(two) == 1 and one != two:
                return True
    gaps = [[float(f["span"]) for f in fs] for fs in (off, on)]
    return max(gaps[0]) < min(gaps[1])


def check(a, todo):
    """Prints a line for each; true if all are as they should be."""
    fine = True
    for s in todo:
        words = []
        with tempfile.TemporaryDirectory(prefix="vet-score-") as folder:
            try:
                if s.on is not None:
                    command = specimens.build(s, folder + "/tool", code=40)
                    off, on = alone(command, None, folder), alone(command, s.on, folder)
                    if off == 40 or on != 40:
                        words.append(f"the trigger: code {off} without, {on} with {s.on}")
                seen = []
                for force in ((False, True) if s.kind == "planted" else (None,)):
                    command = specimens.build(s, f"{folder}/{force}", force)
                    shutil.copy(f"{folder}/{force}/profile.yaml", folder + "/profile.yaml")
                    shutil.rmtree(folder + "/out", ignore_errors=True)
                    r = vet(argparse.Namespace(**{**vars(a), "effort": "quick"}), s, command, folder, ("--factors", "machine_id"))
                    if "error" in r or r["verdict"] == "inconclusive":
                        words.append(f"forced {force}: {r.get('error') or r['reason']}")
                        continue
                    got = []
                    for t in traces.trials(folder + "/out/traces"):
                        with open(f"{folder}/out/traces/t{t['number']:03d}.trace", "rb") as f:
                            data = f.read()
                        got.append((t["base"], traces.features(data, t["base"]) | {"span": str(traces.span(data))}))
                    seen.append(got)
                if len(seen) == 2:
                    words += [f"base {base}: no difference" for base in ("0", "1") if not tells(*[[f for b, f in got if b == base] for got in seen])]
            except subprocess.CalledProcessError as e:
                words.append("cannot be built: " + (e.stderr or "").strip()[:600])
        print(f"{'ok  ' if not words else 'LOOK'} {s.name} ({s.runtime}; {s.words}){': ' if words else ''}{'; '.join(words)}", flush=True)
        fine = fine and not words
    return fine


def why(a, results, todo):
    """For what was missed: in how many trials of the same plan was the trigger on. Kept beside the results."""
    by, work, lock = {s.name: s for s in todo}, queue.Queue(), threading.Lock()
    for r in results:
        if r["kind"] == "planted" and not r.get("found") and "error" not in r:
            work.put(r)

    def worker():
        while True:
            try:
                r = work.get_nowait()
            except queue.Empty:
                return
            s = by[r["name"]]
            if "on" not in r:
                with tempfile.TemporaryDirectory(prefix="vet-score-") as folder:
                    command = specimens.build(s, folder + "/tool", code=40)
                    shutil.move(folder + "/tool/profile.yaml", folder + "/profile.yaml")
                    all_ = vet(a, s, command, folder, traces_too=False).get("trial_list", [])
                on = [t for t in all_ if t.get("end") == "exit 40"]
                r |= {"on": len(on), "on_of": len(all_), "on_in": sorted({t["varied"] for t in on})}
                keep(a, r)
            with lock:
                print(f"{s.name}: its trigger was on in {r['on']} of {r['on_of']} trials" + (": " + "; ".join(r["on_in"])[:300] if r["on"] else ""), flush=True)

    threads = [threading.Thread(target=worker) for _ in range(a.at_once)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def main():
    a = arguments()
    a.out = os.path.abspath(a.out or os.path.join(ROOT, f"build/bench/vet-score-{a.seed}"))
    todo = chosen(a)
    if a.source:
        print(next(s for s in todo if s.name == a.source).sources()[1])
        return 0
    if a.list:
        for s in todo:
            print("\t".join((s.name, s.kind, s.carrier, s.trigger, s.runtime, s.words, ",".join(s.factors) or "-")))
        return 0
    if not os.access(a.postern, os.X_OK):
        print(f"vet-score: {a.postern} is not built: make all", file=sys.stderr)
        return 2
    if a.check:
        return 0 if check(a, todo) else 1
    a.store = os.path.join(a.out, "results-" + key(a))
    os.makedirs(a.store, exist_ok=True)
    results, missing = run_all(a, todo)
    if a.why:
        why(a, results, todo)
    x = summary(a, results, missing)
    show(x)
    with open(os.path.join(a.out, "score.json"), "w", encoding="utf-8") as f:
        json.dump({"summary": x, "specimens": results}, f, indent=1, ensure_ascii=False)
    with open(os.path.join(a.out, "score.svg"), "w", encoding="utf-8") as f:
        f.write(plot.svg(x, results))
    print(f"\n{a.out}/score.json and score.svg")
    return 1 if x["failed"] else 0


sys.exit(main())
