//! Covers: quoted figures that are those of the enrolled controls.

use patency::engine;
use patency::marginal::{self, PATIENTS};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::diagnostic::Code;
use patency::scenario::{Marginal, Options, Scenario};
use patency::workspace::Workspace;

use super::common::{assert_calibrated, read, seed};

/// The enrolled have a higher frailty than candidates, and hazards that differ many times over.
const TRIAL: &str = r#"
title = "Marginal"

[trial]
n = 400
arms = [{ name = "treatment" }, { name = "usual" }]
control = "usual"

[[variable]]
name = "frailty"
normal = { mean = 0, sd = 1 }

[[inclusion]]
name = "frail"
when = "frailty > -0.5"

OUTCOMES

[[endpoint]]
name = "first"
time-to-event = { event = "first", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "first"
log-rank = {}
"#;

fn trial(outcomes: &[(&str, &str)]) -> Scenario {
    let outcomes: String =
        outcomes.iter().map(|(name, law)| format!("[[outcome]]\nname = \"{name}\"\n{law}\n")).collect();
    read(&TRIAL.replace("OUTCOMES", &outcomes), &Options::default())
}

fn solved(outcomes: &[(&str, &str)]) -> Scenario {
    marginal::solve(trial(outcomes)).unwrap_or_else(|finding| panic!("{}", finding.message))
}

fn factor(scenario: &Scenario, outcome: &str) -> f64 {
    let variable = scenario.variables.iter().find(|v| v.name == outcome).expect("the outcome");
    match variable.marginal {
        Marginal::Solved(factor) => factor,
        other => panic!("{other:?}"),
    }
}

/// Where the hazard ratio of all controls is one number, the factor is its inverse; the arms' own ratio stays.
#[test]
fn by_hand_the_same_hazard_ratio_for_all_controls_is_undone() {
    for law in [
        "exponential = { risk = 0.3, by = 12, KEYS }",
        "exponential = { rate = 0.05, KEYS }",
        "weibull = { shape = 1.7, median = 9, KEYS }",
        "weibull = { shape = 0.6, scale = 9, KEYS }",
        "gompertz = { shape = -0.02, risk = 0.3, by = 12, KEYS }",
        "gompertz = { shape = 0.1, rate = 0.02, KEYS }",
        "log-logistic = { shape = 2, scale = 8, KEYS }",
        "log-logistic = { shape = 1.2, risk = 0.3, by = 12, KEYS }",
        "piecewise-exponential = { rates = [0.02, 0.1], from = [0, 6], KEYS }",
    ] {
        let keys = r#"hazard-ratio = "if(usual, 4, 0.5)", marginal = true"#;
        let scenario = solved(&[("first", &law.replace("KEYS", keys))]);
        let found = factor(&scenario, "first");
        assert!((found - 0.25).abs() < 1e-12, "{law}: {found}");
    }
}

/// Risks of the enrolled controls in trials of their own, beside those quoted; the later outcomes read the earlier ones.
#[test]
fn statistical_enrolled_controls_have_the_quoted_risk() {
    let scenario = solved(&[
        (
            "first",
            r#"weibull = { shape = 1.4, risk = 0.3, by = 12, hazard-ratio = "exp(1.2 * frailty) * if(usual, 1, 0.6)", marginal = true }"#,
        ),
        ("second", r#"exponential = { rate = 0.05, hazard-ratio = "if(first < 6, 5, 1)", marginal = true }"#),
        ("third", r#"log-logistic = { shape = 2, median = 10, hazard-ratio = "exp(frailty)", marginal = true }"#),
        (
            "fourth",
            r#"gompertz = { shape = -0.1, risk = 0.2, by = 6, hazard-ratio = "exp(frailty)", marginal = true }"#,
        ),
        (
            "fifth",
            r#"piecewise-exponential = { rates = [0.05, 0.1], from = [0, 6], hazard-ratio = "exp(frailty)", marginal = true }"#,
        ),
        ("plain", r#"weibull = { shape = 1.4, risk = 0.3, by = 12, hazard-ratio = "exp(1.2 * frailty)" }"#),
    ]);
    let ln2 = std::f64::consts::LN_2;
    let quoted = [(12.0, 0.3), (ln2 / 0.05, 0.5), (10.0, 0.5), (6.0, 0.2), (6.0 + (ln2 - 0.3) / 0.1, 0.5), (12.0, 0.3)];
    let protocol = Protocol::compile(&scenario, seed("statistical_enrolled_controls"), Wanted::Everything);
    let mut work = Workspace::new(&protocol);
    let mut funnel = [0];
    let (mut patients, mut events) = (0.0, [0.0; 6]);
    for replicate in 0..250 {
        let record = engine::enrol(&protocol, replicate, &mut work, &mut funnel).expect("no fault");
        engine::potential_outcomes(&protocol, replicate, 1, &mut work).expect("no fault");
        patients += f64::from(record.enrolled);
        for (c, ((by, _), events)) in quoted.iter().zip(&mut events).enumerate() {
            let times = &work.cohort().real[scenario.population + c];
            *events += times.iter().filter(|t| *t <= by).count() as f64;
        }
    }
    for (c, ((_, risk), events)) in quoted.into_iter().zip(events).enumerate() {
        let found = events / patients;
        // of the trials, and at most of the pilot that solved the scale
        let mcse = (risk * (1.0 - risk) * (1.0 / patients + 1.0 / PATIENTS as f64)).sqrt();
        if c < 5 {
            assert_calibrated(&scenario.variables[scenario.population + c].name, found, risk, mcse, 0.03);
        } else {
            assert!(found - risk > 8.0 * mcse, "without `marginal` it is another figure: {found}");
        }
    }
}

/// The factor belongs to the scenario: not to the size of the trial.
#[test]
fn contract_the_factor_does_not_depend_on_the_size() {
    let outcome =
        [("first", r#"exponential = { risk = 0.3, by = 12, hazard-ratio = "exp(frailty)", marginal = true }"#)];
    let (small, mut large) = (trial(&outcome), trial(&outcome));
    large.n = 700;
    let [a, b] = [small, large].map(|s| marginal::solve(s).unwrap_or_else(|finding| panic!("{}", finding.message)));
    assert_eq!((a.n, b.n), (400, 700));
    assert_eq!(factor(&a, "first").to_bits(), factor(&b, "first").to_bits());
}

#[test]
fn by_hand_what_no_scale_gives() {
    let half_never =
        r#"exponential = { risk = 0.9, by = 12, hazard-ratio = "if(frailty > 0, 1, 0)", marginal = true }"#;
    let finding = marginal::solve(trial(&[("first", half_never)])).expect_err("half of them never have it");
    assert_eq!(finding.code, Code::Unreachable);
    assert!(finding.message.contains("a risk of 0.9"), "{}", finding.message);
    let negative = r#"exponential = { risk = 0.9, by = 12, hazard-ratio = "frailty", marginal = true }"#;
    let finding = marginal::solve(trial(&[("first", negative)])).expect_err("hazard ratios below 0");
    assert_eq!(finding.code, Code::OutOfDomain);
    let never = r#"exponential = { risk = 0, by = 12, hazard-ratio = "exp(frailty)", marginal = true }"#;
    assert_eq!(factor(&solved(&[("first", never)]), "first"), 1.0);
}

#[test]
#[should_panic(expected = "solved before a scenario is compiled")]
fn contract_an_unsolved_scenario_is_not_compiled() {
    let scenario = trial(&[("first", "exponential = { risk = 0.3, by = 12, marginal = true }")]);
    let _ = Protocol::compile(&scenario, 1, Wanted::Analyses);
}
