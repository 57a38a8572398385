//! How many: the smallest of a grid of sizes from which on power is at least a target.
//!
//! Every size of the grid, fixed before the first replicate, has a confidence sequence for its power, level 1 − α/K over K sizes. With
//! L and U its ends, the answer lies in (max{n : U(n) < target}, min{n : L(m) ≥ target for all m ≥ n}] with probability 1 − α at every
//! stopping time, whatever the shape of the power curve: power need not rise with n. A fit chooses where to look and gives the point
//! estimate, never the interval.
//!
//! The sequence is that of beta-binomial mixtures: after s successes in n trials, p lies outside where the weighted mean of
//! B(a + s, b + n − s) / (B(a, b) pˢ (1 − p)ⁿ⁻ˢ) over four priors (a, b) = M (m, 1 − m) is at least K/α: a martingale under p (Ville's
//! inequality), whatever the priors. Two lie narrowly about what power should be as far below and above the answer as the interval may
//! end, so that such sizes are settled by few replicates; the others lie about the target π, and are wide, for sizes far from the answer.
//!
//! All sizes chosen for a replicate are analysed on the same patients ([`ladder`]). They are chosen before it is drawn, from what earlier
//! replicates showed: each size's sequence keeps its level, and the level of the interval is a sum over sizes, dependent as they are.
//!
//! Source: Robbins H. Statistical methods related to the law of the iterated logarithm. Annals of Mathematical Statistics 1970;41:1397;
//! Howard SR, Ramdas A, McAuliffe J, Sekhon J. Time-uniform, nonparametric, nonasymptotic confidence sequences. Annals of Statistics
//! 2021;49:1055.

mod choice;
mod curve;
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
    /// Priors of a size's power.
    priors: [Prior; 4],
    /// What is known of the crossing before the first replicate.
    guess: Guess,
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
        Self { axis, cells: vec![Cell::default(); sizes.len()], sizes, target, threshold, within, priors, guess }
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
            // rounds grow with what is known, so that a decision waits for a twentieth of the replicates at most
            let round = (next / 20).next_multiple_of(ROUND).clamp(ROUND, MOST_A_ROUND).min(most - next.min(most));
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

/// A beta prior of power.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Prior {
    mean: f64,
    /// How many replicates it is worth.
    size: f64,
    /// Share of the mixture.
    weight: f64,
}

/// At a size a share w from the answer a statistic whose mean grows with √n has power Φ((z_π + z_α) √(1 + w) − z_α). A prior there that is
/// worth 16 π (1 − π)/δ² replicates has a quarter of the distance δ to the target π as its standard deviation.
fn priors(axis: Axis, target: f64, within: f64, tail: f64) -> [Prior; 4] {
    let critical = -normal_quantile(tail);
    let at = |w: f64| normal_cdf((normal_quantile(target) + critical) * (1.0 + w).max(0.0).sqrt() - critical);
    let ends = [-within, within].map(at);
    let distance = 0.5 * (ends[1] - ends[0]);
    let known = axis == Axis::Size && ends.iter().all(|&p| 0.0 < p && p < 1.0) && distance > 0.0;
    let wide = |size: f64, weight: f64| Prior { mean: target, size, weight };
    if known {
        let size = (target * (1.0 - target) / (distance * distance)).clamp(32.0, 1e7);
        let [below, above] = ends.map(|mean| Prior { mean, size: 16.0 * size, weight: 0.4 });
        [below, above, wide((size / 12.0).max(4.0), 0.125), wide(2.0, 0.075)]
    } else {
        // how power changes with a parameter is not known
        [20_000.0, 2_000.0, 200.0, 2.0].map(|size| wide(size, 0.25))
    }
}

impl Search {
    /// ln of the mixture martingale of a cell at p.
    fn log_mixture(&self, cell: Cell, p: f64) -> f64 {
        let (s, n) = (cell.successes as f64, cell.replicates as f64);
        let f = n - s;
        let log_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
        let times = |k: f64, log: f64| if k == 0.0 { 0.0 } else { k * log };
        let parts = self.priors.map(|Prior { mean, size, weight }| {
            let (a, b) = (size * mean, size * (1.0 - mean));
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
        // B(a + 1, b) / B(a, b) = a / (a + b), the prior's mean: π for every prior, so the martingale is π/p
        let cell = Cell { successes: 1, replicates: 1 };
        let mut search = Search::new(Axis::Rising, vec![10.0], 0.8, 0.05, 0.02, guess(10.0));
        for p in [0.1, 0.5, 0.9] {
            assert!((search.log_mixture(cell, p) - (0.8 / p).ln()).abs() < 1e-9, "{p}");
        }
        search.add(0, 1, 1);
        let [low, high] = search.bounds(0);
        assert!((low - 0.04).abs() < 1e-9 && high == 1.0, "{low} {high}");
    }

    #[test]
    fn by_hand_priors_where_the_interval_may_end() {
        // z.8 + z.025 = 2.801585: times √.96 and √1.04, less 1.959964: .785018 and .897104, where Φ is .783778 and .815168
        let [below, above, ..] = priors(Axis::Size, 0.8, 0.04, 0.025);
        assert!((below.mean - 0.783_778).abs() < 1e-6 && (above.mean - 0.815_168).abs() < 1e-6, "{below:?} {above:?}");
        for axis in [Axis::Size, Axis::Rising] {
            assert!((priors(axis, 0.8, 0.04, 0.025).iter().map(|p| p.weight).sum::<f64>() - 1.0).abs() < 1e-12);
        }
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
