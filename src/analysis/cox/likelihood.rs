//! Score and information of the partial likelihood with covariates.

use crate::math::elementary::exp_in_place;
use crate::math::linalg::{dot, sum};
use crate::math::wide::wide;

/// The partial likelihood, column by column: every loop runs over patients or events.
///
/// With S₀ = Σ w, S₁ = Σ w x over the patients at risk at an event (the tied events counted 1 − l/d), m = S₁/S₀:
/// score Σ (x − m) over events, information Σ w h x xᵀ − Σ m mᵀ, where h sums 1/S₀ over the events that a patient was at
/// risk for.
pub(super) struct Likelihood<'a> {
    /// Covariates, the arm last, rows latest first.
    pub(super) columns: &'a [f64],
    /// Rows of a column.
    pub(super) n: usize,
    /// Sums of the columns over events.
    pub(super) observed: &'a [f64],
    /// Pairs of (one past the last row, events), a time each.
    pub(super) segments: &'a [u32],
    /// l/d at each event.
    pub(super) gone: &'a [f64],
    /// Work: weights w, then w h and other products, a row each.
    pub(super) rows: &'a mut [f64],
    /// 1/S₀ at each event.
    pub(super) terms: &'a mut [f64],
    /// m at each event, column after column.
    pub(super) means: &'a mut [f64],
}

impl Likelihood<'_> {
    /// Score and information (row-major, lower triangle) at `beta`.
    pub(super) fn derivatives(&mut self, beta: &[f64], score: &mut [f64], information: &mut Vec<f64>) {
        let size = beta.len();
        information.clear();
        information.resize(size * size, 0.0);
        if self.terms.is_empty() {
            // a stratum without events says nothing
            score.fill(0.0);
            return;
        }
        let at_risk = self.rows.len() / 2;
        let (weights, products) = self.rows.split_at_mut(at_risk);
        let columns = || self.columns.chunks_exact(self.n).map(|x| &x[..at_risk]);

        weights.fill(0.0);
        for (x, b) in columns().zip(beta) {
            for (w, x) in weights.iter_mut().zip(x) {
                *w += b * x;
            }
        }
        exp_in_place(weights);
        products.copy_from_slice(weights);
        at_events(products, self.segments, self.gone, self.terms);
        for term in &mut *self.terms {
            *term = 1.0 / *term;
        }
        for ((x, means), (score, observed)) in
            columns().zip(self.means.chunks_exact_mut(self.terms.len())).zip(score.iter_mut().zip(self.observed))
        {
            multiply(weights, x, products);
            at_events(products, self.segments, self.gone, means);
            for (mean, term) in means.iter_mut().zip(&*self.terms) {
                *mean *= term;
            }
            *score = observed - sum(means);
        }

        spread(weights, self.segments, self.gone, self.terms);
        let means = || self.means.chunks_exact(self.terms.len());
        for (a, (x, mean)) in columns().zip(means()).enumerate() {
            multiply(weights, x, products);
            for (b, (y, other)) in columns().zip(means()).take(a + 1).enumerate() {
                information[a * size + b] = dot(products, y) - dot(mean, other);
            }
        }
    }
}

impl Likelihood<'_> {
    /// Σ g (x − m) and Σ g² V of the arm over events at `beta`, where V is the variance of the arm among the patients at risk and g the
    /// number of the event's row; adds Σ g C to `along`, C the covariances of the arm and each column. Call after
    /// [`Likelihood::derivatives`] at the same coefficients.
    pub(super) fn weighted(&mut self, beta: &[f64], g: impl Fn(usize) -> f64, along: &mut [f64]) -> [f64; 2] {
        let (at_risk, arm) = (self.rows.len() / 2, beta.len() - 1);
        let (weights, products) = self.rows.split_at_mut(at_risk);
        let column = |j: usize| &self.columns[j * self.n..j * self.n + at_risk];
        weights.fill(0.0);
        for (j, b) in beta.iter().enumerate() {
            for (w, x) in weights.iter_mut().zip(column(j)) {
                *w += b * x;
            }
        }
        exp_in_place(weights);
        let events = self.terms.len();
        let (mut score, mut variance) = (0.0, 0.0);
        for (j, along) in along.iter_mut().enumerate() {
            multiply(weights, column(j), products);
            for (product, x) in products.iter_mut().zip(column(arm)) {
                *product *= x;
            }
            // S₂ at each event in the order of segments; their sums are read off as they come
            let mut e = 0;
            let (mut sum, mut row) = (0.0, 0);
            for segment in self.segments.chunks_exact(2) {
                let (end, tied) = (segment[0] as usize, segment[1] as usize);
                sum += products[row..end].iter().sum::<f64>();
                let own: f64 = products[end - tied..end].iter().sum();
                row = end;
                for l in 0..tied {
                    let weight = g(end - tied + l);
                    let mean = self.means[arm * events + e + l];
                    let second = (sum - self.gone[e + l] * own) * self.terms[e + l];
                    let covariance = second - mean * self.means[j * events + e + l];
                    *along += weight * covariance;
                    if j == arm {
                        variance += weight * weight * covariance;
                        score += weight * (column(arm)[end - tied + l] - mean);
                    }
                }
                e += tied;
            }
        }
        [score, variance]
    }
}

/// Sums over the patients at risk at each event of a quantity, in whose place its running sums are left.
fn at_events(running: &mut [f64], segments: &[u32], gone: &[f64], out: &mut [f64]) {
    // blocks of four, so that only one addition in four waits for the one before
    let mut sum = 0.0;
    let mut blocks = running.chunks_exact_mut(4);
    for block in &mut blocks {
        block[1] += block[0];
        block[2] += block[1];
        block[3] += block[2];
        let before = sum;
        sum += block[3];
        for x in block {
            *x += before;
        }
    }
    for x in blocks.into_remainder() {
        sum += *x;
        *x = sum;
    }
    let mut e = 0;
    for segment in segments.chunks_exact(2) {
        let (end, events) = (segment[0] as usize, segment[1] as usize);
        let total = running[end - 1];
        out[e] = total;
        if events > 1 {
            let before = if end > events { running[end - events - 1] } else { 0.0 };
            for l in 1..events {
                out[e + l] = total - gone[e + l] * (total - before);
            }
        }
        e += events;
    }
}

/// Turns weights w into w h.
fn spread(weights: &mut [f64], segments: &[u32], gone: &[f64], terms: &[f64]) {
    let (mut hazard, mut e) = (0.0, terms.len());
    for (k, segment) in segments.chunks_exact(2).enumerate().rev() {
        let (end, events) = (segment[0] as usize, segment[1] as usize);
        let start = if k == 0 { 0 } else { segments[2 * k - 2] as usize };
        e -= events;
        let (mut own, mut all) = (hazard, hazard);
        for (term, gone) in terms[e..e + events].iter().zip(&gone[e..e + events]) {
            own += (1.0 - gone) * term;
            all += term;
        }
        for w in &mut weights[start..end - events] {
            *w *= all;
        }
        for w in &mut weights[end - events..end] {
            *w *= own;
        }
        hazard = all;
    }
}

fn multiply(x: &[f64], y: &[f64], out: &mut [f64]) {
    wide!(for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x * y;
    });
}
