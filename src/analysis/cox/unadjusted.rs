//! The arm alone: the partial likelihood depends on the data through the numbers at risk only.

use super::{Fit, Point, Profile, Status};
use crate::analysis::event_times::{by_stratum, sizes};
use crate::analysis::time_order::{at_each_time, last_event};
use crate::analysis::{Dataset, Scratch};

/// Most Newton steps; from the score test's estimate some five are needed.
const STEPS: usize = 60;

/// What the arm's likelihood depends on. The numbers at risk at each event, control and experimental, lie in
/// `scratch.real[0]` and `scratch.real[1]`; among d events at one time the l-th (l = 0 … d − 1) sees l/d of the tied
/// patients already gone (Efron).
pub(super) struct RiskSets {
    pub(super) events: usize,
    pub(super) experimental: usize,
    /// Events with experimental patients at risk.
    exposed: usize,
    /// Events with nobody but experimental patients at risk.
    alone: usize,
}

impl RiskSets {
    /// Walks the rows of `scratch.order`.
    pub(super) fn walk(
        time: &[f64],
        event: &[u8],
        arm: &[u8],
        experimental: usize,
        efron: bool,
        scratch: &mut Scratch,
    ) -> Self {
        let Scratch { order, real: [control_sizes, experimental_sizes, ..], .. } = scratch;
        let at_risk = [(arm.len() - experimental) as u32, experimental as u32];
        let mut risk = Self::start(control_sizes, experimental_sizes);
        risk.continue_with(time, event, arm, at_risk, efron, order, [control_sizes, experimental_sizes]);
        risk
    }

    /// Walks the strata one after the other: their risk sets stand side by side.
    pub(super) fn walk_strata(
        data: &Dataset<'_>,
        time: &[f64],
        event: &[u8],
        efron: bool,
        scratch: &mut Scratch,
    ) -> Self {
        let Scratch { order, sorted, counts, real: [control_sizes, experimental_sizes, ..], .. } = scratch;
        by_stratum(data, time, last_event(time, event, f64::INFINITY), sorted, order);
        sizes(data, counts);
        let mut risk = Self::start(control_sizes, experimental_sizes);
        for rows in order.chunk_by(|&a, &b| data.strata.of(a as usize) == data.strata.of(b as usize)) {
            let stratum = data.strata.of(rows[0] as usize);
            let at_risk = [counts[2 * stratum], counts[2 * stratum + 1]];
            risk.continue_with(time, event, data.arm, at_risk, efron, rows, [control_sizes, experimental_sizes]);
        }
        risk
    }

    fn start(control_sizes: &mut Vec<f64>, experimental_sizes: &mut Vec<f64>) -> Self {
        control_sizes.clear();
        experimental_sizes.clear();
        Self { events: 0, experimental: 0, exposed: 0, alone: 0 }
    }

    /// Adds the risk sets of a stratum's rows in `order`.
    #[expect(clippy::too_many_arguments, reason = "a stratum, and where its sets go")]
    fn continue_with(
        &mut self,
        time: &[f64],
        event: &[u8],
        arm: &[u8],
        mut at_risk: [u32; 2],
        efron: bool,
        order: &[u32],
        [control_sizes, experimental_sizes]: [&mut Vec<f64>; 2],
    ) {
        for group in at_each_time(order, time) {
            let (mut died, mut left) = ([0_u32; 2], [0_u32; 2]);
            for &row in group {
                let (row, a) = (row as usize, usize::from(arm[row as usize]));
                died[a] += u32::from(event[row]);
                left[a] += 1;
            }
            let tied_events = died[0] + died[1];
            for l in 0..tied_events {
                let gone = if efron { f64::from(l) / f64::from(tied_events) } else { 0.0 };
                control_sizes.push(f64::from(at_risk[0]) - gone * f64::from(died[0]));
                experimental_sizes.push(f64::from(at_risk[1]) - gone * f64::from(died[1]));
            }
            self.events += tied_events as usize;
            self.experimental += died[1] as usize;
            self.exposed += if at_risk[1] > 0 { tied_events as usize } else { 0 };
            self.alone += if at_risk[0] == 0 { tied_events as usize } else { 0 };
            at_risk[0] -= left[0];
            at_risk[1] -= left[1];
        }
    }

    /// Whether the likelihood has a finite maximum: its score falls from (events − those where the arm is alone) to
    /// (events − those where the arm is exposed) over the real line, counting events of the experimental arm.
    pub(super) fn estimable(&self) -> Result<(), Status> {
        if self.exposed == self.alone {
            Err(Status::NoVariation)
        } else if self.experimental <= self.alone || self.experimental >= self.exposed {
            Err(Status::Separation)
        } else {
            Ok(())
        }
    }
}

/// The root of the score, by Newton's method within a bracket.
pub(super) fn fit(risk: &RiskSets, scratch: &Scratch) -> Result<Fit, Status> {
    let [control, experimental, ..] = &scratch.real;
    let observed = risk.experimental as f64;
    let (mut below, mut above) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut coefficient = 0.0_f64;
    for _ in 0..STEPS {
        let (expected, information) = expectation(coefficient.exp(), control, experimental);
        let score = observed - expected;
        if score > 0.0 {
            below = coefficient;
        } else {
            above = coefficient;
        }
        let step = score / information;
        if step.is_finite() && score * step <= 1e-20 {
            return Ok(Fit { coefficient: coefficient + step, variance: 1.0 / information });
        }
        let newton = coefficient + step;
        coefficient = if newton > below && newton < above {
            newton
        } else if below.is_finite() && above.is_finite() {
            0.5 * (below + above)
        } else {
            coefficient + score.signum()
        };
    }
    Err(Status::NotConverged)
}

/// The log-likelihood of the arm's coefficient, and its derivatives.
pub(super) struct Arm<'a> {
    pub(super) risk: &'a RiskSets,
    pub(super) scratch: &'a Scratch,
}

impl Profile for Arm<'_> {
    fn at(&mut self, coefficient: f64) -> Result<Point, Status> {
        let [control, experimental, ..] = &self.scratch.real;
        let observed = self.risk.experimental as f64;
        let (expected, information) = expectation(coefficient.exp(), control, experimental);
        // beyond that at 0, which keeps the digits of small differences
        let beyond = coefficient.exp_m1();
        let sets = control.iter().zip(experimental);
        let log = observed * coefficient - sets.map(|(c, e)| (beyond * e / (c + e)).ln_1p()).sum::<f64>();
        Ok(Point { log, score: observed - expected, information })
    }
}

/// Expected events of the experimental arm and their variance at a hazard ratio.
fn expectation(ratio: f64, control: &[f64], experimental: &[f64]) -> (f64, f64) {
    // four lanes of sums, combined in a fixed order: vectorised, and the same bits everywhere
    let (mut expected, mut variance) = ([0.0; 4], [0.0; 4]);
    let (c, e) = (control.chunks_exact(4), experimental.chunks_exact(4));
    let rest = c.remainder().iter().zip(e.remainder());
    for (c, e) in c.zip(e) {
        for i in 0..4 {
            let weight = ratio * e[i];
            let share = weight / (c[i] + weight);
            expected[i] += share;
            variance[i] += share * (1.0 - share);
        }
    }
    for (i, (c, e)) in rest.enumerate() {
        let weight = ratio * e;
        let share = weight / (c + weight);
        expected[i] += share;
        variance[i] += share * (1.0 - share);
    }
    (
        (expected[0] + expected[1]) + (expected[2] + expected[3]),
        (variance[0] + variance[1]) + (variance[2] + variance[3]),
    )
}
