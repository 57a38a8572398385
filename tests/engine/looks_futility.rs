//! Covers: futility on scales other than z. The level where futility binds and information is observed; estimates after stops that are known
//! in z at the look alone; no estimate where the ends of a trial have no order.

use patency::analysis::Decision;

use super::common::{Run, assert_calibrated, assert_within, read, share_mcse};
use patency::scenario::Options;

/// Two means: 200 patients, looks at 60 and 130.
const MEANS: &str = r#"
title = "means"

[trial]
n = 200
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[parameters]
effect = { value = 0.3, source = "assumed" }

[enrolment]
piecewise = { rates = [10], from = [0] }

[[outcome]]
name = "y"
normal = { mean = "effect * treatment", sd = 1 }

[[visit]]
name = "day"
at = 0.001

[cut]
horizon = 0.002

[[endpoint]]
name = "y"
score = { value = "y", visit = "day", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "y"
t-test = { variance = "pooled" }
alpha = ALPHA

[[look]]
name = "first"
complete = { count = 60, endpoint = "y" }

[[look]]
name = "second"
complete = { count = 130, endpoint = "y" }

[[rule]]
name = "stop"
analysis = "primary"
efficacy = { spending = "obrien-fleming" }
"#;

fn means(sides: u8, rule: &str) -> String {
    MEANS.replace("ALPHA", if sides == 1 { "0.025\nsides = 1" } else { "0.05" }) + rule
}

/// The walk of B(t) with looks at .3 and .65 of the information: what is seen at a look, not what was planned, makes its bound for futility,
/// and the same bound lowers those for rejection.
#[test]
fn statistical_level_is_kept_where_futility_binds_at_observed_shares() {
    for kind in ["conditional-power = [0.5, 0.5]", "predictive-power = [0.4, 0.4]"] {
        let rule = format!("futility = {{ {kind}, binding = true }}\nspend-by = \"observed\"\nshares = [0.7, 0.9]\n");
        let text = means(1, &rule).replace("value = 0.3", "value = 0");
        let run = Run { truth: false, ..Run::new(&text, 20_000, kind) };
        let mut rejected = 0u64;
        run.each(|_, rows| rejected += u64::from(rows[0].decision == Some(Decision::Favour)));
        let share = rejected as f64 / run.replicates as f64;
        assert_calibrated(kind, share, 0.025, share_mcse(0.025, run.replicates, 0.0), 0.01);
    }
}

#[test]
fn statistical_estimates_are_median_unbiased_after_futility_on_any_scale() {
    for (name, sides, rule) in [
        ("effect", 1, "futility = { effect = [0.15, 0.25] }\n"),
        ("two-sided", 2, "futility = { z = [0.6, 1.4] }\n"),
        (
            "conditional power",
            1,
            "futility = { conditional-power = [0.4, 0.4] }\nspend-by = \"observed\"\nshares = [0.5, 0.75]\n",
        ),
        ("binding effect", 1, "futility = { effect = [0.1, 0.2], binding = true }\nspend-by = \"observed\"\n"),
    ] {
        let text = means(sides, rule);
        let run = Run { truth: false, ..Run::new(&text, 8_000, name) };
        let (mut below, mut covered) = (0u64, 0u64);
        run.each(|_, rows| {
            let [lower, middle, upper] = rows[0].adjusted;
            assert!(middle.is_finite());
            below += u64::from(middle < 0.3);
            covered += u64::from(lower <= 0.3 && 0.3 <= upper);
        });
        let share = |count: u64| count as f64 / run.replicates as f64;
        assert_calibrated(name, share(below), 0.5, share_mcse(0.5, run.replicates, 0.0), 0.05);
        assert_calibrated(name, share(covered), 0.95, share_mcse(0.95, run.replicates, 0.0), 0.02);
    }
}

#[test]
fn contract_no_estimate_where_ends_have_no_order() {
    let gate = "[[rule]]\nname = \"gate\"\nanalysis = \"primary\"\nlooks = [\"first\"]\nfutility = { z = [0.4] }\n";
    let review = "[[reestimation]]\nname = \"review\"\nanalysis = \"primary\"\nlook = \"first\"\npower = 0.9\n\
                  pooled-variance = { difference = 0.4 }\nmost = 400\n";
    let observed = format!("spend-by = \"observed\"\n{review}");
    for (what, rule, has) in [("gate", gate, false), ("review", review, false), ("observed", observed.as_str(), true)] {
        let text = means(1, rule);
        let run = Run { truth: false, ..Run::new(&text, 20, what) };
        run.each(|_, rows| assert_eq!(rows[0].adjusted[1].is_finite(), has, "{what}"));
    }
}

/// A blinded review at the first look makes the trial half as large again, or twice: earlier looks keep their place in the walk, and the error that is left is spent by
/// the shares of the larger one.
#[test]
fn statistical_level_is_kept_where_a_review_made_the_trial_larger() {
    let rule = "spend-by = \"observed\"\n[[reestimation]]\nname = \"review\"\nanalysis = \"primary\"\nlook = \"first\"\n\
                power = 0.9\npooled-variance = { difference = 0.3 }\nmost = 400\n";
    for spending in ["pocock", "obrien-fleming"] {
        let text = means(1, rule).replace("value = 0.3", "value = 0").replace("obrien-fleming", spending);
        let run = Run { truth: false, ..Run::new(&text, 20_000, spending) };
        let (mut rejected, mut larger) = (0u64, 0u64);
        run.each(|trial, rows| {
            rejected += u64::from(rows[0].decision == Some(Decision::Favour));
            larger += u64::from(trial.planned >= 300);
        });
        let share = |count: u64| count as f64 / run.replicates as f64;
        assert!(share(larger) > 0.9, "{}", share(larger));
        assert_calibrated(spending, share(rejected), 0.025, share_mcse(0.025, run.replicates, 0.0), 0.01);
    }
}

/// The trial that a review has sized for 90 % has it also where the type II error is spent by the shares of the larger trial: at a look
/// after the review, since one before knows nothing of it.
#[test]
fn statistical_power_is_kept_where_futility_is_spent_in_a_larger_trial() {
    for binding in [false, true] {
        let rule = format!(
            "looks = [\"second\"]\nspend-by = \"observed\"\n\
             futility = {{ spending = \"hwang-shih-decani\", gamma = -2, binding = {binding} }}\n\
             [[reestimation]]\nname = \"review\"\nanalysis = \"primary\"\nlook = \"first\"\npower = 0.9\n\
             pooled-variance = {{ difference = 0.3 }}\nmost = 900\n"
        );
        let text = means(1, &rule);
        let run = Run { truth: false, ..Run::new(&text, 6_000, "power in a larger trial") };
        let mut rejected = 0u64;
        run.each(|_, rows| rejected += u64::from(rows[0].decision == Some(Decision::Favour)));
        let power = rejected as f64 / run.replicates as f64;
        let mcse = share_mcse(0.9, run.replicates, 0.0);
        // the variance at the first look is one of 60 patients, and the inflation that of the planned shares
        assert_within(&format!("binding = {binding}"), power, 0.9, 0.02, mcse, 0.06);
    }
}

/// The bound at full information of which conditional power is is that without futility, whether or not futility lowers it.
#[test]
fn contract_conditional_power_is_of_the_bound_without_futility() {
    let last = |binding: bool| {
        let rule = format!("futility = {{ conditional-power = [0.5, 0.5], binding = {binding} }}\n");
        let scenario = read(&means(1, &rule), &Options::default());
        let rule = &scenario.rules[0];
        (rule.last, rule.monitor.as_ref().expect("tested").planned().clone())
    };
    let ((free, above), (bound, lowered)) = (last(false), last(true));
    assert_eq!(free, bound);
    assert_eq!(free, above.upper[2]);
    assert_eq!(above.lower[..2], lowered.lower[..2]);
    assert!(lowered.upper[2] < above.upper[2]);
}
