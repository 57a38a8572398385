//! Window-driven: entry ~ U(0, T), one addressed draw a patient.

use super::{Arrivals, Arrive};
use crate::random::{Address, Index, Replicate};

#[derive(Debug)]
pub(super) struct Uniform {
    address: Address,
    over: f64,
}

impl Uniform {
    pub(super) fn new(seed: u64, over: f64) -> Self {
        Self { address: Address::new(seed, "enrolment", "entry", "uniform"), over }
    }
}

impl Arrive for Uniform {
    fn arrive(&self, replicate: Replicate, count: usize, out: &mut Arrivals) {
        out.date.resize(count, 0.0);
        self.address.uniforms(replicate, Index::Dense { first: 0, len: count }, &mut out.date);
        for t in &mut out.date {
            *t *= self.over;
        }
    }

    fn expected(&self, _t: f64) -> Option<f64> {
        None
    }
}
