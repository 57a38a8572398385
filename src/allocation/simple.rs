//! Simple randomisation: each patient independently, in the arms' ratio. Addressed by candidate, so that moving a criterion does
//! not re-deal arms.

use super::{Allocate, BlockState, Enrolled};
use crate::random::{Address, Replicate, cut_point};

#[derive(Debug)]
pub(super) struct Simple {
    address: Address,
    cuts: Vec<u64>,
}

impl Simple {
    pub(super) fn new(seed: u64, ratios: &[u32]) -> Self {
        let total: u32 = ratios.iter().sum();
        let mut sum = 0;
        let cuts = ratios[..ratios.len() - 1]
            .iter()
            .map(|r| {
                sum += r;
                cut_point(f64::from(sum) / f64::from(total))
            })
            .collect();
        Self { address: Address::new(seed, "allocation", "simple", ""), cuts }
    }
}

impl Allocate for Simple {
    fn allocate(&self, replicate: Replicate, enrolled: Enrolled<'_>, _: &mut BlockState, arm: &mut [u8]) {
        self.address.words32(replicate, enrolled.candidates, |at, words| {
            for (a, &w) in arm[at..].iter_mut().zip(words) {
                *a = self.cuts.iter().map(|&c| u8::from(u64::from(w) >= c)).sum();
            }
        });
    }
}
