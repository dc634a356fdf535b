#!/usr/bin/env python3
"""Is each finding that inventory_tree.py made there, once, as it should be; and nothing else?
	inventory_check.py EXPECT FOUND [--more]    --more: other findings are no mistake"""
import json
import sys

want, found = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))['findings']
bad = 0


def fits(w, f):
    return (f['kind'], f['tool'], f['path']) == (w['kind'], w['tool'], w['path']) and f.get('name', '') == w['members'].get('name', f.get('name', ''))


taken = set()
for w in want:
    hits = [i for i, f in enumerate(found) if fits(w, f)]
    if len(hits) != 1:
        print('found', len(hits), 'times:', w)
        bad = 1
        continue
    taken.add(hits[0])
    f = found[hits[0]]
    risks = sorted({r['risk'] for r in f['risks']})
    wrong = {k: f.get(k, '') for k, v in w['members'].items() if f.get(k, '') != v}
    if risks != w['risks'] or wrong:
        print('not as it should be:', w, risks, wrong)
        bad = 1
if '--more' not in sys.argv:
    for i, f in enumerate(found):
        if i not in taken:
            print('not expected:', {k: f.get(k) for k in ('kind', 'tool', 'path', 'name', 'by', 'risks')})
            bad = 1
sys.exit(bad)
