"""The same questions to scipy and statsmodels: python basic.py birthwt >> basic-birthwt.csv, after basic.R."""
import sys
import warnings

import numpy as np
import pandas as pd
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.stats.proportion import proportions_ztest

warnings.filterwarnings("ignore")
case = sys.argv[1]
d = pd.read_csv(f"../data/{ {'colon': 'colon_tiers'}.get(case, case)}.csv", comment="#")
PYTHON = "Python " + sys.version.split()[0]
SCIPY, STATSMODELS = f"{PYTHON} scipy {scipy.__version__}", f"{PYTHON} statsmodels {statsmodels.__version__}"


def row(analysis, tolerance, by, **figures):
    for quantity, value in figures.items():
        print(f"{analysis},{quantity.replace('_', '-')},{float(value):.17g},{tolerance},{by}")


def proportions(arm, y, better):
    x, n = [y[arm == a].sum() for a in (1, 0)], [(arm == a).sum() for a in (1, 0)]
    z, p = proportions_ztest(x, n)
    row("difference", 1e-10, STATSMODELS, z=better * z, p_two_sided=p)
    z, p = proportions_ztest(x, n, alternative="larger" if better > 0 else "smaller")
    row("difference", 1e-9, STATSMODELS, p=p)
    table = pd.crosstab(arm, y)
    row("difference/chi-square", 1e-9, SCIPY, p_two_sided=stats.chi2_contingency(table, correction=False)[1])
    row("difference/continuity", 1e-9, SCIPY, p_two_sided=stats.chi2_contingency(table, correction=True)[1])
    ratio = stats.contingency.relative_risk(x[0], n[0], x[1], n[1])
    limits = ratio.confidence_interval(0.95)
    row("ratio", 1e-9, SCIPY, estimate=np.log(ratio.relative_risk), lower=np.log(limits.low), upper=np.log(limits.high))


def model(analysis, fit, k, better, tolerance):
    lower, upper = np.asarray(fit.conf_int())[k]
    one = np.asarray(fit.tvalues)[k] * better
    row(analysis, tolerance, STATSMODELS, estimate=np.asarray(fit.params)[k], se=np.asarray(fit.bse)[k], lower=lower, upper=upper, z=one, p_two_sided=np.asarray(fit.pvalues)[k])


def complete(y, names):
    used = d[[y] + names].dropna()
    return used[y], used[names].astype(float)


def logistic(analysis, y, names, better):
    y, x = complete(y, names)
    model(analysis, sm.Logit(y, sm.add_constant(x)).fit(method="newton", tol=1e-14, maxiter=100, disp=False), 1, better, 1e-8)


def linear(analysis, y, names, better):
    y, x = complete(y, names)
    model(analysis, sm.OLS(y, sm.add_constant(x)).fit(), 1, better, 1e-9)


def student(arm, y, better):
    x, c = y[arm == 1].dropna(), y[arm == 0].dropna()
    for name, equal in (("t-test", False), ("t-test/pooled", True)):
        t = stats.ttest_ind(x, c, equal_var=equal)
        limits = t.confidence_interval()
        one = stats.ttest_ind(x, c, equal_var=equal, alternative="greater" if better > 0 else "less")
        row(name, 1e-10, SCIPY, z=better * t.statistic, df=t.df, lower=limits.low, upper=limits.high)
        row(name, 1e-9, SCIPY, p=one.pvalue, p_two_sided=t.pvalue)


def wilcoxon(arm, y, better):
    x, c = y[arm == 1].dropna(), y[arm == 0].dropna()
    u = lambda s: stats.mannwhitneyu(x, c, use_continuity=False, method="asymptotic", alternative=s)
    row("wilcoxon", 1e-9, SCIPY, estimate=u("two-sided").statistic / (len(x) * len(c)), p=u("greater" if better > 0 else "less").pvalue, p_two_sided=u("two-sided").pvalue)


def odds(analysis, y, names, better):
    y, x = complete(y, names)
    x = x.copy()
    for name in ("chol", "trig"):
        if name in x:
            x[name] /= 100
    fit = OrderedModel(y.astype(pd.CategoricalDtype(ordered=True)), x, distr="logit").fit(method="bfgs", gtol=1e-9, maxiter=2000, disp=False)
    # derivatives by differences
    row(analysis, 1e-5, STATSMODELS, estimate=np.asarray(fit.params)[0], se=np.asarray(fit.bse)[0], z=better * np.asarray(fit.tvalues)[0])


if case in ("pbc", "colon", "housing"):
    print("# reason: OrderedModel of statsmodels takes derivatives by differences")
if case == "birthwt":
    proportions(d.smoke, d.low, -1)
    logistic("logistic", "low", ["smoke"], -1)
    logistic("logistic/adjusted", "low", ["smoke", "age", "lwt", "black", "other", "ht", "ui"], -1)
    student(d.smoke, d.bwt, 1)
    linear("ancova", "bwt", ["smoke", "age", "lwt", "black", "other", "ht", "ui"], 1)
    wilcoxon(d.smoke, d.bwt, 1)
if case == "pbc":
    proportions(d.drug, d.hepato, -1)
    logistic("logistic", "hepato", ["drug"], -1)
    logistic("logistic/adjusted", "hepato", ["drug", "chol", "trig", "edema"], -1)
    student(d.drug, d.chol, -1)
    linear("ancova", "chol", ["drug", "trig", "spiders"], -1)
    wilcoxon(d.drug, d.chol, -1)
    odds("odds", "stage", ["drug"], -1)
    odds("odds/adjusted", "stage", ["drug", "chol", "trig"], -1)
if case == "anorexia":
    student(d.cbt, d.postwt, 1)
    linear("ancova", "postwt", ["cbt", "prewt"], 1)
    wilcoxon(d.cbt, d.postwt, 1)
if case == "toothgrowth":
    student(d.juice, d.len, 1)
    linear("ancova", "len", ["juice", "dose"], 1)
    wilcoxon(d.juice, d.len, 1)
if case == "infert":
    proportions(d.spontaneous, d.case, -1)
    logistic("logistic", "case", ["spontaneous"], -1)
    logistic("logistic/adjusted", "case", ["spontaneous", "induced", "age", "parity"], -1)
if case == "colon":
    proportions(d.arm, d.death_event, -1)
    logistic("logistic", "death_event", ["arm"], -1)
    logistic("logistic/adjusted", "death_event", ["arm", "sex", "extent", "differ", "nodes"], -1)
    student(d.arm, d.nodes, -1)
    wilcoxon(d.arm, d.nodes, -1)
    odds("odds", "differ", ["arm"], -1)
    odds("odds/adjusted", "differ", ["arm", "sex", "extent", "nodes"], -1)
if case == "housing":
    odds("odds", "sat", ["contact"], 1)
    odds("odds/adjusted", "sat", ["contact", "medium", "high", "apartment", "atrium", "terrace"], 1)
    wilcoxon(d.contact, d.sat, 1)
