//! Covers: what a run leaves that does not come to its end, by being stopped or by a panic; truth-only replicates.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use patency::analysis::{Analysis, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use patency::estimand::Target;
use patency::protocol::{Protocol, Wanted};
use patency::run::{self, Batch, Ended, Fold, Plan};
use patency::scenario::Scenario;
use patency::store::Store;

use super::common::{DEFIANCE, P2, Run, assert_calibrated, figure, read, row, seed};

/// Runs and gives how it ended, with the design as JSON; sets the flag when this many batches have been folded.
fn go(scenario: &Scenario, threads: usize, replicates: u64, extra: u64, stop_after: usize) -> (Ended, String) {
    let protocol = Protocol::compile(scenario, seed("ending"), Wanted::Analyses);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut fold = Stopping { store: Store::new(&protocol, folder.path(), 0), left: stop_after, stop: &stop };
    let plan =
        Plan { replicates: 0..replicates, truth: true, truth_replicates: extra, pool: &pool, stop: &stop, done: &done };
    let ended = run::run(&protocol, &plan, &mut fold).expect("rows are folded");
    let mut store = fold.store;
    store.close().expect("parts are written");
    let mut back = |a: usize, targets| store.look_back(a, targets);
    let design = store.summary().design(&protocol, &ended.tables, &mut back).expect("parts are read back");
    (ended, serde_json::to_string(&design).expect("a design is JSON"))
}

struct Stopping<'p, 's> {
    store: Store<'p, 's>,
    left: usize,
    stop: &'p AtomicBool,
}

impl Stopping<'_, '_> {
    fn count(&mut self) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Fold for Stopping<'_, '_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), patency::Error> {
        self.store.fold(batch)?;
        self.count();
        Ok(())
    }

    fn fold_truth(&mut self, batch: &Batch) {
        self.store.fold_truth(batch);
        self.count();
    }
}

#[test]
fn contract_a_stopped_run_equals_one_of_exactly_as_many_replicates() {
    let text = P2.replace("log-rank = {}", "cox = {}");
    let scenario = super::common::sized(&text, 30);
    for threads in [2, 3] {
        // the flag is set while the second round is under way: some of its batches are finished out of turn
        let (stopped, figures) = go(&scenario, threads, 100_000, 0, 1);
        assert!(stopped.replicates > 0 && stopped.replicates < 100_000, "{}", stopped.replicates);
        let (whole, expected) = go(&scenario, 2, stopped.replicates, 0, usize::MAX);
        assert_eq!(whole.replicates, stopped.replicates);
        assert!(figures == expected, "{threads} threads: stopped after {}", stopped.replicates);
    }
}

#[test]
fn contract_a_run_stopped_among_truth_only_replicates_keeps_all_trials() {
    let text = P2.replace("log-rank = {}", "cox = {}");
    let scenario = super::common::sized(&text, 30);
    let (stopped, figures) = go(&scenario, 2, 200, 100_000, 5);
    assert_eq!(stopped.replicates, 200);
    assert!(stopped.truth_replicates > 0 && stopped.truth_replicates < 100_000);
    let (_, expected) = go(&scenario, 1, 200, stopped.truth_replicates, usize::MAX);
    assert!(figures == expected);
}

/// The share of events, from a method that panics on one data set.
#[derive(Debug)]
struct Panics {
    /// Calls until then.
    left: AtomicU64,
}

impl Analysis for Panics {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn target(&self) -> Target {
        Target::Hazard
    }

    fn analyse(&self, data: &Dataset<'_>, _: &Rule, _: &mut Scratch) -> Estimate {
        assert!(self.left.fetch_sub(1, Ordering::Relaxed) != 0, "a bug of its own");
        Estimate::failed(Status::TooFew, data.arm.len())
    }
}

#[test]
fn contract_a_panic_is_reported_with_its_replicate_and_loses_nothing_before() {
    let text = P2.replace("log-rank = {}", "cox = {}");
    let second = "\n[[analysis]]\nname = \"second\"\nendpoint = \"survival\"\ncox = {}\n";
    let name = read(&text, &Default::default()).endpoints[0].name.clone();
    let text = format!("{text}{}", second.replace("\"survival\"", &format!("\"{name}\"")));
    let with = |left: u64| {
        let mut scenario = read(&text, &Default::default());
        scenario.analyses[1].method = Box::new(Panics { left: AtomicU64::new(left) });
        scenario
    };
    // three calls a replicate on one thread: the trial, complete, as seen. Call 3k + 1 (from 0) is within the truth of replicate k.
    for (calls, replicate) in [(3 * 150, 150), (3 * 150 + 1, 150), (3 * 150 + 2, 150), (0, 0), (3 * 64 + 1, 64)] {
        let (ended, figures) = go(&with(calls), 1, 400, 100, usize::MAX);
        assert_eq!(ended.panic, Some((replicate, "a bug of its own".to_owned())), "{calls}");
        assert_eq!((ended.replicates, ended.truth_replicates), (replicate, 0));
        if replicate > 0 {
            let (whole, expected) = go(&with(u64::MAX), 1, replicate, 0, usize::MAX);
            assert_eq!(whole.panic, None);
            assert!(figures == expected, "{calls}");
        }
    }
}

#[test]
fn contract_truth_only_replicates_have_the_same_bytes_for_any_threads() {
    for text in [P2.replace("log-rank = {}", "cox = {}"), DEFIANCE.to_owned()] {
        let scenario = read(&text, &Default::default());
        let (_, one) = go(&scenario, 1, 100, 150, usize::MAX);
        let (_, three) = go(&scenario, 3, 100, 150, usize::MAX);
        assert!(one == three && one.contains("\"truth_replicates\":150"));
        let (_, none) = go(&scenario, 1, 100, 0, usize::MAX);
        assert!(!none.contains("truth_replicates") && none != one);
    }
}

/// A risk that differs from patient to patient, so that the truth has a spread of its own.
const SPREAD: &str = r#"
title = "Truth with a spread"

[trial]
n = 60
arms = [{ name = "control" }, { name = "treatment" }]

[[variable]]
name = "x"
normal = { mean = 0, sd = 1 }

[[outcome]]
name = "score"
normal = { mean = "2 * treatment * x", sd = 1 }

[[endpoint]]
name = "score"
score = { value = "score", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "score"
t-test = {}
"#;

/// Effect 2x: a replicate's target is the mean of 2x over its 60 patients, variance 4/60; the pooled one is more certain with every
/// replicate that adds to it.
#[test]
fn statistical_truth_only_replicates_shrink_the_error_of_the_truth() {
    let name = "statistical_truth_only_replicates_shrink_the_error_of_the_truth";
    let run = |extra: u64| {
        let design = Run { truth: true, truth_replicates: extra, ..Run::new(SPREAD, 1_000, name) }.go().design;
        row(&design, "primary").clone()
    };
    let (few, many) = (run(0), run(15_000));
    let sd = (4.0f64 / 60.0).sqrt();
    for (a, replicates) in [(&few, 1_000.0f64), (&many, 16_000.0)] {
        let (value, mcse) = figure(a.estimand.truth);
        assert_calibrated("true value", value, 0.0, mcse, 0.1);
        // an SD is known to 1 in √(2n)
        let expected = sd / replicates.sqrt();
        let error = expected / (2.0 * replicates).sqrt();
        assert_calibrated("MCSE of the true value", mcse, expected, error, 0.25 * expected);
    }
    assert_eq!(few.power.estimate, many.power.estimate);
    assert_eq!(few.estimate.mean, many.estimate.mean);
}

/// The Monte Carlo error of the bias, as stated and as it is over many runs of few replicates each.
#[test]
fn statistical_error_of_the_bias_is_as_stated() {
    let (runs, replicates, extra) = (400u64, 20u64, 20u64);
    let scenario = read(SPREAD, &Default::default());
    let (mut squares, mut stated) = (0.0, 0.0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    for seed in 0..runs {
        let protocol = Protocol::compile(&scenario, seed, Wanted::Analyses);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Store::new(&protocol, folder.path(), 0);
        let plan = Plan {
            replicates: 0..replicates,
            truth: true,
            truth_replicates: extra,
            pool: &pool,
            stop: &stop,
            done: &done,
        };
        let ended = run::run(&protocol, &plan, &mut store).expect("rows are folded");
        let mut back = |_: usize, _: [Option<f64>; 2]| Ok(Default::default());
        let design = store.summary().design(&protocol, &ended.tables, &mut back).expect("a design");
        let (bias, mcse) = figure(row(&design, "primary").estimate.bias.truth);
        squares += bias * bias;
        stated += mcse * mcse;
    }
    // the estimator is unbiased: squares of the bias are its variance; of a normal variable they spread by √2 of their mean
    let ratio = squares / stated;
    let error = (2.0 / runs as f64).sqrt();
    assert_calibrated("variance of the bias over what is stated", ratio, 1.0, error, 0.6);
}
