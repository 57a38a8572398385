//! The nonparametric maximum likelihood estimate of a distribution from intervals.

use super::Status;
use super::time_order::sort_rows;
use crate::math::linalg::{at, cholesky, dot, forward, solve};

/// Most rounds; a trial of hundreds of patients takes about ten.
const ROUNDS: usize = 500;
/// Most halvings of a step.
const HALVINGS: usize = 40;
/// Factors of the likelihood whose logarithm is taken together.
const FACTORS: usize = 8;
/// Smallest factor by which one step may shrink a patient's likelihood.
const SHRINKS: f64 = 1e-6;
/// Mass that rounding alone may leave where there is none.
const LEAST: f64 = 1e-9;
/// Variance that rounding alone may leave where there is none; that of one patient in a million is a hundred times as much.
const ROUNDING: f64 = 1e-14;
/// A pivot below this share of its diagonal: masses that the data do not tell apart.
const ALIKE: f64 = 1e-12;

/// The nonparametric maximum likelihood estimate of the distribution of a time of which each patient gives an interval
/// (left, right], or the day itself where both are equal.
///
/// Mass can stand only in the innermost intervals: those that begin with a left end and end with the next right end (Turnbull). With D
/// the mass in a patient's interval the masses p maximise Σ ln D − n(Σp − 1) subject to p ≥ 0. Each round admits, between any two
/// neighbouring masses, the innermost interval with the steepest ascent, maximises the quadratic expansion subject to p ≥ 0 by an
/// active set, and searches along the line to that maximum.
///
/// It ends when no innermost interval has a derivative (1/n) Σ 1/D above 1 + tolerance and no mass has moved by more than the tolerance
/// in the last round; rounds converge quadratically, so that the masses are far closer than that.
///
/// Source: Turnbull, Journal of the Royal Statistical Society B 38 (1976) 290; Wang, Journal of the Royal Statistical Society B 69
/// (2007) 185 (the constrained Newton method).
#[derive(Debug, Default)]
pub struct Npmle {
    /// Left ends to be fitted.
    pub left: Vec<f64>,
    /// Right ends.
    pub right: Vec<f64>,
    /// Where each innermost interval begins.
    pub lower: Vec<f64>,
    /// Where it ends.
    pub upper: Vec<f64>,
    /// Its mass.
    pub mass: Vec<f64>,
    /// Mass before each innermost interval, and 1 at the end.
    pub before: Vec<f64>,
    /// First innermost interval of each patient.
    pub first: Vec<u32>,
    /// One past the last.
    pub end: Vec<u32>,
    /// Innermost intervals that may hold mass now, ascending.
    support: Vec<u32>,
    next: Vec<u32>,
    /// Number of the support before each innermost interval.
    rank: Vec<u32>,
    ends: Vec<f64>,
    keys: Vec<u64>,
    order: Vec<u32>,
    /// 1/D of each patient.
    weight: Vec<f64>,
    gradient: Vec<f64>,
    /// Σ 1/D² over patients with both of two masses, and its factor.
    hessian: Vec<f64>,
    factor: Vec<f64>,
    /// Masses of the support wanted next.
    wanted: Vec<f64>,
    solution: Vec<f64>,
    /// Those of the support that are not held at 0.
    free: Vec<u32>,
    change: Vec<f64>,
}

impl Npmle {
    /// Fits the masses to `left` and `right`.
    ///
    /// # Errors
    /// [`Status::NotConverged`] after too many rounds, or where an interval is none (left above right, not a number).
    pub fn fit(&mut self, tolerance: f64) -> Result<(), Status> {
        if !self.lay_out() {
            return Err(Status::NotConverged);
        }
        self.start();
        let n = self.left.len() as f64;
        let mut moved = f64::INFINITY;
        for _ in 0..ROUNDS {
            self.weigh()?;
            self.climb();
            let steepest = self.gradient.iter().fold(0.0_f64, |most, &g| most.max(g));
            if steepest <= n * (1.0 + tolerance) && moved <= tolerance {
                return Ok(());
            }
            self.admit(n * (1.0 + 0.5 * tolerance));
            moved = self.step()?;
        }
        Err(Status::NotConverged)
    }

    /// Probability of being free of the event at a time and its variance, of what [`Self::fit`] has found.
    ///
    /// Mass inside an innermost interval is taken to lie evenly in it. The variance is that of a multinomial likelihood on the
    /// innermost intervals that hold mass: with H = Σ 1/D² and F = cᵀp the share of mass up to the time, cᵀH⁻¹c − F²/n.
    ///
    /// # Errors
    /// [`Status::TooFew`] where the time lies beyond the last left end and mass stands there; [`Status::Singular`] where the data do not
    /// tell the masses apart.
    pub fn survival(&mut self, time: f64) -> Result<(f64, f64), Status> {
        let mass = &self.mass;
        self.support.retain(|&j| mass[j as usize] > LEAST);
        self.expand();
        self.free.clear();
        self.free.extend(0..self.support.len() as u32);
        self.solution.clear();
        let (mut gone, mut free) = (0.0, 0.0);
        for &j in &self.support {
            let (lower, upper) = (self.lower[j as usize], self.upper[j as usize]);
            let share = if upper <= time {
                1.0
            } else if lower >= time {
                0.0
            } else if upper == f64::INFINITY {
                return Err(Status::TooFew);
            } else {
                (time - lower) / (upper - lower)
            };
            gone += share * self.mass[j as usize];
            free += (1.0 - share) * self.mass[j as usize];
            self.solution.push(share);
        }
        if !self.factorise(0.0) {
            return Err(Status::Singular);
        }
        forward(&self.factor, &mut self.solution);
        let variance = dot(&self.solution, &self.solution) - gone * gone / self.left.len() as f64;
        Ok((if free > 0.0 { 1.0 - gone } else { 0.0 }, if variance > ROUNDING { variance } else { 0.0 }))
    }

    /// Finds the innermost intervals and each patient's range of them; false where an interval is none.
    fn lay_out(&mut self) -> bool {
        let n = self.left.len();
        let proper = |(l, r): (&f64, &f64)| l <= r && *l < f64::INFINITY;
        if n == 0 || !self.left.iter().zip(&self.right).all(proper) {
            return false;
        }
        // At one time days begin first, then intervals and days end, then intervals open to the left begin: in this order the ends are
        // laid side by side, and equal values keep it.
        self.ends.clear();
        self.ends.extend_from_slice(&self.left);
        self.ends.extend_from_slice(&self.right);
        self.ends.extend_from_slice(&self.left);
        let (left, right) = (&self.left, &self.right);
        let keep = |row: usize, _: f64| match row / n {
            0 => left[row] == right[row],
            1 => true,
            _ => left[row - 2 * n] < right[row - 2 * n],
        };
        sort_rows(&self.ends, keep, &mut self.keys, &mut self.order);
        for ends in [&mut self.first, &mut self.end] {
            ends.clear();
            ends.resize(n, 0);
        }
        self.lower.clear();
        self.upper.clear();
        let mut begun = None;
        for &row in &self.order {
            let (row, value) = (row as usize, self.ends[row as usize]);
            if row / n == 1 {
                if let Some(lower) = begun.take() {
                    self.lower.push(lower);
                    self.upper.push(value);
                }
                self.end[row - n] = self.upper.len() as u32;
            } else {
                begun = Some(value);
                self.first[row % n] = self.upper.len() as u32;
            }
        }
        true
    }

    /// Equal masses at the fewest innermost intervals that reach every patient.
    fn start(&mut self) {
        let m = self.upper.len();
        // the latest beginning among the patients who end with each innermost interval
        self.rank.clear();
        self.rank.resize(m, 0);
        for (&first, &end) in self.first.iter().zip(&self.end) {
            let latest = &mut self.rank[end as usize - 1];
            *latest = (*latest).max(first + 1);
        }
        self.support.clear();
        let mut reached = 0;
        for j in 0..m {
            if self.rank[j] > reached {
                reached = j as u32 + 1;
                self.support.push(j as u32);
            }
        }
        self.mass.clear();
        self.mass.resize(m, 0.0);
        for &j in &self.support {
            self.mass[j as usize] = 1.0 / self.support.len() as f64;
        }
    }

    /// Masses before each innermost interval, and 1/D.
    fn weigh(&mut self) -> Result<(), Status> {
        accumulate(&self.mass, &mut self.before);
        self.weight.clear();
        let before = &self.before;
        self.weight
            .extend(self.first.iter().zip(&self.end).map(|(&a, &b)| 1.0 / (before[b as usize] - before[a as usize])));
        if self.weight.iter().all(|w| *w > 0.0 && w.is_finite()) { Ok(()) } else { Err(Status::NotConverged) }
    }

    /// Σ 1/D over the patients of each innermost interval.
    fn climb(&mut self) {
        self.gradient.clear();
        self.gradient.resize(self.upper.len() + 1, 0.0);
        for ((&a, &b), w) in self.first.iter().zip(&self.end).zip(&self.weight) {
            self.gradient[a as usize] += w;
            self.gradient[b as usize] -= w;
        }
        let mut sum = 0.0;
        for g in &mut self.gradient {
            sum += *g;
            *g = sum;
        }
        self.gradient.pop();
    }

    /// Adds the steepest innermost interval of each gap of the support whose derivative is above `least`.
    fn admit(&mut self, least: f64) {
        self.next.clear();
        let mut from = 0;
        for place in 0..=self.support.len() {
            let to = self.support.get(place).map_or(self.upper.len(), |&j| j as usize);
            let steeper = |best: Option<usize>, j: usize| match best {
                Some(b) if self.gradient[b] >= self.gradient[j] => Some(b),
                _ => Some(j),
            };
            if let Some(best) = (from..to).fold(None, steeper)
                && self.gradient[best] > least
            {
                self.next.push(best as u32);
            }
            if place < self.support.len() {
                self.next.push(to as u32);
            }
            from = to + 1;
        }
        std::mem::swap(&mut self.support, &mut self.next);
    }

    /// Σ 1/D² over the patients of each pair of the support: row-major with one more row and column than the support.
    fn expand(&mut self) {
        let s = self.support.len();
        self.rank.clear();
        let mut k = 0;
        for j in 0..=self.upper.len() as u32 {
            self.rank.push(k as u32);
            k += usize::from(k < s && self.support[k] == j);
        }
        let width = s + 1;
        self.hessian.clear();
        self.hessian.resize(width * width, 0.0);
        for ((&a, &b), w) in self.first.iter().zip(&self.end).zip(&self.weight) {
            let (a, b) = (self.rank[a as usize] as usize, self.rank[b as usize] as usize);
            let w = w * w;
            self.hessian[a * width + a] += w;
            self.hessian[a * width + b] -= w;
            self.hessian[b * width + a] -= w;
            self.hessian[b * width + b] += w;
        }
        for i in 0..s {
            let mut sum = 0.0;
            for j in 0..s {
                sum += self.hessian[i * width + j];
                let above = if i > 0 { self.hessian[(i - 1) * width + j] } else { 0.0 };
                self.hessian[i * width + j] = above + sum;
            }
        }
    }

    /// Factor of the expansion at the free members of the support; false where they are alike.
    fn factorise(&mut self, ridge: f64) -> bool {
        let width = self.support.len() + 1;
        self.factor.clear();
        for (i, &a) in self.free.iter().enumerate() {
            self.factor.extend(self.free[..=i].iter().map(|&b| self.hessian[a as usize * width + b as usize]));
            self.factor[at(i, i)] *= 1.0 + ridge;
        }
        cholesky(&mut self.factor, self.free.len(), ALIKE)
    }

    /// One round; gives the largest change of a mass.
    fn step(&mut self) -> Result<f64, Status> {
        self.expand();
        let n = self.left.len() as f64;
        let s = self.support.len();
        self.wanted.clear();
        self.wanted.extend(self.support.iter().map(|&j| self.mass[j as usize]));
        self.free.clear();
        self.free.extend(0..s as u32);
        loop {
            let mut ridge = 0.0;
            while !self.factorise(ridge) {
                // masses that the data do not tell apart: any split of them will do
                ridge = if ridge == 0.0 { 1e-10 } else { 10.0 * ridge };
                if self.free.is_empty() || ridge > 1.0 {
                    return Err(Status::NotConverged);
                }
            }
            // the expansion's maximum, as change of the wanted masses: H (y − p) = g − n, at the free ones, from where they are
            self.solution.clear();
            for &k in &self.free {
                let k = k as usize;
                let row = &self.hessian[k * (s + 1)..k * (s + 1) + s];
                let away: f64 = row
                    .iter()
                    .zip(&self.wanted)
                    .zip(&self.support)
                    .map(|((h, x), &j)| h * (x - self.mass[j as usize]))
                    .sum();
                self.solution.push(self.gradient[self.support[k] as usize] - n - away);
            }
            solve(&self.factor, &mut self.solution);
            let mut part = 1.0_f64;
            for (&k, &d) in self.free.iter().zip(&self.solution) {
                let x = self.wanted[k as usize];
                if x + d <= 0.0 {
                    part = part.min(x / -d);
                }
            }
            self.next.clear();
            for (&k, &d) in self.free.iter().zip(&self.solution) {
                let x = &mut self.wanted[k as usize];
                // those that reach 0 first are held there; one just admitted stands at 0 and may still rise
                if *x + d <= 0.0 && *x <= part * -d * (1.0 + 1e-12) {
                    *x = 0.0;
                } else {
                    *x += part * d;
                    self.next.push(k);
                }
            }
            if self.next.len() == self.free.len() {
                break;
            }
            std::mem::swap(&mut self.free, &mut self.next);
            if self.free.is_empty() {
                return Err(Status::NotConverged);
            }
        }
        self.search(n)
    }

    /// Goes towards the wanted masses as far as the likelihood rises; gives the largest change.
    fn search(&mut self, n: f64) -> Result<f64, Status> {
        self.change.clear();
        self.change.resize(self.upper.len(), 0.0);
        let (mut slope, mut sum) = (0.0, 0.0);
        for (&j, x) in self.support.iter().zip(&self.wanted) {
            let j = j as usize;
            self.change[j] = x - self.mass[j];
            slope += (self.gradient[j] - n) * self.change[j];
            sum += self.change[j];
        }
        accumulate(&self.change, &mut self.ends);
        let mut part = 1.0;
        for halving in 0..=HALVINGS {
            let mut gain = -n * part * sum;
            // few logarithms: of products of so many factors that none leaves the range of numbers
            let (first, end) = (self.first.chunks(FACTORS), self.end.chunks(FACTORS));
            for ((first, end), weight) in first.zip(end).zip(self.weight.chunks(FACTORS)) {
                let mut product = 1.0;
                for ((&a, &b), w) in first.iter().zip(end).zip(weight) {
                    let factor = 1.0 + part * w * (self.ends[b as usize] - self.ends[a as usize]);
                    // a likelihood that all but vanishes could no longer be told from 0 as a difference of sums
                    product *= if factor < SHRINKS { 0.0 } else { factor };
                }
                gain += product.ln();
            }
            // what rounding alone can do is no fall
            if gain >= 1e-4 * part * slope - 1e-13 * n {
                break;
            }
            if halving == HALVINGS {
                return Err(Status::NotConverged);
            }
            part *= 0.5;
        }
        let (mut most, mut total) = (0.0_f64, 0.0);
        for (&j, x) in self.support.iter().zip(&self.wanted) {
            let (p, d) = (&mut self.mass[j as usize], self.change[j as usize]);
            most = most.max((part * d).abs());
            *p = if part == 1.0 { *x } else { *p + part * d };
            total += *p;
        }
        for p in &mut self.mass {
            *p /= total;
        }
        let mass = &self.mass;
        self.support.retain(|&j| mass[j as usize] > 0.0);
        Ok(most)
    }
}

/// Writes 0 and the running sums.
fn accumulate(values: &[f64], out: &mut Vec<f64>) {
    let mut sum = 0.0;
    out.clear();
    out.push(0.0);
    out.extend(values.iter().map(|x| {
        sum += x;
        sum
    }));
}
