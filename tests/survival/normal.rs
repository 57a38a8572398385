//! The largest of correlated normal variables, against closed forms and integration.

use patency::math::multivariate_normal::{Tails, largest_exceeds};
use patency::math::tail::normal_upper_tail;

use crate::analysis_survival::near;

/// The packed triangle of a matrix with one correlation for all pairs.
fn equal(count: usize, rho: f64) -> Vec<f64> {
    (0..count).flat_map(|i| (0..=i).map(move |j| if i == j { 1.0 } else { rho })).collect()
}

/// ∫ f(x) φ(x) dx by the trapezoidal rule, exact to rounding for smooth f.
fn expectation(f: impl Fn(f64) -> f64) -> f64 {
    let h = 0.01;
    (-4000..=4000)
        .map(|i| h * f64::from(i))
        .map(|x| h * f(x) * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt())
        .sum()
}

/// With one correlation ρ, Z = √ρ X + √(1 − ρ) Y: 1 − E Φ((z − √ρ X)/√(1 − ρ))^k, written without cancellation.
fn one_factor(count: usize, rho: f64, z: f64, tails: Tails) -> f64 {
    expectation(|x| {
        let tail = |z: f64, x: f64| normal_upper_tail((z - rho.sqrt() * x) / (1.0 - rho).sqrt());
        let outside = tail(z, x) + if tails == Tails::Both { tail(z, -x) } else { 0.0 };
        -(count as f64 * (-outside).ln_1p()).exp_m1()
    })
}

#[test]
fn by_hand_orthant_probabilities() {
    // P(both below 0) = ¼ + asin ρ/2π; of three: ⅛ + Σ asin ρ/4π
    for rho in [-0.9_f64, -0.3, 0.0, 0.4, 0.99] {
        near(largest_exceeds(&equal(2, rho), 2, 0.0, Tails::Upper), 0.75 - rho.asin() / std::f64::consts::TAU, 1e-14);
    }
    let three = [1.0, 0.5, 1.0, -0.2, 0.3, 1.0];
    let sum = 0.5_f64.asin() + (-0.2_f64).asin() + 0.3_f64.asin();
    near(largest_exceeds(&three, 3, 0.0, Tails::Upper), 0.875 - sum / (4.0 * std::f64::consts::PI), 1e-12);
}

#[test]
fn by_hand_one_factor() {
    for count in 1..=4 {
        for rho in [0.0, 0.1, 0.5, 0.8, 0.95] {
            for z in [-2.0, -0.4, 0.0, 0.3, 1.0, 1.96, 2.5, 4.0, 8.0, 15.0] {
                for tails in [Tails::Upper, Tails::Both] {
                    let found = largest_exceeds(&equal(count, rho), count, z, tails);
                    let expected =
                        if tails == Tails::Both && z <= 0.0 { 1.0 } else { one_factor(count, rho, z, tails) };
                    near(found, expected, if z > 1.5 { 1e-9 } else { 1e-8 });
                }
            }
        }
    }
}

/// Z₃ = (Z₁ + Z₂)/√(2 + 2ρ), and Z₄ another sum: nothing is left of the matrix's rank but two.
#[test]
fn by_hand_singular() {
    for rho in [0.2_f64, 0.6, 0.9] {
        let (a, b) = (0.3_f64, 0.9_f64);
        let norm = (a * a + b * b + 2.0 * a * b * rho).sqrt();
        let with_sum = ((1.0 + rho) / 2.0).sqrt();
        let four = [(a + b * rho) / norm, (b + a * rho) / norm, (a + b) * with_sum / norm];
        let matrix = [1.0, rho, 1.0, with_sum, with_sum, 1.0, four[0], four[1], four[2], 1.0];
        for z in [0.5, 1.0, 1.96, 3.0] {
            // Z₁ = x; the others ask for bounds on Y in Z₂ = ρx + √(1 − ρ²) Y
            let rest = (1.0 - rho * rho).sqrt();
            let limit = |x: f64, z: f64, share: f64, of: f64| (z - share * x) / of;
            let bounds = |x: f64, z: f64| {
                let root = (2.0 + 2.0 * rho).sqrt();
                let second = limit(x, z, rho, rest);
                let third = limit(x, z, (1.0 + rho) / root, rest / root);
                let fourth = limit(x, z, (a + b * rho) / norm, b * rest / norm);
                second.min(third).min(fourth)
            };
            let inside = integrate(-10.0, z, |x| 1.0 - normal_upper_tail(bounds(x, z)));
            near(largest_exceeds(&matrix, 4, z, Tails::Upper), 1.0 - inside, 2e-7);
            let lower = |x: f64| {
                let mirrored = bounds(-x, z);
                (1.0 - normal_upper_tail(bounds(x, z)) - normal_upper_tail(mirrored)).max(0.0)
            };
            let inside = integrate(-z, z, lower);
            near(largest_exceeds(&matrix, 4, z, Tails::Both), 1.0 - inside, 2e-7);
        }
    }
    // one variable four times
    near(largest_exceeds(&equal(4, 1.0), 4, 1.5, Tails::Upper), normal_upper_tail(1.5), 1e-14);
    near(largest_exceeds(&equal(4, 1.0), 4, 1.5, Tails::Both), 2.0 * normal_upper_tail(1.5), 1e-14);
    near(largest_exceeds(&equal(2, -1.0), 2, 1.5, Tails::Upper), 2.0 * normal_upper_tail(1.5), 1e-8);
}

/// Midpoints, dense enough for the corners of the bounds.
fn integrate(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    let steps = 40_000;
    let h = (to - from) / f64::from(steps);
    (0..steps)
        .map(|i| from + h * (f64::from(i) + 0.5))
        .map(|x| h * f(x) * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt())
        .sum()
}

#[test]
fn contract_far_tails_and_what_is_no_correlation() {
    let matrix = equal(4, 0.7);
    for z in [20.0, 30.0, 36.0] {
        let p = largest_exceeds(&matrix, 4, z, Tails::Upper);
        let q = normal_upper_tail(z);
        assert!(p > 3.99 * q && p <= 4.0 * q * (1.0 + 1e-12), "{z}: {p:e} {q:e}");
        near(largest_exceeds(&matrix, 4, z, Tails::Both), 2.0 * p, 1e-9);
    }
    assert_eq!(largest_exceeds(&matrix, 4, f64::NEG_INFINITY, Tails::Upper), 1.0);
    assert_eq!(largest_exceeds(&matrix, 4, f64::INFINITY, Tails::Upper), 0.0);
    for (matrix, count) in
        [(vec![1.0, f64::NAN, 1.0], 2), (vec![1.0, 1.5, 1.0], 2), (vec![1.0], 2), (vec![], 0), (equal(5, 0.1), 5)]
    {
        assert!(largest_exceeds(&matrix, count, 1.0, Tails::Upper).is_nan());
    }
    assert!(largest_exceeds(&matrix, 4, f64::NAN, Tails::Upper).is_nan());
}
