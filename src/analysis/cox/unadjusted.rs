//! The arm alone: the partial likelihood depends on the data through the numbers at risk only.

use super::{Fit, Status};
use crate::analysis::Scratch;
use crate::analysis::time_order::at_each_time;

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
    pub(super) fn walk(time: &[f64], event: &[u8], arm: &[u8], experimental: usize, scratch: &mut Scratch) -> Self {
        let [control_sizes, experimental_sizes, ..] = &mut scratch.real;
        control_sizes.clear();
        experimental_sizes.clear();
        let mut at_risk = [(arm.len() - experimental) as u32, experimental as u32];
        let mut risk = Self { events: 0, experimental: 0, exposed: 0, alone: 0 };
        for group in at_each_time(&scratch.order, time) {
            let (mut died, mut left) = ([0_u32; 2], [0_u32; 2]);
            for &row in group {
                let (row, a) = (row as usize, usize::from(arm[row as usize]));
                died[a] += u32::from(event[row]);
                left[a] += 1;
            }
            let tied_events = died[0] + died[1];
            for l in 0..tied_events {
                let gone = f64::from(l) / f64::from(tied_events);
                control_sizes.push(f64::from(at_risk[0]) - gone * f64::from(died[0]));
                experimental_sizes.push(f64::from(at_risk[1]) - gone * f64::from(died[1]));
            }
            risk.events += tied_events as usize;
            risk.experimental += died[1] as usize;
            risk.exposed += if at_risk[1] > 0 { tied_events as usize } else { 0 };
            risk.alone += if at_risk[0] == 0 { tied_events as usize } else { 0 };
            at_risk[0] -= left[0];
            at_risk[1] -= left[1];
        }
        risk
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
