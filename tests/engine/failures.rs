//! Covers: what cannot be estimated. A status, counted, with the first replicate in which it showed, which shows it again; never a
//! number.

use patency::analysis::Status;
use patency::engine::{self, RowRecord};
use patency::protocol::{Protocol, Wanted};
use patency::workspace::Workspace;

use super::common::Run;

const TRIAL: &str = r#"
title = "What goes wrong"

[trial]
n = SIZE
arms = [{ name = "control" }, { name = "treatment" }]
allocation.observational = { probabilities = ["CONTROL"] }

[[variable]]
name = "x"
normal = { mean = 0, sd = 1 }

[[variable]]
name = "same"
derived = "1 + 0 * x"

[[outcome]]
name = "death"
exponential = { rate = "RATE" }

[cut]
horizon = 12

[[endpoint]]
name = "death"
time-to-event = { event = "death", by = 12, better = "higher" }

[[endpoint]]
name = "dead"
binary = { event = "death", by = 12, better = "lower" }

[covariates]
score = ["COVARIATE"]

[[analysis]]
name = "weighted-cox"
endpoint = "death"
weighted-cox = { weights = "ate", variance = "stacked" }
covariates = ["score"]

[[analysis]]
name = "overlap"
endpoint = "death"
weighted-cox = { weights = "ato", variance = "robust" }
covariates = ["score"]

[[analysis]]
name = "weighted-kaplan-meier"
endpoint = "death"
weighted-kaplan-meier = { at = 11, weights = "att", variance = "stacked" }
covariates = ["score"]
treated = "treatment"

[[analysis]]
name = "weighted-incidence"
endpoint = "death"
weighted-incidence = { at = 11, weights = "ate", variance = "stacked" }
covariates = ["score"]

[[analysis]]
name = "weighted-difference"
endpoint = "dead"
weighted-difference = { weights = "ate", variance = "stacked" }
covariates = ["score"]

[[analysis]]
name = "matched"
endpoint = "dead"
weighted-difference = { weights = "matched", caliper = 0.2, variance = "robust" }
covariates = ["score"]
treated = "treatment"

[[analysis]]
name = "aipw"
endpoint = "death"
aipw = { at = 11 }
covariates = ["score"]
"#;

fn trial(size: usize, control: &str, rate: &str, covariate: &str) -> String {
    TRIAL
        .replace("SIZE", &size.to_string())
        .replace("CONTROL", control)
        .replace("RATE", rate)
        .replace("COVARIATE", covariate)
}

/// What each row may say, of 60 trials; `always` where none of them has an estimate.
fn judge(text: &str, what: &str, allowed: &[Status], always: bool) {
    const REPLICATES: u64 = 60;
    let run = Run { truth: true, ..Run::new(text, REPLICATES, what) };
    let design = run.go().design;
    let mut found: Vec<Vec<Status>> = vec![Vec::new(); design.analyses.len()];
    Run { truth: false, ..run }.each(|_, rows| {
        for (row, found) in rows.iter().zip(&mut found) {
            let e = &row.estimate;
            let numbers = [e.estimate, e.se, e.lower, e.upper, e.z, e.p];
            if e.status == Status::Estimated {
                assert!(numbers.iter().all(|x| x.is_finite()) && e.se > 0.0, "{what}: {e:?}");
            } else {
                assert!(numbers.iter().all(|x| x.is_nan()), "{what}: {e:?}");
            }
            found.push(e.status);
        }
    });
    let scenario = run.scenario();
    let protocol = Protocol::compile(&scenario, run.seed, Wanted::Analyses);
    let mut work = Workspace::new(&protocol);
    let mut again = vec![RowRecord::EMPTY; scenario.analyses.len()];
    let mut funnel = Vec::new();
    for (number, (a, statuses)) in design.analyses.iter().zip(&found).enumerate() {
        let failed = statuses.iter().filter(|&&s| s != Status::Estimated).count() as u64;
        assert_eq!(a.failures.total, failed, "{what}: {}", a.name);
        assert_eq!(a.failures.reasons.iter().map(|r| r.count).sum::<u64>(), failed, "{what}: {}", a.name);
        assert!(failed > 0 && (!always || failed == REPLICATES), "{what}: {}: {failed} failures", a.name);
        if failed == REPLICATES {
            let e = &a.estimate;
            assert!(e.mean.is_none() && e.model_se.is_none() && e.coverage.limit.is_none() && a.power.estimate == 0.0);
        }
        for reason in &a.failures.reasons {
            let first = statuses.iter().position(|s| s.words() == reason.reason).expect("the reason was seen");
            assert_eq!(reason.first, first as u64, "{what}: {}", a.name);
            assert!(allowed.contains(&statuses[first]), "{what}: {}: {}", a.name, reason.reason);
            // that replicate alone
            engine::replicate(&protocol, reason.first, &mut work, &mut funnel, &mut again).expect("no fault");
            assert_eq!(again[number].estimate.status, statuses[first], "{what}: {}", a.name);
        }
    }
}

#[test]
fn contract_a_covariate_that_tells_the_arms_apart() {
    let text = trial(60, "if(x > 0.2, 1, 0)", "0.1", "x");
    judge(&text, "separation", &[Status::ScoreSeparation], true);
}

#[test]
fn contract_an_arm_without_patients() {
    judge(&trial(60, "1", "0.1", "x"), "empty", &[Status::EmptyArm], true);
    judge(&trial(60, "0", "0.1", "x"), "empty", &[Status::EmptyArm], true);
}

#[test]
fn contract_no_events() {
    let allowed = [Status::NoVariation, Status::Separation];
    judge(&trial(60, "0.5", "1e-12", "x"), "no events", &allowed, true);
}

#[test]
fn contract_a_covariate_without_variation() {
    judge(&trial(60, "0.5", "0.1", "same"), "constant covariate", &[Status::Singular], true);
}

/// A score that nearly tells the arms apart: some trials separate, in others the weights explode.
#[test]
fn contract_weights_that_explode() {
    let allowed = [
        Status::ScoreSeparation,
        Status::NoOverlap,
        Status::Separation,
        Status::NotConverged,
        Status::Singular,
        Status::TooFew,
        Status::NoVariation,
    ];
    judge(&trial(40, "expit(12 * x)", "0.1", "x"), "weights", &allowed, false);
}
