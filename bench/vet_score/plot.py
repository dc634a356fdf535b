"""The score as a picture: a row a carrier, a column a trigger; found, missed, or of a wrong factor; below, recall beside the naive method."""
from html import escape

COLOURS = {"found": "#2e7d4f", "wrong": "#c98a1b", "missed": "#b3362b", "none": "#d9d9d9"}


def state(r):
    if r is None or "error" in r:
        return "none"
    return "missed" if not r["found"] else "wrong" if r["wrong"] else "found"


def svg(x, results):
    cell = {(r["carrier"], r["trigger"]): r for r in results if r["kind"] == "planted"}
    carriers, triggers = list(x["by_carrier"]), list(x["by_trigger"])
    clean = [r for r in results if r["kind"] == "clean"]
    w, left, top, step = 720, 150, 60, 26
    height = top + step * len(carriers) + 90 + 22 * len(triggers)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {height}" font-family="sans-serif" font-size="12">',
           f'<title>What postern vet finds of planted dependences</title><rect width="{w}" height="{height}" fill="#fff"/>',
           f'<text x="12" y="22" font-size="15">postern vet, set {x["seed"]}, effort {escape(x["effort"])}: {x["found"]} of {x["planted"]} found, '
           f'{len(x["false_on_clean"])} of {len(clean)} clean ones accused</text>']
    for j, t in enumerate(triggers):
        out.append(f'<text x="{left + 110 * j + 50}" y="{top - 8}" text-anchor="middle">{escape(t)}</text>')
    for i, c in enumerate(carriers):
        y = top + step * i
        out.append(f'<text x="{left - 10}" y="{y + 16}" text-anchor="end">{escape(c)}</text>')
        for j, t in enumerate(triggers):
            r = cell.get((c, t))
            s = state(r)
            label = {"found": "found", "wrong": "found, and more", "missed": "missed", "none": "-"}[s]
            title = escape(f"{r['name']}: {r['does']}") if r else ""
            out.append(f'<g><title>{title}</title><rect x="{left + 110 * j}" y="{y}" width="104" height="{step - 4}" rx="3" fill="{COLOURS[s]}"/>'
                       f'<text x="{left + 110 * j + 52}" y="{y + 15}" text-anchor="middle" fill="{"#333" if s == "none" else "#fff"}">{label}</text></g>')
    y = top + step * len(carriers) + 30
    out.append(f'<text x="12" y="{y}">recall by trigger, and of a naive exact diff of one factor at a time (grey)</text>')
    for j, t in enumerate(triggers):
        v, yy = x["by_trigger"][t], y + 12 + 22 * j
        out.append(f'<text x="{left - 10}" y="{yy + 11}" text-anchor="end">{escape(t)}</text>'
                   f'<rect x="{left}" y="{yy}" width="{400 * v["found"] / max(1, v["of"]):.0f}" height="8" fill="{COLOURS["found"]}"/>'
                   f'<rect x="{left}" y="{yy + 9}" width="{400 * v["naive"] / max(1, v["of"]):.0f}" height="6" fill="#999"/>'
                   f'<text x="{left + 410}" y="{yy + 11}">{v["found"]} and {v["naive"]} of {v["of"]}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
