//! Covers: the planning formulas beside the simulated power, against figures worked out elsewhere.

use super::common::{DEFIER, P1, P2, P4, P6, Run, assert_calibrated, assert_within, row, with_rows};

/// R 4.2.2: `power.prop.test(n = 150, p1 = .35, p2 = .5, strict = FALSE)`; `pnorm(-log(.75) * sqrt(354.3 / 4) - 1.96)` with the Peto limit
/// −.28828 of P2 in place of ln .75; Yu and Ganju's variance 16/3 (1 + t)/(1 − t)/300 at P4's closed-form .49919 and .35635.
#[test]
fn reference_formulas_at_the_yardsticks() {
    for (name, text, expected) in [("Fleiss", P1, 0.75037), ("Schoenfeld", P2, 0.7743), ("Yu and Ganju", P4, 0.5894)] {
        let design = Run { truth: true, ..Run::new(text, 4_000, name) }.go().design;
        let a = &design.analyses[0];
        let planning = a.planning.as_ref().expect("a formula exists");
        assert!(planning.formula.starts_with(name), "{}", planning.formula);
        // the formula inherits the error of the limit: at most the normal density's height a standard error
        let limit = a.estimand.limit.expect("a limit").mcse.expect("an error");
        let error = 0.4 * limit / a.estimate.model_se.expect("a standard error").estimate;
        assert_calibrated(name, planning.power, expected, error.max(0.0005), 0.05);
    }
}

/// P6: E[1/(e(1 − e))] is 4.39052 over its six covariates, and the limit -.26208, both by integration; at 396.64
/// events: Φ(.26208 √(396.64/4.39052) − 1.95996) = .7023. The robust variance that the simulated test uses is the formula's own.
#[test]
fn reference_weighted_cox_at_p6() {
    let design = Run { truth: true, ..Run::new(P6, 4_000, "reference_weighted_cox_at_p6") }.go().design;
    let a = row(&design, "primary/robust");
    let planning = a.planning.as_ref().expect("a formula exists");
    assert!(planning.formula.starts_with("Schoenfeld"), "{}", planning.formula);
    let limit = a.estimand.limit.expect("a limit").mcse.expect("an error");
    let error = 0.4 * limit / a.estimate.model_se.expect("a standard error").estimate;
    assert_calibrated("P6, formula", planning.power, 0.7023, error.max(0.0005), 0.05);
    assert_within("P6, simulated", a.power.estimate, planning.power, 0.03, a.power.mcse.expect("an error"), 0.1);
}

/// Within three points for the effect in everyone, in the treated and in the overlap.
#[test]
fn statistical_weighted_cox_has_nearly_the_planned_power() {
    let name = "statistical_weighted_cox_has_nearly_the_planned_power";
    let text = with_rows(DEFIER, &["primary/robust", "primary/stacked", "att/cox", "ato/cox"], "");
    let run = Run { variant: Some("des-better"), truth: true, ..Run::new(&text, 2_000, name) };
    for a in &run.go().design.analyses {
        let planned = a.planning.as_ref().expect("a formula exists").power;
        let mcse = a.power.mcse.expect("an error");
        assert_within(&a.name, a.power.estimate, planned, 0.03, mcse, 0.12);
    }
}

/// R 4.2.2: `power.t.test(n = 63, delta = 5, sd = 10)`, .795167. With a covariate that explains half of the variance: residual SD 1, effect .5
/// of it, 100 patients, the mean squared standard error larger by 97/96, since arms differ in the covariate by chance;
/// `1 - pt(qt(.975, 97), 97, 2.5 / sqrt(97 / 96))`, .692317.
#[test]
fn reference_t_test_and_ancova() {
    let scores = r#"
title = "scores"

[trial]
n = 126
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[[variable]]
name = "before"
normal = { mean = 0, sd = 1 }

[[outcome]]
name = "score"
normal = { mean = "if(treatment, 5, 0)", sd = 10 }

[[outcome]]
name = "after"
normal = { mean = "before + if(treatment, 0.5, 0)", sd = 1 }

[[endpoint]]
name = "score"
score = { value = "score", better = "higher" }

[[endpoint]]
name = "after"
score = { value = "after", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "score"
t-test = { variance = "pooled" }

[[analysis]]
name = "adjusted"
endpoint = "after"
ancova = {}
covariates = ["before"]
"#;
    for (name, n, expected) in [("primary", "n = 126", 0.795_167), ("adjusted", "n = 100", 0.692_317)] {
        let text = scores.replace("n = 126", n);
        let design = Run { truth: true, ..Run::new(&text, 4_000, name) }.go().design;
        let a = row(&design, name);
        let planning = a.planning.as_ref().expect("a formula exists");
        assert!(planning.formula.starts_with("two-sample t test"), "{}", planning.formula);
        // of the limit and of the standard error, both simulated
        let se = a.estimate.model_se.expect("a standard error");
        let limit = a.estimand.limit.expect("a limit").mcse.expect("an error");
        let error = 0.4 * limit.hypot(3.0 * se.mcse.expect("an error")) / se.estimate;
        assert_calibrated(name, planning.power, expected, error.max(0.0005), 0.05);
        assert_calibrated(name, a.power.estimate, expected, a.power.mcse.expect("an error"), 0.07);
    }
}
