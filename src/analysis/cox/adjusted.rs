//! The arm with covariates.

use super::likelihood::Likelihood;
use super::{Fit, Point, Profile, Status};
use crate::analysis::design::{MOST_STEPS, halve, strayed};
use crate::analysis::event_times::by_stratum;
use crate::analysis::{Dataset, Scratch};
use crate::math::linalg::dot;

/// Most Newton steps, halved ones included: as many as other regressions may take.
const STEPS: usize = MOST_STEPS;
/// A pivot below this share of its diagonal at the start is a redundant column.
const REDUNDANT: f64 = 1e-11;
/// A pivot that has fallen to this share of what it was at the start belongs to a coefficient on its way to infinity.
const RUNAWAY: f64 = 1e-9;

/// The partial likelihood of covariates and arm, the arm last, stratum by stratum; and where its maximum is sought.
pub(super) struct Model<'a> {
    /// Number of coefficients.
    count: usize,
    /// Covariates, stratum after stratum, column after column, rows latest first.
    columns: &'a [f64],
    /// Rows, stratum after stratum, latest first.
    pub(super) order: &'a [u32],
    /// Pairs of (one past the last row in its stratum, events), a time each.
    segments: &'a [u32],
    /// l/d at each event; 0 with Breslow's ties.
    gone: &'a [f64],
    /// What lies where in the above: an entry a stratum.
    strata: &'a [u64],
    /// Sums of the columns over the events of each stratum.
    observed: &'a [f64],
    rows: &'a mut [f64],
    terms: &'a mut [f64],
    means: &'a mut [f64],
    /// Coefficients; then the last step, the score, and a stratum's share of it.
    beta: &'a mut [f64],
    step: &'a mut [f64],
    score: &'a mut [f64],
    share: &'a mut [f64],
    information: &'a mut Vec<f64>,
    part: &'a mut Vec<f64>,
    factor: &'a mut Vec<f64>,
    pivots: &'a mut Vec<f64>,
}

/// Numbers that an entry of [`Model::strata`] holds.
const ENTRY: usize = 4;

/// One stratum's rows, its first row and its number of rows at risk at some event, and where its segments and events lie.
struct Stratum {
    first: usize,
    size: usize,
    at_risk: usize,
    segments: std::ops::Range<usize>,
    events: std::ops::Range<usize>,
}

impl<'a> Model<'a> {
    /// Lays the data out. Rows with times up to the last event are in `scratch.order` where there are no strata.
    pub(super) fn new(
        data: &Dataset<'_>,
        time: &[f64],
        event: &[u8],
        last: f64,
        efron: bool,
        scratch: &'a mut Scratch,
    ) -> Result<Self, Status> {
        let count = data.covariates.count + 1;
        let [columns, vectors, rows, terms, means, gone, part, _] = &mut scratch.real;
        let [information, factor, pivots, observed] = &mut scratch.matrix;
        let (order, segments, strata) = (&mut scratch.order, &mut scratch.counts, &mut scratch.keys);
        if data.strata.levels > 1 {
            by_stratum(data, time, f64::INFINITY, &mut scratch.sorted, order);
        } else {
            let beyond = time.iter().enumerate().filter(|&(_, &t)| t > last);
            order.extend(beyond.map(|(row, _)| row as u32));
        }
        segments.clear();
        gone.clear();
        strata.clear();
        let mut first = 0;
        for rows in order.chunk_by_mut(|&a, &b| data.strata.of(a as usize) == data.strata.of(b as usize)) {
            let at_risk = lay_out(time, event, efron, rows, segments, gone);
            strata.extend([first, at_risk, segments.len(), gone.len()].map(|x| x as u64));
            first += rows.len();
        }
        standardise(data, order, columns, vectors)?;
        observed.clear();
        let (mut segment, n) = (0, order.len());
        for (k, entry) in strata.chunks_exact(ENTRY).enumerate() {
            let next = strata.get(ENTRY * (k + 1)).map_or(n, |&x| x as usize);
            let (first, to) = (entry[0] as usize, entry[2] as usize);
            let columns = columns[first * count..next * count].chunks_exact(next - first);
            observed.extend(columns.map(|x| {
                let events = segments[segment..to].chunks_exact(2);
                events.flat_map(|s| &x[(s[0] - s[1]) as usize..s[0] as usize]).sum::<f64>()
            }));
            segment = to;
        }
        let widest = strata.chunks_exact(ENTRY).map(|entry| entry[1]).max().unwrap_or(0) as usize;
        rows.clear();
        rows.resize(2 * widest, 0.0);
        terms.clear();
        terms.resize(gone.len(), 0.0);
        means.clear();
        means.resize(gone.len() * count, 0.0);
        vectors.clear();
        vectors.resize(4 * count, 0.0);
        let (beta, vectors) = vectors.split_at_mut(count);
        let (step, vectors) = vectors.split_at_mut(count);
        let (score, share) = vectors.split_at_mut(count);
        Ok(Self {
            count,
            columns,
            order,
            segments,
            gone,
            strata,
            observed,
            rows,
            terms,
            means,
            beta,
            step,
            score,
            share,
            information,
            part,
            factor,
            pivots,
        })
    }

    fn stratum(&self, k: usize) -> Stratum {
        let entry = |k: usize, of: usize| self.strata[ENTRY * k + of] as usize;
        let from = |of: usize| if k == 0 { 0 } else { entry(k - 1, of) };
        let first = entry(k, 0);
        let next = if ENTRY * (k + 1) < self.strata.len() { entry(k + 1, 0) } else { self.order.len() };
        Stratum {
            first,
            size: next - first,
            at_risk: entry(k, 1),
            segments: from(2)..entry(k, 2),
            events: from(3)..entry(k, 3),
        }
    }

    fn strata(&self) -> usize {
        self.strata.len() / ENTRY
    }

    /// Nobody of stratum `k` is at risk at an event.
    fn without_events(&self, k: usize) -> bool {
        self.strata[ENTRY * k + 1] == 0
    }

    /// The likelihood of stratum `k`, and its rows.
    fn likelihood(&mut self, k: usize) -> (Likelihood<'_>, Stratum) {
        let stratum = self.stratum(k);
        let (count, first, size) = (self.count, stratum.first, stratum.size);
        let of_events = stratum.events.start * count..stratum.events.end * count;
        let likelihood = Likelihood {
            columns: &self.columns[first * count..(first + size) * count],
            n: size,
            observed: &self.observed[k * count..(k + 1) * count],
            segments: &self.segments[stratum.segments.clone()],
            gone: &self.gone[stratum.events.clone()],
            rows: &mut self.rows[..2 * stratum.at_risk],
            terms: &mut self.terms[stratum.events.clone()],
            means: &mut self.means[of_events],
        };
        (likelihood, stratum)
    }

    /// Score and information at `beta`.
    fn derivatives(&mut self) {
        // the likelihood borrows the whole: what it is given and gives stands aside meanwhile
        let beta = std::mem::take(&mut self.beta);
        let (score, share) = (std::mem::take(&mut self.score), std::mem::take(&mut self.share));
        let (mut information, mut part) = (std::mem::take(self.information), std::mem::take(self.part));
        if self.strata() == 1 {
            self.likelihood(0).0.derivatives(beta, score, &mut information);
        } else {
            score.fill(0.0);
            information.clear();
            information.resize(self.count * self.count, 0.0);
            for k in 0..self.strata() {
                if self.without_events(k) {
                    continue;
                }
                self.likelihood(k).0.derivatives(beta, share, &mut part);
                for (x, y) in score.iter_mut().zip(&*share).chain(information.iter_mut().zip(&part)) {
                    *x += y;
                }
            }
        }
        (self.beta, self.score, self.share) = (beta, score, share);
        (*self.information, *self.part) = (information, part);
    }

    /// Maximises over all coefficients.
    pub(super) fn fit(&mut self) -> Result<Fit, Status> {
        self.newton(self.count)?;
        let arm = self.count - 1;
        Ok(Fit { coefficient: self.beta[arm], variance: 1.0 / self.factor[arm * self.count + arm] })
    }

    /// Maximises over the first `free` coefficients.
    fn newton(&mut self, free: usize) -> Result<(), Status> {
        let mut gradient_along = f64::INFINITY;
        self.step.fill(0.0);
        for attempt in 0..STEPS {
            self.derivatives();
            let along = dot(&self.score[..free], &self.step[..free]);
            // Concave: overshooting shows as a slope that has turned against the step. Halve until it is the gentler one.
            if along.is_nan() || along < -0.5 * gradient_along {
                halve(self.beta, self.step);
                gradient_along *= 0.5;
                continue;
            }
            if free < self.count {
                // the leading part of the matrix, row after row
                for i in 1..free {
                    self.information.copy_within(i * self.count..i * self.count + free, i * free);
                }
                self.information.truncate(free * free);
            }
            factorise(self.information, free, self.factor);
            let judged = judge(self.information, self.factor, free, attempt == 0, self.pivots);
            let next = &mut self.share[..free];
            next.copy_from_slice(&self.score[..free]);
            solve(self.factor, free, next);
            let decrement = dot(&self.score[..free], next);
            if strayed(along, gradient_along, judged.is_ok().then_some(decrement)) {
                halve(self.beta, self.step);
                gradient_along *= 0.5;
                continue;
            }
            judged?;
            self.step[..free].copy_from_slice(next);
            for (b, s) in self.beta.iter_mut().zip(&self.step[..free]) {
                *b += s;
            }
            // the second case: rounding, not distance, is what is left
            if decrement <= 1e-20 || (decrement <= 1e-14 && decrement >= gradient_along) {
                return Ok(());
            }
            gradient_along = decrement;
        }
        Err(Status::NotConverged)
    }

    /// Correction and variance of a score Σ g (x − m) for the arm, g a number for each row, at the maximum: (Σ g (x − m), its variance
    /// given the score's own sums of 0).
    pub(super) fn weighted_score(&mut self, weight: &[f64]) -> (f64, f64) {
        self.derivatives();
        factorise(self.information, self.count, self.factor);
        self.share.fill(0.0);
        let share = std::mem::take(&mut self.share);
        let (mut score, mut variance) = (0.0, 0.0);
        for k in 0..self.strata() {
            if self.without_events(k) {
                continue;
            }
            let (beta, order) = (std::mem::take(&mut self.beta), self.order);
            let (mut likelihood, stratum) = self.likelihood(k);
            let rows = &order[stratum.first..stratum.first + stratum.size];
            let [u, v] = likelihood.weighted(beta, |row| weight[rows[row] as usize], share);
            score += u;
            variance += v;
            self.beta = beta;
        }
        self.step.copy_from_slice(share);
        solve(self.factor, self.count, self.step);
        let explained = dot(self.step, share);
        self.share = share;
        (score, variance - explained)
    }
}

impl Profile for Model<'_> {
    fn at(&mut self, coefficient: f64) -> Result<Point, Status> {
        let arm = self.count - 1;
        self.beta[arm] = coefficient;
        if arm > 0 {
            self.newton(arm)?;
        }
        self.derivatives();
        factorise(self.information, self.count, self.factor);
        let linear: f64 = self.observed.chunks_exact(self.count).map(|x| dot(x, self.beta)).sum();
        let log = linear + self.terms.iter().map(|term| term.ln()).sum::<f64>();
        Ok(Point { log, score: self.score[arm], information: self.factor[arm * self.count + arm] })
    }
}

/// Rearranges the rows of a stratum, ascending in time, latest first and cuts them into segments, each ending with the events of one
/// time: pairs of (one past its last row, events). Writes l/d for the l-th of d events at a time (0 with Breslow's ties), and gives the
/// number of rows that are at risk at some event.
fn lay_out(
    time: &[f64],
    event: &[u8],
    efron: bool,
    order: &mut [u32],
    segments: &mut Vec<u32>,
    gone: &mut Vec<f64>,
) -> usize {
    order.reverse();
    let (mut end, mut at_risk) = (0, 0);
    for group in order.chunk_by_mut(|&a, &b| time[a as usize] == time[b as usize]) {
        end += group.len();
        let events: u32 = group.iter().map(|&row| u32::from(event[row as usize])).sum();
        if events > 0 {
            group.sort_unstable_by_key(|&row| (event[row as usize], row));
            segments.extend([end as u32, events]);
            gone.extend((0..events).map(|l| if efron { f64::from(l) / f64::from(events) } else { 0.0 }));
            at_risk = end;
        }
    }
    at_risk
}

/// Writes standardised covariates and the centred arm column by column, the arm last, stratum after stratum, rows as in `order`.
/// Location and scale change nothing in the arm's coefficient; they keep the exponents small and the matrix well scaled.
fn standardise(data: &Dataset<'_>, order: &[u32], columns: &mut Vec<f64>, scales: &mut Vec<f64>) -> Result<(), Status> {
    let n = order.len();
    columns.clear();
    scales.clear();
    for j in 0..data.covariates.count {
        let column = data.covariates.column(j, n);
        let mean = column.iter().sum::<f64>() / n as f64;
        let squares: f64 = column.iter().map(|x| (x - mean) * (x - mean)).sum();
        let scale = (squares / n as f64).sqrt();
        let varies = scale.is_finite() && scale > 1e-12 * mean.abs();
        if !varies {
            return Err(Status::Singular);
        }
        scales.extend([mean, scale]);
    }
    let share = data.arm.iter().map(|&a| f64::from(a)).sum::<f64>() / n as f64;
    for rows in order.chunk_by(|&a, &b| data.strata.of(a as usize) == data.strata.of(b as usize)) {
        for (j, scale) in scales.chunks_exact(2).enumerate() {
            let column = data.covariates.column(j, n);
            columns.extend(rows.iter().map(|&row| (column[row as usize] - scale[0]) / scale[1]));
        }
        columns.extend(rows.iter().map(|&row| f64::from(data.arm[row as usize]) - share));
    }
    Ok(())
}

/// A = L D Lᵀ from the lower triangle of A, L unit lower triangular, D on the diagonal of the result.
fn factorise(matrix: &[f64], size: usize, factor: &mut Vec<f64>) {
    factor.clear();
    factor.extend_from_slice(matrix);
    for j in 0..size {
        let mut pivot = factor[j * size + j];
        for k in 0..j {
            let l = factor[j * size + k];
            pivot -= l * l * factor[k * size + k];
        }
        factor[j * size + j] = pivot;
        for i in j + 1..size {
            let mut x = factor[i * size + j];
            for k in 0..j {
                x -= factor[i * size + k] * factor[j * size + k] * factor[k * size + k];
            }
            factor[i * size + j] = x / pivot;
        }
    }
}

/// Refuses a matrix that is singular from the start, or has become so because a coefficient runs to infinity.
fn judge(matrix: &[f64], factor: &[f64], size: usize, first: bool, pivots: &mut Vec<f64>) -> Result<(), Status> {
    if first {
        pivots.clear();
        for j in 0..size {
            let pivot = factor[j * size + j];
            let sound = pivot.is_finite() && pivot > REDUNDANT * matrix[j * size + j];
            if !sound {
                return Err(Status::Singular);
            }
            pivots.push(pivot);
        }
        return Ok(());
    }
    let stands = |(j, start): (usize, &f64)| factor[j * size + j] > RUNAWAY * start;
    if pivots.iter().enumerate().all(stands) { Ok(()) } else { Err(Status::Separation) }
}

/// Solves L D Lᵀ x = b in place.
fn solve(factor: &[f64], size: usize, x: &mut [f64]) {
    for i in 0..size {
        for k in 0..i {
            x[i] -= factor[i * size + k] * x[k];
        }
    }
    for i in 0..size {
        x[i] /= factor[i * size + i];
    }
    for i in (0..size).rev() {
        for k in i + 1..size {
            x[i] -= factor[k * size + i] * x[k];
        }
    }
}
