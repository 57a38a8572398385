//! What to conclude after stopping: conditional and predictive power, p-value, estimate and interval by the stage-wise ordering.
//!
//! Source: Fairbanks K, Madsen R. P values for tests using a repeated significance test design. Biometrika 1982;69:69–74; Tsiatis AA,
//! Rosner GL, Mehta CR. Exact confidence intervals following a group sequential test. Biometrics 1984;40:797–803.

use super::{Boundary, Walk};
use crate::math::root;
use crate::math::special::normal_tail;

impl Boundary {
    /// Probability of rejecting in favour at a later look, given Z at look `k`, at a drift.
    #[must_use]
    pub fn conditional_power(&self, k: usize, z: f64, theta: f64) -> f64 {
        let t = self.looks[k];
        let mut walk = Walk::from(theta, t, z * t.sqrt());
        let mut power = 0.0;
        for j in k + 1..self.looks.len() {
            let t = self.looks[j];
            power += walk.above(t, self.upper[j]);
            if j + 1 < self.looks.len() {
                walk.go_on(t, self.lower[j], self.upper[j], self.looks[j + 1]);
            }
        }
        power
    }

    /// Probability of rejecting in favour at the last look, given Z at look `k` and no prior knowledge of the drift: Φ of
    /// (z − u√t)/√(1 − t), looks between them left out (Spiegelhalter, Freedman and Blackburn 1986).
    #[must_use]
    pub fn predictive_power(&self, k: usize, z: f64) -> f64 {
        let (t, last) = (self.looks[k], self.upper[self.looks.len() - 1]);
        normal_tail((last * t.sqrt() - z) / (1.0 - t).sqrt())
    }

    /// P(a result at least as extreme in favour), at a drift: stopping earlier at the upper bound, or at look `k` with Z ≥ z.
    #[must_use]
    pub fn stagewise(&self, k: usize, z: f64, theta: f64) -> f64 {
        let mut walk = Walk::new(theta);
        let mut p = 0.0;
        for (j, &t) in self.looks[..k].iter().enumerate() {
            p += walk.above(t, self.upper[j]);
            walk.go_on(t, self.lower[j], self.upper[j], self.looks[j + 1]);
        }
        p + walk.above(self.looks[k], z)
    }

    /// The drift at which [`Boundary::stagewise`] is `p`: ½ gives the median-unbiased estimate, the tails the interval.
    #[must_use]
    pub fn drift_at(&self, k: usize, z: f64, p: f64) -> f64 {
        let guess = z / self.looks[k].sqrt();
        let reach = 12.0 / self.looks[k].sqrt();
        root::zero(guess - reach, guess + reach, |theta| self.stagewise(k, z, theta) - p)
    }
}
