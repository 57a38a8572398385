//! Means, shares and their Monte Carlo standard errors.

use serde::{Deserialize, Serialize};

use crate::math::exact::ExactSum;
use crate::result::Figure;

/// Mean and spread of a series, from exact sums: the same in any order and by any parts.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Moments {
    pub(super) count: u64,
    sum: ExactSum,
    squares: ExactSum,
}

impl Moments {
    /// Adds a value.
    pub fn add(&mut self, x: f64) {
        self.count += 1;
        self.sum.add(x);
        self.squares.add_product(x, x);
    }

    /// Adds another series.
    pub fn absorb(&mut self, other: &Self) {
        self.count += other.count;
        self.sum.absorb(&other.sum);
        self.squares.absorb(&other.squares);
    }

    /// The mean; NaN of nothing.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.sum.value() / self.count as f64 }
    }

    /// Standard deviation with n − 1.
    #[must_use]
    pub fn sd(&self) -> f64 {
        if self.count < 2 {
            return f64::NAN;
        }
        // (n Σx² − (Σx)²) / (n (n − 1)), the numerator without rounding
        let n = self.count as f64;
        let mut numerator = ExactSum::default();
        self.squares.parts().into_iter().for_each(|s| numerator.add_product(n, s));
        let sum = self.sum.parts();
        for a in sum {
            sum.into_iter().for_each(|b| numerator.add_product(-a, b));
        }
        (numerator.value() / n / (n - 1.0)).sqrt()
    }

    /// Standard error of the mean.
    #[must_use]
    pub fn mcse(&self) -> f64 {
        self.sd() / (self.count as f64).sqrt()
    }

    /// The mean as a figure, where there is one.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        (self.count > 0).then(|| Figure { estimate: self.mean(), mcse: finite(self.mcse()) })
    }

    /// The same where each of so many trials has a value: those that have one are no sample of all.
    #[must_use]
    pub fn figure_of_all(&self, trials: u64) -> Option<Figure> {
        self.figure().filter(|_| self.count == trials)
    }
}

pub(super) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// A share as a figure.
pub(super) fn share(count: u64, of: u64) -> Figure {
    let p = count as f64 / of as f64;
    Figure { estimate: p, mcse: finite((p * (1.0 - p) / of as f64).sqrt()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_mean_and_sd() {
        let of = |values: &[f64]| {
            let mut m = Moments::default();
            values.iter().for_each(|&x| m.add(x));
            m
        };
        let m = of(&[1.0, 2.0, 4.0]);
        // squares about 7/3: (16 + 1 + 25)/9 = 14/3, over 2
        assert_eq!((m.mean(), m.sd()), (7.0 / 3.0, (7.0f64 / 3.0).sqrt()));
        // a mean that is huge beside the spread loses nothing
        let m = of(&[1e15 + 1.0, 1e15 + 2.0, 1e15 + 4.0]);
        assert_eq!(m.sd(), (7.0f64 / 3.0).sqrt());
        assert_eq!(of(&[0.1; 7]).sd(), 0.0);
        assert!(of(&[1.0]).sd().is_nan() && of(&[]).mean().is_nan());
        assert!(of(&[1.0, f64::INFINITY]).sd().is_nan());
        let mut parts = of(&[4.0]);
        parts.absorb(&of(&[2.0, 1.0]));
        assert_eq!(parts.sd(), of(&[1.0, 2.0, 4.0]).sd());
    }
}
