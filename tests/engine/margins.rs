//! Covers: tests against a margin and of equivalence, on every scale.

use patency::engine::RowRecord;
use patency::math::special::normal_tail;
use patency::scenario::{AnalysisPlan, Options, Scenario};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::common::{Run, assert_within, figure, read, row};

/// Endpoints whose true effect is known: a difference of −0.1 and an odds ratio of 2/3, a difference of −3, a probability of 0.4, a
/// hazard ratio of 1.25 (and so a win ratio of 0.8).
const TRIAL: &str = r#"
title = "Margins"

[trial]
n = 200
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[[outcome]]
name = "response"
bernoulli = { probability = "if(treatment, 0.5, 0.6)" }

[[outcome]]
name = "score"
normal = { mean = "if(treatment, 47, 50)", sd = "3 / 0.3582869" }

[[outcome]]
name = "death"
weibull = { shape = 1.3, median = 10, hazard-ratio = "if(treatment, 1.25, 1)" }

[[endpoint]]
name = "response"
binary = { value = "response", better = "higher" }

[[endpoint]]
name = "score"
score = { value = "score", better = "higher" }

[[endpoint]]
name = "less"
score = { value = "score", better = "lower" }

[[endpoint]]
name = "death"
time-to-event = { event = "death", better = "higher" }

[[endpoint]]
name = "tiers"
hierarchical = { tiers = [{ name = "death", time = { event = "death", by = 1000 }, observed = "always" }] }
"#;

/// Rows (name, endpoint, method, how it is tested), one-sided at 5% unless they say so.
fn text(rows: &[(&str, &str, &str, &str)]) -> String {
    let rows = rows.iter().map(|(name, endpoint, method, test)| {
        let sides = if test.contains("sides") { "" } else { "sides = 1" };
        format!("\n[[analysis]]\nname = \"{name}\"\nendpoint = \"{endpoint}\"\n{method}\n{test}\n{sides}\n")
    });
    TRIAL.to_owned() + &rows.collect::<String>()
}

fn scenario(rows: &[(&str, &str, &str, &str)]) -> Scenario {
    read(&text(rows), &Options::default())
}

#[test]
fn by_hand_margins_and_limits_on_the_scale_of_the_estimate() {
    let s = scenario(&[
        ("difference", "response", "difference-of-proportions = {}", "margin = -0.1"),
        ("odds", "response", "logistic = {}", "margin = 0.8"),
        ("hazard", "death", "cox = {}", "margin = 1.3"),
        ("wins", "tiers", "win-ratio = {}", "margin = 0.8"),
        ("probability", "score", "wilcoxon = {}", "margin = 0.4"),
        ("better", "death", "cox = {}", "margin = 0.9"),
        ("within", "death", "log-rank = {}", "equivalence = [0.8, 1.25]"),
        ("points", "score", "t-test = {}", "equivalence = [-3, 2.5]"),
        ("plain", "score", "t-test = {}", "sides = 2"),
    ]);
    let null: Vec<f64> = s.analyses.iter().map(|a| a.null).collect();
    let ln = f64::ln;
    assert_eq!(null, [-0.1, ln(0.8), ln(1.3), ln(0.8), 0.4, ln(0.9), 0.0, 0.0, 0.0]);
    assert_eq!(s.analyses[6].equivalence, Some([ln(0.8), ln(1.25)]));
    assert_eq!(s.analyses[7].equivalence, Some([-3.0, 2.5]));
    let orientation = [1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0];
    let words: Vec<String> = s.analyses.iter().zip(orientation).map(|(a, o)| a.hypothesis(o)).collect();
    assert_eq!(
        words,
        [
            "non-inferiority, margin −0.1",
            "non-inferiority, margin 0.8",
            "non-inferiority, margin 1.3",
            "non-inferiority, margin 0.8",
            "non-inferiority, margin 0.4",
            "superiority, margin 0.9",
            "equivalence within 0.8 to 1.25",
            "equivalence within −3 to 2.5",
            "superiority"
        ]
    );
    // one-sided without being told
    let alone = text(&[("within", "score", "t-test = {}", "equivalence = [-3, 3]")]).replace("sides = 1", "");
    assert_eq!(read(&alone, &Options::default()).analyses[0].sides, 1);
}

/// z, p and the interval from the estimate and its error in 40 trials, whichever direction is better.
#[test]
fn by_hand_two_one_sided_tests() {
    let rows = [
        ("proportions", "response", "difference-of-proportions = {}", "equivalence = [-0.2, 0.1]"),
        ("odds", "response", "logistic = {}", "equivalence = [0.4, 2]"),
        ("cox", "death", "cox = {}", "equivalence = [0.8, 1.5]"),
        ("log-rank", "death", "log-rank = {}", "equivalence = [0.8, 1.5]"),
        ("wins", "tiers", "win-ratio = {}", "equivalence = [0.6, 1.2]"),
        ("wilcoxon", "score", "wilcoxon = {}", "equivalence = [0.3, 0.6]"),
        ("welch", "score", "t-test = {}", "equivalence = [-5, 4]"),
        ("lower", "less", "t-test = {}", "equivalence = [-5, 4]"),
    ];
    let text = text(&rows);
    let plans: Vec<AnalysisPlan> = scenario(&rows).analyses;
    let mut seen = 0;
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1e-3);
    Run::new(&text, 40, "by_hand_two_one_sided_tests").each(|_, rows: &[RowRecord]| {
        for (plan, row) in plans.iter().zip(rows) {
            let e = &row.estimate;
            let [low, high] = plan.equivalence.expect("limits");
            let (above, below) = ((e.estimate - low) / e.se, (high - e.estimate) / e.se);
            let z = above.min(below);
            assert!(near(e.z, z), "{}: {e:?}", plan.name);
            let p = match plan.method_name {
                "t-test" => StudentsT::new(0.0, 1.0, e.parts[2]).expect("degrees of freedom").sf(z),
                _ => normal_tail(z),
            };
            assert!(near(e.p, p), "{}: {e:?}, p = {p}", plan.name);
            // rejected where the interval of level 1 − 2α lies between the limits
            assert_eq!(e.p < 0.05, low < e.lower && e.upper < high, "{}: {e:?}", plan.name);
            seen += usize::from(e.p < 0.05);
        }
    });
    assert!(seen > 20, "{seen} of 320 reject");
}

/// At a true value on the margin, or on a limit of equivalence with the other far away, one test in twenty rejects.
#[test]
fn statistical_level_at_the_margin() {
    const TRIALS: u64 = 8000;
    let rows = [
        ("difference", "response", "difference-of-proportions = {}", "margin = -0.1"),
        ("odds", "response", "logistic = {}", "margin = 0.6666666666666667"),
        ("points", "score", "t-test = {}", "margin = -3"),
        ("points-lower", "less", "t-test = {}", "margin = -3"),
        ("probability", "score", "wilcoxon = {}", "margin = 0.4"),
        ("hazard", "death", "cox = {}", "margin = 1.25"),
        ("peto", "death", "log-rank = {}", "margin = 1.25"),
        ("wins", "tiers", "win-ratio = {}", "margin = 0.8"),
        ("equivalent-points", "score", "t-test = {}", "equivalence = [-3, 3]"),
        ("equivalent-hazards", "death", "cox = {}", "equivalence = [0.6, 1.25]"),
        ("equivalent-wins", "tiers", "win-ratio = {}", "equivalence = [0.8, 1.7]"),
    ];
    let text = text(&rows);
    let outcome = Run::new(&text, TRIALS, "statistical_level_at_the_margin").go();
    let mcse = (0.05 * 0.95 / TRIALS as f64).sqrt();
    for (name, ..) in rows {
        let found = row(&outcome.design, name).power.estimate;
        assert_within(name, found, 0.05, 0.003, mcse, 0.025);
    }
    // what the comparison rests on: the estimates are about the margin
    let (mean, error) = figure(row(&outcome.design, "points").estimate.mean);
    assert!((mean + 3.0).abs() < 5.0 * error);
}
