//! The curve that says where to look, and gives the point estimate; the interval does without it.

use crate::math::special::{normal_cdf, normal_quantile};

use super::{Axis, Guess, Search};

impl Search {
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
    pub(super) fn fit(&self, with_guess: bool) -> Option<[f64; 2]> {
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
}
