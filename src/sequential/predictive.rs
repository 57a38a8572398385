//! Bayesian monitoring: the posterior probability of an effect, and the probability that it will be large enough at the end.
//!
//! Source: Spiegelhalter DJ, Abrams KR, Myles JP. Bayesian Approaches to Clinical Trials and Health-Care Evaluation. Wiley 2004, ch. 3 and
//! 6; Dmitrienko A, Wang MD. Bayesian predictive approach to interim monitoring in clinical trials. Statistics in Medicine
//! 2006;25:2178–2195.

use crate::math::beta::{Beta, exceeds};
use crate::math::special::{normal_cdf, normal_quantile, normal_tail};

/// Probability of a future below which it is left out: those together are below 1e-13 in any trial of fewer than 10,000 patients.
const NEGLIGIBLE: f64 = 1e-17;

/// Responders among the patients of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Responders.
    pub events: u32,
    /// Patients.
    pub n: u32,
}

/// Two proportions with beta priors; the arm that is to have the larger one first.
///
/// Where fewer events are better, events are those of the control arm first.
#[derive(Clone, Debug)]
pub struct Proportions {
    /// Shapes of the priors.
    priors: [[f64; 2]; 2],
    /// δ of P(p₁ − p₂ > δ).
    margin: f64,
    /// The posterior probability that is success, at the end.
    bound: f64,
    /// Patients at the end for which the successes below are known.
    sizes: [u32; 2],
    /// By responders of the first arm at the end, one more than the most of the second with which there is success; none where unknown.
    fewer: Vec<Option<u32>>,
    /// Probabilities of the futures of each arm.
    futures: [Vec<f64>; 2],
}

impl Proportions {
    /// Priors Beta(α, β) of the arm that is to have the larger proportion and of the other, δ, and the posterior probability of
    /// p₁ − p₂ > δ that is success. None unless shapes are positive and finite, δ in \[−1, 1\] and the bound in (0, 1).
    #[must_use]
    pub fn new(priors: [[f64; 2]; 2], margin: f64, bound: f64) -> Option<Self> {
        let shapes = priors.as_flattened().iter().all(|s| *s > 0.0 && s.is_finite());
        let ranges = margin.abs() <= 1.0 && bound > 0.0 && bound < 1.0;
        let (fewer, futures) = (Vec::new(), [Vec::new(), Vec::new()]);
        (shapes && ranges).then_some(Self { priors, margin, bound, sizes: [0; 2], fewer, futures })
    }

    /// P(p₁ − p₂ > δ) after these counts. NaN where there are more responders than patients.
    #[must_use]
    pub fn posterior(&self, counts: [Count; 2]) -> f64 {
        let [first, second] = [0, 1].map(|arm| self.beta(arm, counts[arm]));
        let (Some(first), Some(second)) = (first, second) else { return f64::NAN };
        exceeds(&first, &second, self.margin)
    }

    fn beta(&self, arm: usize, count: Count) -> Option<Beta> {
        let ([a, b], others) = (self.priors[arm], count.n.checked_sub(count.events)?);
        Beta::new(a + f64::from(count.events), b + f64::from(others))
    }

    /// Probability that the posterior probability is at least the bound when there are `sizes` patients, given these counts: the sum over
    /// all futures of both arms, each beta-binomial. NaN where there are more responders than patients, or more patients than at the end.
    ///
    /// `Numerics`: successes are found once for the same sizes, about two evaluations of the posterior for each count of responders; what
    /// is left is a sum over one arm.
    pub fn predictive(&mut self, counts: [Count; 2], sizes: [u32; 2]) -> f64 {
        if counts.iter().zip(sizes).any(|(c, n)| c.events > c.n || c.n > n) {
            return f64::NAN;
        }
        if self.sizes != sizes || self.fewer.is_empty() {
            self.sizes = sizes;
            self.fewer.clear();
            self.fewer.resize(sizes[0] as usize + 1, None);
        }
        let mut futures = std::mem::take(&mut self.futures);
        for (arm, future) in futures.iter_mut().enumerate() {
            let ([a, b], Count { events, n }) = (self.priors[arm], counts[arm]);
            beta_binomial(a + f64::from(events), b + f64::from(n - events), sizes[arm] - n, future);
        }
        // of the second arm: the probability of at most so many more
        let mut sum = 0.0;
        for p in &mut futures[1] {
            sum += *p;
            *p = sum;
        }
        let mut total = 0.0;
        for (more, p) in futures[0].iter().enumerate().filter(|(_, p)| **p > NEGLIGIBLE) {
            let fewer = self.fewer(counts[0].events as usize + more);
            if let Some(most) = fewer.checked_sub(counts[1].events + 1) {
                let most = (most as usize).min(futures[1].len() - 1);
                total += p * futures[1][most];
            }
        }
        self.futures = futures;
        total.min(1.0)
    }

    /// How many counts of responders of the second arm, from 0, are success beside `events` of the first: more of the first, more of these.
    fn fewer(&mut self, events: usize) -> u32 {
        if let Some(known) = self.fewer[events] {
            return known;
        }
        let sizes = self.sizes;
        let success = |second: u32| {
            let first = Count { events: events as u32, n: sizes[0] };
            self.posterior([first, Count { events: second, n: sizes[1] }]) >= self.bound
        };
        let below = self.fewer[..events].iter().rev().find_map(|f| *f);
        let above = self.fewer[events..].iter().find_map(|f| *f);
        // all below `low` are success, `high` and those above it are not
        let (mut low, mut high) = (below.unwrap_or(0), above.unwrap_or(sizes[1] + 1));
        // neighbours differ by little
        let mut stride = 1;
        while below.is_some() && low < high {
            let at = (low + stride - 1).min(high - 1);
            if !success(at) {
                high = at;
                break;
            }
            low = at + 1;
            stride *= 2;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if success(middle) { low = middle + 1 } else { high = middle }
        }
        self.fewer[events] = Some(low);
        low
    }
}

/// Probabilities of 0..=m events among m patients whose probability is Beta(a, b): by the ratio of neighbours, from near the mean.
fn beta_binomial(a: f64, b: f64, m: u32, out: &mut Vec<f64>) {
    let n = f64::from(m);
    let start = (n * a / (a + b)).round() as usize;
    let ratio = |y: usize| {
        let y = y as f64;
        (n - y) / (y + 1.0) * (a + y) / (b + n - y - 1.0)
    };
    out.clear();
    out.resize(m as usize + 1, 1.0);
    for y in start..m as usize {
        out[y + 1] = out[y] * ratio(y);
    }
    for y in (0..start).rev() {
        out[y] = out[y + 1] / ratio(y);
    }
    let sum: f64 = out.iter().sum();
    for p in out.iter_mut() {
        *p /= sum;
    }
}

/// An effect known as normal: a prior, or a posterior. An infinite standard deviation knows nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

impl Normal {
    /// 1/variance.
    fn precision(self) -> f64 {
        (self.sd * self.sd).recip()
    }

    /// After an estimate with a standard error: precisions add up, and the mean is weighted by them.
    #[must_use]
    pub fn posterior(self, estimate: f64, se: f64) -> Self {
        let [prior, seen] = [self.sd * self.sd, se * se];
        // of the estimate
        let weight = if prior == f64::INFINITY { 1.0 } else { prior / (prior + seen) };
        Self { mean: weight * estimate + (1.0 - weight) * self.mean, sd: se * weight.sqrt() }
    }

    /// P(effect > δ).
    #[must_use]
    pub fn above(self, margin: f64) -> f64 {
        normal_tail((margin - self.mean) / self.sd)
    }

    /// Of a posterior, the probability that P(effect > δ) is at least `bound` once the information (1/SE² of the estimate) has grown by
    /// `more`: the later posterior mean is normal about this one, with the variance that the posterior will have lost.
    #[must_use]
    pub fn predictive(self, margin: f64, bound: f64, more: f64) -> f64 {
        let (now, then) = (self.precision(), self.precision() + more);
        let lost = more / (now * then);
        chance(self.mean - margin - normal_quantile(bound) / then.sqrt(), lost)
    }

    /// Of a posterior, the probability that the estimate of all data over its standard error is at least `last`, given the estimate and the
    /// information so far and the information at the end: predictive power. The prior weighs the future, not the test.
    #[must_use]
    pub fn predictive_power(self, estimate: f64, information: [f64; 2], last: f64) -> f64 {
        let [now, end] = information;
        let more = end - now;
        let mean = (now * estimate + more * self.mean) / end;
        let variance = (more / end).powi(2) * (self.sd * self.sd + more.recip());
        if more > 0.0 { chance(mean - last / end.sqrt(), variance) } else { chance(estimate - last / end.sqrt(), 0.0) }
    }
}

/// P(X ≥ 0) for a normal X; certain where nothing varies.
fn chance(mean: f64, variance: f64) -> f64 {
    if variance > 0.0 { normal_cdf(mean / variance.sqrt()) } else { f64::from(mean >= 0.0) }
}
