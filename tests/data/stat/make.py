#!/usr/bin/env python3
"""Makes stat.tsv: values of the functions of src/vet/stat.h by other means, for tests/unit/stat.c.

Everything that can be is exact: binomial coefficients and sums of fractions (math.comb, fractions.Fraction), all ways to deal values into two
groups one by one (itertools.combinations). Only logarithms are floating point. Nothing of src/ is used.
    tests/data/stat/make.py >tests/data/stat/stat.tsv
A line: function, arguments (numbers, groups of them separated by |), value.
"""
from fractions import Fraction as F
from itertools import combinations
from math import comb, log, log2


def table(hits, level, pool_hits, pool):
    return F(comb(level, hits) * comb(pool, pool_hits), comb(level + pool, hits + pool_hits))


def fisher(hits, level, pool_hits, pool):
    marks = hits + pool_hits
    return sum(table(k, level, marks - k, pool) for k in range(hits, min(level, marks) + 1) if marks - k <= pool)


def fisher_two(hits, level, pool_hits, pool):
    marks, mine = hits + pool_hits, table(hits, level, pool_hits, pool)
    every = (table(k, level, marks - k, pool) for k in range(max(0, marks - pool), min(level, marks) + 1))
    return sum(p for p in every if p <= mine)


def permutation(x, y):
    v, n = [F(a) for a in x + y], len(x)
    total = sum(v)

    def apart(s):
        return abs(s / n - (total - s) / (len(v) - n))

    mine = apart(sum(v[:n]))
    ways = [apart(sum(v[i] for i in c)) for c in combinations(range(len(v)), n)]
    return F(sum(w >= mine for w in ways), len(ways))


def ranks(v):
    return [F(sum(b < a for b in v)) + F(sum(b == a for b in v) + 1, 2) for a in v]


def benjamini_yekutieli(p, m):
    """By definition: the least level at which the step-up procedure with m hypotheses rejects each."""
    harmonic = sum(F(1, i) for i in range(1, m + 1))
    order = sorted(range(len(p)), key=lambda i: p[i])
    q = [None] * len(p)
    for place, i in enumerate(order):
        q[i] = min([F(1)] + [p[order[k]] * m * harmonic / (k + 1) for k in range(place, len(p))])
    return q


def entropy(p):
    return sum(-float(x) * log2(x) for x in p if x)


def information(rows):
    """Levels equally likely; each entropy corrected by its first-order bias, sum of var(p)/(2 p), in nats, over the outcomes."""
    rows = [r for r in rows if sum(r)]
    p = [[F(c, sum(r)) for c in r] for r in rows]
    n, w = [sum(r) for r in rows], F(1, len(rows))
    mean = [w * sum(q[y] for q in p) for y in range(len(rows[0]))]
    plug = entropy(mean) - float(w) * sum(entropy(q) for q in p)
    under = w * sum(F(sum(1 for x in q if x) - 1, 2 * k) for q, k in zip(p, n))  # Miller (1955): (m - 1) / 2n
    over = sum(sum(w * w * q[y] * (1 - q[y]) / k for q, k in zip(p, n)) / (2 * mean[y]) for y in range(len(mean)) if mean[y])
    bits = plug + float(over - under) / log(2)
    return min(max(bits, 0), log2(len(rows)))


def line(name, args, value):
    print(name, " | ".join(" ".join(str(x) for x in a) for a in args), f"{float(value):.15g}", sep="\t")


TABLES = [(4, 4, 0, 4), (3, 4, 1, 4), (10, 13, 2, 17), (4, 4, 0, 42), (4, 4, 1, 60), (2, 3, 0, 30), (0, 4, 3, 9), (8, 8, 0, 73), (5, 9, 4, 40),
          (1, 20, 0, 1), (3, 7, 12, 15)]
GROUPS = [([1, 2, 3], [4, 5, 6, 7]), ([12, 15, 9, 30], [14, 14, 13, 16, 12, 15]), ([5, 5, 5], [5, 5, 9]), ([100, 101, 103, 250], [99, 98, 97]),
          ([1, 1, 2, 2, 3], [2, 3, 3, 4, 4, 5, 1]), ([3], [1, 2, 4, 5, 6, 7, 8])]
COUNTS = [[[60, 0], [0, 4]], [[60, 2], [1, 3]], [[20, 0, 0], [0, 3, 0], [0, 0, 3], [4, 0, 0]], [[10, 10], [5, 5]], [[9, 1], [1, 9]],
          [[7, 3, 2], [2, 8, 1], [0, 0, 0], [1, 1, 9]]]

for t in TABLES:
    line("fisher", [t], fisher(*t))
    line("fisher_two", [t], fisher_two(*t))
for x, y in GROUPS:
    line("means", [x, y], permutation(x, y))
    r = ranks(x + y)
    line("ranks", [x, y], permutation(r[:len(x)], r[len(x):]))
for c in COUNTS:
    line("information", c, information(c))
P = [F(1, 163185), F(1, 861), F(3, 100), F(1, 20), F(1, 5000), F(1, 861), F(4, 5)]
for m in (7, 40):
    for i, q in enumerate(benjamini_yekutieli(P, m)):
        line("by", [[m, i], [f"{float(x):.17g}" for x in P]], q)
