//! Allocation: each enrolled patient gets an arm, in index order.

mod blocks;
mod observational;
mod simple;

use crate::random::{Index, Replicate, Sequence};
use crate::scenario::{Allocation, Scenario};

/// What an allocation rule may know of the enrolled patients.
#[derive(Clone, Copy, Debug)]
pub struct Enrolled<'a> {
    /// Their candidate numbers.
    pub candidates: Index<'a>,
    /// The stratum of each (site included), empty where there are no strata.
    pub stratum: &'a [u32],
    /// Probability of each arm but the last, arm after arm, where clinicians choose; else empty.
    pub propensity: &'a [f64],
}

/// Memory that allocation reuses.
#[derive(Debug, Default)]
pub struct BlockState {
    strata: Vec<Stratum>,
    /// Number of the current allocation: a stratum of an earlier one starts anew.
    generation: u64,
}

#[derive(Debug)]
struct Stratum {
    generation: u64,
    sequence: Sequence,
    /// Arms of the current block still to be given, as a range of the rule's table of permutations.
    next: usize,
    end: usize,
}

/// A rule that gives arms.
pub trait Allocate: std::fmt::Debug + Send + Sync {
    /// arm\[i\] = index of the arm of the i-th enrolled patient.
    fn allocate(&self, replicate: Replicate, enrolled: Enrolled<'_>, state: &mut BlockState, arm: &mut [u8]);
}

/// The rule of a scenario; `strata` are the labels of all strata (one empty label where there are none).
#[must_use]
pub fn compile(scenario: &Scenario, seed: u64, strata: &[String]) -> Box<dyn Allocate> {
    let ratios: Vec<u32> = scenario.arms.iter().map(|a| a.ratio).collect();
    match &scenario.allocation {
        Allocation::Simple => Box::new(simple::Simple::new(seed, &ratios)),
        Allocation::Observational { .. } => Box::new(observational::Observational::new(seed)),
        Allocation::Blocks { sizes, .. } => Box::new(blocks::Blocks::new(seed, &ratios, sizes, strata)),
    }
}
