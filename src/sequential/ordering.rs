//! The stage-wise ordering of the ends of a trial whose looks were held at any shares of the information.
//!
//! Ends in favour at earlier looks are more extreme than those at later ones, and within a look the larger z. The walk is integrated
//! once, without a drift; other drifts weigh its paths by their likelihood ratio.
//!
//! Source: as [`super::inference`].

use super::Walk;
use crate::math::root;
use crate::math::special::normal_quantile;

/// Most secant steps before bisection is trusted more; four are the rule.
const STEPS: usize = 16;

/// A look that was held.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    t: f64,
    lower: f64,
    upper: f64,
}

/// Looks in the order held, and the walk before each of them.
#[derive(Clone, Debug)]
pub(super) struct Stages {
    looks: Vec<Held>,
    walks: Vec<Walk>,
    /// How many of the walks are those of the looks.
    walked: usize,
    /// Memory for drifts far off.
    other: Walk,
}

impl Stages {
    pub(super) fn new() -> Self {
        Self { looks: Vec::new(), walks: Vec::new(), walked: 0, other: Walk::new(0.0) }
    }

    /// The look that comes after `depth` others; what was known of later ones is forgotten if it is not as it was.
    pub(super) fn hold(&mut self, depth: usize, t: f64, [lower, upper]: [f64; 2]) {
        let look = Held { t, lower, upper };
        if self.looks.get(depth) == Some(&look) {
            return;
        }
        // the walk before this look is laid out for its share of the information
        self.walked = self.walked.min(depth);
        self.looks.truncate(depth);
        self.looks.push(look);
    }

    /// Integrates as far as the walk before look `depth`.
    fn walk(&mut self, depth: usize) {
        while self.walked <= depth {
            let k = self.walked;
            if k == self.walks.len() {
                self.walks.push(Walk::wide());
            }
            if let (before, [walk, ..]) = self.walks.split_at_mut(k)
                && let Some(before) = before.last()
            {
                let Held { t, lower, upper } = self.looks[k - 1];
                walk.follow(before, t, lower, upper, self.looks[k].t);
            }
            self.walked += 1;
        }
    }

    /// P(an end at least as extreme in favour as z at look `depth`), at a drift.
    pub(super) fn p(&mut self, depth: usize, z: f64, theta: f64) -> f64 {
        self.walk(depth);
        let mut p = 0.0;
        for (k, (look, walk)) in self.looks[..=depth].iter().zip(&self.walks).enumerate() {
            let bound = if k == depth { z } else { look.upper };
            let Some(above) = walk.above_at(theta, look.t, bound) else {
                return self.p_far_off(depth, z, theta);
            };
            p += above;
        }
        p
    }

    fn p_far_off(&mut self, depth: usize, z: f64, theta: f64) -> f64 {
        self.other.restart(theta);
        let mut p = 0.0;
        for k in 0..depth {
            let Held { t, lower, upper } = self.looks[k];
            p += self.other.above(t, upper);
            self.other.go_on(t, lower, upper, self.looks[k + 1].t);
        }
        p + self.other.above(self.looks[depth].t, z)
    }

    /// The drift at which [`Stages::p`] is `p`.
    pub(super) fn drift(&mut self, depth: usize, z: f64, p: f64) -> f64 {
        let (root, target) = (self.looks[depth].t.sqrt(), normal_quantile(p));
        let start = (z + target) / root;
        if depth == 0 || !start.is_finite() {
            return start;
        }
        // on the scale of normal scores the probability is nearly a line
        let mut distance = |theta: f64| normal_quantile(self.p(depth, z, theta)) - target;
        let (mut at, mut value, mut slope) = (start, distance(start), root);
        for _ in 0..STEPS {
            let next = at - value / slope;
            // also where it is not a number; the step after one this small is below rounding
            if !next.is_finite() || (next - at).abs() <= 1e-8 {
                break;
            }
            let found = distance(next);
            slope = (found - value) / (next - at);
            (at, value) = (next, found);
            if !(slope > 0.0 && slope.is_finite()) {
                break;
            }
        }
        let next = at - value / slope;
        if slope > 0.0 && (next - at).abs() <= 1e-8 {
            return next;
        }
        // stops at earlier looks may hold the drift back from what z alone would say
        let (mut low, mut high) = (start, start);
        let mut width = 1.0 / root;
        for _ in 0..60 {
            let short = [distance(low) >= 0.0, distance(high) <= 0.0];
            if short == [false; 2] {
                break;
            }
            low -= if short[0] { width } else { 0.0 };
            high += if short[1] { width } else { 0.0 };
            width *= 2.0;
        }
        root::zero(low, high, distance)
    }
}
