//! Estimands: the true value of what an analysis estimates, and the limit of its estimator.
//!
//! Both are functionals of the potential outcomes of the replicates' own patients, each patient standing once in either arm. The *true*
//! value is computed as if everyone were seen to the end; the *limit* under the scenario's own loss and cut. Ratios are formed
//! after pooling numerators and denominators over replicates. Pairs are always of different patients.

mod sample;
mod table;

use crate::endpoint::hierarchical::Tier;

pub use sample::{FollowUp, Sample, sums};
pub use table::{BINS, Table, UNIT};

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
    /// Coefficient of the arm in a model with covariates: root of the estimating equation summed over replicates, one Newton step from
    /// a pilot's.
    Coefficient,
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

/// The pooled value of a target that is a function of sums: see [`Sums`].
#[must_use]
pub fn value_of_sums(target: Target, sums: &Sums) -> f64 {
    let [a, b, c, d] = *sums;
    match target {
        Target::Mean => a / b - c / d,
        Target::LogOdds => logit(a / b) - logit(c / d),
        Target::Coefficient => a / b,
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

/// Sums of one replicate: Σy and n of the experimental and of the control arm; or pairs won, lost, all; or a coefficient and 1.
pub type Sums = [f64; 4];

/// Whether a target is a function of [`Sums`] (else of a [`Table`]).
#[must_use]
pub fn uses_sums(target: Target) -> bool {
    matches!(target, Target::Mean | Target::LogOdds | Target::LogRisk | Target::Pairs(_) | Target::Coefficient)
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
