"""Win statistics over all pairs by their definitions, with NumPy; see wins.R."""
import csv
import sys

import numpy as np

name = sys.argv[1]
file = {"colon": "colon_tiers"}.get(name, name)
rows = list(csv.DictReader(line for line in open(f"../data/{file}.csv") if line[0] != "#"))
get = lambda c: np.array([float(r[c]) if r[c] != "NA" else np.nan for r in rows])
BY = f"Python {sys.version.split()[0]} NumPy {np.__version__}"


def row(analysis, quantity, value, tolerance=1e-10):
    print(f"{analysis},{quantity},{value:.17g},{tolerance},{BY}")


def by_time(time, event):
    win = (event[None, :] == 1) & (time[None, :] < time[:, None])
    return win.astype(int) - win.T


def by_score(value, threshold):
    difference = value[:, None] - value[None, :]
    return (difference > threshold).astype(int) - (difference < -threshold)


def hierarchy(*tiers):
    out = np.zeros_like(tiers[0])
    for tier in tiers:
        out = np.where(out == 0, tier, out)
    return out


def tests(verdict, arm, stratum, suffix):
    u = np.where(stratum[:, None] == stratum[None, :], verdict, 0).sum(axis=1)
    score = u[arm == 1].sum()
    variance = 0
    for s in np.unique(stratum):
        own = stratum == s
        n, n1 = own.sum(), (own & (arm == 1)).sum()
        variance += n1 * (n - n1) / (n * (n - 1)) * (u[own] ** 2).sum() if n > 1 else 0
    row(f"finkelstein-schoenfeld{suffix}", "score", score, 1e-14)
    row(f"finkelstein-schoenfeld{suffix}", "variance", variance, 1e-12)
    row(f"finkelstein-schoenfeld{suffix}", "z", score / variance**0.5, 1e-12)


def wins(verdict, arm, stratum, suffix):
    """Weights 1/n of the stratum; the projection of each patient less the mean of arm and stratum."""
    size = np.array([(stratum == s).sum() for s in stratum])
    met = (arm[:, None] != arm[None, :]) & (stratum[:, None] == stratum[None, :])
    sign = np.where(arm == 1, 1, -1)[:, None] * verdict
    won, lost = ((met & (sign == v)).sum(axis=1) / size for v in (1, -1))
    all_met = met.sum(axis=1) / size
    w, l, pairs = (x[arm == 1].sum() for x in (won, lost, all_met))

    def se(part):
        part = part.copy()
        for s in np.unique(stratum):
            for a in (0, 1):
                own = (stratum == s) & (arm == a)
                if own.any():
                    part[own] -= part[own].mean()
        return (part**2).sum() ** 0.5

    benefit, spread = (w - l) / pairs, se((won - lost) / pairs)
    theta, error = (1 + benefit) / 2, spread / 2
    logit = np.log(theta / (1 - theta))
    for analysis, estimate, error in (
        ("win-ratio", np.log(w / l), se(won / w - lost / l)),
        ("net-benefit", benefit, spread),
        ("win-odds", logit, error / (theta * (1 - theta))),
        ("door", theta, error),
    ):
        if name != "housing" or analysis == "door":
            row(analysis + suffix, "estimate", estimate, 1e-11)
            row(analysis + suffix, "se", error)
    if not suffix:
        q, slope = 1.959963984540054, theta * (1 - theta)
        for quantity, at in (("lower", logit - q * error / slope), ("upper", logit + q * error / slope)):
            row("door/logit", quantity, 1 / (1 + np.exp(-at)))
        row("door/logit", "z", logit * slope / error)


def weighted(analysis, tiers, arm, least):
    """Pairs over the probabilities that neither patient is censored before the loser's event."""
    n = len(arm)
    won, lost = np.zeros(n), np.zeros(n)
    weights = []
    for time, event in tiers:
        g = np.ones((2, n))
        for a in (0, 1):
            t, c = time[arm == a], event[arm == a] == 0
            for i in range(n):
                held = free = 1.0
                for s in np.unique(t[c & (t < time[i])]):
                    free *= 1 - (c & (t == s)).sum() / ((t > s) | c & (t == s)).sum()
                    held = free if free >= least else held
                g[a, i] = held
        weights.append(1 / g.prod(axis=0))
    for i in np.flatnonzero(arm == 1):
        for j in np.flatnonzero(arm == 0):
            for (time, event), weight in zip(tiers, weights):
                if event[j] == 1 and time[j] < time[i]:
                    won[[i, j]] += weight[j]
                    break
                if event[i] == 1 and time[i] < time[j]:
                    lost[[i, j]] += weight[i]
                    break
    w, l = won[arm == 1].sum(), lost[arm == 1].sum()
    row(analysis, "estimate", np.log(w / l))
    row(analysis, "se", ((won / w - lost / l) ** 2).sum() ** 0.5)
    pairs = (arm == 1).sum() * (arm == 0).sum()
    row(analysis, "win", w / pairs)
    row(analysis, "loss", l / pairs)


if name == "veteran":
    arm, stratum, event = get("arm"), get("celltype"), get("event")
    death = (get("time") + 0.25 * (event == 0), event)
    verdict = hierarchy(by_time(*death), by_score(get("karno"), 10))
    weighted("win-ratio-ipcw/death", [death], arm, 0.1)
elif name == "colon":
    arm, stratum = get("arm"), 2 * get("extent") + get("sex")
    death, again = get("death_event"), get("recurrence_event")
    tiers = [(get("death_time") + 0.25 * (death == 0), death), (get("recurrence_time") + 0.25 * (again == 0), again)]
    verdict = hierarchy(*(by_time(*tier) for tier in tiers), by_score(-get("nodes"), 2))
    weighted("win-ratio-ipcw/death", tiers[:1], arm, 0.1)
    weighted("win-ratio-ipcw/times", tiers, arm, 0.3)
else:
    arm, stratum = get("contact"), 4 * get("apartment") + 2 * get("atrium") + get("terrace")
    verdict = by_score(get("sat"), 0)
whole = np.zeros_like(stratum)
for strata, suffix in ((whole, ""), (stratum, "/stratified")):
    wins(verdict, arm, strata, suffix)
    if name != "housing":
        tests(verdict, arm, strata, suffix)
