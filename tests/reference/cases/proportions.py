"""More figures of the cases proportions-* and pairs-*: python3 proportions.py NAME >> NAME.csv. See proportions.R.

`naive`: the definition, with scipy's root finder and quadrature, the restricted likelihood maximised directly.
"""
import csv, math, sys
import mpmath, numpy, scipy, statsmodels
from scipy import integrate, optimize, stats
from scipy.stats import contingency
from statsmodels.stats import contingency_tables as tables
from statsmodels.stats import proportion

python = "Python " + sys.version.split()[0]
NAIVE, SCIPY = f"{python} scipy {scipy.__version__} naive", f"{python} scipy {scipy.__version__}"
SM, MP = f"{python} statsmodels {statsmodels.__version__}", f"{python} mpmath {mpmath.__version__} naive"


def row(analysis, quantities, values, tolerance, by):
    for q, v in zip(quantities.split(), values):
        if math.isfinite(v):
            print(analysis, q, repr(float(v)), tolerance, by, sep=",")


def comment(analysis, quantities, values, by):
    """Figures that are not followed."""
    for q, v in zip(quantities.split(), values):
        print("# not followed:", analysis, q, repr(float(v)), "", by, sep=",")


def read(name):
    with open(f"../data/{name}.csv") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    return {k: [None if r[k] == "NA" else float(r[k]) for r in rows] for k in rows[0]}


def maximum(x, n, theta, ratio):
    """p0, p1 of the greatest likelihood under the difference or ratio: the root of the slope."""
    other = (lambda p: p * theta) if ratio else (lambda p: p + theta)
    low, high = (0.0, min(1.0, 1 / theta)) if ratio else (max(0.0, -theta), min(1.0, 1 - theta))

    def slope(p):
        terms = [(x[0], p, 1), (n[0] - x[0], 1 - p, -1), (x[1], other(p), theta if ratio else 1), (n[1] - x[1], 1 - other(p), -theta if ratio else -1)]
        return sum(s * k / max(q, 1e-300) for k, q, s in terms if k > 0)

    if slope(low) <= 0:
        return low, other(low)
    if slope(high) >= 0:
        return high, other(high)
    p = optimize.brentq(slope, low, high, xtol=1e-300, rtol=4 * numpy.finfo(float).eps, maxiter=2000)
    return p, other(p)


def statistic(strata, theta, ratio, unbiased=True, weights="mh", parts=False):
    fits = [maximum(x, n, theta, ratio) for x, n in strata]
    relative = 1.0
    if weights == "mn" and len(strata) > 1:
        for _ in range(500):
            w = [1 / (relative / n[1] + 1 / n[0]) for _, n in strata]
            p0, p1 = (sum(a * f[i] for a, f in zip(w, fits)) / sum(w) for i in (0, 1))
            relative = (1 - p1) / (theta * (1 - p0)) if ratio else p1 * (1 - p1) / (p0 * (1 - p0))
    w = [1 / (relative / n[1] + 1 / n[0]) for _, n in strata]
    f = theta if ratio else 1
    top = sum(a * (x[1] / n[1] - (theta * x[0] / n[0] if ratio else x[0] / n[0] + theta)) for a, (x, n) in zip(w, strata))
    factor = [sum(n) / (sum(n) - 1) if unbiased else 1 for _, n in strata]
    var = sum(a * a * c * (q * (1 - q) / n[1] + f * f * p * (1 - p) / n[0]) for a, c, (p, q), (_, n) in zip(w, factor, fits, strata))
    if parts:
        slope = theta * sum(a * x[0] / n[0] for a, (x, n) in zip(w, strata)) if ratio else sum(w)
        return math.sqrt(var) / slope
    return top / math.sqrt(var)


def score(name, strata, sign, null, ratio=False, unbiased=True, weights="mh", by=NAIVE):
    """estimate, se, limits, z and p of a score test."""
    t = lambda v: statistic(strata, math.exp(v) if ratio else v, ratio, unbiased, weights)
    z = stats.norm.isf(0.025)
    low, high = (-20, 20) if ratio else (-1 + 1e-12, 1 - 1e-12)
    solve = lambda level: optimize.brentq(lambda v: t(v) - level, low, high, xtol=1e-15, rtol=1e-15, maxiter=2000)
    finite = not ratio or (any(x[0] > 0 for x, _ in strata), any(x[1] > 0 for x, _ in strata))
    if finite is True or finite == (True, True):
        e = solve(0)
        row(name, "estimate se lower upper", [e, statistic(strata, math.exp(e) if ratio else e, ratio, unbiased, weights, True), solve(z), solve(-z)], 1e-9, by)
    elif finite == (False, True):
        row(name, "lower", [solve(z)], 1e-9, by)
    s = sign * t(math.log(null) if ratio else null)
    row(name, "z p", [s, stats.norm.sf(s)], 1e-10 if abs(s) > 1e-3 else 1e-8, by)


def unstratified(y, arm, sign, margin, ratio):
    print("# not followed: statsmodels' score test of a difference other than 0 and its interval: in the cubic equation of Miettinen and Nurminen it has count0 * diff where nobs0 * diff belongs")
    n = [arm.count(0), arm.count(1)]
    x = [sum(v for v, a in zip(y, arm) if a == g) for g in (0, 1)]
    p = [x[0] / n[0], x[1] / n[1]]
    for name, null, contrast in [("", 0, False), ("/margin", margin, False), ("/ratio", 1, True), ("/ratio-margin", ratio, True)]:
        score("miettinen-nurminen" + name, [(x, n)], sign, null, contrast)
        if not contrast:
            score("farrington-manning" + name, [(x, n)], sign, null, unbiased=False)
        if contrast and 0 in x:
            continue
        for method, correction in [("miettinen-nurminen", True), ("farrington-manning", False)]:
            if contrast and not correction:
                continue
            compare = "ratio" if contrast else "diff"
            r = proportion.test_proportions_2indep(x[1], n[1], x[0], n[0], value=null, method="score", compare=compare, correction=correction)
            # its restricted proportions for a difference are not those of the greatest likelihood: the linear coefficient of the cubic
            # has the responders in place of the patients (`count0 * diff - nobs - 2 * count0`)
            wrong = not contrast
            if wrong and null != 0:
                comment(method + name, "z", [sign * r.statistic], SM)
            else:
                row(method + name, "z", [sign * r.statistic], 1e-9, SM)
            try:
                limits = proportion.confint_proportions_2indep(x[1], n[1], x[0], n[0], method="score", compare=compare, correction=correction)
            except ValueError:  # its bracket ends where the statistic is infinite: nobody responds in an arm
                continue
            if wrong:
                comment(method + name, "lower upper", limits, SM)
            else:
                row(method + name, "lower upper", [math.log(v) for v in limits], 1e-8, SM)
    for name, alpha in [("newcombe", 0.05), ("newcombe/90", 0.1)]:
        limits = proportion.confint_proportions_2indep(x[1], n[1], x[0], n[0], method="newcomb", alpha=alpha)
        row(name, "lower upper", limits, 1e-10, SM)

    table = [[x[1], n[1] - x[1]], [x[0], n[0] - x[0]]]
    sides = ["greater", "less"] if sign > 0 else ["less", "greater"]
    row("fisher", "p p-against p-two-sided", [stats.fisher_exact(table, s)[1] for s in sides + ["two-sided"]], 1e-10, SCIPY)
    found = contingency.odds_ratio([[int(v) for v in r] for r in table])
    interval = found.confidence_interval(0.95)
    logs = [math.log(v) if 0 < v < math.inf else math.inf for v in (found.statistic, interval.low, interval.high)]
    row("fisher", "estimate lower upper", logs, 1e-8, SCIPY)
    # the noncentral hypergeometric distribution of the margin
    m, lo = int(x[0] + x[1]), int(max(0, x[0] + x[1] - n[0]))
    pmf = [mpmath.binomial(n[1], k) * mpmath.binomial(n[0], m - k) * mpmath.mpf(repr(ratio)) ** k for k in range(lo, min(m, n[1]) + 1)]
    at, total = pmf[int(x[1]) - lo], sum(pmf)
    tails = [sum(pmf[int(x[1]) - lo:]) / total, sum(pmf[: int(x[1]) - lo + 1]) / total]
    both = sum(q for q in pmf if q <= at * (1 + mpmath.mpf("1e-7"))) / total
    row("fisher/margin", "p p-against p-two-sided", (tails if sign > 0 else tails[::-1]) + [both], 1e-10, MP)

    for name, level in [("clopper-pearson", 0.95), ("clopper-pearson/90", 0.9)]:
        test = lambda s: stats.binomtest(int(x[1]), n[1], 0.3, s)
        limits = test("two-sided").proportion_ci(level, "exact")
        row(name, "lower upper p p-against p-two-sided", [limits.low - 0.3, limits.high - 0.3] + [test(s).pvalue for s in sides + ["two-sided"]], 1e-9, SCIPY)

    beta("beta-binomial", x, n, [1, 1], [1, 1], 0, sign)
    beta("beta-binomial/informative", x, n, [0.5, 0.5], [12, 28], margin, sign)


def beta(name, x, n, experimental, control, null, sign):
    a, b = [experimental[0] + x[1], experimental[1] + n[1] - x[1]], [control[0] + x[0], control[1] + n[0] - x[0]]
    mpmath.mp.dps = 30
    a, b = [mpmath.mpf(v) for v in a], [mpmath.mpf(v) for v in b]

    def density(s, v):
        return v ** (s[0] - 1) * (1 - v) ** (s[1] - 1) / mpmath.beta(*s)

    def integral(s, f, low, high):
        """f against the density of s, over the logit: pieces of half a standard deviation around the peak."""
        m, sd = mpmath.log(s[0] / s[1]), mpmath.sqrt(1 / s[0] + 1 / s[1])
        low, high = max(low, m - 60 * max(sd, 1)), min(high, m + 60 * max(sd, 1))
        cuts = sorted({low, high} | {m + k * sd for k in (-30, -16, -8, -5, -3, -1.5, 0, 1.5, 3, 5, 8, 16, 30) if low < m + k * sd < high})
        g = lambda t: mpmath.exp(s[0] * t - (s[0] + s[1]) * mpmath.log(1 + mpmath.exp(t))) / mpmath.beta(*s) * f(1 / (1 + mpmath.exp(-t)))
        return mpmath.quad(g, cuts, maxdegree=8)

    def above(delta):
        delta = mpmath.mpf(repr(delta))
        logit = lambda v: mpmath.log(v / (1 - v)) if 0 < v < 1 else (-mpmath.inf if v <= 0 else mpmath.inf)
        tail = lambda v: mpmath.betainc(a[0], a[1], v + delta, 1, regularized=True)
        low, high = (logit(-delta), mpmath.mpf(10) ** 6) if delta < 0 else (-mpmath.mpf(10) ** 6, logit(1 - delta))
        sure = mpmath.betainc(b[0], b[1], 0, -delta, regularized=True) if delta < 0 else 0
        return sure + integral(b, tail, low, high)

    def below(delta):
        return 1 - above(delta)

    benefit = above(null) if sign > 0 else below(null)
    row(name, "benefit p", [benefit, 1 - benefit], 1e-9, MP)
    mean = a[0] / sum(a) - b[0] / sum(b)
    # limits by scipy's quadrature, over quantiles of the control's posterior
    fa, fb = stats.beta(float(a[0]), float(a[1])), stats.beta(float(b[0]), float(b[1]))

    def cut(delta):
        nodes = [v for v in (-delta, 1 - delta) if 0 < v < 1]
        points = sorted({0.0, 1.0, 1e-8, 1 - 1e-8, 1e-4, 1 - 1e-4, 0.01, 0.99, 0.1, 0.9, 0.5} | {float(fb.cdf(v)) for v in nodes})
        f = lambda u: fa.sf(fb.ppf(u) + delta)
        return sum(integrate.quad(f, lo, hi, epsabs=1e-15, epsrel=1e-13, limit=200)[0] for lo, hi in zip(points, points[1:]))

    low, high = float(mean) - 0.6, float(mean) + 0.6
    limits = [optimize.brentq(lambda v: cut(v) - q, max(low, -1), min(high, 1), xtol=1e-14) for q in (0.975, 0.025)]
    row(name, "lower upper", limits, 1e-8, NAIVE)


def strata_of(y, arm, strata):
    found = {}
    for v, a, s in zip(y, arm, strata):
        x, n = found.setdefault(s, ([0, 0], [0, 0]))
        x[int(a)] += v
        n[int(a)] += 1
    return [v for v in found.values() if all(v[1])]


def stratified(y, arm, strata, sign, margin, ratio, pairs=False):
    found = strata_of(y, arm, strata)
    if not pairs:
        for w in ("mn", "mh"):
            for end, null, contrast in [("", 0, False), ("-margin", margin, False), ("-ratio", 1, True), ("-ratio-margin", ratio, True)]:
                score(f"miettinen-nurminen/strata-{w}{end}", found, sign, null, contrast, weights=w)
    print("# reason: statsmodels takes p-values from 1 - F, to about 1e-16 absolute")
    t = tables.StratifiedTable([numpy.array([[x[1], n[1] - x[1]], [x[0], n[0] - x[0]]], float) for x, n in found])
    row("mantel-haenszel/odds-ratio", "estimate se", [t.logodds_pooled, t.logodds_pooled_se], 1e-10, SM)
    row("mantel-haenszel/risk-ratio", "estimate", [math.log(t.riskratio_pooled)], 1e-10, SM)
    for name, correction in [("cmh", False), ("cmh/continuity", True)]:
        row(name, "p-two-sided", [t.test_null_odds(correction).pvalue], 1e-8, SM)


def matched(y, arm, pair, sign):
    by = {}
    for v, a, k in zip(y, arm, pair):
        by.setdefault(k, {})[int(a)] = int(v)
    t = numpy.zeros((2, 2))
    for v in by.values():
        t[1 - v[1], 1 - v[0]] += 1
    for name, exact, correction in [("mcnemar", False, False), ("mcnemar/continuity", False, True), ("mcnemar/exact", True, False)]:
        row(name, "p-two-sided", [tables.mcnemar(t, exact, correction).pvalue], 1e-10, SM)
    b, c = int(t[0, 1]), int(t[1, 0])
    mid = [stats.binom.sf(b, b + c, 0.5) + stats.binom.pmf(b, b + c, 0.5) / 2, stats.binom.cdf(b - 1, b + c, 0.5) + stats.binom.pmf(b, b + c, 0.5) / 2]
    row("mcnemar/mid-p", "p p-against p-two-sided", (mid if sign > 0 else mid[::-1]) + [2 * min(mid)], 1e-10, NAIVE)
    f = lambda tail: optimize.brentq(lambda v: tail(1 / (1 + math.exp(-v))) - 0.025, -10, 10, xtol=1e-14)
    lower = f(lambda p: stats.binom.sf(b, b + c, p) + stats.binom.pmf(b, b + c, p) / 2)
    upper = f(lambda p: stats.binom.cdf(b - 1, b + c, p) + stats.binom.pmf(b, b + c, p) / 2)
    row("mcnemar/mid-p", "lower upper", [lower, upper], 1e-9, NAIVE)


case = sys.argv[1]
if case == "proportions-birthwt":
    d = read("birthwt")
    unstratified(d["low"], d["smoke"], -1, 0.1, 1.3)
    stratified(d["low"], d["smoke"], list(zip(d["black"], d["other"])), -1, 0.1, 1.3)
elif case == "proportions-arthritis":
    d = read("arthritis")
    y = [float(v == 2) for v in d["improved"]]
    unstratified(y, d["treated"], 1, -0.1, 0.8)
    stratified(y, d["treated"], d["female"], 1, -0.1, 0.8)
elif case == "proportions-ucb":
    d = read("ucb")
    unstratified(d["admitted"], d["female"], 1, -0.05, 0.9)
    stratified(d["admitted"], d["female"], d["dept"], 1, -0.05, 0.9)
elif case == "proportions-pbc":
    d = read("pbc")
    unstratified(d["ascites"], d["drug"], -1, 0.05, 1.5)
    stratified(d["ascites"], d["drug"], d["stage"], -1, 0.05, 1.5)
elif case == "proportions-cholesterol":
    d = read("pbc")
    rows = [r for r in zip(d["chol"], d["drug"], d["stage"], d["trig"]) if r[0] is not None]
    unstratified([float(r[0] >= 300) for r in rows], [r[1] for r in rows], -1, 0.15, 1.3)
    rows = [r for r in rows if r[3] is not None]
    stratified([float(r[0] >= 300) for r in rows], [r[1] for r in rows], [(r[2], r[3] >= 120) for r in rows], -1, 0.15, 1.3)
elif case == "proportions-zero":
    d = read("arthritis")
    rows = [r for r in zip(d["improved"], d["treated"], d["female"]) if r[2] == 0]
    unstratified([float(r[0] == 1) for r in rows], [r[1] for r in rows], 1, -0.1, 0.8)
elif case == "pairs-diabetic":
    d = read("diabetic")
    matched(d["blind"], d["treated"], d["id"], -1)
    stratified(d["blind"], d["treated"], d["id"], -1, 0, 1, True)
elif case == "pairs-infert":
    d = read("infert_pairs")
    matched(d["spontaneous"], d["case"], d["pair"], -1)
    stratified(d["spontaneous"], d["case"], d["pair"], -1, 0, 1, True)
