"""How many trials a full pairwise design takes: a covering array of strength 2 over the same factors and levels, made greedily."""
import functools
import itertools
import random
import re


@functools.lru_cache(maxsize=None)
def rows(levels, candidates=1, seed=1):
    """Rows of a greedy covering array (one row at a time, the factors of a row in random order) for the numbers of levels given. It is never
    below the product of the two largest."""
    levels = tuple(sorted((n for n in levels if n > 1), reverse=True))
    k = len(levels)
    if k < 2:
        return levels[0] if levels else 1
    # open_[i][a][j]: the levels of factor j that a pair with level a of i still wants.
    open_ = [[[set(range(levels[j])) if j != i else set() for j in range(k)] for _ in range(levels[i])] for i in range(k)]
    left = sum(levels[i] * levels[j] for i, j in itertools.combinations(range(k), 2))
    r, n = random.Random(seed), 0
    while left:
        best, best_gain = None, -1
        for _ in range(candidates):
            i = max(range(k), key=lambda f: (max(sum(map(len, a)) for a in open_[f]), r.random()))
            row = {i: max(range(levels[i]), key=lambda a: sum(map(len, open_[i][a])))}
            order = [f for f in range(k) if f != i]
            r.shuffle(order)
            gain = 0
            for f in order:
                scores = [sum(v in open_[g][b][f] for g, b in row.items()) for v in range(levels[f])]
                top = max(scores)
                row[f] = r.choice([v for v in range(levels[f]) if scores[v] == top])
                gain += top
            if gain > best_gain:
                best, best_gain = row, gain
        for i, j in itertools.permutations(range(k), 2):
            if best[j] in open_[i][best[i]][j]:
                open_[i][best[i]][j].discard(best[j])
                left -= i < j
        n += 1
    return n


def full(levels):
    """Every pair of levels of every two factors in a trial of its own, the rest as in the baseline; and the baseline."""
    return 1 + sum((a - 1) * (b - 1) for a, b in itertools.combinations(levels, 2)) + sum(n - 1 for n in levels)


def table(source):
    """{factor: (levels, only with a gateway)} of all that Postern's own table of factors has, read from its source text."""
    with open(source, encoding="utf-8") as f:
        text = f.read()
    out = {}
    for block in re.split(r"\n\t\{\n", text)[1:]:
        name, levels = re.search(r'\.name = "(\w+)"', block), re.search(r"LEVELS\((.*?)\),\n\t\t\.apply", block, re.S)
        if name and levels:
            out[name[1]] = (len(re.findall(r"(?:Q|false)\}", levels[1])), ".only_gateway" in block)
    return out
