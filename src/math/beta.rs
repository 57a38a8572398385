//! The beta distribution, and the difference of two independent beta variables.

use std::f64::consts::PI;

/// Logarithm of the share of a density's peak below which nothing is integrated, about 10⁻¹⁸.
const DROP: f64 = 42.0;

/// Most terms of the continued fraction; it needs about the square root of the larger shape.
const TERMS: usize = 100_000;

/// A beta distribution.
///
/// `Numerics`: the density is held on the scale of the logit, u from the point of its peak there, where it is analytic and falls at least
/// exponentially whatever the shapes; so the trapezoidal rule has all digits, and needs no gamma function.
#[derive(Clone, Copy, Debug)]
pub struct Beta {
    a: f64,
    b: f64,
    /// a/(a + b) and b/(a + b).
    peak: [f64; 2],
    /// Distance of the points of the trapezoidal rule.
    step: f64,
    /// Integral of the density relative to its peak.
    total: f64,
}

impl Beta {
    /// The distribution with shapes `a`, `b`; none unless both are positive and finite.
    #[must_use]
    pub fn new(a: f64, b: f64) -> Option<Self> {
        let sum = a + b;
        if !(a > 0.0 && b > 0.0 && sum.is_finite()) {
            return None;
        }
        // the standard deviation on the logit scale, and the least resolution of an exponential tail
        let step = (0.4 * (sum / (a * b)).sqrt()).min(0.25);
        let mut beta = Self { a, b, peak: [a / sum, b / sum], step, total: 1.0 };
        let [low, high] = beta.support(DROP);
        beta.total = trapezium(low, high, step, |u| beta.relative(u));
        beta.total.is_finite().then_some(beta)
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.peak[0]
    }

    /// The variance.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.peak[0] * self.peak[1] / (self.a + self.b + 1.0)
    }

    /// The logarithm of the density of the logit at u from its peak, relative to the peak: a·u − (a + b) ln(q + p·eᵘ).
    fn ln_relative(&self, u: f64) -> f64 {
        let [p, q] = self.peak;
        let spread = if u > 1.0 { u + (p + q * (-u).exp()).ln() } else { (p * u.exp_m1()).ln_1p() };
        self.a * u - (self.a + self.b) * spread
    }

    fn relative(&self, u: f64) -> f64 {
        self.ln_relative(u).exp()
    }

    /// The variable and its complement at u from the peak.
    fn point(&self, u: f64) -> [f64; 2] {
        let [p, q] = self.peak;
        if u > 0.0 {
            let small = q * (-u).exp();
            [p / (p + small), small / (p + small)]
        } else {
            let small = p * u.exp();
            [small / (small + q), q / (small + q)]
        }
    }

    /// u at a value between 0 and 1 and its complement.
    fn distance(&self, x: [f64; 2]) -> f64 {
        (x[0] / self.peak[0]).ln() - (x[1] / self.peak[1]).ln()
    }

    /// Where the logarithm of the relative density has fallen by `drop`, or somewhat more.
    fn support(&self, drop: f64) -> [f64; 2] {
        [-1.0, 1.0].map(|sign| {
            let mut outer = sign * self.step;
            while self.ln_relative(outer) > -drop && outer.abs() < 1e6 {
                outer *= 2.0;
            }
            let mut inner = 0.5 * outer;
            // within 1 in 16 is near enough
            for _ in 0..4 {
                let middle = 0.5 * (inner + outer);
                if self.ln_relative(middle) > -drop { inner = middle } else { outer = middle }
            }
            outer
        })
    }

    /// P(X > x), and with `below` P(X ≤ x), for x and its complement.
    fn tail(&self, x: [f64; 2], below: bool) -> f64 {
        if x[0] <= 0.0 || x[1] <= 0.0 {
            return f64::from((x[0] <= 0.0) != below);
        }
        let left = x[0] < (self.a + 1.0) / (self.a + self.b + 2.0);
        let density = self.relative(self.distance(x)) / self.total;
        let part = if left {
            density / self.a * fraction(self.a, self.b, x[0])
        } else {
            density / self.b * fraction(self.b, self.a, x[1])
        };
        if left == below { part } else { (1.0 - part).max(0.0) }
    }

    /// P(X > x).
    #[must_use]
    pub fn above(&self, x: f64) -> f64 {
        self.tail([x, 1.0 - x], false)
    }

    /// P(X ≤ x).
    #[must_use]
    pub fn below(&self, x: f64) -> f64 {
        self.tail([x, 1.0 - x], true)
    }
}

/// The continued fraction of a I_x(a, b) / (xᵃ(1 − x)ᵇ) · B(a, b), for x below its mean or near; NaN where it does not converge.
///
/// `Source`: DLMF 8.17.22, by Lentz's method (Thompson, Barnett 1986, J Comput Phys 64:490).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |y: f64| if y.abs() < TINY { TINY } else { y };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..TERMS {
        let m = m as f64;
        let mut change = 1.0;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() <= f64::EPSILON {
            return value;
        }
    }
    f64::NAN
}

/// ∫ f from `low` to `high`, outside of which f is negligible.
fn trapezium(low: f64, high: f64, step: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    step * (first..=last).map(|i| f(i as f64 * step)).sum::<f64>()
}

/// ∫ f from `low` to `high` where f may have a root's kink at an end; `step` resolves f inside.
///
/// `Source`: Takahasi, Mori (1974), Publ RIMS Kyoto 9:721, the double exponential rule.
fn double_exponential(low: f64, high: f64, step: f64, f: impl Fn(f64) -> f64) -> f64 {
    // there the weights are below 10⁻¹⁷ of the largest
    const END: f64 = 3.3;
    let width = high - low;
    let h = (step * 4.0 / (PI * width)).min(0.0625);
    let nodes = (END / h).ceil() as i64;
    let sum: f64 = (-nodes..=nodes)
        .map(|i| {
            let u = i as f64 * h;
            let small = 1.0 / (1.0 + (PI * u.sinh().abs()).exp());
            let x = if u < 0.0 { low + width * small } else { high - width * small };
            PI * u.cosh() * small * (1.0 - small) * f(x)
        })
        .sum();
    width * h * sum
}

/// P(X − Y > difference) for independent X and Y.
///
/// `Numerics`: the density of the narrower variable times the tail of the wider one, on the logit scale: the trapezoidal rule, or the double
/// exponential one between the points where the tail begins or ends inside. Relative error about 1e-13; small probabilities are
/// integrated again over as much of the density as they need.
#[must_use]
pub fn exceeds(x: &Beta, y: &Beta, difference: f64) -> f64 {
    let step = x.step.min(y.step);
    let rough = integral(x, y, difference, DROP, step);
    if rough >= 0.01 {
        return rough.min(1.0);
    }
    // the density's fall at the point that matters is at most that of the probability itself; away from its peak it may be narrower there,
    // most so where the variable is ½
    let step = step.min(0.8 / (x.a + x.b + y.a + y.b).sqrt());
    integral(x, y, difference, DROP - rough.max(1e-300).ln(), step)
}

fn integral(x: &Beta, y: &Beta, difference: f64, drop: f64, step: f64) -> f64 {
    let x_is_wide = x.variance() >= y.variance();
    let (narrow, wide, shift) = if x_is_wide { (y, x, difference) } else { (x, y, -difference) };
    let [low, high] = narrow.support(drop);
    let value = |u: f64| {
        let [p, q] = narrow.point(u);
        narrow.relative(u) * wide.tail([p + shift, q - shift], !x_is_wide)
    };
    // where the wider variable's range ends
    let kinks = [[-shift, 1.0 + shift], [1.0 - shift, shift]]
        .map(|at| if at[0] > 0.0 && at[1] > 0.0 { narrow.distance(at).clamp(low, high) } else { low });
    let inside = |u: f64| u > low && u < high;
    let sum = if kinks.into_iter().any(inside) {
        let ends = [low, kinks[0].min(kinks[1]), kinks[0].max(kinks[1]), high];
        ends.windows(2).filter(|e| e[0] < e[1]).map(|e| double_exponential(e[0], e[1], step, value)).sum()
    } else {
        trapezium(low, high, step, value)
    };
    sum / narrow.total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::special::beta_tail;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a:e} {b:e}");
    }

    #[test]
    fn by_hand_beta_tails() {
        // Beta(1, b): (1 − x)ᵇ; Beta(½, ½): arcsine
        for x in [1e-6, 0.01, 0.3, 0.5, 0.9] {
            close(Beta::new(1.0, 7.0).unwrap().above(x), (1.0 - x).powi(7), 1e-13);
            close(Beta::new(0.5, 0.5).unwrap().below(x), 2.0 / PI * x.sqrt().asin(), 1e-13);
        }
        // far tails
        close(Beta::new(200.0, 1.0).unwrap().below(1e-1), 1e-200, 1e-11);
        for (a, b, x) in [(3.0, 8.0, 0.2), (40.0, 61.5, 0.55), (1000.0, 2000.0, 0.35), (0.3, 20.0, 0.01)] {
            close(Beta::new(a, b).unwrap().above(x), beta_tail(a, b, x), 1e-11);
        }
        assert!(Beta::new(0.0, 1.0).is_none() && Beta::new(1.0, f64::INFINITY).is_none());
    }

    #[test]
    fn by_hand_differences() {
        let beta = |a, b| Beta::new(a, b).unwrap();
        // uniform variables: (1 − d)²/2
        for d in [0.0, 0.1, 0.5, 0.999] {
            close(exceeds(&beta(1.0, 1.0), &beta(1.0, 1.0), d), 0.5 * (1.0 - d) * (1.0 - d), 1e-13);
            close(exceeds(&beta(1.0, 1.0), &beta(1.0, 1.0), -d), 1.0 - 0.5 * (1.0 - d) * (1.0 - d), 1e-13);
        }
        // Beta(a, 1) against Beta(c, 1): a/(a + c)
        close(exceeds(&beta(3.0, 1.0), &beta(5.0, 1.0), 0.0), 3.0 / 8.0, 1e-13);
        close(exceeds(&beta(400.0, 1.0), &beta(0.5, 1.0), 0.0), 400.0 / 400.5, 1e-13);
        // Beta(1, b) exceeds Beta(a, 1): B(a + 1, b)/… = Γ(a + 1)Γ(b + 1)/Γ(a + b + 1)
        close(exceeds(&beta(1.0, 3.0), &beta(2.0, 1.0), 0.0), 0.1, 1e-13);
        // 1/C(200, 100)
        let mut choose = 1.0;
        for k in 1..=100 {
            choose *= f64::from(100 + k) / f64::from(k);
        }
        close(exceeds(&beta(1.0, 100.0), &beta(100.0, 1.0), 0.0), 1.0 / choose, 1e-12);
        assert_eq!(exceeds(&beta(2.0, 3.0), &beta(2.0, 3.0), 1.0), 0.0);
        close(exceeds(&beta(2.0, 3.0), &beta(2.0, 3.0), -1.0), 1.0, 1e-13);
    }

    #[test]
    fn twin_both_ways_of_a_difference_add_up() {
        let shapes = [(0.5, 10.5), (1.0, 51.0), (12.5, 3.5), (300.0, 700.0), (1.0, 1.0)];
        for (a, b) in shapes {
            for (c, d) in shapes {
                for difference in [-0.6, -0.1, 0.0, 0.03, 0.4] {
                    let (x, y) = (Beta::new(a, b).unwrap(), Beta::new(c, d).unwrap());
                    let sum = exceeds(&x, &y, difference) + exceeds(&y, &x, -difference);
                    assert!((sum - 1.0).abs() < 1e-12, "{a} {b} {c} {d} {difference}: {sum}");
                }
            }
        }
    }
}
