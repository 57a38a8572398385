//! Covers: true values and limits with competing death and with events seen at visits, against closed forms and integrals.

use patency::result::Design;

use super::common::{Run, assert_calibrated, assert_within, figure, row};

/// Constant hazards of the event (.04, ratio .6) and of death (.02, ratio 3), independent of each other; a fifth is lost by month 12.
const DEATH: &str = r#"
title = "Competing death"

[trial]
n = 300
arms = [{ name = "control" }, { name = "treatment" }]

[[outcome]]
name = "relapse"
exponential = { rate = 0.04, hazard-ratio = "if(treatment, 0.6, 1)" }

[[outcome]]
name = "death"
exponential = { rate = 0.02, hazard-ratio = "if(treatment, 3, 1)" }

[observation]
death = ["death"]
dropout.exponential = { risk = 0.2, by = 12 }

[cut]
horizon = 24

[[endpoint]]
name = "relapse"
time-to-event = { event = "relapse", competing = "death", by = 12, better = "higher" }

[[analysis]]
name = "incidence"
endpoint = "relapse"
cumulative-incidence = { at = 12 }

[[analysis]]
name = "kaplan-meier"
endpoint = "relapse"
kaplan-meier = { at = 12 }

[[analysis]]
name = "restricted-mean"
endpoint = "relapse"
restricted-mean = { at = 12 }

[[analysis]]
name = "cause-specific"
endpoint = "relapse"
cox = {}

[[analysis]]
name = "subdistribution"
endpoint = "relapse"
fine-gray = {}
"#;

const CAUSE: [f64; 2] = [0.04, 0.04 * 0.6];
const OTHER: [f64; 2] = [0.02, 0.02 * 3.0];
const AT: f64 = 12.0;

/// λ/(λ + μ) (1 − exp(−(λ + μ) t))
fn incidence(arm: usize, t: f64) -> f64 {
    let all = CAUSE[arm] + OTHER[arm];
    CAUSE[arm] / all * (1.0 - (-all * t).exp())
}

/// Root of the score of the subdistribution hazard, arms of equal size, patients at risk until the event itself. Its hazards are not
/// proportional: months count with the share not lost by then.
fn subdistribution(loss: f64) -> f64 {
    const STEPS: usize = 6_000;
    let score = |beta: f64| {
        let step = AT / STEPS as f64;
        (0..STEPS)
            .map(|i| {
                let t = (i as f64 + 0.5) * step;
                let [f0, f1] = [0, 1].map(|a: usize| CAUSE[a] * (-(CAUSE[a] + OTHER[a]) * t).exp());
                let [y0, y1] = [0, 1].map(|a: usize| 1.0 - incidence(a, t));
                (-loss * t).exp() * (f1 * y0 - beta.exp() * y1 * f0) / (beta.exp() * y1 + y0)
            })
            .sum::<f64>()
    };
    let (mut low, mut high) = (-3.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        (low, high) = if score(middle) > 0.0 { (middle, high) } else { (low, middle) };
    }
    0.5 * (low + high)
}

fn check(design: &Design, name: &str, truth: f64, limit: f64, defect: f64) {
    let a = row(design, name);
    let (value, mcse) = figure(a.estimand.truth);
    assert_calibrated(&format!("{name}, true"), value, truth, mcse, defect);
    let (value, mcse) = figure(a.estimand.limit);
    assert_calibrated(&format!("{name}, limit"), value, limit, mcse, defect);
    let (bias, mcse) = figure(a.estimate.bias.limit);
    let spread = figure(a.estimate.empirical_se).0;
    // log ratios are estimated with a bias of a few hundredths of their standard error at this size
    assert_within(&format!("{name}, bias"), bias, 0.0, 0.05 * spread, mcse, 0.3 * spread);
    assert_eq!(a.failures.total, 0, "{name}");
}

#[test]
fn statistical_competing_death_in_closed_form() {
    let name = "statistical_competing_death_in_closed_form";
    let design = Run { truth: true, ..Run::new(DEATH, 3_000, name) }.go().design;
    let both = |f: &dyn Fn(usize) -> f64| f(1) - f(0);
    let risk = both(&|a| incidence(a, AT));
    check(&design, "incidence", risk, risk, 0.006);
    // death switched off
    let alive = both(&|a| (-CAUSE[a] * AT).exp());
    check(&design, "kaplan-meier", alive, alive, 0.006);
    let mean = both(&|a| (1.0 - (-CAUSE[a] * AT).exp()) / CAUSE[a]);
    check(&design, "restricted-mean", mean, mean, 0.05);
    check(&design, "cause-specific", 0.6f64.ln(), 0.6f64.ln(), 0.03);
    let ratio = subdistribution(0.0);
    check(&design, "subdistribution", ratio, subdistribution(-0.8f64.ln() / AT), 0.03);
    // five questions with five answers
    assert!((alive + risk).abs() > 0.01 && (ratio - 0.6f64.ln()).abs() > 0.02, "{alive} {risk} {ratio}");
}

/// A constant hazard of .05 against .03, looked for at three visits, of which two have windows; nobody dies, is lost or stays away.
const VISITS: &str = r#"
title = "Events seen at visits"

[trial]
n = 300
arms = [{ name = "control" }, { name = "treatment" }]

[[outcome]]
name = "loss"
exponential = { rate = "if(treatment, 0.03, 0.05)" }

[[visit]]
name = "six"
at = 6
window = [5, 7.5]

[[visit]]
name = "twelve"
at = 12
window = [11, 14]

[[visit]]
name = "last"
at = 24

[cut]
horizon = 25

[[endpoint]]
name = "between"
interval-censored = { event = "loss", visits = ["six", "twelve", "last"], better = "higher" }

[[endpoint]]
name = "dated"
visit-dated = { event = "loss", visits = ["six", "twelve", "last"], by = 24, better = "higher" }

[[analysis]]
name = "turnbull/last"
endpoint = "between"
turnbull = { at = 24 }

[[analysis]]
name = "dated"
endpoint = "dated"
kaplan-meier = { at = 12 }

[[analysis]]
name = "dated/upper-edge"
endpoint = "dated"
kaplan-meier = { at = 14 }
"#;

/// Mean of exp(−λ v) over a visit's day v, uniform from `a` to `b`.
fn mean_survival(rate: f64, a: f64, b: f64) -> f64 {
    ((-rate * a).exp() - (-rate * b).exp()) / (rate * (b - a))
}

#[test]
fn statistical_the_shortcut_has_a_limit_of_its_own() {
    let name = "statistical_the_shortcut_has_a_limit_of_its_own";
    let design = Run { truth: true, ..Run::new(VISITS, 3_000, name) }.go().design;
    let rates = [0.05, 0.03];
    let both = |f: &dyn Fn(f64) -> f64| f(rates[1]) - f(rates[0]);
    let alive = |t: f64| both(&|rate| (-rate * t).exp());
    // at month 12 a third of the second visits has been held, those from 11 to 12; the others know of month 6 only
    let dated = both(&|rate| mean_survival(rate, 11.0, 12.0) / 3.0 + mean_survival(rate, 5.0, 7.5) * 2.0 / 3.0);
    let upper = both(&|rate| mean_survival(rate, 11.0, 14.0));
    for (name, at, limit) in [("dated", 12.0, dated), ("dated/upper-edge", 14.0, upper)] {
        check(&design, name, alive(at), limit, 0.006);
    }
    // what the shortcut costs: 3.6 points of a difference of 14.9, at the window's upper edge .9 of 16.0
    assert!(
        (alive(12.0) - dated - 0.0356).abs() < 5e-5 && (alive(14.0) - upper - 0.0087).abs() < 5e-5,
        "{dated} {upper}"
    );
    // Turnbull's estimate is held to the truth itself, where everyone has been looked at
    let last = row(&design, "turnbull/last");
    let (bias, mcse) = figure(last.estimate.bias.truth);
    let spread = figure(last.estimate.empirical_se).0;
    assert_within("turnbull, last visit", bias, 0.0, 0.05 * spread, mcse, 0.3 * spread);
}
