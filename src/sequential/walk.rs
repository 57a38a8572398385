//! The Brownian motion that has not yet stopped: its density look by look, by numerical integration.
//!
//! The density of B(t) on the region of continuation is kept at Gauss–Legendre nodes, sixteen for every three standard deviations of the
//! shorter neighbouring step; a step of length Δ is a sum of normal densities of mean θΔ and variance Δ. Functions to be integrated are
//! analytic: this gives some 12 digits.

use std::sync::LazyLock;

use crate::math::elementary::exp;
use crate::math::tail::normal_upper_tail;

/// Standard deviations of B beyond which nothing lies.
const FAR: f64 = 8.5;
/// The same for a walk that is to stand for those of other drifts.
const WIDE: f64 = 20.0;
/// Nodes of a panel.
const NODES: usize = 16;
/// Standard deviations of the shorter neighbouring step that a panel covers.
const PANEL: f64 = 3.0;
/// Most panels: looks that lie closer than 1e-4 of the information lose digits.
const MOST: usize = 300;

/// Nodes and weights of one panel.
static RULE: LazyLock<(Vec<f64>, Vec<f64>)> = LazyLock::new(|| gauss_legendre(NODES));

/// B(t) of the trials that go on.
#[derive(Clone, Debug)]
pub struct Walk {
    theta: f64,
    /// Where all trials were: a share of the information, and B.
    start: [f64; 2],
    /// Share of the information reached.
    at: f64,
    /// Where B may be.
    nodes: Vec<f64>,
    /// Probability at each node: density times weight.
    mass: Vec<f64>,
    /// Standard deviations of B beyond which nothing is kept.
    far: f64,
    /// Memory of the nodes and masses of the look before, for those of the next.
    spare: [Vec<f64>; 2],
}

impl Walk {
    /// All trials at the start, with a drift.
    #[must_use]
    pub fn new(theta: f64) -> Self {
        Self::from(theta, 0.0, 0.0)
    }

    /// All trials at B(t) = b.
    #[must_use]
    pub fn from(theta: f64, t: f64, b: f64) -> Self {
        Self { theta, start: [t, b], at: t, nodes: vec![b], mass: vec![1.0], far: FAR, spare: Default::default() }
    }

    /// All trials at the start, without a drift, kept so far out that [`Walk::above_at`] reaches drifts up to 11.5 at full information.
    pub(super) fn wide() -> Self {
        Self { far: WIDE, ..Self::new(0.0) }
    }

    /// All trials at the start again, with another drift.
    pub(super) fn restart(&mut self, theta: f64) {
        (self.theta, self.start, self.at) = (theta, [0.0; 2], 0.0);
        self.nodes.clear();
        self.nodes.push(0.0);
        self.mass.clear();
        self.mass.push(1.0);
    }

    /// Probability of going on to `t` (or having been there) and Z(t) > z.
    #[must_use]
    pub fn above(&self, t: f64, z: f64) -> f64 {
        self.beyond(t, z, 1.0)
    }

    /// Probability of going on to `t` and Z(t) < z.
    #[must_use]
    pub fn below(&self, t: f64, z: f64) -> f64 {
        self.beyond(t, z, -1.0)
    }

    fn beyond(&self, t: f64, z: f64, sign: f64) -> f64 {
        let step = t - self.at;
        let (inverse, goal) = (sign / step.sqrt(), z * t.sqrt() - self.theta * step);
        let mut sum = 0.0;
        let mut tails = [0.0; NODES];
        for (nodes, mass) in self.nodes.chunks(NODES).zip(self.mass.chunks(NODES)) {
            // apart from the sum, so that it vectorises
            for (tail, b) in tails.iter_mut().zip(nodes) {
                *tail = normal_upper_tail((goal - b) * inverse);
            }
            sum += tails.iter().zip(mass).map(|(tail, m)| tail * m).sum::<f64>();
        }
        sum
    }

    /// [`Walk::above`] at a drift, of a walk without one from the start: paths to B(s) = b are exp(θb − θ²s/2) times as likely. None
    /// where the drift leads where nothing is kept.
    pub(super) fn above_at(&self, theta: f64, t: f64, z: f64) -> Option<f64> {
        let (s, sd) = (self.at, self.at.sqrt());
        if theta.abs() * sd > self.far - FAR {
            return None;
        }
        if z == f64::INFINITY {
            return Some(0.0);
        }
        let from = self.nodes.partition_point(|&b| b < theta * s - FAR * sd);
        let to = self.nodes.partition_point(|&b| b <= theta * s + FAR * sd);
        let step = t - s;
        let (inverse, goal, half) = (1.0 / step.sqrt(), z * t.sqrt() - theta * step, 0.5 * theta * s);
        let sum = self.nodes[from..to].iter().zip(&self.mass[from..to]);
        Some(sum.map(|(b, m)| m * exp(theta * (b - half)) * normal_upper_tail((goal - b) * inverse)).sum())
    }

    /// Probability of not having stopped.
    #[must_use]
    pub fn left(&self) -> f64 {
        self.mass.iter().sum()
    }

    /// Goes on to `t`, where trials with Z outside (lower, upper) stop; `next` is the share of the information at the look after it.
    pub fn go_on(&mut self, t: f64, lower: f64, upper: f64, next: f64) {
        let mut into = std::mem::take(&mut self.spare);
        self.passed(&mut into, t, [lower, upper], next);
        let [nodes, mass] = into;
        self.spare = [std::mem::replace(&mut self.nodes, nodes), std::mem::replace(&mut self.mass, mass)];
        self.at = t;
    }

    /// Becomes what `before` is after [`Walk::go_on`].
    pub(super) fn follow(&mut self, before: &Self, t: f64, lower: f64, upper: f64, next: f64) {
        let mut into = [std::mem::take(&mut self.nodes), std::mem::take(&mut self.mass)];
        before.passed(&mut into, t, [lower, upper], next);
        [self.nodes, self.mass] = into;
        (self.theta, self.start, self.at, self.far) = (before.theta, before.start, t, before.far);
    }

    /// Nodes and masses after a look at `t`.
    fn passed(&self, into: &mut [Vec<f64>; 2], t: f64, [lower, upper]: [f64; 2], next: f64) {
        let [nodes, mass] = into;
        nodes.clear();
        mass.clear();
        let step = t - self.at;
        // where B would be if nothing stopped: those that go on are among these
        let since = t - self.start[0];
        let (middle, far) = (self.start[1] + self.theta * since, self.far * since.sqrt());
        let from = (middle - far).max(lower * t.sqrt());
        let to = (middle + far).min(upper * t.sqrt());
        let sd = step.sqrt();
        let finest = sd.min((next - t).max(0.0).sqrt().max(1e-3));
        let width = to - from;
        if width.is_nan() || width <= 0.0 {
            nodes.push(0.5 * (from + to));
            mass.push(0.0);
            return;
        }
        let panels = ((width / (PANEL * finest)).ceil() as usize).clamp(1, MOST);
        let half = 0.5 * width / panels as f64;
        let scale = half / (sd * (2.0 * std::f64::consts::PI).sqrt());
        for panel in 0..panels {
            let centre = from + half * (2 * panel + 1) as f64;
            nodes.extend(RULE.0.iter().map(|x| centre + half * x));
        }
        // node after node of the look before, so that the inner loop has no sum and vectorises
        mass.resize(nodes.len(), 0.0);
        let (drift, inverse) = (self.theta * step, 1.0 / sd);
        for (b, m) in self.nodes.iter().zip(&self.mass) {
            let mean = b + drift;
            for (x, out) in nodes.iter().zip(mass.iter_mut()) {
                let z = (x - mean) * inverse;
                *out += m * exp(-0.5 * z * z);
            }
        }
        for (out, w) in mass.iter_mut().zip(RULE.1.iter().cycle()) {
            *out *= w * scale;
        }
    }
}

/// Nodes on (−1, 1), ascending, and weights of Gauss–Legendre integration, by Newton's method on the Legendre polynomial.
fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut nodes, mut weights) = (vec![0.0; n], vec![0.0; n]);
    let order = n as f64;
    for i in 0..n.div_ceil(2) {
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (order + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..20 {
            let (mut p, mut before) = (1.0, 0.0);
            for k in 0..n {
                let k = k as f64;
                (p, before) = (((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0), p);
            }
            slope = order * (x * p - before) / (x * x - 1.0);
            let step = p / slope;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        let weight = 2.0 / ((1.0 - x * x) * slope * slope);
        (nodes[i], nodes[n - 1 - i]) = (-x, x);
        (weights[i], weights[n - 1 - i]) = (weight, weight);
    }
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::special::{normal_cdf, normal_tail};

    #[test]
    fn by_hand_gauss_legendre_of_two_and_three_nodes() {
        let (x, w) = gauss_legendre(2);
        assert!((x[1] - 1.0 / 3.0_f64.sqrt()).abs() < 1e-15 && (w[0] - 1.0).abs() < 1e-15);
        let (x, w) = gauss_legendre(3);
        assert!((x[2] - 0.6_f64.sqrt()).abs() < 1e-15 && x[1].abs() < 1e-15);
        assert!((w[1] - 8.0 / 9.0).abs() < 1e-14 && (w[0] - 5.0 / 9.0).abs() < 1e-14);
        // exact for polynomials of degree 2n − 1
        let (x, w) = gauss_legendre(40);
        let integral: f64 = x.iter().zip(&w).map(|(x, w)| w * x.powi(78)).sum();
        assert!((integral - 2.0 / 79.0).abs() < 1e-15);
    }

    #[test]
    fn by_hand_a_walk_without_bounds_is_normal() {
        let mut walk = Walk::new(1.3);
        for (t, next) in [(0.2, 0.25), (0.25, 0.9), (0.9, 1.0)] {
            walk.go_on(t, f64::NEG_INFINITY, f64::INFINITY, next);
            assert!((walk.left() - 1.0).abs() < 1e-12, "{}", walk.left());
        }
        assert!((walk.above(1.0, 1.96) - normal_tail(1.96 - 1.3)).abs() < 1e-12);
        assert!((walk.below(1.0, 0.5) - normal_cdf(0.5 - 1.3)).abs() < 1e-12);
    }
}
