"""Marginal effects on a proportion with covariates: statsmodels and delicatessen; see adjusted.R."""
import sys

import delicatessen
import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from delicatessen import MEstimator
from delicatessen.estimating_equations import ee_regression
from delicatessen.utilities import inverse_logit as expit

name = sys.argv[1]
d = whole = pd.read_csv(f"../data/{'colon_tiers' if name == 'colon' else name}.csv", comment="#")
if name == "colon":
    d = d.dropna()
    y, a, z = d.death_event, d.arm, d[["sex", "extent", "differ", "nodes"]]
    of_all = whole.death_event, whole.arm
elif name == "birthwt":
    y, a, z = d.low, d.smoke, d[["age", "lwt", "black", "other"]]
else:
    y, a, z = d.case, d.spontaneous, pd.DataFrame({"age": d.age, "parity": d.parity, "one": d.induced == 1, "two": d.induced == 2})
if name != "colon":
    of_all = y, a
y, a, z, *of_all = (np.asarray(v, dtype=float) for v in (y, a, z, *of_all))
z = (z - z.mean(axis=0)) / z.std(axis=0)
n = len(y)
PYTHON = f"Python {sys.version.split()[0]}"


def row(analysis, quantity, value, tolerance, by):
    print(f"{analysis},{quantity},{value:.17g},{tolerance},{PYTHON} {by}")


def design(arm, own):
    parts = [np.ones(n), arm, *z.T] + ([arm * x for x in z.T] if own else [])
    return np.column_stack(parts)


contrasts = {
    "rd": lambda p: p,
    "rr": np.log,
    "or": lambda p: np.log(p / (1 - p)),
}
for own in (False, True):
    x, at = design(a, own), [design(np.full(n, v), own) for v in (0.0, 1.0)]
    start = sm.Logit(y, x).fit(disp=0, tol=1e-14, maxiter=200).params
    risks = [expit(m @ start).mean() for m in at]
    for effect, link in contrasts.items():

        def psi(theta):
            p0, p1, delta, beta = theta[0], theta[1], theta[2], theta[3:]
            means = np.vstack([expit(at[0] @ beta) - p0, expit(at[1] @ beta) - p1])
            return np.vstack([means, np.full(n, link(p1) - link(p0) - delta), ee_regression(beta, x, y, model="logistic")])

        first = [*risks, link(risks[1]) - link(risks[0]), *start]
        m = MEstimator(psi, init=first)
        m.estimate(solver="lm", tolerance=1e-13, maxiter=20000, deriv_method="exact")
        analysis = f"{effect}/influence" + ("/heterogeneous" if own else "")
        by = f"delicatessen {delicatessen.__version__}"
        row(analysis, "estimate", m.theta[2], 1e-8, by)
        row(analysis, "se", m.variance[2, 2] ** 0.5, 1e-8, by)
by = f"statsmodels {statsmodels.__version__}"
logit = sm.Logit(y, design(a, False)).fit(disp=0, tol=1e-14, maxiter=200)
effect = logit.get_margeff(at="overall", dummy=True)
row("rd/ge-model", "estimate", effect.margeff[0], 1e-9, by)
row("rd/ge-model", "se", effect.margeff_se[0], 1e-8, by)
unadjusted = of_all[0], np.column_stack([np.ones(len(of_all[1])), of_all[1]])
for analysis, (v, x) in (("modified-poisson", (y, design(a, False))), ("modified-poisson/unadjusted", unadjusted)):
    fit = sm.GLM(v, x, family=sm.families.Poisson()).fit(tol=1e-15, maxiter=200, cov_type="HC0")
    row(analysis, "estimate", fit.params[1], 1e-10, by)
    row(analysis, "se", fit.bse[1], 1e-10, by)
