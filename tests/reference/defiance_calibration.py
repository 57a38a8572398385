"""Solves the parameters of scenarios/defiance.toml that no publication prints, by quadrature.

Published figures are shares of groups; the model needs log odds at the mean severity and odds ratios at a given
severity. Each is solved so that the share among patients of ATTRACT's kind (no Villalta criterion, symptoms of at most
14 days) is the published one. Output: name, value.

    python3 tests/reference/defiance_calibration.py > tests/reference/defiance_calibration.csv
"""
import platform

import numpy as np
import scipy
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit, ndtr

# 1. Villalta at entry: normal score, rounded, by maximum likelihood from ATTRACT (Vedantham 2017, Table 1).
COUNTS = np.array([126, 239, 192, 132])  # 0-4, 5-9, 10-14, 15 or more


def categories(mean, sd):
    return np.diff(np.concatenate([[0], ndtr((np.array([4.5, 9.5, 14.5]) - mean) / sd), [1]]))


fit = minimize(lambda p: -(COUNTS * np.log(categories(*p))).sum(), [9.4, 5.6], method="Nelder-Mead",
               options={"xatol": 1e-10, "fatol": 1e-10})
expected = COUNTS.sum() * categories(*fit.x)

# 2. The model at follow-up, with the parameters as rounded in the scenario.
MEAN, SD, RELIABILITY, ULCER, GAP = 9.40, 5.63, 0.8, 0.02, 0.1
SLOPE_ANY = np.log(1.09) / RELIABILITY
SLOPE_10 = np.log(1.20) / RELIABILITY
MODIFICATION = np.log(1.08 / 1.20) / RELIABILITY

# True severity less its mean, on a fine grid.
Z = np.linspace(-9, 9, 36001)
WEIGHT = np.exp(-Z * Z / 2)
WEIGHT /= WEIGHT.sum()
T = Z * SD * np.sqrt(RELIABILITY)


def above(limit):
    """P(liability >= limit) for liability = 1.5976 z + 0.07056 z^3, z standard normal: the cubic solved by Cardano."""
    p, q = 1.5976 / 0.07056, -limit / 0.07056
    root = np.sqrt(q * q / 4 + p * p * p / 27)
    return ndtr(-(np.cbrt(-q / 2 + root) + np.cbrt(-q / 2 - root)))


def shares(log_odds, log_or=(0, 0, 0), action=0):
    """Shares with 5, 10, 15 points or more (15: or an ulcer) at these log odds at the mean severity."""
    slope_10 = SLOPE_10 + action * MODIFICATION
    eta = [a + action * b for a, b in zip(log_odds, log_or)]
    five = -(eta[0] + SLOPE_ANY * T)
    ten = np.maximum(five + GAP, -(eta[1] + slope_10 * T))
    fifteen = np.maximum(ten + GAP, -(eta[2] + slope_10 * T))
    p = [float(WEIGHT @ above(x)) for x in (five, ten, fifteen)]
    return p[0], p[1], p[2] + ULCER * (p[1] - p[2])


def solve(targets, given=None):
    """Log odds (or log odds ratios, given the log odds of the controls) that give these shares, one limit after another."""
    found = [0.0, 0.0, 0.0]
    for k, target in enumerate(targets):
        def miss(x, k=k, target=target):
            trial = found[:k] + [x] + [-9.0] * (2 - k)
            return (shares(trial) if given is None else shares(given, trial, 1))[k] - target
        found[k] = brentq(miss, -8, 8, xtol=1e-13)
    return found


def moved(shares_control, ratios):
    return [float(expit(logit(p) + np.log(r))) for p, r in zip(shares_control, ratios)]


# 3. Targets.
CONTROL_6 = [0.46, 0.23, 0.12]   # any: Abramowitz 2025; half of it 10 or more, about a quarter 15 or more: assumed
CONTROL_12 = [0.38, 0.19, 0.10]  # any: Abramowitz 2025; the same shares of it
odds = lambda p: p / (1 - p)
ATTRACT = [odds(0.49) / odds(0.51), odds(0.18) / odds(0.28), odds(0.087) / odds(0.15)]  # Comerota 2019
control_6, control_12 = solve(CONTROL_6), solve(CONTROL_12)
registry_12 = solve([0.17] + moved(CONTROL_12[1:], [1 / 3.1, 1 / 3.1]), control_12)
registry_6 = solve([0.19] + moved(CONTROL_6[1:], [1 / 3.1, 1 / 3.1]), control_6)
attract = solve(moved(CONTROL_6, ATTRACT), control_6)

if __name__ == "__main__":
    print(f"# Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}")
    print("name,value")
    show = lambda name, x: print(f"{name},{x:.12g}")
    show("villalta_mean", fit.x[0])
    show("villalta_sd", fit.x[1])
    for name, p in zip(["0_4", "5_9", "10_14", "15_up"], categories(MEAN, SD)):
        show(f"entry_share_{name}", p)
    show("entry_chi_square", ((COUNTS - expected) ** 2 / expected).sum())
    for month, x in ((6, control_6), (12, control_12)):
        for name, v in zip(["any", "10", "15"], x):
            show(f"log_odds_{name}_{month}", v)
    show("or_any_registry_6", np.exp(registry_6[0]))
    show("or_any_registry_12", np.exp(registry_12[0]))
    show("or_10_registry", np.exp(registry_12[1]))
    show("or_15_registry", np.exp(registry_12[2]))
    show("or_10_registry_if_solved_at_6", np.exp(registry_6[1]))
    show("or_15_registry_if_solved_at_6", np.exp(registry_6[2]))
    for name, published, v in zip(["any", "10", "15"], ATTRACT, attract):
        show(f"or_{name}_attract_published", published)
        show(f"or_{name}_attract", np.exp(v))
