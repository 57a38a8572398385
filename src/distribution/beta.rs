//! X ~ Beta(α, β): density ∝ xᵅ⁻¹(1 − x)ᵝ⁻¹ on \[0, 1\].

use rand_distr::Distribution as _;

use super::quote::{checked, expression, one_way};
use super::seeded::{Seeded, samples};
use super::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::math::special::beta_tail;
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "beta",
    summary: "A share between 0 and 1, by its two shapes or by its mean and precision; it cannot be correlated.",
    keys: &[
        expression("alpha", false, "Shape α > 0; the mean is α / (α + β)."),
        expression("beta", false, "Shape β > 0."),
        expression("mean", false, "Mean, between 0 and 1."),
        expression("precision", false, "α + β > 0; the variance is mean × (1 − mean) / (1 + precision)."),
    ],
    example: "{ mean = 0.3, precision = 10 }",
};

/// Drawn by rejection.
///
/// Source: Cheng (1978), Communications of the ACM 21:317–322, algorithms BB and BC, as implemented in `rand_distr`.
#[derive(Clone, Debug)]
pub struct Beta {
    alpha: Expr,
    beta: Expr,
}

/// Reads it. From mean m and precision φ: α = mφ, β = (1 − m)φ.
///
/// # Errors
/// Not exactly one way of quoting it, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let (alpha, beta) = match one_way(values, &[&["alpha", "beta"], &["mean", "precision"]])? {
        0 => (checked(values, "alpha", Domain::Positive)?, checked(values, "beta", Domain::Positive)?),
        _ => {
            let mean = checked(values, "mean", Domain::OpenProbability)?;
            let precision = checked(values, "precision", Domain::Positive)?;
            (mean.clone() * precision.clone(), (1.0 - mean) * precision)
        }
    };
    Ok(Box::new(Beta { alpha, beta }))
}

impl Distribution for Beta {
    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter { name: "alpha", value: self.alpha.clone(), domain: Domain::Positive },
            Parameter { name: "beta", value: self.beta.clone(), domain: Domain::Positive },
        ]
    }

    fn draw(&self) -> Draw {
        Draw::Seeded
    }

    fn sample(&self, seed: u64, p: &[f64]) -> f64 {
        rand_distr::Beta::new(p[0], p[1]).map_or(f64::NAN, |law| law.sample(&mut Seeded(seed)))
    }

    fn samples(&self, words: &[u64], p: &[Arg<'_>], first: usize, out: &mut [f64]) {
        samples(words, p, first, out, |a, b| rand_distr::Beta::new(a, b).ok());
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        beta_tail(p[0], p[1], x)
    }
}
