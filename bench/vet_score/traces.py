"""Reads what `postern vet --keep-traces` keeps, on its own: the records of src/wire/trace.h and the list of trials. And the naive method
that the score is compared with: what is the same in all baselines of a base and another in a trial of one factor depends on that factor."""
import json
import os
from collections import defaultdict

KINDS = "- READY DNS CONN TLS HTTP WS RAW UDP PACKET CLOSE NOTE".split()
TAGS = ("- TIME CONN ADDR PORT HOST SCHEME PROTO METHOD TARGET HEADERS BODY ENCODING WIRE_SIZE SNI ALPN JA4 QNAME QTYPE DATA REASON VIA ANSWER STATUS "
        "LOST FORM").split()


def records(data):
    """(kind, {tag: bytes}) of each record."""
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at:at + 4], "big")
        kind, fields, at = data[at + 4], {}, at + 5
        while at + 5 <= end:
            tag, n = data[at], int.from_bytes(data[at + 1:at + 5], "big")
            fields[TAGS[tag] if tag < len(TAGS) else str(tag)] = data[at + 5:at + 5 + n]
            at += 5 + n
        at = end
        yield KINDS[kind] if kind < len(KINDS) else str(kind), fields


def trials(folder):
    """Dictionaries of the trials: number, base, confirming, worked, levels ({factor: number})."""
    out = []
    with open(os.path.join(folder, "trials.tsv"), encoding="utf-8") as f:
        for line in f:
            number, base, confirming, _, worked, levels = line.rstrip("\n").split("\t")[:6]
            level = dict(p.split("=") for p in levels.split(",") if "=" in p)
            out.append({"number": int(number), "base": base, "confirming": confirming == "1", "worked": worked == "1",
                        "levels": {k: int(v) for k, v in level.items()}})
    return out


def leaves(value, path):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from leaves(v, f"{path}.{k}")
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from leaves(v, f"{path}[{i}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def features(data, base):
    """{address: value} of a trace, the simple way: by order of requests, by index of arrays, bodies also as they are. The gateway's own
    name, which is everywhere in its base, is one word."""
    out, count = {}, defaultdict(int)
    all_ = [(kind, {k: v.decode("utf-8", "surrogateescape") for k, v in f.items()}) for kind, f in records(data)]
    gateway = next((f["HOST"] for kind, f in all_ if kind == "HTTP" and base == "1" and f.get("SCHEME") == "http"), None)
    for kind, text in all_:
        if gateway:
            text = {k: v.replace(gateway, "{gateway}") for k, v in text.items()}
        host = text.get("HOST", "")
        if kind == "DNS":
            out[f"DNS {count['DNS']}"] = text.get("QNAME", "") + " " + text.get("QTYPE", "")
            count["DNS"] += 1
        elif kind == "TLS":
            at = f"TLS {count['TLS']}"
            count["TLS"] += 1
            out[at] = text.get("SNI", "") + " " + text.get("ALPN", "") + " " + text.get("JA4", "") + " " + text.get("FORM", "")
        elif kind == "HTTP":
            at = f"HTTP {count['HTTP']}"
            count["HTTP"] += 1
            out[at + " line"] = f"{text.get('METHOD', '')} {text.get('TARGET', '')}"
            out[at + " host"] = host
            names = []
            for line in text.get("HEADERS", "").split("\r\n"):
                name, colon, value = line.partition(": ")
                if colon:
                    names.append(name)
                    out[f"{at} header {name}"] = value
            out[at + " header names"] = " ".join(names)
            body = text.get("BODY", "")
            out[at + " form"] = text.get("FORM", "")
            try:
                for path, value in leaves(json.loads(body), at + " body"):
                    out[path] = value
            except ValueError:
                pass
            out[at + " body as it is"] = body
    out["requests"] = str(count["HTTP"])
    return out


def span(data):
    """Microseconds from the first request to the last."""
    at = [int(f.get("TIME", b"0")) for kind, f in records(data) if kind == "HTTP"]
    return max(at) - min(at) if at else 0


def naive(folder):
    """{factor: [(base, level number, address, value)]}: per factor what differs in a trial of it alone, of what all baselines have alike."""
    by_base, found = defaultdict(list), defaultdict(list)
    all_ = [t for t in trials(folder) if t["worked"] and not t["confirming"]]
    for t in all_:
        with open(os.path.join(folder, f"t{t['number']:03d}.trace"), "rb") as f:
            t["features"] = features(f.read(), t["base"])
        if not t["levels"]:
            by_base[t["base"]].append(t["features"])
    for t in all_:
        base = by_base.get(t["base"])
        if len(t["levels"]) != 1 or not base:
            continue
        (factor, level), = t["levels"].items()
        for address in set(t["features"]) | set(base[0]):
            values = {b.get(address) for b in base}
            if len(values) == 1 and t["features"].get(address) not in values:
                found[factor].append((t["base"], level, address, t["features"].get(address)))
    return dict(found)


def tried(folder):
    """{base: {factor: numbers of the levels, with the baseline's}} of what was varied at all."""
    out = defaultdict(lambda: defaultdict(set))
    for t in trials(folder):
        for factor, level in t["levels"].items():
            out[t["base"]][factor].add(level)
    return {b: {f: v | {0} for f, v in fs.items()} for b, fs in out.items()}
