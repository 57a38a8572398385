//! From the score to weights.

use crate::analysis::Status;
use crate::analysis::propensity::matching::{ALONE, Pairing, pair};
use crate::analysis::propensity::score::Score;
use crate::analysis::propensity::settings::{Scheme, Settings};
use crate::analysis::time_order::sort_rows;
use crate::math::linalg::sum;

/// Weights of the patients; 0 for those who are dropped.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    /// w.
    pub(crate) weight: Vec<f64>,
    /// c, where ∂ ln w / ∂γ = c (1, covariates); empty where weights are no smooth function of the score.
    pub(crate) slope: Vec<f64>,
    /// Partner of each patient, or [`ALONE`]; empty without matching.
    pub(crate) partner: Vec<u32>,
    /// Share of the treated who found a match.
    pub(crate) matched: f64,
    pairing: Pairing,
    value: Vec<f64>,
    keys: Vec<u64>,
    order: Vec<u32>,
    limits: Vec<f64>,
    counts: Vec<[u32; 2]>,
}

impl Weights {
    /// Weighs the patients by the scheme; then trims and truncates.
    ///
    /// # Errors
    /// [`Status::NoOverlap`] where a weight is not finite, a stratum lacks an arm, or nobody of an arm is left.
    pub(crate) fn weigh(&mut self, settings: &Settings, score: &Score, arm: &[u8], treated: u8) -> Result<(), Status> {
        self.partner.clear();
        self.slope.clear();
        self.weight.clear();
        self.matched = 0.0;
        match settings.scheme {
            Scheme::Everyone => self.everyone(settings.stabilised, score, arm),
            Scheme::Treated => self.treated(score, arm, treated),
            Scheme::Overlap => self.overlap(score, arm),
            Scheme::Matched | Scheme::Strata => self.weight.resize(arm.len(), 1.0),
        }
        if let Some(trim) = settings.trim {
            for (i, (w, (e, c))) in
                self.weight.iter_mut().zip(score.probability.iter().zip(&score.complement)).enumerate()
            {
                if *e < trim || *c < trim {
                    *w = 0.0;
                    if let Some(slope) = self.slope.get_mut(i) {
                        *slope = 0.0;
                    }
                }
            }
        }
        match settings.scheme {
            Scheme::Matched => self.match_pairs(settings.caliper, score, arm, treated),
            Scheme::Strata => self.stratify(settings.strata, score, arm)?,
            Scheme::Everyone | Scheme::Treated | Scheme::Overlap => {}
        }
        if let Some(level) = settings.truncate {
            for a in 0..2 {
                self.truncate(level, arm, a);
            }
        }
        if self.weight.iter().all(|w| w.is_finite()) { Ok(()) } else { Err(Status::NoOverlap) }
    }

    fn everyone(&mut self, stabilised: bool, score: &Score, arm: &[u8]) {
        let share = arm.iter().map(|a| f64::from(*a)).sum::<f64>() / arm.len() as f64;
        let numerator = if stabilised { [1.0 - share, share] } else { [1.0; 2] };
        let given = arm.iter().zip(score.probability.iter().zip(&score.complement));
        // arms alternate as chance has it: look-ups, where a branch would be guessed wrong half the time
        self.weight.extend(given.map(|(a, (e, c))| {
            let a = usize::from(*a != 0);
            numerator[a] / [*c, *e][a]
        }));
        self.slope.extend(score.residual.iter().map(|r| -r));
    }

    fn treated(&mut self, score: &Score, arm: &[u8], treated: u8) {
        let given = arm.iter().zip(score.probability.iter().zip(&score.complement));
        self.weight.extend(given.map(|(a, (e, c))| {
            let odds = if treated != 0 { e / c } else { c / e };
            [odds, 1.0][usize::from(*a == treated)]
        }));
        let towards = if treated != 0 { 1.0 } else { -1.0 };
        self.slope.extend(arm.iter().map(|a| if *a == treated { 0.0 } else { towards }));
    }

    fn overlap(&mut self, score: &Score, arm: &[u8]) {
        let given = || arm.iter().zip(score.probability.iter().zip(&score.complement));
        self.weight.extend(given().map(|(a, (e, c))| [*e, *c][usize::from(*a != 0)]));
        self.slope.extend(given().map(|(a, (e, c))| [*c, -e][usize::from(*a != 0)]));
    }

    fn match_pairs(&mut self, caliper: f64, score: &Score, arm: &[u8], treated: u8) {
        let Self { weight, partner, value, pairing, .. } = self;
        // the score of having the treated arm
        let sign = if treated != 0 { 1.0 } else { -1.0 };
        value.clear();
        value.extend(score.logit.iter().map(|l| sign * l));
        let kept = || value.iter().zip(&*weight).filter(|(_, w)| **w > 0.0).map(|(v, _)| *v);
        let n = kept().count() as f64;
        let mean = kept().sum::<f64>() / n;
        let sd = (kept().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt();
        pair(value, |i| arm[i] == treated, |i| weight[i] > 0.0, caliper * sd, pairing, partner);
        let mut count = [0_u32; 2];
        for ((w, p), a) in weight.iter_mut().zip(&*partner).zip(arm) {
            *w = if *p == ALONE { 0.0 } else { 1.0 };
            if *a == treated {
                count[usize::from(*p != ALONE)] += 1;
            }
        }
        self.matched = f64::from(count[1]) / f64::from(count[0] + count[1]);
    }

    /// Strata between the quantiles of the score (R's type 7) of those who are kept; a score on a limit belongs above it.
    fn stratify(&mut self, strata: usize, score: &Score, arm: &[u8]) -> Result<(), Status> {
        let Self { weight, keys, order, limits, counts, .. } = self;
        sort_rows(&score.logit, |row, _| weight[row] > 0.0, keys, order);
        let n = order.len();
        if n < strata {
            return Err(Status::NoOverlap);
        }
        limits.clear();
        limits.extend((1..strata).map(|s| {
            let (place, rest) = ((n - 1) * s / strata, (n - 1) * s % strata);
            let at = |place: usize| score.probability[order[place] as usize];
            let above = rest as f64 / strata as f64;
            if rest == 0 { at(place) } else { (1.0 - above) * at(place) + above * at(place + 1) }
        }));
        let stratum = |i: usize| limits.partition_point(|limit| *limit <= score.probability[i]);
        counts.clear();
        counts.resize(strata, [0; 2]);
        for &row in &*order {
            let row = row as usize;
            counts[stratum(row)][usize::from(arm[row] != 0)] += 1;
        }
        if counts.iter().any(|c| (c[0] == 0) != (c[1] == 0)) {
            return Err(Status::NoOverlap);
        }
        let all = counts.iter().fold([0, 0], |all, c| [all[0] + c[0], all[1] + c[1]]);
        for &row in &*order {
            let (row, a) = (row as usize, usize::from(arm[row as usize] != 0));
            let here = counts[stratum(row)];
            weight[row] = f64::from(here[0] + here[1]) * f64::from(all[a]) / (f64::from(here[a]) * n as f64);
        }
        Ok(())
    }

    /// Sets weights of an arm above their quantile at `level` (R's type 7) to it.
    fn truncate(&mut self, level: f64, arm: &[u8], a: u8) {
        let Self { weight, slope, value, .. } = self;
        value.clear();
        value.extend(weight.iter().zip(arm).filter(|(w, b)| **w > 0.0 && **b == a).map(|(w, _)| *w));
        if value.is_empty() {
            return;
        }
        let place = level * (value.len() - 1) as f64;
        let (low, above) = (place.floor(), place.fract());
        let (_, at, rest) = value.select_nth_unstable_by(low as usize, f64::total_cmp);
        let next = rest.iter().copied().fold(f64::INFINITY, f64::min);
        let cap = if above > 0.0 { (1.0 - above) * *at + above * next } else { *at };
        for (i, (w, b)) in weight.iter_mut().zip(arm).enumerate() {
            if *b == a && *w > cap {
                *w = cap;
                if let Some(slope) = slope.get_mut(i) {
                    *slope = 0.0;
                }
            }
        }
    }
}

/// What the weights leave: reported beside every weighted estimate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Balance {
    /// (Σw)² / Σw², control and experimental.
    pub(crate) effective: [f64; 2],
    /// Largest standardised mean difference, weighted.
    pub(crate) imbalance: f64,
    /// Largest weight as a share of its arm's total.
    pub(crate) largest: f64,
}

/// Balance under weights; `work` is a buffer.
pub(crate) fn balance(score: &Score, arm: &[u8], weight: &[f64], work: &mut Vec<f64>) -> Balance {
    let (mut total, mut squares, mut largest) = ([0.0; 2], [0.0; 2], [0.0_f64; 2]);
    for (w, a) in weight.iter().zip(arm) {
        // both arms' sums go on side by side: the other arm's by 0
        let own = f64::from(u8::from(*a != 0));
        for (a, w) in [w * (1.0 - own), w * own].into_iter().enumerate() {
            total[a] += w;
            squares[a] += w * w;
            largest[a] = if w > largest[a] { w } else { largest[a] };
        }
    }
    let signed = [-1.0 / total[0], 1.0 / total[1]];
    work.clear();
    work.extend(weight.iter().zip(arm).map(|(w, a)| w * signed[usize::from(*a != 0)]));
    let differences = score.dots(work, sum(work)).zip(&score.spread);
    let imbalance = differences.fold(0.0_f64, |most, (difference, spread)| most.max((difference / spread).abs()));
    Balance {
        effective: [0, 1].map(|a| if squares[a] > 0.0 { total[a] * total[a] / squares[a] } else { 0.0 }),
        imbalance,
        largest: (largest[0] / total[0]).max(largest[1] / total[1]),
    }
}
