//! Rate-driven: a Poisson process whose rate rises linearly from 0 to r patients a month over T months and then stays. Arrival k is
//! Λ⁻¹(E₀ + … + E_k), with E unit exponentials and Λ(t) = rt²/2T up to T, r(t − T/2) after it.

use super::{Arrivals, Arrive};
use crate::math::elementary::ln;
use crate::random::{Address, Replicate, Sequence};

#[derive(Debug)]
pub(super) struct Ramp {
    address: Address,
    rate: f64,
    over: f64,
}

impl Ramp {
    pub(super) fn new(seed: u64, rate: f64, over: f64) -> Self {
        Self { address: Address::new(seed, "enrolment", "arrivals", "ramp"), rate, over }
    }
}

impl Arrive for Ramp {
    fn arrive(&self, replicate: Replicate, count: usize, out: &mut Arrivals) {
        out.date.clear();
        let mut sequence = Sequence::new(&self.address, replicate);
        // months at the full rate, and how many of them the ramp is worth
        let (mut total, worth) = (0.0, 0.5 * self.over);
        while out.date.len() < count {
            total -= ln(1.0 - sequence.uniform()) / self.rate;
            let date = if total < worth { (2.0 * self.over * total).sqrt() } else { worth + total };
            out.date.push(date);
        }
    }

    fn expected(&self, t: f64) -> Option<f64> {
        let rising = t.clamp(0.0, self.over);
        Some(self.rate * (0.5 * rising * rising / self.over + (t - self.over).max(0.0)))
    }
}
