//! Means, shares and their Monte Carlo standard errors.

use crate::result::Figure;

/// Mean and spread of a series (Welford 1962).
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    pub(super) count: u64,
    mean: f64,
    m2: f64,
}

impl Moments {
    /// Adds a value.
    pub fn add(&mut self, x: f64) {
        self.count += 1;
        let d = x - self.mean;
        self.mean += d / self.count as f64;
        self.m2 += d * (x - self.mean);
    }

    /// The mean; NaN of nothing.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// Standard deviation with n − 1.
    #[must_use]
    pub fn sd(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { (self.m2 / (self.count - 1) as f64).sqrt() }
    }

    /// Standard error of the mean.
    #[must_use]
    pub fn mcse(&self) -> f64 {
        self.sd() / (self.count as f64).sqrt()
    }

    /// The mean as a figure, where there is one.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        (self.count > 0).then(|| Figure { estimate: self.mean, mcse: finite(self.mcse()) })
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

/// Wilson's 95% interval of a share (Wilson, JASA 1927;22:209).
#[must_use]
pub fn wilson(count: u64, of: u64) -> [f64; 2] {
    let (p, n, z) = (count as f64 / of as f64, of as f64, 1.959_963_984_540_054_f64);
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    [((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0)]
}
