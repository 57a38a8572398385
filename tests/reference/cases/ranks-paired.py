"""Signed-rank and rank-sum tests of paired data with SciPy; see ranks-paired.R."""
import csv
import sys
import warnings

import numpy as np
import scipy
from scipy import stats

warnings.simplefilter("ignore")
rows = list(csv.reader(line for line in open(f"../data/{sys.argv[1]}_pairs.csv") if line[0] != "#"))[1:]
arm = lambda a: np.array([float(y) for i, b, y in sorted(rows, key=lambda r: int(r[0])) if b == a])
x, y = arm("1"), arm("0")
BY = f"Python {sys.version.split()[0]} SciPy {scipy.__version__}"
SIDES = {"p": "greater", "p-against": "less", "p-two-sided": "two-sided"}


def row(analysis, quantity, value, tolerance=1e-10):
    print(f"{analysis},{quantity},{value:.17g},{tolerance},{BY}")


for quantity, side in SIDES.items():
    for name, options in {
        "signed-rank": dict(zero_method="wilcox", method="approx"),
        "signed-rank/continuity": dict(zero_method="wilcox", method="approx", correction=True),
        "signed-rank/pratt": dict(zero_method="pratt", method="approx"),
    }.items():
        row(name, quantity, stats.wilcoxon(x - y, alternative=side, **options).pvalue)
    for name, correct in (("hodges-lehmann", False), ("wilcoxon/continuity", True)):
        p = stats.mannwhitneyu(x, y, alternative=side, method="asymptotic", use_continuity=correct).pvalue
        row(name, quantity, p)
row("hodges-lehmann", "estimate", np.median(np.subtract.outer(x, y)), 1e-14)
