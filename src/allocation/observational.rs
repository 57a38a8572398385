//! Observational: a clinician chooses each patient's arm, with probabilities that depend on the patient. Addressed by candidate.

use super::{Allocate, BlockState, Enrolled};
use crate::random::{Address, Replicate, unit};

#[derive(Debug)]
pub(super) struct Observational {
    address: Address,
}

impl Observational {
    pub(super) fn new(seed: u64) -> Self {
        Self { address: Address::new(seed, "allocation", "observational", "") }
    }
}

impl Allocate for Observational {
    /// The arm is the first whose cumulative probability is not below the patient's uniform.
    fn allocate(&self, replicate: Replicate, enrolled: Enrolled<'_>, _: &mut BlockState, arm: &mut [u8]) {
        let rows = arm.len();
        self.address.words64(replicate, enrolled.candidates, |at, words| {
            for (i, &w) in (at..).zip(words) {
                let u = unit(w);
                let mut cumulative = 0.0;
                arm[i] = 0;
                for p in enrolled.propensity.chunks_exact(rows) {
                    cumulative += p[i];
                    arm[i] += u8::from(u > cumulative);
                }
            }
        });
    }
}
