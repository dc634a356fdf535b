"""Compares what postern scan --format json said with expected.tsv. One line for each file that is judged otherwise; exit 1 then."""
import json
import os
import sys

folder, said = sys.argv[1:]
found = {os.path.relpath(f["path"], folder): f for f in json.load(open(said))["files"]}
wrong = 0
for line in open(os.path.join(folder, "expected.tsv")):
    name, verdict, rule = line.rstrip("\n").split("\t")
    f = found.get(name)
    rules = [x["rule"] for x in f["findings"]] if f else []
    fits = f is not None and f["verdict"] == verdict and (rule in rules if rule != "-" else not rules)
    # A gap has a size; a place lies in the file or in a member that was unpacked.
    fits = fits and all(x["member"] if "member" in x else x["at"] + x["bytes"] <= f["size"] for x in f["findings"])
    if not fits:
        wrong += 1
        print(f"{name}: {f['verdict'] if f else 'not scanned'} {rules} instead of {verdict} {rule}")
print(f"{len(found)} files, {wrong} judged otherwise than expected")
sys.exit(wrong > 0)
