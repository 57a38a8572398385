"""ANHECOVA by least squares within arms and the covariances of its variance, with NumPy; see adjusted-means.R."""
import sys

import numpy as np
import pandas as pd

name = sys.argv[1]
d = pd.read_csv(f"../data/{'lung_scores' if name == 'lung' else name}.csv", comment="#")
y, a, columns = ("wtloss", "female", ["age", "ecog", "karno", "mealcal"]) if name == "lung" else ("postwt", "cbt", ["prewt"])
y, a, x = d[y].to_numpy(float), d[a].to_numpy(), d[columns].to_numpy(float)
x = np.column_stack([np.ones(len(y)), (x - x.mean(axis=0)) / x.std(axis=0)])
BY = f"Python {sys.version.split()[0]} NumPy {np.__version__}"
m = [x @ np.linalg.lstsq(x[a == g], y[a == g], rcond=None)[0] for g in (0, 1)]
n = len(y)
cov = lambda u, v: np.cov(u, v)[0, 1]
v = np.empty((2, 2))
for g in (0, 1):
    own = a == g
    share = own.mean()
    q, s = cov(y[own], m[g][own]), cov(m[g], m[g])
    v[g, g] = (cov(y[own], y[own]) - 2 * q + s) / share + 2 * q - s
v[0, 1] = v[1, 0] = cov(y[a == 0], m[1][a == 0]) + cov(y[a == 1], m[0][a == 1]) - cov(m[0], m[1])
estimate = m[1].mean() - m[0].mean()
se = ((v[0, 0] + v[1, 1] - 2 * v[0, 1]) / n) ** 0.5
for quantity, value in (("estimate", estimate), ("se", se)):
    print(f"anhecova,{quantity},{value:.17g},1e-10,{BY}")
