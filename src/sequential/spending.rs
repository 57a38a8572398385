//! Spending functions: how much of an error has been spent by a share of the information.

use crate::math::special::{normal_quantile, normal_tail};

/// How an error α is spent: f(t) rises from f(0) = 0 to f(1) = α.
#[derive(Clone, Debug, PartialEq)]
pub enum Spending {
    /// f(t) = 2 − 2Φ(z/√t), z the upper α/2 quantile: like O'Brien and Fleming's bounds (Lan and DeMets, Biometrika 1983;70:659).
    OBrienFleming,
    /// f(t) = α ln(1 + (e − 1) t): like Pocock's bounds (Lan and DeMets 1983).
    Pocock,
    /// f(t) = α (1 − e^(−γt))/(1 − e^(−γ)), αt for γ = 0 (Hwang, Shih and DeCani, Statistics in Medicine 1990;9:1439).
    HwangShihDeCani(f64),
    /// f(t) = α t^ρ, ρ > 0 (Kim and DeMets, Biometrika 1987;74:149).
    KimDeMets(f64),
    /// Shares of α spent by each look, written by the user; the last is 1.
    Table(Vec<f64>),
}

impl Spending {
    /// f(t) at look `k`, of a one-sided error α.
    #[must_use]
    pub fn spent(&self, k: usize, t: f64, alpha: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        if t == 0.0 {
            return 0.0;
        }
        match self {
            Spending::OBrienFleming => 2.0 * normal_tail(-normal_quantile(0.5 * alpha) / t.sqrt()),
            Spending::Pocock => alpha * (t * (std::f64::consts::E - 1.0)).ln_1p(),
            Spending::HwangShihDeCani(gamma) if gamma.abs() < 1e-10 => alpha * t,
            Spending::HwangShihDeCani(gamma) => alpha * (-gamma * t).exp_m1() / (-gamma).exp_m1(),
            Spending::KimDeMets(rho) => alpha * t.powf(*rho),
            Spending::Table(shares) => alpha * shares.get(k).copied().unwrap_or(1.0),
        }
    }
}
