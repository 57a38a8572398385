//! X ~ Gamma(k, θ): density ∝ xᵏ⁻¹e^(−x/θ), shape k, scale θ.

use rand_distr::Distribution as _;

use super::quote::{checked, expression, one_way};
use super::seeded::{Seeded, samples};
use super::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::Expr;
use crate::math::special::gamma_tail;
use crate::scenario::form::{Complaint, Form, Values};

/// As written.
pub const FORM: Form = Form {
    name: "gamma",
    summary: "A positive, right-skewed quantity, by its shape and its rate, scale or mean; it cannot be correlated.",
    keys: &[
        expression("shape", true, "Shape k > 0."),
        expression("rate", false, "Rate 1/θ > 0; the mean is shape / rate."),
        expression("scale", false, "Scale θ > 0; the mean is shape × scale."),
        expression("mean", false, "Mean."),
    ],
    example: "{ shape = 2, mean = 9 }",
};

/// Drawn by rejection.
///
/// Source: Marsaglia, Tsang (2000), ACM TOMS 26:363–372, as implemented in `rand_distr`.
#[derive(Clone, Debug)]
pub struct Gamma {
    shape: Expr,
    scale: Expr,
}

/// Reads it.
///
/// # Errors
/// Not exactly one way of quoting it, or a number outside its domain.
pub fn build(values: &Values) -> Result<Box<dyn Distribution>, Complaint> {
    let way = one_way(values, &[&["rate"], &["scale"], &["mean"]])?;
    let shape = checked(values, "shape", Domain::Positive)?;
    let scale = match way {
        0 => 1.0 / checked(values, "rate", Domain::Positive)?,
        1 => checked(values, "scale", Domain::Positive)?,
        _ => checked(values, "mean", Domain::Positive)? / shape.clone(),
    };
    Ok(Box::new(Gamma { shape, scale }))
}

impl Distribution for Gamma {
    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter { name: "shape", value: self.shape.clone(), domain: Domain::Positive },
            Parameter { name: "scale", value: self.scale.clone(), domain: Domain::Positive },
        ]
    }

    fn draw(&self) -> Draw {
        Draw::Seeded
    }

    fn sample(&self, seed: u64, p: &[f64]) -> f64 {
        rand_distr::Gamma::new(p[0], p[1]).map_or(f64::NAN, |law| law.sample(&mut Seeded(seed)))
    }

    fn samples(&self, words: &[u64], p: &[Arg<'_>], first: usize, out: &mut [f64]) {
        samples(words, p, first, out, |a, b| rand_distr::Gamma::new(a, b).ok());
    }

    fn survival(&self, x: f64, p: &[f64]) -> f64 {
        gamma_tail(p[0], x / p[1])
    }
}
