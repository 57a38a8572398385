//! Estimands: the true value of what an analysis estimates, and the limit of its estimator.
//!
//! Both are functionals of the potential outcomes of the replicates' own patients, each patient standing once in either arm. The *true*
//! value is computed as if everyone were seen to the end; the *limit* under the scenario's own loss and cut. Ratios are formed
//! after pooling numerators and denominators over replicates. Pairs are always of different patients.

use crate::endpoint::hierarchical::Tier;

/// What an estimator estimates, and so what must be pooled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Difference of means (or proportions).
    Mean,
    /// Difference of log odds.
    LogOdds,
    /// Difference of log risks.
    LogRisk,
    /// A function of the probabilities that a pair of patients is won and lost.
    Pairs(PairScale),
    /// Common log odds ratio of a proportional-odds model.
    CommonOdds,
    /// Root of the pooled partial-likelihood equation (Cox).
    Hazard,
    /// Pooled (O − E)/V of the log-rank test (Peto).
    Peto,
    /// Difference of survival at a time (months), competing events switched off.
    Survival(f64),
    /// Difference of cumulative incidence at a time (months), competing events at work.
    Incidence(f64),
    /// Difference of mean survival restricted to a time (months), competing events switched off.
    RestrictedMean(f64),
    /// Root of the pooled equation of the subdistribution hazard (Fine and Gray).
    Subdistribution,
    /// None is defined here.
    Undefined,
}

/// Over whom an effect is averaged: the enrolled, weighted by a function of their true propensity score e.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tilt {
    /// All alike (ATE): 1.
    Everyone,
    /// The treated (ATT): e, or 1 − e where the control arm is the treated.
    Treated,
    /// Those who might have got either (ATO): e(1 − e).
    Overlap,
    /// The treated of the trial at hand for whom a match was found.
    Matched,
}

/// Function of the win and loss probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairScale {
    /// ln(W / L)
    LogWinRatio,
    /// W − L
    NetBenefit,
    /// ln((W + T/2) / (L + T/2))
    LogWinOdds,
    /// W + T/2
    Probability,
}

/// Bins of a pooled time table: 128 of equal width in each octave of months from 2⁻¹⁴ (a few minutes) to 2²⁰ (as good as never), so
/// that any unit of time is resolved alike, to less than 1%.
pub const BINS: usize = 34 << 7;

/// Bits of a time below those that number its bin.
const BELOW: u32 = 52 - 7;

/// Number of the first bin's limit, 2⁻¹⁴.
const FIRST: u64 = (1023 - 14) << 7;

/// The bin of a time.
fn bin(time: f64) -> usize {
    let number = time.max(0.0).to_bits() >> BELOW;
    (number.saturating_sub(FIRST) as usize).min(BINS)
}

/// Lower limit of a bin; the first reaches down to 0.
fn limit(bin: usize) -> f64 {
    if bin == 0 { 0.0 } else { f64::from_bits((bin as u64 + FIRST) << BELOW) }
}

/// Counts pooled over replicates: integers, so that any order gives the same.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Category or time-bin counts by \[arm\]\[0 censored, 1 event\]; categories use 0 only.
    counts: [[Vec<u64>; 2]; 2],
}

impl Table {
    /// An empty table for a target: category counts or time bins.
    #[must_use]
    pub fn new(target: Target, levels: usize) -> Self {
        let size = match target {
            Target::CommonOdds => levels,
            Target::Hazard | Target::Peto | Target::Survival(_) => BINS + 1,
            _ => 0,
        };
        let kinds = if target == Target::CommonOdds { [size, 0] } else { [size, size] };
        Self { counts: [kinds.map(|k| vec![0; k]), kinds.map(|k| vec![0; k])] }
    }

    /// Counts a category of a patient of an arm.
    pub fn count_category(&mut self, arm: usize, category: u8) {
        self.counts[arm][0][usize::from(category)] += 1;
    }

    /// Counts a follow-up time of a patient of an arm.
    pub fn count_time(&mut self, arm: usize, time: f64, event: u8) {
        if let Some(count) = self.counts[arm][usize::from(event)].get_mut(bin(time)) {
            *count += 1;
        }
    }

    /// Adds the counts of another table of the same shape.
    pub fn add(&mut self, other: &Table) {
        for (a, b) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            for (x, y) in a.iter_mut().zip(b) {
                *x += y;
            }
        }
    }

    /// Events and numbers at risk by bin, each arm weighted by its share of patients: (d₀, d₁, Y₀, Y₁), patients who leave within a
    /// bin counted as at risk for half of it.
    fn risk_sets(&self, share: [f64; 2]) -> Vec<[f64; 4]> {
        let mut total = [0.0; 2];
        for (a, t) in total.iter_mut().enumerate() {
            *t = self.counts[a].iter().flatten().map(|&c| c as f64).sum();
        }
        let weight = [0, 1].map(|a: usize| if total[a] > 0.0 { share[a] / total[a] } else { 0.0 });
        let mut at_risk = [0, 1].map(|a: usize| weight[a] * total[a]);
        (0..=BINS)
            .map(|b| {
                let count = |a: usize, kind: usize| weight[a] * self.counts[a][kind][b] as f64;
                let leave = [0, 1].map(|a| count(a, 0) + count(a, 1));
                let row = [count(0, 1), count(1, 1), at_risk[0] - 0.5 * leave[0], at_risk[1] - 0.5 * leave[1]];
                for a in 0..2 {
                    at_risk[a] = (at_risk[a] - leave[a]).max(0.0);
                }
                row
            })
            .collect()
    }

    /// The pooled value of a target; NaN where it does not exist (no events, an empty category table).
    #[must_use]
    pub fn value(&self, target: Target, share: [f64; 2]) -> f64 {
        match target {
            Target::CommonOdds => self.common_odds(share),
            Target::Hazard => self.hazard_ratio(share),
            Target::Peto => {
                let (mut u, mut v) = (0.0, 0.0);
                for [d0, d1, y0, y1] in self.risk_sets(share) {
                    let (d, y) = (d0 + d1, y0 + y1);
                    if d > 0.0 && y > 0.0 {
                        u += d1 - d * y1 / y;
                        v += d * y0 * y1 / (y * y);
                    }
                }
                u / v
            }
            Target::Survival(at) => self.survival(1, at) - self.survival(0, at),
            _ => f64::NAN,
        }
    }

    fn survival(&self, arm: usize, at: f64) -> f64 {
        let mut at_risk: f64 = self.counts[arm].iter().flatten().map(|&c| c as f64).sum();
        let mut log = 0.0;
        for b in 0..BINS {
            let part = ((at - limit(b)) / (limit(b + 1) - limit(b))).clamp(0.0, 1.0);
            if part == 0.0 {
                break;
            }
            let (lost, died) = (self.counts[arm][0][b] as f64, self.counts[arm][1][b] as f64);
            let exposed = at_risk - 0.5 * lost;
            if died > 0.0 && exposed > 0.0 {
                log += part * (-(died / exposed).min(1.0)).ln_1p();
            }
            at_risk -= lost + died;
        }
        log.exp()
    }

    fn hazard_ratio(&self, share: [f64; 2]) -> f64 {
        let sets = self.risk_sets(share);
        let mut beta = 0.0f64;
        for _ in 0..100 {
            let theta = beta.exp();
            let (mut u, mut i) = (0.0, 0.0);
            for [d0, d1, y0, y1] in &sets {
                let s = y0 + theta * y1;
                if s > 0.0 {
                    let p = theta * y1 / s;
                    u += d1 - (d0 + d1) * p;
                    i += (d0 + d1) * p * (1.0 - p);
                }
            }
            let step = u / i;
            beta += step.clamp(-1.0, 1.0);
            if !step.is_finite() || step.abs() < 1e-12 {
                return if step.is_finite() { beta } else { f64::NAN };
            }
        }
        f64::NAN
    }

    /// Root of the expected score of the two-group proportional-odds model on the pooled category shares.
    fn common_odds(&self, share: [f64; 2]) -> f64 {
        let levels = self.counts[0][0].len();
        let total = [0, 1].map(|a: usize| self.counts[a][0].iter().sum::<u64>() as f64);
        if total.contains(&0.0) {
            return f64::NAN;
        }
        let p: [Vec<f64>; 2] =
            [0, 1].map(|a: usize| self.counts[a][0].iter().map(|&c| share[a] * c as f64 / total[a]).collect());
        let used: Vec<usize> = (0..levels).filter(|&k| p[0][k] + p[1][k] > 0.0).collect();
        let shares: Vec<[f64; 2]> = used.iter().map(|&k| [p[0][k], p[1][k]]).collect();
        crate::analysis::proportional_odds::pooled_log_odds_ratio(&shares)
    }
}

/// The pooled value of a target that is a function of sums: see [`Sums`].
#[must_use]
pub fn value_of_sums(target: Target, sums: &Sums) -> f64 {
    let [a, b, c, d] = *sums;
    match target {
        Target::Mean => a / b - c / d,
        Target::LogOdds => logit(a / b) - logit(c / d),
        Target::LogRisk => (a / b).ln() - (c / d).ln(),
        Target::Pairs(scale) => {
            let (win, loss) = (a / c, b / c);
            let tie = 1.0 - win - loss;
            match scale {
                PairScale::LogWinRatio => (win / loss).ln(),
                PairScale::NetBenefit => win - loss,
                PairScale::LogWinOdds => ((win + 0.5 * tie) / (loss + 0.5 * tie)).ln(),
                PairScale::Probability => win + 0.5 * tie,
            }
        }
        _ => f64::NAN,
    }
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// Sums of one replicate: Σy and n of the experimental and of the control arm; or pairs won, lost, all.
pub type Sums = [f64; 4];

/// Whether a target is a function of [`Sums`] (else of a [`Table`]).
#[must_use]
pub fn uses_sums(target: Target) -> bool {
    matches!(target, Target::Mean | Target::LogOdds | Target::LogRisk | Target::Pairs(_))
}

/// Compares patients `i` and `j` tier by tier: +1 when i fares better, −1 when worse, 0 when tied throughout.
#[must_use]
pub fn compare(tiers: &[Tier<'_>], i: usize, j: usize) -> i8 {
    for tier in tiers {
        let (win, loss) = match tier {
            Tier::Time { time, event } => (event[j] == 1 && time[j] < time[i], event[i] == 1 && time[i] < time[j]),
            Tier::Code { code, .. } => {
                let known = code[i] != 255 && code[j] != 255;
                (known && code[i] > code[j], known && code[i] < code[j])
            }
            Tier::Score { value, threshold } => (value[i] - value[j] > *threshold, value[j] - value[i] > *threshold),
        };
        if win != loss {
            return if win { 1 } else { -1 };
        }
    }
    0
}
