//! The largest of up to four correlated standard normal variables.

use std::f64::consts::TAU;

use crate::math::elementary::exp;
use crate::math::linalg::at;
use crate::math::tail::normal_upper_tail;

/// Most variables.
pub const MOST: usize = 4;

/// Correlations closer to 1 than this are those of a variable with itself.
const SAME: f64 = 1e-10;

/// Standard deviations beyond which conditional probabilities, factors of at most 1, are taken for 0: 1 − Φ is 1e-12 there.
const FAR: f64 = 7.0;

/// Positive nodes and weights of Gauss and Legendre's rule of 20 points on (−1, 1): Abramowitz and Stegun (1964), table 25.4.
const RULE: [(f64, f64); 10] = [
    (0.076_526_521_133_497_33, 0.152_753_387_130_725_85),
    (0.227_785_851_141_645_08, 0.149_172_986_472_603_75),
    (0.373_706_088_715_419_56, 0.142_096_109_318_382_05),
    (0.510_867_001_950_827_1, 0.131_688_638_449_176_63),
    (0.636_053_680_726_515, 0.118_194_531_961_518_42),
    (0.746_331_906_460_150_8, 0.101_930_119_817_240_44),
    (0.839_116_971_822_218_8, 0.083_276_741_576_704_75),
    (0.912_234_428_251_326, 0.062_672_048_334_109_06),
    (0.963_971_927_277_913_8, 0.040_601_429_800_386_94),
    (0.993_128_599_185_094_9, 0.017_614_007_139_152_118),
];

/// Panels of the rule on the way from independence to the correlations at hand; finer at the end, where these may be singular.
const PANELS: [(f64, f64); 2] = [(0.0, 0.3), (0.3, 1.0)];

/// Which values are exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tails {
    /// P(max Z ≥ z)
    Upper,
    /// P(max |Z| ≥ z)
    Both,
}

/// The probability that the largest of up to four standard normal variables, or the largest in magnitude, is at least `z`.
///
/// `correlation` is the lower triangle, packed row after row, diagonal included; it may be singular. With R(t) the matrix of the
/// sin(t arcsin ρ), which leads from independence to the correlations at hand and is positive definite all along,
/// P(all below z) = Φ(z)^k + ∫ Σ arcsin ρ / 2π · exp(−z²/(1 + ρ(t))) · P(the others below z | the pair at z) dt over (0, 1) and pairs.
/// The others are at most two: their probability is a Φ or, by Owen's function T, a bivariate one.
///
/// # Errors
/// None; a matrix that is no correlation matrix, or more than four variables, give NaN.
///
/// `Source`: Plackett, Biometrika 41 (1954) 351; the path as in Genz, Statistics and Computing 14 (2004) 251; Owen, Annals of
/// Mathematical Statistics 27 (1956) 1075.
///
/// `Numerics`: absolute error below 1e-8, and 1e-7 of the probability in the tail beyond z = 1.5, down to 1e-300.
#[must_use]
pub fn largest_exceeds(correlation: &[f64], count: usize, z: f64, tails: Tails) -> f64 {
    let valid = |r: &f64| r.is_finite() && r.abs() <= 1.0 + SAME;
    if count == 0 || count > MOST || correlation.len() < at(count, 0) || !correlation.iter().all(valid) || z.is_nan() {
        return f64::NAN;
    }
    let both = tails == Tails::Both;
    if both && z <= 0.0 {
        return 1.0;
    }
    // a variable that repeats another adds nothing to the largest, and would leave the others no room
    let (mut kept, mut k) = ([0; MOST], 0);
    for i in 0..count {
        let repeats = |&j: &usize| {
            let r = correlation[at(i, j)];
            r >= 1.0 - SAME || (both && r <= SAME - 1.0)
        };
        if !kept[..k].iter().any(repeats) {
            kept[k] = i;
            k += 1;
        }
    }
    let mut angles = [[0.0; MOST]; MOST];
    for (a, &i) in kept[..k].iter().enumerate() {
        for (b, &j) in kept[..a].iter().enumerate() {
            let angle = correlation[at(i, j)].clamp(-1.0, 1.0).asin();
            angles[a][b] = angle;
            angles[b][a] = angle;
        }
    }
    let tail = normal_upper_tail(z) * if both { 2.0 } else { 1.0 };
    let independent = -(k as f64 * (-tail).ln_1p()).exp_m1();
    let mut gain = 0.0;
    if k > 1 {
        for (from, to) in PANELS {
            let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
            for (node, weight) in RULE {
                for s in [middle - half * node, middle + half * node] {
                    let slope = slope(&angles, k, z, both, 1e-12 * independent, 1.0 - s * s * s);
                    gain += 3.0 * half * weight * s * s * slope;
                }
            }
        }
    }
    (independent - gain).clamp(0.0, 1.0)
}

/// d/dt of the probability that all of `k` variables are within the limits; terms that are less than `least` are left out.
fn slope(angles: &[[f64; MOST]; MOST], k: usize, z: f64, both: bool, least: f64, t: f64) -> f64 {
    let mut r = [[1.0; MOST]; MOST];
    for i in 0..k {
        for j in 0..i {
            r[i][j] = (t * angles[i][j]).sin();
            r[j][i] = r[i][j];
        }
    }
    let mut total = 0.0;
    for i in 0..k {
        for j in 0..i {
            // the pair at (z, z); where both tails count, also at (z, −z), and the mirror images of the two
            let factor = angles[i][j] / TAU * if both { 2.0 } else { 1.0 };
            for sign in if both { &[1.0, -1.0][..] } else { &[1.0] } {
                let near = exp(-z * z / (1.0 + sign * r[i][j]));
                if (factor * near).abs() > least {
                    total += factor * sign * near * others(&r, k, [i, j], z, *sign, both);
                }
            }
        }
    }
    total
}

/// P(the others within the limits | variable i at z, variable j at ±z).
fn others(r: &[[f64; MOST]; MOST], k: usize, pair: [usize; 2], z: f64, sign: f64, both: bool) -> f64 {
    let [i, j] = pair;
    let mut rest = (0..k).filter(|l| !pair.contains(l));
    let one_less = 1.0 - r[i][j] * r[i][j];
    let (mut which, mut low, mut high, mut sd, mut m) = ([0; 2], [0.0; 2], [0.0; 2], [0.0; 2], 0);
    for l in &mut rest {
        let (a, b) = (r[i][l], r[j][l]);
        let mean = z * (a + sign * b) / (1.0 + sign * r[i][j]);
        let variance = 1.0 - (a * a + b * b - 2.0 * a * b * r[i][j]) / one_less;
        sd[m] = variance.max(1e-300).sqrt();
        (which[m], low[m], high[m]) = (l, (-z - mean) / sd[m], (z - mean) / sd[m]);
        m += 1;
    }
    match m {
        0 => 1.0,
        1 if both => below(high[0]) - below(low[0]),
        1 => below(high[0]),
        _ => {
            let [l, m] = which;
            let through = r[i][l] * r[i][m] + r[j][l] * r[j][m] - r[i][j] * (r[i][l] * r[j][m] + r[j][l] * r[i][m]);
            let rho = ((r[l][m] - through / one_less) / (sd[0] * sd[1])).clamp(-1.0, 1.0);
            if both {
                let inside = both_below(high[0], high[1], rho) - both_below(low[0], high[1], rho);
                inside - both_below(high[0], low[1], rho) + both_below(low[0], low[1], rho)
            } else {
                both_below(high[0], high[1], rho)
            }
        }
    }
}

/// Φ(x).
fn below(x: f64) -> f64 {
    normal_upper_tail(-x)
}

/// P(X < h, Y < k) for standard normal variables with correlation ρ; absolute error 1e-12.
fn both_below(h: f64, k: f64, rho: f64) -> f64 {
    if h < -FAR || k < -FAR {
        return 0.0;
    }
    if h > FAR {
        return below(k);
    }
    if k > FAR {
        return below(h);
    }
    if h == 0.0 && k == 0.0 {
        return 0.25 + rho.asin() / TAU;
    }
    let rest = ((1.0 - rho) * (1.0 + rho)).sqrt().max(1e-150);
    let opposite = h * k < 0.0 || (h * k == 0.0 && h + k < 0.0);
    let shared = owen(h, (k - rho * h) / rest) + owen(k, (h - rho * k) / rest);
    (0.5 * (below(h) + below(k)) - shared - if opposite { 0.5 } else { 0.0 }).max(0.0)
}

/// Owen's T(h, a) with a = b/h: P(X > |h|, 0 < Y < |a| X) with the sign of a.
fn owen(h: f64, b: f64) -> f64 {
    let sign = if (h < 0.0) == (b < 0.0) { 1.0 } else { -1.0 };
    let (h, b) = (h.abs(), b.abs());
    if h == 0.0 {
        // atan(∞)/2π; where h has no sign, neither has a: that of b holds
        return if b == 0.0 { 0.0 } else { 0.25 * sign };
    }
    if b <= h {
        return sign * wedge(h, b / h);
    }
    let (over_h, over_b) = (normal_upper_tail(h), normal_upper_tail(b));
    // ½Φ(h) + ½Φ(b) − Φ(h)Φ(b), without cancellation
    sign * (0.5 * (over_h + over_b) - over_h * over_b - wedge(b, h / b))
}

/// T(h, a) for 0 ≤ a ≤ 1: the integrand is even, so half the nodes do on (−a, a).
fn wedge(h: f64, a: f64) -> f64 {
    let half_square = -0.5 * h * h;
    if half_square < -0.5 * FAR * FAR {
        return 0.0;
    }
    // terms side by side before their sum: additions would wait for one another
    let mut terms = [0.0; RULE.len()];
    for (term, (node, weight)) in terms.iter_mut().zip(RULE) {
        let x = a * node;
        let wide = 1.0 + x * x;
        *term = weight * exp(half_square * wide) / wide;
    }
    terms.iter().sum::<f64>() * a / TAU
}
