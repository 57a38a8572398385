//! Covers: sites that open, close and fill up.

use patency::engine::{self, RowRecord};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::{Accrual, Scenario};
use patency::workspace::Workspace;

use super::common::{Run, assert_calibrated, share_mcse, sized};

const TRIAL: &str = r#"
title = "Sites"

[trial]
n = 150
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2, 4], by-site = true }

[[inclusion]]
name = "half"
prevalence = 0.5

[enrolment]
rate-of = "RATE"

SITES

[[outcome]]
name = "response"
bernoulli = { probability = 0.5 }

[[endpoint]]
name = "response"
binary = { value = "response", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "response"
difference-of-proportions = {}
"#;

fn trial(rate_of: &str, sites: &[&str]) -> String {
    let all: String = sites.iter().enumerate().map(|(i, s)| format!("[[site]]\nname = \"Site {i}\"\n{s}\n")).collect();
    TRIAL.replace("RATE", rate_of).replace("SITES", &all)
}

/// Calls `see` with 200 trials.
fn each(scenario: &Scenario, mut see: impl FnMut(&engine::TrialRecord, &Workspace)) {
    let protocol = Protocol::compile(scenario, 3, Wanted::Analyses);
    let mut work = Workspace::new(&protocol);
    let mut rows = [RowRecord::EMPTY];
    let mut funnel = vec![0; scenario.criteria.len()];
    for replicate in 0..200 {
        let record = engine::replicate(&protocol, replicate, &mut work, &mut funnel, &mut rows).expect("no fault");
        see(&record, &work);
    }
}

#[test]
fn contract_caps_openings_and_closings_are_kept() {
    for rate_of in ["enrolled", "screened"] {
        let text = trial(
            rate_of,
            &[
                "rate = 6\ncap = 30",
                "rate = 4\nopens = 3\ncap = 1",
                "rate = 5\nopens = 2\ncloses = 7",
                "rate = 3\nopens = 1",
            ],
        );
        let scenario = sized(&text, 150);
        let Accrual::Sites(sites) = &scenario.enrolment.accrual else { panic!("the scenario has sites") };
        let (mut full, mut turned_away) = (0, 0);
        each(&scenario, |record, work| {
            assert_eq!(record.enrolled, 150);
            assert!(work.entry().is_sorted(), "rate-driven arrivals ascend");
            assert_eq!(record.last_entry, work.entry()[149]);
            let mut by_site = vec![0; sites.len()];
            for (&s, &entry) in work.site().iter().zip(work.entry()) {
                let site = &sites[usize::from(s)];
                by_site[usize::from(s)] += 1;
                assert!(entry >= site.opens && entry < site.closes, "{}: {entry}", site.name);
            }
            for (count, site) in by_site.iter().zip(sites) {
                assert!(*count <= site.cap.unwrap_or(u32::MAX), "{}: {count}", site.name);
            }
            assert_eq!(by_site[1], 1);
            full += u32::from(by_site[0] == 30);
            turned_away += record.site_full;
        });
        assert!(full > 190, "{full}");
        assert_eq!(turned_away > 0, rate_of == "screened", "{turned_away}");
    }
}

/// P(X ≥ k) of a Poisson count.
fn poisson_at_least(k: u32, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let mut below = 0.0;
    for i in 0..k {
        below += term;
        term *= mean / f64::from(i + 1);
    }
    1.0 - below
}

/// Three sites close before n is certain: the number enrolled is Poisson, and the share of trials that reach n is its tail.
#[test]
fn statistical_share_of_trials_that_reach_n() {
    for (rate_of, scale) in [("enrolled", 1.0), ("screened", 0.5)] {
        let name = format!("statistical_share_of_trials_that_reach_n/{rate_of}");
        // 48 + 60 + 40 = 148 arrivals expected, or twice as many of whom half are eligible
        let rate = |r: f64| r / scale;
        let sites = [
            format!("rate = {}\ncloses = 12", rate(4.0)),
            format!("rate = {}\nopens = 2\ncloses = 14", rate(5.0)),
            format!("rate = {}\nopens = 1\ncloses = 11", rate(4.0)),
        ];
        let text = trial(rate_of, &sites.each_ref().map(String::as_str));
        let run = Run { n: Some(150), ..Run::new(&text, 10_000, &name) };
        let design = run.go().design;
        let expected = poisson_at_least(150, 148.0);
        let reached = design.enrolment.reached;
        assert_calibrated(&name, reached.estimate, expected, share_mcse(expected, run.replicates, 0.0), 0.05);
        assert!(reached.estimate < 1.0 && design.enrolment.enrolled.estimate < 150.0);
    }
}

#[test]
fn contract_a_site_that_hardly_ever_enrols_ends() {
    // the third patient is expected after 30 million months
    let text = trial("enrolled", &["rate = 1e-7"]);
    each(&sized(&text, 3), |record, _| {
        assert_eq!(record.enrolled, 3);
        assert!(record.last_entry > 1e5 && record.last_entry.is_finite());
    });
}
