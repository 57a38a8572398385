//! Futility on other scales: the z at a look at which the p-value, the conditional power or the predictive power is as wanted.
//!
//! In all of these t is the share of the information at the look, `last` the bound for rejection at full information, and looks between
//! the two are left out: given Z(t) = z and a drift θ, B(1) is normal about z√t + θ(1 − t) with variance 1 − t.
//!
//! Source: Jennison C, Turnbull BW. Group Sequential Methods with Applications to Clinical Trials. Chapman and Hall/CRC 2000, ch. 10;
//! Lachin JM. A review of methods for futility stopping based on conditional power. Statistics in Medicine 2005;24:2747–2764.

use crate::math::special::normal_quantile;

/// z with the one-sided p-value `p`: Φ⁻¹(1 − p).
#[must_use]
pub fn of_p(p: f64) -> f64 {
    -normal_quantile(p)
}

/// z at which the conditional power under the current trend, θ = z/√t, is `power`: √t (u + √(1 − t) Φ⁻¹(power)).
///
/// Source: Lan KKG, Wittes J. The B-value: a tool for monitoring data. Biometrics 1988;44:579–585.
#[must_use]
pub fn of_conditional_power(power: f64, t: f64, last: f64) -> f64 {
    t.sqrt() * (last + (1.0 - t).sqrt() * normal_quantile(power))
}

/// z at which the conditional power under the drift θ is `power`: (u + √(1 − t) Φ⁻¹(power) − θ(1 − t))/√t.
///
/// Source: Lan KKG, Simon R, Halperin M. Stochastically curtailed tests in long-term clinical trials. Sequential Analysis
/// 1982;1:207–219.
#[must_use]
pub fn of_conditional_power_at(power: f64, t: f64, last: f64, theta: f64) -> f64 {
    (last + (1.0 - t).sqrt() * normal_quantile(power) - theta * (1.0 - t)) / t.sqrt()
}

/// z at which the predictive power is `power`, all drifts alike before the trial: u√t + √(1 − t) Φ⁻¹(power).
///
/// Source: Spiegelhalter DJ, Freedman LS, Blackburn PR. Monitoring clinical trials: conditional or predictive power? Controlled
/// Clinical Trials 1986;7:8–17.
#[must_use]
pub fn of_predictive_power(power: f64, t: f64, last: f64) -> f64 {
    last * t.sqrt() + (1.0 - t).sqrt() * normal_quantile(power)
}
