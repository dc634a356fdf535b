"""Makes docs/field-results.md from the reports of bench/field.sh and what was found by hand. field.py REPORTS TRUTH > TABLE"""
import fnmatch
import json
import os
import re
import sys


def truths(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]


def looked_at(table, row):
    for line in table:
        # A bracket in an address stands for itself.
        if all(fnmatch.fnmatchcase(v, p.replace("[", "[[]")) for v, p in zip(row, line[:5])):
            return line[5], line[6]
    return "?", "not looked at"


def steady(text):
    for pattern, word in ((r"#\d+", "#n"), (r"\d{4}-\d\d-\d\d", "DATE"), (r'line "[0-9a-f]{7} ', 'line "COMMIT '), (r"sdk-\w+", "sdk-KEY"),
                          (r"registry\.\w+\.\w+", "{registry}")):
        text = re.sub(pattern, word, text)
    return text


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'")


def main():
    reports, table = sys.argv[1], truths(sys.argv[2])
    rows, runs = {}, []
    for name in sorted(os.listdir(reports)):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(reports, name), encoding="utf-8") as f:
            r = json.load(f)
        s = r["subject"]
        runs.append((s["name"], [int(x) for x in s["version"].split(".")], r))
    runs.sort(key=lambda x: (x[0], x[1]))
    print("# What `postern vet` says of real tools\n\nMade by `bench/field.sh` from the versions in `bench/field-versions.txt`; what is true of each finding was looked at by hand and stands "
          "in\n`bench/field-truth.tsv`. `?` is what nobody has looked at; a version that is not here has not been run. Findings that are the same but for the version share a row.\n")
    print("| tool | version | verdict | covert | hashed | undeclared | disclosed | trials | seconds |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, _, r in runs:
        c = r["counts"]
        print(f"| {name} | {r['subject']['version']} | {r['verdict']}{': ' + cell(r['reason'])[:120] if r.get('reason') else ''} | {c['covert']} | {c['hashed']} | {c['undeclared']} | "
              f"{c['disclosed']} | {r['trials']} | {r['seconds']:.0f} |")
        for f in r["findings"]:
            if f["class"] != "disclosed":
                # Numbers of list items and dates of the day are of the run, not of the finding.
                address = steady(f["address"])
                # Two channels in one place are two rows.
                shown = re.sub(r"\d", "9", f["after"]) if f["class"] == "covert" else ""
                rows.setdefault((name, f["class"], f["factor"], steady(f["endpoint"]), address, shown), []).append((r["subject"]["version"], f))
    order = {"covert": 0, "hashed": 1, "undeclared": 2}
    print("\n| tool | versions | class | factor | where | before → after | true | why |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    counts = {}
    for row, found in sorted(rows.items(), key=lambda x: (x[0][0], order[x[0][1]], x[0])):
        truth, why = looked_at(table, row)
        f = found[0][1]
        counts.setdefault(row[1], {}).setdefault(truth, 0)
        counts[row[1]][truth] += len(found)
        short = lambda t: cell(t if len(t) < 60 else t[:57] + "...")
        print(f"| {row[0]} | {', '.join(dict.fromkeys(v for v, _ in found))} | {row[1]} | {row[2]}: {cell(', '.join(f['levels'][:3]))}{' and more' if len(f['levels']) > 3 else ''} | "
              f"`{cell(row[3])}` `{cell(row[4])[:110]}` | `{short(f['before'])}` → `{short(f['after'])}` | {truth} | {cell(why)} |")
    print("\n" + "; ".join(f"{k}: " + ", ".join(f"{n} {t}" for t, n in sorted(v.items())) for k, v in sorted(counts.items(), key=lambda x: order[x[0]])) + ".")


main()
