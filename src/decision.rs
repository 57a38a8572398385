//! Decision: what families of hypotheses reject in one trial.
//!
//! # How a test enters a family
//! A one-sided test with its p-value in favour of the experimental arm, oriented by the endpoint's `better` and by the margin; a two-sided
//! one with its two-sided p-value (the method's own where it has one), and where it is rejected with the direction of the smaller tail.
//! Power counts rejections in favour, the familywise error those in either direction: what is controlled is the probability of rejecting
//! any true null hypothesis, not that of a wrong direction.
//! Where a method had no answer the p-value is 1, so that nothing is rejected; this is counted.

use crate::analysis::{Estimate, Status};
use crate::multiplicity;
use crate::scenario::FamilyPlan;

/// What a family decides in one trial: sets of its hypotheses, the j-th in bit j.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    /// Rejected at the familywise level, in either direction.
    pub rejected: u64,
    /// Of these, in favour of the experimental arm.
    pub favour: u64,
    /// Rejected in favour where each is tested alone at the familywise level; empty where rules test them at looks.
    pub alone: u64,
    /// Without a p-value.
    pub missing: u64,
}

/// Memory that decisions reuse.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// P-values of the hypotheses, 1 where there is none.
    pub p: Vec<f64>,
    /// Adjusted p-values.
    pub adjusted: Vec<f64>,
    procedure: multiplicity::Scratch,
}

/// The p-value with which a test enters a family of so many sides; none where the method had no answer.
#[must_use]
pub fn p_value(estimate: &Estimate, sides: u8) -> Option<f64> {
    let p = if sides == 2 { estimate.p_two_sided() } else { estimate.p };
    (estimate.status == Status::Estimated && p.is_finite()).then(|| p.clamp(0.0, 1.0))
}

/// What a family decides; `estimate` gives the answer of an analysis by its index. The p-values and adjusted ones stay in `scratch`.
pub fn decide<'e>(plan: &FamilyPlan, estimate: impl Fn(usize) -> &'e Estimate, scratch: &mut Scratch) -> Verdict {
    let mut verdict = Verdict::default();
    scratch.p.clear();
    let mut favours = 0;
    for (j, &h) in plan.hypotheses.iter().enumerate() {
        let (e, bit) = (estimate(h), 1 << j);
        let p = p_value(e, plan.sides);
        if p.is_none() {
            verdict.missing |= bit;
        } else if plan.sides == 1 || e.p <= e.p_against() {
            favours |= bit;
        }
        scratch.p.push(p.unwrap_or(1.0));
    }
    scratch.adjusted.resize(scratch.p.len(), 1.0);
    plan.procedure.adjust(&scratch.p, &mut scratch.procedure, &mut scratch.adjusted);
    let below = |p: &[f64]| p.iter().enumerate().map(|(j, &p)| u64::from(p <= plan.alpha) << j).sum::<u64>();
    verdict.rejected = below(&scratch.adjusted);
    verdict.favour = verdict.rejected & favours;
    verdict.alone = below(&scratch.p) & favours;
    verdict
}
