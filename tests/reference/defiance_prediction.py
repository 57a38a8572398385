"""A naive reading of scenarios/defiance.toml: draws one large cohort per variant and prints what the scenario implies.

It interprets the file itself (expressions, distributions, criteria, variants), so it checks the file, not a copy of it.
Both potential outcomes of every enrolled patient are drawn; no dropout, no cut. Pairs are counted, not sampled.

    python3 tests/reference/defiance_prediction.py > tests/reference/defiance_prediction.csv
"""
import ast
import platform
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import scipy
from scipy.special import expit, logit, ndtr, ndtri

CANDIDATES, SEED = 4_000_000, 1
FILE = Path(__file__).parents[2] / "scenarios" / "defiance.toml"
FUNCTIONS = {"if_": np.where, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor,
             "clamp": np.clip, "logit": logit, "expit": expit, "min": np.minimum, "max": np.maximum,
             "round": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
             "and_": np.logical_and, "or_": np.logical_or, "not_": np.logical_not}


class Elementwise(ast.NodeTransformer):
    def visit_BoolOp(self, node):
        self.generic_visit(node)
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        out = node.values[0]
        for value in node.values[1:]:
            out = ast.Call(ast.Name(name, ast.Load()), [out, value], [])
        return out

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return ast.Call(ast.Name("not_", ast.Load()), [node.operand], []) if isinstance(node.op, ast.Not) else node


def evaluate(text, names):
    if not isinstance(text, str):
        return text
    source = " ".join(re.sub(r"\bif\(", "if_(", text.replace("^", "**")).split())
    tree = ast.fix_missing_locations(Elementwise().visit(ast.parse(source, mode="eval")))
    with np.errstate(all="ignore"):
        return eval(compile(tree, text, "eval"), {"__builtins__": {}}, FUNCTIONS | names)


def parameters(table):
    values, left = {}, {k: v["value"] if isinstance(v, dict) else v for k, v in table.items()}
    while left:
        before = len(left)
        for name, text in list(left.items()):
            try:
                values[name] = float(evaluate(text, values))
                del left[name]
            except NameError:
                pass
        assert len(left) < before, f"cycle or unknown name: {sorted(left)}"
    return values


def resolved(file, variant):
    scenario = {k: v for k, v in file.items() if k != "variant"}
    changes = file["variant"].get(variant, {})
    scenario["parameters"] = scenario["parameters"] | changes.get("parameters", {})
    off = {x.split(".")[-1] for x in changes.get("off", [])}
    for kind in ("variable", "inclusion", "exclusion", "outcome", "endpoint", "analysis"):
        new = {x["name"]: x for x in changes.get(kind, [])}
        known = {x["name"] for x in scenario[kind]}
        assert set(new) <= known, set(new) - known
        scenario[kind] = [new.get(x["name"], x) for x in scenario[kind]
                          if not (kind in ("inclusion", "exclusion") and x["name"] in off)]
    return scenario


def draw(entry, names, u):
    at = lambda table, key, default=None: evaluate(table.get(key, default), names)
    if "normal" in entry:
        d = entry["normal"]
        mean, sd = at(d, "mean"), at(d, "sd")
        low, high = ndtr((at(d, "min", -1e9) - mean) / sd), ndtr((at(d, "max", 1e9) - mean) / sd)
        return mean + sd * ndtri(low + u * (high - low))
    if "lognormal" in entry:
        return at(entry["lognormal"], "median") * np.exp(at(entry["lognormal"], "sigma") * ndtri(u))
    if "bernoulli" in entry:
        return (u < at(entry["bernoulli"], "probability")).astype(float)
    if "exponential" in entry:
        d = entry["exponential"]
        return np.log(u) / np.log1p(-at(d, "risk")) * at(d, "by") / at(d, "hazard-ratio", 1)
    if "piecewise-exponential" in entry:
        d = entry["piecewise-exponential"]
        left, time = -np.log(u), np.full(u.shape, np.inf)
        for j, start in enumerate(d["from"]):
            rate = evaluate(d["rates"][j], names)
            end = d["from"][j + 1] if j + 1 < len(d["from"]) else np.inf
            hit = np.isinf(time) & (left <= rate * (end - start))
            time = np.where(hit, start + left / rate, time)
            left = left - rate * (end - start)
        return time
    return evaluate(entry["derived"], names)


def world(file, variant):
    rng = np.random.default_rng(SEED)
    s = resolved(file, variant)
    names = parameters(s["parameters"])
    score = {v["name"]: rng.random(CANDIDATES) for v in s["variable"]}
    for c in s["correlation"]:  # normal scores
        a, b = c["between"]
        r = c["value"]
        score[b] = ndtr(r * ndtri(score[a]) + np.sqrt(1 - r * r) * ndtri(score[b]))
    columns = {}
    for v in s["variable"]:
        columns[v["name"]] = draw(v, names | columns, score[v["name"]])
    keep, funnel = np.ones(CANDIDATES, bool), []
    for kind in ("inclusion", "exclusion"):
        for c in s[kind]:
            holds = evaluate(c["when"], names | columns) if "when" in c else rng.random(CANDIDATES) < names[c["prevalence"]]
            fails = keep & (~holds if kind == "inclusion" else holds)
            funnel.append((c["name"], fails.sum() / keep.sum()))
            keep &= ~fails
    enrolled = {k: x[keep] for k, x in columns.items()}
    arms = [a["name"] for a in s["trial"]["arms"]]
    noise = {o["name"]: rng.random(keep.sum()) for o in s["outcome"]}
    noise = {k: 1 - x for k, x in noise.items()}  # (0, 1]
    results = []
    for arm in arms:
        c = enrolled | {a: float(a == arm) for a in arms}
        for o in s["outcome"]:
            c[o["name"]] = draw(o, names | c, np.minimum(noise[o["name"]], 1 - 1e-16))
        results.append(c)
    return names, columns, funnel, keep.mean(), results


def pairs(control, treated, by_time=False):
    """Probabilities of a win and a loss of the hierarchy (occurrence, then category; tied where other death left no score)."""
    def cells(c):
        failed = np.minimum(np.minimum(c["amputation"], c["vte_death"]), c["escalation"])
        dead = np.minimum(c["other_death"], c["vte_death"]) <= 6.25
        category = np.digitize(c["pts_6"], [5, 10, 15])
        code = np.where(dead, 4, category)
        fail = failed <= 6
        return np.array([[np.mean((fail == f) & (code == k)) for k in range(5)] for f in (False, True)])
    a, b = cells(control), cells(treated)
    win = b[0].sum() * a[1].sum()
    loss = a[0].sum() * b[1].sum()
    for f in range(2):
        for i in range(4):
            for j in range(4):
                win += a[f, i] * b[f, j] * (j < i)
                loss += a[f, i] * b[f, j] * (j > i)
    return win, loss


def show(variant, name, value):
    print(f"{variant},{name},{value:.6g}")


if __name__ == "__main__":
    file = tomllib.loads(FILE.read_text())
    print(f"# Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}; "
          f"{CANDIDATES} candidates a variant, seed {SEED}")
    print("variant,quantity,value")
    for variant in sys.argv[1:] or ["base", *file["variant"]]:
        names, columns, funnel, share, (control, treated) = world(file, variant)
        if variant in ("base", "matched-published"):
            for i, label in enumerate(["0_4", "5_9", "10_14", "15_up"]):
                show(variant, f"candidates_villalta_{label}", np.mean(np.digitize(columns["villalta_0"], [5, 10, 15]) == i))
            for name, x in funnel:
                show(variant, f"excluded_{name}", x)
        show(variant, "eligible", share)
        show(variant, "candidates_per_300", 300 / share)
        v0 = control["villalta_0"]
        show(variant, "enrolled_villalta_0_mean", v0.mean())
        show(variant, "enrolled_villalta_0_sd", v0.std())
        show(variant, "enrolled_villalta_0_15_up", np.mean(v0 >= 15))
        show(variant, "enrolled_within_14_days", np.mean(control["symptom_days"] <= 14))
        for arm, c in (("control", control), ("treated", treated)):
            for name, at in (("any", 5), ("10_up", 10), ("15_up", 15)):
                show(variant, f"{arm}_pts_6_{name}", np.mean(c["pts_6"] >= at))
            show(variant, f"{arm}_any_pts_12", np.mean(c["villalta_12"] >= 5))
            show(variant, f"{arm}_10_up_12", np.mean(c["villalta_12"] >= 10))
            show(variant, f"{arm}_villalta_6_mean", c["villalta_6"].mean())
            show(variant, f"{arm}_villalta_6_sd", c["villalta_6"].std())
            show(variant, f"{arm}_villalta_6_median", np.median(c["villalta_6"]))
            show(variant, f"{arm}_change_mean", (c["villalta_6"] - v0).mean())
            show(variant, f"{arm}_correlation_0_6", np.corrcoef(c["score_0"], c["score_6"])[0, 1])
            show(variant, f"{arm}_unrounded_change", (c["score_6"] - c["score_0"]).mean())
            for event in ("escalation", "rethrombosis", "bleeding", "pulmonary_embolism", "vte_death", "other_death"):
                show(variant, f"{arm}_{event}_6", np.mean(c[event] <= 6))
        show(variant, "regression_to_the_mean_formula",
             -(1 - names["reliability"]) * (control["score_0"].mean() - names["villalta_mean"]))
        win, loss = pairs(control, treated)
        for name, x in (("win", win), ("loss", loss), ("tie", 1 - win - loss), ("win_ratio", win / loss)):
            show(variant, name, x)
        rows = {"within_14_days": control["symptom_days"] <= 14, "beyond_14_days": control["symptom_days"] > 14,
                "villalta_10_14": (v0 >= 10) & (v0 < 15), "villalta_15": v0 >= 15}
        for name, mask in rows.items():
            if mask.sum() > 1000:
                pick = lambda c: {k: c[k][mask] for k in ("amputation", "vte_death", "escalation", "other_death", "pts_6")}
                win, loss = pairs(pick(control), pick(treated))
                show(variant, f"win_ratio_{name}", win / loss)
