//! From an estimate and its standard error to an [`Estimate`]: interval, oriented statistic, one-sided p-value.

use std::cell::Cell;

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::beta::beta_reg;
use statrs::function::gamma::ln_gamma;

use crate::analysis::{Estimate, Rule, Scratch, Status};
use crate::math::tail::normal_upper_tail;

/// The Wald test and interval: z = ±(estimate − null) / se, oriented by the rule; limits estimate ∓ z₁₋ₜₐᵢₗ · se.
///
/// A standard error of 0 is no variation; an estimate or error that is not finite is a singular fit.
#[must_use]
pub fn wald(estimate: f64, se: f64, rule: &Rule, n: usize, events: usize) -> Estimate {
    let half = critical_value(rule.tail()) * se;
    let z = oriented(estimate, se, rule);
    assemble(estimate, se, [estimate - half, estimate + half], z, normal_upper_tail(z)).counted(n, events)
}

/// As [`wald`] with Student's t on `df` degrees of freedom in place of the normal distribution; z is the t statistic.
#[must_use]
pub fn student(estimate: f64, se: f64, df: f64, rule: &Rule, scratch: &mut Scratch) -> Estimate {
    let tail = rule.tail();
    if scratch.t_quantile.0 != df || scratch.t_quantile.1 != tail {
        scratch.t_quantile = (df, tail, t_critical_value(tail, df));
    }
    let half = scratch.t_quantile.2 * se;
    let t = oriented(estimate, se, rule);
    let limits = [estimate - half, estimate + half];
    Estimate { df, ..assemble(estimate, se, limits, t, t_upper_tail(t, df)) }
}

/// P(Z > z) for a standard normal Z, or P(T > z) for Student's t where the degrees of freedom are finite.
#[must_use]
pub fn upper_tail(z: f64, df: f64) -> f64 {
    if df.is_finite() { t_upper_tail(z, df) } else { normal_upper_tail(z) }
}

/// A test without an estimate: z = ±score / √variance, oriented by the rule; estimate, standard error and limits stay NaN. A variance
/// of 0 is no variation.
#[must_use]
pub fn score_test(score: f64, variance: f64, rule: &Rule, n: usize, events: usize) -> Estimate {
    let z = rule.better.sign() * score / variance.sqrt();
    if !(variance > 0.0 && z.is_finite()) {
        return Estimate::failed(Status::NoVariation, n).counted(n, events);
    }
    Estimate { z, p: normal_upper_tail(z), status: Status::Estimated, ..Estimate::failed(Status::NoVariation, n) }
        .counted(n, events)
}

/// (estimate − null) / se, positive in favour of the experimental arm.
#[must_use]
#[inline]
pub fn oriented(estimate: f64, se: f64, rule: &Rule) -> f64 {
    rule.better.sign() * (estimate - rule.null) / se
}

/// An estimate whose statistic need not rest on its own standard error. Anything that is not finite becomes a failure.
#[must_use]
#[inline]
pub fn assemble(estimate: f64, se: f64, limits: [f64; 2], z: f64, p: f64) -> Estimate {
    if !(estimate.is_finite() && se.is_finite()) {
        return Estimate::failed(Status::Singular, 0);
    }
    if !(z.is_finite() && p.is_finite() && limits[0].is_finite() && limits[1].is_finite()) {
        return Estimate::failed(Status::NoVariation, 0);
    }
    Estimate {
        estimate,
        se,
        lower: limits[0],
        upper: limits[1],
        z,
        p,
        df: f64::INFINITY,
        others: None,
        n: 0,
        events: 0,
        parts: [0.0; 8],
        status: Status::Estimated,
    }
}

impl Estimate {
    /// The same with the numbers of patients and of events on which it rests.
    #[must_use]
    #[inline]
    pub fn counted(self, n: usize, events: usize) -> Self {
        Self { n: n as u32, events: events as u32, ..self }
    }
}

thread_local! {
    // The analyses of a plan nearly always share one level, and a quantile costs as much as a small trial.
    static LAST: Cell<(f64, f64)> = const { Cell::new((0.025, 1.959963984540054)) };
}

/// z with P(Z > z) = tail for a standard normal Z.
#[must_use]
pub fn critical_value(tail: f64) -> f64 {
    LAST.with(|last| {
        if last.get().0 != tail {
            let z = -Normal::standard().inverse_cdf_or_nan(tail);
            let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            // one Newton step: the quantile at hand has 15 digits
            last.set((tail, z + (normal_upper_tail(z) - tail) / density));
        }
        last.get().1
    })
}

/// A quantile that is NaN, not a panic, for what is no probability.
trait Quantile {
    fn inverse_cdf_or_nan(&self, p: f64) -> f64;
}

impl<T: ContinuousCDF<f64, f64>> Quantile for T {
    fn inverse_cdf_or_nan(&self, p: f64) -> f64 {
        if p > 0.0 && p < 1.0 { self.inverse_cdf(p) } else { f64::NAN }
    }
}

/// P(T > t) for Student's t with `df` degrees of freedom.
#[must_use]
pub fn t_upper_tail(t: f64, df: f64) -> f64 {
    if !(t.is_finite() && df > 0.0) {
        return f64::NAN;
    }
    let square = t * t;
    let half = if square < 1.0 {
        // the complement: ν / (ν + t²) would round t away
        0.5 - 0.5 * beta_reg(0.5, 0.5 * df, square / (df + square))
    } else {
        0.5 * beta_reg(0.5 * df, 0.5, df / (df + square))
    };
    if t > 0.0 { half } else { 1.0 - half }
}

/// t with P(T > t) = tail for Student's t with `df` degrees of freedom.
///
/// `Numerics`: Newton steps on the tail from the expansion in 1/ν of Abramowitz and Stegun (1964), 26.7.5.
#[must_use]
pub fn t_critical_value(tail: f64, df: f64) -> f64 {
    if df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    let mut t = if df < 5.0 {
        match StudentsT::new(0.0, 1.0, df) {
            Ok(distribution) => -distribution.inverse_cdf_or_nan(tail),
            Err(_) => return f64::NAN,
        }
    } else {
        let z = critical_value(tail);
        let s = z * z;
        let g1 = (s + 1.0) / 4.0;
        let g2 = ((5.0 * s + 16.0) * s + 3.0) / 96.0;
        let g3 = (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
        z * (1.0 + (g1 + (g2 + g3 / df) / df) / df)
    };
    // the expansion is exact to 1e-13 there, ln Γ is not
    if df > 1e4 {
        return t;
    }
    let log_constant = ln_gamma(0.5 * (df + 1.0)) - ln_gamma(0.5 * df) - 0.5 * (df * std::f64::consts::PI).ln();
    for _ in 0..8 {
        let log_density = log_constant - 0.5 * (df + 1.0) * (t * t / df).ln_1p();
        let step = (t_upper_tail(t, df) - tail) / log_density.exp();
        if !step.is_finite() {
            break;
        }
        t += step;
        if step.abs() <= 1e-13 * t.abs() {
            break;
        }
    }
    t
}
