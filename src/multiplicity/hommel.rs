//! Hommel's procedure.

use super::{Dependence, Procedure, Scratch, ascending};
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `hommel`.
pub const FORM: Form = Form {
    name: "hommel",
    summary: "Hommel: Simes' test of every intersection; for independent or positively dependent p-values.",
    keys: &[],
    example: "{}",
};

/// Adjusted p = the largest p-value of Simes' test, minᵢ (m/i) p₍ᵢ₎, over all sets of m hypotheses that hold this one. Among sets of one
/// size the one with the largest other p-values decides, so that k sets are looked at, not 2ᵏ⁻¹.
///
/// `Source`: Hommel (1988), Biometrika 75:383; Simes (1986), Biometrika 73:751.
#[derive(Clone, Copy, Debug)]
struct Hommel;

/// Builds the procedure.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Procedure>, Complaint> {
    Ok(Box::new(Hommel))
}

impl Procedure for Hommel {
    fn adjust(&self, p: &[f64], scratch: &mut Scratch, adjusted: &mut [f64]) {
        let k = p.len();
        ascending(&mut scratch.order, k, |j| p[j]);
        let order = &scratch.order;
        adjusted.fill(0.0);
        for m in 1..=k {
            // the m − 1 largest, which stand in places 2 … m of the set
            let last = k - (m - 1);
            let share = |i: usize| m as f64 / i as f64;
            let others = (2..=m).map(|i| share(i) * p[order[last + i - 2]]).fold(f64::INFINITY, f64::min);
            for (place, &j) in order.iter().enumerate() {
                // one of the m largest is in the set as it is; any other takes the place of the smallest
                let first = if place + m >= k { order[k - m] } else { j };
                adjusted[j] = adjusted[j].max((m as f64 * p[first]).min(others));
            }
        }
        adjusted.iter_mut().for_each(|a| *a = a.min(1.0));
    }

    fn holds_for(&self) -> Dependence {
        Dependence::Positive
    }
}
