//! How many: the smallest of a grid of sizes from which on power is at least a target.
//!
//! Every size of the grid, fixed before the first replicate, has a confidence sequence for its power, level 1 − α/K over K sizes. With
//! L and U its ends, the answer lies in (max{n : U(n) < target}, min{n : L(m) ≥ target for all m ≥ n}] with probability 1 − α at every
//! stopping time, whatever the shape of the power curve: power need not rise with n. A fit chooses where to look and gives the point
//! estimate, never the interval.
//!
//! The sequence is that of beta-binomial mixtures: after s successes in n trials, p lies outside where the mean of
//! B(a + s, b + n − s) / (B(a, b) pˢ (1 − p)ⁿ⁻ˢ) over three priors (a, b) = M (π, 1 − π), M = 2, 200 and 20,000, is at least K/α: a
//! martingale under p (Ville's inequality), whatever the priors. They lie about the target π, wide and narrow, so that sizes far from
//! the answer are settled by few replicates and those near it by fewer than one prior would need.
//!
//! Source: Robbins H. Statistical methods related to the law of the iterated logarithm. Annals of Mathematical Statistics 1970;41:1397;
//! Howard SR, Ramdas A, McAuliffe J, Sekhon J. Time-uniform, nonparametric, nonasymptotic confidence sequences. Annals of Statistics
//! 2021;49:1055.

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
    /// Where the fit puts the crossing while nothing is known.
    guess: f64,
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
    /// Nothing seen yet of a grid; `alpha` is the probability with which the answer may be wrong, `guess` a size near the crossing.
    #[must_use]
    pub fn new(axis: Axis, sizes: Vec<f64>, target: f64, alpha: f64, guess: f64) -> Self {
        let threshold = (sizes.len() as f64 / alpha).ln();
        Self { axis, cells: vec![Cell::default(); sizes.len()], sizes, target, threshold, guess }
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
        let outside = |p: f64| log_mixture(cell, p, self.target) >= self.threshold;
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
        if cell.replicates == 0 || log_mixture(cell, self.target, self.target) < self.threshold {
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

    /// Whether the interval is as narrow as asked: no wider than `within` of the fitted size to either side, or without a size between
    /// its ends.
    #[must_use]
    pub fn settled(&self, within: f64) -> bool {
        let Found { below, enough } = self.found();
        match (below, enough) {
            (Some(b), Some(e)) => {
                let (e, b, narrow) = (self.sizes[e], self.sizes[b], e <= b + 1);
                narrow || (e - b).abs() <= within * (e + b).abs()
            }
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
        match self.fit() {
            Some([a, b]) if b > 0.0 => self.axis.value((normal_quantile(self.target) - a) / b),
            _ => self.guess,
        }
    }

    /// Power at a size by the fitted curve.
    #[must_use]
    pub fn fitted(&self, size: f64) -> Option<f64> {
        self.fit().map(|[a, b]| normal_cdf(a + b * self.axis.of(size)))
    }

    /// Probit regression on √n, by iterated weighted least squares. Sizes far from the crossing lose weight: the curve need hold near it only.
    fn fit(&self) -> Option<[f64; 2]> {
        let seen: Vec<(f64, Cell)> = self
            .sizes
            .iter()
            .zip(&self.cells)
            .filter(|(_, c)| c.replicates > 0)
            .map(|(&x, c)| (self.axis.of(x), *c))
            .collect();
        if seen.len() < 2 {
            return None;
        }
        let start = |c: &Cell| normal_quantile((c.successes as f64 + 0.5) / (c.replicates as f64 + 1.0));
        let mut lines: Vec<f64> = seen.iter().map(|(_, c)| start(c)).collect();
        let goal = normal_quantile(self.target);
        let mut found = None;
        for _ in 0..25 {
            let mut m = [0.0; 5];
            for ((x, c), line) in seen.iter().zip(&lines) {
                let p = normal_cdf(*line).clamp(1e-9, 1.0 - 1e-9);
                let density = (-0.5 * line * line).exp() / (2.0 * std::f64::consts::PI).sqrt();
                let near = (-0.5 * ((line - goal) / 0.6).powi(2)).exp() + 1e-6;
                let weight = near * c.replicates as f64 * density * density / (p * (1.0 - p));
                let share = c.successes as f64 / c.replicates as f64;
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

    /// The sizes on which the next replicates tell most, by number; empty where nothing is open any more.
    ///
    /// Below the crossing one size that is known to be too small is enough; above it every size must be known to be large enough.
    #[must_use]
    pub fn next(&self, within: f64) -> Vec<usize> {
        let last = self.sizes.len() - 1;
        if self.cells.iter().all(|c| c.replicates == 0) {
            // a first look along the whole grid
            let looks = 8.min(last);
            let mut first: Vec<usize> = (0..=looks).map(|k| k * last / looks.max(1)).collect();
            first.dedup();
            return first;
        }
        let at = |i: usize| self.axis.of(self.sizes[i]);
        let crossing = self.axis.value(self.axis.of(self.crossing()).clamp(at(0), at(last)));
        let open = |i: usize| self.verdict(i) == Verdict::Open;
        let ends = [crossing * (1.0 - within), crossing * (1.0 + within)].map(|x| self.axis.of(x));
        let [low, high] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        let Found { below, enough } = self.found();
        let near = |a: usize, b: usize| {
            (self.sizes[a] - self.sizes[b]).abs() <= within * (self.sizes[a] + self.sizes[b]).abs()
        };
        let mut chosen: Vec<usize> = Vec::new();
        // a lower end as far below the crossing as asked, or farther, where the upper end at hand lets it
        let lower = (0..=last).rev().find(|&i| at(i) <= low);
        let lower = lower.map(|i| enough.and_then(|e| (0..e).find(|&k| near(k, e))).map_or(i, |k| k.min(i)));
        if let Some(i) = lower.filter(|&i| below.is_none_or(|b| b < i)) {
            match self.verdict(i) {
                Verdict::Open => chosen.push(i),
                _ => chosen.extend((below.map_or(0, |b| b + 1)..i).rev().find(|&i| open(i))),
            }
        }
        // and every size from the upper end on, which is as far above, or farther where the lower end at hand lets it
        let first = (0..=last).find(|&i| at(i) >= high);
        let first =
            first.map(|i| below.and_then(|b| (b + 1..=last).rev().find(|&k| near(k, b))).map_or(i, |k| k.max(i)));
        let upper: Vec<usize> = first.map_or_else(Vec::new, |first| (first..=last).filter(|&i| open(i)).collect());
        if upper.is_empty() && chosen.is_empty() {
            // what is left lies between the ends: the one of the two next to them whose power is farther from the target
            let inner = [(below.map_or(0, |b| b + 1)..=last).find(|&i| open(i)), (0..=last).rev().find(|&i| open(i))];
            let far = |i: usize| self.fitted(self.sizes[i]).map_or(0.0, |p| (p - self.target).abs());
            chosen.extend(inner.into_iter().flatten().max_by(|&a, &b| far(a).total_cmp(&far(b))));
        }
        chosen.extend(upper);
        chosen.sort_unstable();
        chosen.dedup();
        chosen
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

/// Sizes of the priors: how many replicates each is worth.
const PRIORS: [f64; 3] = [2.0, 200.0, 20_000.0];

/// ln of the mixture martingale of a cell at p, its priors about the target.
fn log_mixture(cell: Cell, p: f64, target: f64) -> f64 {
    let (s, n) = (cell.successes as f64, cell.replicates as f64);
    let f = n - s;
    let log_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let times = |k: f64, log: f64| if k == 0.0 { 0.0 } else { k * log };
    let parts = PRIORS.map(|m| {
        let (a, b) = (m * target, m * (1.0 - target));
        log_beta(a + s, b + f) - log_beta(a, b)
    });
    let top = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = parts.iter().map(|x| (x - top).exp()).sum::<f64>() / PRIORS.len() as f64;
    top + mean.ln() - times(s, p.ln()) - times(f, (-p).ln_1p())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_mixture_of_one_success() {
        // B(a + 1, b) / B(a, b) = a / (a + b) = π for every prior, so the martingale is π/p
        let cell = Cell { successes: 1, replicates: 1 };
        for p in [0.1, 0.5, 0.9] {
            assert!((log_mixture(cell, p, 0.8) - (0.8 / p).ln()).abs() < 1e-9, "{p}");
        }
        let mut search = Search::new(Axis::Size, vec![10.0], 0.8, 0.05, 10.0);
        search.add(0, 1, 1);
        let [low, high] = search.bounds(0);
        assert!((low - 0.04).abs() < 1e-9 && high == 1.0, "{low} {high}");
    }

    #[test]
    fn by_hand_interval_without_monotone_power() {
        let mut search = Search::new(Axis::Size, vec![10.0, 20.0, 30.0, 40.0], 0.5, 0.05, 20.0);
        for (i, successes) in [(0, 100), (1, 900), (2, 200), (3, 900)] {
            search.add(i, successes, 1_000);
        }
        // 20 is enough, and 30 is not: the answer lies above 30
        assert_eq!(search.found(), Found { below: Some(2), enough: Some(3) });
        assert!(search.settled(0.02));
        assert_eq!(search.reversals(), Some([1, 2]));
        search.cells[3] = Cell::default();
        assert_eq!(search.found(), Found { below: Some(2), enough: None });
        assert!(!search.settled(0.02));
    }
}
