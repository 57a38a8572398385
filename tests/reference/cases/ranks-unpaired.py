"""Rank-sum tests with SciPy and van Elteren's test by hand; see ranks-unpaired.R."""
import csv
import sys

import numpy as np
import scipy
from scipy import stats

name = sys.argv[1]
file = "colon_tiers" if name == "colon" else name
rows = list(csv.DictReader(line for line in open(f"../data/{file}.csv") if line[0] != "#"))
rows = [r for r in rows if r.get("nodes") != "NA"]
# fewer nodes are better: the sides and z turn
turn = -1 if name == "colon" else 1
value, group, blocks = {
    "birthwt": ("bwt", "smoke", ["black", "other"]),
    "toothgrowth": ("len", "juice", ["dose"]),
    "colon": ("nodes", "arm", ["extent"]),
}[name]
y = np.array([float(r[value]) for r in rows])
arm = np.array([int(r[group]) for r in rows])
block = [tuple(r[b] for b in blocks) for r in rows]
BY = f"Python {sys.version.split()[0]} SciPy {scipy.__version__}"


def row(analysis, quantity, value, tolerance=1e-10):
    print(f"{analysis},{quantity},{value:.17g},{tolerance},{BY}")


for quantity, side in zip(("p", "p-against", "p-two-sided"), ("greater", "less", "two-sided") if turn > 0 else ("less", "greater", "two-sided")):
    for analysis, correct in (("wilcoxon", False), ("wilcoxon/continuity", True)):
        test = stats.mannwhitneyu(y[arm == 1], y[arm == 0], alternative=side, method="asymptotic", use_continuity=correct)
        row(analysis, quantity, test.pvalue)
row("hodges-lehmann", "estimate", np.median(np.subtract.outer(y[arm == 1], y[arm == 0])), 1e-14)
for analysis, weight in {
    "van-elteren": lambda n0, n1: 1 / (n0 + n1 + 1),
    "van-elteren/n0n1": lambda n0, n1: 1 / (n0 * n1),
    "van-elteren/equal": lambda n0, n1: 1,
}.items():
    score = variance = 0
    for b in sorted(set(block)):
        own = np.array([c == b for c in block])
        ranks, a = stats.rankdata(y[own]), arm[own]
        n0, n1 = sum(a == 0), sum(a == 1)
        w = weight(n0, n1)
        score += w * (ranks[a == 1].sum() - n1 * ranks.mean())
        variance += w**2 * n0 * n1 / (n0 + n1) * ranks.var(ddof=1)
    row(analysis, "z", turn * score / variance**0.5, 1e-12)
