//! Powers without approximation: tables enumerated, noncentral distributions integrated. Nothing here is taken from the library but
//! the normal distribution.

use patency::math::special::{normal_cdf, normal_quantile};

/// Binomial probabilities of 0 … n events.
pub(super) fn binomial(n: usize, p: f64) -> Vec<f64> {
    let mut logs = vec![0.0; n + 1];
    for k in 1..=n {
        logs[k] = logs[k - 1] + ((n - k + 1) as f64 / k as f64).ln();
    }
    logs.iter().enumerate().map(|(k, c)| (c + k as f64 * p.ln() + (n - k) as f64 * (1.0 - p).ln()).exp()).collect()
}

/// Power of a test of two proportions, experimental and control: the probability of the tables that it rejects.
pub(super) fn enumerate(n: [usize; 2], p: [f64; 2], rejects: impl Fn([f64; 2], [f64; 2]) -> bool) -> f64 {
    let sizes = n.map(|n| n as f64);
    let (first, second) = (binomial(n[0], p[0]), binomial(n[1], p[1]));
    let mut power = 0.0;
    for (x, a) in first.iter().enumerate() {
        for (y, b) in second.iter().enumerate() {
            if a * b > 1e-18 && rejects([x as f64, y as f64], sizes) {
                power += a * b;
            }
        }
    }
    power
}

/// (p₁ − p₀ − margin)/√(Σ p(1 − p)/n), NaN where nothing varies.
pub(super) fn wald(x: [f64; 2], n: [f64; 2], margin: f64) -> f64 {
    let p = [x[0] / n[0], x[1] / n[1]];
    (p[0] - p[1] - margin) / (p[0] * (1.0 - p[0]) / n[0] + p[1] * (1.0 - p[1]) / n[1]).sqrt()
}

/// The statistic with the error pooled over the arms.
pub(super) fn pooled(x: [f64; 2], n: [f64; 2], correction: f64) -> f64 {
    let p = (x[0] + x[1]) / (n[0] + n[1]);
    let d = x[0] / n[0] - x[1] / n[1];
    let sizes = 1.0 / n[0] + 1.0 / n[1];
    (d.abs() - correction * 0.5 * sizes).max(0.0).copysign(d) / (p * (1.0 - p) * sizes).sqrt()
}

/// ln of the odds ratio over its error.
pub(super) fn log_odds_ratio(x: [f64; 2], n: [f64; 2]) -> f64 {
    let cells = [x[0], n[0] - x[0], x[1], n[1] - x[1]];
    (cells[0] * cells[3] / (cells[1] * cells[2])).ln() / cells.iter().map(|c| 1.0 / c).sum::<f64>().sqrt()
}

/// (ln of the risk ratio − ln of the margin) over its error.
pub(super) fn log_risk_ratio(x: [f64; 2], n: [f64; 2], margin: f64) -> f64 {
    let error = (1.0 / x[0] - 1.0 / n[0] + 1.0 / x[1] - 1.0 / n[1]).sqrt();
    ((x[0] / n[0]) / (x[1] / n[1]) / margin).ln() / error
}

/// Upper tail of the hypergeometric distribution: P(X ≥ x) given the margins (Fisher's exact test).
pub(super) fn hypergeometric_tail(x: [f64; 2], n: [f64; 2]) -> f64 {
    let total = x[0] + x[1];
    let log_choose = |n: f64, k: f64| (1..=k as usize).map(|i| ((n - k + i as f64) / i as f64).ln()).sum::<f64>();
    let all = log_choose(n[0] + n[1], total);
    let (first, last) = (x[0] as usize, total.min(n[0]) as usize);
    (first..=last)
        .map(|k| k as f64)
        .filter(|k| total - k <= n[1])
        .map(|k| (log_choose(n[0], k) + log_choose(n[1], total - k) - all).exp())
        .sum()
}

/// The critical value of a one-sided test.
pub(super) fn z(tail: f64) -> f64 {
    -normal_quantile(tail)
}

/// The mean of f(√(χ²/ν)) over the χ² distribution on ν degrees of freedom, by Simpson's rule on the scale of √(χ²/ν).
pub(super) fn over_chi(df: f64, f: impl Fn(f64) -> f64) -> f64 {
    // density of s: 2 (ν/2)^(ν/2) / Γ(ν/2) s^(ν−1) e^(−νs²/2), up to its constant
    let log_density = |s: f64| (df - 1.0) * s.ln() - 0.5 * df * s * s;
    let spread = 12.0 / (2.0 * df).sqrt();
    let (low, high) = ((1.0 - spread).max(1e-9), 1.0 + spread);
    const STEPS: usize = 2_000;
    let peak = log_density((1.0 - 1.0 / df).max(0.0).sqrt().max(low));
    let (mut total, mut weight) = (0.0, 0.0);
    for i in 0..=STEPS {
        let s = low + (high - low) * i as f64 / STEPS as f64;
        let simpson = if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
        let w = simpson * (log_density(s) - peak).exp();
        total += w * f(s);
        weight += w;
    }
    total / weight
}

/// P(T ≤ t) of Student's t.
fn t_cdf(t: f64, df: f64) -> f64 {
    over_chi(df, |s| normal_cdf(t * s))
}

/// t with P(T > t) = tail.
pub(super) fn t_quantile(tail: f64, df: f64) -> f64 {
    let (mut low, mut high) = (0.0, 50.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        (low, high) = if 1.0 - t_cdf(middle, df) > tail { (middle, high) } else { (low, middle) };
    }
    0.5 * (low + high)
}

/// Power of a one-sided t test: P(T > t) where T has noncentrality `shift`.
pub(super) fn t_power(shift: f64, df: f64, tail: f64) -> f64 {
    let c = t_quantile(tail, df);
    over_chi(df, |s| normal_cdf(shift - c * s))
}

/// Power of two one-sided t tests: difference 0, limits ± `limit` in standard errors.
pub(super) fn equivalence_t(limit: f64, df: f64, tail: f64) -> f64 {
    let c = t_quantile(tail, df);
    over_chi(df, |s| (2.0 * normal_cdf(limit - c * s) - 1.0).max(0.0))
}

/// Power of the coefficient of the arm beside one normal covariate: the noncentrality depends on how far the covariate's means lie
/// apart, which has Student's t distribution on n − 2 degrees of freedom.
pub(super) fn ancova_power(shift: f64, n: f64, tail: f64) -> f64 {
    let df = n - 3.0;
    let c = t_quantile(tail, df);
    const STEPS: usize = 200;
    let (mut total, mut weight) = (0.0, 0.0);
    for i in 0..=STEPS {
        let d = -8.0 + 16.0 * i as f64 / STEPS as f64;
        let density = (-0.5 * (n - 1.0) * (d * d / (n - 2.0)).ln_1p()).exp();
        let own = shift / (1.0 + d * d / (n - 2.0)).sqrt();
        total += density * over_chi(df, |s| normal_cdf(own - c * s));
        weight += density;
    }
    total / weight
}
