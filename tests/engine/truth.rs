//! Covers: true values and limits against closed forms; bias and coverage of methods that are known to be right.

use patency::result::Design;

use super::common::{P2, P4, Run, assert_calibrated, figure, row, share_mcse};

const REPLICATES: u64 = 8_000;

/// 150 patients an arm with one of each kind of outcome; a fifth is lost by month 12, where follow-up ends.
const TRIAL: &str = r#"
title = "Known truths"

[trial]
n = 300
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[[variable]]
name = "severe"
bernoulli = { probability = 0.4 }

[[outcome]]
name = "response"
bernoulli = { probability = "if(treatment, 0.5, 0.35)" }

[[outcome]]
name = "modified"
bernoulli = { probability = "if(treatment, 0.5 + 0.1 * severe, 0.35)" }

[[outcome]]
name = "category"
ordinal = { probabilities = [0.15, 0.25, 0.25, 0.20, 0.15], odds-ratio = "if(treatment, 1.5, 1)" }

[[outcome]]
name = "score"
normal = { mean = "1.5 * treatment", sd = 4 }

[[outcome]]
name = "death"
exponential = { median = 10, hazard-ratio = "if(treatment, 0.75, 1)" }

[observation]
dropout.exponential = { risk = 0.2, by = 12 }

[[visit]]
name = "month-6"
at = 6

[cut]
horizon = 12

[[endpoint]]
name = "response"
binary = { value = "response", better = "higher" }

[[endpoint]]
name = "response-worst"
binary = { value = "response", visit = "month-6", better = "higher", missing = "worst" }

[[endpoint]]
name = "response-excluded"
binary = { value = "response", visit = "month-6", better = "higher", missing = "excluded" }

[[endpoint]]
name = "modified"
binary = { value = "modified", better = "higher" }

[[endpoint]]
name = "category"
ordinal = { value = "category", visit = "month-6", better = "higher", missing = "excluded" }

[[endpoint]]
name = "score"
score = { value = "score", visit = "month-6", better = "higher", missing = "excluded" }

[[endpoint]]
name = "survival"
time-to-event = { event = "death", by = 12, better = "higher" }

[[endpoint]]
name = "dead"
binary = { event = "death", by = 12, better = "lower", missing = "best" }

[[analysis]]
name = "response"
endpoint = "response"
difference-of-proportions = {}

[[analysis]]
name = "response/logistic"
endpoint = "response"
logistic = {}

[[analysis]]
name = "response/worst"
endpoint = "response-worst"
difference-of-proportions = {}

[[analysis]]
name = "response/excluded"
endpoint = "response-excluded"
difference-of-proportions = {}

[[analysis]]
name = "modified/severe"
endpoint = "modified"
difference-of-proportions = {}
subset = "severe"

[[analysis]]
name = "modified/mild"
endpoint = "modified"
difference-of-proportions = {}
subset = "not severe"

[[analysis]]
name = "modified/interaction"
endpoint = "modified"
difference-of-proportions = {}
interaction = "severe"

[[analysis]]
name = "category"
endpoint = "category"
proportional-odds = {}

[[analysis]]
name = "category/wilcoxon"
endpoint = "category"
wilcoxon = {}

[[analysis]]
name = "score"
endpoint = "score"
t-test = {}

[[analysis]]
name = "survival"
endpoint = "survival"
cox = {}

[[analysis]]
name = "survival/at-12"
endpoint = "survival"
kaplan-meier = { at = 12 }

[[analysis]]
name = "survival/log-rank"
endpoint = "survival"
log-rank = {}

[[analysis]]
name = "dead"
endpoint = "dead"
difference-of-proportions = {}
"#;

/// P(category), control and treatment, and P(win) and P(loss) between the arms.
fn categories() -> ([f64; 5], [f64; 5], f64, f64) {
    let control = [0.15, 0.25, 0.25, 0.20, 0.15];
    let mut treatment = [0.0; 5];
    let mut below = 0.0;
    let mut before = 0.0;
    for k in 0..5 {
        below += control[k];
        let odds = 1.5 * (1.0 - below) / below;
        let shifted = if k == 4 { 1.0 } else { 1.0 / (1.0 + odds) };
        treatment[k] = shifted - before;
        before = shifted;
    }
    let (mut win, mut loss) = (0.0, 0.0);
    for (i, t) in treatment.iter().enumerate() {
        for (j, c) in control.iter().enumerate() {
            win += if i > j { t * c } else { 0.0 };
            loss += if i < j { t * c } else { 0.0 };
        }
    }
    (control, treatment, win, loss)
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// True value and limit of an analysis against what they are known to be.
fn check(design: &Design, name: &str, truth: f64, limit: f64, defect: f64) {
    let a = row(design, name);
    let (value, mcse) = figure(a.estimand.truth);
    assert_calibrated(&format!("{name}, true"), value, truth, mcse, defect);
    let (value, mcse) = figure(a.estimand.limit);
    assert_calibrated(&format!("{name}, limit"), value, limit, mcse, defect);
}

/// |bias against the limit| is at most the larger of 5 MCSE and a twentieth of the empirical standard error.
fn unbiased(name: &str, bias: f64, mcse: f64, spread: f64) {
    assert!(8.0 * mcse <= 0.2 * spread, "{name}: a bias of a fifth of the standard error would not be seen");
    let most = (5.0 * mcse).max(0.05 * spread);
    assert!(bias.abs() <= most, "{name}: a bias of {bias} where {most} is allowed, MCSE {mcse}");
}

#[test]
fn statistical_true_values_limits_bias_and_coverage() {
    let name = "statistical_true_values_limits_bias_and_coverage";
    let design = Run { truth: true, ..Run::new(TRIAL, REPLICATES, name) }.go().design;
    let (_, _, win, loss) = categories();
    let stay = 0.8f64.sqrt(); // share still in the trial at month 6
    let alive = [0.5f64.powf(1.2), 0.5f64.powf(0.9)];

    check(&design, "response", 0.15, 0.15, 0.005);
    check(&design, "response/logistic", logit(0.5) - logit(0.35), logit(0.5) - logit(0.35), 0.02);
    // a patient lost counts as a non-responder: the limit is the share seen times the difference
    check(&design, "response/worst", 0.15, 0.15 * stay, 0.005);
    check(&design, "response/excluded", 0.15, 0.15, 0.005);
    check(&design, "modified/severe", 0.25, 0.25, 0.008);
    check(&design, "modified/mild", 0.15, 0.15, 0.008);
    check(&design, "modified/interaction", 0.10, 0.10, 0.01);
    check(&design, "category", 1.5f64.ln(), 1.5f64.ln(), 0.01);
    check(&design, "category/wilcoxon", win + 0.5 * (1.0 - win - loss), win + 0.5 * (1.0 - win - loss), 0.003);
    check(&design, "survival", 0.75f64.ln(), 0.75f64.ln(), 0.01);
    check(&design, "survival/at-12", alive[1] - alive[0], alive[1] - alive[0], 0.004);
    // death is only counted where it is seen: hazards h and a loss of δ give h/(h + δ) (1 − exp(−12(h + δ)))
    let (h, delta) = (2f64.ln() / 10.0, -0.8f64.ln() / 12.0);
    let seen = |h: f64| h / (h + delta) * (1.0 - (-12.0 * (h + delta)).exp());
    check(&design, "dead", alive[0] - alive[1], seen(0.75 * h) - seen(h), 0.005);

    // the difference of the subgroups' values, not something of its own
    let value = |name: &str| row(&design, name).estimand.truth.expect("a value").estimate;
    let difference = value("modified/severe") - value("modified/mild");
    assert!((value("modified/interaction") - difference).abs() < 1e-12);
    // both potential outcomes share their noise: a shift is exact in every replicate
    let shift = row(&design, "score").estimand.truth.expect("a value");
    assert!((shift.estimate - 1.5).abs() < 1e-9 && shift.mcse.expect("a spread") < 1e-9);
    let shift = row(&design, "score").estimand.limit.expect("a value");
    assert!((shift.estimate - 1.5).abs() < 1e-9);

    for a in &design.analyses {
        let (bias, mcse) = figure(a.estimate.bias.limit);
        let spread = figure(a.estimate.empirical_se).0;
        unbiased(&a.name, bias, mcse, spread);
        assert_eq!(a.failures.total, 0, "{}", a.name);
        let (coverage, _) = figure(a.estimate.coverage.limit);
        let mcse = share_mcse(0.95, REPLICATES, 0.0);
        if a.name != "survival/log-rank" {
            assert_calibrated(&format!("{}, coverage of the limit", a.name), coverage, 0.95, mcse, 0.02);
        }
        let model = figure(a.estimate.model_se).0;
        assert!((model / spread - 1.0).abs() < 0.04, "{}: model SE {model}, empirical SE {spread}", a.name);
    }
    // who looks at the wrong value is told so
    let worst = row(&design, "response/worst");
    let (bias, mcse) = figure(worst.estimate.bias.truth);
    assert_calibrated("response/worst, bias against the true value", bias, 0.15 * stay - 0.15, mcse, 0.01);
}

/// P4 in closed form. Hazards h and .7h, loss δ in either arm: a pair is won at tier 1 where the control's death is the first of the
/// four events within 12 months; else the categories decide, which everyone has.
#[test]
fn statistical_win_ratio_in_closed_form() {
    let name = "statistical_win_ratio_in_closed_form";
    let design = Run { truth: true, ..Run::new(P4, REPLICATES, name) }.go().design;
    let (_, _, win, loss) = categories();
    let h = -0.8f64.ln() / 12.0;
    let pairs = |delta: f64| {
        let all = 1.7 * h + 2.0 * delta;
        let decided = 1.0 - (-12.0 * all).exp();
        let first = [h / all * decided, 0.7 * h / all * decided];
        let rest = 1.0 - first[0] - first[1];
        (first[0] + rest * win, first[1] + rest * loss)
    };
    let (truth, limit) = (pairs(0.0), pairs(-0.95f64.ln() / 12.0));
    check(&design, "primary", (truth.0 / truth.1).ln(), (limit.0 / limit.1).ln(), 0.006);
    let a = row(&design, "primary");
    let coverage = figure(a.estimate.coverage.limit).0;
    assert_calibrated("coverage of the limit", coverage, 0.95, share_mcse(0.95, REPLICATES, 0.0), 0.02);
    let (bias, mcse) = figure(a.estimate.bias.limit);
    let spread = figure(a.estimate.empirical_se).0;
    unbiased("primary", bias, mcse, spread);
}

/// Where hazards are proportional, the Cox model has one value, whatever is cut.
#[test]
fn statistical_proportional_hazards_have_one_value_under_any_cut() {
    for cut in ["date = 30", "horizon = 6", "after-last-entry = 3", "events = { count = 200, endpoint = \"survival\" }"]
    {
        let name = format!("statistical_proportional_hazards_have_one_value_under_any_cut/{cut}");
        let text = P2.replace("date = 48", cut).replace("log-rank = {}", "cox = {}");
        let design = Run { truth: true, ..Run::new(&text, 1_000, &name) }.go().design;
        check(&design, "primary", 0.75f64.ln(), 0.75f64.ln(), 0.02);
    }
}

/// Root of the Cox score for survival functions with hazard λ against λ to month 6 and .6 λ after it, by integration to month `end`.
fn delayed(lambda: f64, end: f64) -> f64 {
    const STEP: f64 = 0.005;
    let score = |beta: f64| {
        (0..(end / STEP) as usize)
            .map(|i| {
                let t = (i as f64 + 0.5) * STEP;
                let hazard = if t < 6.0 { lambda } else { 0.6 * lambda };
                let control = (-lambda * t).exp();
                let treated = (-lambda * t.min(6.0) - 0.6 * lambda * (t - 6.0).max(0.0)).exp();
                let share = beta.exp() * treated / (control + beta.exp() * treated);
                hazard * treated * (1.0 - share) - lambda * control * share
            })
            .sum::<f64>()
    };
    let (mut low, mut high) = (-2.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        // the score falls in β
        (low, high) = if score(middle) > 0.0 { (middle, high) } else { (low, middle) };
    }
    0.5 * (low + high)
}

/// Where they are not, the limit depends on when the data are cut and the true value does not.
#[test]
fn statistical_delayed_effect_has_a_limit_of_its_own() {
    let name = "statistical_delayed_effect_has_a_limit_of_its_own";
    let text = P2
        .replace("uniform = { over = 24 }", "uniform = { over = 0.001 }")
        .replace("dropout.exponential = { risk = 0.05, by = 12 }", "")
        .replace("[observation]", "")
        .replace("date = 48", "horizon = 12")
        .replace("log-rank = {}", "cox = {}")
        .replace(
            r#"exponential = { median = 20, hazard-ratio = "if(treatment, 0.75, 1)" }"#,
            r#"piecewise-exponential = { rates = ["log(2) / 15", "if(treatment, 0.6, 1) * log(2) / 15"], from = [0, 6] }"#,
        );
    let design = Run { truth: true, ..Run::new(&text, 1_000, name) }.go().design;
    let lambda = 2f64.ln() / 15.0;
    let (truth, limit) = (delayed(lambda, 400.0), delayed(lambda, 12.0));
    assert!(limit - truth > 0.1, "{truth} {limit}");
    check(&design, "primary", truth, limit, 0.02);
}
