//! What the engine's tests share: a scenario carried out, rows looked at one by one, and the rule by which a simulated figure is
//! judged.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64};

use patency::engine::{RowRecord, TrialRecord};
use patency::marginal;
use patency::protocol::{Protocol, Wanted};
use patency::result::{Analysis, Design, Figure};
use patency::run::{self, Batch, Ended, Fold, Plan};
use patency::scenario::{self, Options, Scenario};
use patency::store::{self, Store};

pub(crate) const DEFIANCE: &str = include_str!("../../scenarios/defiance.toml");
pub(crate) const DEFIER: &str = include_str!("../../scenarios/defier.toml");
pub(crate) const P1: &str = include_str!("../../scenarios/yardstick/p1-binary.toml");
pub(crate) const P2: &str = include_str!("../../scenarios/yardstick/p2-log-rank.toml");
pub(crate) const P3: &str = include_str!("../../scenarios/yardstick/p3-max-combo.toml");
pub(crate) const P4: &str = include_str!("../../scenarios/yardstick/p4-win-ratio.toml");
pub(crate) const P5: &str = include_str!("../../scenarios/yardstick/p5-group-sequential.toml");
pub(crate) const P6: &str = include_str!("../../scenarios/yardstick/p6-iptw-cox.toml");

/// A seed from a test's name (FNV-1a), so that nobody chooses one.
pub(crate) fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// A scenario that is known to be well formed.
pub(crate) fn read(text: &str, options: &Options<'_>) -> Scenario {
    scenario::read(text, options).unwrap_or_else(|report| panic!("{}", report.render(text, "scenario.toml", false)))
}

/// The scenario with the scales of its marginal outcomes solved, as it must be before it is carried out.
pub(crate) fn solved(scenario: Scenario) -> Scenario {
    marginal::solve(scenario).unwrap_or_else(|finding| panic!("{}", finding.message))
}

/// The file with only these rows of its analysis plan, and more variants.
pub(crate) fn with_rows(text: &str, names: &[&str], variants: &str) -> String {
    let end = text.find("\n[variant.").expect("the file has variants");
    let mut entries = text[..end].split("[[analysis]]");
    let mut out = entries.next().expect("what comes before").to_owned();
    let mut found = 0;
    for entry in entries {
        if names.iter().any(|name| entry.contains(&format!("\nname = \"{name}\"\n"))) {
            out += "[[analysis]]";
            out += entry;
            found += 1;
        }
    }
    assert_eq!(found, names.len(), "{names:?}");
    out + &text[end..] + variants
}

/// A scenario as written, at a size.
pub(crate) fn sized(text: &str, n: usize) -> Scenario {
    read(text, &Options { n: Some(n), ..Options::default() })
}

/// What to carry out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) text: &'a str,
    pub(crate) variant: Option<&'a str>,
    pub(crate) n: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) replicates: u64,
    pub(crate) threads: usize,
    pub(crate) truth: bool,
    pub(crate) truth_replicates: u64,
}

/// What came out: the design, and the files as bytes.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) design: Design,
    pub(crate) replicates: Vec<u8>,
    pub(crate) trials: Vec<u8>,
}

impl<'a> Run<'a> {
    /// Replicates of a scenario as written, without true values, on two threads.
    pub(crate) fn new(text: &'a str, replicates: u64, name: &str) -> Self {
        Self {
            text,
            variant: None,
            n: None,
            seed: seed(name),
            replicates,
            threads: 2,
            truth: false,
            truth_replicates: 0,
        }
    }

    pub(crate) fn scenario(&self) -> Scenario {
        solved(read(self.text, &Options { variant: self.variant, n: self.n, ..Options::default() }))
    }

    pub(crate) fn go(&self) -> Outcome {
        let scenario = self.scenario();
        let protocol = Protocol::compile(&scenario, self.seed, Wanted::Analyses);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Store::new(&protocol, folder.path(), 0);
        let extra = self.truth_replicates;
        let ended = simulate_with(&protocol, 0..self.replicates, self.threads, self.truth, extra, &mut store);
        let parts = store.close().expect("parts are written");
        let mut back = |a: usize, targets| store.look_back(a, targets);
        let design = store.summary().design(&protocol, &ended.tables, &mut back).expect("parts are read back");
        store::join(folder.path(), 0..parts).expect("parts are joined");
        let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("results are there");
        Outcome { design, replicates: bytes("replicates.parquet"), trials: bytes("trials.parquet") }
    }

    /// Calls `see` with every trial and its rows, in order.
    pub(crate) fn each(&self, see: impl FnMut(&TrialRecord, &[RowRecord]) + Send) {
        let scenario = self.scenario();
        let protocol = Protocol::compile(&scenario, self.seed, Wanted::Analyses);
        simulate(&protocol, 0..self.replicates, self.threads, self.truth, &mut Each(see));
    }
}

/// Carries out a range of replicates to its end.
pub(crate) fn simulate(
    protocol: &Protocol<'_>,
    replicates: Range<u64>,
    threads: usize,
    truth: bool,
    fold: &mut dyn Fold,
) -> Ended {
    simulate_with(protocol, replicates, threads, truth, 0, fold)
}

/// The same, and truth-only replicates.
pub(crate) fn simulate_with(
    protocol: &Protocol<'_>,
    replicates: Range<u64>,
    threads: usize,
    truth: bool,
    truth_replicates: u64,
    fold: &mut dyn Fold,
) -> Ended {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let wanted = replicates.end - replicates.start;
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let plan = Plan { replicates, truth, truth_replicates, pool: &pool, stop: &stop, done: &done };
    let ended = run::run(protocol, &plan, fold).expect("rows are folded");
    assert_eq!(ended.fault, None);
    assert_eq!((ended.replicates, ended.truth_replicates), (wanted, truth_replicates));
    ended
}

/// Folds by looking at every trial.
pub(crate) struct Each<F>(pub(crate) F);

impl<F: FnMut(&TrialRecord, &[RowRecord]) + Send> Fold for Each<F> {
    fn fold(&mut self, batch: &Batch) -> Result<(), patency::Error> {
        let analyses = batch.rows.len() / batch.trials.len().max(1);
        for (k, trial) in batch.trials.iter().enumerate() {
            (self.0)(trial, &batch.rows[k * analyses..(k + 1) * analyses]);
        }
        Ok(())
    }
}

/// A row of the analysis plan by its name.
pub(crate) fn row<'d>(design: &'d Design, name: &str) -> &'d Analysis {
    design.analyses.iter().find(|a| a.name == name).unwrap_or_else(|| panic!("no analysis `{name}`"))
}

/// A figure that must be there.
pub(crate) fn figure(figure: Option<Figure>) -> (f64, f64) {
    let f = figure.expect("the figure exists");
    (f.estimate, f.mcse.expect("more than one replicate"))
}

/// Judges a simulated figure: it fails beyond 5 Monte Carlo standard errors, and refuses to judge where `defect`, the smallest
/// deviation worth catching, is less than 8 of them. False alarms 6e-7, misses 1e-3 at that defect.
pub(crate) fn assert_calibrated(name: &str, observed: f64, expected: f64, mcse: f64, defect: f64) {
    assert_within(name, observed, expected, 0.0, mcse, defect);
}

/// As [`assert_calibrated`] for an expected value that is known to within `band` (a rounded one, or one that holds nearly).
#[allow(clippy::print_stderr)] // shown with --nocapture, or where the test fails: the figures are the evidence
pub(crate) fn assert_within(name: &str, observed: f64, expected: f64, band: f64, mcse: f64, defect: f64) {
    let off = observed - expected;
    eprintln!(
        "{name}: {observed:.6} (MCSE {mcse:.6}), expected {expected:.6} within {band:.4}: {:+.2} MCSE",
        off / mcse
    );
    assert!(mcse.is_finite() && mcse > 0.0, "{name}: MCSE {mcse}");
    assert!(defect >= band + 8.0 * mcse, "{name}: with an MCSE of {mcse} a defect of {defect} would not be seen");
    assert!(
        off.abs() <= band + 5.0 * mcse,
        "{name}: {observed} where {expected} is expected within {band}, MCSE {mcse}"
    );
}

/// As [`assert_calibrated`] for a figure that may lie below its bound by any amount.
#[allow(clippy::print_stderr)] // as above
pub(crate) fn assert_at_most(name: &str, observed: f64, bound: f64, mcse: f64, defect: f64) {
    eprintln!("{name}: {observed:.6} (MCSE {mcse:.6}), at most {bound:.6}: {:+.2} MCSE", (observed - bound) / mcse);
    assert!(defect >= 8.0 * mcse, "{name}: with an MCSE of {mcse} a defect of {defect} would not be seen");
    assert!(observed <= bound + 5.0 * mcse, "{name}: {observed} where at most {bound} is expected, MCSE {mcse}");
}

/// Monte Carlo standard error of a share under an expected value, in quadrature with the reference's own.
pub(crate) fn share_mcse(p: f64, replicates: u64, reference: f64) -> f64 {
    (p * (1.0 - p) / replicates as f64 + reference * reference).sqrt()
}
