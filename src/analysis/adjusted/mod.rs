//! Marginal effects adjusted for baseline covariates: working models that need not be right in a randomised trial.

pub mod anhecova;
pub mod modified_poisson;
pub mod standardisation;

use crate::math::linalg::sum;

/// Variances of the adjusted means of the control and of the experimental arm, and their covariance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covariance {
    pub(super) own: [f64; 2],
    pub(super) cross: f64,
}

impl Covariance {
    /// Variance of d₁μ₁ − d₀μ₀.
    pub(super) fn of_difference(&self, slope: [f64; 2]) -> f64 {
        let [d0, d1] = slope;
        d1 * d1 * self.own[1] + d0 * d0 * self.own[0] - 2.0 * d0 * d1 * self.cross
    }
}

/// Covariance of x and y over the rows of an arm, or over all.
fn covariance(arm: &[u8], of: Option<u8>, x: impl Fn(usize) -> f64, y: impl Fn(usize) -> f64) -> f64 {
    let rows = || (0..arm.len()).filter(|&row| of.is_none_or(|a| arm[row] == a));
    let n = rows().count() as f64;
    let (mx, my) = (rows().map(&x).sum::<f64>() / n, rows().map(&y).sum::<f64>() / n);
    rows().map(|row| (x(row) - mx) * (y(row) - my)).sum::<f64>() / (n - 1.0)
}

/// The variance of adjusted means in a randomised trial whatever the working model: with predictions mₐ(X) for both arms,
/// nV₍ₐₐ₎ = (Varₐ(Y) − 2Qₐₐ + Σₐₐ)/πₐ + 2Qₐₐ − Σₐₐ and nV₁₀ = Q₁₀ + Q₀₁ − Σ₁₀; Qₐᵦ = Covₐ(Y, mᵦ) within arm a, Σₐᵦ = Cov(mₐ, mᵦ) over
/// all, πₐ the share of the arm, denominators n − 1.
///
/// Source: Ye, Bannick, Yi, Shao (2023), Statistical Theory and Related Fields 7:159; Bannick, Shao, Liu, Du, Yi, Ye (2025), Biometrika,
/// as type 1 of RobinCar.
pub(super) fn randomised(arm: &[u8], y: impl Fn(usize) -> f64, predicted: [&[f64]; 2]) -> Covariance {
    let n = arm.len() as f64;
    let mut out = Covariance { own: [0.0; 2], cross: 0.0 };
    for a in 0..2_u8 {
        let m = |row: usize| predicted[usize::from(a)][row];
        let other = |row: usize| predicted[usize::from(1 - a)][row];
        let share = arm.iter().filter(|b| **b == a).count() as f64 / n;
        let with_own = covariance(arm, Some(a), &y, m);
        let spread = covariance(arm, None, m, m);
        let of_y = covariance(arm, Some(a), &y, &y);
        out.own[usize::from(a)] = ((of_y - 2.0 * with_own + spread) / share + 2.0 * with_own - spread) / n;
        out.cross += covariance(arm, Some(a), &y, other) / n;
    }
    out.cross -= covariance(arm, None, |row| predicted[0][row], |row| predicted[1][row]) / n;
    out
}

fn mean(x: &[f64]) -> f64 {
    sum(x) / x.len() as f64
}

/// Patients of the control and of the experimental arm.
fn sizes(arm: &[u8]) -> [usize; 2] {
    let treated = arm.iter().filter(|a| **a != 0).count();
    [arm.len() - treated, treated]
}
