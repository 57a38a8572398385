//! How many: the smallest of a grid of sizes from which on power is at least a target.
//!
//! Every size of the grid, fixed before the first replicate, has a confidence sequence for its power, level 1 − α/K over K sizes. With
//! L and U its ends, the answer lies in (max{n : U(n) < target}, min{n : L(m) ≥ target for all m ≥ n}] with probability 1 − α at every
//! stopping time, whatever the shape of the power curve: power need not rise with n. A fit chooses where to look and gives the point
//! estimate, never the interval.
//!
//! The sequence is that of beta-binomial mixtures: after s successes in n trials, p lies outside where the weighted mean of
//! B(a + s, b + n − s) / (B(a, b) pˢ (1 − p)ⁿ⁻ˢ) over three priors (a, b) = M (π, 1 − π) is at least K/α: a martingale under p (Ville's
//! inequality), whatever the priors. They lie about the target π. One has the standard deviation by which power differs from the target
//! at a size as far from the answer as the interval may end, so that such sizes are settled by few replicates; the others are wider, for
//! sizes far from the answer.
//!
//! All sizes chosen for a replicate are analysed on the same patients ([`ladder`]). They are chosen before it is drawn, from what earlier
//! replicates showed: each size's sequence keeps its level, and the level of the interval is a sum over sizes, dependent as they are.
//!
//! Source: Robbins H. Statistical methods related to the law of the iterated logarithm. Annals of Mathematical Statistics 1970;41:1397;
//! Howard SR, Ramdas A, McAuliffe J, Sekhon J. Time-uniform, nonparametric, nonasymptotic confidence sequences. Annals of Statistics
//! 2021;49:1055.

pub mod grid;
pub mod ladder;

use std::ops::Range;

use statrs::function::gamma::ln_gamma;

use crate::math::special::{normal_cdf, normal_quantile};

/// Replicates of one size and how many of them rejected in favour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Rejections in favour.
    pub successes: u64,
    /// Replicates.
    pub replicates: u64,
}

/// What is known of a size's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At least the target.
    Enough,
    /// Below the target.
    TooLittle,
    /// Not settled.
    Open,
}

/// What is solved for, and in which direction power is expected to rise: the order of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// The number of patients or of events: power is close to a curve in its root.
    Size,
    /// A parameter with which power rises.
    Rising,
    /// A parameter with which power falls: the grid descends.
    Falling,
}

impl Axis {
    /// Where a value stands on the axis of the fitted curve.
    fn of(self, value: f64) -> f64 {
        match self {
            Axis::Size => value.max(0.0).sqrt(),
            Axis::Rising => value,
            Axis::Falling => -value,
        }
    }

    fn value(self, at: f64) -> f64 {
        match self {
            Axis::Size => at.max(0.0) * at.max(0.0),
            Axis::Rising => at,
            Axis::Falling => -at,
        }
    }
}

/// The search for the smallest size.
#[derive(Debug)]
pub struct Search {
    /// What the grid is of.
    pub axis: Axis,
    /// The grid, in the order in which power is expected to rise; fixed.
    pub sizes: Vec<f64>,
    /// What has been seen of each.
    pub cells: Vec<Cell>,
    /// Power asked for.
    pub target: f64,
    /// ln(K/α).
    threshold: f64,
    /// How near the ends of the interval must lie to its middle, as a share of it.
    within: f64,
    /// Sizes of the priors (how many replicates each is worth), with their weights.
    priors: [(f64, f64); 3],
    /// What is known of the crossing before the first replicate.
    guess: Guess,
    /// How many sizes beside each end are looked at as well: 1, or more where patients are dear and analyses are cheap.
    pub neighbours: usize,
}

/// Where the crossing is thought to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// The size.
    pub size: f64,
    /// How many replicates near it the guess is worth, in deciding where to look.
    pub replicates: f64,
    /// The test's tail probability.
    pub tail: f64,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The interval is as narrow as asked.
    Settled,
    /// The replicates allowed do not settle it.
    UsedUp,
}

/// What has been found so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The largest size whose power is below the target.
    pub below: Option<usize>,
    /// The smallest size from which on power is at least the target.
    pub enough: Option<usize>,
}

impl Search {
    /// Nothing seen yet of a grid; `alpha` is the probability with which the answer may be wrong, `within` how near the interval's ends
    /// are to lie, as a share.
    #[must_use]
    pub fn new(axis: Axis, sizes: Vec<f64>, target: f64, alpha: f64, within: f64, guess: Guess) -> Self {
        let threshold = (sizes.len() as f64 / alpha).ln();
        let priors = priors(axis, target, within, guess.tail);
        Self {
            axis,
            cells: vec![Cell::default(); sizes.len()],
            sizes,
            target,
            threshold,
            within,
            priors,
            guess,
            neighbours: 1,
        }
    }

    /// Looks until the interval is as narrow as asked or `most` replicates are used up. `carry_out` gives successes at the sizes chosen
    /// (by number, ascending) in a range of replicates.
    ///
    /// # Errors
    /// What carrying out returned; the replicates before are kept.
    pub fn run<E>(
        &mut self,
        most: u64,
        mut carry_out: impl FnMut(&[usize], Range<u64>, &Self) -> Result<Vec<Cell>, E>,
    ) -> Result<Ending, E> {
        let mut next = self.cells.iter().map(|c| c.replicates).max().unwrap_or(0);
        loop {
            if self.settled() {
                return Ok(Ending::Settled);
            }
            // rounds grow with what is known, so that a decision waits for a tenth of the replicates at most
            let round = (next / 10).next_multiple_of(ROUND).clamp(ROUND, MOST_A_ROUND).min(most - next.min(most));
            let chosen = self.choose();
            if round == 0 || chosen.is_empty() {
                return Ok(Ending::UsedUp);
            }
            let cells = carry_out(&chosen, next..next + round, self)?;
            for (&i, cell) in chosen.iter().zip(&cells) {
                self.add(i, cell.successes, cell.replicates);
            }
            next += round;
        }
    }

    /// Adds replicates of size number `i`.
    pub fn add(&mut self, i: usize, successes: u64, replicates: u64) {
        self.cells[i].successes += successes;
        self.cells[i].replicates += replicates;
    }

    /// Ends of the confidence sequence of size number `i`.
    #[must_use]
    pub fn bounds(&self, i: usize) -> [f64; 2] {
        let cell = self.cells[i];
        if cell.replicates == 0 {
            return [0.0, 1.0];
        }
        let share = cell.successes as f64 / cell.replicates as f64;
        let outside = |p: f64| self.log_mixture(cell, p) >= self.threshold;
        // from the observed share outwards the mixture rises
        let end = |mut inside: f64, mut out: f64| {
            if !outside(out) {
                return out;
            }
            for _ in 0..60 {
                let middle = 0.5 * (inside + out);
                if outside(middle) { out = middle } else { inside = middle }
            }
            out
        };
        [end(share, 0.0), end(share, 1.0)]
    }

    /// What is known of size number `i`.
    #[must_use]
    pub fn verdict(&self, i: usize) -> Verdict {
        let cell = self.cells[i];
        if cell.replicates == 0 || self.log_mixture(cell, self.target) < self.threshold {
            return Verdict::Open;
        }
        let share = cell.successes as f64 / cell.replicates as f64;
        if share > self.target { Verdict::Enough } else { Verdict::TooLittle }
    }

    /// The interval so far.
    #[must_use]
    pub fn found(&self) -> Found {
        let verdicts: Vec<Verdict> = (0..self.sizes.len()).map(|i| self.verdict(i)).collect();
        let below = verdicts.iter().rposition(|v| *v == Verdict::TooLittle);
        let open = verdicts.iter().rposition(|v| *v != Verdict::Enough);
        let enough = open.map_or(Some(0), |i| Some(i + 1).filter(|&k| k < verdicts.len()));
        Found { below, enough }
    }

    /// Whether two sizes can be the ends of an interval as narrow as asked.
    fn near(&self, a: usize, b: usize) -> bool {
        (self.sizes[a] - self.sizes[b]).abs() <= self.within * (self.sizes[a] + self.sizes[b]).abs() * (1.0 + 1e-9)
    }

    /// Whether the interval is as narrow as asked, or without a size between its ends; or no size of the grid, or every one, is enough.
    #[must_use]
    pub fn settled(&self) -> bool {
        let Found { below, enough } = self.found();
        match (below, enough) {
            (Some(b), Some(e)) => e <= b + 1 || self.near(b, e),
            // power is enough from the smallest size on
            (None, Some(0)) => true,
            // too little at the largest: at no size of the grid
            (Some(b), None) => b + 1 == self.sizes.len(),
            _ => false,
        }
    }

    /// The size at which a fitted curve Φ(a + b √n) (for a parameter Φ(a + b x)) crosses the target; the guess where nothing can be fitted.
    #[must_use]
    pub fn crossing(&self) -> f64 {
        self.crossing_of(self.fit(false))
    }

    fn crossing_of(&self, fit: Option<[f64; 2]>) -> f64 {
        match fit {
            Some([a, b]) if b > 0.0 => self.axis.value((normal_quantile(self.target) - a) / b),
            _ => self.guess.size,
        }
    }

    /// Power at a size by the fitted curve.
    #[must_use]
    pub fn fitted(&self, size: f64) -> Option<f64> {
        self.fit(false).map(|[a, b]| normal_cdf(a + b * self.axis.of(size)))
    }

    /// What the guess is worth as if it had been seen: a statistic whose mean grows with √n and that crosses there.
    fn imagined(&self) -> impl Iterator<Item = (f64, [f64; 2])> {
        let Guess { size, replicates, tail } = self.guess;
        let critical = -normal_quantile(tail);
        let at = move |factor: f64| normal_cdf((normal_quantile(self.target) + critical) * factor.sqrt() - critical);
        let known = self.axis == Axis::Size && replicates > 0.0;
        let both = if known { [0.9, 1.1].as_slice() } else { &[] };
        both.iter().map(move |&f| (self.axis.of(f * size), [0.5 * replicates * at(f), 0.5 * replicates]))
    }

    /// Probit regression on √n, by iterated weighted least squares. Sizes far from the crossing lose weight: the curve need hold near it
    /// only.
    fn fit(&self, with_guess: bool) -> Option<[f64; 2]> {
        let cells = self.sizes.iter().zip(&self.cells).filter(|(_, c)| c.replicates > 0);
        let cells = cells.map(|(&x, c)| (self.axis.of(x), [c.successes as f64, c.replicates as f64]));
        let seen: Vec<(f64, [f64; 2])> = cells.chain(self.imagined().filter(|_| with_guess)).collect();
        if seen.len() < 2 {
            return None;
        }
        let start = |c: &[f64; 2]| normal_quantile((c[0] + 0.5) / (c[1] + 1.0));
        let mut lines: Vec<f64> = seen.iter().map(|(_, c)| start(c)).collect();
        let goal = normal_quantile(self.target);
        let mut found = None;
        for _ in 0..25 {
            let mut m = [0.0; 5];
            for ((x, c), line) in seen.iter().zip(&lines) {
                let p = normal_cdf(*line).clamp(1e-9, 1.0 - 1e-9);
                let density = (-0.5 * line * line).exp() / (2.0 * std::f64::consts::PI).sqrt();
                let near = (-0.5 * ((line - goal) / 0.6).powi(2)).exp() + 1e-6;
                let weight = near * c[1] * density * density / (p * (1.0 - p));
                let share = c[0] / c[1];
                let y = line + (share - p) / density.max(1e-9);
                for (to, v) in m.iter_mut().zip([1.0, *x, x * x, y, x * y]) {
                    *to += weight * v;
                }
            }
            let determinant = m[0] * m[2] - m[1] * m[1];
            if !(determinant > 0.0 && determinant.is_finite()) {
                return found;
            }
            let b = (m[0] * m[4] - m[1] * m[3]) / determinant;
            let a = (m[3] - b * m[1]) / m[0];
            if !(a.is_finite() && b.is_finite()) {
                return found;
            }
            let change = seen.iter().zip(&lines).map(|((x, _), l)| (a + b * x - l).abs()).fold(0.0, f64::max);
            // a step that leaps over everything is damped
            let damp = if change > 2.0 { 2.0 / change } else { 1.0 };
            for ((x, _), line) in seen.iter().zip(&mut lines) {
                *line += damp * (a + b * x - *line);
            }
            found = Some([a, b]);
            if change < 1e-9 {
                break;
            }
        }
        found
    }

    /// The sizes on which the next replicates tell most, by number, ascending; empty where nothing is open any more.
    ///
    /// Below the crossing one size that is known to be too small is enough; above it every size must be known to be large enough. Of the
    /// pairs of sizes that may end the interval, that is looked at whose nearer end is farthest from the crossing; its neighbours too,
    /// since the crossing is not known, and patients that are generated anyhow tell of them for the price of an analysis.
    #[must_use]
    pub fn choose(&self) -> Vec<usize> {
        let last = self.sizes.len() - 1;
        if self.cells.iter().all(|c| c.replicates == 0) {
            return self.first_look();
        }
        let open = |i: usize| self.verdict(i) == Verdict::Open;
        let ([low, high], near) = (self.ends(), self.neighbours);
        let mut chosen: Vec<usize> = Vec::new();
        if let Some(low) = low {
            chosen.extend((low.saturating_sub(near)..=(low + near).min(last)).filter(|&i| open(i)));
        }
        if let Some(high) = high {
            chosen.extend((high.saturating_sub(near)..=last).filter(|&i| open(i)));
        }
        let Found { below, .. } = self.found();
        if chosen.is_empty() {
            // what is left lies between the ends: the one of the two next to them whose power is farther from the target
            let inner = [(below.map_or(0, |b| b + 1)..=last).find(|&i| open(i)), (0..=last).rev().find(|&i| open(i))];
            let far = |i: usize| self.fitted(self.sizes[i]).map_or(0.0, |p| (p - self.target).abs());
            chosen.extend(inner.into_iter().flatten().max_by(|&a, &b| far(a).total_cmp(&far(b))));
        }
        // nothing below a size that is known to be too small changes the answer
        chosen.retain(|&i| below.is_none_or(|b| b < i));
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// Sizes along the whole grid, which shows the shape of the power curve, and where something is known of the crossing all that matter
    /// there.
    fn first_look(&self) -> Vec<usize> {
        const LOOKS: usize = 8;
        let last = self.sizes.len() - 1;
        let looks = LOOKS.min(last);
        let mut first: Vec<usize> = (0..=looks).map(|k| k * last / looks.max(1)).collect();
        if self.guess.replicates > 0.0 {
            let [low, high] = self.ends();
            first.extend(low);
            first.extend(high.map_or(0..0, |high| high..last + 1));
        }
        first.sort_unstable();
        first.dedup();
        first
    }

    /// The ends of the interval to aim at: a size to be found too small, and one from which on all are to be found large enough; none
    /// where the one at hand will do, or there is none.
    fn ends(&self) -> [Option<usize>; 2] {
        let last = self.sizes.len() - 1;
        let at = |i: usize| self.axis.of(self.sizes[i]);
        let Found { below, enough } = self.found();
        let mut crossing = self.axis.of(self.crossing_of(self.fit(true)));
        // what is known is not asked again, whatever the fit says
        if let Some(b) = below {
            crossing = crossing.max(at(b) + 1e-9 * at(b).abs());
        }
        if let Some(e) = enough {
            crossing = crossing.min(at(e) - 1e-9 * at(e).abs());
        }
        if crossing > at(last) {
            return [Some(last), None];
        }
        if crossing <= at(0) {
            return [None, Some(0)];
        }
        let split = (0..=last).find(|&i| at(i) >= crossing).unwrap_or(last);
        // replicates that a size still takes, but for a factor: what is missing of the threshold, at the rate that its distance gives
        let missing = |i: usize, enough: bool| {
            let cell = self.cells[i];
            let so_far = if cell.replicates == 0 { 0.0 } else { self.log_mixture(cell, self.target).max(0.0) };
            let share = cell.successes as f64 / cell.replicates.max(1) as f64;
            let so_far = if (share > self.target) == enough { so_far } else { -so_far };
            (self.threshold - so_far).max(0.0) / (at(i) - crossing).powi(2).max(1e-300)
        };
        // of all sizes from each one on
        let mut upper = vec![0.0_f64; last + 2];
        for i in (split..=last).rev() {
            upper[i] = upper[i + 1].max(missing(i, true));
        }
        let mut best: Option<([f64; 2], usize, usize)> = None;
        for b in (below.unwrap_or(0)..split).rev() {
            let Some(e) = (split..=last).rev().find(|&e| self.near(b, e)) else { break };
            let lower = if below == Some(b) { 0.0 } else { missing(b, false) };
            let score = [lower.max(upper[e]), lower.min(upper[e])];
            if best.is_none_or(|(s, ..)| score < s) {
                best = Some((score, b, e));
            }
        }
        // sizes too far apart for any pair: those next to the crossing
        let (b, e) = best.map_or((split.saturating_sub(1), split), |(_, b, e)| (b, e));
        [Some(b).filter(|&b| below.is_none_or(|k| k < b)), Some(e).filter(|&e| enough.is_none_or(|k| e < k))]
    }

    /// Sizes of which a smaller one is known to have more power than a larger one: power is not monotone there.
    #[must_use]
    pub fn reversals(&self) -> Option<[usize; 2]> {
        let bounds: Vec<[f64; 2]> = (0..self.sizes.len()).map(|i| self.bounds(i)).collect();
        let mut best = (0.0, 0);
        for (i, [low, high]) in bounds.iter().enumerate() {
            if best.0 > *high {
                return Some([best.1, i]);
            }
            if *low > best.0 {
                best = (*low, i);
            }
        }
        None
    }
}

/// Replicates of the first rounds.
const ROUND: u64 = 256;
/// Most replicates of a round.
const MOST_A_ROUND: u64 = 8_192;

/// Sizes of the priors with their weights. At a size a share w away from the answer a statistic whose mean grows with √n gives a power
/// that differs from the target π by δ = φ(z_π) (z_π + z_α) w/2: a prior worth π (1 − π)/δ² replicates has δ as its standard deviation.
fn priors(axis: Axis, target: f64, within: f64, tail: f64) -> [(f64, f64); 3] {
    let wanted = normal_quantile(target);
    let density = (-0.5 * wanted * wanted).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let off = 0.5 * density * (wanted - normal_quantile(tail)) * within;
    let narrow = target * (1.0 - target) / (off * off);
    if axis == Axis::Size && narrow.is_finite() {
        let narrow = narrow.clamp(32.0, 1e7);
        [(narrow, 0.6), ((narrow / 12.0).max(4.0), 0.25), (2.0, 0.15)]
    } else {
        // how power changes with a parameter is not known
        [20_000.0, 200.0, 2.0].map(|m| (m, 1.0 / 3.0))
    }
}

impl Search {
    /// ln of the mixture martingale of a cell at p.
    fn log_mixture(&self, cell: Cell, p: f64) -> f64 {
        let (s, n) = (cell.successes as f64, cell.replicates as f64);
        let f = n - s;
        let log_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
        let times = |k: f64, log: f64| if k == 0.0 { 0.0 } else { k * log };
        let parts = self.priors.map(|(m, weight)| {
            let (a, b) = (m * self.target, m * (1.0 - self.target));
            weight.ln() + log_beta(a + s, b + f) - log_beta(a, b)
        });
        let top = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = parts.iter().map(|x| (x - top).exp()).sum();
        top + sum.ln() - times(s, p.ln()) - times(f, (-p).ln_1p())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(size: f64) -> Guess {
        Guess { size, replicates: 0.0, tail: 0.025 }
    }

    #[test]
    fn by_hand_mixture_of_one_success() {
        // B(a + 1, b) / B(a, b) = a / (a + b) = π for every prior, so the martingale is π/p
        let cell = Cell { successes: 1, replicates: 1 };
        for p in [0.1, 0.5, 0.9] {
            let search = Search::new(Axis::Size, vec![10.0], 0.8, 0.05, 0.02, guess(10.0));
            assert!((search.log_mixture(cell, p) - (0.8 / p).ln()).abs() < 1e-9, "{p}");
        }
        let mut search = Search::new(Axis::Size, vec![10.0], 0.8, 0.05, 0.02, guess(10.0));
        search.add(0, 1, 1);
        let [low, high] = search.bounds(0);
        assert!((low - 0.04).abs() < 1e-9 && high == 1.0, "{low} {high}");
    }

    #[test]
    fn by_hand_interval_without_monotone_power() {
        let mut search = Search::new(Axis::Size, vec![10.0, 20.0, 30.0, 40.0], 0.5, 0.05, 0.02, guess(20.0));
        for (i, successes) in [(0, 100), (1, 900), (2, 200), (3, 900)] {
            search.add(i, successes, 1_000);
        }
        // 20 is enough, and 30 is not: the answer lies above 30
        assert_eq!(search.found(), Found { below: Some(2), enough: Some(3) });
        assert!(search.settled());
        assert_eq!(search.reversals(), Some([1, 2]));
        search.cells[3] = Cell::default();
        assert_eq!(search.found(), Found { below: Some(2), enough: None });
        assert!(!search.settled());
    }
}
