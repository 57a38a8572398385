//! Rate-driven: a Poisson process with piecewise constant rate. Arrival k is Λ⁻¹(E₀ + … + E_k), with E unit exponentials and
//! Λ the cumulative rate.

use super::{Arrivals, Arrive};
use crate::math::elementary::ln;
use crate::random::{Address, Replicate, Sequence};

#[derive(Debug)]
pub(super) struct Piecewise {
    address: Address,
    rates: Vec<f64>,
    from: Vec<f64>,
}

impl Piecewise {
    pub(super) fn new(seed: u64, rates: &[f64], from: &[f64]) -> Self {
        let address = Address::new(seed, "enrolment", "arrivals", "piecewise");
        Self { address, rates: rates.to_vec(), from: from.to_vec() }
    }

    /// Length of piece `i` (months).
    fn length(&self, i: usize) -> f64 {
        self.from.get(i + 1).map_or(f64::INFINITY, |end| end - self.from[i])
    }
}

impl Arrive for Piecewise {
    fn arrive(&self, replicate: Replicate, count: usize, out: &mut Arrivals) {
        out.date.clear();
        let mut sequence = Sequence::new(&self.address, replicate);
        let (mut total, mut before, mut piece) = (0.0, 0.0, 0);
        while out.date.len() < count {
            total -= ln(1.0 - sequence.uniform());
            while self.length(piece).is_finite() && total > before + self.rates[piece] * self.length(piece) {
                before += self.rates[piece] * self.length(piece);
                piece += 1;
            }
            if self.rates[piece] <= 0.0 {
                return; // the last rate is 0: nobody arrives any more
            }
            out.date.push(self.from[piece] + (total - before) / self.rates[piece]);
        }
    }

    fn expected(&self, t: f64) -> Option<f64> {
        let pieces = self.rates.iter().enumerate();
        Some(pieces.map(|(i, rate)| rate * (t - self.from[i]).clamp(0.0, self.length(i))).sum())
    }
}
