//! Weighted comparisons: a logistic propensity score, weights made of it, an effect under these weights, and its variance.
//!
//! With e the fitted probability of the experimental arm, a the arm, p the share of the experimental arm, weights are
//! - `ate`: p/e and (1 − p)/(1 − e), or without the shares where not `stabilised` (Robins, Hernán, Brumback 2000);
//! - `att`: 1 for the treated; e/(1 − e) for others where the experimental arm is the treated, else (1 − e)/e;
//! - `ato`: 1 − e and e (Li, Morgan, Zaslavsky 2018);
//! - `matched`: 1 for pairs, else 0; the treated choose in descending order of their score (ties in row order), each the
//!   nearest free patient of the other arm within the caliper (ties in row order), one to one, without replacement;
//! - `strata`: n_s n_a / (n_as n) in stratum s and arm a, strata between quantiles of the score.
//!
//! # Variance
//! An effect θ that is a function of the weighted data has influences ψᵢ = wᵢ ∂θ/∂wᵢ. The robust variance is Σ ψᵢ², over
//! pairs Σ (ψᵢ + ψⱼ)², without a factor n/(n − 1): the infinitesimal jackknife.
//!
//! The stacked variance solves the score's estimating equations together with the effect's. Since
//! ∂θ/∂γ = Σ ψᵢ ∂ln wᵢ/∂γ = Σ ψᵢ cᵢ xᵢ =: D, with x = (1, covariates), the influences become
//! ψᵢ + Dᵀ I⁻¹ xᵢ (aᵢ − eᵢ), I the information of the score; stabilised weights add D_p (aᵢ − p)/n with
//! D_p = Σ₁ ψ/p − Σ₀ ψ/(1 − p). Limits of trimming and truncation are taken as fixed.
//!
//! Source: Lunceford, Davidian, Statistics in Medicine 23 (2004) 2937; Shu, Young, Toh, Wang, Biometrics 77 (2021) 140;
//! Mao, Li, Yang, Shen, Statistics in Medicine 37 (2018) 3745.

pub(crate) mod incidence;
pub(crate) mod matching;
pub(crate) mod score;
pub mod settings;
pub(crate) mod weighted;
pub(crate) mod weighting;

use crate::analysis::indicators::Indicators;
use crate::analysis::logistic_fit;
use crate::analysis::wald::wald;
use crate::analysis::{Dataset, Estimate, Response, Rule, Scratch, Status};
use crate::math::linalg::{dot, solve, sum};
use incidence::Step;
use matching::ALONE;
use score::Score;
use settings::{Scheme, Settings};
use weighting::{Balance, Weights, balance};

/// What weighted rows keep between analyses, the last score first of all.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) score: Score,
    /// The score before the last.
    before: Score,
    pub(crate) weights: Weights,
    pub(crate) influence: Vec<f64>,
    pub(crate) work: Vec<f64>,
    pub(crate) gradient: Vec<f64>,
}

/// Event times of the arms' weighted curves.
#[derive(Debug, Default)]
pub struct Steps(Vec<[Step; 2]>);

/// Smallest effective sample size of an arm; the slack is rounding.
const FEWEST: f64 = 2.0 - 1e-9;

/// A weighted row: score, weights, the effect and its influences by `effect`, variance, Wald test.
///
/// `effect` gives θ from the weights and writes ψ to the vector, 0 where the weight is 0; it finds there n zeros. Events are
/// counted up to the time `until`.
pub(crate) fn analyse(
    settings: &Settings,
    data: &Dataset<'_>,
    rule: &Rule,
    scratch: &mut Scratch,
    until: f64,
    effect: impl FnOnce(&[f64], &mut Scratch, &mut Vec<f64>) -> Result<f64, Status>,
) -> Estimate {
    // apart from the rest of the memory while the effect uses that
    let mut memory = std::mem::take(&mut scratch.propensity);
    let answer = memory.analyse(settings, data, rule, scratch, until, effect);
    scratch.propensity = memory;
    answer
}

/// Intercept and slopes of the logistic regression of the arm on covariates, a column each; none where there is no maximum.
#[must_use]
pub fn pooled_score(arm: &[u8], covariates: &[Vec<f64>]) -> Option<(f64, Vec<f64>)> {
    let n = arm.len() as f64;
    let mut columns = Vec::new();
    let mut scales = Vec::new();
    for x in covariates {
        let mean = x.iter().sum::<f64>() / n;
        let sd = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        columns.extend(x.iter().map(|x| (x - mean) / sd));
        scales.push((mean, sd));
    }
    let (mut vectors, mut small) = (Vec::new(), Vec::new());
    let mut indicators = Indicators::default();
    let fit = logistic_fit::maximise(&columns, arm, &[], &mut vectors, &mut small, &mut indicators).ok()?;
    let slopes: Vec<f64> = fit.coefficients[1..].iter().zip(&scales).map(|(c, (_, sd))| c / sd).collect();
    let moved: f64 = slopes.iter().zip(&scales).map(|(slope, (mean, _))| slope * mean).sum();
    Some((fit.coefficients[0] - moved, slopes))
}

/// The weights of a weighted row, for [`crate::analysis::Analysis::weights`].
pub(crate) fn weights(
    settings: &Settings,
    data: &Dataset<'_>,
    rule: &Rule,
    scratch: &mut Scratch,
    out: &mut Vec<f64>,
) -> Result<(), Status> {
    out.clear();
    let mut memory = std::mem::take(&mut scratch.propensity);
    let weighed = memory.weigh(settings, data, rule, scratch);
    out.extend_from_slice(&memory.weights.weight);
    scratch.propensity = memory;
    match weighed {
        Ok(_) => Ok(()),
        Err(failure) => {
            out.clear();
            out.resize(data.arm.len(), 0.0);
            Err(failure.0)
        }
    }
}

impl Memory {
    fn analyse(
        &mut self,
        settings: &Settings,
        data: &Dataset<'_>,
        rule: &Rule,
        scratch: &mut Scratch,
        until: f64,
        effect: impl FnOnce(&[f64], &mut Scratch, &mut Vec<f64>) -> Result<f64, Status>,
    ) -> Estimate {
        let n = data.arm.len();
        let weighed = self.weigh(settings, data, rule, scratch);
        let balance = match weighed {
            Ok(balance) => balance,
            Err((status, balance)) => {
                let mut failed = Estimate::failed(status, n);
                if let Some(balance) = balance {
                    failed.parts = self.parts(settings, &balance);
                }
                return failed;
            }
        };
        let kept = self.weights.weight.iter().filter(|w| **w > 0.0).count();
        let events = events(data, &self.weights.weight, until);
        self.influence.clear();
        self.influence.resize(n, 0.0);
        let mut answer = match effect(&self.weights.weight, scratch, &mut self.influence) {
            Ok(theta) => wald(theta, self.variance(settings, data).sqrt(), rule, kept, events),
            Err(status) => Estimate::failed(status, kept),
        }
        .counted(kept, events);
        answer.parts = self.parts(settings, &balance);
        answer
    }

    /// Score and weights; failures that have weights have their balance.
    pub(crate) fn weigh(
        &mut self,
        settings: &Settings,
        data: &Dataset<'_>,
        rule: &Rule,
        scratch: &mut Scratch,
    ) -> Result<Balance, (Status, Option<Balance>)> {
        let ([vectors, ..], [small, ..]) = (&mut scratch.real, &mut scratch.matrix);
        // patients whose endpoint is not known leave some rows out, and the next row of the plan has them all again
        if !self.score.is_of(data) {
            std::mem::swap(&mut self.score, &mut self.before);
        }
        self.weights.weight.clear();
        self.score.fit(data, vectors, small).map_err(|status| (status, None))?;
        let treated = u8::from(rule.treated != 0);
        self.weights.weigh(settings, &self.score, data.arm, treated).map_err(|status| (status, None))?;
        let balance = balance(&self.score, data.arm, &self.weights.weight, &mut self.work);
        if balance.effective.iter().all(|ess| *ess >= FEWEST) {
            Ok(balance)
        } else {
            Err((Status::NoOverlap, Some(balance)))
        }
    }

    pub(crate) fn parts(&self, settings: &Settings, balance: &Balance) -> [f64; 8] {
        let matched = if settings.scheme == Scheme::Matched { self.weights.matched } else { 0.0 };
        let [control, experimental] = balance.effective;
        let parts = [
            experimental,
            control,
            self.score.imbalance,
            balance.imbalance,
            self.score.overlap,
            balance.largest,
            matched,
            0.0,
        ];
        // without patients there is no balance
        parts.map(|x| if x.is_finite() { x } else { 0.0 })
    }

    /// Variance from the influences, which it completes by the score's where stacked.
    fn variance(&mut self, settings: &Settings, data: &Dataset<'_>) -> f64 {
        if settings.stacked {
            self.stack(settings, data.arm);
        }
        if settings.scheme != Scheme::Matched {
            return dot(&self.influence, &self.influence);
        }
        let psi = &self.influence;
        let pairs = self.weights.partner.iter().enumerate().filter(|(i, p)| **p != ALONE && *i < **p as usize);
        pairs.map(|(i, p)| psi[i] + psi[*p as usize]).map(|both| both * both).sum()
    }

    /// ψᵢ ← ψᵢ + Dᵀ I⁻¹ xᵢ (aᵢ − eᵢ) + D_p (aᵢ − p)/n.
    fn stack(&mut self, settings: &Settings, arm: &[u8]) {
        let Self { score, weights, influence, work, gradient, .. } = self;
        let n = arm.len();
        let constant = if settings.scheme == Scheme::Everyone && settings.stabilised {
            let share = arm.iter().map(|a| f64::from(*a)).sum::<f64>() / n as f64;
            let mut sums = [0.0; 2];
            for (psi, a) in influence.iter().zip(arm) {
                sums[usize::from(*a != 0)] += psi;
            }
            let slope = sums[1] / share - sums[0] / (1.0 - share);
            [-share, 1.0 - share].map(|deviation| slope * deviation / n as f64)
        } else {
            [0.0; 2]
        };
        work.clear();
        work.extend(influence.iter().zip(&weights.slope).map(|(psi, c)| psi * c));
        gradient.clear();
        let total = sum(work);
        gradient.push(total);
        gradient.extend(score.dots(work, total));
        solve(&score.factor, gradient);
        score.indicators.combine(&score.columns, &gradient[1..], gradient[0], work);
        for ((psi, (along, r)), a) in influence.iter_mut().zip(work.iter().zip(&score.residual)).zip(arm) {
            *psi += along * r + constant[usize::from(*a != 0)];
        }
    }
}

/// Events up to a time among those who have a weight.
fn events(data: &Dataset<'_>, weight: &[f64], until: f64) -> usize {
    let weighs = |row: usize| weight[row] > 0.0;
    match data.response {
        Response::Binary(y) => (0..y.len()).filter(|&row| y[row] != 0 && weighs(row)).count(),
        Response::Time { time, event, .. } => {
            (0..time.len()).filter(|&row| event[row] != 0 && time[row] <= until && weighs(row)).count()
        }
        _ => 0,
    }
}
