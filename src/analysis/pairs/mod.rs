//! Comparison of every experimental with every control patient: what the win ratio, the net benefit and the win odds
//! are computed from.
//!
//! Three ways give the same integers. Discrete tiers are compared as states ([`by_sweep`] without a time tier); a time
//! tier before discrete tiers is one sweep in order of time ([`by_sweep`]); anything else goes by all pairs
//! ([`by_all_pairs`]).

mod all_pairs;
pub mod door;
pub mod finkelstein_schoenfeld;
mod gather;
pub mod ipcw;
mod states;
mod summary;
mod sweep;

pub use all_pairs::by_all_pairs;
pub use gather::Gathered;
pub(crate) use summary::Summary;
pub use summary::contributions;
pub use sweep::by_sweep;

use super::{Dataset, Response, Scratch, Status};
use crate::endpoint::hierarchical::{Comparison, MAX_TIERS};

/// Wins and losses of the experimental arm over all pairs of patients of different arms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Patients: control, experimental.
    pub patients: [usize; 2],
    /// Pairs that the experimental patient wins.
    pub wins: u64,
    /// Pairs that the experimental patient loses.
    pub losses: u64,
    /// Pairs decided at each tier.
    pub decided: [u64; MAX_TIERS],
    /// Sums over the patients of each arm: control, experimental.
    pub moments: [Moments; 2],
}

/// Sums over the patients of an arm, where w and l count the pairs with that patient which the *experimental* patient
/// wins and loses. Integers: the variance does not depend on the order of the patients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// Σ w²
    pub ww: u128,
    /// Σ w l
    pub wl: u128,
    /// Σ l²
    pub ll: u128,
}

impl Moments {
    /// Adds `patients` patients with the same w and l.
    #[inline(always)]
    fn add(&mut self, w: u64, l: u64, patients: u64) {
        self.ww += u128::from(w * w) * u128::from(patients);
        self.wl += u128::from(w * l) * u128::from(patients);
        self.ll += u128::from(l * l) * u128::from(patients);
    }

    /// n Σ (w − w̄)², n Σ (w − w̄)(l − l̄), n Σ (l − l̄)² over n patients: integers, so exactly 0 where nothing varies.
    fn centred(&self, patients: usize, wins: u64, losses: u64) -> [i128; 3] {
        let centre = |sum: u128, x: u64, y: u64| sum as i128 * patients as i128 - i128::from(x) * i128::from(y);
        [centre(self.ww, wins, wins), centre(self.wl, wins, losses), centre(self.ll, losses, losses)]
    }
}

/// Names of the parts that win statistics report: probabilities over all pairs, and the shares of all pairs decided at
/// each of the first five tiers.
pub(crate) const PARTS: &[&str] = &["win", "loss", "tie", "tier-1", "tier-2", "tier-3", "tier-4", "tier-5"];

impl Pairs {
    /// Compares the arms of a hierarchical endpoint.
    ///
    /// # Errors
    /// An arm is empty, or has one patient (its projection is 0 by construction and says nothing about its variance).
    pub(crate) fn of(data: &Dataset<'_>, scratch: &mut Scratch) -> Result<Self, Status> {
        let Response::Hierarchical(comparison) = data.response else {
            return Err(Status::NoVariation);
        };
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        match experimental.min(data.arm.len() - experimental) {
            0 => Err(Status::EmptyArm),
            1 => Err(Status::TooFew),
            _ => Ok(compare(data.arm, &comparison, scratch)),
        }
    }

    fn total(&self) -> f64 {
        self.patients[0] as f64 * self.patients[1] as f64
    }

    /// The values of [`PARTS`].
    pub(crate) fn parts(&self) -> [f64; 8] {
        let all = self.total();
        let (win, loss) = (self.wins as f64 / all, self.losses as f64 / all);
        let ties = self.patients[0] as u64 * self.patients[1] as u64 - self.wins - self.losses;
        let mut parts = [win, loss, ties as f64 / all, 0.0, 0.0, 0.0, 0.0, 0.0];
        for (part, decided) in parts[3..].iter_mut().zip(self.decided) {
            *part = decided as f64 / all;
        }
        parts
    }

    /// P(win) − P(loss) and its variance by the first-order projection,
    /// Σₐ Σᵢ ((wᵢ − lᵢ)/m − NB)²/nₐ², m the patients of the other arm.
    #[must_use]
    pub fn net_benefit(&self) -> (f64, f64) {
        let difference = self.wins as i64 - self.losses as i64;
        let mut variance = 0.0;
        for (arm, moments) in self.moments.iter().enumerate() {
            let [ww, wl, ll] = moments.centred(self.patients[arm], self.wins, self.losses);
            let (n, m) = (self.patients[arm] as f64, self.patients[1 - arm] as f64);
            variance += (ww - 2 * wl + ll) as f64 / (n * n * n * m * m);
        }
        (difference as f64 / self.total(), variance)
    }

    /// ln(wins/losses) and its variance by the first-order projection, Σₐ Σᵢ (wᵢ/W − lᵢ/L)².
    ///
    /// `None` without wins or without losses.
    #[must_use]
    pub fn log_win_ratio(&self) -> Option<(f64, f64)> {
        if self.wins == 0 || self.losses == 0 {
            return None;
        }
        let (wins, losses) = (self.wins as f64, self.losses as f64);
        let (mut variance, mut size) = (0.0, 0.0);
        for (arm, moments) in self.moments.iter().enumerate() {
            let [ww, wl, ll] = moments.centred(self.patients[arm], self.wins, self.losses);
            let n = self.patients[arm] as f64;
            let squares = ww as f64 / wins / wins + ll as f64 / losses / losses;
            variance += (squares - 2.0 * (wl as f64 / wins / losses)) / n;
            size += squares / n;
        }
        // wins and losses in proportion for every patient: what is left of the difference is rounding
        let variance = if variance > 1e-13 * size { variance } else { 0.0 };
        Some(((wins / losses).ln(), variance))
    }
}

/// Compares every experimental with every control patient.
#[must_use]
pub fn compare(arm: &[u8], comparison: &Comparison<'_>, scratch: &mut Scratch) -> Pairs {
    let experimental = arm.iter().map(|&a| usize::from(a)).sum();
    let most = states_that_pay(arm.len() - experimental, experimental);
    sweep::by_sweep_within(arm, comparison, most, scratch).unwrap_or_else(|| by_all_pairs(arm, comparison, scratch))
}

/// Up to how many states a sweep is the faster: a table of all states against all costs about as much as four times as many pairs.
fn states_that_pay(control: usize, experimental: usize) -> usize {
    (control * experimental / 4).isqrt().max(8)
}

#[cfg(test)]
mod tests {
    #[test]
    fn by_hand_states_that_pay() {
        let most = [(0, 5), (2, 2), (16, 16), (16, 20), (100, 100), (20_000, 5)];
        assert_eq!(most.map(|(n0, n1)| super::states_that_pay(n0, n1)), [8, 8, 8, 8, 50, 158]);
    }
}
