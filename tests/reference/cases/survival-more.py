"""The same questions to lifelines and statsmodels: python survival-more.py veteran >> survival-veteran.csv, after survival-more.R."""
import sys, warnings
warnings.filterwarnings("ignore")
import lifelines, numpy as np, pandas as pd, statsmodels
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

case = sys.argv[1]
file, stratum, covariates, tau = {
    "veteran": ("veteran", "prior", ["age", "karno"], 300),
    "colon": ("colon", "extent", ["age", "nodes"], 2000),
    "months": ("lung", "ecog", ["age", "ecog"], 20),
}[case]
d = pd.read_csv(f"../data/{file}.csv", comment="#")
d["t"] = np.floor(d.time / 30) if case == "months" else d.time.astype(float)
L = f"lifelines {lifelines.__version__}"
S = f"statsmodels {statsmodels.__version__}"


def row(analysis, quantity, value, tolerance, by):
    print(f"{analysis},{quantity},{float(value)!r},{tolerance},{by}")


print("# printed by survival-more.py")
x, c = d[d.arm == 1], d[d.arm == 0]
# lifelines' weights stop at a time of 0
for name, p, q in [] if d.t.min() == 0 else [("early", 1, 0), ("late", 0, 1), ("middle", 1, 1), ("half", 0.5, 0.5)]:
    test = logrank_test(x.t, c.t, x.event, c.event, weightings="fleming-harrington", p=p, q=q)
    row(name, "p-two-sided", test.p_value, 1e-8, L)
row("early", "p-two-sided", survdiff(d.t, d.event, d.arm, weight_type="fh", fh_p=1)[1], 1e-8, S)
row("log-rank/strata", "p-two-sided", survdiff(d.t, d.event, d.arm, strata=d[stratum])[1], 1e-8, S)
for name, arm in [("experimental", x), ("control", c)]:
    curve = KaplanMeierFitter().fit(arm.t, arm.event)
    row("restricted-mean/ratio", f"mean-{name}", restricted_mean_survival_time(curve, t=tau), 1e-10, L)
for name, ties, columns, strata in [
    ("cox/breslow", "breslow", [], False),
    ("cox/strata", "efron", [], True),
    ("cox/breslow/strata", "breslow", [], True),
    ("cox/adjusted/breslow", "breslow", covariates, False),
    ("cox/adjusted/strata", "efron", covariates[:1], True),
]:
    used = d.dropna(subset=columns + ([stratum] if strata else []))
    model = PHReg(used.t, used[["arm"] + columns], status=used.event, ties=ties, strata=used[stratum] if strata else None)
    fit = model.fit(start_params=model.fit().params)
    row(name, "estimate", fit.params[0], 1e-8, S)
    row(name, "se", fit.bse[0], 1e-8, S)
