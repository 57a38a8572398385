//! Covers: limits of coefficients adjusted for covariates, of right models and of wrong ones.

use patency::analysis::{Covariates, Dataset, FAMILY, Response, Rule, Scratch, Status};
use patency::estimand::Target;
use patency::protocol::{Protocol, Wanted};
use patency::scenario::form::Values;
use patency::workspace::Workspace;

use super::common::{DEFIANCE, Run, assert_calibrated, figure, row};

/// A covariate that matters, models that are right given it, one allocation of two to one.
pub(crate) const RIGHT: &str = r#"
title = "Models that are right"

[trial]
n = 300
arms = [{ name = "control" }, { name = "treatment", ratio = 2 }]

[[variable]]
name = "x"
normal = { mean = 50, sd = 10 }

[[variable]]
name = "old"
bernoulli = { probability = 0.4 }

[[outcome]]
name = "response"
bernoulli = { probability = "expit(-0.5 + 0.7 * treatment + 0.12 * (x - 50) - 0.8 * old)" }

[[outcome]]
name = "category"
ordinal = { probabilities = [0.3, 0.3, 0.25, 0.15], odds-ratio = "exp(0.6 * treatment + 0.12 * (x - 50))" }

[[outcome]]
name = "death"
exponential = { median = 10, hazard-ratio = "exp(-0.5 * treatment + 0.1 * (x - 50) * if(old, 1, 1))" }

[observation]
dropout.exponential = { risk = 0.2, by = 12 }

[[visit]]
name = "month-6"
at = 6

[cut]
horizon = 12

[[endpoint]]
name = "response"
binary = { value = "response", visit = "month-6", better = "higher", missing = "excluded" }

[[endpoint]]
name = "category"
ordinal = { value = "category", visit = "month-6", better = "higher", missing = "excluded" }

[[endpoint]]
name = "survival"
time-to-event = { event = "death", by = 24, better = "higher" }

[[analysis]]
name = "logistic"
endpoint = "response"
logistic = {}
covariates = ["x", "old"]

[[analysis]]
name = "logistic/interaction"
endpoint = "response"
logistic = {}
covariates = ["x"]
interaction = "old"

[[analysis]]
name = "ordinal"
endpoint = "category"
proportional-odds = {}
covariates = ["x"]

[[analysis]]
name = "cox"
endpoint = "survival"
cox = {}
covariates = ["x"]
"#;

#[test]
fn statistical_right_models_have_their_parameter_as_true_value_and_limit() {
    let name = "statistical_right_models_have_their_parameter_as_true_value_and_limit";
    let design = Run { truth: true, ..Run::new(RIGHT, 1_500, name) }.go().design;
    for (analysis, expected) in [("logistic", 0.7), ("logistic/interaction", 0.0), ("ordinal", 0.6), ("cox", -0.5)] {
        let a = row(&design, analysis);
        for (what, value) in [("true", a.estimand.truth), ("limit", a.estimand.limit)] {
            let (value, mcse) = figure(value);
            assert_calibrated(&format!("{analysis}, {what}"), value, expected, mcse, 0.06);
        }
        let (bias, mcse) = figure(a.estimate.bias.limit);
        let spread = figure(a.estimate.empirical_se).0;
        let most = (5.0 * mcse).max(0.05 * spread);
        assert!(bias.abs() <= most, "{analysis}: bias {bias}, MCSE {mcse}, empirical SE {spread}");
    }
}

/// Two rows of the plan whose models leave a strong covariate out and adjust for a weak one, and the estimates of `cox` where hazards
/// cross: wrong models, whose limits differ from any parameter.
fn wrong() -> String {
    RIGHT
        .replace("title = \"Models that are right\"", "title = \"Models that are wrong\"")
        .replace("exponential = { median = 10, hazard-ratio = \"exp(-0.5 * treatment + 0.1 * (x - 50) * if(old, 1, 1))\" }",
            "piecewise-exponential = { rates = [\"0.05 * exp(0.1 * (x - 50) * (1 - old))\", \"0.05 * if(treatment, 0.3, 1) * exp(0.1 * (x - 50))\"], from = [0, 6] }")
        .replace("covariates = [\"x\", \"old\"]", "covariates = [\"old\"]")
        .replace("covariates = [\"x\"]\ninteraction", "covariates = [\"max(x, 55)\"]\ninteraction")
        .replace("covariates = [\"x\"]", "covariates = [\"max(x, 55) / 10\"]")
}

/// Estimates and standard errors of one giant trial.
fn giant(text: &str, patients: usize) -> Vec<(f64, f64)> {
    let scenario = super::common::sized(text, patients);
    let protocol = Protocol::compile(&scenario, super::common::seed("giant"), Wanted::Analyses);
    let mut work = Workspace::new(&protocol);
    let mut rows = vec![patency::engine::RowRecord::EMPTY; scenario.analyses.len()];
    patency::engine::replicate(&protocol, 0, &mut work, &mut [], &mut rows).expect("no fault");
    assert!(rows.iter().all(|r| r.estimate.status == Status::Estimated));
    rows.iter().map(|r| (r.estimate.estimate, r.estimate.se)).collect()
}

#[test]
fn statistical_wrong_models_tend_to_what_a_giant_trial_gives() {
    let name = "statistical_wrong_models_tend_to_what_a_giant_trial_gives";
    let text = wrong();
    let design = Run { truth: true, ..Run::new(&text, 1_000, name) }.go().design;
    let giant = giant(&text, 150_000);
    for (analysis, (expected, se)) in ["logistic", "logistic/interaction", "ordinal", "cox"].into_iter().zip(giant) {
        let (limit, mcse) = figure(row(&design, analysis).estimand.limit);
        assert_calibrated(&format!("{analysis}, limit"), limit, expected, mcse.hypot(se), 0.25);
    }
    // censoring moves the limit of the crossing hazards away from the true value
    let cox = row(&design, "cox");
    let (truth, limit) = (figure(cox.estimand.truth).0, figure(cox.estimand.limit).0);
    assert!((truth - limit).abs() > 0.05, "{truth} {limit}");
    let logistic = figure(row(&design, "logistic").estimand.limit).0;
    assert!(logistic < 0.6, "an odds ratio shrinks where a strong covariate is left out: {logistic}");
}

#[test]
fn statistical_adjusted_rows_of_defiance_are_unbiased() {
    let name = "statistical_adjusted_rows_of_defiance_are_unbiased";
    let design = Run { truth: true, ..Run::new(DEFIANCE, 1_500, name) }.go().design;
    for analysis in ["any-pts/adjusted", "moderate-or-severe-pts/adjusted"] {
        let a = row(&design, analysis);
        let (bias, mcse) = figure(a.estimate.bias.limit);
        let spread = figure(a.estimate.empirical_se).0;
        assert!(8.0 * mcse <= 0.3 * spread, "{analysis}: MCSE {mcse}");
        assert!(bias.abs() <= (5.0 * mcse).max(0.05 * spread), "{analysis}: bias {bias}, MCSE {mcse}, SE {spread}");
    }
}

/// Deterministic numbers in (0, 1).
fn noise(k: usize) -> f64 {
    ((k as f64 + 1.0) * 0.618_033_988_749_894_9).fract()
}

/// On the data it was found on a root is what the method finds, and has nothing left to go; a patient's influence is the derivative of
/// the root by that patient's weight.
#[test]
fn twin_roots_and_influences() {
    const N: usize = 240;
    let arm: Vec<u8> = (0..N).map(|i| u8::from(noise(3 * i) < 0.5)).collect();
    let values: Vec<f64> = (0..2 * N).map(|k| 10.0 * noise(7 * k + 1) - if k < N { 0.0 } else { 5.0 }).collect();
    let score = |i: usize| 0.8 * f64::from(arm[i]) + 0.2 * values[i] - 2.0 + 4.0 * (noise(11 * i) - 0.5);
    let binary: Vec<u8> = (0..N).map(|i| u8::from(score(i) > 0.0)).collect();
    let code: Vec<u8> = (0..N).map(|i| (score(i) + 2.0).clamp(0.0, 4.0) as u8).collect();
    // ties among events, and of events with censored
    let time: Vec<f64> = (0..N).map(|i| (6.0 - score(i)).max(0.2) * 2.0).map(|t| (4.0 * t).round() / 4.0).collect();
    let event: Vec<u8> = (0..N).map(|i| u8::from(noise(13 * i) < 0.6)).collect();
    for (method, response) in [
        ("logistic", Response::Binary(&binary)),
        ("proportional-odds", Response::Ordinal { code: &code, levels: 5 }),
        ("cox", Response::Time { time: &time, event: &event, competing: &[] }),
    ] {
        let member = FAMILY.iter().find(|m| m.form.name == method).expect("a method");
        let method = (member.build)(&Values::default()).expect("no keys");
        assert!(method.target() != Target::Undefined);
        let data = Dataset {
            arm: &arm,
            response,
            covariates: Covariates { values: &values, count: 2 },
            strata: Default::default(),
        };
        let rule = Rule { alpha: 0.05, sides: 2, null: 0.0, better: patency::analysis::Better::Higher, treated: 1 };
        let estimate = method.analyse(&data, &rule, &mut Scratch::default()).estimate;
        let root = method.root(&data, [1.0, 1.0]).expect("a root");
        assert!((root.value() - estimate).abs() < 1e-7, "{method:?}: {} {estimate}", root.value());
        assert!(root.step(&data, [1.0, 1.0]).abs() < 1e-7, "{method:?}");
        // the arms' weights: the root moves as the sum of an arm's influences says
        let h = 1e-4;
        let moved = |w: f64| method.root(&data, [1.0, w]).expect("a root").value();
        let slope = (moved(1.0 + h) - moved(1.0 - h)) / (2.0 * h);
        let influence = root.step(&data, [0.0, 1.0]);
        assert!((slope - influence).abs() < 2e-5 * (1.0 + slope.abs()), "{method:?}: {slope} {influence}");
    }
}
